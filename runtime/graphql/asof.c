/*
 * asof.c - which moment a part of a request sees: `asOf` of a root field, `@asOf` of the operation,
 * the default of the request, else now. One transaction for each moment, and one for now, so that
 * an answer never mixes two states of now.
 */
#include "graphql/execute.h"

/* Most transactions of one request: each version with relations below it may need its own. */
enum { MOMENTS_MAX = 1000 };

void sgc_asof_use(sgc_execution *at, sgc_txn *txn)
{
    at->txn = txn;
    at->query.txn = txn;
}

/* Where the transaction of this sequence stands in at->moments, or would. */
static size_t find_place(const sgc_execution *at, uint64_t sequence)
{
    size_t low = 0, high = at->moment_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sgc_txn_sequence(at->moments[middle]) < sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

sgc_status sgc_asof_txn(sgc_execution *at, uint64_t sequence, sgc_txn **txn, sgc_error *error)
{
    size_t place = find_place(at, sequence);
    sgc_txn *opened = NULL;

    *txn = at->now;
    if (!at->writes && sequence == sgc_txn_sequence(at->now)) return SGC_OK;
    *txn = place < at->moment_count ? at->moments[place] : NULL;
    if (*txn && sgc_txn_sequence(*txn) == sequence) return SGC_OK;
    if (at->moment_count == MOMENTS_MAX)
        return sgc_fail(error, SGC_LIMIT,
                        "one request reads %d moments at most: ask for fewer versions at a time",
                        MOMENTS_MAX);
    if (!SGC_ARENA_GROW(&at->arena, at->moments, at->moment_count, at->moment_capacity))
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = sgc_begin_read(at->db, sgc_at_seq(sequence), &opened);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_status_text(status));
    memmove(at->moments + place + 1, at->moments + place,
            (at->moment_count - place) * sizeof *at->moments);
    at->moments[place] = *txn = opened;
    at->moment_count++;
    return SGC_OK;
}

void sgc_asof_end(sgc_execution *at)
{
    for (size_t i = 0; i < at->moment_count; i++)
        sgc_abort(&at->moments[i]);
    at->moments = NULL;
    at->moment_count = at->moment_capacity = 0;
}

/* ---- from a moment to a sequence ---- */

static sgc_status sequence_of(sgc_execution *at, uint64_t wanted, uint64_t *sequence,
                              sgc_error *error)
{
    uint64_t head = sgc_txn_sequence(at->now);

    *sequence = wanted;
    if (wanted <= head) return SGC_OK;
    return sgc_fail(error, SGC_INVALID, "asOf: sequence %llu lies beyond the head, %llu",
                    (unsigned long long)wanted, (unsigned long long)head);
}

/* A clock that was set back leaves commits in its future: up to them a time may be asked for. */
static bool is_future(sgc_execution *at, uint64_t time_us)
{
    uint64_t last;

    if (time_us <= sgc_txn_now(at->now)) return false;
    sgc_status status = sgc_db_time_of(at->db, sgc_txn_sequence(at->now), &last, NULL);
    return status != SGC_OK || time_us > last;
}

static sgc_status sequence_at(sgc_execution *at, uint64_t time_us, uint64_t *sequence,
                              sgc_error *error)
{
    if (is_future(at, time_us)) return sgc_fail(error, SGC_INVALID, "asOf: the time lies ahead");
    return sgc_db_sequence_at(at->db, time_us, sequence, error);
}

static sgc_status resolve(sgc_execution *at, sgc_moment moment, uint64_t *sequence,
                          sgc_error *error)
{
    switch (moment.kind) {
    case SGC_MOMENT_SEQUENCE:
        return sequence_of(at, moment.value, sequence, error);
    case SGC_MOMENT_TIME:
        return sequence_at(at, moment.value, sequence, error);
    case SGC_MOMENT_NOW:
        break;
    }
    *sequence = sgc_txn_sequence(at->now);
    return SGC_OK;
}

/* ---- from text to a moment ---- */

