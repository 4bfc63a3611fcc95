/*
 * internal.h - private to the txn room: databases, views, transactions and where reads come from.
 */
#ifndef SGC_TXN_INTERNAL_H
#define SGC_TXN_INTERNAL_H

#include "log/log.h"
#include "store/store.h"
#include "txn/txn.h"

#include <assert.h>
#include <stdatomic.h>

enum {
    SGC_WAITING_MEMTABLES = 4, /* more than these and writers wait for the flush */
    SGC_MAX_LAYERS = SGC_WAITING_MEMTABLES + 4,
};

#define SGC_MEMTABLE_BYTES ((uint64_t)16 << 20)
#define SGC_RECORD_MAX     ((size_t)256 << 20)
#define SGC_HELD_LOG_BYTES ((uint64_t)64 << 20)
#define SGC_NEWEST         UINT64_MAX

/* ---- views (view.c) ---- */

/** One MemTable of committed versions and what a flush must know of it. */
struct sgc_layer {
    _Atomic size_t references;
    sgc_memtable *memtable;
    uint64_t last_sequence, last_time; /* commit lock while active, constant once sealed */
    uint64_t log_bytes;
    bool sealed; /* view lock; takes no more writes and waits for its flush */
};

/** What a reader reads: a checkpoint and the MemTables above it, newest first. Immutable. */
struct sgc_view {
    _Atomic size_t references;
    sgc_checkpoint *checkpoint;
    size_t count;
    struct sgc_layer *layers[SGC_MAX_LAYERS];
};

/* ---- relations as constraints need them (relation.c) ---- */

/** Rows of `table` name rows of another one through `relation` (KEY or LIST). */
struct sgc_reference {
    uint16_t table, relation;
};

/** Links of a row: rows of link table `link` that start with its key in `index`. */
struct sgc_link_end {
    uint16_t link, index;
};

struct sgc_table_rules {
    struct sgc_reference *references; /* to this table */
    struct sgc_link_end *links;       /* of this table's rows */
    sgc_expression **checks;          /* table.check_count */
    uint16_t reference_count, link_count;
    uint16_t left, right; /* of a link table: the tables of its ends */
};

/** Compiles rules[schema->table_count] into arena. */
SGC_CHECK sgc_status sgc_rules_make(const sgc_schema *schema, sgc_arena *arena,
                                    struct sgc_table_rules **rules, sgc_error *error);

/* ---- databases (db.c) ---- */

struct sgc_db {
    const sgc_os *os;
    sgc_memory_os *memory; /* of ":memory:" */
    sgc_file *lock_file;
    sgc_pages *pages;
    sgc_log *log;
    _Atomic(const sgc_schema *) schema;
    sgc_arena arena; /* rules */
    struct sgc_table_rules *rules;
    uint64_t memtable_bytes;

    /* Commit lock: one committer at a time validates, numbers and puts. */
    sgc_mutex commit_lock;
    uint64_t assigned, last_time;

    /* View lock: short, guards the current view and the layers it is made of. */
    sgc_mutex view_lock;
    sgc_cond view_changed; /* a layer was sealed or flushed, or flushing ended */
    struct sgc_view *view;
    sgc_thread flusher;
    bool flusher_runs, stopping, flush_failed;
    bool switching; /* another schema comes: new transactions wait */
    sgc_error flush_error;

    _Atomic uint64_t published, published_time;
    _Atomic uint64_t last_id; /* tick of the last key made here (ids.c) */
    _Atomic bool read_only;
    _Atomic uint64_t open_txns, commits, conflicts;
};

/** The current view. */
struct sgc_view *sgc_view_pin(sgc_db *db);
/** The same for a new transaction, which counts as open from here on, with its snapshot. */
struct sgc_view *sgc_view_enter(sgc_db *db, uint64_t *snapshot);
/** Keeps new transactions waiting until sgc_view_reopen(). SGC_BUSY when some are open. */
SGC_CHECK sgc_status sgc_view_close(sgc_db *db);
void sgc_view_reopen(sgc_db *db);
void sgc_view_unpin(struct sgc_view *view);
SGC_CHECK sgc_status sgc_layer_create(const sgc_schema *schema, struct sgc_layer **layer);
void sgc_layer_release(struct sgc_layer *layer);
/** Installs {checkpoint, layers}; takes over no reference. View lock held. */
SGC_CHECK sgc_status sgc_view_install(sgc_db *db, sgc_checkpoint *checkpoint,
                                      struct sgc_layer *const *layers, size_t count);
