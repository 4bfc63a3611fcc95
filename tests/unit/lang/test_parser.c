/* test_parser.c - the tree, the words of every syntax error, limits, and memory that runs out. */
#include "lang_test.h"

static void test_errors_in_executable_documents(void)
{
    static const struct error_case cases[] = {
        {"", "Unexpected <EOF>.", 1, 1},
        {"{", "Expected Name, found <EOF>.", 1, 2},
        {"notAnOperation Foo { field }", "Unexpected Name \"notAnOperation\".", 1, 1},
        {"\n{ ...MissingOn }\nfragment MissingOn Type\n", "Expected \"on\", found Name \"Type\".",
         3, 20},
        {"{ field: {} }", "Expected Name, found \"{\".", 1, 10},
        {"...", "Unexpected \"...\".", 1, 1},
        {"{ ...on }", "Expected Name, found \"}\".", 1, 9},
        {"{ ... 1 }", "Expected \"{\", found Int \"1\".", 1, 7},
        {"{ ... @d(a: 1) 2 }", "Expected \"{\", found Int \"2\".", 1, 16},
        {"{ ... on T @d ! }", "Expected \"{\", found \"!\".", 1, 15},
        {"{ ...F ! }", "Expected Name, found \"!\".", 1, 8},
        {"fragment on on on { on }", "Unexpected Name \"on\".", 1, 10},
        {"fragment 1", "Expected Name, found Int \"1\".", 1, 10},
        {"fragment F on T = 1", "Expected \"{\", found \"=\".", 1, 17},
        {"query", "Expected \"{\", found <EOF>.", 1, 6},
        {"query Q @d", "Expected \"{\", found <EOF>.", 1, 11},
        {"query Q($a) { a }", "Expected \":\", found \")\".", 1, 11},
        {"query Q(a: Int) { a }", "Expected \"$\", found Name \"a\".", 1, 9},
        {"query Q() { a }", "Expected \"$\", found \")\".", 1, 9},
        {"query Q(\"d\" a: Int) { a }", "Expected \"$\", found Name \"a\".", 1, 13},
        {"query Q($a: [T) { a }", "Expected \"]\", found \")\".", 1, 15},
        {"query Q($a: !) { a }", "Expected Name, found \"!\".", 1, 13},
        {"query Q($a: T! !) { a }", "Expected \"$\", found \"!\".", 1, 16},
        {"query Q($a: T = [$b]) { a }", "Unexpected variable \"$b\" in constant value.", 1, 18},
        {"query Q($a: T = $) { a }", "Unexpected \"$\".", 1, 17},
        {"query Q($a: T = $?) { a }", "Unexpected character: \"?\".", 1, 18},
        {"query Q($a: T @d(x: $b)) { a }", "Unexpected variable \"$b\" in constant value.", 1, 21},
        {"{ a() }", "Expected Name, found \")\".", 1, 5},
        {"{ a(b) }", "Expected \":\", found \")\".", 1, 6},
        {"{ a(b:) }", "Unexpected \")\".", 1, 7},
        {"{ a(b: [1 }", "Unexpected \"}\".", 1, 11},
        {"{ a(b: {c 1}) }", "Expected \":\", found Int \"1\".", 1, 11},
        {"{ a(b: {c: 1 ]) }", "Expected Name, found \"]\".", 1, 14},
        {"{ a(b: $) }", "Expected Name, found \")\".", 1, 9},
        {"{ a @ }", "Expected Name, found \"}\".", 1, 7},
        {"{ a } }", "Unexpected \"}\".", 1, 7},
        {"{ a: \"s\" }", "Expected Name, found String \"s\".", 1, 6},
        {"{ a: \"\"\"\n  s\n\"\"\" }", "Expected Name, found BlockString \"s\".", 1, 6},
        {"{ a: 4.5 }", "Expected Name, found Float \"4.5\".", 1, 6},
        {"\"d\" { a }",
         "Unexpected description, descriptions are not supported on shorthand queries.", 1, 1},
        {"\"d\" extend type T @d",
         "Unexpected description, only GraphQL definitions support descriptions.", 1, 1},
        {"\n \"\"\"d\"\"\" foo",
         "Unexpected description, only GraphQL definitions support descriptions.", 2, 2},
        {"\"d\" 5", "Unexpected Int \"5\".", 1, 5},
        {"\"d\"", "Unexpected <EOF>.", 1, 4},
        {"\"d\" \"e\"", "Unexpected String \"e\".", 1, 5},
    };

    EXPECT_ERRORS(cases);
}

