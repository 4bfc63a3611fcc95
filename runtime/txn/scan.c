/*
 * scan.c - all rows of a table at a transaction's moment, in no order: what memory holds of them,
 * then the rows of the pages that memory says nothing of, and for a moment in the past the versions
 * that the history has of it. Walks in order are cursor.c's.
 */
#include "txn/internal.h"

enum { FILTER_LEAST = 64, FILTER_MOST = 1 << 15 }; /* words: 512 bytes to 256 KB */

enum phase { MEMORY, PAGES, PAST, DONE };

struct sgc_scan_state {
    struct sgc_attached attached;
    struct sgc_reads source;
    uint16_t table;
    enum phase phase;
    bool undone;
    struct sgc_overlays overlays;
    size_t overlay; /* the one being walked */
    bool walking;
    sgc_memtable_scan walk;
    uint64_t *filter; /* bits of the hashes of all rows in memory; NULL: there are none */
    size_t filter_mask;
    sgc_page_scan pages;
    sgc_past_scan past;
    sgc_str records[SGC_SCAN_ROWS]; /* of the overlays */
};

static struct sgc_scan_state *state_of(struct sgc_attached *attached)
{
    return (struct sgc_scan_state *)(void *)attached;
}

static void end_state(struct sgc_attached *attached)
{
    struct sgc_scan_state *s = state_of(attached);

    sgc_detach(attached);
    sgc_page_scan_close(&s->pages);
    sgc_past_scan_close(&s->past);
    sgc_free(s->filter);
    sgc_free(s);
}

void sgc_scans_undone(sgc_txn *txn, uint64_t mark)
{
    for (struct sgc_attached *a = txn->attached; a; a = a->next) {
        if (a->end != end_state) continue;
        struct sgc_scan_state *s = state_of(a);
        bool has_writes = s->source.writes && s->overlays.count > 0 &&
                          s->overlays.memtables[0] == s->source.writes;
        if (has_writes && s->source.writes_at > mark) s->undone = true;
    }
}

/* ---- rows in memory ---- */

/* Most rows of the pages are not in memory: a bit tells, without a look at any MemTable. */
static sgc_status make_filter(struct sgc_scan_state *s)
{
    size_t rows = 0, words = FILTER_LEAST;

    for (size_t i = 0; i < s->overlays.count; i++)
        rows += sgc_memtable_rows(s->overlays.memtables[i], s->table);
    while (words < FILTER_MOST && words * 8 < rows)
        words *= 2;
    s->filter = sgc_alloc_zero(words, sizeof *s->filter);
    s->filter_mask = words - 1;
    return s->filter ? SGC_OK : SGC_NO_MEMORY;
}

static uint64_t *filter_word(const struct sgc_scan_state *s, uint64_t hash, uint64_t *bit)
{
    *bit = (uint64_t)1 << (hash >> 58);
    return &s->filter[(hash >> 32) & s->filter_mask];
}

/* Whether one of the first `count` overlays knows the row: it decides, whatever it says. */
static bool is_known(const struct sgc_scan_state *s, size_t count, uint64_t hash, sgc_str key)
{
    for (size_t i = 0; i < count; i++) {
        if (sgc_memtable_find(s->overlays.memtables[i], hash, s->table, key, s->overlays.at[i]))
            return true;
    }
    return false;
}

/* A batch of rows that no newer overlay knows. */
static unsigned fill_from_memory(struct sgc_scan_state *s)
{
    unsigned count = 0;

    for (; s->overlay < s->overlays.count; s->overlay++, s->walking = false) {
        if (!s->walking)
            sgc_memtable_scan_open(&s->walk, s->overlays.memtables[s->overlay], s->table,
                                   s->overlays.at[s->overlay]);
        s->walking = true;
        while (count < SGC_SCAN_ROWS && sgc_memtable_scan_next(&s->walk)) {
            uint64_t bit, *word = filter_word(s, s->walk.hash, &bit);
            bool maybe_known = *word & bit;
            *word |= bit;
            if (sgc_str_is_null(s->walk.version->record)) continue;
            if (maybe_known && is_known(s, s->overlay, s->walk.hash, s->walk.key)) continue;
            s->records[count++] = s->walk.version->record;
        }
        if (count == SGC_SCAN_ROWS) break;
    }
    return count;
}

