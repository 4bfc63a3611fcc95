/*
 * memtable.c - rows by key with their versions, and which index entries a put changes. The ordered
 * lists of entries live in memtable_overlay.c; when a version is visible, transactions decide.
 *
 * The hash of rows grows without stopping readers: every row has two links, generations of the
 * bucket array use them in turn, and a reader that found nothing looks again when the array changed
 * under it. Rows and nodes are never removed.
 */
#include "store/memtable.h"

#include "os/os.h"
#include "store/memtable_overlay.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { FIRST_BUCKETS = 64, TABLE_SLOTS = 128 };

struct row;

struct put {
    sgc_version version; /* first: readers get a pointer to it */
    struct row *row;
    struct put *previous; /* the put before this one, of any row */
    struct sgc_overlay_change *changes;
};

struct row {
    _Atomic(struct row *) next[2];
    _Atomic(const sgc_version *) newest;
    struct row *following; /* in the order of first puts */
    struct row *below;     /* the same, of this table, newest first */
    uint64_t hash;
    sgc_str before;
    uint16_t table, key_size;
    char key[];
};

struct buckets {
    uint64_t generation, mask;
    _Atomic(struct row *) slots[];
};

struct table_overlays {
    struct table_overlays *next;
    _Atomic(struct row *) newest_row;
    _Atomic size_t row_count;
    uint16_t table;
    struct sgc_overlay indexes[];
};

/* Hashes of what was put into unique indexes or taken out; open addressing, 0 is free. Readers look
 * while the writer adds. */
struct touched {
    size_t mask;
    _Atomic uint32_t hashes[];
};

struct sgc_memtable {
    sgc_memtable_head head;
    const sgc_schema *schema;
    sgc_arena arena;
    _Atomic size_t bytes;
    _Atomic(struct buckets *) buckets;
    _Atomic(struct table_overlays *) tables[TABLE_SLOTS];
    uint64_t row_count;
    struct row *first, *last;
    _Atomic(struct put *) newest_put;
    bool is_private;
    sgc_mutex settle_lock; /* one reader brings an overlay in order, the others wait */
    _Atomic(struct touched *) touched;
    size_t touched_count;
};

static struct buckets *new_buckets(sgc_arena *arena, uint64_t generation, uint64_t count)
{
    struct buckets *buckets =
        sgc_arena_zero(arena, 1, sizeof(struct buckets) + count * sizeof(_Atomic(struct row *)));

    if (!buckets) return NULL;
    buckets->generation = generation;
    buckets->mask = count - 1;
    return buckets;
}

sgc_status sgc_memtable_create(const sgc_schema *schema, sgc_memtable **memtable)
{
    sgc_memtable *made = sgc_alloc_zero(1, sizeof *made);

    *memtable = NULL;
    if (!made) return SGC_NO_MEMORY;
    made->schema = schema;
    sgc_mutex_init(&made->settle_lock);
    struct buckets *buckets = new_buckets(&made->arena, 0, FIRST_BUCKETS);
    if (!buckets) {
        sgc_memtable_destroy(made);
        return SGC_NO_MEMORY;
    }
    atomic_store_explicit(&made->buckets, buckets, memory_order_release);
    atomic_store_explicit(&made->bytes, made->arena.total, memory_order_relaxed);
    *memtable = made;
    return SGC_OK;
}

sgc_status sgc_memtable_create_private(const sgc_schema *schema, sgc_memtable **memtable)
{
    sgc_status status = sgc_memtable_create(schema, memtable);

    if (status == SGC_OK) (*memtable)->is_private = true;
    return status;
}

void sgc_memtable_destroy(sgc_memtable *memtable)
{
    if (!memtable) return;
    sgc_mutex_destroy(&memtable->settle_lock);
    sgc_arena_free(&memtable->arena);
    sgc_free(memtable);
}

size_t sgc_memtable_bytes(const sgc_memtable *memtable)
{
    return atomic_load_explicit(&memtable->bytes, memory_order_relaxed);
}

