/*
 * test_validate_hostile.c - documents made to hurt whoever checks them. Each is judged in less than
 * a second by rules that are linear or stop at a budget; one rule that compares everything with
 * everything would need minutes, or more memory than the bound here.
 */
#include "validate_test.h"

static const char schema[] =
    "type Query { a(x: Int y: In): Query b: Query s: String list: [Query] i: I u: U }\n"
    "interface I { s: String i: I } type A implements I { s: String i: I }\n"
    "type B implements I { s: String i: I } union U = A | B input In { a: Int b: In c: [Int] }\n"
    "type Subscription { a: Int b: Query }\n"
    "directive @defer(if: Boolean label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n"
    "directive @stream(if: Boolean label: String) on FIELD\n"
    "directive @r(a: Int) repeatable on FIELD\n";

/* Allocations that judging one document may take; an arena's blocks grow, so this is memory too. */
enum { ALLOCATIONS = 4000 };

static void repeat(sgc_buf *out, const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        sgc_buf_text(out, text);
}

/* `format` has one %u. */
static void count_up(sgc_buf *out, const char *before, const char *after, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        sgc_buf_printf(out, "%s%u%s", before, i, after);
}

/* Judges what is in the buffer, and empties it. `last`: how the last error begins. */
static void judge(sgc_buf *text, sgc_status expected, size_t count, const char *last)
{
    struct types t;
    sgc_document *document = NULL;

    CU_ASSERT_FALSE_FATAL(text->failed);
    types_of(&t, schema, NULL);
    types_add(&t, sgc_buf_as_str(text));
    sgc_status status = sgc_parse(&t.sources[1], NULL, &t.arena, &t.diagnostics, &document);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    sgc_alloc_fail_at(UINT64_MAX, false);
    status = sgc_validate(t.system, document, sgc_str_of(NULL, 0), &t.diagnostics);
    uint64_t allocations = sgc_alloc_count();
    sgc_alloc_fail_at(0, false);
    bool right = status == expected && (!count || t.diagnostics.count == count);
    if (last) {
        sgc_str words = t.diagnostics.last ? t.diagnostics.last->message : SGC_STR("");
        right = right && words.size >= strlen(last) && !memcmp(words.data, last, strlen(last));
    }
    if (!right || allocations > ALLOCATIONS + 4 * t.diagnostics.count)
        printf("\n    %.60s: %d, %zu errors, %llu allocations, last: %.200s\n", text->data, status,
               t.diagnostics.count, (unsigned long long)allocations,
               t.diagnostics.last ? t.diagnostics.last->message.data : "");
    CU_ASSERT_TRUE(right);
    CU_ASSERT_TRUE(allocations <= ALLOCATIONS + 4 * t.diagnostics.count);
    types_end(&t);
    text->size = 0;
}

static const char aborted[] = "Validation aborted: the document is too deep or too entangled.";
static const char too_many[] = "Too many validation errors, error limit reached.";

/* ---- fields that may or may not be merged ---- */

static void merging(void)
{
    sgc_buf q = {0};

    /* Linear, however many there are. */
    sgc_buf_byte(&q, '{');
    count_up(&q, "k", ": b {s} ", 100000);
    sgc_buf_byte(&q, '}');
    judge(&q, SGC_OK, 0, NULL);
    /* Pairs: five thousand millions of them. */
    sgc_buf_byte(&q, '{');
    repeat(&q, "s ", 100000);
    sgc_buf_byte(&q, '}');
    judge(&q, SGC_LIMIT, 1, aborted);
    sgc_buf_byte(&q, '{');
    repeat(&q, "x: s x: a {s} ", 25000);
    sgc_buf_byte(&q, '}');
    judge(&q, SGC_LIMIT, 0, aborted);
    /* Long argument lists, compared with each other. */
    sgc_buf_byte(&q, '{');
    for (int i = 0; i < 100; i++) {
        sgc_buf_text(&q, "b @r(a: 1) a(y: {c: [");
        repeat(&q, "1 ", 5000);
        sgc_buf_text(&q, "]}) {s} ");
    }
    sgc_buf_byte(&q, '}');
    judge(&q, SGC_LIMIT, 0, aborted);
    sgc_buf_free(&q);
}

