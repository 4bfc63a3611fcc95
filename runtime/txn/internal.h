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
/* Bytes of MemTables and transactions that are worth a look for free memory when they end. */
#define SGC_GIVE_BACK_LEAST ((uint64_t)1 << 20)

struct sgc_reads;
struct sgc_txn;

/* ---- moments (moment.c) ---- */

/** A commit and its time. */
struct sgc_moment_of {
    _Atomic uint64_t sequence, time_us;
};

/** Commits of a layer in order; appended under the commit lock, read by anyone. */
struct sgc_commit_block {
    struct sgc_commit_block *older;
    struct sgc_commit_block *newer; /* for the flush: the layer takes no more then */
    size_t capacity;
    _Atomic size_t count;
    struct sgc_moment_of items[];
};

/* ---- views (view.c) ---- */

/** One MemTable of committed versions and what a flush must know of it. */
struct sgc_layer {
    _Atomic size_t references;
    sgc_memtable *memtable;
    uint64_t last_sequence, last_time; /* commit lock while active, constant once sealed */
    uint64_t log_bytes;
    _Atomic(struct sgc_commit_block *) commits; /* newest block */
    bool sealed;            /* view lock; takes no more writes and waits for its flush */
    _Atomic uint64_t *left; /* view lock; set: it is flushed, and its bytes are counted there */
};

/** What a reader reads: a checkpoint and the MemTables above it, newest first. Immutable. */
struct sgc_view {
    _Atomic size_t references;
    struct sgc_view *left; /* view lock; the next one that is current no more and may be in use */
    sgc_checkpoint *checkpoint;
    uint64_t sequence; /* of the checkpoint */
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

enum { SGC_RETIRED_LAYERS = 32, SGC_TXN_SLOTS = 32 };

/** Flushed layers that open serializable transactions are older than; view lock. */
struct sgc_retired {
    struct sgc_layer *layers[SGC_RETIRED_LAYERS]; /* oldest first */
    size_t count;
    uint64_t forgotten;        /* commits up to here can no longer be checked against */
    struct sgc_read_set *open; /* read sets of open transactions */
};

/* Where the merging of history is. */
enum sgc_merge_state { SGC_MERGE_IDLE, SGC_MERGE_WANTED, SGC_MERGE_RUNNING, SGC_MERGE_DONE };

/* Merging on a thread of its own, and what it made until the flusher publishes it; view lock. */
struct sgc_merging {
    enum sgc_merge_state state;
    bool again; /* one more flush came meanwhile */
    bool thread_runs, stopping;
    sgc_thread thread;
    sgc_segments *from, *merged; /* NULL: the same as before */
};

/* Indexes that do not hold all rows yet; view lock. */
struct sgc_building {
    bool wanted; /* there are some */
    bool stuck;  /* a row keeps one from being built, and `why` says which; a flush may help */
    sgc_error why;
};

struct sgc_db {
    const sgc_os *os;
    sgc_memory_os *memory; /* of ":memory:" */
    sgc_file *lock_file;
    sgc_pages *pages;
    sgc_log *log;
    _Atomic(const sgc_schema *) schema;      /* with the engine's own tables */
    _Atomic(const sgc_schema *) user_schema; /* what the world sees of it */
    sgc_arena arena;                         /* rules */
    sgc_arena schemas;                       /* all that were ever used, until it closes */
    struct sgc_table_rules *rules;
    uint64_t memtable_bytes;

    /* Commit lock: one committer at a time validates, numbers and puts. */
    sgc_mutex commit_lock;
    uint64_t assigned, last_time;
    uint64_t opened_at;  /* `assigned` as recovery left it */
    uint64_t last_full;  /* last number of a commit that is not to be read before it is durable */
    uint64_t readable;   /* last commit since opening; it is read once `last_full` is durable */
    uint64_t asked_time; /* commits get later times: somebody knows the state of then */

