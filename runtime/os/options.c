/* options.c - command lines into values; nothing unknown passes. */
#include "os/options.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

sgc_status sgc_usage_error(sgc_arguments *arguments, sgc_error *error, const char *format, ...)
{
    char words[sizeof error->text];
    va_list values;

    va_start(values, format);
    vsnprintf(words, sizeof words, format, values);
    va_end(values);
    arguments->wrong = true;
    return sgc_fail(error, SGC_INVALID, "%s", words);
}

/* ---- one option ---- */

static const sgc_option *find(const sgc_option *options, sgc_str name)
{
    for (const sgc_option *one = options; one->name; one++)
        if (sgc_str_eq(name, sgc_str_from(one->name)) ||
            (one->letter && sgc_str_eq(name, sgc_str_from(one->letter))))
            return one;
    return NULL;
}

static sgc_str without_dashes(sgc_str name)
{
    while (name.size && name.data[0] == '-')
        name = sgc_str_of(name.data + 1, name.size - 1);
    return name;
}

/* Names the option, and the one that was probably meant. */
static sgc_status unknown(sgc_str name, sgc_arguments *arguments, sgc_error *error)
{
    enum { OPTIONS_MAX = 32 };
    sgc_str names[OPTIONS_MAX], best[SGC_SUGGESTIONS];
    uint64_t effort = SGC_SUGGEST_EFFORT;
    size_t count = 0;

    for (const sgc_option *one = arguments->options; one->name && count < OPTIONS_MAX; one++)
        names[count++] = without_dashes(sgc_str_from(one->name));
    count = sgc_suggest(without_dashes(name), names, count, &effort, best);
    if (count == 0)
        return sgc_usage_error(arguments, error, "unknown option '" SGC_FMT "'", SGC_ARG(name));
    return sgc_usage_error(arguments, error,
                           "unknown option '" SGC_FMT "', did you mean --" SGC_FMT "?",
                           SGC_ARG(name), SGC_ARG(best[0]));
}

/* The option at argv[*at]; moves *at over a value that stands apart. */
static sgc_status take(sgc_arguments *arguments, int argc, char **argv, int *at, sgc_error *error)
{
    const char *text = argv[*at];
    const char *equals = text[1] == '-' ? strchr(text, '=') : NULL;
    sgc_str name = sgc_str_of(text, equals ? (size_t)(equals - text) : strlen(text));
    const sgc_option *option = find(arguments->options, name);
    struct sgc_option_given *given = &arguments->given[arguments->given_count];

    if (!option) return unknown(name, arguments, error);
    if (!option->repeated && sgc_option_value(arguments, option->name))
        return sgc_usage_error(arguments, error, "%s is given twice", option->name);
    *given = (struct sgc_option_given){option, ""};
    if (!option->value) {
        if (equals) return sgc_usage_error(arguments, error, "%s takes no value", option->name);
    } else if (equals) {
        given->value = equals + 1;
    } else if (*at + 1 < argc) {
        given->value = argv[++*at];
    } else {
        return sgc_usage_error(arguments, error, "%s needs a value: %s %s", option->name,
                               option->name, option->value);
    }
    arguments->given_count++;
    return SGC_OK;
}

/* ---- the command line ---- */

sgc_status sgc_options_read(const sgc_option *options, int argc, char **argv, int first,
                            sgc_arena *arena, sgc_arguments *arguments, sgc_error *error)
{
    size_t room = argc > first ? (size_t)(argc - first) : 0;
    bool only_words = false;
    sgc_status status = SGC_OK;

    *arguments = (sgc_arguments){.options = options};
    arguments->given = sgc_arena_zero(arena, room, sizeof *arguments->given);
    arguments->words = sgc_arena_zero(arena, room, sizeof *arguments->words);
    if (!arguments->given || !arguments->words)
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (int at = first; at < argc && status == SGC_OK; at++) {
        const char *text = argv[at];
        if (only_words || text[0] != '-' || text[1] == '\0')
            arguments->words[arguments->word_count++] = text;
        else if (strcmp(text, "--") == 0)
            only_words = true;
        else
            status = take(arguments, argc, argv, &at, error);
    }
    return status;
}

const char *sgc_option_value(const sgc_arguments *arguments, const char *name)
{
    assert(find(arguments->options, sgc_str_from(name)));
    for (size_t i = 0; i < arguments->given_count; i++)
        if (strcmp(arguments->given[i].option->name, name) == 0) return arguments->given[i].value;
    return NULL;
}

size_t sgc_option_values(const sgc_arguments *arguments, const char *name, const char **values)
{
    size_t count = 0;

    assert(find(arguments->options, sgc_str_from(name)));
    for (size_t i = 0; i < arguments->given_count; i++)
        if (strcmp(arguments->given[i].option->name, name) == 0)
            values[count++] = arguments->given[i].value;
    return count;
}

void sgc_options_print(const sgc_option *options, sgc_buf *out)
{
    char left[64];

    for (const sgc_option *one = options; one->name; one++) {
        snprintf(left, sizeof left, "%s%s%s%s%s", one->letter ? one->letter : "",
                 one->letter ? ", " : "", one->name, one->value ? " " : "",
                 one->value ? one->value : "");
        sgc_buf_printf(out, "  %-24s %s\n", left, one->help);
    }
}

/* ---- values ---- */

sgc_status sgc_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *number,
                            sgc_error *error)
{
    uint64_t value = 0;
    const char *at = text;

    while (*at >= '0' && *at <= '9' && value <= UINT64_MAX / 10 - 1)
        value = value * 10 + (uint64_t)(*at++ - '0');
    if (at == text || *at || value < low || value > high)
        return sgc_fail(error, SGC_INVALID, "'%s' is no number from %llu to %llu", text,
                        (unsigned long long)low, (unsigned long long)high);
    *number = value;
    return SGC_OK;
}

sgc_status sgc_parse_bytes(const char *text, uint64_t *bytes, sgc_error *error)
{
    static const char units[] = "KMGT";
    char digits[24];
    size_t size = strlen(text);
    const char *unit = size ? strchr(units, text[size - 1]) : NULL;
    unsigned shift = unit && *unit ? 10 * (unsigned)(unit - units + 1) : 0;

    if (shift) size--;
    if (size == 0 || size >= sizeof digits)
        return sgc_fail(error, SGC_INVALID, "'%s' is no size: 4096, 64M, 2G", text);
    memcpy(digits, text, size);
    digits[size] = '\0';
    sgc_status status = sgc_parse_number(digits, 1, UINT64_MAX >> shift >> 4, bytes, NULL);
    if (status != SGC_OK)
        return sgc_fail(error, SGC_INVALID, "'%s' is no size: 4096, 64M, 2G", text);
    *bytes <<= shift;
    return SGC_OK;
}
