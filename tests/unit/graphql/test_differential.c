/*
 * test_differential.c - random filters, orders, limits and offsets over random rows, answered by
 * the executor with its indexes and by a few lines of brute force here. Seeds are fixed and
 * printed.
 */
#include "unit/graphql/fixture.h"

enum { ITEMS = 300, BOXES = 12, QUERIES = 1500, LISTED_MAX = 4 };

static const char sdl[] =
    "enum Color { GREEN RED BLUE }\n"
    "type Box { id: ID! @id(generate: NONE) name: String @index items: [Item!]! }\n"
    "type Item @compositeIndex(fields: [\"color\", \"size\"]) @uniqueKey(fields: [\"code\"])\n"
    "  @compositeIndex(fields: [\"label\", \"weight\", \"ok\"]) @compositeIndex(fields: [\"ok\", "
    "\"code\"]) {\n"
    "  id: ID! @id(generate: NONE) size: Int @index weight: Float @index label: String @index\n"
    "  code: Int color: Color ok: Boolean! @index tags: [String!] box: Box }\n";

typedef struct item {
    char id[16];
    bool has_size, has_weight, has_label, has_color, has_tags, has_code;
    int size, color, box; /* box < 0: none */
    int code;
    double weight;
    const char *label;
    bool ok;
    unsigned tags; /* bits: a, b, c */
} item;

static const char *const labels[] = {"ant", "anT", "bee", "be", "cat", "c\xC3\xA4t", "", "dog%"};
static const char *const colors[] = {"GREEN", "RED", "BLUE"};
static item items[ITEMS];
static const char *box_names[BOXES]; /* NULL: no name */

static uint64_t state;
static unsigned roll(unsigned n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % n;
}

/* ---- rows ---- */

static void make_items(void)
{
    for (int i = 0; i < BOXES; i++)
        box_names[i] = roll(4) ? labels[roll(6)] : NULL;
    for (int i = 0; i < ITEMS; i++) {
        item *one = &items[i];
        snprintf(one->id, sizeof one->id, "i%03d", i);
        one->has_size = roll(5) > 0;
        one->size = (int)roll(12) - 4;
        one->has_weight = roll(5) > 0;
        one->weight = (double)((int)roll(9) - 3) / 2;
        one->has_label = roll(5) > 0;
        one->label = labels[roll(8)];
        one->has_color = roll(5) > 0;
        one->color = (int)roll(3);
        one->ok = roll(2) == 1;
        one->has_tags = roll(6) > 0;
        one->tags = roll(8);
        one->has_code = roll(3) > 0;
        one->code = i * 7 % 501;
        one->box = roll(4) ? (int)roll(BOXES) : -1;
    }
}

static void write_item(sgc_buf *out, const item *one)
{
    static const char *const tags[] = {"a", "b", "c"};
    const char *comma = "";

    sgc_buf_printf(out, "{\"id\":\"%s\",\"ok\":%s", one->id, one->ok ? "true" : "false");
    if (one->has_size) sgc_buf_printf(out, ",\"size\":%d", one->size);
    if (one->has_code) sgc_buf_printf(out, ",\"code\":%d", one->code);
    if (one->has_weight) sgc_buf_printf(out, ",\"weight\":%.1f", one->weight);
    if (one->has_label) sgc_buf_printf(out, ",\"label\":\"%s\"", one->label);
    if (one->has_color) sgc_buf_printf(out, ",\"color\":\"%s\"", colors[one->color]);
    if (one->box >= 0) sgc_buf_printf(out, ",\"box\":{\"connect\":\"b%02d\"}", one->box);
    if (one->has_tags) {
        sgc_buf_text(out, ",\"tags\":[");
        for (unsigned t = 0; t < 3; t++) {
            if (!(one->tags & 1U << t)) continue;
            sgc_buf_printf(out, "%s\"%s\"", comma, tags[t]);
            comma = ",";
        }
        sgc_buf_byte(out, ']');
    }
    sgc_buf_byte(out, '}');
}