    /* View lock: short, guards the current view and the layers it is made of. */
    sgc_mutex view_lock;
    sgc_cond view_changed; /* a layer was sealed or flushed, or flushing ended */
    struct sgc_view *view;
    sgc_thread flusher;
    bool flusher_runs; /* from the first MemTable or task on that it is to work on */
    bool stopping, flush_failed;
    bool only_reads; /* opened so, since nothing may be written: flush_error says why */
    bool switching;  /* another schema comes: new transactions wait */
    sgc_error flush_error;
    struct sgc_retired retired;
    sgc_durability durability;

    /* What transactions begin with (enter.c): no lock is taken while the view stays the same. */
    _Atomic(struct sgc_view *) current; /* `view`; NULL: beginners wait */
    _Atomic uint64_t renewals;          /* how often the view got another checkpoint */
    _Atomic(sgc_txn *) slots[SGC_TXN_SLOTS];
    struct sgc_txn *more_txns;   /* view lock; open, and not in a slot */
    struct sgc_view *left_views; /* view lock */

    sgc_mutex claim_lock; /* taken alone */
    sgc_cond claim_ended;
    struct sgc_claim *claims; /* idempotency keys of open transactions */

    _Atomic uint64_t published, published_time;
    _Atomic uint64_t last_id; /* tick of the last key made here (ids.c) */
    _Atomic bool read_only;
    _Atomic uint64_t commits, conflicts;
    _Atomic uint64_t write_set_bytes; /* of open transactions that write */
    _Atomic uint64_t left_bytes;      /* of flushed MemTables that readers keep */
    bool all_history;                 /* every table keeps its history */
    struct sgc_task *task;            /* for the flusher; view lock */
    struct sgc_merging merging;
    struct sgc_load *load;       /* open; commit lock */
    struct sgc_landing *landing; /* for the flusher, while the committer waits; view lock */
    struct sgc_building building;
};

/** SGC_READ_ONLY or an unknown outcome with the reason why writing has stopped, else its text. */
sgc_status sgc_db_fail(sgc_db *db, sgc_status status, sgc_error *error);
/**
 * Opens the lock file with these flags and takes the lock, shared when it is opened to read.
 * Without that file *lock is NULL and the status SGC_NOT_FOUND.
 */
SGC_CHECK sgc_status sgc_lock_take(const sgc_os *os, const char *directory, unsigned flags,
                                   sgc_file **lock, sgc_error *error);

/** Number and time of the next commit. Commit lock held. */
void sgc_commit_next(sgc_db *db, uint64_t *sequence, uint64_t *time_us);
/**
 * Makes the state of a time final: commits up to then have met their fate when this returns, all
 * others get later times. SGC_INVALID: the time lies ahead. Waits for commits under way, if any.
 */
SGC_CHECK sgc_status sgc_commit_settle(sgc_db *db, uint64_t time_us);

/* ---- another schema (schema.c) ---- */

bool sgc_schema_all_history(const sgc_schema *schema);
/**
 * Whether `given` stores rows as `kept` does, and how the database numbers its indexes.
 * SGC_SCHEMA_MISMATCH says what differs.
 */
SGC_CHECK sgc_status sgc_schema_accept(sgc_db *db, const sgc_schema *kept, const sgc_schema *given,
                                       const sgc_schema **numbered, sgc_error *error);
/** Switches to an accepted schema (keep_rows), or to any one that can be had. */
SGC_CHECK sgc_status sgc_schema_change(sgc_db *db, const sgc_schema *schema, bool keep_rows,
                                       sgc_error *error);
/** The checkpoint of the switch. */
SGC_CHECK sgc_status sgc_schema_store(sgc_db *db, const sgc_schema *schema, bool keep_rows,
                                      sgc_error *error);

/* ---- indexes that are being built (index_build.c) ---- */

/** Whether there are any, after opening or another schema; then the flusher is needed. */
SGC_CHECK sgc_status sgc_building_look(sgc_db *db);
/** Whether a round is to be made; view lock held. */
bool sgc_building_wants(const sgc_db *db);
/** One round; view lock held, given up in between. */
void sgc_building_round(sgc_db *db);

/* ---- maintenance (maintain.c) ---- */

/** Something for the flusher's thread to do: verification into a report, a switch to a schema, else
 * compaction. */
struct sgc_task {
    sgc_buf *report;
    const sgc_schema *schema;
    bool keep_rows;
    sgc_error *error;
    sgc_status status;
    bool done;
};
void sgc_maintain_run(sgc_db *db, struct sgc_task *task);
/** Waits for its turn and until it is done. SGC_READ_ONLY when the flusher has stopped. */
SGC_CHECK sgc_status sgc_maintain_do(sgc_db *db, struct sgc_task *task, sgc_error *error);
/** Readers see the newest checkpoint, which holds no other rows than the one before. */
void sgc_maintain_show(sgc_db *db);
/**
 * Merges history where that pays, beside flushes; answers the list it began with too. NULL for both
 * when there is nothing to publish: what fails here was of no use yet, and the next flush tries
 * again.
 */
void sgc_maintain_merge(sgc_db *db, sgc_segments **from, sgc_segments **merged);
/** Publishes the segments that a merge made out of `from`; what fails is the image. */
SGC_CHECK sgc_status sgc_maintain_publish(sgc_db *db, const sgc_segments *from,
                                          const sgc_segments *merged, sgc_error *error);

/* ---- the thread that merges (merge.c); view lock held ---- */

/** There may be something to merge; at once, or after the task that waits. */
void sgc_merge_want(sgc_db *db);
/** Publishes what was merged; the lock is given up in between. */
SGC_CHECK sgc_status sgc_merge_publish(sgc_db *db, sgc_error *error);
/** Gives a merge a moment to end, then makes it give up: closing does not wait for a long one,
 * which begins anew after the next flush. Takes the view lock itself. */
void sgc_merge_cancel(sgc_db *db);
/** Ends the thread and drops what was not published; takes the view lock itself. */
void sgc_merge_stop(sgc_db *db);

/**
 * Remembers when the next commit of this layer happens, before it goes into the log: from then on
 * it may be seen, and asked for its time. Commit lock held.
 */
SGC_CHECK sgc_status sgc_layer_note(struct sgc_layer *layer, uint64_t sequence, uint64_t time_us);
/** The commit noted last was refused. Commit lock held. */
void sgc_layer_forget(struct sgc_layer *layer);
/** The commit noted last went into the log. Commit lock held. */
void sgc_layer_took(struct sgc_layer *layer, uint64_t sequence, uint64_t time_us, size_t log_bytes);
void sgc_layer_free_commits(struct sgc_layer *layer);
/** Hands the commits of a sealed layer to the flush. */
SGC_CHECK sgc_status sgc_layer_flush_commits(const struct sgc_layer *layer, sgc_flush *flush,
                                             sgc_error *error);
/** Sequence of the last commit at or before a time that is not after `head`; 0: there was none. */
SGC_CHECK sgc_status sgc_view_sequence_at(const struct sgc_view *view, uint64_t head,
                                          uint64_t time_us, uint64_t *sequence, sgc_error *error);
/** Time of a commit; SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_view_time_of(const struct sgc_view *view, uint64_t sequence,
                                      uint64_t *time_us, sgc_error *error);
/**
 * A new transaction that only reads goes to a moment; a time is settled. SGC_INVALID: a sequence
 * beyond the head.
 */
SGC_CHECK sgc_status sgc_moment_go(struct sgc_txn *txn, sgc_moment moment);
/** The sequence of a moment, or the last one before it; never behind the transaction's own. */
SGC_CHECK sgc_status sgc_moment_sequence(struct sgc_txn *txn, sgc_moment moment, bool before,
                                         uint64_t *sequence);
/** SGC_HISTORY_PRUNED with words when the history of a table does not reach back to `at`. */
SGC_CHECK sgc_status sgc_moment_kept(const sgc_schema *schema, const sgc_segments *segments,
                                     uint16_t table, uint64_t at, sgc_error *error);
/** The same for a source with a past. */
SGC_CHECK sgc_status sgc_moment_check(const struct sgc_reads *source, uint16_t table,
                                      sgc_error *error);
/** What a moment of a view reads from. */
struct sgc_reads sgc_moment_reads(const sgc_schema *schema, const struct sgc_view *view,
                                  uint64_t at);
/** Before a statement of a reading transaction whose view got old: to the newest one. */
void sgc_moment_move(struct sgc_txn *txn);

/** The current view. */
struct sgc_view *sgc_view_pin(sgc_db *db);
void sgc_view_unpin(struct sgc_view *view);
/** The MemTables of a view alone; NULL when memory is out. */
struct sgc_view *sgc_view_without_pages(const struct sgc_view *view);
SGC_CHECK sgc_status sgc_layer_create(const sgc_schema *schema, struct sgc_layer **layer);
void sgc_layer_release(struct sgc_layer *layer);
/** Installs {checkpoint, layers}; takes over no reference. View lock held. */
SGC_CHECK sgc_status sgc_view_install(sgc_db *db, sgc_checkpoint *checkpoint,
                                      struct sgc_layer *const *layers, size_t count);
/** The active layer. Commit lock held. */
struct sgc_layer *sgc_view_active(sgc_db *db);
/** Seals the active layer, if it holds anything, and puts an empty one above. Commit lock held. */
SGC_CHECK sgc_status sgc_view_rotate(sgc_db *db);
/** Lets views go that are current no more and that no transaction reads. */
void sgc_view_collect(sgc_db *db);
/** Puts a write set between a new active layer and the rest; sealed by sgc_view_seal(). */
SGC_CHECK sgc_status sgc_view_adopt(sgc_db *db, sgc_memtable *memtable, struct sgc_layer **adopted);
/** Empties an adopted layer after its commit failed; the layer keeps the MemTable. */
void sgc_view_disown(sgc_db *db, struct sgc_layer *adopted);
void sgc_view_seal(sgc_db *db, struct sgc_layer *layer);
/** Waits while too many sealed layers wait. Commit lock held. SGC_READ_ONLY after a failed flush.
 */
SGC_CHECK sgc_status sgc_view_wait_for_room(sgc_db *db);
/** Memory of its MemTables. */
uint64_t sgc_view_bytes(const struct sgc_view *view);
/** Waits until every sealed layer is flushed; merged: and history is, as far as that pays. */
SGC_CHECK sgc_status sgc_view_wait_for_flush(sgc_db *db, bool merged);
/** Nothing is written any more; *error gets words when it has none. View lock held. */
void sgc_view_fail(sgc_db *db, sgc_status status, sgc_error *error);
/** Starts the background thread unless it runs: it flushes and does tasks. View lock held. */
SGC_CHECK sgc_status sgc_flusher_need(sgc_db *db);

/* ---- which transactions are open (enter.c) ---- */

/** One that is open, with view and snapshot, in memory that was used before; NULL: out of memory.
 */
struct sgc_txn *sgc_txn_enter(sgc_db *db, uint64_t begun_us);
/** One that is not open yet: it enters late, or is discarded. NULL: out of memory. */
struct sgc_txn *sgc_txn_new(sgc_db *db);
void sgc_txn_discard(struct sgc_txn *txn);
void sgc_txn_enter_late(struct sgc_txn *txn, uint64_t begun_us);
/** It is open no more, and its memory is given back. All else of it has ended. */
void sgc_txn_leave(struct sgc_txn *txn);
/** The transaction reads `view` from now on, if that is still the current one. */
bool sgc_txn_move(struct sgc_txn *txn, struct sgc_view *view);
/** Does an open transaction read this view (NULL: any)? View lock held. */
bool sgc_view_is_read(sgc_db *db, const struct sgc_view *view);
/** What open transactions there are. */
struct sgc_open_txns {
    uint64_t count, oldest_sequence; /* the head when none is open */
    uint64_t oldest_begin_us;        /* UINT64_MAX when none is open */
};
struct sgc_open_txns sgc_txns_open(sgc_db *db);
/** Keeps new transactions waiting until sgc_txns_admit(). SGC_BUSY when some are open. */
SGC_CHECK sgc_status sgc_txns_refuse(sgc_db *db);
void sgc_txns_admit(sgc_db *db);
/** The memory that waits to be used again, when the database closes. */
void sgc_txns_free(sgc_db *db);

/* ---- loads (load.c, land.c) ---- */

struct sgc_load {
    sgc_db *db;
    sgc_txn *txn; /* makes values of rows, checks them and has the words */
    sgc_page_load *pages;
    bool *claimed, *guarded; /* by table; commit lock. Claimed: being loaded. Guarded: rows of
                                claimed tables may name theirs, so none is deleted */
    bool *filled;            /* by table: has got something */
    int64_t *serials;        /* by table: largest key so far */
    uint64_t rows;
    bool has_places;       /* somebody says them; else rows are counted */
    uint64_t place, other; /* of the row at hand; of an earlier one it is not compatible with */
    sgc_status broken;     /* first failure, in the words of txn */
};

/** The last step of a load, on the flusher's thread. */
struct sgc_landing {
    struct sgc_load *load;
    uint64_t sequence, time_us;
    sgc_status status;
    sgc_error error;
    bool taken, done; /* view lock */
};
/** Whether a write set touches what an open load must keep for itself. Commit lock held. */
SGC_CHECK sgc_status sgc_load_permits(sgc_txn *txn, uint16_t table, bool deletes);
/** Log, root, view. Every layer below the active one is flushed. */
void sgc_landing_run(sgc_db *db, struct sgc_landing *landing);
/** A load begins with this table: *last is the largest SERIAL key that was deleted. */
SGC_CHECK sgc_status sgc_serial_start(sgc_txn *txn, uint16_t table, int64_t *last);
/** It has put a row with this key. */
void sgc_serial_note(const sgc_txn *txn, uint16_t table, sgc_str key, int64_t *last);

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
/** Starts and ends the record of a load into the tables whose position is set. */
void sgc_payload_load(sgc_buf *payload, const sgc_schema *schema, const bool *tables);
void sgc_payload_add(sgc_buf *payload, const sgc_schema *schema, const sgc_event *event);
/** Whether the payload is the record of a load. */
bool sgc_payload_is_load(sgc_str payload);
/** Calls each() for every event; a load has none. SGC_CORRUPT with words, or what each() answered.
 */
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
    sgc_segments *past; /* `at` lies before the checkpoint: what it does not know; else NULL */
    struct sgc_read_set *kept; /* remembers what is read; NULL: nobody wants to know */
};

