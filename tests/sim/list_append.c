/*
 * list_append.c - isolation by its anomalies. Threads append unique numbers to lists under random
 * keys and read several lists in a transaction; afterwards every read tells which transactions it
 * saw and which it did not, and a cycle among these dependencies is an anomaly (Adya 1999; the idea
 * of lists is Elle's, Kingsbury and Alvaro 2020). A list is one row, or the rows that an index
 * range finds. Serializable: no cycle at all. Snapshot: none of writes and reads of writes (G0,
 * G1c), none with a single anti-dependency (G-single); two of them in a row (write skew) may be.
 * `sim_list_append COUNT` commits COUNT transactions in all.
 */
#include "crash/workload_model.h"
#include "os/os.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    THREADS = 8,
    OPS = 5,
    ACTIVE = 6,     /* lists in use at a time */
    LIST_MAX = 160, /* numbers in one list */
    NOBODY = -1,
};

typedef struct op {
    int list;
    bool appends;
    int value;       /* appended */
    int last, size;  /* what was read: the last number (0: none) and how many */
    uint64_t digest; /* of all of them, in order */
} op;

typedef struct history {
    op ops[OPS];
    int count;
    uint64_t sequence; /* 2 * sequence for writers, 2 * snapshot + 1 for readers */
} history;

typedef struct trial {
    const char *name;
    sgc_isolation isolation;
    bool by_index;
    uint64_t memtable_bytes;
    size_t wanted; /* commits */

    sgc_memory_os *memory;
    sgc_db *db;
    _Atomic size_t commits;
    _Atomic uint64_t conflicts, next_value;
    _Atomic bool wrong;
    sgc_mutex lock;
    history *all;
    size_t count;
    uint64_t flushes;
} trial;

typedef struct worker {
    trial *trial;
    sgc_thread thread;
    uint64_t random;
    char room[ENTRY_VALUE_MAX + 3 * ENTRY_TEXT_MAX];
} worker;

static uint64_t draw(worker *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (w->random >> 11) % below;
}

static void complain(trial *t, const char *what)
{
    if (!atomic_exchange(&t->wrong, true)) printf("%s: %s\n", t->name, what);
}

/* ---- lists ---- */

typedef struct list {
    int values[LIST_MAX];
    int size;
} list;

static uint64_t digest_of(const int *values, int size)
{
    return sgc_hash(values, (size_t)size * sizeof *values, 9);
}

static sgc_str print(char *room, size_t size, char letter, int number)
{
    int length = snprintf(room, size, "%c%d", letter, number);
    return sgc_str_of(room, (size_t)length);
}

static sgc_status read_row(sgc_txn *txn, int number, list *l)
{
    char name[40];
    sgc_str record, key, tag, value;
    sgc_status status = sgc_row_get(txn, 0, print(name, sizeof name, 'L', number), &record);

    l->size = 0;
    if (status != SGC_OK) return status == SGC_NOT_FOUND ? SGC_OK : status;
    if (!entry_texts(record, &key, &tag, &value)) return SGC_CORRUPT;
    for (size_t i = 0; i < value.size && l->size < LIST_MAX; i += 8)
        l->values[l->size++] = (int)strtol(value.data + i, NULL, 10);
    return SGC_OK;
}

static sgc_status write_row(worker *w, sgc_txn *txn, int number, const list *l)
{
    char name[40], tag[40], value[8 * LIST_MAX + 8];

    for (int i = 0; i < l->size; i++)
        snprintf(value + (size_t)i * 8, 9, "%7d ", l->values[i]);
    sgc_str key = print(name, sizeof name, 'L', number);
    sgc_str record = entry_record(w->room, key, print(tag, sizeof tag, 'T', number),
                                  sgc_str_of(value, (size_t)l->size * 8), number);
    return l->size == 1 ? sgc_row_insert(txn, 0, key, record) : sgc_row_update(txn, 0, key, record);
}

/* Rows of the index range of a list, each with its place; two of one place would be an anomaly. */
static sgc_status read_range(worker *w, sgc_txn *txn, int number, list *l)
{
    sgc_key prefix;
    sgc_str record, key, tag, value;

    memset(l, 0, sizeof *l);
    sgc_key_start(&prefix);
    sgc_key_int(&prefix, number, false);
    sgc_str bytes = sgc_key_str(&prefix);
    sgc_cursor cursor = sgc_cursor_open_many(txn, 0, 1, &bytes, 1, draw(w, 2));
    while (sgc_cursor_next(&cursor, &record)) {
        if (!entry_texts(record, &key, &tag, &value)) return SGC_CORRUPT;
        long place = strtol(value.data, NULL, 10);
        if (place < 0 || place >= LIST_MAX || l->values[place]) {
            complain(w->trial, "two numbers at one place of a list");
            break;
        }
        l->values[place] = (int)strtol(value.data + 8, NULL, 10);
        l->size++;
    }
    for (int i = 0; i < l->size; i++) {
        if (!l->values[i]) complain(w->trial, "a list with a hole");
    }
    return sgc_cursor_status(&cursor);
}