bool sgc_memtable_is_empty(const sgc_memtable *memtable)
{
    return atomic_load_explicit(&memtable->newest_put, memory_order_relaxed) == NULL;
}

/* ---- rows by key ---- */

uint64_t sgc_memtable_hash(uint16_t table, sgc_str key)
{
    return sgc_hash(key.data, key.size, (uint64_t)table + 1);
}

static bool is_row(const struct row *row, uint64_t hash, uint16_t table, sgc_str key)
{
    return row->hash == hash && row->table == table && row->key_size == key.size &&
           memcmp(row->key, key.data, key.size) == 0;
}

static struct row *find_row(const sgc_memtable *memtable, uint64_t hash, uint16_t table,
                            sgc_str key)
{
    struct buckets *buckets = atomic_load_explicit(&memtable->buckets, memory_order_acquire);

    for (;;) {
        size_t link = buckets->generation & 1;
        struct row *row =
            atomic_load_explicit(&buckets->slots[hash & buckets->mask], memory_order_acquire);
        while (row && !is_row(row, hash, table, key)) {
            row = atomic_load_explicit(&row->next[link], memory_order_acquire);
        }
        if (row) return row;
        struct buckets *now = atomic_load_explicit(&memtable->buckets, memory_order_acquire);
        if (now == buckets) return NULL;
        buckets = now;
    }
}

static void add_to_bucket(struct buckets *buckets, struct row *row)
{
    _Atomic(struct row *) *slot = &buckets->slots[row->hash & buckets->mask];
    struct row *head = atomic_load_explicit(slot, memory_order_relaxed);

    atomic_store_explicit(&row->next[buckets->generation & 1], head, memory_order_release);
    atomic_store_explicit(slot, row, memory_order_release);
}

static bool grow_buckets(sgc_memtable *memtable)
{
    struct buckets *old = atomic_load_explicit(&memtable->buckets, memory_order_relaxed);

    if (memtable->row_count <= old->mask) return true;
    struct buckets *more = new_buckets(&memtable->arena, old->generation + 1, (old->mask + 1) * 4);
    if (!more) return false;
    for (struct row *row = memtable->first; row; row = row->following)
        add_to_bucket(more, row);
    atomic_store_explicit(&memtable->buckets, more, memory_order_release);
    return true;
}

static struct row *add_row(sgc_memtable *memtable, uint64_t hash, uint16_t table, sgc_str key,
                           sgc_str before)
{
    if (!grow_buckets(memtable)) return NULL;
    struct row *row = sgc_arena_alloc(&memtable->arena, sizeof *row + key.size);
    if (!row) return NULL;
    memset(row, 0, sizeof *row);
    row->hash = hash;
    row->table = table;
    row->before = before;
    row->key_size = (uint16_t)key.size;
    if (key.size) memcpy(row->key, key.data, key.size);
    if (memtable->last) {
        memtable->last->following = row;
    } else {
        memtable->first = row;
    }
    memtable->last = row;
    memtable->row_count++;
    add_to_bucket(atomic_load_explicit(&memtable->buckets, memory_order_relaxed), row);
    return row;
}

const sgc_version *sgc_memtable_find(const sgc_memtable *memtable, uint64_t hash, uint16_t table,
                                     sgc_str key, uint64_t at)
{
    struct row *row = find_row(memtable, hash, table, key);

    if (!row) return NULL;
    const sgc_version *version = atomic_load_explicit(&row->newest, memory_order_acquire);
    while (version && version->sequence > at)
        version = version->older;
    return version;
}

const sgc_version *sgc_memtable_get(const sgc_memtable *memtable, uint16_t table, sgc_str key,
                                    uint64_t at)
{
    return sgc_memtable_find(memtable, sgc_memtable_hash(table, key), table, key, at);
}

/* ---- index overlays ---- */

