/*
 * test_node.c - one B+tree node: what is written is read back, searches agree with comparing whole
 * entries, nodes fill their page to the last byte and no further, an entry put into a leaf makes
 * the leaf that would be written of all, damaged ones are refused. Entries of many forms: short,
 * long, even, with keys of one size or many, with much or nothing in common.
 */
#include "unit/unit.h"

#include "store/cache.h"
#include "store/node.h"

#include <stdlib.h>

enum { MOST = 700, ROUNDS = 40 };

/* A form of entries: components of some letters, in front of keys. */
typedef struct form {
    const char *name, *before, *behind, *key_before;
    unsigned letters, least, most;  /* of the components: how many of so many */
    unsigned key_letters, key_most; /* key digits; 0: no keys */
    unsigned level;
} form;

static const form forms[] = {
    {"numbers of one size", "\001\200", "", "user0000", 200, 2, 2, 6, 6, 0},
    {"texts", "\001", "@example.org\0\0", "user0000", 16, 1, 12, 6, 6, 0},
    {"texts and keys of any size", "\001", ".org\0\0", "u", 3, 0, 6, 1, 9, 0},
    {"one byte, keys of any size", "\001", "", "", 250, 1, 1, 1, 9, 0},
    {"nothing in common", "", "", "", 250, 1, 9, 1, 9, 0},
    {"few texts, many keys", "\001Am", "m\0\0", "", 2, 1, 2, 3, 30, 0},
    {"keys alone", "user", "", "", 10, 6, 6, 0, 0, 0},
    {"short keys", "", "", "", 26, 1, 3, 0, 0, 0},
    {"long keys", "https://example.org/", "/end", "", 26, 1, 60, 0, 0, 0},
    {"separators", "\001", "", "", 16, 0, 5, 0, 0, 3},
    {"separators of one size", "ab", "", "", 16, 3, 3, 0, 0, 1},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static uint64_t state = 7;

static unsigned below(unsigned limit)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((state >> 33) % limit);
}

/* ---- entries ---- */

static uint8_t bytes[MOST][SGC_ENTRY_MAX];
static sgc_item items[MOST];
static size_t count;

static size_t text_size(const char *text)
{
    size_t size = strlen(text);

    /* a terminator of two zero bytes cannot be seen by strlen() */
    return size && (text[size - 1] == 'g' || text[size - 1] == 'm') ? size + 2 : size;
}

static size_t random_entry(const form *f, uint8_t *out, size_t *key_size)
{
    size_t size = 0, behind = text_size(f->behind), letters = f->least;

    letters += below(f->most - f->least + 1);
    memcpy(out, f->before, strlen(f->before));
    size += strlen(f->before);
    while (letters-- > 0)
        out[size++] = (uint8_t)((f->letters > 100 ? 3 : 'a') + below(f->letters));
    memcpy(out + size, f->behind, behind);
    size += behind;
    size_t components = size;
    if (f->key_most > 0) {
        memcpy(out + size, f->key_before, strlen(f->key_before));
        size += strlen(f->key_before);
        letters = f->key_letters + below(f->key_most - f->key_letters + 1);
        while (letters-- > 0)
            out[size++] = (uint8_t)('0' + below(10));
    }
    *key_size = f->key_most ? size - components : size;
    return size;
}

static sgc_str text_of(const sgc_item *item)
{
    return sgc_str_of((const char *)item->key, item->size);
}

static int compare(const void *a, const void *b)
{
    return sgc_str_compare(text_of(a), text_of(b));
}

/* Different entries of a form in order; of inner nodes item 0 is the first child. */
static void make_entries(const form *f, size_t most)
{
    uint64_t width = (uint64_t)1 << 8 * (1 + below(f->level ? 4 : 5));

    for (size_t i = 0; i < most; i++) {
        size_t key_size, size = random_entry(f, bytes[i], &key_size);
        items[i] = (sgc_item){.key = bytes[i],
                              .size = (uint16_t)size,
                              .key_size = (uint16_t)key_size,
                              .value = ((uint64_t)below(1U << 31) << 9 | below(512)) % width};
    }
    qsort(items, most, sizeof items[0], compare);
    count = 0;
    for (size_t i = 0; i < most; i++)
        if (items[i].size > 0 && (count == 0 || compare(&items[count - 1], &items[i]) != 0))
            items[count++] = items[i];
}