static sgc_status write_entry(worker *w, sgc_txn *txn, int number, const list *l)
{
    char name[40], tag[40], value[40];
    int last = l->values[l->size - 1];
    int size = snprintf(value, sizeof value, "%7d %7d ", l->size - 1, last);
    sgc_str key = print(name, sizeof name, 'E', last);

    return sgc_row_insert(txn, 0, key,
                          entry_record(w->room, key, print(tag, sizeof tag, 'U', last),
                                       sgc_str_of(value, (size_t)size), number));
}

/* ---- transactions ---- */

static sgc_status read_list(worker *w, sgc_txn *txn, int number, list *l)
{
    return w->trial->by_index ? read_range(w, txn, number, l) : read_row(txn, number, l);
}

static sgc_status run_op(worker *w, sgc_txn *txn, history *h, int number, bool appends)
{
    list l;
    op *o = &h->ops[h->count++];
    sgc_status status = read_list(w, txn, number, &l);

    *o = (op){.list = number, .appends = appends, .size = l.size};
    if (status != SGC_OK) return status;
    o->last = l.size ? l.values[l.size - 1] : 0;
    o->digest = digest_of(l.values, l.size);
    if (!appends || l.size == LIST_MAX) {
        o->appends = false;
        return SGC_OK;
    }
    o->value = l.values[l.size++] = (int)atomic_fetch_add(&w->trial->next_value, 1) + 1;
    return w->trial->by_index ? write_entry(w, txn, number, &l) : write_row(w, txn, number, &l);
}

static void remember(trial *t, const history *h)
{
    sgc_mutex_lock(&t->lock);
    if (t->count < t->wanted + THREADS) t->all[t->count++] = *h;
    sgc_mutex_unlock(&t->lock);
    atomic_fetch_add(&t->commits, 1);
}

static sgc_status transact(worker *w, history *h)
{
    trial *t = w->trial;
    sgc_txn_options options = {.isolation = t->isolation};
    sgc_commit_info info;
    sgc_txn *txn;
    sgc_status status = sgc_begin_with(t->db, &options, &txn, NULL);
    int window = (int)(atomic_load(&t->commits) / 160) * ACTIVE;
    bool writes = false;

    h->count = 0;
    if (status != SGC_OK) return status;
    for (uint64_t i = 0, n = 1 + draw(w, OPS); status == SGC_OK && i < n; i++) {
        int number = window + (int)draw(w, ACTIVE);
        status = run_op(w, txn, h, number, draw(w, 2));
        writes = writes || h->ops[h->count - 1].appends;
    }
    h->sequence = sgc_txn_sequence(txn) * 2 + 1;
    if (status != SGC_OK) {
        sgc_abort(&txn);
        return status;
    }
    status = sgc_commit(&txn, &info);
    if (status == SGC_OK && writes) h->sequence = info.sequence * 2;
    return status;
}

static void *work(void *argument)
{
    worker *w = argument;
    trial *t = w->trial;
    history h;

    while (atomic_load(&t->commits) < t->wanted && !atomic_load(&t->wrong)) {
        sgc_status status = transact(w, &h);
        if (status == SGC_OK) {
            remember(t, &h);
        } else if (status == SGC_CONFLICT || status == SGC_EXISTS) {
            atomic_fetch_add(&t->conflicts, 1);
        } else {
            complain(t, sgc_status_text(status));
        }
        if (draw(w, 150) == 0 && sgc_db_flush(t->db) != SGC_OK) complain(t, "flush");
    }
    return NULL;
}

/* ---- the graph ---- */

enum { WW = 1, WR = 2, RW = 4 };

typedef struct edge {
    int to, kind, next;
} edge;

typedef struct graph {
    trial *t;
    int *first; /* edge of each transaction */
    edge *edges;
    int count;
    int *writer; /* by value: the transaction */
    int *next;   /* by value: the one behind it in its list; at 0: not used */
    int *head;   /* by list: its first value */
    int values, lists;
    int *seen, *stack;
    int mark;
} graph;