static void store_items(fixture *f)
{
    sgc_buf text = {0};

    sgc_buf_text(&text, "{\"boxes\":[");
    for (int i = 0; i < BOXES; i++) {
        sgc_buf_printf(&text, "%s{\"id\":\"b%02d\"", i ? "," : "", i);
        if (box_names[i]) sgc_buf_printf(&text, ",\"name\":\"%s\"", box_names[i]);
        sgc_buf_byte(&text, '}');
    }
    sgc_buf_text(&text, "],\"items\":[");
    for (int i = 0; i < ITEMS; i++) {
        if (i) sgc_buf_byte(&text, ',');
        write_item(&text, &items[i]);
    }
    sgc_buf_text(&text, "]}");
    sgc_buf_byte(&text, '\0');
    sgc_str answer = fixture_ask(f,
                                 "mutation ($boxes: [BoxCreateInput!]!, $items: "
                                 "[ItemCreateInput!]!) { a: createBoxes(input: $boxes) { affected "
                                 "} b: createItems(input: $items) { affected } }",
                                 text.data);
    UNIT_STR(answer, "{\"data\":{\"a\":{\"affected\":12},\"b\":{\"affected\":300}}}");
    sgc_buf_free(&text);
}

/* ---- filters: written as GraphQL and asked by brute force ---- */

typedef enum truth { NO, YES, UNKNOWN } truth;

typedef struct node {
    enum { AND, OR, NOT, SIZE, CODE, WEIGHT, LABEL, COLOR, OK, ID, TAGS, BOX, BOX_NAME } kind;
    unsigned op;
    unsigned count;
    int numbers[LISTED_MAX];
    struct node *children[3];
} node;

static node pool[200];
static size_t pool_used;

static const char *const text_ops[] = {"eq",       "ne",       "lt",    "lte",    "gt",
                                       "gte",      "in",       "notIn", "isNull", "startsWith",
                                       "endsWith", "contains", "like",  "ilike"};
static const char *const patterns[] = {"a%", "%t", "_e%", "%", "", "AN_", "dog\\\\%", "%a%t"};

static node *make_node(unsigned depth)
{
    node *made = &pool[pool_used++];
    unsigned kind = roll(depth ? 13 : 10) + (depth ? 0 : 3);

    *made = (node){.kind = kind, .count = roll(LISTED_MAX)};
    for (unsigned i = 0; i < LISTED_MAX; i++)
        made->numbers[i] = (int)roll(12) - 4;
    if (made->kind <= NOT) {
        made->count = made->kind == NOT ? 1 : roll(4);
        for (unsigned i = 0; i < made->count; i++)
            made->children[i] = make_node(depth - 1);
        return made;
    }
    made->op = roll(9);
    if (made->kind == LABEL || made->kind == BOX_NAME) made->op = roll(14);
    if (made->kind == COLOR || made->kind == OK) made->op = (unsigned[]){0, 1, 6, 7, 8}[roll(5)];
    if (made->kind == TAGS) made->op = roll(4);
    return made;
}

static void write_value(sgc_buf *out, const node *n, unsigned i)
{
    int number = n->numbers[i];

    switch ((int)n->kind) {
    case SIZE:
        sgc_buf_printf(out, "%d", number);
        break;
    case CODE:
        sgc_buf_printf(out, "%d", (number + 4) * 40);
        break;
    case WEIGHT:
        sgc_buf_printf(out, "%.1f", (double)number / 2);
        break;
    case COLOR:
        sgc_buf_text(out, colors[(number + 4) % 3]);
        break;
    case OK:
        sgc_buf_text(out, number > 0 ? "true" : "false");
        break;
    case ID:
        sgc_buf_printf(out, "\"i%03d\"", (number + 4) * 25);
        break;
    case BOX:
        sgc_buf_printf(out, "\"b%02d\"", number + 4);
        break;
    case TAGS:
        sgc_buf_printf(out, "\"%c\"", 'a' + (number + 4) % 3);
        break;
    default:
        sgc_buf_printf(out, "\"%s\"",
                       n->op >= 12 ? patterns[(number + 4) % 8] : labels[(number + 4) % 8]);
        break;
    }
}