/** What memory holds of one table at a moment: write set, then layers, newest first. */
struct sgc_overlays {
    const sgc_memtable *memtables[SGC_MAX_LAYERS + 1];
    uint64_t at[SGC_MAX_LAYERS + 1];
    size_t count;
};
struct sgc_overlays sgc_overlays_of(const struct sgc_reads *source, uint16_t table);

/** What lies nearest: a version (or a delete), or nothing in any layer that was asked. */
enum sgc_found { SGC_FOUND_NOTHING, SGC_FOUND_DELETED, SGC_FOUND_ROW };

/** Records from pages are copied into arena. */
SGC_CHECK sgc_status sgc_reads_get(const struct sgc_reads *source, uint16_t table, sgc_str key,
                                   sgc_arena *arena, enum sgc_found *found, sgc_str *record,
                                   sgc_error *error);

/** Does any layer in memory know of rows of the table? */
static inline bool sgc_reads_memory(const struct sgc_reads *source, uint16_t table)
{
    if (source->writes && sgc_memtable_has_table(source->writes, table)) return true;
    for (size_t i = 0; i < source->count; i++)
        if (sgc_memtable_has_table(source->layers[i]->memtable, table)) return true;
    return false;
}
/** Whether only the checkpoint knows of the table's rows, and nobody remembers what is read: then
 * the checkpoint answers alone. */
