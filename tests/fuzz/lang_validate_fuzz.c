/*
 * lang_validate_fuzz.c - any bytes as a query against a schema that has something of everything.
 * The rules one by one must report what they report together, and the printed query must be judged
 * like the query itself.
 */
#include "lang/lang.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema[] =
    "type Query { dog(id: ID! name: String = \"Rex\" old: Int @deprecated): Dog pets(in: Filter, "
    "colour: Colour): [Pet!]! s: String b: Query any: [Any] } interface Pet { name: String }\n"
    "type Dog implements Pet { name: String barks: Boolean! friends: [Dog] at: DateTime }\n"
    "type Cat implements Pet { name: String lives: Int! barks: Int! } union Any = Dog | Cat\n"
    "enum Colour { RED GREY @deprecated } input Filter { name: String! age: Int = 3 one: One }\n"
    "input One @oneOf { a: Int b: String c: [Filter!] } type Mutation { add(n: Int): Int }\n"
    "type Subscription { dog: Dog cat: Cat } directive @note(n: Int!) on FIELD | QUERY\n"
    "directive @defer(if: Boolean! = true label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n"
    "directive @stream(if: Boolean! = true label: String) on FIELD\n"
    "directive @tag(n: Int) repeatable on FIELD | VARIABLE_DEFINITION\n";

static const char *const rules[] = {"ExecutableDefinitionsRule",
                                    "KnownOperationTypesRule",
                                    "UniqueOperationNamesRule",
                                    "LoneAnonymousOperationRule",
                                    "SingleFieldSubscriptionsRule",
                                    "KnownTypeNamesRule",
                                    "FragmentsOnCompositeTypesRule",
                                    "VariablesAreInputTypesRule",
                                    "ScalarLeafsRule",
                                    "FieldsOnCorrectTypeRule",
                                    "UniqueFragmentNamesRule",
                                    "KnownFragmentNamesRule",
                                    "NoUnusedFragmentsRule",
                                    "PossibleFragmentSpreadsRule",
                                    "NoFragmentCyclesRule",
                                    "UniqueVariableNamesRule",
                                    "NoUndefinedVariablesRule",
                                    "NoUnusedVariablesRule",
                                    "KnownDirectivesRule",
                                    "UniqueDirectivesPerLocationRule",
                                    "DeferStreamDirectiveOnRootFieldRule",
                                    "DeferStreamDirectiveOnValidOperationsRule",
                                    "DeferStreamDirectiveLabelRule",
                                    "StreamDirectiveOnListFieldRule",
                                    "KnownArgumentNamesRule",
                                    "UniqueArgumentNamesRule",
                                    "ValuesOfCorrectTypeRule",
                                    "ProvidedRequiredArgumentsRule",
                                    "VariablesInAllowedPositionRule",
                                    "OverlappingFieldsCanBeMergedRule",
                                    "UniqueInputFieldNamesRule",
                                    "MaxIntrospectionDepthRule"};

static void demand(bool truth)
{
    if (!truth) abort();
}

static sgc_document *parse(sgc_arena *arena, sgc_str text, sgc_diagnostics *diagnostics)
{
    sgc_source *source = sgc_arena_zero(arena, 1, sizeof *source);
    sgc_document *document = NULL;

    demand(source != NULL);
    *source = (sgc_source){SGC_STR("fuzz"), sgc_arena_str(arena, text)};
    sgc_status status = sgc_parse(source, NULL, arena, diagnostics, &document);
    demand(status == SGC_OK || status == SGC_INVALID);
    return status == SGC_OK ? document : NULL;
}

static sgc_type_system *build(sgc_arena *arena)
{
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_type_system *system = NULL;
    sgc_document *prelude = parse(arena, sgc_str_from(sgc_prelude_sdl), &diagnostics);
    const sgc_document *documents[] = {parse(arena, sgc_str_from(schema), &diagnostics)};

    demand(sgc_type_system_build(documents, 1, prelude, arena, &diagnostics, &system) == SGC_OK);
    return system;
}

static sgc_status judge(const sgc_type_system *system, const sgc_document *document, sgc_str rule,
                        sgc_diagnostics *found)
{
    sgc_status status = sgc_validate(system, document, rule, found);

    demand(status == SGC_OK || status == SGC_INVALID || status == SGC_LIMIT);
    demand((status == SGC_OK) == (found->count == 0));
    return status;
}

/* The first error of a rule, from `at` on. */
static const sgc_diagnostic *next_of(const sgc_diagnostic *at, const char *rule)
{
    while (at && strcmp(at->rule, rule) != 0)
        at = at->next;
    return at;
}

static void one_by_one(const sgc_type_system *system, const sgc_document *document,
                       const sgc_diagnostics *all, sgc_arena *arena)
{
    size_t sum = 0;

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        sgc_diagnostics found = {.arena = arena};
        demand(sgc_validation_rule_known(sgc_str_from(rules[i])));
        if (judge(system, document, sgc_str_from(rules[i]), &found) == SGC_LIMIT) return;
        const sgc_diagnostic *other = next_of(all->first, rules[i]);
        for (const sgc_diagnostic *at = found.first; at; at = at->next) {
            demand(other && sgc_str_eq(at->message, other->message));
            demand(at->place_count == other->place_count);
            other = next_of(other->next, rules[i]);
        }
        sum += found.count;
    }
    demand(sum == all->count);
}

/* Errors in the same order with the same words; only the places are others. */
static void printed_alike(const sgc_type_system *system, const sgc_document *document,
                          const sgc_diagnostics *all, sgc_arena *arena)
{
    sgc_diagnostics found = {.arena = arena};
    sgc_buf text = {0};

    sgc_print_document(document, &text);
    demand(!text.failed);
    sgc_document *again = parse(arena, sgc_buf_as_str(&text), &found);
    demand(again != NULL);
    judge(system, again, sgc_str_of(NULL, 0), &found);
    demand(found.count == all->count);
    const sgc_diagnostic *other = all->first;
    for (const sgc_diagnostic *at = found.first; at; at = at->next, other = other->next)
        demand(strcmp(at->rule, other->rule) == 0 && sgc_str_eq(at->message, other->message));
    sgc_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sgc_arena arena = {0};
    sgc_diagnostics found = {.arena = &arena};
    sgc_buf shown = {0};
    const sgc_document *document = parse(&arena, sgc_str_of((const char *)data, size), &found);

    if (document) {
        const sgc_type_system *system = build(&arena);
        if (judge(system, document, sgc_str_of(NULL, 0), &found) != SGC_LIMIT) {
            one_by_one(system, document, &found, &arena);
            printed_alike(system, document, &found, &arena);
        }
        sgc_diagnostics_print(&found, &shown);
        sgc_diagnostics_json(&found, &shown);
        demand(!shown.failed);
    }
    sgc_buf_free(&shown);
    sgc_arena_free(&arena);
    return 0;
}