static void write_list(sgc_buf *out, const node *n)
{
    sgc_buf_byte(out, '[');
    for (unsigned i = 0; i < n->count; i++) {
        if (i) sgc_buf_byte(out, ',');
        write_value(out, n, i);
    }
    sgc_buf_byte(out, ']');
}

static void write_tags(sgc_buf *out, const node *n)
{
    static const char *const ops[] = {"has", "hasSome", "hasEvery", "isEmpty"};

    sgc_buf_printf(out, "{tags:{%s:", ops[n->op]);
    if (n->op == 0) {
        write_value(out, n, 0);
    } else if (n->op == 3) {
        sgc_buf_text(out, n->numbers[0] > 0 ? "true" : "false");
    } else {
        write_list(out, n);
    }
    sgc_buf_text(out, "}}");
}

static void write_node(sgc_buf *out, const node *n)
{
    static const char *const names[] = {"and",   "or", "not", "size", "code",  "weight", "label",
                                        "color", "ok", "id",  "tags", "boxId", "name"};

    if (n->kind <= NOT) {
        sgc_buf_printf(out, "{%s:%s", names[n->kind], n->kind == NOT ? "" : "[");
        for (unsigned i = 0; i < n->count; i++) {
            if (i) sgc_buf_byte(out, ',');
            write_node(out, n->children[i]);
        }
        sgc_buf_text(out, n->kind == NOT ? "}" : "]}");
        return;
    }
    if (n->kind == TAGS) {
        write_tags(out, n);
        return;
    }
    sgc_buf_text(out, n->kind == BOX_NAME ? "{box:{" : "{");
    sgc_buf_printf(out, "%s:{%s:", names[n->kind], text_ops[n->op]);
    if (n->op == 8) {
        sgc_buf_text(out, n->numbers[0] > 0 ? "true" : "false");
    } else if (n->op == 6 || n->op == 7) {
        write_list(out, n);
    } else {
        write_value(out, n, 0);
    }
    sgc_buf_text(out, n->kind == BOX_NAME ? "}}}" : "}}");
}

/* Patterns by recursion: the simplest thing that can be right. */
static bool like(const char *text, const char *pattern, bool fold)
{
    if (*pattern == '\0') return *text == '\0';
    if (*pattern == '%')
        return like(text, pattern + 1, fold) || (*text && like(text + 1, pattern, fold));
    if (*text == '\0') return false;
    if (*pattern == '_') {
        text++;
        while (((unsigned char)*text & 0xC0) == 0x80)
            text++;
        return like(text, pattern + 1, fold);
    }
    if (*pattern == '\\') pattern += pattern[1] == '\\' ? 2 : 1; /* "\\\\%" in the document */
    int a = (unsigned char)*text, b = (unsigned char)*pattern;
    if (fold && a >= 'A' && a <= 'Z') a += 32;
    if (fold && b >= 'A' && b <= 'Z') b += 32;
    return a == b && like(text + 1, pattern + 1, fold);
}

static truth of(bool yes)
{
    return yes ? YES : NO;
}

static truth test_text(const node *n, const char *text, const char *other)
{
    size_t size = strlen(text), part = strlen(other);

    if (n->op == 9) return of(strncmp(text, other, part) == 0);
    if (n->op == 10) return of(size >= part && strcmp(text + size - part, other) == 0);
    if (n->op == 11) return of(strstr(text, other) != NULL);
    return of(like(text, patterns[(n->numbers[0] + 4) % 8], n->op == 13));
}

