/*
 * time.c - dates and times: RFC 3339 text to microseconds and days and back, in the proleptic
 * Gregorian calendar. No clock, no time zones beyond a written offset.
 */
#include "codec/codec.h"
#include "codec/number.h"

static const int64_t second = 1000000;
static const int64_t day = 86400 * (int64_t)1000000;

/* ---- calendar ---- */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/*
 * Days since 1970-01-01. Years are counted from March, so that the leap day ends a year and the
 * months before it have a fixed pattern of 153 days in five.
 */
static int64_t days_of_date(int64_t year, int month, int day_of_month)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400);
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day_of_month - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int *month, int *day_of_month)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;

    *day_of_month = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}

/* ---- reading ---- */

typedef struct scan {
    sgc_str text;
    size_t at;
    bool bad;
} scan;

static int number(scan *s, int width, int low, int high)
{
    int value = 0;

    for (int i = 0; i < width; i++, s->at++) {
        char c = s->at < s->text.size ? s->text.data[s->at] : '?';
        if (c < '0' || c > '9') s->bad = true;
        if (s->bad) return low;
        value = value * 10 + (c - '0');
    }
    if (value < low || value > high) s->bad = true;
    return value;
}

static void expect(scan *s, char c)
{
    if (s->at >= s->text.size || s->text.data[s->at] != c) s->bad = true;
    s->at++;
}

static char peek(const scan *s)
{
    return s->at < s->text.size ? s->text.data[s->at] : '\0';
}

static int64_t scan_date(scan *s)
{
    int year = number(s, 4, 0, 9999);

    expect(s, '-');
    int month = number(s, 2, 1, 12);
    expect(s, '-');
    int of_month = number(s, 2, 1, 31);
    if (!s->bad && of_month > days_in_month(year, month)) s->bad = true;
    return s->bad ? 0 : days_of_date(year, month, of_month);
}

/* Up to six decimals; more are allowed while they are 0. *fine: a digit that would be lost. */
static int64_t scan_fraction(scan *s, bool *fine)
{
    int64_t fraction = 0, unit = 100000;
    size_t start = ++s->at;

    for (; peek(s) >= '0' && peek(s) <= '9'; s->at++, unit /= 10) {
        if (unit == 0 && peek(s) != '0') *fine = true;
        fraction += unit * (peek(s) - '0');
    }
    if (s->at == start) s->bad = true;
    return fraction;
}

static int64_t scan_time(scan *s, bool *fine)
{
    int64_t value = number(s, 2, 0, 23) * (int64_t)3600;

    expect(s, ':');
    value += number(s, 2, 0, 59) * (int64_t)60;
    expect(s, ':');
    value = (value + number(s, 2, 0, 59)) * second;
    return peek(s) == '.' ? value + scan_fraction(s, fine) : value;
}

static int64_t scan_offset(scan *s)
{
    char sign = peek(s);

    s->at++;
    if (sign == 'Z' || sign == 'z') return 0;
    if (sign != '+' && sign != '-') s->bad = true;
    int64_t minutes = number(s, 2, 0, 23) * (int64_t)60;
    expect(s, ':');
    minutes += number(s, 2, 0, 59);
    return (sign == '-' ? -minutes : minutes) * 60 * second;
}

static sgc_status finish(const scan *s, bool fine, const char *kind, const char *form,
                         sgc_error *error)
{
    if (s->bad || s->at != s->text.size)
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is not a %s: it is written %s",
                        SGC_SHOWN(s->text), kind, form);
    if (fine)
        return sgc_fail(error, SGC_INVALID,
                        "\"%.*s\" is finer than a microsecond, which %s does not keep",
                        SGC_SHOWN(s->text), kind);
    return SGC_OK;
}

