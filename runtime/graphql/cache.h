/*
 * cache.h - private to graphql: documents that were parsed, validated and planned once, found again
 * by their text. Thread-safe; the least recently used one leaves first.
 */
#ifndef SGC_GRAPHQL_CACHE_H
#define SGC_GRAPHQL_CACHE_H

#include "graphql/select.h"

/** One operation of a document; set is NULL when what it selects depends on variables. */
typedef struct sgc_operation {
    const sgc_ast_definition *ast;
    sgc_plan plan;
    bool planned;
} sgc_operation;

/** A valid document. Everything in it is immutable while somebody holds it. */
typedef struct sgc_prepared {
    sgc_arena arena;
    sgc_source source;
    sgc_document *document;
    sgc_operation *operations;
    size_t operation_count;
    uint64_t hash;
    size_t users;
    bool listed;
    struct sgc_prepared *newer, *older;
    struct sgc_prepared *next; /**< in the same bucket */
} sgc_prepared;

typedef struct sgc_cache sgc_cache;

SGC_CHECK sgc_status sgc_cache_create(sgc_cache **cache);
void sgc_cache_destroy(sgc_cache *cache);
/** The document with this text, held for the caller, or NULL. */
sgc_prepared *sgc_cache_find(sgc_cache *cache, sgc_str text);
/** Lists a document that the caller holds; does nothing when it is too big to keep. */
void sgc_cache_add(sgc_cache *cache, sgc_prepared *prepared);
/** Lets go of a document that sgc_cache_find() or the caller's making gave. */
void sgc_cache_release(sgc_cache *cache, sgc_prepared *prepared);

#endif
