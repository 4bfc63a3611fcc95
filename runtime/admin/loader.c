/*
 * loader.c - the way that loaded rows go. Tables without rows get theirs past the MemTables, all at
 * once when the text ends (sgc_load); everything else is for transactions: upserts, batches, and
 * tables that hold rows. Either way a text, or a batch, is there wholly or not at all, and what is
 * refused is told with its line. How one row is made is row.c.
 */
#include "admin/row.h"

/* ---- where rows of a transaction came from ---- */

static uint64_t hash_of(uint16_t table, sgc_str key)
{
    return sgc_hash(key.data, key.size, table);
}

sgc_status sgc_loader_note(sgc_loader *loader, uint16_t table, sgc_str key)
{
    if (loader->load) return SGC_OK; /* which knows it itself */
    if (!SGC_GROW(loader->origins, loader->origin_count, loader->origin_capacity))
        return sgc_fail(&loader->writer.error, SGC_NO_MEMORY, "out of memory");
    loader->origins[loader->origin_count++] = (sgc_row_origin){hash_of(table, key), loader->line};
    return SGC_OK;
}

static uint64_t line_of(const sgc_loader *loader, const sgc_row_name *row)
{
    uint64_t hash = hash_of(row->table, sgc_key_str(&row->key));

    for (size_t i = 0; i < loader->origin_count; i++)
        if (loader->origins[i].hash == hash) return loader->origins[i].line;
    return 0;
}

/* ---- which way ---- */

static void give_up_load(sgc_loader *loader)
{
    if (!loader->load) return;
    loader->writer.txn = NULL; /* the load's */
    sgc_load_abort(&loader->load);
}

/* SGC_EXISTS: it holds rows. */
static sgc_status claim(sgc_loader *loader, uint16_t table)
{
    const sgc_table *model = &loader->schema->tables[table];
    sgc_status status = sgc_load_claim(loader->load, table);

    for (uint16_t i = 0; status == SGC_OK && i < model->relation_count; i++)
        if (model->relations[i].kind == SGC_RELATION_LINK)
            status = sgc_load_claim(loader->load, model->relations[i].link);
    return status;
}

sgc_status sgc_loader_start(sgc_loader *loader, bool again, sgc_error *error)
{
    const sgc_load_text_options *options = loader->options;

    if (again || options->upsert || options->batch) return SGC_OK;
    sgc_status status = sgc_load_begin(loader->db, NULL, &loader->load, error);
    return status == SGC_BUSY ? SGC_OK : status;
}

sgc_status sgc_loader_take(sgc_loader *loader, uint16_t table, sgc_error *error)
{
    if (!loader->load) return SGC_OK;
    sgc_status status = claim(loader, table);
    if (status == SGC_OK) return SGC_OK;
    (void)sgc_fail(error, status, "%s", sgc_load_errmsg(loader->load));
    if (status != SGC_EXISTS) return status;
    give_up_load(loader);
    loader->again = loader->rows > 0;
    return loader->again ? SGC_EXISTS : SGC_OK;
}

sgc_status sgc_loader_begin(sgc_loader *loader, sgc_error *error)
{
    sgc_writer *writer = &loader->writer;

    if (loader->load) {
        writer->txn = sgc_load_txn(loader->load);
        sgc_load_place(loader->load, loader->line);
        return SGC_OK;
    }
    if (writer->txn) return SGC_OK;
    sgc_status status = sgc_begin(loader->db, &writer->txn);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_status_text(status));
    sgc_txn_defer_foreign_keys(writer->txn);
    return SGC_OK;
}

/* ---- ending ---- */

static sgc_status refused(const sgc_commit_info *info, sgc_status status, sgc_error *error)
{
    const char *words = info->error.text[0] ? info->error.text : sgc_status_text(status);

    if (info->other_place == 0) return sgc_fail(error, status, "%s", words);
    return sgc_fail(error, status, "%s (line %llu)", words, (unsigned long long)info->other_place);
}

static sgc_status commit_load(sgc_loader *loader, sgc_error *error)
{
    sgc_commit_info info = {0};

    loader->writer.txn = NULL;
    sgc_status status = sgc_load_commit(&loader->load, &info);
    loader->line = info.place;
    return status == SGC_OK ? SGC_OK : refused(&info, status, error);
}

sgc_status sgc_loader_commit(sgc_loader *loader, sgc_error *error)
{
    sgc_commit_info info = {0};
    sgc_row_name child;

    loader->line = 0;
    loader->pending = 0;
    if (loader->load) return commit_load(loader, error);
    if (!loader->writer.txn) return SGC_OK;
    sgc_status status = sgc_txn_check_parents(loader->writer.txn, &child);
    if (status == SGC_FOREIGN_KEY) loader->line = line_of(loader, &child);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_errmsg(loader->writer.txn));
    loader->origin_count = 0;
    status = sgc_commit(&loader->writer.txn, &info);
    loader->committed = status == SGC_OK ? loader->rows : loader->committed;
    return status == SGC_OK ? SGC_OK : refused(&info, status, error);
}

void sgc_loader_end(sgc_loader *loader)
{
    give_up_load(loader);
    sgc_abort(&loader->writer.txn);
    sgc_arena_free(&loader->arena);
    sgc_free(loader->origins);
}