/* compared[i]: the row's value against the i-th of the node, <0, 0, >0. */
static truth test_order(const node *n, bool null, const int *compared)
{
    if (n->op == 8) return of(null == (n->numbers[0] > 0));
    if ((n->op == 6 || n->op == 7) && n->count == 0) return of(n->op == 7);
    if (null) return UNKNOWN;
    bool among = false;
    for (unsigned i = 0; i < n->count; i++)
        among = among || compared[i] == 0;
    bool answers[] = {compared[0] == 0,
                      compared[0] != 0,
                      compared[0]<0, compared[0] <= 0, compared[0]> 0,
                      compared[0] >= 0,
                      among,
                      !among};
    return of(answers[n->op]);
}

static int sign(double a, double b)
{
    return a < b ? -1 : a > b;
}

static truth test_label(const node *n, bool null, const char *text)
{
    int compared[LISTED_MAX];

    if (n->op > 8) return null ? UNKNOWN : test_text(n, text, labels[(n->numbers[0] + 4) % 8]);
    for (unsigned i = 0; i < LISTED_MAX; i++)
        compared[i] = null ? 1 : strcmp(text, labels[(n->numbers[i] + 4) % 8]);
    return test_order(n, null, compared);
}

static truth test_tags(const node *n, const item *one)
{
    bool some = false, every = true;

    if (n->op == 1 || n->op == 2) {
        if (n->count == 0) return of(n->op == 2);
        if (!one->has_tags) return UNKNOWN;
        for (unsigned i = 0; i < n->count; i++) {
            bool has = one->tags & 1U << (n->numbers[i] + 4) % 3;
            some = some || has;
            every = every && has;
        }
        return of(n->op == 1 ? some : every);
    }
    if (!one->has_tags) return UNKNOWN;
    if (n->op == 0) return of(one->tags & 1U << (n->numbers[0] + 4) % 3);
    return of((one->tags == 0) == (n->numbers[0] > 0));
}

static truth test(const node *n, const item *one);

static truth test_group(const node *n, const item *one)
{
    truth result = n->kind == AND ? YES : NO;

    if (n->kind == NOT) {
        result = test(n->children[0], one);
        return result == UNKNOWN ? UNKNOWN : of(result == NO);
    }
    for (unsigned i = 0; i < n->count; i++) {
        truth child = test(n->children[i], one);
        if (child == (n->kind == AND ? NO : YES)) return child;
        if (child == UNKNOWN) result = UNKNOWN;
    }
    return result;
}

static truth test(const node *n, const item *one)
{
    int c[LISTED_MAX];
    bool null = false;
    char text[16];

    if (n->kind <= NOT) return test_group(n, one);
    if (n->kind == LABEL) return test_label(n, !one->has_label, one->label);
    if (n->kind == TAGS) return test_tags(n, one);
    if (n->kind == BOX_NAME) {
        if (one->box < 0) return NO;
        return test_label(n, !box_names[one->box], box_names[one->box]);
    }
    for (unsigned i = 0; i < LISTED_MAX; i++) {
        int number = n->numbers[i];
        if (n->kind == SIZE) c[i] = sign(one->size, number), null = !one->has_size;
        if (n->kind == CODE) c[i] = sign(one->code, (number + 4) * 40), null = !one->has_code;
        if (n->kind == WEIGHT) c[i] = sign(one->weight, number / 2.0), null = !one->has_weight;
        if (n->kind == COLOR) c[i] = one->color - (number + 4) % 3, null = !one->has_color;
        if (n->kind == OK) c[i] = (int)one->ok - (number > 0);
        if (n->kind == BOX) c[i] = one->box - (number + 4), null = one->box < 0;
        snprintf(text, sizeof text, "i%03d", (number + 4) * 25);
        if (n->kind == ID) c[i] = strcmp(one->id, text);
    }
    return test_order(n, null, c);
}

/* ---- orders ---- */

typedef struct order {
    unsigned field; /* size, weight, label, color, ok, id, box's name, code */
    bool descending, nulls_first;
} order;

static order orders[3];
static unsigned order_count;

