//# The model's tables of tables, and the model.
static const char sdl[] =
    //% each line in schema.sdl
    $line$
    //% end
    "";

static const char numbering[] =
    //% each line in schema.numbering
    $line$
    //% end
    "";

const sgc_schema $schema$_schema = {
    .abi = SGC_ABI,
    .version = $schema_version$,
    .name = SGC_STR_INIT("$schema_name$"),
    .sdl = {sdl, sizeof sdl - 1},
    .numbering = {numbering, sizeof numbering - 1},
    .hash = $schema_hash$,
    .tables = $schema_tablesref$,
    .enums = $schema_enumsref$,
    .embeddeds = $schema_embeddedsref$,
    .abstracts = $schema_abstractsref$,
    .resolvers = $schema_resolversref$,
    .table_count = $schema_tablecount$,
    .enum_count = $schema_enumcount$,
    .embedded_count = $schema_embeddedcount$,
    .abstract_count = $schema_abstractcount$,
    .resolver_count = $schema_resolvercount$,
};
