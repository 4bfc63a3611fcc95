/* model.h - builds models from SDL texts for the tests of this room. */
#ifndef SGC_TESTS_SCHEMA_MODEL_H
#define SGC_TESTS_SCHEMA_MODEL_H

#include "schema/schema.h"
#include "unit/unit.h"

typedef struct model {
    sgc_arena arena;
    sgc_diagnostics diagnostics;
    sgc_schema_built built;
    const sgc_schema *schema;
    sgc_status status;
    sgc_buf errors; /* "line:column message\n" for each */
} model;

static inline void model_errors(model *m)
{
    m->errors.size = 0;
    for (const sgc_diagnostic *d = m->diagnostics.first; d; d = d->next) {
        if (d->place_count) {
            sgc_position at = sgc_source_position(d->places[0].source, d->places[0].span.start);
            sgc_buf_printf(&m->errors, "%u:%u ", at.line, at.column);
        }
        sgc_buf_str(&m->errors, d->message);
        sgc_buf_byte(&m->errors, '\n');
    }
}

/* lock may be NULL. */
static inline void model_build(model *m, const char *sdl, const char *lock)
{
    sgc_schema_file file = {SGC_STR("test.graphql"), sgc_str_from(sdl)};

    *m = (model){0};
    m->diagnostics.arena = &m->arena;
    m->status = sgc_schema_build(&file, 1, SGC_STR("test"), sgc_str_from(lock), &m->arena,
                                 &m->diagnostics, &m->built);
    m->schema = m->built.schema;
    model_errors(m);
}

static inline void model_free(model *m)
{
    sgc_buf_free(&m->errors);
    sgc_arena_free(&m->arena);
}

/* A model that must build. */
static inline bool model_good(model *m, const char *sdl)
{
    model_build(m, sdl, NULL);
    if (m->status != SGC_OK)
        printf("\n    status %d: " SGC_FMT, (int)m->status, SGC_ARG(sgc_buf_as_str(&m->errors)));
    CU_ASSERT_EQUAL(m->status, SGC_OK);
    return m->status == SGC_OK;
}

/* A schema that must be refused with exactly these words. */
static inline void model_bad(const char *sdl, const char *errors)
{
    model m;

    model_build(&m, sdl, NULL);
    CU_ASSERT_EQUAL(m.status, SGC_INVALID);
    UNIT_STR(sgc_buf_as_str(&m.errors), errors);
    model_free(&m);
}

static inline const sgc_table *model_table(const model *m, const char *name)
{
    uint16_t at = sgc_schema_table(m->schema, sgc_str_from(name));
    static const sgc_table none;

    if (at == SGC_NONE) printf("\n    no table %s", name);
    CU_ASSERT_NOT_EQUAL(at, SGC_NONE);
    return at == SGC_NONE ? &none : &m->schema->tables[at];
}

static inline const char *model_kind(sgc_kind kind)
{
    static const char *const names[] = {
        "?",    "Boolean", "Enum", "Int",  "BigInt",  "Float", "DateTime", "Date",
        "Time", "String",  "ID",   "UUID", "Decimal", "JSON",  "Bytes",    "Embedded"};
    return names[kind];
}

/* One line a table, field, relation and index: what tests compare. */
static inline void model_describe(const model *m, const sgc_table *table, sgc_buf *out)
{
    static const char *const kinds[] = {"?", "key", "list", "inverse-one", "inverse-many", "link"};

    sgc_buf_printf(out, SGC_FMT " " SGC_FMT "/" SGC_FMT " key=%d\n", SGC_ARG(table->name),
                   SGC_ARG(table->singular), SGC_ARG(table->plural),
                   table->key == SGC_NONE ? -1 : table->key);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const sgc_field *field = &table->fields[i];
        const sgc_slot *slot = sgc_field_slot(table, i);
        sgc_buf_printf(out, "  " SGC_FMT " " SGC_FMT " %s%s%s%s\n", SGC_ARG(field->name),
                       SGC_ARG(field->type), slot->list ? "list of " : "", model_kind(slot->kind),
                       slot->non_null ? "!" : "", field->implicit ? " implicit" : "");
    }
    for (uint16_t i = 0; i < table->relation_count; i++) {
        const sgc_relation *relation = &table->relations[i];
        sgc_buf_printf(out, "  -> " SGC_FMT " %s", SGC_ARG(relation->name), kinds[relation->kind]);
        if (relation->target != SGC_NONE)
            sgc_buf_printf(out, " " SGC_FMT, SGC_ARG(m->schema->tables[relation->target].name));
        if (relation->abstract != SGC_NONE)
            sgc_buf_printf(out, " " SGC_FMT,
                           SGC_ARG(m->schema->abstracts[relation->abstract].name));
        if (relation->inverse != SGC_NONE)
            sgc_buf_printf(
                out, "." SGC_FMT,
                SGC_ARG(m->schema->tables[relation->target].relations[relation->inverse].name));
        sgc_buf_printf(out, " index %u\n", relation->index);
    }
    for (uint16_t i = 1; i < table->index_count; i++) {
        const sgc_index *index = &table->indexes[i];
        sgc_buf_printf(out, "  #%u " SGC_FMT "%s%s (", i, SGC_ARG(index->name),
                       index->unique ? " unique" : "", index->elements ? " elements" : "");
        for (uint16_t n = 0; n < index->count; n++)
            sgc_buf_printf(out, "%s" SGC_FMT, n ? " " : "",
                           SGC_ARG(table->fields[index->fields[n]].name));
        sgc_buf_text(out, ")\n");
    }
}

static inline void model_is(const model *m, const char *table, const char *expected)
{
    sgc_buf out = {0};

    model_describe(m, model_table(m, table), &out);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

#endif