static void write_orders(sgc_buf *out)
{
    static const char *const names[] = {"size", "weight", "label",     "color",
                                        "ok",   "id",     "box:{name", "code"};

    order_count = roll(4);
    if (!order_count) return;
    sgc_buf_text(out, " orderBy: [");
    for (unsigned i = 0; i < order_count; i++) {
        order *one = &orders[i];
        *one = (order){.field = roll(8), .descending = roll(2)};
        one->nulls_first = one->descending;
        const char *nulls = "";
        if (roll(3) == 0) {
            one->nulls_first = roll(2);
            nulls = one->nulls_first ? "_NULLS_FIRST" : "_NULLS_LAST";
        }
        sgc_buf_printf(out, "{%s:%s%s}%s", names[one->field], one->descending ? "DESC" : "ASC",
                       nulls, one->field == 6 ? "}" : "");
    }
    sgc_buf_byte(out, ']');
}

static int by_nulls(const order *o, bool a_null, bool b_null)
{
    if (a_null && b_null) return 0;
    return a_null == o->nulls_first ? -1 : 1;
}

static int by_order(const order *o, const item *a, const item *b)
{
    const char *left = a->box < 0 ? NULL : box_names[a->box];
    const char *right = b->box < 0 ? NULL : box_names[b->box];
    bool nulls[][2] = {{!a->has_size, !b->has_size},
                       {!a->has_weight, !b->has_weight},
                       {!a->has_label, !b->has_label},
                       {!a->has_color, !b->has_color},
                       {false, false},
                       {false, false},
                       {!left, !right},
                       {!a->has_code, !b->has_code}};

    if (nulls[o->field][0] || nulls[o->field][1])
        return by_nulls(o, nulls[o->field][0], nulls[o->field][1]);
    int compared[] = {sign(a->size, b->size),
                      sign(a->weight, b->weight),
                      strcmp(a->label, b->label),
                      a->color - b->color,
                      (int)a->ok - (int)b->ok,
                      strcmp(a->id, b->id),
                      o->field == 6 ? strcmp(left, right) : 0,
                      sign(a->code, b->code)};
    return o->descending ? -compared[o->field] : compared[o->field];
}

static int compare_items(const void *x, const void *y)
{
    const item *const *a = x, *const *b = y;

    for (unsigned i = 0; i < order_count; i++) {
        int compared = by_order(&orders[i], *a, *b);
        if (compared) return compared;
    }
    return strcmp((*a)->id, (*b)->id);
}

/* ---- one query ---- */

static void expect(sgc_buf *out, const node *where, int inside_box, unsigned offset, unsigned limit)
{
    const item *found[ITEMS];
    unsigned count = 0;

    for (int i = 0; i < ITEMS; i++) {
        if (inside_box >= 0 && items[i].box != inside_box) continue;
        if (!where || test(where, &items[i]) == YES) found[count++] = &items[i];
    }
    qsort(found, count, sizeof *found, compare_items);
    sgc_buf_byte(out, '[');
    for (unsigned i = offset; i < count && i - offset < limit; i++)
        sgc_buf_printf(out, "%s{\"id\":\"%s\"}", i > offset ? "," : "", found[i]->id);
    sgc_buf_byte(out, ']');
}