/* Twice the same at each level: 2^n ways down, also through fragments and through a cycle. */
static void doubling(void)
{
    sgc_buf q = {0};

    repeat(&q, "{b", 12);
    for (int i = 0; i < 4096; i++)
        sgc_buf_text(&q, "{s} b");
    sgc_buf_text(&q, "{s}");
    repeat(&q, "}", 12);
    judge(&q, SGC_LIMIT, 0, aborted);
    sgc_buf_text(&q, "{...F0}");
    for (unsigned i = 0; i < 300; i++)
        sgc_buf_printf(&q, "fragment F%u on Query {b {...F%u ...F%u} a {...F%u}} ", i, i + 1, i + 1,
                       i + 1);
    sgc_buf_text(&q, "fragment F300 on Query {s}");
    judge(&q, SGC_OK, 0, NULL);
    sgc_buf_text(&q, "{__schema {...F0}}");
    for (unsigned i = 0; i < 300; i++)
        sgc_buf_printf(&q, "fragment F%u on __Schema {...F%u ...F%u} ", i, i + 1, i + 1);
    sgc_buf_text(&q, "fragment F300 on __Schema {types {name}}");
    judge(&q, SGC_OK, 0, NULL);
    sgc_buf_text(&q, "{...F0}");
    for (unsigned i = 0; i < 300; i++)
        sgc_buf_printf(&q, "fragment F%u on Query {x: b {...F%u} b {...F%u ...F%u}} ", i,
                       (i + 1) % 300, (i + 7) % 300, (i * i) % 300);
    judge(&q, SGC_LIMIT, 0, aborted);
    sgc_buf_free(&q);
}

/* ---- the same name again and again ---- */

static void duplicates(void)
{
    static const struct {
        const char *before, *each, *after;
        size_t errors; /* 0: any number */
    } cases[] = {
        {"{a(", "x: 1 ", ") {s}}", 1},
        {"{a(y: {", "a: 1 ", "}) {s}}", 0},
        {"query (", "$a: Int ", ") {a(x: $a) {s}}", 1},
        {"{s ", "@skip(if: true) ", "}", 0},
        {"{s ", "@nope ", "}", 100000},
        {"{u {", "... @defer(label: \"a\") {__typename} ", "}}", 0},
    };
    sgc_buf q = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sgc_buf_text(&q, cases[i].before);
        repeat(&q, cases[i].each, 100000);
        sgc_buf_text(&q, cases[i].after);
        judge(&q, SGC_INVALID, cases[i].errors, NULL);
    }
    /* Each name twice: as many errors as names. */
    sgc_buf_text(&q, "{a(");
    for (unsigned i = 0; i < 100000; i++)
        sgc_buf_printf(&q, "z%u: 1 ", i / 2);
    sgc_buf_text(&q, ") {s}}");
    judge(&q, SGC_INVALID, 0, NULL);
    sgc_buf_text(&q, "query (");
    for (unsigned i = 0; i < 100000; i++)
        sgc_buf_printf(&q, "$z%u: Int ", i / 2);
    sgc_buf_text(&q, ") {s}");
    judge(&q, SGC_INVALID, 0, NULL);
    repeat(&q, "query Q {s} ", 50000);
    judge(&q, SGC_INVALID, 49999, NULL);
    repeat(&q, "{s} fragment F on Query {s} ", 50000);
    judge(&q, SGC_INVALID, 0, too_many);
    sgc_buf_free(&q);
}

/* ---- operations times fragments ---- */

static void products(void)
{
    static const char *const bodies[] = {"query Q%u {...F} ", "subscription Q%u {...F} ",
                                         "query Q%u ($v: Int) {...F} "};
    sgc_buf q = {0};

    for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
        for (unsigned i = 0; i < 3000; i++) {
            const char *hole = strchr(bodies[k], '%');
            sgc_buf_append(&q, bodies[k], (size_t)(hole - bodies[k]));
            sgc_buf_printf(&q, "%u%s", i, hole + 2);
        }
        sgc_buf_printf(&q, "fragment F on %s {", k == 1 ? "Subscription" : "Query");
        count_up(&q, "...G", " ", 3000);
        sgc_buf_text(&q, "a @stream }");
        for (unsigned i = 0; i < 3000; i++)
            sgc_buf_printf(&q, "fragment G%u on %s {a%s} ", i, k == 1 ? "Subscription" : "Query",
                           k == 2 ? "(x: $v) {s}" : "");
        judge(&q, SGC_LIMIT, 0, aborted);
    }
    /* A long way down is no reason to fail: only one that is longer than all stacks. */
    sgc_buf_text(&q, "{...F0} ");
    for (unsigned i = 0; i < 900; i++)
        sgc_buf_printf(&q, "fragment F%u on Query {...F%u} ", i, i + 1);
    sgc_buf_text(&q, "fragment F900 on Query {s}");
    judge(&q, SGC_OK, 0, NULL);
    sgc_buf_text(&q, "{...F0} ");
    for (unsigned i = 0; i < 25000; i++)
        sgc_buf_printf(&q, "fragment F%u on Query {...F%u} ", i, i + 1);
    sgc_buf_text(&q, "fragment F25000 on Query {s}");
    judge(&q, SGC_LIMIT, 0, aborted);
    sgc_buf_free(&q);
}

