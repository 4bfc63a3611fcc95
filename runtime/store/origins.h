/*
 * origins.h - private to store: where the rows of a load came from, so that a refused one can be
 * told by its line. Rows that follow each other on lines that do so take a few bytes together; what
 * is more than a block goes to a file.
 */
#ifndef SGC_STORE_ORIGINS_H
#define SGC_STORE_ORIGINS_H

#include "store/image.h"

/** Rows behind each other in one page, whose origins are `step` apart. */
typedef struct sgc_origin_run {
    uint64_t row, origin, step, count;
} sgc_origin_run;

typedef struct sgc_origins {
    const sgc_os *os;
    char *path;     /**< of the file, which the first full block makes */
    sgc_file *file; /**< NULL: everything is in memory */
    uint64_t end;   /**< of the file */
    sgc_buf block;  /**< runs that are not in the file yet */
    sgc_origin_run last;
} sgc_origins;

/** Takes `path` over. */
void sgc_origins_open(sgc_origins *origins, const sgc_os *os, char *path);
/** Closes and removes the file. */
void sgc_origins_close(sgc_origins *origins);
/** Notes where a row came from. */
SGC_CHECK sgc_status sgc_origins_add(sgc_origins *origins, uint64_t row, uint64_t origin,
                                     sgc_error *error);
/** Reads what was noted until the row turns up; *origin 0: it was never noted. */
SGC_CHECK sgc_status sgc_origins_find(const sgc_origins *origins, uint64_t row, uint64_t *origin,
                                      sgc_error *error);

#endif