/* Takes rows out of the batch of the pages that memory knows. */
static sgc_status leave_out_known(struct sgc_scan_state *s)
{
    sgc_page_scan *pages = &s->pages;
    unsigned kept = 0;

    for (unsigned i = 0; i < pages->count; i++) {
        sgc_key own;
        sgc_str key;
        uint64_t bit;
        sgc_status status = sgc_page_scan_key(pages, pages->records[i], &own, &key);
        if (status != SGC_OK) return status;
        uint64_t hash = sgc_memtable_hash(s->table, key);
        if ((*filter_word(s, hash, &bit) & bit) && is_known(s, s->overlays.count, hash, key))
            continue;
        pages->records[kept++] = pages->records[i];
    }
    pages->count = kept;
    return SGC_OK;
}

/* ---- batches ---- */

static sgc_status start(struct sgc_scan_state *s, sgc_error *error)
{
    const struct sgc_reads *source = &s->source;
    sgc_status status = SGC_OK;

    if (source->past) status = sgc_moment_check(source, s->table, error);
    if (source->kept) status = sgc_keep_table(source->kept, s->table, error);
    if (status == SGC_OK && s->overlays.count) status = make_filter(s);
    if (status != SGC_OK) return status;
    if (source->checkpoint)
        sgc_page_scan_open(&s->pages, source->checkpoint, s->table,
                           source->past ? source->at : SGC_NEWEST);
    if (source->past) sgc_past_scan_open(&s->past, source->past, s->table, source->at);
    return SGC_OK;
}

static sgc_status fetch_pages(struct sgc_scan_state *s, sgc_scan *scan, sgc_error *error)
{
    sgc_status status = SGC_OK;
    bool more = s->source.checkpoint != NULL;

    while (status == SGC_OK && more && scan->count == 0) {
        status = sgc_page_scan_next(&s->pages, error);
        more = s->pages.count > 0;
        if (status == SGC_OK && s->overlays.count) status = leave_out_known(s);
        scan->count = s->pages.count;
    }
    scan->records = s->pages.records;
    return status;
}

static sgc_status fetch_past(struct sgc_scan_state *s, sgc_scan *scan, sgc_error *error)
{
    sgc_status status = s->source.past ? sgc_past_scan_next(&s->past, error) : SGC_OK;

    scan->records = s->past.records;
    scan->count = s->source.past ? s->past.count : 0;
    return status;
}

static sgc_status fetch(struct sgc_scan_state *s, sgc_scan *scan, sgc_error *error)
{
    sgc_status status = SGC_OK;

    while (status == SGC_OK && scan->count == 0 && s->phase != DONE) {
        if (s->phase == MEMORY) {
            scan->count = fill_from_memory(s);
            scan->records = s->records;
        } else if (s->phase == PAGES) {
            status = fetch_pages(s, scan, error);
        } else {
            status = fetch_past(s, scan, error);
        }
        if (scan->count == 0) s->phase++;
    }
    return status;
}

/* ---- public ---- */

static void finish(sgc_scan *scan, sgc_status status)
{
    scan->status = sgc_txn_fail_plain(scan->txn, status);
    sgc_scan_end(scan);
}

sgc_scan sgc_scan_open(sgc_txn *txn, uint16_t table)
{
    sgc_scan scan = {.txn = txn, .status = SGC_OK};
    struct sgc_scan_state *s = sgc_alloc(sizeof *s);

    if (!s) {
        finish(&scan, SGC_NO_MEMORY);
        return scan;
    }
    sgc_txn_refresh(txn);
    memset(s, 0, offsetof(struct sgc_scan_state, pages));
    s->pages.checkpoint = NULL;
    s->past.own.held_count = 0;
    sgc_attach(txn, &s->attached, end_state);
    s->table = table;
    s->source = txn->source;
    s->source.writes_at = txn->position;
    s->overlays = sgc_overlays_of(&s->source, table);
    scan.state = s;
    sgc_status status = start(s, &txn->error);
    if (status != SGC_OK) finish(&scan, status);
    return scan;
}

bool sgc_scan_fetch(sgc_scan *scan)
{
    struct sgc_scan_state *s = scan->state;
    sgc_status status;

    scan->at = scan->count = 0;
    if (!s) return false;
    if (s->undone)
        status = sgc_txn_fail(scan->txn, SGC_INVALID, s->table, SGC_NONE,
                              "rows of %.*s that a scan was to show were rolled back",
                              SGC_ARG(s->source.schema->tables[s->table].name));
    else
        status = fetch(s, scan, &scan->txn->error);
    if (status == SGC_OK && scan->count > 0) {
        scan->txn->stats.rows_read += scan->count;
        return true;
    }
    finish(scan, status);
    return false;
}

void sgc_scan_end(sgc_scan *scan)
{
    if (scan->state) end_state(&scan->state->attached);
    scan->state = NULL;
    scan->at = scan->count = 0;
}
