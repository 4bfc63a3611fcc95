/*
 * emit.h - from the view to files: runs the templates, then writes what changed, all of it or
 * nothing, and only inside the output folder.
 */
#ifndef SGC_GENERATOR_EMIT_H
#define SGC_GENERATOR_EMIT_H

#include "layout.h"
#include "view.h"

typedef struct emit_file {
    sgc_str name; /**< inside the folder, no slash in it */
    layout page;
    bool once; /**< never overwritten */
} emit_file;

typedef struct emit_files {
    sgc_arena *arena;
    emit_file *items;
    size_t count, capacity;
    bool failed; /**< memory ran out */
} emit_files;

/**
 * Names of all files for a prefix, without text; the same ones emit_render() fills. stubs adds the
 * user's resolvers.
 */
void emit_names(emit_files *files, sgc_str prefix, unsigned split, bool stubs);
/** Fills the files and ends the view: SGC_NO_MEMORY, SGC_INVALID. */
SGC_CHECK sgc_status emit_render(emit_files *files, view_schema *view, unsigned split, bool stubs);
/**
 * Writes files into the folder, which is made when missing, and the lock file, once all others are
 * ready to be moved to their places. Replaces no file that sgc did not write. error says what
 * failed.
 */
SGC_CHECK sgc_status emit_write(const emit_files *files, const char *folder, const char *lock_path,
                                sgc_str lock, sgc_error *error);
void emit_free(emit_files *files);

/** Replaces one file through a temporary one beside it, unless it holds text already. */
SGC_CHECK sgc_status emit_replace(const char *path, sgc_str text, sgc_error *error);

#endif