/** The active layer. Commit lock held. */
struct sgc_layer *sgc_view_active(sgc_db *db);
/** Seals the active layer, if it holds anything, and puts an empty one above. Commit lock held. */
SGC_CHECK sgc_status sgc_view_rotate(sgc_db *db);
/** Puts a write set between a new active layer and the rest; sealed by sgc_view_seal(). */
SGC_CHECK sgc_status sgc_view_adopt(sgc_db *db, sgc_memtable *memtable, struct sgc_layer **adopted);
/** Empties an adopted layer after its commit failed; the layer keeps the MemTable. */
void sgc_view_disown(sgc_db *db, struct sgc_layer *adopted);
void sgc_view_seal(sgc_db *db, struct sgc_layer *layer);
/** Waits while too many sealed layers wait. Commit lock held. SGC_READ_ONLY after a failed flush.
 */
SGC_CHECK sgc_status sgc_view_wait_for_room(sgc_db *db);
/** Waits until every sealed layer is flushed. */
SGC_CHECK sgc_status sgc_view_wait_for_flush(sgc_db *db);
/** The background thread. */
void *sgc_flusher_run(void *db);

/* ---- redo records (payload.c) ---- */

typedef enum sgc_event_kind {
    SGC_EVENT_INSERT = 1,
    SGC_EVENT_PATCH = 2,
    SGC_EVENT_DELETE = 3,
} sgc_event_kind;

typedef struct sgc_event {
    sgc_event_kind kind;
    uint16_t table; /* position */
    sgc_str key, record;
} sgc_event;

void sgc_payload_start(sgc_buf *payload, const sgc_schema *schema);
void sgc_payload_add(sgc_buf *payload, const sgc_schema *schema, const sgc_event *event);
/** Calls each() for every event. SGC_CORRUPT with words, or what each() answered. */
SGC_CHECK sgc_status sgc_payload_read(const sgc_schema *schema, sgc_str payload,
                                      sgc_status (*each)(void *context, const sgc_event *event),
                                      void *context, sgc_error *error);

/* ---- reading (source.c) ---- */

/** A moment to read at: layers of a view under a write set. Borrowed parts. */
struct sgc_reads {
    const sgc_schema *schema;
    sgc_checkpoint *checkpoint; /* NULL: it is known to add nothing */
    struct sgc_layer *const *layers;
    size_t count;
    uint64_t at;
    const sgc_memtable *writes; /* may be NULL */
    uint64_t writes_at;
};

/** What lies nearest: a version (or a delete), or nothing in any layer that was asked. */
enum sgc_found { SGC_FOUND_NOTHING, SGC_FOUND_DELETED, SGC_FOUND_ROW };

/** Records from pages are copied into arena. */
SGC_CHECK sgc_status sgc_reads_get(const struct sgc_reads *source, uint16_t table, sgc_str key,
                                   sgc_arena *arena, enum sgc_found *found, sgc_str *record,
                                   sgc_error *error);

/** A merged walk over one index. Zero-initialise; close it. */
struct sgc_walk {
    struct sgc_reads source;
    uint16_t table, index;
    bool descending, valid, open;
    bool has_pages, pages_hit;
    uint32_t hits; /* bit i: overlays[i] stands on the current entry */
    size_t count;
    sgc_str entry;
    uint16_t key_size;
    sgc_page_cursor pages;
    sgc_memtable_cursor overlays[SGC_MAX_LAYERS + 1]; /* newest first */
};

void sgc_walk_open(struct sgc_walk *walk, const struct sgc_reads *source, uint16_t table,
                   uint16_t index, bool descending);
SGC_CHECK sgc_status sgc_walk_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error);
SGC_CHECK sgc_status sgc_walk_next(struct sgc_walk *walk, sgc_error *error);
/** The current row; readable until the next step. */
SGC_CHECK sgc_status sgc_walk_row(struct sgc_walk *walk, sgc_arena *arena, sgc_str *record,
                                  bool *borrowed, sgc_error *error);