sgc_status sgc_text_to_datetime(sgc_str text, int64_t *microseconds, sgc_error *error)
{
    scan s = {.text = text};
    bool fine = false;
    int64_t value = scan_date(&s) * day;

    if (peek(&s) != 'T' && peek(&s) != 't') s.bad = true;
    s.at++;
    value += scan_time(&s, &fine);
    value -= scan_offset(&s);
    sgc_status status = finish(&s, fine, "DateTime", "2026-01-31T23:59:59.123456Z", error);
    if (status != SGC_OK) return status;
    if (value < days_of_date(0, 1, 1) * day || value >= days_of_date(10000, 1, 1) * day)
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is outside the years 0000 to 9999 in UTC",
                        SGC_SHOWN(text));
    *microseconds = value;
    return SGC_OK;
}

sgc_status sgc_text_to_date(sgc_str text, int64_t *days, sgc_error *error)
{
    scan s = {.text = text};
    int64_t value = scan_date(&s);
    sgc_status status = finish(&s, false, "Date", "2026-01-31", error);

    if (status == SGC_OK) *days = value;
    return status;
}

sgc_status sgc_text_to_time(sgc_str text, int64_t *microseconds, sgc_error *error)
{
    scan s = {.text = text};
    bool fine = false;
    int64_t value = scan_time(&s, &fine);
    sgc_status status = finish(&s, fine, "Time", "23:59:59.123456", error);

    if (status == SGC_OK) *microseconds = value;
    return status;
}

/* ---- writing ---- */

static char *put2(char *at, int64_t value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
    return at + 2;
}

/* Years outside 0000 to 9999 take a sign and six digits (ISO 8601, expanded). */
static char *put_date(char *at, int64_t days)
{
    int64_t year;
    int month, of_month;

    date_of_days(days, &year, &month, &of_month);
    if (year < 0 || year > 9999) {
        *at++ = year < 0 ? '-' : '+';
        uint64_t size = (uint64_t)(year < 0 ? -year : year);
        for (uint64_t unit = 100000; unit > size && unit > 1; unit /= 10)
            *at++ = '0';
        at += sgc_write_uint64(at, size);
    } else {
        at = put2(put2(at, year / 100), year % 100);
    }
    *at++ = '-';
    at = put2(at, month);
    *at++ = '-';
    return put2(at, of_month);
}

/* No decimals, three or six, as few as keep the value. */
static char *put_time(char *at, int64_t microseconds)
{
    int64_t seconds = microseconds / second, fraction = microseconds % second;

    at = put2(at, seconds / 3600);
    *at++ = ':';
    at = put2(at, seconds / 60 % 60);
    *at++ = ':';
    at = put2(at, seconds % 60);
    if (fraction == 0) return at;
    *at++ = '.';
    at = put2(at, fraction / 10000);
    *at++ = (char)('0' + fraction / 1000 % 10);
    if (fraction % 1000 == 0) return at;
    *at++ = (char)('0' + fraction / 100 % 10);
    return put2(at, fraction % 100);
}

void sgc_json_datetime(sgc_buf *out, int64_t microseconds)
{
    char *start = sgc_buf_reserve(out, 48), *at = start;
    int64_t of_day = microseconds % day;

    if (!at) return;
    if (of_day < 0) of_day += day;
    *at++ = '"';
    at = put_date(at, floor_div(microseconds, day));
    *at++ = 'T';
    at = put_time(at, of_day);
    *at++ = 'Z';
    *at++ = '"';
    out->size += (size_t)(at - start);
}

void sgc_json_date(sgc_buf *out, int64_t days)
{
    /* Any int64 may be stored: the calendar is computed for what its arithmetic can hold. */
    static const int64_t limit = INT64_MAX / 8;
    char *start = sgc_buf_reserve(out, 48), *at = start;

    if (!at) return;
    if (days > limit) days = limit;
    if (days < -limit) days = -limit;
    *at++ = '"';
    at = put_date(at, days);
    *at++ = '"';
    out->size += (size_t)(at - start);
}

void sgc_json_time(sgc_buf *out, int64_t microseconds)
{
    char *start = sgc_buf_reserve(out, 24), *at = start;
    int64_t of_day = microseconds % day;

    if (!at) return;
    *at++ = '"';
    at = put_time(at, of_day < 0 ? of_day + day : of_day);
    *at++ = '"';
    out->size += (size_t)(at - start);
}