/* ---- a node of them ---- */

static uint8_t page[SGC_PAGE_SIZE + 64];

/* Writes as many as fit; false when the form has none. */
static size_t write(const form *f, size_t limit)
{
    sgc_node_size size;
    size_t fit = sgc_node_fit(items, count, f->level, f->key_most > 0, limit, &size);
    size_t used = sgc_node_bytes(&size);

    memset(page, 0xA5, sizeof page);
    sgc_node_fill(page, items, f->level, &size);
    for (size_t i = 0; i < 64; i++)
        CU_ASSERT_EQUAL_FATAL(page[SGC_PAGE_SIZE + i], 0xA5);
    CU_ASSERT_EQUAL(sgc_node_used(page), used + SGC_PAGE_HEAD);
    CU_ASSERT_TRUE(used <= limit || fit <= 2);
    CU_ASSERT_TRUE(sgc_node_is_sound(page));
    return fit;
}

static void check_entries(const form *f, size_t fit)
{
    sgc_node_list list = sgc_node_list_of(page);
    size_t first = f->level > 0;

    CU_ASSERT_EQUAL_FATAL(list.count, fit - first);
    if (f->level) CU_ASSERT_EQUAL(sgc_node_child(&list, 0), (uint32_t)items[0].value);
    for (size_t i = first; i < fit; i++) {
        uint8_t entry[SGC_ENTRY_MAX];
        unsigned key_size, at = (unsigned)(i - first);
        size_t size = sgc_node_list_entry(&list, at, entry, &key_size);
        CU_ASSERT_TRUE_FATAL(sgc_str_eq(sgc_str_of((char *)entry, size), text_of(&items[i])));
        CU_ASSERT_EQUAL(size, sgc_node_list_size(&list, at));
        CU_ASSERT_EQUAL(sgc_node_value(&list, at), items[i].value);
        if (f->level == 0) CU_ASSERT_EQUAL(key_size, items[i].key_size);
        for (size_t n = 0; n <= size; n++)
            CU_ASSERT_TRUE(sgc_node_list_within(&list, at, sgc_str_of((char *)entry, n)));
        entry[size] = 'x';
        CU_ASSERT_FALSE(sgc_node_list_within(&list, at, sgc_str_of((char *)entry, size + 1)));
        if (size > 0) entry[size - 1] ^= 1;
        CU_ASSERT_FALSE(size && sgc_node_list_within(&list, at, sgc_str_of((char *)entry, size)));
    }
}

static unsigned expected(const form *f, size_t fit, sgc_str bound, bool after)
{
    size_t first = f->level > 0, i = first;

    for (; i < fit; i++) {
        int order = sgc_str_compare(text_of(&items[i]), bound);
        if (order > 0 || (order == 0 && !after)) break;
    }
    return (unsigned)(i - first);
}

static void check_bound(const form *f, size_t fit, sgc_str bound)
{
    sgc_node_list list = sgc_node_list_of(page);

    for (int after = 0; after < 2; after++)
        CU_ASSERT_EQUAL(sgc_node_search(&list, bound, after), expected(f, fit, bound, after));
}

/* Entries, parts of them, and neighbours that differ in one byte anywhere. */
static void check_searches(const form *f, size_t fit)
{
    uint8_t bound[SGC_ENTRY_MAX + 1];
    size_t key_size;

    check_bound(f, fit, sgc_str_of("", 0));
    check_bound(f, fit, sgc_str_of("\377", 1));
    for (size_t i = 0; i < 150; i++) {
        size_t size = random_entry(f, bound, &key_size);
        if (below(3) > 0) {
            const sgc_item *item = &items[below((unsigned)fit)];
            size = item->size;
            memcpy(bound, item->key, size);
        }
        check_bound(f, fit, sgc_str_of((char *)bound, size));
        if (size == 0) continue;
        uint8_t *changed = &bound[below((unsigned)size)], old = *changed;
        *changed = (uint8_t)below(256);
        check_bound(f, fit, sgc_str_of((char *)bound, size));
        *changed = (uint8_t)(old + 1);
        check_bound(f, fit, sgc_str_of((char *)bound, size));
        *changed = old;
        check_bound(f, fit, sgc_str_of((char *)bound, below((unsigned)size)));
        bound[size] = (uint8_t)below(3);
        check_bound(f, fit, sgc_str_of((char *)bound, size + 1));
    }
}