static struct table_overlays *find_table(const sgc_memtable *memtable, uint16_t table)
{
    struct table_overlays *found =
        atomic_load_explicit(&memtable->tables[table % TABLE_SLOTS], memory_order_acquire);

    while (found && found->table != table)
        found = found->next;
    return found;
}

bool sgc_memtable_knows_table(const sgc_memtable *memtable, uint16_t table)
{
    return find_table(memtable, table) != NULL;
}

static struct table_overlays *need_table(sgc_memtable *memtable, uint16_t table)
{
    struct table_overlays *overlays = find_table(memtable, table);
    size_t count = memtable->schema->tables[table].index_count;
    _Atomic(struct table_overlays *) *slot = &memtable->tables[table % TABLE_SLOTS];

    if (overlays) return overlays;
    overlays =
        sgc_arena_alloc(&memtable->arena, sizeof *overlays + count * sizeof(struct sgc_overlay));
    if (!overlays) return NULL;
    overlays->table = table;
    atomic_init(&overlays->newest_row, NULL);
    atomic_init(&overlays->row_count, 0);
    overlays->next = atomic_load_explicit(slot, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (!sgc_overlay_init(&overlays->indexes[i], &memtable->arena)) return NULL;
    }
    atomic_store_explicit(slot, overlays, memory_order_release);
    atomic_fetch_or_explicit(&memtable->head.tables[table / 64 % 2], (uint64_t)1 << table % 64,
                             memory_order_release);
    return overlays;
}

/* ---- which values of unique indexes were touched ---- */

uint32_t sgc_memtable_unique_hash(uint16_t table, uint16_t index, sgc_str components)
{
    uint64_t seed = (uint64_t)table << 16 | index;

    return (uint32_t)(sgc_hash(components.data, components.size, seed) >> 32) | 1;
}

/* The place of a hash, or the free one where it belongs. */
static size_t touch_place(const struct touched *touched, uint32_t hash)
{
    size_t at = (hash >> 1) & touched->mask;

    for (;; at = (at + 1) & touched->mask) {
        uint32_t there = atomic_load_explicit(&touched->hashes[at], memory_order_relaxed);
        if (there == 0 || there == hash) return at;
    }
}

/* Readers of the old array see what they may know; the arena keeps it. */
static struct touched *grow_touched(sgc_memtable *memtable, const struct touched *old)
{
    size_t count = old ? (old->mask + 1) * 4 : FIRST_BUCKETS;
    struct touched *more =
        sgc_arena_zero(&memtable->arena, 1, sizeof *more + count * sizeof more->hashes[0]);

    if (!more) return NULL;
    more->mask = count - 1;
    for (size_t i = 0; old && i <= old->mask; i++) {
        uint32_t hash = atomic_load_explicit(&old->hashes[i], memory_order_relaxed);
        if (hash) atomic_init(&more->hashes[touch_place(more, hash)], hash);
    }
    atomic_store_explicit(&memtable->touched, more, memory_order_release);
    return more;
}

static bool touch(sgc_memtable *memtable, uint32_t hash)
{
    struct touched *touched = atomic_load_explicit(&memtable->touched, memory_order_relaxed);

    if (!touched || memtable->touched_count * 2 > touched->mask) {
        touched = grow_touched(memtable, touched);
        if (!touched) return false;
    }
    _Atomic uint32_t *place = &touched->hashes[touch_place(touched, hash)];
    memtable->touched_count += atomic_load_explicit(place, memory_order_relaxed) == 0;
    atomic_store_explicit(place, hash, memory_order_relaxed);
    return true;
}

bool sgc_memtable_may_touch(const sgc_memtable *memtable, uint32_t hash)
{
    const struct touched *touched = atomic_load_explicit(&memtable->touched, memory_order_acquire);

    return touched && atomic_load_explicit(&touched->hashes[touch_place(touched, hash)],
                                           memory_order_relaxed) != 0;
}

/* ---- changes of entries ---- */

