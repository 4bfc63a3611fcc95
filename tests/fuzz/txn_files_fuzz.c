/*
 * txn_files_fuzz.c - the files of a small database with a past, made over by anybody: root, pages,
 * log and history, with every checksum made to hold again. Whatever is in them, opening, reading
 * everything, verifying, writing and compacting end with an answer or an error.
 *
 * The input is a list of edits of 5 bytes: which file, where (3 bytes), and what is put there.
 */
#include "crash/workload_model.h"
#include "sim/disk.h"
#include "store/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EDIT = 5, EDITS_MOST = 40, BATCH_HEAD = 64, BLOCK = 4096, ROWS = 40, ROUNDS = 12 };

static struct disk disk; /* made once */
static char room[ENTRY_VALUE_MAX + 3 * ENTRY_TEXT_MAX];

static void must(sgc_status status)
{
    if (status != SGC_OK) abort();
}

/* ---- the database ---- */

static sgc_status open_db(sgc_memory_os *memory, sgc_db **db)
{
    sgc_db_options options = {.os = sgc_memory_os_table(memory),
                              .cache_bytes = 1 << 20,
                              .memtable_bytes = 1 << 20,
                              .log_segment_bytes = 16 << 10};

    return sgc_db_open("data", &entry_schema, &options, db, NULL);
}

static sgc_status put(sgc_txn *txn, unsigned row, unsigned round)
{
    char key[20], tag[30], value[3000];
    int key_size = snprintf(key, sizeof key, "k%u", row);
    int tag_size = snprintf(tag, sizeof tag, "t%u-%u", row, round);
    int size = snprintf(value, sizeof value, "%0*u", row % 9 ? 20 : 2900, round);
    sgc_str pk = sgc_str_of(key, (size_t)key_size), old;
    sgc_str record = entry_record(room, pk, sgc_str_of(tag, (size_t)tag_size),
                                  sgc_str_of(value, (size_t)size), (int32_t)(row % 5));
    sgc_status status = sgc_row_get(txn, 0, pk, &old);

    if (status == SGC_NOT_FOUND) return sgc_row_insert(txn, 0, pk, record);
    if (status != SGC_OK) return status;
    return (row + round) % 7 ? sgc_row_update(txn, 0, pk, record) : sgc_row_delete(txn, 0, pk);
}

static sgc_status write_round(sgc_db *db, unsigned round)
{
    sgc_txn *txn;
    sgc_status status = sgc_begin(db, &txn);

    if (status != SGC_OK) return status;
    for (unsigned row = round % 3; status == SGC_OK && row < ROWS; row += 3)
        status = put(txn, row, round);
    if (status == SGC_OK) return sgc_commit(&txn, NULL);
    sgc_abort(&txn);
    return status;
}

static void make_disk(void)
{
    sgc_memory_os *memory;
    sgc_db *db;

    must(sgc_memory_os_create(&memory));
    sgc_memory_os_set_time(memory, (uint64_t)1700000000 * 1000000);
    must(open_db(memory, &db));
    for (unsigned round = 0; round < ROUNDS; round++) {
        must(write_round(db, round));
        if (round % 4 == 1) must(sgc_db_flush(db));
    }
    copy_disk(&disk, sgc_memory_os_table(memory));
    must(sgc_db_close(db));
    sgc_memory_os_destroy(memory);
}

/* ---- checksums ---- */

static void seal_pages(struct copied_file *file)
{
    for (size_t at = 0; at + SGC_PAGE_SIZE <= file->size; at += SGC_PAGE_SIZE) {
        uint8_t *page = file->data + at;
        size_t skip = at == 0 ? 12 : 4;
        sgc_store32(page + skip - 4, sgc_crc32c(0, page + skip, SGC_PAGE_SIZE - skip));
    }
}

static void seal_root(struct copied_file *file)
{
    for (size_t at = 0; at + SGC_ROOT_BYTES <= file->size; at += SGC_ROOT_BYTES) {
        uint8_t *root = file->data + at;
        sgc_store32(root + 8, sgc_crc32c(0, root + 12, SGC_ROOT_BYTES - 12));
    }
}