static inline bool sgc_reads_are_plain(const struct sgc_reads *source, uint16_t table)
{
    return source->checkpoint && !source->past && !source->kept && !sgc_reads_memory(source, table);
}
/** The same for many keys: records[i] is null where keys[i] is not found. */
SGC_CHECK sgc_status sgc_reads_get_many(const struct sgc_reads *source, uint16_t table,
                                        const sgc_str *keys, size_t count, sgc_arena *arena,
                                        sgc_str *records, sgc_error *error);
/** Whether no entry with these components, of all fields of an index, can lie anywhere but in the
 * checkpoint, and nobody remembers what is read: then sgc_reads_find() finds what a walk would. */
bool sgc_reads_leave_alone(const struct sgc_reads *source, uint16_t table, uint16_t index,
                           sgc_str components);
/** The first row whose entry in the checkpoint begins with the components. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_reads_find(const struct sgc_reads *source, uint16_t table, uint16_t index,
                                    sgc_str components, sgc_arena *arena, sgc_str *record,
                                    sgc_error *error);

/** A merged walk over one index. Zero-initialise; close it. */
struct sgc_walk {
    struct sgc_reads source;
    uint16_t table, index;
    bool descending, valid, open;
    bool has_pages, pages_hit;
    bool plain;    /**< only pages, of the present, and nobody remembers what is read */
    uint32_t hits; /* bit i: overlays[i] stands on the current entry */
    size_t count;
    sgc_str entry;
    uint16_t key_size;
    struct sgc_interval *interval; /* of source.kept: the part walked so far */
    sgc_past_cursor *past;         /* of source.past, from the first seek on */
    sgc_stored_row page_row;       /* of source.past: the row of `pages` */
    sgc_page_cursor pages;
    sgc_memtable_cursor overlays[SGC_MAX_LAYERS + 1]; /* newest first */
};