static void round_trip(void)
{
    for (size_t i = 0; i < FORMS; i++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            make_entries(&forms[i], round < 20 ? round + 2 : MOST);
            size_t fit = write(&forms[i], SGC_PAGE_BODY);
            check_entries(&forms[i], fit);
            check_searches(&forms[i], fit);
        }
    }
}

/* An entry more than sgc_node_fit() takes would not fit, and a smaller limit is kept. */
static void full_pages(void)
{
    for (size_t i = 0; i < FORMS; i++) {
        make_entries(&forms[i], MOST);
        size_t fit = write(&forms[i], 1000);
        CU_ASSERT_TRUE(fit < count || sgc_node_used(page) <= 1000 + SGC_PAGE_HEAD);
        sgc_node_size all = {.keys = forms[i].key_most > 0};
        for (size_t n = forms[i].level > 0; n < fit; n++) {
            (void)sgc_node_take(&all, &items[n], SIZE_MAX);
            CU_ASSERT_EQUAL(all.taken, sgc_node_bytes(&all));
        }
        CU_ASSERT_EQUAL(sgc_node_bytes(&all) + SGC_PAGE_HEAD, sgc_node_used(page));
        if (fit < count) CU_ASSERT_FALSE(sgc_node_take(&all, &items[fit], 1000));
        CU_ASSERT_EQUAL(sgc_node_bytes(&all) + SGC_PAGE_HEAD, sgc_node_used(page));
        fit = sgc_node_fit(items, count, forms[i].level, forms[i].key_most > 0, SIZE_MAX, &all);
        CU_ASSERT_EQUAL(fit, count);
    }
}

/* Writes a leaf of these. */
static void fill(const form *f, const sgc_item *list, size_t number)
{
    sgc_node_size size;

    CU_ASSERT_EQUAL(sgc_node_fit(list, number, 0, f->key_most > 0, SIZE_MAX, &size), number);
    sgc_node_fill(page, list, 0, &size);
}

/* Writes a leaf of all items that fit but one. */
static void write_without(const form *f, size_t fit, size_t out)
{
    sgc_item item = items[out];

    memmove(&items[out], &items[out + 1], (fit - out - 1) * sizeof item);
    memset(page, 0, sizeof page);
    fill(f, items, fit - 1);
    memmove(&items[out + 1], &items[out], (fit - out - 1) * sizeof item);
    items[out] = item;
}

/* The head without the number of entries and the bytes used. */
static bool same_form(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a + 20, b + 20, 2) == 0 && memcmp(a + 24, b + 24, SGC_PAGE_HEAD - 24) == 0;
}

/* An entry goes, the others can be read, and it comes back. */
static void check_removal(const form *f, size_t fit, size_t out)
{
    sgc_item item = items[out];
    size_t used = sgc_node_used(page), less = sgc_node_shrinkage(page, &item);

    CU_ASSERT_TRUE(less > 0);
    sgc_node_remove(page, &item);
    CU_ASSERT_EQUAL(sgc_node_used(page), used - less);
    CU_ASSERT_TRUE(sgc_node_is_sound(page));
    CU_ASSERT_EQUAL(sgc_node_shrinkage(page, &item), 0);
    memmove(&items[out], &items[out + 1], (fit - out - 1) * sizeof item);
    check_entries(f, fit - 1);
    if (below(8) == 0) check_searches(f, fit - 1);
    memmove(&items[out + 1], &items[out], (fit - out - 1) * sizeof item);
    items[out] = item;
    CU_ASSERT_EQUAL(sgc_node_growth(page, &item), less);
    sgc_node_insert(page, &item);
}

