/* work.c - see work.h. */
#include "work.h"

#include <string.h>

const char *const bench_work_words[BENCH_WORKS] = {
    [BENCH_GET] = "get",    [BENCH_GET_BATCH] = "get_batch", [BENCH_BY_EMAIL] = "email",
    [BENCH_BY_AGE] = "age", [BENCH_AVERAGE] = "average",
};
const char *const bench_work_titles[BENCH_WORKS] = {
    [BENCH_GET] = "point get by id, decoded",
    [BENCH_GET_BATCH] = "the same, 100 in a transaction, each",
    [BENCH_BY_EMAIL] = "get by unique email",
    [BENCH_BY_AGE] = "100 rows by age range, decoded",
    [BENCH_AVERAGE] = "avg(age) over all rows",
};

bench_work bench_work_named(const char *word)
{
    unsigned what = 0;

    while (what < BENCH_WORKS && strcmp(bench_work_words[what], word) != 0)
        what++;
    return (bench_work)what;
}

static uint64_t do_batch(const bench_engine *engine, void *session, uint64_t rows, uint64_t *state)
{
    char ids[BATCH_GETS][16];

    for (int i = 0; i < BATCH_GETS; i++)
        bench_id(bench_random(state) % rows, ids[i]);
    return engine->get_batch(session, (const char(*)[16])ids);
}

uint64_t bench_do(const bench_engine *engine, void *session, bench_work what, uint64_t rows,
                  uint64_t seed, size_t n)
{
    uint64_t sum = 0;
    char text[48];

    for (size_t i = 0; i < n; i++) {
        switch (what) {
        case BENCH_GET:
            bench_id(bench_random(&seed) % rows, text);
            sum += engine->get(session, text);
            break;
        case BENCH_GET_BATCH:
            sum += do_batch(engine, session, rows, &seed);
            break;
        case BENCH_BY_EMAIL:
            bench_email(bench_random(&seed) % rows, text);
            sum += engine->by_email(session, text);
            break;
        case BENCH_BY_AGE:
            sum += engine->by_age(session, (int32_t)(bench_random(&seed) % (AGES / 10 * 9)));
            break;
        default:
            sum += (uint64_t)(engine->average(session) * 1000);
        }
    }
    return sum;
}