/** The same for a source with a past (history.c), which the functions below go to. */
SGC_CHECK sgc_status sgc_past_find(const struct sgc_reads *source, uint16_t table, sgc_str key,
                                   sgc_arena *arena, enum sgc_found *found, sgc_str *record,
                                   sgc_error *error);
SGC_CHECK sgc_status sgc_past_walk_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error);
SGC_CHECK sgc_status sgc_past_walk_next(struct sgc_walk *walk, sgc_error *error);
SGC_CHECK sgc_status sgc_past_walk_row(struct sgc_walk *walk, sgc_str *record, sgc_error *error);

void sgc_walk_open(struct sgc_walk *walk, const struct sgc_reads *source, uint16_t table,
                   uint16_t index, bool descending);
SGC_CHECK sgc_status sgc_walk_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error);
SGC_CHECK sgc_status sgc_walk_next(struct sgc_walk *walk, sgc_error *error);
/** The current row; readable until the next step. */
SGC_CHECK sgc_status sgc_walk_row(struct sgc_walk *walk, sgc_arena *arena, sgc_str *record,
                                  bool *borrowed, sgc_error *error);
void sgc_walk_close(struct sgc_walk *walk);
/** Whether the walk stands on an entry with this prefix; if not, it was not looked further. */
bool sgc_walk_within(struct sgc_walk *walk, sgc_str prefix);
static inline sgc_str sgc_walk_key(const struct sgc_walk *walk)
{
    return sgc_str_of(walk->entry.data + (walk->entry.size - walk->key_size), walk->key_size);
}
static inline bool sgc_starts_with(sgc_str text, sgc_str prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

/* ---- what a serializable transaction has read (serializable.c) ---- */

/** Makes the transaction serializable. Before sgc_view_enter(). */
SGC_CHECK sgc_status sgc_serializable_begin(sgc_txn *txn, uint64_t read_bytes);
/** The snapshot is known. */
void sgc_serializable_entered(sgc_txn *txn);
void sgc_serializable_end(sgc_txn *txn);
/** Remembers a key, there or not. SGC_LIMIT with words. */
SGC_CHECK sgc_status sgc_keep_key(struct sgc_read_set *set, uint16_t table, sgc_str key,
                                  sgc_error *error);
/** Remembers all rows of a table, and that there are no others. SGC_LIMIT with words. */
SGC_CHECK sgc_status sgc_keep_table(struct sgc_read_set *set, uint16_t table, sgc_error *error);
/** A walk begins at `bound`, and has come to where it stands (or to the end). */
SGC_CHECK sgc_status sgc_keep_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error);
SGC_CHECK sgc_status sgc_keep_step(struct sgc_walk *walk, sgc_error *error);
/** What lies at and behind `edge` (in front of it when descending) was not asked for. */
void sgc_keep_stop(struct sgc_walk *walk, sgc_str edge, bool is_prefix);
/** SGC_CONFLICT when anything read has changed since the snapshot. Commit lock held. */
SGC_CHECK sgc_status sgc_serializable_check(sgc_txn *txn);
/** Flushed layers leave the view; some are still needed to check what was read. View lock held. */
void sgc_serializable_retire(sgc_db *db, struct sgc_layer *const *layers, size_t count);