static void single_entries(void)
{
    unsigned inserted = 0, refused = 0;

    for (size_t i = 0; i < FORMS; i++) {
        const form *f = &forms[i];
        for (unsigned round = 0; f->level == 0 && round < 10 * ROUNDS; round++) {
            uint8_t whole[SGC_PAGE_SIZE];
            make_entries(f, round < 300 ? round / 100 + 4 : MOST);
            size_t fit = write(f, SGC_PAGE_BODY), out = below((unsigned)fit);
            if (fit < 4) continue;
            memset(page, 0, SGC_PAGE_HEAD);
            fill(f, items, fit);
            memcpy(whole, page, sizeof whole);
            CU_ASSERT_EQUAL(sgc_node_growth(page, &items[out]), 0); /* it is there */
            check_removal(f, fit, out);
            CU_ASSERT_EQUAL_FATAL(memcmp(page, whole, sizeof whole), 0);
            write_without(f, fit, out);
            size_t more = sgc_node_growth(page, &items[out]);
            CU_ASSERT_EQUAL(more > 0, same_form(page, whole));
            refused += more == 0;
            if (more == 0) continue;
            CU_ASSERT_EQUAL(sgc_node_used(page) + more, sgc_node_used(whole));
            sgc_node_insert(page, &items[out]);
            CU_ASSERT_EQUAL_FATAL(memcmp(page, whole, sizeof whole), 0);
            inserted++;
        }
    }
    CU_ASSERT_TRUE(inserted > 1000);
    CU_ASSERT_TRUE(refused > 40);
}

static void one_entry(void)
{
    static const form longest = {"longest", "", "", "", 200, 990, 990, 990, 990, 0};

    make_entries(&longest, 3);
    CU_ASSERT_EQUAL(write(&longest, SGC_PAGE_BODY), 2);
    check_entries(&longest, 2);
    CU_ASSERT_EQUAL(write(&longest, 1), 1);
    check_entries(&longest, 1);
    check_searches(&longest, 1);
}

static void no_entry(void)
{
    const form *f = &forms[9];

    make_entries(f, 20);
    memset(page, 0, sizeof page);
    sgc_node_fill(page, items, 3, &(sgc_node_size){.keys = false});
    CU_ASSERT_TRUE(sgc_node_is_sound(page));
    check_bound(f, 1, sgc_str_of("\001a", 2));
    sgc_node_list list = sgc_node_list_of(page);
    CU_ASSERT_EQUAL(sgc_node_child(&list, 0), (uint32_t)items[0].value);
}

/* What is sound can be read, whatever it says: for ASan to watch. */
static void damaged(void)
{
    unsigned refused = 0;

    for (size_t i = 0; i < FORMS; i++) {
        make_entries(&forms[i], MOST);
        size_t fit = write(&forms[i], SGC_PAGE_BODY);
        for (unsigned round = 0; round < 600; round++) {
            uint8_t entry[SGC_ENTRY_MAX], *copy = sgc_alloc_aligned(SGC_PAGE_SIZE, SGC_PAGE_SIZE);
            unsigned key_size, at = below(4) ? 17 + below(15) : 32 + below(SGC_PAGE_BODY);
            CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
            memcpy(copy, page, SGC_PAGE_SIZE);
            copy[at] = (uint8_t)below(256);
            bool sound = sgc_node_is_sound(copy);
            refused += !sound;
            if (sound) {
                sgc_node_list list = sgc_node_list_of(copy);
                for (unsigned n = 0; n < list.count; n++)
                    CU_ASSERT_TRUE(sgc_node_list_entry(&list, n, entry, &key_size) <=
                                   SGC_ENTRY_MAX);
                for (unsigned n = 0; n < 20; n++)
                    CU_ASSERT_TRUE(sgc_node_search(&list, text_of(&items[below((unsigned)fit)]),
                                                   n & 1) <= list.count);
            }
            sgc_free(copy);
        }
    }
    CU_ASSERT_TRUE(refused > 400);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what is written is read back and found", round_trip},
        {"nodes are filled", full_pages},
        {"single entries come and go", single_entries},
        {"the longest entries", one_entry},
        {"an inner node with one child", no_entry},
        {"damaged nodes are refused or read without harm", damaged},
        CU_TEST_INFO_NULL,
    };

    return unit_run("store.node", tests);
}
