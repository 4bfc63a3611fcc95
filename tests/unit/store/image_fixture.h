/*
 * image_fixture.h - what the tests of the checkpointed image share: a schema of two tables built
 * by hand, records for it, and a model in memory that an image is compared with.
 *
 * Person: id text key, email, age, tags (one index entry for each); Number: a BigInt key.
 */
#ifndef SGC_TESTS_IMAGE_FIXTURE_H
#define SGC_TESTS_IMAGE_FIXTURE_H

#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { PERSON = 0, NUMBER = 1, BY_ID = 0, BY_EMAIL = 1, BY_AGE = 2, BY_TAG = 3 };

static const sgc_slot fx_person_slots[] = {
    {.kind = SGC_KIND_INT, .offset = SGC_RECORD_HEAD},
    {.kind = SGC_KIND_ID, .non_null = true},
    {.kind = SGC_KIND_STRING},
    {.kind = SGC_KIND_STRING, .list = true},
    {.kind = SGC_KIND_STRING},
};
static const sgc_field fx_person_fields[] = {
    {.name = SGC_STR_INIT("age"), .slot = 0, .number = 1, .relation = SGC_NONE},
    {.name = SGC_STR_INIT("id"), .slot = 1, .number = 2, .relation = SGC_NONE},
    {.name = SGC_STR_INIT("email"), .slot = 2, .number = 3, .relation = SGC_NONE},
    {.name = SGC_STR_INIT("tags"), .slot = 3, .number = 4, .relation = SGC_NONE},
    {.name = SGC_STR_INIT("note"), .slot = 4, .number = 5, .relation = SGC_NONE},
};
static const uint16_t fx_age_field[] = {0}, fx_id_field[] = {1}, fx_email_field[] = {2},
                      fx_tags_field[] = {3};
static const sgc_index fx_person_indexes[] = {
    {.name = SGC_STR_INIT("id"), .fields = fx_id_field, .count = 1, .unique = true, .number = 1},
    {.name = SGC_STR_INIT("email"), .fields = fx_email_field, .count = 1, .number = 2},
    {.name = SGC_STR_INIT("age"), .fields = fx_age_field, .count = 1, .number = 3},
    {.name = SGC_STR_INIT("tags"),
     .fields = fx_tags_field,
     .count = 1,
     .elements = true,
     .number = 4},
};
static const sgc_slot fx_number_slots[] = {
    {.kind = SGC_KIND_BIGINT, .offset = SGC_RECORD_HEAD, .non_null = true},
};
static const sgc_field fx_number_fields[] = {
    {.name = SGC_STR_INIT("id"), .slot = 0, .number = 1, .relation = SGC_NONE},
};
static const uint16_t fx_number_id[] = {0};
static const sgc_index fx_number_indexes[] = {
    {.name = SGC_STR_INIT("id"), .fields = fx_number_id, .count = 1, .unique = true, .number = 1},
};

/* Emitted code would look like this. */
static void fx_person_key(uint16_t index, sgc_str record, sgc_key *key)
{
    const uint8_t *p = (const uint8_t *)record.data + SGC_RECORD_HEAD;
    const uint8_t *end = (const uint8_t *)record.data + record.size;
    sgc_str id, email = {NULL, 0};

    if (index == BY_AGE) {
        if (sgc_slot_is_null(p)) {
            sgc_key_null(key, false);
        } else {
            sgc_key_int(key, sgc_slot_int(p), false);
        }
        return;
    }
    p = sgc_read_str(p + 5, end, &id);
    (void)sgc_read_str(p, end, &email);
    sgc_key_text(key, email, false);
}

static const sgc_table fx_tables[] = {
    {.name = SGC_STR_INIT("Person"),
     .fields = fx_person_fields,
     .indexes = fx_person_indexes,
     .layout = {fx_person_slots, 5, 1, 1, 5},
     .code = {.index_key = fx_person_key},
     .number = 1,
     .field_count = 5,
     .index_count = 4,
     .key = 1},
    {.name = SGC_STR_INIT("Number"),
     .fields = fx_number_fields,
     .indexes = fx_number_indexes,
     .layout = {fx_number_slots, 1, 1, 1, 9},
     .number = 2,
     .field_count = 1,
     .index_count = 1,
     .key = 0},
};
static const sgc_schema fx_schema = {
    .abi = SGC_ABI,
    .version = 1,
    .name = SGC_STR_INIT("fixture"),
    .sdl = SGC_STR_INIT("type Person { id: ID! }"),
    .numbering = SGC_STR_INIT("none"),
    .hash = 42,
    .tables = fx_tables,
    .table_count = 2,
};

