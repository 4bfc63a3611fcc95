/*
 * names.c - words of the generated API: the name of one row, of many, and back; and look-ups by
 * name in a finished model.
 */
#include "schema/schema.h"

/* ---- case ---- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char lower(char c)
{
    return is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/* A leading run of capitals is lowered but for the one that starts the next word. */
sgc_str sgc_name_lower(sgc_arena *arena, sgc_str type)
{
    sgc_str out = sgc_arena_str(arena, type);
    char *text = (char *)(uintptr_t)out.data;

    for (size_t i = 0; text && i < out.size && is_upper(text[i]); i++) {
        bool starts_word = i > 0 && i + 1 < out.size && !is_upper(type.data[i + 1]) &&
                           type.data[i + 1] >= 'a' && type.data[i + 1] <= 'z';
        if (starts_word) break;
        text[i] = lower(text[i]);
    }
    return out;
}

/* ---- plurals ---- */

/*
 * Words whose plural no rule gives; the same word twice where there is no other plural. Looked up
 * as the last word of a name, so that salesPerson becomes salesPeople.
 */
static const char *const irregular[][2] = {
    {"person", "people"},
    {"man", "men"},
    {"woman", "women"},
    {"child", "children"},
    {"foot", "feet"},
    {"tooth", "teeth"},
    {"goose", "geese"},
    {"mouse", "mice"},
    {"ox", "oxen"},
    {"leaf", "leaves"},
    {"life", "lives"},
    {"knife", "knives"},
    {"wife", "wives"},
    {"half", "halves"},
    {"shelf", "shelves"},
    {"self", "selves"},
    {"wolf", "wolves"},
    {"calf", "calves"},
    {"loaf", "loaves"},
    {"thief", "thieves"},
    {"elf", "elves"},
    {"scarf", "scarves"},
    {"hero", "heroes"},
    {"potato", "potatoes"},
    {"tomato", "tomatoes"},
    {"echo", "echoes"},
    {"veto", "vetoes"},
    {"datum", "data"},
    {"medium", "media"},
    {"criterion", "criteria"},
    {"phenomenon", "phenomena"},
    {"analysis", "analyses"},
    {"basis", "bases"},
    {"crisis", "crises"},
    {"thesis", "theses"},
    {"hypothesis", "hypotheses"},
    {"diagnosis", "diagnoses"},
    {"axis", "axes"},
    {"index", "indices"},
    {"vertex", "vertices"},
    {"matrix", "matrices"},
    {"appendix", "appendices"},
    {"quiz", "quizzes"},
    {"alumnus", "alumni"},
    {"cactus", "cacti"},
    {"fungus", "fungi"},
    {"nucleus", "nuclei"},
    {"radius", "radii"},
    {"stimulus", "stimuli"},
    {"syllabus", "syllabi"},
    {"curriculum", "curricula"},
    {"bacterium", "bacteria"},
    {"cookie", "cookies"},
    {"movie", "movies"},
    {"bonus", "bonuses"},
    {"die", "dice"},
    {"tie", "ties"},
    {"pie", "pies"},
    {"lie", "lies"},
    {"cache", "caches"},
    {"species", "species"},
    {"series", "series"},
    {"sheep", "sheep"},
    {"fish", "fish"},
    {"deer", "deer"},
    {"moose", "moose"},
    {"aircraft", "aircraft"},
    {"spacecraft", "spacecraft"},
    {"equipment", "equipment"},
    {"information", "information"},
    {"news", "news"},
    {"money", "money"},
    {"staff", "staff"},
    {"software", "software"},
    {"hardware", "hardware"},
    {"feedback", "feedback"},
    {"metadata", "metadata"},
    {"luggage", "luggage"},
    {"furniture", "furniture"},
    {"rice", "rice"},
    {"headquarters", "headquarters"},
};

/* Where the last word of a camelCase or snake_case name starts. */
static size_t last_word(sgc_str name)
{
    size_t at = name.size;

    while (at > 0) {
        at--;
        if (name.data[at] == '_') return at + 1;
        if (is_upper(name.data[at])) {
            /* A run of capitals is one word: its first letter counts. */
            while (at > 0 && is_upper(name.data[at - 1]))
                at--;
            return at;
        }
    }
    return 0;
}

