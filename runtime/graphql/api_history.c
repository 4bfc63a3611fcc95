/*
 * api_history.c - time travel in the generated API: the input and the directive that name a moment,
 * and the types of versions. Tables that keep no history have none of it.
 */
#include "graphql/api.h"

static bool declares_field(const sgc_api_builder *builder, sgc_str type, sgc_str field)
{
    const sgc_declared *declared = sgc_map_get(&builder->declared, type);

    for (size_t p = 0; declared && p < declared->count; p++) {
        for (const sgc_ast_field *one = declared->parts[p]->fields; one; one = one->next) {
            if (sgc_str_eq(one->name.text, field)) return true;
        }
    }
    return false;
}

bool sgc_api_has_moments(const sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = &builder->schema->tables[table];

    return model->history && !model->link && !sgc_api_is_declared(builder, SGC_STR("AsOf"));
}

const char *sgc_api_moment_argument(const sgc_api_builder *builder, uint16_t table)
{
    if (!sgc_api_has_moments(builder, table)) return "";
    return ", asOf: AsOf";
}

sgc_str sgc_api_version_type(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = &builder->schema->tables[table];
    sgc_str none = {NULL, 0};

    if (!model->history || model->link || sgc_api_is_declared(builder, SGC_STR("ChangeOp")))
        return none;
    sgc_str name = sgc_api_name(builder, SGC_FMT "Version", SGC_ARG(model->name));
    return sgc_api_is_declared(builder, name) ? none : name;
}

bool sgc_api_has_history_field(sgc_api_builder *builder, uint16_t table)
{
    return sgc_api_version_type(builder, table).data &&
           !declares_field(builder, builder->schema->tables[table].name, SGC_STR("history"));
}

void sgc_api_write_history_field(sgc_api_builder *builder, uint16_t table)
{
    if (!sgc_api_has_history_field(builder, table)) return;
    sgc_api_use(builder, SGC_STR("Int"));
    sgc_api_describe(builder, SGC_STR("Versions of this row, newest first"), "  ");
    sgc_buf_printf(&builder->out, "  history(limit: Int, offset: Int): [" SGC_FMT "!]!\n",
                   SGC_ARG(sgc_api_version_type(builder, table)));
}

static void write_version(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = &builder->schema->tables[table];
    sgc_str name = sgc_api_version_type(builder, table);
    sgc_binding *binding = sgc_arena_zero(builder->arena, 1, sizeof *binding);

    if (!model->generate_query && !sgc_api_has_history_field(builder, table)) return;
    if (!name.data || !sgc_api_claim(builder, name)) return;
    if (!binding || !sgc_map_put(&builder->versions, name, binding)) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return;
    }
    binding->table = table;
    sgc_api_use(builder, SGC_STR("BigInt"));
    sgc_api_use(builder, SGC_STR("DateTime"));
    sgc_buf_printf(&builder->out,
                   "type " SGC_FMT " {\n  seq: BigInt!\n  op: ChangeOp!\n"
                   "  validFrom: DateTime!\n  validTo: DateTime\n  node: " SGC_FMT "\n}\n\n",
                   SGC_ARG(name), SGC_ARG(model->name));
}

void sgc_api_write_history(sgc_api_builder *builder)
{
    const sgc_schema *schema = builder->schema;
    bool moments = false, versions = false;

    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].history && !schema->tables[i].link) moments = true;
        if (sgc_api_version_type(builder, i).data) versions = true;
    }
    if (!moments) return;
    sgc_api_use(builder, SGC_STR("BigInt"));
    sgc_api_use(builder, SGC_STR("DateTime"));
    if (sgc_api_claim(builder, SGC_STR("AsOf")))
        sgc_buf_text(&builder->out, "\"After the commit with this sequence, or after the last one "
                                    "at or before this time\"\ninput AsOf @oneOf {\n"
                                    "  seq: BigInt\n  time: DateTime\n}\n\n");
    if (versions && sgc_api_claim(builder, SGC_STR("ChangeOp")))
        sgc_buf_text(&builder->out, "enum ChangeOp {\n  INSERT\n  UPDATE\n  DELETE\n}\n\n");
    for (uint16_t i = 0; i < schema->table_count; i++)
        write_version(builder, i);
    sgc_buf_text(&builder->out, "\"All fields answer as of this moment: give one of both\"\n"
                                "directive @asOf(seq: BigInt, time: DateTime) on QUERY\n\n");
}
