/* test_numbering.c - stable numbers: kept, never given twice, and what a wrong lock file says. */
#include "unit/schema/model.h"

static const char first_sdl[] = "enum E { X Y Z } type V { a: Int b: Int }\n"
                                "type A { id: ID! x: Int y: String @index e: E v: V }\n"
                                "type B { id: ID! as: [A] }";

static void numbers_are_kept(void)
{
    model one, two, three;

    if (!model_good(&one, first_sdl)) return;
    model_build(&two, first_sdl, one.schema->numbering.data);
    CU_ASSERT_EQUAL(two.status, SGC_OK);
    UNIT_STR(two.schema->numbering, one.schema->numbering.data);
    CU_ASSERT_EQUAL(two.schema->hash, one.schema->hash);
    /* Another order, something new, something gone, another type. */
    model_build(&three,
                "type C { id: ID! } type B { as: [A] id: ID! }\n"
                "type A { v: V w: Float y: String @index id: ID! x: Float }\n"
                "enum E { W Z X } type V { b: Int e: E }",
                one.schema->numbering.data);
    CU_ASSERT_EQUAL(three.status, SGC_OK);
    UNIT_STR(
        three.schema->numbering,
        "# Stable numbers of this schema, written by sgc. Do not edit; commit this file with the "
        "schema:\n# data is stored under these numbers.\n"
        "table 1 A\n  field 1 id ID\n  retired field 2 x Int\n  field 3 y String\n"
        "  retired field 4 e enum:E\n  field 5 v embedded:V\n  field 6 w Float\n"
        "  field 7 x Float\n  index 1 y plain 3\n"
        "table 2 B\n  field 1 id ID\n  field 2 aIds [ID]\n  index 1 aIds elements 2\n"
        "table 3 C\n  field 1 id ID\n"
        "embedded 1 V\n  retired field 1 a Int\n  field 2 b Int\n  field 3 e enum:E\n"
        "enum 1 E\n  value 1 X\n  retired value 2 Y\n  value 3 Z\n  value 4 W\n");
    CU_ASSERT_NOT_EQUAL(three.schema->hash, one.schema->hash);
    CU_ASSERT_FALSE(three.schema->enums[0].ascending);
    CU_ASSERT_TRUE(one.schema->enums[0].ascending);
    model_free(&three);
    model_free(&two);
    model_free(&one);
}

static void what_came_back_is_new(void)
{
    model one, two, three;

    if (!model_good(&one, "type A { id: ID! x: Int } type B { id: ID! }")) return;
    model_build(&two, "type A { id: ID! }", one.schema->numbering.data);
    model_build(&three, "type B { id: ID! } type A { id: ID! x: Int }", two.schema->numbering.data);
    CU_ASSERT_EQUAL(three.status, SGC_OK);
    CU_ASSERT_EQUAL(model_table(&three, "B")->number, 3);
    CU_ASSERT_EQUAL(model_table(&three, "A")->fields[1].number, 3);
    model_free(&three);
    model_free(&two);
    model_free(&one);
}

static void slots_follow_numbers(void)
{
    model m;

    /* Fixed-width ones first, by number; then the others. */
    model_build(
        &m, "enum E { X } type A { s: String e: E b: Boolean id: ID! f: Float i: Int l: [Int] }",
        "table 1 A\n  field 1 i Int\n  field 2 id ID\n  field 3 f Float\n  field 4 s String\n");
    CU_ASSERT_EQUAL(m.status, SGC_OK);
    if (m.status == SGC_OK) {
        static const char *const order[] = {"i", "f", "e", "b", "id", "s", "l"};
        static const uint32_t offsets[] = {6, 11, 20, 23, 0, 0, 0};
        const sgc_table *a = model_table(&m, "A");
        for (uint16_t i = 0; i < 7; i++) {
            uint16_t field = sgc_table_field(a, sgc_str_from(order[i]));
            CU_ASSERT_EQUAL(a->fields[field].slot, i);
            CU_ASSERT_EQUAL(a->layout.slots[i].offset, offsets[i]);
        }
        CU_ASSERT_TRUE(a->layout.fixed_count == 4 && a->layout.fixed_size == 18);
        CU_ASSERT_EQUAL(a->layout.version, 1);
    }
    model_free(&m);
}