/* One put under way. */
struct putting {
    sgc_memtable *memtable;
    const sgc_table *table;
    struct table_overlays *overlays;
    struct put *put;
    sgc_str key;
};

static sgc_status change_entry(struct putting *p, uint16_t index, sgc_str entry, bool present)
{
    sgc_arena *arena = &p->memtable->arena;
    struct sgc_overlay *overlay = &p->overlays->indexes[index];
    uint16_t key_size = (uint16_t)p->key.size;
    struct sgc_overlay_change *change = sgc_arena_alloc(arena, sizeof *change);

    if (!change) return SGC_NO_MEMORY;
    if (p->table->indexes[index].unique && index > 0) {
        sgc_str components = sgc_str_of(entry.data, entry.size - key_size);
        if (!touch(p->memtable, sgc_memtable_unique_hash(p->overlays->table, index, components)))
            return SGC_NO_MEMORY;
    }
    struct sgc_overlay_node *node = p->memtable->is_private
                                        ? sgc_overlay_add(overlay, arena, entry, key_size)
                                        : sgc_overlay_put(overlay, arena, entry, key_size);
    if (!node) return SGC_NO_MEMORY;
    change->sequence = p->put->version.sequence;
    change->present = present;
    change->node = node;
    change->older = atomic_load_explicit(&node->newest, memory_order_relaxed);
    change->next_of_put = p->put->changes;
    p->put->changes = change;
    atomic_store_explicit(&node->newest, change, memory_order_release);
    return SGC_OK;
}

/* Entry `element` of a record with the row's key behind it; SGC_NOT_FOUND when there is none. */
static sgc_status make_entry(const struct putting *p, uint16_t index, sgc_str record,
                             uint32_t element, sgc_key *entry)
{
    bool has_null;

    sgc_key_start(entry);
    if (p->table->code.index_key && !p->table->indexes[index].elements) {
        p->table->code.index_key(index, record, entry);
    } else {
        sgc_status status = sgc_index_entry(p->table, index, record, element, entry, &has_null);
        if (status != SGC_OK) return status;
    }
    sgc_key_raw(entry, p->key);
    return entry->overflow ? SGC_LIMIT : SGC_OK;
}

static sgc_status change_plain(struct putting *p, uint16_t index, sgc_str before, sgc_str record)
{
    sgc_key old, fresh;
    bool has_old = !sgc_str_is_null(before), has_fresh = !sgc_str_is_null(record);
    sgc_status status = has_old ? make_entry(p, index, before, 0, &old) : SGC_OK;

    if (status == SGC_LIMIT) { /* written before there was this index, which never took it */
        has_old = false;
        status = SGC_OK;
    }
    if (status == SGC_OK && has_fresh) status = make_entry(p, index, record, 0, &fresh);
    if (status != SGC_OK) return status;
    if (has_old && has_fresh && sgc_str_eq(sgc_key_str(&old), sgc_key_str(&fresh))) {
        return SGC_OK;
    }
    if (has_old) status = change_entry(p, index, sgc_key_str(&old), false);
    if (status == SGC_OK && has_fresh) {
        status = change_entry(p, index, sgc_key_str(&fresh), true);
    }
    return status;
}

static sgc_status change_each_element(struct putting *p, uint16_t index, sgc_str record,
                                      bool present)
{
    sgc_key entry;
    sgc_status status = sgc_str_is_null(record) ? SGC_NOT_FOUND : SGC_OK;

    for (uint32_t i = 0; status == SGC_OK; i++) {
        status = make_entry(p, index, record, i, &entry);
        if (status == SGC_OK) status = change_entry(p, index, sgc_key_str(&entry), present);
        if (status == SGC_LIMIT && !present) status = SGC_OK; /* the index never took the row */
    }
    return status == SGC_NOT_FOUND ? SGC_OK : status;
}

