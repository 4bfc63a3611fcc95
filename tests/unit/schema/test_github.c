/*
 * test_github.c - GitHub's public schema, which nobody wrote for sgc, is valid input: 1 MB, 796
 * object types. It comes from npm (tests/package.json); cmake/setup --npm fetches it.
 */
#include "unit/schema/model.h"

#include <stdlib.h>
#include <time.h>

static char *read_schema(void)
{
    FILE *file =
        fopen(SGC_TEST_DATA "/../../node_modules/@octokit/graphql-schema/schema.graphql", "rb");
    char *text = NULL;
    long size = 0;

    if (!file) {
        printf("\n    GitHub's schema is not there: run cmake/setup --npm");
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    rewind(file);
    if (size > 0) text = sgc_alloc((size_t)size + 1);
    if (text && fread(text, 1, (size_t)size, file) == (size_t)size)
        text[size] = '\0';
    else if (text)
        text[0] = '\0';
    fclose(file);
    return text;
}

static void it_builds(void)
{
    char *text = read_schema();
    model m = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    clock_t start = clock();
    bool good = model_good(&m, text);
    double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("\n    %.0f ms ", took * 1e3);
    if (good) {
        CU_ASSERT_EQUAL(m.schema->table_count, 229);
        CU_ASSERT_EQUAL(model_table(&m, "Issue")->relations[0].kind, SGC_RELATION_KEY);
        CU_ASSERT_NOT_EQUAL(model_table(&m, "Issue")->relations[0].abstract, SGC_NONE);
        /* Lists with arguments are answered by resolvers. */
        CU_ASSERT_EQUAL(sgc_table_relation(model_table(&m, "Repository"), SGC_STR("issues")),
                        SGC_NONE);
        CU_ASSERT_TRUE(m.schema->resolver_count > 500 && m.built.note_count > 0);
    }
    model_free(&m);
    sgc_free(text);
}

static void its_own_text_and_numbers_build_it_again(void)
{
    char *text = read_schema();
    model one, two;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    if (model_good(&one, text)) {
        model_build(&two, one.schema->sdl.data, one.schema->numbering.data);
        CU_ASSERT_EQUAL(two.status, SGC_OK);
        CU_ASSERT_TRUE(two.schema && two.schema->hash == one.schema->hash);
        model_free(&two);
    }
    model_free(&one);
    sgc_free(text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"it builds", it_builds},
        {"its own text and numbers build it again", its_own_text_and_numbers_build_it_again},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.github", tests);
}