/* ---- the engine's own tables (system.c) ---- */

/** The user's model with the engine's tables behind its own. */
SGC_CHECK sgc_status sgc_system_extend(const sgc_schema *user, sgc_arena *arena,
                                       const sgc_schema **storage);
const sgc_schema *sgc_system_user(const sgc_schema *storage);
/** Tables at and behind this position are the engine's. */
static inline uint16_t sgc_user_tables(const sgc_schema *storage)
{
    return (uint16_t)(storage->table_count - 2);
}

/* ---- idempotency keys (idempotency.c) ---- */

struct sgc_claim;
/** Waits until no other open transaction has the key, and takes it. Before sgc_view_enter(). */
SGC_CHECK sgc_status sgc_claim_begin(sgc_txn *txn, const sgc_txn_options *options,
                                     sgc_error *error);
/** SGC_EXISTS and *done (may be NULL) when the work was done before; SGC_INVALID: other work. */
SGC_CHECK sgc_status sgc_claim_look(sgc_txn *txn, sgc_commit_info *done, sgc_error *error);
/**
 * Puts the row of the key into the commit (and takes expired ones away): into its payload and into
 * `memtable` at `position`. Commit lock held.
 */
SGC_CHECK sgc_status sgc_claim_put(sgc_txn *txn, sgc_memtable *memtable, uint64_t position,
                                   uint64_t sequence, uint64_t time_us, sgc_buf *payload);
