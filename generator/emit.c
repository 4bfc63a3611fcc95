/*
 * emit.c - which template goes where, and files: written to a temporary folder inside the output
 * folder and renamed when all of them are there. Nothing follows a symbolic link on the way out.
 */
#include "emit.h"

#include "os/os.h"
#include "templates.h"

#include <errno.h>
#include <stdio.h>

/* ---- names of files ---- */

static emit_file *add_file(emit_files *files, const char *format, sgc_str prefix, unsigned number)
{
    if (!SGC_ARENA_GROW(files->arena, files->items, files->count, files->capacity)) {
        files->failed = true;
        return NULL;
    }
    emit_file *file = &files->items[files->count];
    *file = (emit_file){.page = {.blank = true}};
    if (strstr(format, "%u"))
        file->name = sgc_arena_printf(files->arena, SGC_FMT ".%u.sgc.c", SGC_ARG(prefix), number);
    else
        file->name = sgc_arena_printf(files->arena, SGC_FMT "%s", SGC_ARG(prefix), format);
    if (!file->name.data) files->failed = true;
    files->count += file->name.data != NULL;
    return file;
}

void emit_names(emit_files *files, sgc_str prefix, unsigned split, bool stubs)
{
    static const char *const endings[] = {".sgc.h",         ".inside.sgc.h",  ".schema.sgc.c",
                                          ".resolve.sgc.h", ".resolve.sgc.c", ".server.sgc.c"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        add_file(files, endings[i], prefix, 0);
    add_file(files, "CMakeLists.txt", sgc_str_of("", 0), 0);
    add_file(files, ".sgc.c", prefix, 0);
    for (unsigned i = 2; i <= split; i++)
        add_file(files, ".%u.sgc.c", prefix, i);
    emit_file *user = stubs ? add_file(files, "_resolvers.c", prefix, 0) : NULL;
    if (user) user->once = true;
}

/* Positions of the files of emit_names(). */
enum { HEADER, INSIDE, MODEL, RESOLVE_H, RESOLVE_C, SERVER, LISTS, CODE };

/* ---- the public header ---- */

static void render_table_header(layout *out, const view_table *t)
{
    tpl_record_h(out, &t->record);
    if (t->has_patch) tpl_record_patch_h(out, &t->record);
    tpl_table_h(out, t);
    tpl_table_scan_h(out, t);
    for (size_t i = 0; i < t->getters.count; i++)
        tpl_getter_h(out, &t->getters.items[i]);
    layout_blank(out);
    if (t->history) tpl_table_history_h(out, t);
    for (size_t i = 0; i < t->indexes.count; i++)
        tpl_index_h(out, &t->indexes.items[i]);
    for (size_t i = 0; i < t->relations.count; i++) {
        const view_relation *r = &t->relations.items[i];
        if (r->one) tpl_relation_one_h(out, r);
        if (r->owned) tpl_relation_owned_h(out, r);
        if (r->many) tpl_relation_many_h(out, r);
        tpl_relation_batch_h(out, r);
        if (r->linked || r->adopts) tpl_relation_links_h(out, r);
        if (r->lists) tpl_relation_lists_h(out, r);
        if (r->mixes) tpl_relation_mixes_h(out, r);
    }
}

/* The header up to its tables. */
static void start_header(layout *out, const view_schema *v)
{
    tpl_schema_head_h(out, v);
    for (size_t i = 0; i < v->choices.count; i++)
        tpl_choice_h(out, &v->choices.items[i]);
    for (size_t i = 0; i < v->embeddeds.count; i++)
        tpl_record_forward_h(out, &v->embeddeds.items[i]);
    for (size_t i = 0; i < v->types.count; i++)
        tpl_type_forward_h(out, &v->types.items[i]);
    for (size_t i = 0; i < v->abstracts.count; i++)
        tpl_abstract_forward_h(out, &v->abstracts.items[i]);
    layout_blank(out);
    for (size_t i = 0; i < v->embeddeds.count; i++)
        tpl_record_array_h(out, &v->embeddeds.items[i]);
    for (size_t i = 0; i < v->embeddeds.count; i++) {
        tpl_record_h(out, &v->embeddeds.items[i]);
        tpl_record_embedded_h(out, &v->embeddeds.items[i]);
    }
}

static void end_header(layout *out, const view_schema *v)
{
    for (size_t i = 0; i < v->abstracts.count; i++)
        tpl_abstract_h(out, &v->abstracts.items[i]);
    tpl_schema_tail_h(out, v);
}

static void start_inside(layout *out, const view_schema *v)
{
    tpl_schema_inside_h(out, v);
    for (size_t i = 0; i < v->choices.count; i++)
        tpl_choice_inside_h(out, &v->choices.items[i]);
    for (size_t i = 0; i < v->embeddeds.count; i++)
        tpl_record_inside_h(out, &v->embeddeds.items[i]);
}

static void end_inside(layout *out, const view_schema *v)
{
    layout_blank(out);
    tpl_schema_close_h(out, v);
}

/* ---- code ---- */

typedef void chunk_template(layout *out, const view_chunk *chunk);

static void render_chunks(layout *out, chunk_template *render, const view_chunks *chunks)
{
    for (size_t i = 0; i < chunks->count; i++)
        render(out, &chunks->items[i]);
}

/* What tables and embedded types have in common. */
static void render_codec(layout *out, const view_record *r)
{
    for (size_t i = 0; i < r->choices.count; i++)
        tpl_list_choices_c(out, &r->choices.items[i]);
    for (size_t i = 0; i < r->embeddeds.count; i++)
        tpl_list_embeddeds_c(out, &r->embeddeds.items[i]);
    render_chunks(out, tpl_chunk_fixed_c, &r->fixed);
    render_chunks(out, tpl_chunk_rest_c, &r->rest);
    render_chunks(out, tpl_chunk_room_c, &r->rest);
    render_chunks(out, tpl_chunk_put_c, &r->puts);
    render_chunks(out, tpl_chunk_given_c, &r->takes);
    render_chunks(out, tpl_chunk_json_c, &r->all);
    render_chunks(out, tpl_chunk_take_c, &r->all);
    render_chunks(out, tpl_chunk_need_c, &r->required);
}

static void render_relations(layout *out, const view_table *t)
{
    for (size_t i = 0; i < t->relations.count; i++) {
        const view_relation *r = &t->relations.items[i];
        if (r->one) tpl_relation_one_c(out, r);
        if (r->owned) tpl_relation_owned_c(out, r);
        if (r->many) tpl_relation_many_c(out, r);
        tpl_relation_batch_c(out, r);
        if (r->linked) tpl_relation_linked_c(out, r);
        if (r->adopts) tpl_relation_adopts_c(out, r);
        if (r->adopts && r->removes) tpl_relation_removes_c(out, r);
        if (r->lists) tpl_relation_lists_c(out, r);
        if (r->mixes) tpl_relation_mixes_c(out, r);
    }
}

static void render_indexes(layout *out, const view_table *t)
{
    for (size_t i = 0; i < t->indexes.count; i++) {
        tpl_index_c(out, &t->indexes.items[i]);
        if (t->indexes.items[i].unique) tpl_index_unique_c(out, &t->indexes.items[i]);
    }
    for (size_t i = 0; i < t->keyed.count; i++)
        tpl_index_key_c(out, &t->keyed.items[i]);
    if (t->has_keyed) tpl_table_keys_c(out, t);
}

static void render_table(layout *out, const view_table *t)
{
    const view_record *r = &t->record;

    render_codec(out, r);
    tpl_table_read_c(out, t);
    tpl_table_write_c(out, t);
    render_chunks(out, tpl_chunk_copy_c, &r->copies);
    tpl_table_api_c(out, t);
    if (t->has_patch) {
        render_chunks(out, tpl_chunk_apply_c, &r->patches);
        render_chunks(out, tpl_chunk_offer_c, &r->offers);
        tpl_table_change_c(out, t);
    } else {
        tpl_table_keep_c(out, t);
    }
    tpl_table_codec_c(out, t);
    if (t->history) tpl_table_history_c(out, t);
    render_indexes(out, t);
    render_relations(out, t);
}

/* What stands before the tables: everything of no table is in the first file. */
static void start_code(layout *out, const view_schema *v, bool first)
{
    tpl_schema_code_c(out, v);
    for (size_t i = 0; first && i < v->choices.count; i++)
        tpl_choice_c(out, &v->choices.items[i]);
    for (size_t i = 0; first && i < v->embeddeds.count; i++) {
        render_codec(out, &v->embeddeds.items[i]);
        tpl_record_embedded_c(out, &v->embeddeds.items[i]);
    }
    for (size_t i = 0; first && i < v->abstracts.count; i++)
        tpl_abstract_c(out, &v->abstracts.items[i]);
}

/* ---- the model ---- */

static void render_model_of(layout *out, const view_model *m)
{
    if (m->has_fields) tpl_model_fields_c(out, m);
    if (m->has_relations) tpl_model_relations_c(out, m);
    if (m->has_indexes) tpl_model_indexes_c(out, m);
    if (m->has_checks) tpl_model_checks_c(out, m);
    if (m->has_interfaces) tpl_model_interfaces_c(out, m);
}

static void start_model(layout *out, const view_schema *v)
{
    tpl_schema_model_c(out, v);
    for (size_t i = 0; i < v->enumitems.count; i++)
        tpl_items_enum_c(out, &v->enumitems.items[i]);
    for (size_t i = 0; i < v->abstractitems.count; i++)
        tpl_items_abstract_c(out, &v->abstractitems.items[i]);
    for (size_t i = 0; i < v->inner.count; i++)
        render_model_of(out, &v->inner.items[i]);
}

static void end_model(layout *out, const view_schema *v)
{
    if (v->hastables) tpl_schema_tables_c(out, v);
    if (v->hasenums) tpl_schema_enums_c(out, v);
    if (v->hasembeddeds) tpl_schema_embeddeds_c(out, v);
    if (v->hasabstracts) tpl_schema_abstracts_c(out, v);
    tpl_schema_all_c(out, v);
}

/* ---- everything ---- */

static void render_stubs(layout *out, const view_schema *v)
{
    tpl_schema_head_stubs(out, v);
    for (size_t i = 0; i < v->functions.count; i++)
        tpl_resolver_stubs(out, &v->functions.items[i]);
}

/* Tables in equal parts over the files of code. */
static sgc_status render_tables(emit_files *files, view_schema *v, unsigned split)
{
    size_t done = 0, number = 0;

    for (size_t i = 0; i < v->positions; i++) {
        const view_table *t = view_table_at(v, (uint16_t)i);
        if (!t) return SGC_NO_MEMORY;
        render_model_of(&files->items[MODEL].page, &t->model);
        if (t->link) continue;
        while (done >= v->types.count * (number + 1) / split)
            number++;
        render_table_header(&files->items[HEADER].page, t);
        if (t->has_keyed) tpl_table_inside_h(&files->items[INSIDE].page, t);
        render_table(&files->items[CODE + number].page, t);
        done++;
    }
    return SGC_OK;
}

static void render_start(emit_files *files, const view_schema *v, unsigned split)
{
    start_header(&files->items[HEADER].page, v);
    start_inside(&files->items[INSIDE].page, v);
    start_model(&files->items[MODEL].page, v);
    for (unsigned i = 0; i < split; i++)
        start_code(&files->items[CODE + i].page, v, i == 0);
}

static void render_end(emit_files *files, const view_schema *v, unsigned split, bool stubs)
{
    end_header(&files->items[HEADER].page, v);
    end_inside(&files->items[INSIDE].page, v);
    end_model(&files->items[MODEL].page, v);
    tpl_schema_resolve_h(&files->items[RESOLVE_H].page, v);
    tpl_schema_resolve_c(&files->items[RESOLVE_C].page, v);
    tpl_schema_server_c(&files->items[SERVER].page, v);
    tpl_schema_lists_cmake(&files->items[LISTS].page, v);
    if (stubs) render_stubs(&files->items[CODE + split].page, v);
}

sgc_status emit_render(emit_files *files, view_schema *view, unsigned split, bool stubs)
{
    if (files->failed) return SGC_NO_MEMORY;
    render_start(files, view, split);
    sgc_status status = render_tables(files, view, split);
    if (status == SGC_OK) status = view_end(view);
    if (status != SGC_OK) return status;
    render_end(files, view, split, stubs);
    for (size_t i = 0; i < files->count; i++) {
        layout_finish(&files->items[i].page);
        if (files->items[i].page.text.failed) status = SGC_NO_MEMORY;
    }
    return status;
}

void emit_free(emit_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        layout_free(&files->items[i].page);
}

/* ---- writing ---- */

static sgc_status failed(sgc_error *error, sgc_status status, const char *what, const char *path)
{
    (void)status;
    return sgc_fail(error, SGC_IO, "cannot %s %s: %s", what, path, sgc_os_file_error());
}

enum { COMPARED = 1 << 16 };

/* Whether the file holds exactly this text; reads no further than to the first difference. */
static bool holds(const sgc_os *os, const char *path, sgc_str text)
{
    sgc_file *file = NULL;
    uint64_t size = 0;

    if (os->open(os->self, path, SGC_OPEN_READ, &file) != SGC_OK) return false;
    char *bytes = sgc_alloc(COMPARED);
    bool same = bytes && os->size(os->self, file, &size) == SGC_OK && size == text.size;
    for (size_t at = 0; same && at < text.size;) {
        size_t part = text.size - at < COMPARED ? text.size - at : COMPARED, got = 0;
        same = os->read(os->self, file, at, bytes, part, &got) == SGC_OK && got == part &&
               memcmp(bytes, text.data + at, part) == 0;
        at += part;
    }
    sgc_free(bytes);
    os->close(os->self, file);
    return same;
}

static bool exists(const sgc_os *os, const char *path)
{
    sgc_file *file = NULL;

    if (os->open(os->self, path, SGC_OPEN_READ, &file) != SGC_OK) return false;
    os->close(os->self, file);
    return true;
}

/* Whether a file is there that sgc did not write: nobody's CMakeLists.txt gets lost. */
static bool is_foreign(const sgc_os *os, const char *path)
{
    static const char mark[] = "Generated by sgc ";
    char head[64] = {0};
    sgc_file *file = NULL;
    size_t got = 0;
    bool ours = false;

    if (os->open(os->self, path, SGC_OPEN_READ, &file) != SGC_OK) return false;
    if (os->read(os->self, file, 0, head, sizeof head - 1, &got) != SGC_OK) got = 0;
    os->close(os->self, file);
    for (size_t at = 0; at + sizeof mark - 1 <= got && !ours; at++)
        ours = memcmp(head + at, mark, sizeof mark - 1) == 0;
    return got > 0 && !ours;
}

/* Writes a file that must not be there yet, readable as the user's umask says. */
static sgc_status write_new(const sgc_os *os, const char *path, sgc_str text, sgc_error *error)
{
    FILE *file = fopen(path, "wbx");
    sgc_status status = SGC_OK;

    if (!file) return sgc_fail(error, SGC_IO, "cannot create %s: %s", path, strerror(errno));
    if (fwrite(text.data, 1, text.size, file) != text.size) status = SGC_IO;
    if (fclose(file) != 0) status = SGC_IO;
    if (status != SGC_OK) {
        sgc_fail(error, SGC_IO, "cannot write %s: %s", path, strerror(errno));
        (void)os->remove(os->self, path);
    }
    return status;
}

/* A name nobody else has: base.<16 hexadecimal digits>. */
static sgc_str fresh_name(const sgc_os *os, sgc_arena *arena, const char *base, sgc_error *error)
{
    uint64_t number = 0;

    if (os->random(os->self, &number, sizeof number) != SGC_OK) {
        sgc_fail(error, SGC_IO, "no random numbers: %s", sgc_os_file_error());
        return sgc_str_of(NULL, 0);
    }
    sgc_str name = sgc_arena_printf(arena, "%s.%016llx", base, (unsigned long long)number);
    if (!name.data) sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    return name;
}

sgc_status emit_replace(const char *path, sgc_str text, sgc_error *error)
{
    const sgc_os *os = sgc_os_posix();
    sgc_arena arena = {0};
    sgc_status status = SGC_OK;

    if (holds(os, path, text)) return SGC_OK;
    sgc_str temporary = fresh_name(os, &arena, path, error);
    if (!temporary.data) {
        status = SGC_IO;
    } else {
        status = write_new(os, temporary.data, text, error);
        if (status == SGC_OK) {
            status = os->rename(os->self, temporary.data, path);
            if (status != SGC_OK) {
                failed(error, status, "replace", path);
                (void)os->remove(os->self, temporary.data);
            }
        }
    }
    sgc_arena_free(&arena);
    return status;
}

/* Makes the folder and those above it. */
static sgc_status make_folders(sgc_arena *arena, const char *folder, sgc_error *error)
{
    size_t size = strlen(folder);

    for (size_t end = 1; end <= size; end++) {
        if (end < size && folder[end] != '/') continue;
        sgc_str part = sgc_arena_str(arena, sgc_str_of(folder, end));
        if (!part.data) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
        sgc_status status = sgc_make_folder(part.data, error);
        if (status != SGC_OK && status != SGC_EXISTS) return status;
    }
    return SGC_OK;
}

typedef struct writing {
    const sgc_os *os;
    sgc_arena arena;
    const char *folder;
    sgc_str temporary;
    bool *changed;
    bool any;
    sgc_error *error;
} writing;

static const char *path_in(writing *w, sgc_str folder, sgc_str name)
{
    sgc_str path = sgc_arena_printf(&w->arena, SGC_FMT "/" SGC_FMT, SGC_ARG(folder), SGC_ARG(name));

    if (!path.data) sgc_fail(w->error, SGC_NO_MEMORY, "out of memory");
    return path.data;
}

static sgc_status find_changed(writing *w, const emit_files *files)
{
    w->changed = sgc_arena_zero(&w->arena, files->count, sizeof *w->changed);
    if (!w->changed) return sgc_fail(w->error, SGC_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < files->count; i++) {
        const emit_file *file = &files->items[i];
        const char *path = path_in(w, sgc_str_from(w->folder), file->name);
        if (!path) return SGC_NO_MEMORY;
        w->changed[i] = file->once ? !exists(w->os, path)
                                   : !holds(w->os, path, sgc_buf_as_str(&file->page.text));
        if (w->changed[i] && !file->once && is_foreign(w->os, path))
            return sgc_fail(w->error, SGC_EXISTS,
                            "%s is not a file of sgc and stays: write into another folder", path);
        w->any = w->any || w->changed[i];
    }
    return SGC_OK;
}

/* Puts all changed files into the temporary folder. */
static sgc_status write_temporary(writing *w, const emit_files *files)
{
    sgc_str base = sgc_arena_printf(&w->arena, "%s/.sgc", w->folder);
    sgc_status status = SGC_NO_MEMORY;

    if (base.data) w->temporary = fresh_name(w->os, &w->arena, base.data, w->error);
    if (!w->temporary.data) return SGC_IO;
    status = w->os->make_directory(w->os->self, w->temporary.data);
    if (status != SGC_OK) {
        sgc_fail(w->error, SGC_IO, "cannot write into folder %s: %s", w->folder, strerror(errno));
        w->temporary = sgc_str_of(NULL, 0);
        return status;
    }
    for (size_t i = 0; i < files->count && status == SGC_OK; i++) {
        if (!w->changed[i]) continue;
        const char *path = path_in(w, w->temporary, files->items[i].name);
        status = path ? write_new(w->os, path, sgc_buf_as_str(&files->items[i].page.text), w->error)
                      : SGC_NO_MEMORY;
    }
    return status;
}

/* rename() replaces a link itself, never what it points to. */
static sgc_status move_all(writing *w, const emit_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        if (!w->changed[i]) continue;
        const char *from = path_in(w, w->temporary, files->items[i].name);
        const char *to = path_in(w, sgc_str_from(w->folder), files->items[i].name);
        if (!from || !to) return SGC_NO_MEMORY;
        sgc_status status = w->os->rename(w->os->self, from, to);
        if (status != SGC_OK) return failed(w->error, status, "replace", to);
    }
    return SGC_OK;
}

static void clean(writing *w, const emit_files *files)
{
    for (size_t i = 0; w->temporary.data && i < files->count; i++) {
        const char *path = path_in(w, w->temporary, files->items[i].name);
        if (path) (void)w->os->remove(w->os->self, path);
    }
    if (w->temporary.data) (void)w->os->remove(w->os->self, w->temporary.data);
}

sgc_status emit_write(const emit_files *files, const char *folder, const char *lock_path,
                      sgc_str lock, sgc_error *error)
{
    writing w = {.os = sgc_os_posix(), .folder = folder, .error = error};
    sgc_status status = make_folders(&w.arena, folder, error);

    if (status == SGC_OK) status = find_changed(&w, files);
    if (status == SGC_OK && w.any) {
        status = write_temporary(&w, files);
        if (status == SGC_OK) status = emit_replace(lock_path, lock, error);
        if (status == SGC_OK) status = move_all(&w, files);
        sgc_error kept = error ? *error : (sgc_error){.status = SGC_OK};
        clean(&w, files);
        if (error) *error = kept;
    } else if (status == SGC_OK) {
        status = emit_replace(lock_path, lock, error);
    }
    sgc_arena_free(&w.arena);
    return status;
}