sgc_status sgc_asof_sequence(sgc_str text, sgc_moment *moment, sgc_error *error)
{
    int64_t number;
    sgc_status status = sgc_text_to_int64(text, &number, error);

    if (status != SGC_OK) return status;
    if (number < 0) return sgc_fail(error, SGC_INVALID, "a sequence is not negative");
    *moment = sgc_at_seq((uint64_t)number);
    return SGC_OK;
}

sgc_status sgc_asof_time(sgc_str text, sgc_moment *moment, sgc_error *error)
{
    int64_t time_us;
    sgc_status status = sgc_text_to_datetime(text, &time_us, error);

    if (status == SGC_OK) /* before 1970 nothing was committed */
        *moment = time_us < 0 ? sgc_at_seq(0) : sgc_at_time((uint64_t)time_us);
    return status;
}

/* One of seq and time as the request gives it: a literal or a variable's value. */
typedef struct given {
    bool there, text, number;
    sgc_str value;
} given;

static given from_json(const sgc_json *json)
{
    given g = {.there = json && json->kind != SGC_JSON_NULL};

    if (!g.there) return g;
    g.text = json->kind == SGC_JSON_STRING;
    g.number = json->kind == SGC_JSON_NUMBER;
    g.value = json->text;
    return g;
}

static given from_literal(sgc_execution *at, const sgc_ast_directive *directive, const char *name)
{
    const sgc_ast_value *value = sgc_directive_argument(directive, name);
    given g = {.there = value && value->kind != SGC_VALUE_NULL};

    if (!g.there) return g;
    if (value->kind == SGC_VALUE_VARIABLE)
        return from_json(sgc_variable_find(&at->variables, value->text));
    g.text = value->kind == SGC_VALUE_STRING;
    g.number = value->kind == SGC_VALUE_INT;
    g.value = value->text;
    return g;
}

static sgc_status read_moment(given seq, given time, sgc_moment *moment, sgc_error *error)
{
    sgc_error words = {.text = ""};
    bool good = seq.there ? seq.text || seq.number : time.text;
    sgc_status status = SGC_OK;

    if (!good)
        return sgc_fail(error, SGC_INVALID, "asOf: %s",
                        seq.there ? "\"seq\" must be a whole number"
                                  : "\"time\" must be a date and time");
    status = seq.there ? sgc_asof_sequence(seq.value, moment, &words)
                       : sgc_asof_time(time.value, moment, &words);
    return status == SGC_OK ? SGC_OK : sgc_fail(error, status, "asOf: %s", words.text);
}

/* ---- what the executor asks ---- */

sgc_status sgc_asof_operation(sgc_execution *at, sgc_moment moment, sgc_error *error)
{
    const sgc_ast_directive *directive = sgc_directive_on(at->operation->directives, "asOf");
    sgc_status status = SGC_OK;
    uint64_t sequence;

    if (directive) {
        given seq = from_literal(at, directive, "seq"), time = from_literal(at, directive, "time");
        if (seq.there == time.there)
            return sgc_fail(error, SGC_INVALID, "@asOf takes one of \"seq\" and \"time\"");
        status = read_moment(seq, time, &moment, error);
    }
    if (status == SGC_OK) status = resolve(at, moment, &sequence, error);
    if (status == SGC_OK) status = sgc_asof_txn(at, sequence, &at->usual, error);
    return status;
}

sgc_status sgc_asof_field(sgc_execution *at, const sgc_json *arguments, sgc_txn **txn,
                          sgc_error *error)
{
    const sgc_json *json = sgc_json_member(arguments, "asOf");
    sgc_moment moment;
    uint64_t sequence;

    *txn = at->usual;
    if (!json || json->kind != SGC_JSON_OBJECT) return SGC_OK;
    sgc_status status = read_moment(from_json(sgc_json_member(json, "seq")),
                                    from_json(sgc_json_member(json, "time")), &moment, error);
    if (status == SGC_OK) status = resolve(at, moment, &sequence, error);
    if (status == SGC_OK) status = sgc_asof_txn(at, sequence, txn, error);
    return status;
}