static void cycles(void)
{
    sgc_buf q = {0};

    for (unsigned i = 0; i < 900; i++)
        sgc_buf_printf(&q, "fragment F%u on Query {...F%u} ", i, i + 1);
    sgc_buf_text(&q, "fragment F900 on Query {");
    count_up(&q, "...F", " ", 900);
    sgc_buf_text(&q, "} {...F0}");
    judge(&q, SGC_LIMIT, 0, aborted);
    sgc_buf_free(&q);
}

/* ---- more complaints than anybody has memory for ---- */

static void complaints(void)
{
    sgc_buf q = {0};

    /* A name of 100,000 characters in each of 20,000 errors. */
    sgc_buf_text(&q, "query ");
    repeat(&q, "q", 100000);
    sgc_buf_byte(&q, '{');
    count_up(&q, "k", ": a(x: $v) {s} ", 20000);
    sgc_buf_byte(&q, '}');
    judge(&q, SGC_INVALID, 0, too_many);
    /* Values are printed in the errors about what is in them. */
    sgc_buf_text(&q, "{a(y: {a: \"");
    repeat(&q, "x", 200000);
    sgc_buf_text(&q, "\" b: {");
    count_up(&q, "c", ": 1 ", 20000);
    sgc_buf_text(&q, "}}) {s}}");
    judge(&q, SGC_INVALID, 0, NULL);
    /* Suggestions for names nobody knows. */
    sgc_buf_byte(&q, '{');
    count_up(&q, "f", " ", 100000);
    sgc_buf_byte(&q, '}');
    judge(&q, SGC_INVALID, 100000, NULL);
    sgc_buf_text(&q, "query (");
    for (unsigned i = 0; i < 50000; i++)
        sgc_buf_printf(&q, "$v%u: T%u ", i, i);
    sgc_buf_text(&q, ") {s}");
    judge(&q, SGC_INVALID, 100000, NULL);
    sgc_buf_free(&q);
}

/* ---- memory ---- */

static const char everything[] = "query Q ($a: In = {a: 1} $b: Int $b: Nope) @r {...F x: s x: b "
                                 "{s} a(x: $c y: {a: $b a: 2 d: 1})"
                                 " {ss ... on A {s} ...G @defer(label: \"l\")} __schema {types "
                                 "{fields {type {fields {type {fields"
                                 " {name}}}}}}}} fragment F on Query {b {...F} list @stream(label: "
                                 "\"l\") {s}} fragment H on In {s}"
                                 " subscription {a b {s ...F}} {s} type T {a: Int}";

/* Every allocation fails once: out of memory or the same answer, never half of one. */
static void memory(void)
{
    struct types t;
    sgc_document *document = NULL;
    uint64_t n = 0;
    size_t expected = 0;
    bool met;

    types_of(&t, schema, NULL);
    types_add(&t, sgc_str_from(everything));
    CU_ASSERT_EQUAL_FATAL(sgc_parse(&t.sources[1], NULL, &t.arena, &t.diagnostics, &document),
                          SGC_OK);
    do {
        sgc_arena words = {0};
        sgc_diagnostics diagnostics = {.arena = &words};
        sgc_alloc_fail_at(n, false);
        sgc_status status = sgc_validate(t.system, document, sgc_str_of(NULL, 0), &diagnostics);
        met = n && sgc_alloc_count() >= n;
        sgc_alloc_fail_at(0, false);
        if (n == 0) expected = diagnostics.count;
        CU_ASSERT_TRUE(status == SGC_INVALID || (met && status == SGC_NO_MEMORY));
        if (status == SGC_INVALID && !met) CU_ASSERT_EQUAL(diagnostics.count, expected);
        sgc_arena_free(&words);
        n++;
    } while (met || n == 1);
    CU_ASSERT_TRUE(expected > 15 && n > 20);
    types_end(&t);
}

int main(void)
{
    CU_TestInfo tests[] = {{"merging", merging},       {"doubling", doubling},
                           {"duplicates", duplicates}, {"products", products},
                           {"cycles", cycles},         {"complaints", complaints},
                           {"memory", memory},         CU_TEST_INFO_NULL};
    return unit_run("lang.validate_hostile", tests);
}