static void wrong_locks_name_the_line(void)
{
    static const char *const cases[][2] = {
        {"tabel 1 A\n", "lock file, line 1: this does not belong here\n"},
        {"# x\n\ntable A\n", "lock file, line 3: a number, a name and no more are expected\n"},
        {"table 0 A\n", "lock file, line 1: a number, a name and no more are expected\n"},
        {"table 01 A\n", "lock file, line 1: a number, a name and no more are expected\n"},
        {"table 99999999999 A\n", "lock file, line 1: a number, a name and no more are expected\n"},
        {"table 70000 A\n", "lock file, line 1: a number, a name and no more are expected\n"},
        {"table 1 A B\n", "lock file, line 1: a number, a name and no more are expected\n"},
        {"table 2 A\ntable 1 B\n",
         "lock file, line 2: its number is not above the one before it\n"},
        {"table 1 A\ntable 1 B\n",
         "lock file, line 2: its number is not above the one before it\n"},
        {"table 1 A\ntable 2 A\n", "lock file, line 2: the same name is there twice\n"},
        {"  field 1 x Int\n", "lock file, line 1: this does not belong here\n"},
        {"enum 1 E\n  field 1 x Int\n", "lock file, line 2: this does not belong here\n"},
        {"table 1 A\nfield 1 x Int\n", "lock file, line 2: this does not belong here\n"},
        {"table 1 A\n  field 1 x\n",
         "lock file, line 2: a number, a name and no more are expected\n"},
        {"table 1 A\n  field 1 x Int\n  field 2 x Int\n",
         "lock file, line 3: the same name is there twice\n"},
        {"retired table 1 A\n  field 1 x Int\n",
         "lock file, line 2: what it belongs to is retired\n"},
        {"table 1 A\n  value 1 x\n", "lock file, line 2: this does not belong here\n"},
        {"<<<<<<< HEAD\n", "lock file, line 1: this does not belong here\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model m;
        model_build(&m, "type A { id: ID! }", cases[i][0]);
        CU_ASSERT_EQUAL(m.status, SGC_INVALID);
        UNIT_STR(sgc_buf_as_str(&m.errors), cases[i][1]);
        model_free(&m);
    }
}

static void any_lock_is_survived(void)
{
    uint64_t state = 88172645463325252U;
    model good;

    if (!model_good(&good, first_sdl)) return;
    for (int i = 0; i < 2000; i++) {
        char text[2000];
        size_t size = good.schema->numbering.size;
        model m;
        memcpy(text, good.schema->numbering.data, size + 1);
        for (int n = 0; n < 3; n++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            text[state % size] = "\n 0123456789aA#,:[]"[state >> 40 & 15];
        }
        model_build(&m, first_sdl, text);
        CU_ASSERT_TRUE(m.status == SGC_OK || (m.status == SGC_INVALID && m.errors.size > 0));
        model_free(&m);
    }
    model_free(&good);
}

static void the_hash_knows_storage_only(void)
{
    static const char *const same[] = {
        "\"words\" type A { \"more\" id: ID! x: Int }",
        "type A { id: ID! @id(generate: NONE) x: Int @default(value: \"1\") f(y: Int): Int }"};
    static const char *const other[] = {
        "type A { id: ID! x: Int! }",        "type A { id: ID! x: Int @index }",
        "type A { id: ID! x: Int @unique }", "type A { id: ID! x: Float }",
        "type A { id: ID! y: Int }",         "type A { id: String! x: Int }",
        "type A { id: ID! x: [Int] }",       "type A { id: ID! x: Int @check(expr: \"x > 1\") }"};
    model base;

    if (!model_good(&base, "type A { id: ID! x: Int }")) return;
    for (size_t i = 0; i < 2; i++) {
        model m;
        if (model_good(&m, same[i])) CU_ASSERT_EQUAL(m.schema->hash, base.schema->hash);
        model_free(&m);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        model m;
        if (model_good(&m, other[i])) CU_ASSERT_NOT_EQUAL(m.schema->hash, base.schema->hash);
        model_free(&m);
    }
    model_free(&base);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"numbers are kept", numbers_are_kept},
        {"what came back is new", what_came_back_is_new},
        {"slots follow numbers", slots_follow_numbers},
        {"wrong locks name the line", wrong_locks_name_the_line},
        {"any lock is survived", any_lock_is_survived},
        {"the hash knows storage only", the_hash_knows_storage_only},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.numbering", tests);
}