static void add_edge(graph *g, int from, int to, int kind)
{
    if (from == to || from == NOBODY || to == NOBODY) return;
    g->edges[g->count] = (edge){to, kind, g->first[from]};
    g->first[from] = g->count++;
    if (kind != RW && g->t->all[from].sequence >= g->t->all[to].sequence) {
        complain(g->t, "a dependency runs against the order of commits (G0 or G1c)");
    }
}

/* The list as it is in the end, which every read must be a beginning of. */
static void take_list(graph *g, const list *l, int number)
{
    int before = 0;

    for (int i = 0; i < l->size; i++) {
        int value = l->values[i];
        if (value <= 0 || value >= g->values || g->writer[value] == NOBODY) {
            complain(g->t, "a number of a transaction that did not commit (G1a)");
            return;
        }
        if (before) {
            g->next[before] = value;
            add_edge(g, g->writer[before], g->writer[value], WW);
        } else {
            g->head[number] = value;
        }
        before = value;
    }
}

static void check_read(graph *g, int reader, const op *o, const list *l)
{
    const history *h = &g->t->all[reader];

    if (o->size > l->size || o->digest != digest_of(l->values, o->size)) {
        complain(g->t, "a read that is no beginning of the list");
        return;
    }
    if (o->last && g->writer[o->last] == reader) return; /* it sees what it has written itself */
    for (const op *own = h->ops; own < o; own++) {
        if (own->appends && own->list == o->list) complain(g->t, "own appends are not seen");
    }
    if (o->last) add_edge(g, g->writer[o->last], reader, WR);
    int behind = o->size < l->size ? l->values[o->size] : 0;
    if (behind) add_edge(g, reader, g->writer[behind], RW);
    /* G1b: the last number read must be the last its transaction appended to this list. */
    if (o->last && behind && g->writer[behind] == g->writer[o->last]) {
        complain(g->t, "a read of an intermediate state (G1b)");
    }
}

/* Is `to` reached from `from` through these kinds, by transactions that come before it? */
static bool reaches(graph *g, int from, int to, int kinds)
{
    int depth = 0;

    g->mark++;
    g->stack[depth++] = from;
    g->seen[from] = g->mark;
    while (depth > 0) {
        int at = g->stack[--depth];
        if (at == to) return true;
        for (int i = g->first[at]; i != NOBODY; i = g->edges[i].next) {
            const edge *e = &g->edges[i];
            if (!(e->kind & kinds) || g->seen[e->to] == g->mark) continue;
            if (g->t->all[e->to].sequence > g->t->all[to].sequence) continue;
            g->seen[e->to] = g->mark;
            g->stack[depth++] = e->to;
        }
    }
    return false;
}

/*
 * Dependencies of writes and reads only run forward in the order of commits (add_edge() looks at
 * each), so a cycle has an anti-dependency that runs back. Serializable: none may run back at all,
 * as the order of commits is the serial one.
 */
static uint64_t check_cycles(graph *g)
{
    uint64_t skews = 0;

    for (int from = 0; from < (int)g->t->count; from++) {
        for (int i = g->first[from]; i != NOBODY; i = g->edges[i].next) {
            const edge *e = &g->edges[i];
            if (e->kind != RW) continue;
            bool back = g->t->all[e->to].sequence < g->t->all[from].sequence;
            skews += back;
            if (back && g->t->isolation == SGC_ISOLATION_SERIALIZABLE) {
                complain(g->t, "something read was changed before the commit (G2)");
            }
            if (back && reaches(g, e->to, from, WW | WR)) complain(g->t, "G-single");
        }
    }
    return skews;
}

static void *need(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory) abort();
    return memory;
}

static void fill_nobody(int *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i] = NOBODY;
}

static void make_graph(graph *g, trial *t)
{
    *g = (graph){.t = t, .values = (int)t->next_value + 2};
    for (size_t i = 0; i < t->count; i++) {
        for (int k = 0; k < t->all[i].count; k++) {
            if (t->all[i].ops[k].list >= g->lists) g->lists = t->all[i].ops[k].list + 1;
        }
    }
    g->first = need(t->count, sizeof(int));
    g->seen = need(t->count, sizeof(int));
    g->stack = need(t->count + 1, sizeof(int));
    g->edges = need(t->count * OPS * 2 + (size_t)g->values, sizeof(edge));
    g->writer = need((size_t)g->values, sizeof(int));
    g->next = need((size_t)g->values, sizeof(int));
    g->head = need((size_t)g->lists, sizeof(int));
    fill_nobody(g->first, t->count);
    fill_nobody(g->writer, (size_t)g->values);
    for (size_t i = 0; i < t->count; i++) {
        for (int k = 0; k < t->all[i].count; k++) {
            const op *o = &t->all[i].ops[k];
            if (o->appends) g->writer[o->value] = (int)i;
        }
    }
}