static sgc_status same_elements(struct putting *p, uint16_t index, sgc_str before, sgc_str record,
                                bool *same)
{
    sgc_key old, fresh;

    *same = !sgc_str_is_null(before) && !sgc_str_is_null(record);
    for (uint32_t i = 0; *same; i++) {
        sgc_status first = make_entry(p, index, before, i, &old);
        sgc_status second = make_entry(p, index, record, i, &fresh);
        *same = first != SGC_LIMIT; /* else the index never took the row */
        if (!*same) break;
        if (first != SGC_OK && first != SGC_NOT_FOUND) return first;
        if (second != SGC_OK && second != SGC_NOT_FOUND) return second;
        if (first == SGC_NOT_FOUND && second == SGC_NOT_FOUND) return SGC_OK;
        *same = first == second && sgc_str_eq(sgc_key_str(&old), sgc_key_str(&fresh));
    }
    return SGC_OK;
}

/* Old elements go, new ones come; one that stays does both, and the newer change decides. */
static sgc_status change_elements(struct putting *p, uint16_t index, sgc_str before, sgc_str record)
{
    bool same;
    sgc_status status = same_elements(p, index, before, record, &same);

    if (status != SGC_OK || same) return status;
    status = change_each_element(p, index, before, false);
    return status == SGC_OK ? change_each_element(p, index, record, true) : status;
}

static sgc_status change_entries(struct putting *p, sgc_str before, sgc_str record)
{
    bool was = !sgc_str_is_null(before), is = !sgc_str_is_null(record);
    sgc_status status = was != is ? change_entry(p, 0, p->key, is) : SGC_OK;

    for (uint16_t i = 1; status == SGC_OK && (was || is) && i < p->table->index_count; i++) {
        status = p->table->indexes[i].elements ? change_elements(p, i, before, record)
                                               : change_plain(p, i, before, record);
    }
    return status;
}

/* ---- puts ---- */

/* Undoes the newest put; the caller takes it off the chain of puts. */
static void undo(struct put *put)
{
    for (struct sgc_overlay_change *change = put->changes; change; change = change->next_of_put) {
        atomic_store_explicit(&change->node->newest, change->older, memory_order_release);
    }
    const sgc_version *newest = atomic_load_explicit(&put->row->newest, memory_order_relaxed);
    if (newest == &put->version) {
        atomic_store_explicit(&put->row->newest, put->version.older, memory_order_release);
    }
}

static struct put *new_put(sgc_memtable *memtable, struct row *row, sgc_str record,
                           uint64_t sequence)
{
    struct put *put = sgc_arena_alloc(&memtable->arena, sizeof *put + record.size);

    if (!put) return NULL;
    memset(put, 0, sizeof *put);
    put->row = row;
    put->version.sequence = sequence;
    put->version.older = atomic_load_explicit(&row->newest, memory_order_relaxed);
    if (!sgc_str_is_null(record)) {
        char *copy = (char *)put + sizeof *put;
        if (record.size) memcpy(copy, record.data, record.size);
        put->version.record = sgc_str_of(copy, record.size);
    }
    return put;
}

static void add_below(struct table_overlays *overlays, struct row *row)
{
    size_t count = atomic_load_explicit(&overlays->row_count, memory_order_relaxed);

    row->below = atomic_load_explicit(&overlays->newest_row, memory_order_relaxed);
    atomic_store_explicit(&overlays->newest_row, row, memory_order_release);
    atomic_store_explicit(&overlays->row_count, count + 1, memory_order_relaxed);
}