/* ---- random numbers that repeat ---- */

static inline uint64_t fx_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15U);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

/* ---- records ---- */

typedef struct fx_person {
    sgc_str id, email;
    int32_t age;   /**< INT32_MIN: null */
    unsigned tags; /**< bit i: the tag "tag<i>" */
    size_t note;   /**< bytes of the note, filled from its size */
} fx_person;

/** The record, to be given back with free(): no memory of sgc, which tests make run out. */
static inline sgc_str fx_record(const fx_person *person)
{
    size_t most = 200 + person->id.size + person->email.size + person->note;
    uint8_t *bytes = malloc(most), *note = malloc(person->note + 1);
    char tag[8];
    unsigned count = 0;

    if (!bytes || !note) abort();
    uint8_t *p = sgc_put_record_head(bytes, 5, 1);
    p = sgc_put_int(p, person->age != INT32_MIN, person->age);
    p = sgc_put_str(p, person->id);
    p = sgc_put_str(p, person->email);
    for (unsigned i = 0; i < 16; i++)
        count += person->tags >> i & 1;
    p = sgc_put_array(p, count);
    for (unsigned i = 0; i < 16; i++) {
        if (!(person->tags >> i & 1)) continue;
        int size = snprintf(tag, sizeof tag, "tag%u", i);
        p = sgc_put_str(p, sgc_str_of(tag, (size_t)size));
    }
    for (size_t i = 0; i < person->note; i++)
        note[i] = (uint8_t)('a' + (i * 7 + most) % 26);
    p = sgc_put_str(p, sgc_str_of((char *)note, person->note));
    free(note);
    return sgc_str_of((char *)bytes, (size_t)(p - bytes));
}

static inline sgc_str fx_number_record(int64_t value, uint8_t bytes[SGC_RECORD_HEAD + 9])
{
    uint8_t *p = sgc_put_record_head(bytes, 1, 1);

    p = sgc_put_int64(p, true, value);
    return sgc_str_of((const char *)bytes, (size_t)(p - bytes));
}

/* ---- the model ---- */

typedef struct fx_row {
    sgc_str key; /**< owned by the model's arena */
    char *record;
    size_t size;
    uint64_t begin;
    bool present;
} fx_row;

/** Rows of Person by number; their keys never change. */
typedef struct fx_model {
    fx_row *rows;
    size_t count;
    sgc_arena arena;
} fx_model;

static inline sgc_str fx_row_record(const fx_row *row)
{
    return row->present ? sgc_str_of(row->record, row->size) : sgc_str_of(NULL, 0);
}

/** Keys of many lengths, up to the longest; all different. */
static inline bool fx_model_create(fx_model *model, size_t count, size_t longest, uint64_t seed)
{
    *model = (fx_model){.count = count};
    model->rows = calloc(count, sizeof *model->rows);
    char text[SGC_KEY_MAX + 1];

    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)snprintf(text, sizeof text, "k%06zu", i);
        size_t want = size + (fx_random(&seed) % 8 == 0 ? fx_random(&seed) % (longest + 1) : 0);
        if (want > longest) want = longest;
        while (size < want)
            text[size++] = (char)('a' + fx_random(&seed) % 26);
        model->rows[i].key = sgc_arena_str(&model->arena, sgc_str_of(text, size));
        if (!model->rows[i].key.data) return false;
    }
    return true;
}

static inline void fx_model_free(fx_model *model)
{
    for (size_t i = 0; i < model->count; i++)
        free(model->rows[i].record);
    free(model->rows);
    sgc_arena_free(&model->arena);
}

static inline void fx_model_put(fx_row *row, sgc_str record, uint64_t begin)
{
    free(row->record);
    row->record = malloc(record.size + 1);
    if (!row->record) abort();
    memcpy(row->record, record.data, record.size);
    row->size = record.size;
    row->begin = begin;
    row->present = true;
}

/** A copy to go back to. */
static inline void fx_model_copy(const fx_model *from, fx_model *to)
{
    *to = (fx_model){.count = from->count};
    to->rows = calloc(from->count, sizeof *to->rows);
    if (!to->rows) abort();
    for (size_t i = 0; i < from->count; i++) {
        to->rows[i].key = sgc_arena_str(&to->arena, from->rows[i].key);
        if (!to->rows[i].key.data) abort();
        if (from->rows[i].present)
            fx_model_put(&to->rows[i], fx_row_record(&from->rows[i]), from->rows[i].begin);
    }
}

/* ---- comparing an image with the model ---- */