/** After the fate of the transaction is known: the next one with this key goes on. */
void sgc_claim_end(sgc_txn *txn);

/* ---- transactions (transaction.c) ---- */

struct sgc_cursor_state;

/** State of a walk over versions or changes: ends with its transaction at the latest. */
struct sgc_attached {
    struct sgc_attached *next, *before;
    sgc_txn *txn;
    void (*end)(struct sgc_attached *attached);
};

struct sgc_txn {
    /* Seen by others (enter.c). */
    _Atomic(struct sgc_view *) reads;    /* its view, kept alive by this; NULL: it is not open */
    _Atomic uint64_t sequence, begun_us; /* its snapshot, SGC_NEWEST: not yet known; its begin */
    struct sgc_txn *next, *before;       /* of db->more_txns; view lock */

    sgc_db *db;
    const sgc_schema *schema;
    struct sgc_view *view;
    struct sgc_view *first_view; /* records of its MemTables were lent; NULL: never moved */
    uint64_t renewals;           /* of the database, as its view knows it */
    bool has_slot;
    size_t open_cursors;
    struct sgc_attached *attached;
    sgc_arena arena;
    sgc_arena scratch; /* of one statement */
    struct sgc_reads source;
    uint64_t snapshot;
    uint64_t now_us;      /* 0: not yet asked for; of one that only reads */
    sgc_memtable *writes; /* made by the first write */
    size_t counted;       /* of its memory, in db->write_set_bytes */
    uint64_t position;    /* of the last write; never reused */
    bool reads_only, defer_foreign_keys;
    sgc_error error;
    sgc_str error_type, error_field;
    sgc_txn_stats stats;
    struct sgc_read_set *kept; /* SERIALIZABLE only */
    struct sgc_claim *claim;   /* with an idempotency key only */
    struct sgc_load *load;     /* whose rows it makes, else NULL */
    sgc_durability durability;
    struct sgc_cursor_state *cursors; /* all */
    struct sgc_cursor_state *idle;
};

