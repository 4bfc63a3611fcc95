/*
 * os.h - every call to the operating system, behind one table, so that tests can make any of them
 * fail and a whole database can live in memory. Threads and locks at the end; command lines are
 * options.h.
 *
 * Calls return SGC_OK or a negative status; the last errno of the machine is put in words by
 * sgc_os_file_error(). Nothing here retries a failed sync.
 */
#ifndef SGC_OS_OS_H
#define SGC_OS_OS_H

#include "base/base.h"
#include "os/options.h"

#include <pthread.h>

typedef struct sgc_file sgc_file; /**< opaque; owned by the table that opened it */

enum sgc_open_flags {
    SGC_OPEN_READ = 1,
    SGC_OPEN_WRITE = 2,
    SGC_OPEN_CREATE = 4,    /**< create when missing */
    SGC_OPEN_EXCLUSIVE = 8, /**< with CREATE: fail with SGC_EXISTS when present */
    SGC_OPEN_DIRECT = 16,   /**< bypass the page cache and write synchronously, or SGC_UNSUPPORTED
                                 (by the write too); offset, size and memory in multiples of 4096 */
};

/**
 * The table. `self` is passed to every call. What would change a file or a folder that may not be
 * changed, be it for want of permission or because of a read-only file system, is SGC_READ_ONLY.
 */
typedef struct sgc_os {
    void *self;
    sgc_status (*open)(void *self, const char *path, unsigned flags, sgc_file **file);
    void (*close)(void *self, sgc_file *file);
    /** Reads exactly size bytes, or fewer at the end of the file (*got). */
    sgc_status (*read)(void *self, sgc_file *file, uint64_t offset, void *data, size_t size,
                       size_t *got);
    /** Says that this will be read soon: the device may begin with it. Never fails. */
    void (*will_read)(void *self, sgc_file *file, uint64_t offset, size_t size);
    /** Writes all bytes or fails; after a failure any prefix may have been written. */
    sgc_status (*write)(void *self, sgc_file *file, uint64_t offset, const void *data, size_t size);
    /** Data (and the size) durable: fdatasync. */
    sgc_status (*sync)(void *self, sgc_file *file);
    sgc_status (*size)(void *self, sgc_file *file, uint64_t *size);
    sgc_status (*truncate)(void *self, sgc_file *file, uint64_t size);
    /** Lock against other processes and other opens until the file is closed: for this one alone,
     * or shared by all that ask for it so. SGC_BUSY when another one keeps it from that. */
    sgc_status (*lock)(void *self, sgc_file *file, bool shared);
    /** Replaces `to` atomically; durable after sync_directory. */
    sgc_status (*rename)(void *self, const char *from, const char *to);
    sgc_status (*remove)(void *self, const char *path); /**< SGC_NOT_FOUND when missing */
    /** SGC_EXISTS when present. */
    sgc_status (*make_directory)(void *self, const char *path);
    sgc_status (*sync_directory)(void *self, const char *path);
    /** Calls each(context, name) for every entry but . and .. in no particular order. */
    sgc_status (*list)(void *self, const char *path, void (*each)(void *context, const char *name),
                       void *context);
    /**
     * Whether `path` is this folder, which is there, or lies in it, whatever they are called and
     * whatever links there are; of a path that is not there what is there of it.
     */
    sgc_status (*lies_in)(void *self, const char *path, const char *folder, bool *inside);
    uint64_t (*time_us)(void *self);      /**< wall clock, microseconds since 1970, may step */
    uint64_t (*monotonic_us)(void *self); /**< never steps back */
    uint64_t (*coarse_us)(void *self);    /**< time_us, some milliseconds late, for little */
    sgc_status (*random)(void *self, void *data, size_t size);
} sgc_os;

/** Files and clocks of this machine. Static, shared by all threads. */
const sgc_os *sgc_os_posix(void);
/** Words of the calling thread's last failed os call on this table, e.g. "pages: No space left". */
const char *sgc_os_file_error(void);

/* ---- the table in memory: for tests and :memory: databases ---- */

/**
 * What goes wrong, and when. Zero: nothing. Counters count calls of that kind from now, from 1; the
 * sync of a directory is a sync.
 */
typedef struct sgc_faults {
    uint64_t seed;          /**< of every random choice, random() too; 0: as before */
    uint64_t fail_write_at; /**< this write fails with SGC_IO */
    uint64_t fail_sync_at;  /**< this sync fails with SGC_IO; unsynced data may be lost */
    uint64_t no_space_at;   /**< this and later writes fail with SGC_NO_SPACE */
    uint64_t power_cut_at;  /**< at this write, sync, rename, remove or truncate all calls fail */
    bool short_writes;      /**< a failing write leaves a random prefix behind */
    bool sticky;            /**< the failure repeats for every later call of the kind */
    bool read_only;         /**< opening to write and all other changes are SGC_READ_ONLY */
} sgc_faults;