static sgc_status put_row(sgc_memtable *memtable, uint16_t table, sgc_str key, sgc_str before,
                          sgc_str record, uint64_t sequence)
{
    uint64_t hash = sgc_memtable_hash(table, key);
    struct putting p = {memtable, &memtable->schema->tables[table], NULL, NULL, key};

    p.overlays = need_table(memtable, table);
    struct row *row = p.overlays ? find_row(memtable, hash, table, key) : NULL;
    if (p.overlays && !row) {
        row = add_row(memtable, hash, table, key, before);
        if (row) add_below(p.overlays, row);
    }
    p.put = row ? new_put(memtable, row, record, sequence) : NULL;
    if (!p.put) return SGC_NO_MEMORY;
    if (!p.put->version.older) row->before = before;
    sgc_status status = change_entries(&p, before, record);
    if (status != SGC_OK) {
        undo(p.put);
        return status;
    }
    p.put->previous = atomic_load_explicit(&memtable->newest_put, memory_order_relaxed);
    atomic_store_explicit(&row->newest, &p.put->version, memory_order_release);
    atomic_store_explicit(&memtable->newest_put, p.put, memory_order_release);
    return SGC_OK;
}

sgc_status sgc_memtable_put(sgc_memtable *memtable, uint16_t table, sgc_str key, sgc_str before,
                            sgc_str record, uint64_t sequence)
{
    if (key.size > SGC_KEY_MAX) return SGC_LIMIT;
    sgc_status status = put_row(memtable, table, key, before, record, sequence);
    atomic_store_explicit(&memtable->bytes, memtable->arena.total, memory_order_relaxed);
    return status;
}

void sgc_memtable_rollback(sgc_memtable *memtable, uint64_t to)
{
    struct put *put = atomic_load_explicit(&memtable->newest_put, memory_order_relaxed);

    for (; put && put->version.sequence > to; put = put->previous)
        undo(put);
    atomic_store_explicit(&memtable->newest_put, put, memory_order_release);
}

void sgc_memtable_restamp(sgc_memtable *memtable, uint64_t sequence)
{
    struct put *put = atomic_load_explicit(&memtable->newest_put, memory_order_relaxed);

    for (; put; put = put->previous) {
        put->version.sequence = sequence;
        for (struct sgc_overlay_change *change = put->changes; change;
             change = change->next_of_put) {
            change->sequence = sequence;
        }
    }
}

sgc_status sgc_memtable_since(const sgc_memtable *memtable, uint64_t after, uint64_t through,
                              sgc_status (*each)(void *context, uint16_t table, sgc_str key,
                                                 const sgc_version *version),
                              void *context)
{
    const struct put *put = atomic_load_explicit(&memtable->newest_put, memory_order_acquire);
    sgc_status status = SGC_OK;

    for (; status == SGC_OK && put && put->version.sequence > after; put = put->previous) {
        const struct row *row = put->row;
        if (put->version.sequence > through) continue;
        status = each(context, row->table, sgc_str_of(row->key, row->key_size), &put->version);
    }
    return status;
}

static const struct row *walk_start(const sgc_memtable *memtable, const void *after)
{
    return after ? ((const struct row *)after)->following : memtable->first;
}

bool sgc_memtable_walk_next(const sgc_memtable *memtable, sgc_memtable_walk *walk)
{
    const struct row *row = walk_start(memtable, walk->row);

    if (!row) return false;
    walk->row = row;
    walk->table = row->table;
    walk->key = sgc_str_of(row->key, row->key_size);
    walk->before = row->before;
    walk->newest = atomic_load_explicit(&row->newest, memory_order_acquire);
    return true;
}

/* ---- the rows of a table ---- */

size_t sgc_memtable_rows(const sgc_memtable *memtable, uint16_t table)
{
    struct table_overlays *overlays = find_table(memtable, table);

    return overlays ? atomic_load_explicit(&overlays->row_count, memory_order_relaxed) : 0;
}

void sgc_memtable_scan_open(sgc_memtable_scan *scan, const sgc_memtable *memtable, uint16_t table,
                            uint64_t at)
{
    struct table_overlays *overlays = find_table(memtable, table);

    *scan = (sgc_memtable_scan){.at = at};
    if (overlays) scan->row = atomic_load_explicit(&overlays->newest_row, memory_order_acquire);
}