void sgc_txn_free(sgc_txn *txn);
/** Counts what a writing transaction has in memory, and `more` bytes. */
void sgc_txn_count(sgc_txn *txn, size_t more);
/** The transaction stays with its view until the walk ends. */
void sgc_attach(sgc_txn *txn, struct sgc_attached *attached,
                void (*end)(struct sgc_attached *attached));
void sgc_detach(struct sgc_attached *attached);
/** At the start of every reading statement. */
static inline void sgc_txn_refresh(sgc_txn *txn)
{
    if (txn->renewals != atomic_load_explicit(&txn->db->renewals, memory_order_relaxed))
        sgc_moment_move(txn);
}
/** Writes behind `mark` are no more: scans that began behind it end (scan.c). */
void sgc_scans_undone(sgc_txn *txn, uint64_t mark);
/** Gives every cursor's pins back (cursor.c). */
void sgc_cursors_free(sgc_txn *txn);
void sgc_txn_clear_error(sgc_txn *txn);
/** Sets the words and the place of a failure; returns status. field may be SGC_NONE. */
sgc_status sgc_txn_fail(sgc_txn *txn, sgc_status status, uint16_t table, uint16_t field,
                        const char *format, ...) SGC_PRINTF(5, 6);
/** The same words as of sgc_db_fail(). */
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
/** Not empty and not too long. */
SGC_CHECK sgc_status sgc_check_key(sgc_txn *txn, uint16_t table, sgc_str key);
/** Words of refusals; they return the status. */
sgc_status sgc_fail_exists(sgc_txn *txn, uint16_t table, sgc_str key);
sgc_status sgc_fail_taken(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str record);
sgc_status sgc_fail_too_long(sgc_txn *txn, uint16_t table);
/** A parent (its table SGC_NONE: none of the relation's types) that the row with this key names. */
sgc_status sgc_fail_parent(sgc_txn *txn, uint16_t table, uint16_t relation, sgc_str key,
                           sgc_str record, const struct sgc_parent *parent);
/** A link between `own` and a row that is missing. */
sgc_status sgc_fail_link(sgc_txn *txn, uint16_t link, const struct sgc_parent *own,
                         const struct sgc_parent *missing, bool missing_right);
/** Replaces a row after all checks. */
SGC_CHECK sgc_status sgc_write_replace(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str before,
                                       sgc_str record);
/** Before a row is deleted: when its SERIAL key is the largest, it is kept. */
SGC_CHECK sgc_status sgc_serial_keep(sgc_txn *txn, uint16_t table, sgc_str key);
/** Deletes a row that is there, and does to its children what they say. */
SGC_CHECK sgc_status sgc_delete_row(sgc_txn *txn, uint16_t table, sgc_str key);

#endif
