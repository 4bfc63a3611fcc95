/* flags.c - command lines into values; nothing unknown passes. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

static int find_flag(const sgc_flag *flags, const char *name, size_t size)
{
    for (int i = 0; flags[i].name; i++)
        if (strlen(flags[i].name) == size && memcmp(flags[i].name, name, size) == 0) return i;
    return -1;
}

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

/* One flag at argv[*at]; moves *at over a value that stands apart. */
static sgc_status take_flag(int argc, char **argv, int *at, const sgc_flag *flags,
                            sgc_arguments *arguments, sgc_error *error)
{
    const char *text = argv[*at];
    const char *equals = strchr(text, '=');
    size_t size = equals ? (size_t)(equals - text) : strlen(text);
    int i = find_flag(flags, text, size);

    if (i < 0) return sgc_usage_error(arguments, error, "unknown option '%.*s'", (int)size, text);
    if (arguments->values[i])
        return sgc_usage_error(arguments, error, "%s is given twice", flags[i].name);
    if (!flags[i].value) {
        if (equals) return sgc_usage_error(arguments, error, "%s takes no value", flags[i].name);
        arguments->values[i] = "";
    } else if (equals) {
        arguments->values[i] = equals + 1;
    } else if (*at + 1 < argc) {
        arguments->values[i] = argv[++*at];
    } else {
        return sgc_usage_error(arguments, error, "%s needs a value: %s %s", flags[i].name,
                               flags[i].name, flags[i].value);
    }
    return SGC_OK;
}

sgc_status sgc_flags_parse(int argc, char **argv, int first, const sgc_flag *flags,
                           sgc_arguments *arguments, sgc_error *error)
{
    bool only_positional = false;
    int kept = first;

    *arguments = (sgc_arguments){0};
    for (int at = first; at < argc; at++) {
        char *text = argv[at];
        if (!only_positional && strcmp(text, "--") == 0) {
            only_positional = true;
        } else if (!only_positional && text[0] == '-' && text[1] != '\0') {
            sgc_status status = take_flag(argc, argv, &at, flags, arguments, error);
            if (status != SGC_OK) return status;
        } else {
            argv[kept++] = text;
        }
    }
    arguments->positional = &argv[first];
    arguments->positional_count = kept - first;
    return SGC_OK;
}

const char *sgc_flag_value(const sgc_flag *flags, const sgc_arguments *arguments, const char *name)
{
    int i = find_flag(flags, name, strlen(name));
    return i < 0 ? NULL : arguments->values[i];
}

sgc_status sgc_flag_data(const sgc_flag *flags, sgc_arguments *arguments, const char **data,
                         sgc_error *error)
{
    *data = sgc_flag_value(flags, arguments, "--data");
    if (!*data) return sgc_usage_error(arguments, error, "--data DIR is missing");
    if (!**data) return sgc_usage_error(arguments, error, "--data is empty: name a folder");
    return SGC_OK;
}

void sgc_flags_print(const sgc_flag *flags, sgc_buf *out)
{
    char left[64];

    for (int i = 0; flags[i].name; i++) {
        snprintf(left, sizeof left, "%s%s%s", flags[i].name, flags[i].value ? " " : "",
                 flags[i].value ? flags[i].value : "");
        sgc_buf_printf(out, "  %-24s %s\n", left, flags[i].help);
    }
}

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
