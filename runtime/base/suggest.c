/*
 * suggest.c - "Did you mean": names that resemble a misspelt one. The distance is the one the
 * reference implementation uses (insert, delete, replace, swap neighbours; letters without case),
 * computed in the band of the table that can matter.
 */
#include "base/base.h"

/* ---- the order of suggestions of equal distance: text, but digits by their number ---- */

static bool is_digit(sgc_str text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

static double number(sgc_str text, size_t *at)
{
    double value = 0;

    do {
        value = value * 10 + (text.data[(*at)++] - '0');
    } while (is_digit(text, *at) && value > 0);
    return value;
}

int sgc_natural_compare(sgc_str a, sgc_str b)
{
    size_t i = 0, k = 0;

    while (i < a.size && k < b.size) {
        if (is_digit(a, i) && is_digit(b, k)) {
            double left = number(a, &i), right = number(b, &k);
            if (left < right) return -1;
            if (left > right) return 1;
        } else {
            unsigned char left = (unsigned char)a.data[i++], right = (unsigned char)b.data[k++];
            if (left != right) return left < right ? -1 : 1;
        }
    }
    return (a.size > b.size) - (a.size < b.size);
}

/* ---- distance ---- */

struct misspelt {
    uint16_t *input, *option; /* lower case, UTF-16 units */
    size_t input_size;
    uint32_t *rows[3];
    uint32_t threshold;
};

enum { FAR = 1 << 30, LONGEST = 1 << 20 };

static uint16_t lower(uint32_t unit)
{
    if (unit >= 'A' && unit <= 'Z') return (uint16_t)(unit + 32);
    if (unit == 0x212A) return 'k'; /* KELVIN SIGN, the one other character that becomes ASCII */
    return (uint16_t)unit;
}

/* Units of lower-cased text; out may be NULL. LATIN CAPITAL I WITH DOT becomes two. */
static size_t fold(sgc_str text, uint16_t *out)
{
    size_t count = 0, at = 0;

    while (at < text.size) {
        uint32_t code = (unsigned char)text.data[at];
        size_t step = code < 0x80 ? 1 : sgc_utf8_decode(text.data + at, text.size - at, &code);
        at += step ? step : 1;
        uint16_t first = lower(code), second = code == 0x130 ? 0x307 : 0;
        if (code == 0x130) first = 'i';
        if (code >= 0x10000) {
            first = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
            second = (uint16_t)(0xDC00 + (code & 0x3FF));
        }
        if (out) out[count] = first;
        count++;
        if (!second) continue;
        if (out) out[count] = second;
        count++;
    }
    return count;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* One row of the table from the two above it; the smallest cell is returned. */
static uint32_t fill_row(const struct misspelt *m, const uint16_t *a, size_t i, const uint16_t *b,
                         size_t low, size_t high)
{
    const uint32_t *up = m->rows[(i - 1) % 3], *up2 = m->rows[(i + 1) % 3];
    uint32_t *row = m->rows[i % 3];
    uint32_t smallest = row[low - 1] = low == 1 ? (uint32_t)i : FAR;

    for (size_t j = low; j <= high; j++) {
        uint32_t cell = least(least(up[j], row[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            cell = least(cell, up2[j - 2] + 1);
        row[j] = cell;
        smallest = least(smallest, cell);
    }
    row[high + 1] = FAR;
    return smallest;
}

/* Distance of a and b (an >= bn), FAR when it is above the threshold. */
static uint32_t measure(const struct misspelt *m, const uint16_t *a, size_t an, const uint16_t *b,
                        size_t bn)
{
    size_t band = m->threshold;

    for (size_t j = 0; j <= bn && j <= band; j++)
        m->rows[0][j] = (uint32_t)j;
    m->rows[0][least((uint32_t)bn, (uint32_t)band) + 1] = FAR;
    for (size_t i = 1; i <= an; i++) {
        size_t low = i > band ? i - band : 1, high = i + band < bn ? i + band : bn;
        if (low == 0) low = 1;
        if (low > high + 1) return FAR;
        if (fill_row(m, a, i, b, low, high) > m->threshold) return FAR;
    }
    return m->rows[an % 3][bn] <= m->threshold ? m->rows[an % 3][bn] : FAR;
}

static uint32_t distance(const struct misspelt *m, sgc_str input, sgc_str option, uint64_t *effort)
{
    size_t size = option.size;
    uint64_t cost = 1;

    if (sgc_str_eq(input, option)) return 0;
    size_t longer = size > m->input_size ? size : m->input_size;
    size_t shorter = size > m->input_size ? m->input_size : size;
    if (longer - shorter <= m->threshold)
        cost += longer * (shorter < 2 * m->threshold + 1 ? shorter : 2 * m->threshold + 1);
    if (*effort < cost) {
        *effort = 0;
        return FAR;
    }
    *effort -= cost;
    if (longer - shorter > m->threshold) return FAR;
    fold(option, m->option);
    if (size == m->input_size && memcmp(m->option, m->input, size * sizeof *m->input) == 0)
        return 1;
    if (size < m->input_size) return measure(m, m->input, m->input_size, m->option, size);
    return measure(m, m->option, size, m->input, m->input_size);
}

/* ---- the list ---- */

struct best {
    sgc_str *names;
    uint32_t distances[SGC_SUGGESTIONS];
    size_t count;
};

static void offer(struct best *best, sgc_str name, uint32_t at)
{
    size_t place = best->count;

    while (place > 0) {
        uint32_t other = best->distances[place - 1];
        int order =
            at != other ? (at < other ? -1 : 1) : sgc_natural_compare(name, best->names[place - 1]);
        if (order == 0 && sgc_str_eq(name, best->names[place - 1])) return;
        if (order >= 0) break;
        place--;
    }
    if (place == SGC_SUGGESTIONS) return;
    if (best->count < SGC_SUGGESTIONS) best->count++;
    for (size_t i = best->count - 1; i > place; i--) {
        best->names[i] = best->names[i - 1];
        best->distances[i] = best->distances[i - 1];
    }
    best->names[place] = name;
    best->distances[place] = at;
}

static size_t utf16_size(sgc_str text)
{
    size_t units = 0;

    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        units += (byte & 0xC0) != 0x80;
        units += byte >= 0xF0;
    }
    return units;
}

static bool prepare(struct misspelt *m, sgc_str input)
{
    /* 0.4 of the length as a double, rounded down, is two fifths in whole numbers. */
    m->threshold = (uint32_t)(utf16_size(input) * 2 / 5 + 1);
    m->input_size = fold(input, NULL);
    size_t row = m->input_size + m->threshold + 3, units = m->input_size + row;
    uint32_t *memory = sgc_alloc_zero(3 * row + units / 2 + 1, sizeof *memory);

    if (!memory) return false;
    for (size_t i = 0; i < 3; i++)
        m->rows[i] = memory + i * row;
    m->input = (uint16_t *)(void *)(memory + 3 * row);
    m->option = m->input + m->input_size;
    fold(input, m->input);
    return true;
}

size_t sgc_suggest(sgc_str input, const sgc_str *options, size_t count, uint64_t *effort,
                   sgc_str best[SGC_SUGGESTIONS])
{
    struct misspelt m = {0};
    struct best list = {.names = best};

    if (input.size > LONGEST || *effort <= input.size) return 0;
    *effort -= input.size;
    if (!prepare(&m, input)) return 0;
    for (size_t i = 0; i < count && *effort; i++) {
        uint32_t at = distance(&m, input, options[i], effort);
        if (at != FAR) offer(&list, options[i], at);
    }
    sgc_free(m.rows[0]);
    return *effort ? list.count : 0;
}

void sgc_did_you_mean(const char *what, const sgc_str *list, size_t count, sgc_buf *out)
{
    if (count > SGC_SUGGESTIONS) count = SGC_SUGGESTIONS;
    if (count == 0) return;
    sgc_buf_text(out, " Did you mean ");
    if (what) sgc_buf_printf(out, "%s ", what);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && count > 2) sgc_buf_byte(out, ',');
        if (i > 0) sgc_buf_byte(out, ' ');
        if (i > 0 && i + 1 == count) sgc_buf_text(out, "or ");
        sgc_buf_byte(out, '"');
        sgc_buf_str(out, list[i]);
        sgc_buf_byte(out, '"');
    }
    sgc_buf_byte(out, '?');
}