typedef struct fx_entry {
    uint8_t bytes[SGC_ENTRY_MAX];
    size_t size, key_size, row;
} fx_entry;

static inline int fx_entry_compare(const void *a, const void *b)
{
    const fx_entry *left = *(fx_entry *const *)a, *right = *(fx_entry *const *)b;
    return sgc_str_compare(sgc_str_of((const char *)left->bytes, left->size),
                           sgc_str_of((const char *)right->bytes, right->size));
}

typedef struct fx_entries {
    fx_entry **items;
    size_t count, capacity;
} fx_entries;

static inline void fx_add_entry(fx_entries *all, const sgc_key *key, sgc_str row_key, size_t row)
{
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? all->capacity * 2 : 64;
        all->items = realloc(all->items, all->capacity * sizeof *all->items);
    }
    fx_entry *entry = malloc(sizeof *entry);
    if (!entry || !all->items) abort();
    entry->size = (key ? key->size : 0) + row_key.size;
    if (key) memcpy(entry->bytes, key->bytes, key->size);
    memcpy(entry->bytes + (entry->size - row_key.size), row_key.data, row_key.size);
    entry->key_size = row_key.size;
    entry->row = row;
    all->items[all->count++] = entry;
}

/** All entries of an index that the model's rows have, in order. */
static inline fx_entries fx_model_entries(const fx_model *model, uint16_t index)
{
    fx_entries all = {0};

    for (size_t i = 0; i < model->count; i++) {
        sgc_str record = fx_row_record(&model->rows[i]);
        sgc_key key;
        bool has_null;
        if (!record.data) continue;
        if (index == BY_ID) fx_add_entry(&all, NULL, model->rows[i].key, i);
        for (uint32_t element = 0; index != BY_ID; element++) {
            if (index == BY_TAG) {
                if (sgc_index_entry(&fx_tables[PERSON], index, record, element, &key, &has_null))
                    break;
            } else {
                if (element > 0) break;
                sgc_key_start(&key);
                fx_person_key(index, record, &key);
            }
            fx_add_entry(&all, &key, model->rows[i].key, i);
        }
    }
    if (all.count) qsort(all.items, all.count, sizeof *all.items, fx_entry_compare);
    return all;
}

static inline void fx_entries_free(fx_entries *all)
{
    for (size_t i = 0; i < all->count; i++)
        free(all->items[i]);
    free(all->items);
}

static inline bool fx_same_row(const fx_row *row, const sgc_stored_row *stored)
{
    return row->begin == stored->begin && sgc_str_eq(fx_row_record(row), stored->record);
}

static inline bool fx_complain(const char *what, size_t where)
{
    printf("\n    %s at %zu\n", what, where);
    return false;
}

/** One walk from a bound in one direction against the sorted entries; `skips` of 5 rows are not
 * asked for. */
static inline bool fx_check_walk(sgc_checkpoint *checkpoint, const fx_model *model,
                                 const fx_entries *all, uint16_t index, bool descending,
                                 sgc_str bound, size_t most, unsigned skips)
{
    sgc_page_cursor cursor;
    sgc_stored_row row;
    sgc_error error = {0};
    size_t at = 0;
    bool good = true;

    while (bound.data && at < all->count &&
           sgc_str_compare(sgc_str_of((char *)all->items[at]->bytes, all->items[at]->size), bound) <
               0)
        at++;
    if (!bound.data && descending) at = all->count;
    size_t left = descending ? at : all->count - at;
    if (descending) at--;
    sgc_page_cursor_open(&cursor, checkpoint, PERSON, index, descending);
    sgc_status status = sgc_page_cursor_seek(&cursor, bound, &error);
    for (size_t n = 0; good && n < most && status == SGC_OK; n++) {
        if (cursor.valid != (left > 0)) good = fx_complain("cursor ends elsewhere", at);
        if (!good || left-- == 0) break;
        const fx_entry *entry = all->items[at];
        if (!sgc_str_eq(cursor.entry, sgc_str_of((const char *)entry->bytes, entry->size)) ||
            cursor.key_size != entry->key_size)
            good = fx_complain("another entry", at);
        bool skipped = sgc_hash(&n, sizeof n, most) % 5 < skips;
        if (!skipped) status = sgc_page_cursor_row(&cursor, &row, &error);
        if (status == SGC_OK && !skipped && !fx_same_row(&model->rows[entry->row], &row))
            good = fx_complain("another row", at);
        if (status == SGC_OK) status = sgc_page_cursor_next(&cursor, &error);
        at = descending ? at - 1 : at + 1;
    }
    sgc_page_cursor_close(&cursor);
    if (status) printf("\n    %s\n", error.text);
    return good && status == SGC_OK;
}

