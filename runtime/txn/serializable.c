/*
 * serializable.c - what a serializable transaction has read, and the check at commit that none of
 * it has changed since its snapshot. Every committed transaction then stands in the order of the
 * sequences as if it had run alone at its own; one that only reads stands at its snapshot and needs
 * no check.
 *
 * Read: keys (found or not), intervals of indexes, only as far as they were walked, and whole
 * tables. Changed: what lies in MemTables with a greater sequence, numbered but unpublished commits
 * among it. A flushed MemTable is kept aside while an open serializable transaction is older than
 * its last commit: rows of pages know when they began, but index pages do not know what left them.
 * At most SGC_RETIRED_LAYERS wait and so many bytes; a transaction older than what is kept is a
 * conflict.
 */
#include "txn/internal.h"

enum { READ_BYTES = 16 << 20, FIRST_BUCKETS = 64, EDGE_ROOM = 64 };

#define RETIRED_BYTES ((size_t)64 << 20)

struct kept_key {
    struct kept_key *next; /* in its bucket */
    uint64_t hash;
    uint16_t table, size;
    char bytes[];
};

/* Where an interval ends: behind all entries, in front of `high`, behind it, or behind all entries
 * that start with it. */
enum reach { TO_THE_END, IN_FRONT, BEHIND, BEHIND_PREFIX };

struct sgc_interval {
    struct sgc_interval *next;
    uint16_t table, index;
    enum reach reach;
    sgc_str low; /* included; null: from the first */
    sgc_str high;
    char *edge; /* memory of the end that moves */
    size_t room;
};

struct kept_table {
    struct kept_table *next;
    uint16_t table;
};

struct sgc_read_set {
    struct sgc_read_set *next, **link; /* of open ones; view lock */
    uint64_t snapshot;                 /* view lock; 0 while it is not known */
    sgc_db *db;
    size_t limit, used;
    bool overflown;
    struct kept_key **buckets;
    size_t mask, key_count;
    struct sgc_interval *intervals;
    struct kept_table *tables; /* read whole */
    sgc_arena arena;
};

/* ---- remembering ---- */

static sgc_status too_much(struct sgc_read_set *set, sgc_error *error)
{
    set->overflown = true;
    return sgc_fail(error, SGC_LIMIT,
                    "a serializable transaction has read more than it may remember (%zu bytes)",
                    set->limit);
}

