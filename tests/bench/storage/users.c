/* users.c - the rows: everything about a row follows from its number. */
#include "bench.h"

#include <string.h>

static const char *const cities[] = {"Amsterdam", "Bogota",       "Cairo",  "Dhaka",
                                     "Edinburgh", "Fukuoka",      "Gdansk", "Hanoi",
                                     "Istanbul",  "Johannesburg", "Kyoto",  "Lisbon",
                                     "Mumbai",    "Nairobi",      "Oslo",   "Porto Alegre"};

static uint64_t scatter(uint64_t n)
{
    n = (n ^ (n >> 31)) * 0x9E3779B97F4A7C15U;
    return n ^ (n >> 29);
}

/* Written by hand: printf would cost as much as what is measured. */
static char *put_digits(char *out, uint64_t n, unsigned least)
{
    char digits[20];
    unsigned count = 0;

    for (; n || count < least; n /= 10)
        digits[count++] = (char)('0' + n % 10);
    while (count)
        *out++ = digits[--count];
    *out = '\0';
    return out;
}

static char *put_text(char *out, const char *text)
{
    while (*text)
        *out++ = *text++;
    *out = '\0';
    return out;
}

void bench_id(uint64_t n, char out[16])
{
    put_digits(put_text(out, "user"), n, 10);
}

/* Spread, so that a new row's place in the unique index is anywhere. */
void bench_email(uint64_t n, char out[48])
{
    uint64_t mixed = scatter(n);

    for (unsigned shift = 32; shift > 0; shift -= 4)
        *out++ = "0123456789abcdef"[mixed >> (shift - 4) & 15];
    put_text(put_digits(put_text(out, "."), n, 1), "@example.org");
}

void bench_user(uint64_t n, user *out)
{
    uint64_t mixed = scatter(n + 77);

    bench_id(n, out->id);
    bench_email(n, out->email);
    char *name = put_digits(put_text(out->name, "First"), mixed % 9973, 1);
    put_digits(put_text(name, " Last"), mixed % 99991, 1);
    put_text(out->city, cities[mixed >> 20 & 15]);
    out->age = (int32_t)(scatter(n + 12345) % AGES);
    out->created = 1700000000000000 + (int64_t)n * 1000003;
}

uint64_t bench_sum(const char *id, size_t id_size, const char *name, size_t name_size,
                   const char *email, size_t email_size, int32_t age, const char *city,
                   size_t city_size, int64_t created)
{
    return id_size + name_size + email_size + city_size + (uint8_t)id[id_size - 1] +
           (uint8_t)name[0] + (uint8_t)email[0] + (uint8_t)city[0] + (uint64_t)age +
           (uint64_t)(created / 1000);
}