bool sgc_memtable_scan_next(sgc_memtable_scan *scan)
{
    const struct row *row = scan->row;
    const sgc_version *version = NULL;

    for (; row && !version; row = row->below) {
        if (row->below) __builtin_prefetch(row->below);
        version = atomic_load_explicit(&row->newest, memory_order_acquire);
        while (version && version->sequence > scan->at)
            version = version->older;
        scan->hash = row->hash;
        scan->key = sgc_str_of(row->key, row->key_size);
    }
    scan->row = row;
    scan->version = version;
    return version != NULL;
}

/* ---- cursors ---- */

void sgc_memtable_cursor_open(sgc_memtable_cursor *cursor, const sgc_memtable *memtable,
                              uint16_t table, uint16_t index, uint64_t at, bool descending)
{
    *cursor = (sgc_memtable_cursor){
        .memtable = memtable, .table = table, .index = index, .at = at, .descending = descending};
}

static const struct sgc_overlay_change *change_at(const struct sgc_overlay_node *node, uint64_t at)
{
    const struct sgc_overlay_change *change =
        atomic_load_explicit(&node->newest, memory_order_acquire);

    while (change && change->sequence > at)
        change = change->older;
    return change;
}

/* Stops at the first node, in the cursor's direction, that says something at its sequence. */
static void settle(sgc_memtable_cursor *cursor, const struct sgc_overlay *overlay,
                   const struct sgc_overlay_node *node)
{
    while (node) {
        const struct sgc_overlay_change *change = change_at(node, cursor->at);
        if (change) {
            cursor->present = change->present;
            cursor->sequence = change->sequence;
            cursor->entry = sgc_str_of(node->entry, node->size);
            cursor->key_size = node->key_size;
            break;
        }
        node = cursor->descending ? sgc_overlay_before(overlay, node) : sgc_overlay_next(node);
    }
    cursor->node = node;
    cursor->valid = node != NULL;
}

static const struct sgc_overlay *overlay_of(const sgc_memtable_cursor *cursor)
{
    const struct table_overlays *overlays = find_table(cursor->memtable, cursor->table);
    return overlays ? &overlays->indexes[cursor->index] : NULL;
}

/* Brings the entries of a write set in order, once for all readers. */
static void need_order(const sgc_memtable *memtable, uint16_t table, uint16_t index)
{
    struct table_overlays *overlays = find_table(memtable, table);
    struct sgc_overlay *overlay = overlays ? &overlays->indexes[index] : NULL;
    sgc_mutex *lock = (sgc_mutex *)(uintptr_t)&memtable->settle_lock;

    if (!overlay || !atomic_load_explicit(&overlay->waiting, memory_order_acquire)) return;
    sgc_mutex_lock(lock);
    if (atomic_load_explicit(&overlay->waiting, memory_order_acquire)) sgc_overlay_settle(overlay);
    sgc_mutex_unlock(lock);
}

void sgc_memtable_cursor_seek(sgc_memtable_cursor *cursor, sgc_str bound)
{
    const struct sgc_overlay *overlay = overlay_of(cursor);

    if (cursor->memtable->is_private) {
        need_order(cursor->memtable, cursor->table, cursor->index);
    }
    if (!overlay) {
        cursor->valid = false;
        return;
    }
    settle(cursor, overlay,
           cursor->descending ? sgc_overlay_seek_before(overlay, bound)
                              : sgc_overlay_seek(overlay, bound));
}

void sgc_memtable_cursor_next(sgc_memtable_cursor *cursor)
{
    const struct sgc_overlay *overlay = overlay_of(cursor);
    const struct sgc_overlay_node *node = cursor->node;

    if (!cursor->valid || !overlay) return;
    settle(cursor, overlay,
           cursor->descending ? sgc_overlay_before(overlay, node) : sgc_overlay_next(node));
}