/** All entries from low to before high, in one direction, with their rows; the entries of some
 * are not asked for. */
static inline bool fx_check_range(sgc_checkpoint *checkpoint, const fx_model *model,
                                  const fx_entries *all, uint16_t index, bool descending,
                                  sgc_str low, sgc_str high)
{
    sgc_page_cursor cursor;
    sgc_stored_row row;
    sgc_error error = {0};
    size_t end = all->count;
    bool good = true;

    sgc_page_cursor_open(&cursor, checkpoint, PERSON, index, descending);
    sgc_page_cursor_until(&cursor, descending ? low : high);
    sgc_status status = sgc_page_cursor_seek(&cursor, descending ? high : low, &error);
    bool has_row = false;
    for (size_t i = 0; good && status == SGC_OK && i < end; i++) {
        const fx_entry *entry = all->items[descending ? end - 1 - i : i];
        sgc_str bytes = sgc_str_of((const char *)entry->bytes, entry->size);
        if (sgc_str_compare(bytes, low) < 0 || sgc_str_compare(bytes, high) >= 0) continue;
        good = cursor.valid;
        if (!has_row && good) status = sgc_page_cursor_row(&cursor, &row, &error);
        if (status || !good) break;
        good = fx_same_row(&model->rows[entry->row], &row);
        if (i % 3 && !cursor.entry.data) sgc_page_cursor_show(&cursor);
        if (cursor.entry.data) good = good && sgc_str_eq(cursor.entry, bytes);
        has_row = i % 5 != 0;
        status = has_row ? sgc_page_cursor_next_row(&cursor, &row, &error)
                         : sgc_page_cursor_next(&cursor, &error);
    }
    if (cursor.valid || !good) good = fx_complain("a range ends elsewhere", all->count);
    sgc_page_cursor_close(&cursor);
    if (status) printf("\n    %s\n", error.text);
    return good && status == SGC_OK;
}

/** The first entry that begins with `prefix`, if there is one. */
static inline bool fx_check_find(sgc_checkpoint *checkpoint, const fx_model *model,
                                 const fx_entries *all, uint16_t index, sgc_str prefix)
{
    const fx_entry *first = NULL;
    sgc_arena arena = {0};
    sgc_stored_row row;
    sgc_error error = {0};

    for (size_t i = 0; !first && i < all->count; i++)
        if (all->items[i]->size >= prefix.size &&
            memcmp(all->items[i]->bytes, prefix.data, prefix.size) == 0)
            first = all->items[i];
    sgc_status status =
        sgc_checkpoint_find(checkpoint, PERSON, index, prefix, &arena, &row, &error);
    bool good = status == (first ? SGC_OK : SGC_NOT_FOUND) &&
                (!first || fx_same_row(&model->rows[first->row], &row));
    sgc_arena_free(&arena);
    return good || fx_complain("another row is found", all->count);
}

static inline bool fx_check_index(sgc_checkpoint *checkpoint, const fx_model *model, uint16_t index,
                                  uint64_t *seed)
{
    fx_entries all = fx_model_entries(model, index);
    sgc_str none = {NULL, 0};
    bool good = true;

    for (unsigned skips = 0; good && skips < 4; skips += 3)
        good = fx_check_walk(checkpoint, model, &all, index, false, none, SIZE_MAX, skips) &&
               fx_check_walk(checkpoint, model, &all, index, true, none, SIZE_MAX, skips);

    for (int i = 0; good && i < 30; i++) {
        sgc_key bound;
        sgc_key_start(&bound);
        if (all.count && i % 3) {
            const fx_entry *entry = all.items[fx_random(seed) % all.count];
            size_t size = entry->size < SGC_KEY_MAX ? entry->size : SGC_KEY_MAX;
            if (i % 3 == 2 && size) size = fx_random(seed) % size;
            sgc_key_raw(&bound, sgc_str_of((const char *)entry->bytes, size));
        } else {
            uint64_t random = fx_random(seed);
            sgc_key_raw(&bound, sgc_str_of((const char *)&random, random % 8));
        }
        good = fx_check_walk(checkpoint, model, &all, index, i & 1, sgc_key_str(&bound), 20, 1);
        if (good && bound.size)
            good = fx_check_find(checkpoint, model, &all, index, sgc_key_str(&bound));
        if (!good || all.count == 0) continue;
        const fx_entry *other = all.items[fx_random(seed) % all.count];
        sgc_str ends[2] = {sgc_key_str(&bound),
                           sgc_str_of((const char *)other->bytes, other->size)};
        bool turned = sgc_str_compare(ends[0], ends[1]) > 0;
        good =
            fx_check_range(checkpoint, model, &all, index, i / 3 & 1, ends[turned], ends[!turned]);
    }
    fx_entries_free(&all);
    return good;
}

