/*
 * store.h - what is below transactions: the checkpointed image of the database in pages, the
 * history of what was there before, and the MemTable of what was committed since.
 *
 *   pages.h     root, page file, page tables, cache, row pages, hash and B+tree indexes, flush
 *   history.h   what was true before: superseded versions in segments, commits and their changes
 *   memtable.h  versions of rows by key, ordered overlays of index entries
 *
 * Other rooms include only this header.
 */
#ifndef SGC_STORE_STORE_H
#define SGC_STORE_STORE_H

#include "store/history.h"
#include "store/memtable.h"
#include "store/pages.h"

#endif