uint64_t sgc_memtable_estimate(const sgc_memtable *memtable, uint16_t table, uint16_t index,
                               sgc_str from, sgc_str to)
{
    const struct table_overlays *overlays = find_table(memtable, table);

    if (!overlays) return 0;
    const struct sgc_overlay *overlay = &overlays->indexes[index];
    if (atomic_load_explicit(&overlay->waiting, memory_order_acquire)) return 0;
    return sgc_overlay_estimate(overlay, from, to);
}

/* ---- everything, in order ---- */

/* `head` holds the eight bytes behind what all keys of the table share. */
struct ordered {
    uint64_t head;
    const struct row *row;
};

static int compare_ordered(const void *a, const void *b)
{
    const struct ordered *first = a, *second = b;

    if (first->head != second->head) return first->head < second->head ? -1 : 1;
    return sgc_str_compare(sgc_str_of(first->row->key, first->row->key_size),
                           sgc_str_of(second->row->key, second->row->key_size));
}

static size_t shared_size(const struct row *first, const struct row *row, size_t shared)
{
    size_t same = 0;

    if (row->key_size < shared) shared = row->key_size;
    while (same < shared && first->key[same] == row->key[same])
        same++;
    return same;
}

static uint64_t head_behind(const struct row *row, size_t shared)
{
    uint64_t head = 0;

    for (size_t i = 0; i < 8 && shared + i < row->key_size; i++) {
        head |= (uint64_t)(uint8_t)row->key[shared + i] << (56 - 8 * i);
    }
    return head;
}

/* All rows of the table, in order of their keys; returns how many. */
static size_t order_table(const struct table_overlays *overlays, struct ordered *rows)
{
    const struct row *newest = atomic_load_explicit(&overlays->newest_row, memory_order_acquire);
    size_t count = atomic_load_explicit(&overlays->row_count, memory_order_relaxed), at = count;
    size_t shared = SIZE_MAX;
    bool sorted = true;

    for (const struct row *row = newest; row; row = row->below) {
        rows[--at].row = row;
        shared = shared_size(newest, row, shared);
    }
    for (size_t i = 0; i < count; i++) {
        rows[i].head = head_behind(rows[i].row, shared);
        sorted = sorted && (i == 0 || compare_ordered(&rows[i - 1], &rows[i]) < 0);
    }
    if (!sorted) qsort(rows, count, sizeof *rows, compare_ordered);
    return count;
}

typedef sgc_status each_row(void *context, uint16_t table, sgc_str key, const sgc_version *version);

/* Rows lie anywhere in memory: those that come next are on their way while this one is shown. */
static void fetch_ahead(const struct ordered *rows, size_t left)
{
    if (left > 8) __builtin_prefetch(rows[8].row);
    if (left > 4) {
        __builtin_prefetch(atomic_load_explicit(&rows[4].row->newest, memory_order_relaxed));
    }
}

static sgc_status show_rows(const struct ordered *rows, size_t count, uint64_t at, each_row *each,
                            void *context)
{
    sgc_status status = SGC_OK;

    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        const struct row *row = rows[i].row;
        fetch_ahead(rows + i, count - i);
        const sgc_version *version = atomic_load_explicit(&row->newest, memory_order_acquire);
        while (version && version->sequence > at)
            version = version->older;
        if (!version) continue;
        status = each(context, row->table, sgc_str_of(row->key, row->key_size), version);
    }
    return status;
}

sgc_status sgc_memtable_each(const sgc_memtable *memtable, uint64_t at, each_row *each,
                             void *context)
{
    struct ordered *rows = sgc_alloc_zero(memtable->row_count, sizeof *rows);
    sgc_status status = rows ? SGC_OK : SGC_NO_MEMORY;

    for (uint16_t table = 0; status == SGC_OK && table < memtable->schema->table_count; table++) {
        const struct table_overlays *overlays = find_table(memtable, table);
        if (!overlays) continue;
        size_t count = order_table(overlays, rows);
        status = show_rows(rows, count, at, each, context);
    }
    sgc_free(rows);
    return status;
}