static void test_errors_in_type_system_documents(void)
{
    static const struct error_case cases[] = {
        {"schema", "Expected \"{\", found <EOF>.", 1, 7},
        {"schema {}", "Expected Name, found \"}\".", 1, 9},
        {"schema { foo: T }", "Unexpected Name \"foo\".", 1, 10},
        {"schema { foo ? }", "Unexpected character: \"?\".", 1, 14},
        {"schema { query T }", "Expected \":\", found Name \"T\".", 1, 16},
        {"schema { query: T 1 }", "Expected Name, found Int \"1\".", 1, 19},
        {"type", "Expected Name, found <EOF>.", 1, 5},
        {"type T {}", "Expected Name, found \"}\".", 1, 9},
        {"type T { f }", "Expected \":\", found \"}\".", 1, 12},
        {"type T { f(): T }", "Expected Name, found \")\".", 1, 12},
        {"type T { f(a: Int) }", "Expected \":\", found \"}\".", 1, 20},
        {"type T { f(a: Int 1): T }", "Expected Name, found Int \"1\".", 1, 19},
        {"type T { f: T = 1 }", "Expected Name, found \"=\".", 1, 15},
        {"type T implements", "Expected Name, found <EOF>.", 1, 18},
        {"type T implements A B", "Unexpected Name \"B\".", 1, 21},
        {"type T implements A & {f: T}", "Expected Name, found \"{\".", 1, 23},
        {"type T 1", "Unexpected Int \"1\".", 1, 8},
        {"union U = ", "Expected Name, found <EOF>.", 1, 11},
        {"union U = | | A", "Expected Name, found \"|\".", 1, 13},
        {"union U = A B", "Unexpected Name \"B\".", 1, 13},
        {"enum E { true }", "Name \"true\" is reserved and cannot be used for an enum value.", 1,
         10},
        {"enum E { A null }", "Name \"null\" is reserved and cannot be used for an enum value.", 1,
         12},
        {"enum E { \"d\" false }",
         "Name \"false\" is reserved and cannot be used for an enum value.", 1, 14},
        {"enum E {}", "Expected Name, found \"}\".", 1, 9},
        {"input I { f(a: Int): T }", "Expected \":\", found \"(\".", 1, 12},
        {"scalar S @d(a: $v)", "Unexpected variable \"$v\" in constant value.", 1, 16},
        {"directive", "Expected \"@\", found <EOF>.", 1, 10},
        {"directive @", "Expected Name, found <EOF>.", 1, 12},
        {"directive @d", "Expected \"on\", found <EOF>.", 1, 13},
        {"directive @d repeatable", "Expected \"on\", found <EOF>.", 1, 24},
        {"directive @d on", "Expected Name, found <EOF>.", 1, 16},
        {"directive @d on FOO", "Unexpected Name \"FOO\".", 1, 17},
        {"directive @d on QUERY | foo ?", "Unexpected character: \"?\".", 1, 29},
        {"directive @d on QUERY |", "Expected Name, found <EOF>.", 1, 24},
        {"extend", "Unexpected <EOF>.", 1, 7},
        {"extend foo", "Unexpected Name \"foo\".", 1, 8},
        {"extend \"d\" type T", "Unexpected String \"d\".", 1, 8},
        {"extend schema", "Unexpected <EOF>.", 1, 14},
        {"extend schema {}", "Expected Name, found \"}\".", 1, 16},
        {"extend scalar S", "Unexpected <EOF>.", 1, 16},
        {"extend type T", "Unexpected <EOF>.", 1, 14},
        {"extend type T type U", "Unexpected Name \"type\".", 1, 15},
        {"extend interface I scalar S", "Unexpected Name \"scalar\".", 1, 20},
        {"extend union U =", "Expected Name, found <EOF>.", 1, 17},
        {"extend union U {", "Unexpected \"{\".", 1, 16},
        {"extend enum E", "Unexpected <EOF>.", 1, 14},
        {"extend input I ]", "Unexpected \"]\".", 1, 16},
        {"extend directive", "Expected \"@\", found <EOF>.", 1, 17},
        {"extend directive @d", "Unexpected <EOF>.", 1, 20},
    };

    EXPECT_ERRORS(cases);
}