static inline bool fx_check_gets(sgc_checkpoint *checkpoint, const fx_model *model)
{
    sgc_arena arena = {0};
    sgc_error error = {0};
    sgc_stored_row row;
    size_t present = 0;
    bool good = true;

    for (size_t i = 0; good && i < model->count; i++) {
        const fx_row *expected = &model->rows[i];
        sgc_status status =
            sgc_checkpoint_get(checkpoint, PERSON, expected->key, &arena, &row, &error);
        present += expected->present;
        if (status != (expected->present ? SGC_OK : SGC_NOT_FOUND))
            good = fx_complain(status < 0 ? error.text : "get answers otherwise", i);
        else if (status == SGC_OK && !fx_same_row(expected, &row))
            good = fx_complain("get gives another row", i);
        sgc_arena_reset(&arena);
    }
    if (good && sgc_checkpoint_rows(checkpoint, PERSON) != present)
        good = fx_complain("another count of rows", present);
    sgc_arena_free(&arena);
    return good;
}

static inline bool fx_check(sgc_checkpoint *checkpoint, const fx_model *model, uint64_t *seed)
{
    bool good = fx_check_gets(checkpoint, model);

    for (uint16_t index = 0; good && index < 4; index++)
        good = fx_check_index(checkpoint, model, index, seed);
    return good;
}

static inline bool fx_verify(sgc_pages *pages)
{
    sgc_buf report = {0};
    sgc_status status = sgc_pages_verify(pages, &report);

    if (status)
        printf("\n    verify (%d): " SGC_FMT "\n", status, SGC_ARG(sgc_buf_as_str(&report)));
    sgc_buf_free(&report);
    return status == SGC_OK;
}

/* ---- random changes ---- */

/** Sizes of rows that a script makes. */
typedef struct fx_script {
    unsigned deletes;   /**< percent */
    size_t note;        /**< longest ordinary note */
    size_t large;       /**< longest note of one row in 20, 0: none */
    size_t first, last; /**< rows it touches; last 0: all */
} fx_script;

/** One row as it is now; a null record: gone. */
static inline sgc_status fx_put(sgc_flush *flush, uint16_t table, sgc_str key, uint64_t begin,
                                sgc_str record, sgc_error *error)
{
    sgc_version version = {.sequence = begin, .record = record};

    return sgc_flush_row(flush, table, key, &version, error);
}

static inline sgc_status fx_change(sgc_flush *flush, fx_model *model, size_t at, uint64_t begin,
                                   const fx_script *script, uint64_t *seed, sgc_error *error)
{
    fx_row *row = &model->rows[at];
    char email[40];

    if (fx_random(seed) % 100 < script->deletes) {
        row->present = false;
        return fx_put(flush, PERSON, row->key, begin, sgc_str_of(NULL, 0), error);
    }
    int size = snprintf(email, sizeof email, "%llx@example.org",
                        (unsigned long long)fx_random(seed) % 5000);
    fx_person person = {.id = row->key,
                        .email = fx_random(seed) % 9 ? sgc_str_of(email, (size_t)size)
                                                     : sgc_str_of(NULL, 0),
                        .age = fx_random(seed) % 7 ? (int32_t)(fx_random(seed) % 90) : INT32_MIN,
                        .tags = (unsigned)(fx_random(seed) & fx_random(seed) & 0xFFFF),
                        .note = fx_random(seed) % (script->note + 1)};
    if (script->large && fx_random(seed) % 20 == 0)
        person.note = fx_random(seed) % (script->large + 1);
    sgc_str record = fx_record(&person);
    fx_model_put(row, record, begin);
    sgc_status status = fx_put(flush, PERSON, row->key, begin, record, error);
    free((char *)(uintptr_t)record.data);
    return status;
}

/** `changes` random changes to the model and the flush. */
static inline sgc_status fx_run(sgc_flush *flush, fx_model *model, size_t changes, uint64_t begin,
                                const fx_script *script, uint64_t *seed, sgc_error *error)
{
    size_t last = script->last ? script->last : model->count;

    for (size_t i = 0; i < changes; i++) {
        size_t at = script->first + fx_random(seed) % (last - script->first);
        sgc_status status = fx_change(flush, model, at, begin, script, seed, error);
        if (status) return status;
    }
    return SGC_OK;
}

#endif
