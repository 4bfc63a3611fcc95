/* users.c - the rows: everything about a row follows from its number. */
#include "bench.h"

#include <stdio.h>
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

void bench_id(uint64_t n, char out[16])
{
    snprintf(out, 16, "user%010llu", (unsigned long long)n);
}

/* Spread, so that a new row's place in the unique index is anywhere. */
void bench_email(uint64_t n, char out[48])
{
    snprintf(out, 48, "%08llx.%llu@example.org", (unsigned long long)(scatter(n) & 0xFFFFFFFF),
             (unsigned long long)n);
}

void bench_user(uint64_t n, user *out)
{
    uint64_t mixed = scatter(n + 77);

    bench_id(n, out->id);
    bench_email(n, out->email);
    snprintf(out->name, sizeof out->name, "First%llu Last%llu", (unsigned long long)(mixed % 9973),
             (unsigned long long)(mixed % 99991));
    snprintf(out->city, sizeof out->city, "%s", cities[mixed >> 20 & 15]);
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