static void ask_once(fixture *f, bool nested)
{
    sgc_buf arguments = {0}, query = {0}, wanted = {0};
    unsigned offset = roll(3) ? 0 : roll(20), limit = roll(2) ? ITEMS : roll(30);

    pool_used = 0;
    node *where = roll(6) ? make_node(roll(4)) : NULL;
    sgc_buf_printf(&arguments, "(limit: %u offset: %u", limit, offset);
    if (where) {
        sgc_buf_text(&arguments, " where: ");
        write_node(&arguments, where);
    }
    write_orders(&arguments);
    sgc_buf_printf(&query, "{ %s items" SGC_FMT ") { id }%s }", nested ? "boxes {" : "",
                   SGC_ARG(sgc_buf_as_str(&arguments)), nested ? " }" : "");
    sgc_buf_byte(&query, '\0');
    sgc_buf_text(&wanted, nested ? "{\"data\":{\"boxes\":[" : "{\"data\":{\"items\":");
    for (int box = 0; nested && box < BOXES; box++) {
        sgc_buf_text(&wanted, box ? ",{\"items\":" : "{\"items\":");
        expect(&wanted, where, box, offset, limit);
        sgc_buf_byte(&wanted, '}');
    }
    if (!nested) expect(&wanted, where, -1, offset, limit);
    sgc_buf_text(&wanted, nested ? "]}}" : "}}");
    sgc_buf_byte(&wanted, '\0');
    sgc_str answer = fixture_ask(f, query.data, NULL);
    if (!sgc_str_eq(answer, sgc_str_from(wanted.data))) {
        printf("\n    %s", query.data);
        UNIT_STR(answer, wanted.data);
        CU_FAIL_FATAL("answers differ");
    }
    sgc_buf_free(&arguments);
    sgc_buf_free(&query);
    sgc_buf_free(&wanted);
}

/* ---- boxes by what is in them ---- */

static bool box_passes(int box, unsigned quantifier, const node *where)
{
    bool some = false, every = true;

    for (int i = 0; i < ITEMS; i++) {
        if (items[i].box != box) continue;
        bool yes = test(where, &items[i]) == YES;
        some = some || yes;
        every = every && yes;
    }
    return quantifier == 0 ? some : quantifier == 1 ? every : !some;
}

static void ask_boxes(fixture *f)
{
    static const char *const quantifiers[] = {"some", "every", "none"};
    sgc_buf query = {0}, wanted = {0};
    unsigned quantifier = roll(3);
    const char *comma = "";

    pool_used = 0;
    node *where = make_node(roll(3));
    sgc_buf_printf(&query, "{ boxes(where: {items: {%s: ", quantifiers[quantifier]);
    write_node(&query, where);
    sgc_buf_text(&query, "}}) { id } }");
    sgc_buf_byte(&query, '\0');
    sgc_buf_text(&wanted, "{\"data\":{\"boxes\":[");
    for (int box = 0; box < BOXES; box++) {
        if (!box_passes(box, quantifier, where)) continue;
        sgc_buf_printf(&wanted, "%s{\"id\":\"b%02d\"}", comma, box);
        comma = ",";
    }
    sgc_buf_text(&wanted, "]}}");
    sgc_buf_byte(&wanted, '\0');
    sgc_str answer = fixture_ask(f, query.data, NULL);
    if (!sgc_str_eq(answer, sgc_str_from(wanted.data))) {
        printf("\n    %s", query.data);
        UNIT_STR(answer, wanted.data);
        CU_FAIL_FATAL("answers differ");
    }
    sgc_buf_free(&query);
    sgc_buf_free(&wanted);
}

static void boxes(void)
{
    fixture f = {0};

    state = 4711;
    make_items();
    CU_ASSERT_TRUE_FATAL(fixture_open(&f, sdl));
    store_items(&f);
    for (int i = 0; i < QUERIES; i++)
        ask_boxes(&f);
    fixture_close(&f);
}

static void run(uint64_t seed, bool nested)
{
    fixture f = {0};

    state = seed;
    make_items();
    CU_ASSERT_TRUE_FATAL(fixture_open(&f, sdl));
    store_items(&f);
    for (int i = 0; i < QUERIES; i++)
        ask_once(&f, nested);
    CU_ASSERT_EQUAL(sgc_db_flush(f.db), SGC_OK);
    for (int i = 0; i < QUERIES / 3; i++)
        ask_once(&f, nested);
    fixture_close(&f);
}

static void lists(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        run(seed, false);
}

static void nested_lists(void)
{
    run(77, true);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"lists as brute force says", lists},
        {"nested lists as brute force says", nested_lists},
        {"boxes by their items as brute force says", boxes},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.differential", tests);
}