typedef struct sgc_memory_os sgc_memory_os;
SGC_CHECK sgc_status sgc_memory_os_create(sgc_memory_os **memory);
void sgc_memory_os_destroy(sgc_memory_os *memory);
/** The table of this memory; valid until destroyed; usable from many threads. */
const sgc_os *sgc_memory_os_table(sgc_memory_os *memory);
void sgc_memory_os_set_faults(sgc_memory_os *memory, const sgc_faults *faults);
/** Sets the wall clock (it then stands still until set again); 0 returns to the machine's clock. */
void sgc_memory_os_set_time(sgc_memory_os *memory, uint64_t time_us);
/**
 * The power goes off and on: of each unsynced write, every 512-byte sector is kept or lost by a
 * seeded coin, directory changes that were not synced are kept or lost as whole steps in order,
 * open files and locks vanish (old ones only close), faults are off. Open again afterwards.
 */
void sgc_memory_os_power_cycle(sgc_memory_os *memory, uint64_t seed);
/** Calls since creation, to place faults: writes, syncs, steps (all that power_cut_at counts). */
void sgc_memory_os_counts(sgc_memory_os *memory, uint64_t *writes, uint64_t *syncs,
                          uint64_t *steps);
/** Flips one bit of a file, for damage tests. SGC_NOT_FOUND when there is no such byte. */
SGC_CHECK sgc_status sgc_memory_os_flip(sgc_memory_os *memory, const char *path, uint64_t bit);

/** How many bytes of a path name the folder that the last name is in; 0: the working directory. */
size_t sgc_path_folder(const char *path);

/* ---- programs ---- */

/**
 * A whole file of this machine, or standard input for "-", into arena with a NUL behind it.
 * error->text names the file; SGC_NOT_FOUND when it is missing.
 */
SGC_CHECK sgc_status sgc_read_file(const char *path, sgc_arena *arena, sgc_str *text,
                                   sgc_error *error);
/** Makes a folder with the permissions of the user's umask; one that is there is SGC_EXISTS. */
SGC_CHECK sgc_status sgc_make_folder(const char *path, sgc_error *error);
/** Whether a person watches standard error. */
bool sgc_stderr_is_terminal(void);
bool sgc_stdout_is_terminal(void);

/* ---- threads ---- */

typedef pthread_mutex_t sgc_mutex;
typedef pthread_cond_t sgc_cond;
typedef pthread_t sgc_thread;

/** Lock and condition calls abort the process on misuse: that is a programmer's error. */
void sgc_mutex_init(sgc_mutex *mutex);
void sgc_mutex_destroy(sgc_mutex *mutex);
void sgc_mutex_lock(sgc_mutex *mutex);
void sgc_mutex_unlock(sgc_mutex *mutex);
void sgc_cond_init(sgc_cond *cond);
void sgc_cond_destroy(sgc_cond *cond);
void sgc_cond_wait(sgc_cond *cond, sgc_mutex *mutex);
/** False when timeout_us (monotonic clock) passed first. */
bool sgc_cond_wait_for(sgc_cond *cond, sgc_mutex *mutex, uint64_t timeout_us);
void sgc_cond_signal(sgc_cond *cond);
void sgc_cond_broadcast(sgc_cond *cond);
SGC_CHECK sgc_status sgc_thread_start(sgc_thread *thread, void *(*run)(void *), void *argument);
void sgc_thread_join(sgc_thread thread);
/** A number that is mostly another one in another thread: for spreading them over places. */
unsigned sgc_thread_spread(void);
/** Processors this process may use, at least 1. */
unsigned sgc_processor_count(void);
/** Bytes of physical memory. */
uint64_t sgc_memory_size(void);
/**
 * size bytes beside the heap, at the start of a huge page: zeroed, and only what is touched takes
 * memory. Give them back with the same size; NULL when there are none.
 */
void *sgc_memory_map(size_t size);
void sgc_memory_unmap(void *memory, size_t size);
/** Asks for huge pages under [memory, memory + size); a wish, nothing happens where they are not.
 */
void sgc_memory_prefer_huge(void *memory, size_t size);
/** Free memory that the C library keeps for each thread goes back to the system, where it can. */
void sgc_memory_give_back(void);

#endif