void sgc_walk_close(struct sgc_walk *walk);
static inline sgc_str sgc_walk_key(const struct sgc_walk *walk)
{
    return sgc_str_of(walk->entry.data + (walk->entry.size - walk->key_size), walk->key_size);
}
static inline bool sgc_starts_with(sgc_str text, sgc_str prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

/* ---- transactions (transaction.c) ---- */

struct sgc_cursor_state;

struct sgc_txn {
    sgc_db *db;
    const sgc_schema *schema;
    struct sgc_view *view;
    sgc_arena arena;
    sgc_arena scratch; /* of one statement */
    struct sgc_reads source;
    uint64_t snapshot, now_us;
    sgc_memtable *writes; /* made by the first write */
    uint64_t position;    /* of the last write; never reused */
    bool reads_only, defer_foreign_keys;
    sgc_error error;
    sgc_str error_type, error_field;
    sgc_txn_stats stats;
    struct sgc_cursor_state *cursors; /* all */
    struct sgc_cursor_state *idle;
};

void sgc_txn_free(sgc_txn *txn);
/** Gives every cursor's pins back (cursor.c). */
void sgc_cursors_free(sgc_txn *txn);
void sgc_txn_clear_error(sgc_txn *txn);
/** Sets the words and the place of a failure; returns status. field may be SGC_NONE. */
sgc_status sgc_txn_fail(sgc_txn *txn, sgc_status status, uint16_t table, uint16_t field,
                        const char *format, ...) SGC_PRINTF(5, 6);
/** SGC_READ_ONLY or an unknown outcome, with the reason why writing has stopped. */
sgc_status sgc_txn_fail_stopped(sgc_txn *txn, sgc_status status);
/** A failure without words of its own; keeps those that are there when they are its own. */
sgc_status sgc_txn_fail_plain(sgc_txn *txn, sgc_status status);

/* ---- constraints (relation.c, constraint.c, delete.c, write.c) ---- */

/** How a key looks in messages: "text" or 42; lives in the scratch arena. */
sgc_str sgc_key_words(sgc_txn *txn, uint16_t table, sgc_str key);

/** A parent row that a record names. */
struct sgc_parent {
    uint16_t table; /* SGC_NONE: the type named does not exist */
    sgc_str key;
};
/** Parents that a record names through relation (KEY or LIST); in the scratch arena. */
SGC_CHECK sgc_status sgc_parents_of(sgc_txn *txn, uint16_t table, uint16_t relation, sgc_str record,
                                    struct sgc_parent **parents, size_t *count);
/** Both ends of a link row. */
SGC_CHECK sgc_status sgc_link_parents(sgc_txn *txn, uint16_t link, sgc_str record,
                                      struct sgc_parent parents[2]);
/** The record of the link between two rows; in the scratch arena. */
SGC_CHECK sgc_status sgc_link_record(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right,
                                     sgc_str *record);
/**
 * Where children of parent row `key` stand: entries of *index that start with prefix. Not every
 * such entry need be one: sgc_is_child() tells.
 */
SGC_CHECK sgc_status sgc_children_prefix(sgc_txn *txn, const struct sgc_reference *reference,
                                         const struct sgc_parent *parent, uint16_t *index,
                                         sgc_key *prefix);
SGC_CHECK sgc_status sgc_is_child(sgc_txn *txn, const struct sgc_reference *reference,
                                  const struct sgc_parent *parent, sgc_str record, bool *is_child);
/** The record of a child without its reference to the parent; in the scratch arena. */
SGC_CHECK sgc_status sgc_without_parent(sgc_txn *txn, const struct sgc_reference *reference,
                                        const struct sgc_parent *parent, sgc_str record,
                                        sgc_str *without);
/** Prefix of a row's links in either index of the link table. */
SGC_CHECK sgc_status sgc_links_prefix(const struct sgc_parent *parent, sgc_key *prefix);

/** Constraints of one written row, read through source; before is null for a new row. */
SGC_CHECK sgc_status sgc_check_unique(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                                      sgc_str key, sgc_str before, sgc_str record);
SGC_CHECK sgc_status sgc_check_parents(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                                       sgc_str key, sgc_str before, sgc_str record);
/** Form, key, nulls and @check expressions of a record. */
SGC_CHECK sgc_status sgc_check_record(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record);
/** No row names the deleted one; at commit also none of those that would have followed it. */
SGC_CHECK sgc_status sgc_check_no_children(sgc_txn *txn, const struct sgc_reads *source,
                                           const struct sgc_parent *parent, bool at_commit);

/** Puts a version into the write set; before lives as long as the transaction. */
SGC_CHECK sgc_status sgc_write_put(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str before,
                                   sgc_str record);
/** Replaces a row after all checks. */
SGC_CHECK sgc_status sgc_write_replace(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str before,
                                       sgc_str record);
/** Deletes a row that is there, and does to its children what they say. */
SGC_CHECK sgc_status sgc_delete_row(sgc_txn *txn, uint16_t table, sgc_str key);

#endif