static void test_query_tree(void)
{
    struct job job;

    CU_ASSERT_EQUAL_FATAL(parse_text(&job, query_sink), SGC_OK);
    const sgc_ast_definition *query = job.document->definitions;
    CU_ASSERT_EQUAL(query->kind, SGC_DEFINITION_OPERATION);
    CU_ASSERT_EQUAL(query->span.start, 0);
    UNIT_STR(query->description->text, "d");
    UNIT_STR(query->name.text, "Q");
    UNIT_STR(query->variables->name.text, "a");
    UNIT_STR(query->variables->default_value->text, "1");
    const sgc_ast_variable *b = query->variables->next;
    UNIT_STR(b->description->text, "v");
    CU_ASSERT_EQUAL(job.copy[b->span.start], '"');
    CU_ASSERT_EQUAL(b->type->kind, SGC_TYPE_NON_NULL);
    CU_ASSERT_EQUAL(b->type->inner->kind, SGC_TYPE_LIST);
    const sgc_ast_value *items = b->default_value->items->fields->value->items;
    CU_ASSERT_EQUAL(items->next->kind, SGC_VALUE_FLOAT);
    UNIT_STR(items->next->text, "-2.5e3");
    CU_ASSERT_TRUE(items->next->next->next->block);
    UNIT_STR(query->directives->name.text, "on");
    const sgc_ast_selection *field = query->selections;
    UNIT_STR(field->alias.text, "a");
    UNIT_STR(field->name.text, "b");
    UNIT_STR(field->arguments->value->text, "a");
    CU_ASSERT_EQUAL(field->arguments->value->kind, SGC_VALUE_VARIABLE);
    CU_ASSERT_EQUAL(job.copy[field->arguments->value->span.start], '$');
    CU_ASSERT_EQUAL(job.copy[field->selections_span.start], '{');
    CU_ASSERT_EQUAL(job.copy[field->span.end - 1], '}');
    CU_ASSERT_EQUAL(field->next->kind, SGC_SELECTION_SPREAD);
    const sgc_ast_selection *bare = field->next->next;
    CU_ASSERT_EQUAL(bare->kind, SGC_SELECTION_INLINE);
    CU_ASSERT_TRUE(sgc_str_is_null(bare->name.text));
    UNIT_STR(bare->next->name.text, "T");
    CU_ASSERT_PTR_NULL(bare->next->next->selections);
    CU_ASSERT_TRUE(bare->next->next->selections_span.end > bare->next->next->selections_span.start);
    CU_ASSERT_PTR_NULL(bare->next->next->next);
    job_end(&job);
}

static void test_schema_tree(void)
{
    struct job job;

    CU_ASSERT_EQUAL_FATAL(parse_text(&job, schema_sink), SGC_OK);
    const sgc_ast_definition *schema = job.document->definitions;
    CU_ASSERT_EQUAL(schema->kind, SGC_DEFINITION_SCHEMA);
    CU_ASSERT_EQUAL(schema->roots->next->operation, SGC_OPERATION_MUTATION);
    const sgc_ast_definition *type = schema->next;
    UNIT_STR(type->description->text, "d\n  e");
    UNIT_STR(type->interfaces->next->name.text, "B");
    const sgc_ast_field *field = type->fields;
    UNIT_STR(field->arguments->description->text, "a");
    UNIT_STR(field->arguments->directives->name.text, "d");
    UNIT_STR(field->next->name.text, "on");
    CU_ASSERT_PTR_EQUAL(type->source, &job.source);
    const sgc_ast_definition *empty = type->next;
    CU_ASSERT_PTR_NULL(empty->fields);
    /* A definition ends where its last token does. */
    UNIT_STR(sgc_str_of(job.copy + empty->span.start, empty->span.end - empty->span.start),
             "type Empty");
    const sgc_ast_definition *last = empty;
    size_t extensions = 0;
    for (; last->next; last = last->next)
        extensions += last->next->extend;
    CU_ASSERT_EQUAL(extensions, 11);
    CU_ASSERT_EQUAL(last->span.end, sizeof schema_sink - 1);
    job_end(&job);
}

