/*
 * space.h - private to store: which places of the page file are free, which become free when older
 * checkpoints are released, and the stored form of the free map. What is held is the flush thread's
 * alone; places are also taken by a load beside it. Those are lent: not free, but named by no
 * checkpoint, so that the stored map calls them free until the load is part of one.
 */
#ifndef SGC_STORE_SPACE_H
#define SGC_STORE_SPACE_H

#include "os/os.h"

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
    sgc_mutex lock;
    bool open;
    /* under lock */
    uint64_t *bits; /**< 1: free; bit per place below `places` */
    uint64_t *lent; /**< 1: lent */
    size_t words;
    uint32_t places; /**< of the file; place 0 is its head */
    uint32_t hand;   /**< word where the next search starts */
    uint32_t free_count;
    /* the flush thread's */
    sgc_held_places *held; /**< oldest first */
} sgc_space;

uint32_t sgc_space_places(sgc_space *space);
uint32_t sgc_space_free(sgc_space *space);

SGC_CHECK sgc_status sgc_space_open(sgc_space *space, uint32_t places);
void sgc_space_close(sgc_space *space);
/** A free place, else one behind the end of the file. SGC_LIMIT at 2^32 places. */
SGC_CHECK sgc_status sgc_space_take(sgc_space *space, bool lend, uint32_t *place);
void sgc_space_give(sgc_space *space, uint32_t place);
/** Gives back what a flush took, but for what it gave back before and a load has taken since. Not
 * usable: nobody is to take them, as if they were lent. */
void sgc_space_return(sgc_space *space, const sgc_places *places, bool usable);
/** Free or lent: no checkpoint names it. */
bool sgc_space_is_free(sgc_space *space, uint32_t place);
/** What was lent is a checkpoint's from now on, or free again. */
void sgc_space_end_loan(sgc_space *space, bool keep);
/** Takes over a list whose places become free when no checkpoint before its number lives. */
void sgc_space_hold(sgc_space *space, sgc_held_places *held);
/** How many places are held. */
uint64_t sgc_space_held(const sgc_space *space);
/** Frees what only checkpoints before `oldest` named. */
void sgc_space_reap(sgc_space *space, uint32_t oldest);

/** Gives free places at the end of the file up. */
void sgc_space_trim(sgc_space *space);
/** Makes the file end with its last place, while nobody takes one behind that. */
SGC_CHECK sgc_status sgc_space_cut(sgc_space *space, const sgc_os *os, sgc_file *file,
                                   uint64_t page_size);

/** Appends the free places, held ones and `more` included, as pairs of varints (used, free); lent
 * ones too unless the checkpoint `names_lent`. *places: so many the map speaks of. */
SGC_CHECK sgc_status sgc_space_encode(sgc_space *space, const sgc_places *more, bool names_lent,
                                      uint32_t *places, sgc_buf *out);
/** Sets the free places of a freshly opened space; false when the bytes are damaged. */
bool sgc_space_decode(sgc_space *space, sgc_str bytes);

#endif
