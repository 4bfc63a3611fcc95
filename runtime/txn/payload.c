/*
 * payload.c - the redo record of one commit as the log carries it: self-contained, versioned and
 * deterministic. docs/file-format.md ("Log payload") describes the bytes.
 */
#include "txn/internal.h"

enum { PAYLOAD_VERSION = 1, PAYLOAD_ROWS = 1, PAYLOAD_LOAD = 2, PAYLOAD_HEAD = 14 };

static void add16(sgc_buf *out, uint16_t v)
{
    char *at = sgc_buf_reserve(out, 2);

    if (!at) return;
    sgc_store16(at, v);
    out->size += 2;
}

static void add32(sgc_buf *out, uint32_t v)
{
    char *at = sgc_buf_reserve(out, 4);

    if (!at) return;
    sgc_store32(at, v);
    out->size += 4;
}

static void start(sgc_buf *payload, const sgc_schema *schema, char kind)
{
    char *at = sgc_buf_reserve(payload, PAYLOAD_HEAD);

    if (!at) return;
    at[0] = PAYLOAD_VERSION;
    at[1] = kind;
    sgc_store32(at + 2, schema->version);
    sgc_store64(at + 6, schema->hash);
    payload->size += PAYLOAD_HEAD;
}

void sgc_payload_start(sgc_buf *payload, const sgc_schema *schema)
{
    start(payload, schema, PAYLOAD_ROWS);
}

void sgc_payload_load(sgc_buf *payload, const sgc_schema *schema, const bool *tables)
{
    start(payload, schema, PAYLOAD_LOAD);
    for (uint16_t i = 0; i < schema->table_count; i++)
        if (tables[i]) add32(payload, schema->tables[i].number);
}

void sgc_payload_add(sgc_buf *payload, const sgc_schema *schema, const sgc_event *event)
{
    sgc_buf_byte(payload, (char)event->kind);
    add32(payload, schema->tables[event->table].number);
    add16(payload, (uint16_t)event->key.size);
    sgc_buf_str(payload, event->key);
    if (event->kind == SGC_EVENT_DELETE) return;
    add32(payload, (uint32_t)event->record.size);
    sgc_buf_str(payload, event->record);
}

/* ---- reading ---- */

struct input {
    const char *p, *end;
    bool failed;
};

static const char *take(struct input *in, size_t size)
{
    const char *at = in->p;

    if (in->failed || (size_t)(in->end - in->p) < size) {
        in->failed = true;
        return NULL;
    }
    in->p += size;
    return at;
}

static uint32_t take32(struct input *in)
{
    const char *at = take(in, 4);
    return at ? sgc_load32(at) : 0;
}

static uint16_t find_table(const sgc_schema *schema, uint32_t number)
{
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].number == number) return i;
    }
    return SGC_NONE;
}

static bool take_event(struct input *in, const sgc_schema *schema, uint32_t *last_number,
                       sgc_event *event)
{
    const char *kind = take(in, 1);
    uint32_t number = take32(in);
    const char *size = take(in, 2);

    if (in->failed || !kind || !size) return false;
    event->kind = (sgc_event_kind)(uint8_t)*kind;
    if (number != *last_number || event->table == SGC_NONE) {
        event->table = find_table(schema, number);
        *last_number = number;
    }
    event->key.size = sgc_load16(size);
    event->key.data = take(in, event->key.size);
    event->record = sgc_str_of(NULL, 0);
    if (event->kind < SGC_EVENT_INSERT || event->kind > SGC_EVENT_DELETE) return false;
    if (event->kind != SGC_EVENT_DELETE) {
        event->record.size = take32(in);
        event->record.data = take(in, event->record.size);
    }
    return !in->failed && event->table != SGC_NONE && event->key.size <= SGC_KEY_MAX &&
           event->record.size <= SGC_RECORD_MAX;
}

static sgc_status read_head(struct input *in, const sgc_schema *schema, char *kind,
                            sgc_error *error)
{
    const char *head = take(in, PAYLOAD_HEAD);

    if (!head) return sgc_fail(error, SGC_CORRUPT, "a log record is too short");
    *kind = head[1];
    if (head[0] != PAYLOAD_VERSION || (*kind != PAYLOAD_ROWS && *kind != PAYLOAD_LOAD)) {
        return sgc_fail(error, SGC_UNSUPPORTED,
                        "a log record has version %d and kind %d, this "
                        "program knows version 1 and the kinds 1 and 2",
                        head[0], head[1]);
    }
    if (sgc_load64(head + 6) != schema->hash) {
        return sgc_fail(error, SGC_SCHEMA_MISMATCH,
                        "a log record was written under another schema");
    }
    return SGC_OK;
}

bool sgc_payload_is_load(sgc_str payload)
{
    return payload.size > 1 && payload.data[1] == PAYLOAD_LOAD;
}

/* Tables of a load, whose rows are in the pages or nowhere. */
static sgc_status read_load(struct input *in, const sgc_schema *schema, sgc_error *error)
{
    while (in->p < in->end) {
        uint32_t number = take32(in);
        if (in->failed || find_table(schema, number) == SGC_NONE)
            return sgc_fail(error, SGC_CORRUPT, "a log record of a load is damaged");
    }
    return SGC_OK;
}

sgc_status sgc_payload_read(const sgc_schema *schema, sgc_str payload,
                            sgc_status (*each)(void *context, const sgc_event *event),
                            void *context, sgc_error *error)
{
    struct input in = {payload.data, payload.data + payload.size, false};
    sgc_event event = {.table = SGC_NONE};
    uint32_t last_number = 0;
    char kind = PAYLOAD_ROWS;
    sgc_status status = read_head(&in, schema, &kind, error);

    if (status == SGC_OK && kind == PAYLOAD_LOAD) return read_load(&in, schema, error);

    while (status == SGC_OK && in.p < in.end) {
        if (!take_event(&in, schema, &last_number, &event)) {
            return sgc_fail(error, SGC_CORRUPT, "a log record is damaged at its byte %zu",
                            (size_t)(in.p - payload.data));
        }
        if (error) error->status = SGC_OK; /* each() may have words of its own */
        status = each(context, &event);
        if (status != SGC_OK && error && error->status != status) {
            sgc_fail(error, status, "replay: %s", sgc_status_text(status));
        }
    }
    return status;
}