static void seal_log(struct copied_file *file)
{
    if (file->size < BLOCK) return;
    sgc_store32(file->data + 60, sgc_crc32c(0, file->data, 60));
    uint32_t chain = sgc_load32(file->data + 48);
    for (size_t at = BLOCK; at + BLOCK <= file->size;) {
        uint8_t *batch = file->data + at;
        uint64_t events = sgc_load64(batch + 32);
        if (memcmp(batch, "SGLB", 4) != 0 || events > file->size - at - BATCH_HEAD) return;
        chain = sgc_crc32c(chain, batch + 8, 52);
        chain = sgc_crc32c(chain, batch + BATCH_HEAD, (size_t)events);
        sgc_store32(batch + 4, chain);
        sgc_store32(batch + 60, sgc_crc32c(0, batch, 60));
        at += (BATCH_HEAD + (size_t)events + BLOCK - 1) / BLOCK * BLOCK;
    }
}

static void seal(struct copied_file *file)
{
    if (file->kind == ROOT) seal_root(file);
    if (file->kind == PAGES) seal_pages(file);
    if (file->kind == LOG) seal_log(file);
}

/* ---- reading everything ---- */

static void read_at(sgc_db *db, sgc_moment moment)
{
    sgc_str record, found, key, tag, value;
    sgc_txn *txn;

    if (sgc_begin_read(db, moment, &txn) != SGC_OK) return;
    for (uint16_t index = 0; index < 3; index++) {
        sgc_range range = {.descending = index == 1};
        sgc_cursor cursor = sgc_cursor_open(txn, 0, index, &range);
        for (unsigned i = 0; i < 10 * ROWS && sgc_cursor_next(&cursor, &record); i++) {
            (void)entry_texts(record, &key, &tag, &value);
            sgc_status status = sgc_row_get(txn, 0, sgc_cursor_key(&cursor), &found);
            if (status != SGC_OK) break;
        }
        sgc_cursor_end(&cursor);
    }
    sgc_abort(&txn);
}

static void read_past(sgc_db *db)
{
    sgc_row_change change;
    sgc_row_version version;
    sgc_txn *txn;

    if (sgc_begin_read(db, sgc_now(), &txn) != SGC_OK) return;
    sgc_changes changes = sgc_changes_since(txn, 0, 0, SGC_NONE);
    for (unsigned i = 0; i < 1000 && sgc_changes_next(&changes, &change); i++)
        continue;
    sgc_changes_end(&changes);
    sgc_versions versions = sgc_versions_open(txn, 0, sgc_str_of(NULL, 0), NULL, false);
    for (unsigned i = 0; i < 1000 && sgc_versions_next(&versions, &version); i++)
        continue;
    sgc_versions_end(&versions);
    sgc_abort(&txn);
}

static void use(sgc_db *db)
{
    sgc_buf report = {0};
    uint64_t head = sgc_db_head(db);

    (void)!sgc_db_verify(db, &report);
    sgc_buf_free(&report);
    read_at(db, sgc_now());
    for (uint64_t at = 1; at < head && at < ROUNDS; at += 3)
        read_at(db, sgc_at_seq(at));
    read_past(db);
    for (unsigned round = 0; round < 2; round++) {
        if (write_round(db, ROUNDS + round) != SGC_OK) break;
    }
    if (sgc_db_flush(db) == SGC_OK && sgc_db_compact(db, NULL) == SGC_OK) read_at(db, sgc_now());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk copy;
    sgc_memory_os *memory;
    sgc_db *db;

    if (disk.count == 0) make_disk();
    copy = disk;
    for (size_t i = 0; i < copy.count; i++) {
        copy.files[i].data = malloc(copy.files[i].size + 1);
        if (!copy.files[i].data) abort();
        memcpy(copy.files[i].data, disk.files[i].data, copy.files[i].size);
    }
    for (size_t i = 0; i + EDIT <= size && i < (size_t)EDIT * EDITS_MOST; i += EDIT) {
        struct copied_file *file = &copy.files[data[i] % copy.count];
        size_t at = data[i + 1] | (size_t)data[i + 2] << 8 | (size_t)data[i + 3] << 16;
        if (file->size) file->data[at % file->size] = data[i + 4];
        seal(file);
    }
    must(sgc_memory_os_create(&memory));
    write_disk(&copy, sgc_memory_os_table(memory));
    if (open_db(memory, &db) == SGC_OK) {
        use(db);
        (void)sgc_db_close(db);
    }
    sgc_memory_os_destroy(memory);
    free_disk(&copy);
    return 0;
}