static void *take(struct sgc_read_set *set, size_t size, sgc_status *status, sgc_error *error)
{
    void *memory = NULL;

    if (set->overflown || set->used > set->limit || size > set->limit - set->used) {
        *status = too_much(set, error);
        return NULL;
    }
    memory = sgc_arena_alloc(&set->arena, size);
    if (memory) {
        set->used += size;
    } else {
        *status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    return memory;
}

static struct kept_key **bucket_of(struct kept_key **buckets, size_t mask, uint64_t hash)
{
    return &buckets[(size_t)(hash >> 7) & mask];
}

static bool grow(struct sgc_read_set *set)
{
    size_t mask = set->buckets ? set->mask * 4 + 3 : FIRST_BUCKETS - 1;

    if (set->buckets && set->key_count <= set->mask) return true;
    struct kept_key **bigger = sgc_alloc_zero(mask + 1, sizeof(struct kept_key *));
    if (!bigger) return false;
    for (size_t i = 0; set->buckets && i <= set->mask; i++) {
        while (set->buckets[i]) {
            struct kept_key *key = set->buckets[i];
            struct kept_key **bucket = bucket_of(bigger, mask, key->hash);
            set->buckets[i] = key->next;
            key->next = *bucket;
            *bucket = key;
        }
    }
    sgc_free(set->buckets);
    set->used += (mask + 1) * sizeof(struct kept_key *);
    set->used -= set->buckets ? (set->mask + 1) * sizeof(struct kept_key *) : 0;
    set->buckets = bigger;
    set->mask = mask;
    return true;
}

static bool is_kept(const struct sgc_read_set *set, uint64_t hash, uint16_t table, sgc_str bytes)
{
    const struct kept_key *key = *bucket_of(set->buckets, set->mask, hash);

    while (key && (key->hash != hash || key->table != table ||
                   !sgc_str_eq(sgc_str_of(key->bytes, key->size), bytes))) {
        key = key->next;
    }
    return key != NULL;
}

sgc_status sgc_keep_key(struct sgc_read_set *set, uint16_t table, sgc_str bytes, sgc_error *error)
{
    uint64_t hash = sgc_memtable_hash(table, bytes);
    sgc_status status = SGC_OK;

    if (bytes.size > SGC_KEY_MAX) return SGC_OK; /* nobody can ever write it */
    if (!grow(set)) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (is_kept(set, hash, table, bytes)) return SGC_OK;
    struct kept_key *key = take(set, sizeof *key + bytes.size, &status, error);
    if (!key) return status;
    struct kept_key **bucket = bucket_of(set->buckets, set->mask, hash);
    *key = (struct kept_key){*bucket, hash, table, (uint16_t)bytes.size};
    if (bytes.size) memcpy(key->bytes, bytes.data, bytes.size);
    *bucket = key;
    set->key_count++;
    return SGC_OK;
}

static bool is_whole(const struct sgc_read_set *set, uint16_t table)
{
    const struct kept_table *kept = set->tables;

    while (kept && kept->table != table)
        kept = kept->next;
    return kept != NULL;
}

sgc_status sgc_keep_table(struct sgc_read_set *set, uint16_t table, sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (is_whole(set, table)) return SGC_OK;
    struct kept_table *kept = take(set, sizeof *kept, &status, error);
    if (!kept) return status;
    *kept = (struct kept_table){set->tables, table};
    set->tables = kept;
    return SGC_OK;
}

/* Copies bytes into the memory of the moving end. */
static sgc_status move_edge(struct sgc_read_set *set, struct sgc_interval *interval, sgc_str bytes,
                            sgc_str *edge, sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (bytes.size > interval->room) {
        size_t room = interval->room ? interval->room : EDGE_ROOM;
        while (room < bytes.size)
            room *= 2;
        char *more = take(set, room, &status, error);
        if (!more) return status;
        interval->edge = more;
        interval->room = room;
    }
    if (bytes.size) memcpy(interval->edge, bytes.data, bytes.size);
    *edge = sgc_str_of(interval->edge ? interval->edge : "", bytes.size);
    return SGC_OK;
}

sgc_status sgc_keep_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error)
{
    struct sgc_read_set *set = walk->source.kept;
    sgc_status status = SGC_OK;
    sgc_str fixed = {NULL, 0};

    walk->interval = NULL;
    struct sgc_interval *interval = take(set, sizeof *interval, &status, error);
    if (interval && !sgc_str_is_null(bound)) {
        char *copy = take(set, bound.size, &status, error);
        if (copy && bound.size) memcpy(copy, bound.data, bound.size);
        fixed = sgc_str_of(copy, bound.size);
    }
    if (status != SGC_OK) return status;
    *interval =
        (struct sgc_interval){.next = set->intervals, .table = walk->table, .index = walk->index};
    if (!walk->descending) {
        interval->low = fixed;
    } else if (!sgc_str_is_null(fixed)) {
        interval->high = fixed;
        interval->reach = IN_FRONT;
    }
    set->intervals = interval;
    walk->interval = interval;
    return sgc_keep_step(walk, error);
}

sgc_status sgc_keep_step(struct sgc_walk *walk, sgc_error *error)
{
    struct sgc_interval *interval = walk->interval;

    if (!interval) return SGC_OK;
    if (!walk->valid && walk->descending) interval->low = sgc_str_of(NULL, 0);
    if (!walk->valid && !walk->descending) interval->reach = TO_THE_END;
    if (!walk->valid) return SGC_OK;
    if (walk->descending) {
        return move_edge(walk->source.kept, interval, walk->entry, &interval->low, error);
    }
    interval->reach = BEHIND;
    return move_edge(walk->source.kept, interval, walk->entry, &interval->high, error);
}

void sgc_keep_stop(struct sgc_walk *walk, sgc_str edge, bool is_prefix)
{
    struct sgc_interval *interval = walk->interval;
    struct sgc_read_set *set = walk->source.kept;
    bool overflown = set->overflown;
    sgc_error ignored;
    sgc_str copy;

    walk->interval = NULL;
    if (!interval || sgc_str_is_null(edge)) return;
    if (move_edge(set, interval, edge, &copy, &ignored) != SGC_OK) {
        set->overflown = overflown; /* the interval stays a little longer than it need be */
        return;
    }
    if (walk->descending) {
        interval->low = copy;
    } else {
        interval->high = copy;
        interval->reach = is_prefix ? BEHIND_PREFIX : IN_FRONT;
    }
}

/* ---- checking ---- */

/* Layers with commits behind the snapshot, newest first, held for the check. */
struct newer {
    struct sgc_layer *layers[SGC_MAX_LAYERS + SGC_RETIRED_LAYERS];
    size_t count;
    bool complete;
};

static void hold(struct newer *newer, struct sgc_layer *layer, uint64_t snapshot)
{
    if (layer->last_sequence <= snapshot) return;
    atomic_fetch_add_explicit(&layer->references, 1, memory_order_relaxed);
    newer->layers[newer->count++] = layer;
}

