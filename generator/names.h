/*
 * names.h - GraphQL names become C names: snake case, never a keyword or a macro of the C library,
 * never one name for two things. A second thing that would get a taken name gets _2; the lock file
 * remembers who has which, so that names do not move when the schema grows.
 */
#ifndef SGC_GENERATOR_NAMES_H
#define SGC_GENERATOR_NAMES_H

#include "base/base.h"

/** A name that is not what its GraphQL name alone says. */
typedef struct name_fix {
    sgc_str key;  /**< what it names: "type User", "member User.createdAt", ... */
    sgc_str name; /**< the C name, without the schema's prefix */
    bool fresh;   /**< given in this run */
} name_fix;

typedef struct name_table {
    sgc_arena *arena;
    sgc_str prefix;
    sgc_map taken;    /**< global identifiers in use */
    sgc_map fixed;    /**< key -> name_fix, from the lock file */
    sgc_map promised; /**< C name with its scope -> name_fix that it belongs to */
    sgc_map next;     /**< base name with its scope -> last number tried */
    name_fix *fixes;  /**< those in use, in the order given */
    size_t count, capacity;
    bool failed; /**< memory ran out */
} name_table;

/** Members of one struct. */
typedef struct name_scope {
    sgc_str owner;
    sgc_map taken;
} name_scope;

/** `lock` is the text of the lock file's names section, null for none. */
void names_start(name_table *n, sgc_arena *arena, sgc_str prefix, sgc_str lock);
/** The names section to write, empty when there is nothing to remember. */
void names_lock(const name_table *n, sgc_buf *out);

/** createdAt -> created_at, URLEntry -> url_entry; never empty; letters, digits and single _. */
sgc_str name_snake(sgc_arena *arena, sgc_str graphql);
sgc_str name_upper(sgc_arena *arena, sgc_str snake);
/** A C or C++ keyword, or a macro that standard headers may define. */
bool name_is_reserved(sgc_str name);
/** A C identifier that a program may define: no keyword, nothing of sgc or of the C library. */
bool name_is_function(sgc_str name);

/**
 * The prefix of all names from a schema file's stem or from --prefix. *changed when the text could
 * not be taken as it is.
 */
sgc_str name_prefix(sgc_arena *arena, sgc_str text, bool *changed);

/**
 * A global name: prefix, _, base (and _2, ..), such that it and it with each of the suffixes are
 * free. They are taken from then on. suffixes end with NULL.
 */
sgc_str names_global(name_table *n, sgc_str key, sgc_str base, const char *const *suffixes);
/** An enum constant: `base` is the enum's C name in capitals and the value's. */
sgc_str names_constant(name_table *n, sgc_str key, sgc_str base);
/** Takes a global name as it stands; for names that nothing else may have. */
void names_reserve(name_table *n, sgc_str name);
/** A member `base` and has_<base>, unique in its scope. */
sgc_str names_member(name_table *n, name_scope *scope, sgc_str key, sgc_str base);

#endif