static void test_braces_belong_to_the_type(void)
{
    struct job job;

    CU_ASSERT_EQUAL_FATAL(parse_text(&job, "scalar S { a } type T @d { b: B } { c }"), SGC_OK);
    const sgc_ast_definition *scalar = job.document->definitions;
    CU_ASSERT_TRUE(scalar->next->shorthand);
    UNIT_STR(scalar->next->next->fields->name.text, "b");
    CU_ASSERT_TRUE(scalar->next->next->next->shorthand);
    job_end(&job);
}

static void test_const_value(void)
{
    struct job job;
    sgc_ast_value *value = NULL;

    CU_ASSERT_TRUE(job_start(&job, SGC_STR(" {a: [ON, -1]} ")));
    CU_ASSERT_EQUAL_FATAL(sgc_parse_const_value(&job.source, &job.arena, &job.diagnostics, &value),
                          SGC_OK);
    UNIT_STR(value->fields->value->items->text, "ON");
    job_end(&job);

    CU_ASSERT_TRUE(job_start(&job, SGC_STR("[1] 2")));
    CU_ASSERT_EQUAL(sgc_parse_const_value(&job.source, &job.arena, &job.diagnostics, &value),
                    SGC_INVALID);
    expect_error(&job, "Syntax Error: Expected <EOF>, found Int \"2\".", 1, 5);
    job_end(&job);

    CU_ASSERT_TRUE(job_start(&job, SGC_STR("[$a]")));
    CU_ASSERT_EQUAL(sgc_parse_const_value(&job.source, &job.arena, &job.diagnostics, &value),
                    SGC_INVALID);
    expect_error(&job, "Syntax Error: Unexpected variable \"$a\" in constant value.", 1, 2);
    job_end(&job);
}

/* ---- limits ---- */

static void repeat(sgc_buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        sgc_buf_text(out, text);
}

static sgc_status parse_nested(struct job *job, const char *before, const char *open, size_t depth,
                               const char *after, const sgc_parse_limits *limits)
{
    sgc_buf text = {0};

    sgc_buf_text(&text, before);
    repeat(&text, open, depth);
    sgc_buf_text(&text, after);
    CU_ASSERT_TRUE_FATAL(job_start(job, sgc_buf_as_str(&text)));
    sgc_buf_free(&text);
    return job_parse(job, limits);
}

static void test_nesting_bombs(void)
{
    static const char *const bombs[][2] = {
        {"", "{a"},    {"{a(b:", "["},          {"{a(b:", "{c:"},        {"type T{a:", "["},
        {"{", "...{"}, {"query($a:T=", "[{a:"}, {"scalar S @d(a:", "["}, {"{a(b:[", "[],["}};

    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct job job;
        CU_ASSERT_EQUAL(parse_nested(&job, bombs[i][0], bombs[i][1], 200000, "", NULL),
                        SGC_INVALID);
        UNIT_STR(job.diagnostics.first->message,
                 "Syntax Error: Document is nested more than 1000 levels deep. Parsing aborted.");
        job_end(&job);
    }
}

static void nested_to_the_limit(const char *before, const char *open, size_t depth,
                                const char *close, const char *after)
{
    sgc_parse_limits limits = {.depth = 10000};
    struct job job;
    sgc_buf tail = {0};

    repeat(&tail, close, depth);
    sgc_buf_text(&tail, after);
    sgc_buf_byte(&tail, '\0');
    CU_ASSERT_EQUAL_FATAL(parse_nested(&job, before, open, depth, tail.data, &limits), SGC_OK);
    sgc_print_document(job.document, &job.out);
    CU_ASSERT_FALSE(job.out.failed);
    CU_ASSERT_TRUE(job.out.size > depth);
    job_end(&job);
    sgc_buf_free(&tail);
}

static void test_deep_is_fine_up_to_the_limit(void)
{
    nested_to_the_limit("", "{a", 10000, "}", "");
    nested_to_the_limit("{a(b:", "[", 9999, "]", ")}");
    nested_to_the_limit("{a(b:", "{c:[", 4999, "]}", ")}");
    /* Siblings are no depth. */
    nested_to_the_limit("{a(b:[", "[],", 100000, "", "])}");
}