static void free_graph(graph *g)
{
    free(g->first);
    free(g->seen);
    free(g->stack);
    free(g->edges);
    free(g->writer);
    free(g->next);
    free(g->head);
}

static uint64_t judge(trial *t, worker *w)
{
    graph g;
    sgc_txn *txn;
    list *lists;
    uint64_t skews, appended = 0, there = 0;

    make_graph(&g, t);
    lists = need((size_t)g.lists, sizeof *lists);
    if (sgc_begin(t->db, &txn) != SGC_OK) abort();
    for (int i = 0; i < g.lists; i++) {
        if (read_list(w, txn, i, &lists[i]) != SGC_OK) complain(t, "the last read");
        take_list(&g, &lists[i], i);
        there += (uint64_t)lists[i].size;
    }
    sgc_abort(&txn);
    for (size_t i = 0; i < t->count && !t->wrong; i++) {
        for (int k = 0; k < t->all[i].count; k++) {
            const op *o = &t->all[i].ops[k];
            appended += o->appends;
            check_read(&g, (int)i, o, &lists[o->list]);
        }
    }
    if (!t->wrong && appended != there) complain(t, "an acknowledged append is lost");
    skews = t->wrong ? 0 : check_cycles(&g);
    free(lists);
    free_graph(&g);
    return skews;
}

/* ---- trials ---- */

static void open_trial(trial *t)
{
    sgc_db_options options = {
        .cache_bytes = 4 << 20, .memtable_bytes = t->memtable_bytes, .log_segment_bytes = 1 << 20};
    sgc_error error;

    if (sgc_memory_os_create(&t->memory) != SGC_OK) abort();
    options.os = sgc_memory_os_table(t->memory);
    if (sgc_db_open("data", &entry_schema, &options, &t->db, &error) != SGC_OK) {
        printf("%s\n", error.text);
        abort();
    }
    sgc_mutex_init(&t->lock);
    t->all = need(t->wanted + THREADS, sizeof *t->all);
}

static bool run(trial *t, size_t wanted, uint64_t seed)
{
    static worker workers[THREADS];
    sgc_db_stats stats;

    t->wanted = wanted;
    open_trial(t);
    for (int i = 0; i < THREADS; i++) {
        workers[i].trial = t;
        workers[i].random = (seed + (uint64_t)i + 1) * 0x9E3779B97F4A7C15U;
        if (sgc_thread_start(&workers[i].thread, work, &workers[i]) != SGC_OK) abort();
    }
    for (int i = 0; i < THREADS; i++)
        sgc_thread_join(workers[i].thread);
    uint64_t skews = judge(t, &workers[0]);
    sgc_db_get_stats(t->db, &stats);
    if (sgc_db_close(t->db) != SGC_OK) complain(t, "close");
    printf("%-28s %zu commits, %" PRIu64 " conflicts, %" PRIu64 " flushes, %" PRIu64
           " anti-dependencies against the order of commits: %s\n",
           t->name, t->count, (uint64_t)t->conflicts, stats.flushes, skews,
           t->wrong ? "ANOMALY" : "no anomaly");
    sgc_memory_os_destroy(t->memory);
    sgc_mutex_destroy(&t->lock);
    free(t->all);
    return !t->wrong && stats.flushes > 0;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 60000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    trial trials[] = {
        {"snapshot, rows", SGC_ISOLATION_SNAPSHOT, .memtable_bytes = 1 << 20},
        {"snapshot, small MemTables", SGC_ISOLATION_SNAPSHOT, .memtable_bytes = 64 << 10},
        {"serializable, rows", SGC_ISOLATION_SERIALIZABLE, .memtable_bytes = 1 << 20},
        {"serializable, small MemTables", SGC_ISOLATION_SERIALIZABLE, .memtable_bytes = 64 << 10},
        {"serializable, ranges", SGC_ISOLATION_SERIALIZABLE, true, .memtable_bytes = 256 << 10},
    };
    size_t trial_count = sizeof trials / sizeof *trials;
    bool good = true;

    for (size_t i = 0; i < trial_count; i++)
        good = run(&trials[i], count / trial_count, seed * 100 + i) && good;
    return !good;
}
