/*
 * space.h - private to store: which places of the page file are free, which become free when older
 * checkpoints are released, and the stored form of the free map. Used by the flush thread only.
 */
#ifndef SGC_STORE_SPACE_H
#define SGC_STORE_SPACE_H

#include "base/base.h"

/** A list of places. */
typedef struct sgc_places {
    uint32_t *items;
    size_t count, capacity;
} sgc_places;

/** Places that the checkpoints before `number` may still name. */
typedef struct sgc_held_places {
    struct sgc_held_places *next;
    uint32_t number;
    sgc_places places;
} sgc_held_places;

typedef struct sgc_space {
    uint64_t *bits; /**< 1: free; bit per place below `places` */
    size_t words;
    uint32_t places; /**< of the file; place 0 is its head */
    uint32_t hand;   /**< word where the next search starts */
    uint32_t free_count;
    sgc_held_places *held; /**< oldest first */
} sgc_space;

SGC_CHECK sgc_status sgc_space_open(sgc_space *space, uint32_t places);
void sgc_space_close(sgc_space *space);
/** A free place, else one behind the end of the file. SGC_LIMIT at 2^32 places. */
SGC_CHECK sgc_status sgc_space_take(sgc_space *space, uint32_t *place);
void sgc_space_give(sgc_space *space, uint32_t place);
bool sgc_space_is_free(const sgc_space *space, uint32_t place);
/** Takes over a list whose places become free when no checkpoint before its number lives. */
void sgc_space_hold(sgc_space *space, sgc_held_places *held);
/** How many places are held. */
uint64_t sgc_space_held(const sgc_space *space);
/** Frees what only checkpoints before `oldest` named. */
void sgc_space_reap(sgc_space *space, uint32_t oldest);

/** Gives free places at the end of the file up. */
void sgc_space_trim(sgc_space *space);

/** Appends the free places, held ones and `more` included, as pairs of varints (used, free). */
SGC_CHECK sgc_status sgc_space_encode(const sgc_space *space, const sgc_places *more, sgc_buf *out);
/** Sets the free places of a freshly opened space; false when the bytes are damaged. */
bool sgc_space_decode(sgc_space *space, sgc_str bytes);

#endif