static void test_token_limit(void)
{
    sgc_parse_limits limits = {.tokens = 5};
    struct job job;

    CU_ASSERT_TRUE(job_start(&job, SGC_STR("{ a b c }")));
    CU_ASSERT_EQUAL(job_parse(&job, &limits), SGC_OK);
    job_end(&job);
    CU_ASSERT_TRUE(job_start(&job, SGC_STR("{ a b c # no token\n d }")));
    CU_ASSERT_EQUAL(job_parse(&job, &limits), SGC_INVALID);
    expect_error(&job, "Syntax Error: Document contains more than 5 tokens. Parsing aborted.", 2,
                 4);
    job_end(&job);
}

static void test_many_and_long(void)
{
    sgc_buf text = {0};
    struct job job;
    size_t count = 0;

    sgc_buf_text(&text, "scalar ");
    repeat(&text, "n", 10000);
    repeat(&text, " @d", 500000);
    CU_ASSERT_TRUE_FATAL(job_start(&job, sgc_buf_as_str(&text)));
    CU_ASSERT_EQUAL_FATAL(job_parse(&job, NULL), SGC_OK);
    const sgc_ast_definition *scalar = job.document->definitions;
    CU_ASSERT_EQUAL(scalar->name.text.size, 10000);
    for (const sgc_ast_directive *d = scalar->directives; d; d = d->next)
        count++;
    CU_ASSERT_EQUAL(count, 500000);
    CU_ASSERT_TRUE(job.arena.total < (size_t)64 << 20);
    sgc_print_document(job.document, &job.out);
    CU_ASSERT_TRUE(sgc_str_eq(sgc_buf_as_str(&job.out), job.source.text));
    job_end(&job);
    sgc_buf_free(&text);
}

/* ---- memory ---- */

static sgc_status whole_way(const char *text)
{
    struct job job;
    sgc_status status;

    if (!job_start(&job, sgc_str_from(text))) return SGC_NO_MEMORY;
    status = job_parse(&job, NULL);
    if (status == SGC_OK) {
        sgc_print_document(job.document, &job.out);
        status = job.out.failed ? SGC_NO_MEMORY : SGC_OK;
    }
    if (status == SGC_OK) status = sgc_minify(&job.source, &job.arena, &job.diagnostics, &job.out);
    if (job.diagnostics.failed) status = SGC_NO_MEMORY;
    job_end(&job);
    return status;
}

static void fail_everywhere(const char *text, sgc_status at_last, bool sticky)
{
    sgc_status status = SGC_NO_MEMORY;
    uint64_t n = 1;

    for (; n < 10000; n++) {
        sgc_alloc_fail_at(n, sticky);
        status = whole_way(text);
        bool reached = sgc_alloc_count() >= n;
        sgc_alloc_fail_at(0, false);
        if (!reached) break;
        CU_ASSERT_EQUAL(status, SGC_NO_MEMORY);
    }
    CU_ASSERT_TRUE(n > 4);
    CU_ASSERT_EQUAL(status, at_last);
}

static void test_memory_runs_out(void)
{
    for (int sticky = 0; sticky < 2; sticky++) {
        fail_everywhere(query_sink, SGC_OK, sticky);
        fail_everywhere(schema_sink, SGC_OK, sticky);
        fail_everywhere("{ a(b: [[[[{c: \"\\n\"}]]]]) ", SGC_INVALID, sticky);
        fail_everywhere("type T { a: \"\"\"\n b\n  c\"\"\" }", SGC_INVALID, sticky);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"errors in executable documents", test_errors_in_executable_documents},
        {"errors in type system documents", test_errors_in_type_system_documents},
        {"query tree", test_query_tree},
        {"schema tree", test_schema_tree},
        {"braces belong to the type", test_braces_belong_to_the_type},
        {"const value", test_const_value},
        {"nesting bombs", test_nesting_bombs},
        {"deep is fine up to the limit", test_deep_is_fine_up_to_the_limit},
        {"token limit", test_token_limit},
        {"many and long", test_many_and_long},
        {"memory runs out", test_memory_runs_out},
        CU_TEST_INFO_NULL};

    return unit_run("lang.parser", tests);
}