static void hold_newer(sgc_db *db, uint64_t snapshot, struct newer *newer)
{
    const struct sgc_retired *retired = &db->retired;

    newer->count = 0;
    sgc_mutex_lock(&db->view_lock);
    newer->complete = snapshot >= retired->forgotten;
    for (size_t i = 0; newer->complete && i < db->view->count; i++)
        hold(newer, db->view->layers[i], snapshot);
    for (size_t i = retired->count; newer->complete && i-- > 0;)
        hold(newer, retired->layers[i], snapshot);
    sgc_mutex_unlock(&db->view_lock);
}

static sgc_status row_changed(sgc_txn *txn, const struct kept_key *key)
{
    return sgc_txn_fail(txn, SGC_CONFLICT, key->table, SGC_NONE,
                        "another transaction changed %.*s %.*s, read here",
                        SGC_ARG(txn->schema->tables[key->table].name),
                        SGC_ARG(sgc_key_words(txn, key->table, sgc_str_of(key->bytes, key->size))));
}

static sgc_status check_key(sgc_txn *txn, const struct newer *newer, const struct kept_key *key)
{
    sgc_str bytes = sgc_str_of(key->bytes, key->size);

    for (size_t i = 0; i < newer->count; i++) {
        const sgc_memtable *memtable = newer->layers[i]->memtable;
        if (!sgc_memtable_has_table(memtable, key->table)) continue;
        const sgc_version *version =
            sgc_memtable_find(memtable, key->hash, key->table, bytes, SGC_NEWEST);
        if (version && version->sequence > txn->snapshot) return row_changed(txn, key);
    }
    return SGC_OK;
}

static bool is_inside(const struct sgc_interval *interval, sgc_str entry)
{
    int order = interval->reach == TO_THE_END ? -1 : sgc_str_compare(entry, interval->high);

    if (order == 0) return interval->reach != IN_FRONT;
    return order < 0 ||
           (interval->reach == BEHIND_PREFIX && sgc_starts_with(entry, interval->high));
}

static sgc_status range_changed(sgc_txn *txn, const struct sgc_interval *interval)
{
    const sgc_table *table = &txn->schema->tables[interval->table];
    const sgc_index *index = &table->indexes[interval->index];
    uint16_t field = index->count ? index->fields[0] : table->key;

    return sgc_txn_fail(txn, SGC_CONFLICT, interval->table, field,
                        "another transaction changed rows of %.*s in a range read here",
                        SGC_ARG(table->name));
}

static sgc_status check_interval(sgc_txn *txn, const struct newer *newer,
                                 const struct sgc_interval *interval)
{
    sgc_memtable_cursor cursor;

    for (size_t i = 0; i < newer->count; i++) {
        const sgc_memtable *memtable = newer->layers[i]->memtable;
        if (!sgc_memtable_has_table(memtable, interval->table)) continue;
        sgc_memtable_cursor_open(&cursor, memtable, interval->table, interval->index, SGC_NEWEST,
                                 false);
        sgc_memtable_cursor_seek(&cursor, interval->low);
        for (; cursor.valid && is_inside(interval, cursor.entry);
             sgc_memtable_cursor_next(&cursor)) {
            if (cursor.sequence > txn->snapshot) return range_changed(txn, interval);
        }
    }
    return SGC_OK;
}

static sgc_status check_change(void *context, uint16_t table, sgc_str key,
                               const sgc_version *version)
{
    sgc_txn *txn = context;

    (void)key;
    (void)version;
    if (!is_whole(txn->kept, table)) return SGC_OK;
    return sgc_txn_fail(txn, SGC_CONFLICT, table, SGC_NONE,
                        "another transaction changed rows of %.*s, all read here",
                        SGC_ARG(txn->schema->tables[table].name));
}

static sgc_status check_tables(sgc_txn *txn, const struct newer *newer)
{
    sgc_status status = SGC_OK;

    for (size_t i = 0; status == SGC_OK && i < newer->count; i++)
        status = sgc_memtable_since(newer->layers[i]->memtable, txn->snapshot, SGC_NEWEST,
                                    check_change, txn);
    return status;
}

static sgc_status check_all(sgc_txn *txn, const struct newer *newer)
{
    const struct sgc_read_set *set = txn->kept;
    sgc_status status = SGC_OK;

    if (newer->count == 0) return SGC_OK;
    for (size_t i = 0; set->buckets && status == SGC_OK && i <= set->mask; i++) {
        for (const struct kept_key *key = set->buckets[i]; status == SGC_OK && key;
             key = key->next) {
            status = check_key(txn, newer, key);
        }
    }
    for (const struct sgc_interval *interval = set->intervals; status == SGC_OK && interval;
         interval = interval->next) {
        status = check_interval(txn, newer, interval);
    }
    if (status == SGC_OK && set->tables) status = check_tables(txn, newer);
    return status;
}

