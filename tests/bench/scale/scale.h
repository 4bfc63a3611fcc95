/*
 * scale.h - what size costs: the parts of the benchmark, each a command of one program, and what
 * they share. Rows, engines and reads are those of ../storage.
 */
#ifndef BENCH_SCALE_SCALE_H
#define BENCH_SCALE_SCALE_H

#include "work.h"

#include "sgc/txn.h"

enum { CHUNK = 100000 };

/** What a part needs; `folder` is its own. */
typedef struct scale_job {
    const char *folder;
    const char *figures; /**< file that figures for the picture are appended to; may be NULL */
    uint64_t rows;       /**< of its table, or of the largest one */
    uint64_t peers;      /**< of the largest table of other engines */
    uint64_t cache;      /**< bytes; 0: the engine's default */
    double seconds;      /**< how long it works */
} scale_job;

/** Cost of a look-up against rows: 1,000, 10,000, .. job->rows; peers next to sgc, up to
 * job->peers. */
void scale_sizes(const scale_job *job);
/** The same look-ups under callgrind, in what scale_sizes() left. */
void scale_count(const scale_job *job, const char *engine);
/** A table ten times larger than the cache. */
void scale_cache(const scale_job *job);
/** Memory of the process through a long mixed work, next to what was allowed. */
void scale_memory(const scale_job *job);
/** Opening after a kill, with as much in the log as a MemTable holds. */
void scale_restart(const scale_job *job);
/** A large load, then inserts and look-ups. */
void scale_large(const scale_job *job);

/* ---- shared ---- */

/** Loads rows 0 .. count - 1; engines without a way of their own for that: CHUNK a transaction. */
void scale_load(const bench_engine *engine, void *self, uint64_t count);
/** What bench_sgc.open() returned is a database. */
sgc_db_stats scale_stats(void *self);
/** One point of a line of the picture. */
void scale_figure(const scale_job *job, const char *panel, const char *line, double x, double y);

/** Calls of read() and pread() by this process so far. */
double scale_read_calls(void);
/** Resident bytes of this process. */
double scale_resident(void);

/** Look-ups over a table of sgc: times of each, and what they read. */
typedef struct scale_reads {
    double median_us, p99_us; /**< of one look-up */
    double pages, misses;     /**< a look-up: pages touched, and those not in the cache */
    double calls;             /**< of read() and pread(), a look-up */
} scale_reads;
scale_reads scale_measure(const bench_engine *engine, void *self, bench_work what, uint64_t rows,
                          uint64_t seed, size_t n);

#endif
