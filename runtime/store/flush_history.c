/*
 * flush_history.c - what a flush hands over to the history: versions it supersedes, commits and
 * what they changed; and the manifest of the segments that the next root names. Segments themselves
 * are history.c.
 */
#include "store/image.h"

/* Nothing is written for a flush that has nothing for the history. */
static sgc_status need_writer(sgc_flush *flush, sgc_error *error)
{
    if (flush->writer) return SGC_OK;
    return sgc_history_begin(flush->pages->history, flush->base->segments, &flush->writer, error);
}

sgc_status sgc_flush_add_commit(sgc_flush *flush, uint64_t sequence, uint64_t time_us,
                                sgc_error *error)
{
    sgc_status status = flush->broken;

    if (status) return sgc_fail(error, status, "the flush has failed before");
    status = need_writer(flush, error);
    if (status == SGC_OK) status = sgc_history_add_commit(flush->writer, sequence, time_us, error);
    if (status) flush->broken = status;
    return status;
}

/* One write set may have changed a row several times; its last version is what it committed. */
static const sgc_version *committed_before(const sgc_version *version)
{
    const sgc_version *older = version->older;

    while (older && older->sequence == version->sequence)
        older = older->older;
    return older;
}

sgc_status sgc_flush_keep(sgc_flush *flush, uint16_t table, sgc_str key, const sgc_version *newest,
                          const sgc_stored_row *row, sgc_error *error)
{
    const sgc_version *older;

    if (!flush->image.schema->tables[table].history) return SGC_OK;
    sgc_status status = need_writer(flush, error);
    for (const sgc_version *now = newest; status == SGC_OK && now; now = older) {
        older = committed_before(now);
        sgc_str before = older ? older->record : row->record;
        uint64_t begin = older ? older->sequence : row->begin;
        bool was = !sgc_str_is_null(before), is = !sgc_str_is_null(now->record);
        sgc_op op = !is ? SGC_OP_DELETE : was ? SGC_OP_UPDATE : SGC_OP_INSERT;
        if (!was && !is) continue;
        status = sgc_history_add_change(flush->writer, now->sequence, table, key, op, error);
        if (status == SGC_OK && was)
            status = sgc_history_add_version(flush->writer, table, key, begin, now->sequence,
                                             before, error);
    }
    return status;
}

sgc_status sgc_flush_note_load(sgc_flush *flush, uint16_t table, uint64_t sequence,
                               sgc_error *error)
{
    if (!flush->image.schema->tables[table].history) return SGC_OK;
    sgc_status status = need_writer(flush, error);
    if (status == SGC_OK)
        status = sgc_history_add_change(flush->writer, sequence, table, SGC_STR(""), SGC_OP_INSERT,
                                        error);
    if (status) flush->broken = status;
    return status;
}

void sgc_flush_set_history(sgc_flush *flush, sgc_segments *segments)
{
    sgc_segments_release(flush->segments);
    flush->segments = sgc_segments_retain(segments);
}

static sgc_status finish_segment(sgc_flush *flush, uint64_t through, sgc_error *error)
{
    sgc_history_writer *writer = flush->writer;

    if (!writer) {
        if (!flush->segments) sgc_flush_set_history(flush, flush->base->segments);
        return SGC_OK;
    }
    sgc_segments_release(flush->segments);
    flush->segments = NULL;
    flush->writer = NULL;
    return sgc_history_finish(writer, through, &flush->segments, error);
}

static sgc_status write_manifest(sgc_flush *flush, sgc_error *error)
{
    sgc_tree *tree = &flush->image.root_trees[SGC_ROOT_HISTORY];
    sgc_buf manifest = {0};
    sgc_status status = sgc_segments_encode(flush->segments, &manifest);

    if (status == SGC_OK && manifest.failed) status = SGC_NO_MEMORY;
    if (status) sgc_fail(error, status, "%s", sgc_status_text(status));
    if (status == SGC_OK) status = sgc_write_clear(flush, tree, error);
    if (status == SGC_OK) status = sgc_write_bytes(flush, tree, sgc_buf_as_str(&manifest), error);
    sgc_buf_free(&manifest);
    return status;
}

sgc_status sgc_flush_end_history(sgc_flush *flush, uint64_t through, sgc_error *error)
{
    sgc_status status = finish_segment(flush, through, error);
    bool written = flush->image.root_trees[SGC_ROOT_HISTORY].count > 0;

    if (status == SGC_OK && (!written || flush->segments != flush->base->segments))
        status = write_manifest(flush, error);
    return status;
}

void sgc_flush_drop_history(sgc_flush *flush)
{
    sgc_history_abort(flush->writer);
    sgc_segments_release(flush->segments);
    flush->writer = NULL;
    flush->segments = NULL;
}