sgc_status sgc_serializable_check(sgc_txn *txn)
{
    struct newer newer;

    if (txn->kept->overflown) return too_much(txn->kept, &txn->error);
    hold_newer(txn->db, txn->snapshot, &newer);
    if (!newer.complete) {
        return sgc_txn_fail(txn, SGC_CONFLICT, SGC_NONE, SGC_NONE,
                            "more was written since this serializable transaction began than is "
                            "kept to check it");
    }
    sgc_status status = check_all(txn, &newer);
    for (size_t i = 0; i < newer.count; i++)
        sgc_layer_release(newer.layers[i]);
    return status;
}

/* ---- flushed layers that are still needed; all under the view lock ---- */

static uint64_t oldest_snapshot(const struct sgc_retired *retired)
{
    uint64_t oldest = SGC_NEWEST;

    for (const struct sgc_read_set *set = retired->open; set; set = set->next) {
        if (set->snapshot < oldest) oldest = set->snapshot;
    }
    return oldest;
}

static size_t retired_bytes(const struct sgc_retired *retired)
{
    size_t bytes = 0;

    for (size_t i = 0; i < retired->count; i++)
        bytes += sgc_memtable_bytes(retired->layers[i]->memtable);
    return bytes;
}

/* Gives the oldest `count` away. */
static void forget(struct sgc_retired *retired, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sgc_layer_release(retired->layers[i]);
    retired->count -= count;
    memmove(retired->layers, retired->layers + count, retired->count * sizeof *retired->layers);
}

static void forget_useless(struct sgc_retired *retired)
{
    uint64_t oldest = oldest_snapshot(retired);
    size_t count = 0;

    while (count < retired->count && retired->layers[count]->last_sequence <= oldest)
        count++;
    forget(retired, count);
}

static void retire_one(struct sgc_retired *retired, struct sgc_layer *layer)
{
    for (size_t i = 0; i < retired->count; i++) {
        if (retired->layers[i] == layer) return; /* the flush is tried again */
    }
    if (retired->count == SGC_RETIRED_LAYERS || retired_bytes(retired) > RETIRED_BYTES) {
        uint64_t last = retired->layers[0]->last_sequence;
        if (last > retired->forgotten) retired->forgotten = last;
        forget(retired, 1);
    }
    atomic_fetch_add_explicit(&layer->references, 1, memory_order_relaxed);
    retired->layers[retired->count++] = layer;
}

void sgc_serializable_retire(sgc_db *db, struct sgc_layer *const *layers, size_t count)
{
    struct sgc_retired *retired = &db->retired;
    uint64_t oldest = oldest_snapshot(retired);

    while (count-- > 0) {
        if (layers[count]->last_sequence > oldest) retire_one(retired, layers[count]);
    }
}

/* ---- beginning and ending ---- */

/* Known to the flusher before the snapshot is taken, so that nothing newer gets lost. */
sgc_status sgc_serializable_begin(sgc_txn *txn, uint64_t read_bytes)
{
    struct sgc_read_set *set = sgc_alloc_zero(1, sizeof *set);
    sgc_db *db = txn->db;

    if (!set) return SGC_NO_MEMORY;
    set->db = db;
    set->limit = read_bytes && read_bytes <= SIZE_MAX ? (size_t)read_bytes : READ_BYTES;
    sgc_mutex_lock(&db->view_lock);
    set->next = db->retired.open;
    set->link = &db->retired.open;
    if (set->next) set->next->link = &set->next;
    db->retired.open = set;
    sgc_mutex_unlock(&db->view_lock);
    txn->kept = set;
    txn->source.kept = set;
    return SGC_OK;
}

void sgc_serializable_entered(sgc_txn *txn)
{
    sgc_mutex_lock(&txn->db->view_lock);
    txn->kept->snapshot = txn->snapshot;
    sgc_mutex_unlock(&txn->db->view_lock);
}

void sgc_serializable_end(sgc_txn *txn)
{
    struct sgc_read_set *set = txn->kept;

    if (!set) return;
    sgc_mutex_lock(&set->db->view_lock);
    *set->link = set->next;
    if (set->next) set->next->link = set->link;
    forget_useless(&set->db->retired);
    sgc_mutex_unlock(&set->db->view_lock);
    sgc_free(set->buckets);
    sgc_arena_free(&set->arena);
    sgc_free(set);
    txn->kept = NULL;
}