static bool same_word(sgc_str a, const char *b)
{
    if (a.size != strlen(b)) return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != b[i]) return false;
    return true;
}

static bool ends_with(sgc_str word, const char *end)
{
    size_t size = strlen(end);

    return word.size > size && same_word(sgc_str_of(word.data + word.size - size, size), end);
}

/* name without its last `cut` bytes, and `end` behind it. */
static sgc_str with_end(sgc_arena *arena, sgc_str name, size_t cut, const char *end)
{
    return sgc_arena_printf(arena, "%.*s%s", (int)(name.size - cut), name.data, end);
}

static bool is_vowel(char c)
{
    c = lower(c);
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* The irregular word `to` in the case of the word it replaces. */
static sgc_str replaced(sgc_arena *arena, sgc_str name, size_t at, const char *to)
{
    char first = is_upper(name.data[at]) ? (char)(to[0] - ('a' - 'A')) : to[0];

    return sgc_arena_printf(arena, "%.*s%c%s", (int)at, name.data, first, to + 1);
}

static const char *other_form(sgc_str word, int from)
{
    for (size_t i = 0; i < sizeof irregular / sizeof *irregular; i++)
        if (same_word(word, irregular[i][from])) return irregular[i][1 - from];
    return NULL;
}

sgc_str sgc_name_plural(sgc_arena *arena, sgc_str singular)
{
    size_t at = last_word(singular);
    sgc_str word = sgc_str_of(singular.data + at, singular.size - at);
    const char *form = other_form(word, 0);

    if (!singular.data || singular.size == 0) return sgc_arena_str(arena, singular);
    if (form) return replaced(arena, singular, at, form);
    if (other_form(word, 1)) return sgc_arena_str(arena, singular); /* plural already: people */
    if (ends_with(word, "y") && !is_vowel(word.data[word.size - 2]))
        return with_end(arena, singular, 1, "ies");
    if (ends_with(word, "s") || ends_with(word, "x") || ends_with(word, "z") ||
        ends_with(word, "ch") || ends_with(word, "sh"))
        return with_end(arena, singular, 0, "es");
    return with_end(arena, singular, 0, "s");
}

sgc_str sgc_name_singular(sgc_arena *arena, sgc_str plural)
{
    size_t at = last_word(plural);
    sgc_str word = sgc_str_of(plural.data + at, plural.size - at);
    const char *form = other_form(word, 1);

    if (form) return replaced(arena, plural, at, form);
    if (ends_with(word, "ies") && word.size > 4) return with_end(arena, plural, 3, "y");
    bool uses = ends_with(word, "uses") && !ends_with(word, "ouses") && !ends_with(word, "auses");
    if (uses || ends_with(word, "sses") || ends_with(word, "xes") || ends_with(word, "zes") ||
        ends_with(word, "ches") || ends_with(word, "shes"))
        return with_end(arena, plural, 2, "");
    if (ends_with(word, "s") && !ends_with(word, "ss") && !ends_with(word, "us") &&
        !ends_with(word, "is"))
        return with_end(arena, plural, 1, "");
    return sgc_arena_str(arena, plural);
}

/* ---- look-ups ---- */

uint16_t sgc_schema_table(const sgc_schema *schema, sgc_str name)
{
    for (uint16_t i = 0; i < schema->table_count; i++)
        if (sgc_str_eq(schema->tables[i].name, name)) return i;
    return SGC_NONE;
}

uint16_t sgc_table_field(const sgc_table *table, sgc_str name)
{
    for (uint16_t i = 0; i < table->field_count; i++)
        if (sgc_str_eq(table->fields[i].name, name)) return i;
    return SGC_NONE;
}

uint16_t sgc_table_relation(const sgc_table *table, sgc_str name)
{
    for (uint16_t i = 0; i < table->relation_count; i++)
        if (sgc_str_eq(table->relations[i].name, name)) return i;
    return SGC_NONE;
}
