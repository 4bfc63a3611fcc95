/*
 * request.c - one request from text to answer: the document from the cache or made ready, the
 * operation chosen, variables coerced, one transaction, JSON. A mutation that met another writer
 * is tried again as a whole.
 */
#include "graphql/cache.h"
#include "graphql/execute.h"

#include "os/os.h"

enum { ATTEMPTS_MAX = 20, ERRORS_MAX = 100, PLANS_MAX = 8, TOKENS_MAX = 1000000, DEPTH_MAX = 500 };

/* ---- errors ---- */

static void write_locations(sgc_buf *out, const sgc_source *source, const sgc_span *spans,
                            size_t count)
{
    if (count == 0 || !source) return;
    sgc_buf_text(out, ",\"locations\":[");
    for (size_t i = 0; i < count; i++) {
        sgc_position at = sgc_source_position(source, spans[i].start);
        sgc_buf_printf(out, "%s{\"line\":%u,\"column\":%u}", i ? "," : "", (unsigned)at.line,
                       (unsigned)at.column);
    }
    sgc_buf_byte(out, ']');
}

void sgc_error_write(sgc_buf *out, sgc_str message, const sgc_source *source, const sgc_span *spans,
                     size_t span_count, const char *code, const char *rule)
{
    sgc_buf_text(out, "{\"message\":");
    sgc_json_str(out, message);
    write_locations(out, source, spans, span_count);
    sgc_buf_printf(out, ",\"extensions\":{\"code\":\"%s\"", code);
    if (rule) sgc_buf_printf(out, ",\"rule\":\"%s\"", rule);
    sgc_buf_text(out, "}}");
}

static void write_path(sgc_buf *out, const sgc_path *path)
{
    if (path->parent) {
        write_path(out, path->parent);
        sgc_buf_byte(out, ',');
    }
    if (path->key.data) {
        sgc_json_str(out, path->key);
    } else {
        sgc_buf_printf(out, "%zu", path->index);
    }
}

static void begin_error(sgc_execution *at, sgc_str message)
{
    if (at->error_count++) sgc_buf_byte(&at->errors, ',');
    sgc_buf_text(&at->errors, "{\"message\":");
    sgc_json_str(&at->errors, message);
}

static void end_error(sgc_execution *at, const char *code, sgc_str type, sgc_str name)
{
    sgc_buf_printf(&at->errors, ",\"extensions\":{\"code\":\"%s\"", code);
    if (type.data) {
        sgc_buf_text(&at->errors, ",\"coordinate\":\"");
        sgc_buf_str(&at->errors, type);
        if (name.data) sgc_buf_printf(&at->errors, "." SGC_FMT, SGC_ARG(name));
        sgc_buf_byte(&at->errors, '"');
    }
    sgc_buf_text(&at->errors, "}}");
    if (at->errors.failed) at->fatal = SGC_NO_MEMORY;
}

void sgc_execution_error(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path,
                         const char *code, sgc_str type, sgc_str name, sgc_str message)
{
    if (!path->parent) at->root_failed = true;
    if (at->error_count >= ERRORS_MAX) return;
    begin_error(at, message.data ? message : SGC_STR("out of memory"));
    sgc_buf_text(&at->errors, ",\"locations\":[");
    for (size_t i = 0; i < field->node_count; i++) {
        sgc_position where = sgc_source_position(at->source, field->nodes[i]->span.start);
        sgc_buf_printf(&at->errors, "%s{\"line\":%u,\"column\":%u}", i ? "," : "",
                       (unsigned)where.line, (unsigned)where.column);
    }
    sgc_buf_text(&at->errors, "],\"path\":[");
    write_path(&at->errors, path);
    sgc_buf_byte(&at->errors, ']');
    if (type.data) {
        end_error(at, code, type, name);
    } else {
        end_error(at, code, field->parent->name, field->def->name);
    }
}

bool sgc_execution_is_fatal(sgc_execution *at, sgc_status status)
{
    switch ((int)status) {
    case SGC_CONFLICT:
        at->retry = true;
        break;
    case SGC_NO_MEMORY:
    case SGC_IO:
    case SGC_CORRUPT:
    case SGC_BUSY:
    case SGC_READ_ONLY:
    case SGC_NO_SPACE:
    case SGC_SCHEMA_MISMATCH:
        break;
    default:
        return false;
    }
    if (at->fatal == SGC_OK) at->fatal = status;
    return true;
}

/* ---- answers without data ---- */

static sgc_answer refuse_with(sgc_buf *out, size_t start, sgc_answer answer, const char *code,
                              sgc_str message)
{
    if (out->size > start) out->size = start;
    sgc_buf_text(out, "{\"errors\":[");
    sgc_error_write(out, message, NULL, NULL, 0, code, NULL);
    sgc_buf_text(out, "]}");
    return answer;
}

static sgc_answer refuse_status(sgc_buf *out, size_t start, sgc_status status)
{
    return refuse_with(out, start, status == SGC_LIMIT ? SGC_ANSWER_INVALID : SGC_ANSWER_FAILED,
                       sgc_status_code(status), sgc_str_from(sgc_status_text(status)));
}

static void write_diagnostic(sgc_buf *out, const sgc_diagnostic *one)
{
    bool syntax = strcmp(one->rule, "Syntax") == 0;
    sgc_span spans[32];
    size_t count = one->place_count < 32 ? one->place_count : 32;

    for (size_t i = 0; i < count; i++)
        spans[i] = one->places[i].span;
    sgc_error_write(out, one->message, count ? one->places[0].source : NULL, spans, count,
                    syntax ? "GRAPHQL_PARSE_FAILED" : "GRAPHQL_VALIDATION_FAILED",
                    syntax ? NULL : one->rule);
}

static sgc_answer refuse_document(sgc_buf *out, const sgc_diagnostics *diagnostics)
{
    size_t count = 0;
    bool syntax = diagnostics->first && strcmp(diagnostics->first->rule, "Syntax") == 0;

    sgc_buf_text(out, "{\"errors\":[");
    for (const sgc_diagnostic *one = diagnostics->first; one && count < ERRORS_MAX;
         one = one->next) {
        if (count++) sgc_buf_byte(out, ',');
        write_diagnostic(out, one);
    }
    sgc_buf_text(out, "]}");
    return syntax ? SGC_ANSWER_SYNTAX : SGC_ANSWER_INVALID;
}

/* ---- documents ---- */

static sgc_status list_operations(const sgc_api *api, sgc_prepared *prepared)
{
    const sgc_ast_definition *one = prepared->document->definitions;

    for (; one; one = one->next) {
        if (one->kind == SGC_DEFINITION_OPERATION) prepared->operation_count++;
    }
    prepared->operations =
        sgc_arena_zero(&prepared->arena, prepared->operation_count, sizeof *prepared->operations);
    if (!prepared->operations) return SGC_NO_MEMORY;
    size_t next = 0;
    for (one = prepared->document->definitions; one; one = one->next) {
        if (one->kind != SGC_DEFINITION_OPERATION) continue;
        sgc_operation *operation = &prepared->operations[next++];
        operation->ast = one;
        if (prepared->operation_count > PLANS_MAX) continue;
        sgc_plan_result result = sgc_plan_operation(api, prepared->document, one, NULL,
                                                    &prepared->arena, &operation->plan);
        if (result == SGC_PLAN_NO_MEMORY) return SGC_NO_MEMORY;
        operation->planned = result == SGC_PLAN_OK;
    }
    return SGC_OK;
}

static sgc_status read_document(const sgc_api *api, sgc_str text, sgc_prepared *prepared,
                                sgc_diagnostics *diagnostics)
{
    sgc_parse_limits limits = {.tokens = TOKENS_MAX, .depth = DEPTH_MAX};

    prepared->source.text = sgc_arena_str(&prepared->arena, text.data ? text : SGC_STR(""));
    if (!prepared->source.text.data) return SGC_NO_MEMORY;
    sgc_status status =
        sgc_parse(&prepared->source, &limits, &prepared->arena, diagnostics, &prepared->document);
    if (status == SGC_OK)
        status = sgc_validate(api->types, prepared->document, sgc_str_of(NULL, 0), diagnostics);
    if (status == SGC_OK) status = list_operations(api, prepared);
    if (diagnostics->failed) return SGC_NO_MEMORY;
    return status;
}

/* A document that is ready, held for the caller; NULL after an answer was written. */
static sgc_prepared *prepare(const sgc_api *api, sgc_str text, sgc_buf *out, size_t start,
                             sgc_answer *answer)
{
    sgc_prepared *prepared = sgc_cache_find(api->cache, text);
    sgc_arena words = {0};
    sgc_diagnostics diagnostics = {.arena = &words};

    if (prepared) return prepared;
    prepared = sgc_alloc_zero(1, sizeof *prepared);
    if (!prepared) {
        *answer = refuse_status(out, start, SGC_NO_MEMORY);
        return NULL;
    }
    prepared->users = 1;
    sgc_status status = read_document(api, text, prepared, &diagnostics);
    if (status == SGC_OK) {
        sgc_cache_add(api->cache, prepared);
    } else {
        *answer = status == SGC_INVALID && diagnostics.first ? refuse_document(out, &diagnostics)
                                                             : refuse_status(out, start, status);
        sgc_cache_release(api->cache, prepared);
        prepared = NULL;
    }
    sgc_arena_free(&words);
    return prepared;
}

static const sgc_operation *choose(const sgc_prepared *prepared, sgc_str name, sgc_arena *arena,
                                   sgc_str *message)
{
    if (!name.data || name.size == 0) {
        if (prepared->operation_count == 1) return &prepared->operations[0];
        *message = prepared->operation_count == 0
                       ? SGC_STR("Must provide an operation.")
                       : SGC_STR("Must provide operation name if query contains multiple "
                                 "operations.");
        return NULL;
    }
    for (size_t i = 0; i < prepared->operation_count; i++) {
        if (sgc_str_eq(prepared->operations[i].ast->name.text, name))
            return &prepared->operations[i];
    }
    *message = sgc_arena_printf(arena, "Unknown operation named \"" SGC_FMT "\".", SGC_ARG(name));
    return NULL;
}

/* ---- running ---- */

static void run_query(sgc_execution *at)
{
    const sgc_plan_set *root = &at->plan->root;

    for (size_t i = 0; i < root->count && at->fatal == SGC_OK; i++)
        sgc_load_root(at, &root->fields[i]);
    if (at->fatal != SGC_OK) return;
    size_t mark = at->out->size;
    if (!sgc_write_root(at, root)) {
        at->out->size = mark;
        sgc_json_null(at->out);
    }
}

/* True when the transaction may be committed: every root field has its value. */
static bool run_mutation(sgc_execution *at)
{
    const sgc_plan_set *root = &at->plan->root;
    bool good = true;

    sgc_buf_byte(at->out, '{');
    for (size_t i = 0; i < root->count && good; i++) {
        const sgc_plan_field *field = &root->fields[i];
        if (i) sgc_buf_byte(at->out, ',');
        sgc_mutate_root(at, field);
        good = at->fatal == SGC_OK && sgc_write_root_field(at, field) && !at->root_failed &&
               at->fatal == SGC_OK;
    }
    sgc_buf_byte(at->out, '}');
    return good;
}

static bool commit(sgc_execution *at)
{
    sgc_commit_info info = {0};
    sgc_status status = sgc_commit(&at->now, &info);

    if (info.sequence) at->sequence = info.sequence;
    if (status == SGC_OK) return true;
    if (sgc_execution_is_fatal(at, status)) return false;
    begin_error(at, sgc_str_from(info.error.text[0] ? info.error.text : sgc_status_text(status)));
    end_error(at, sgc_status_code(status), info.type, info.field);
    return false;
}

/* Opens the transactions that every request has: of now, and of the moment it asks for. */
static sgc_status begin(sgc_execution *at)
{
    at->loaded = sgc_arena_zero(&at->arena, at->plan->field_count, sizeof *at->loaded);
    if (!at->loaded) return SGC_NO_MEMORY;
    sgc_status status =
        at->writes ? sgc_begin(at->db, &at->now) : sgc_begin_read(at->db, sgc_now(), &at->now);
    if (status != SGC_OK) return status;
    at->usual = at->now;
    if (!at->writes) status = sgc_asof_operation(at, at->moment, &at->refusal);
    if (status != SGC_OK) return status;
    at->sequence = sgc_txn_sequence(at->usual);
    at->query = (sgc_query){.schema = at->schema, .arena = &at->arena, .rows_left = SGC_ROWS_MAX};
    sgc_asof_use(at, at->usual);
    return SGC_OK;
}

/* Runs the operation once and leaves {"data":.. in out. */
static void attempt(sgc_execution *at)
{
    bool kept = true;

    sgc_buf_text(at->out, "{\"data\":");
    size_t mark = at->out->size;
    at->fatal = begin(at);
    if (at->fatal == SGC_OK && at->writes) kept = run_mutation(at) && commit(at);
    if (at->fatal == SGC_OK && !at->writes) run_query(at);
    sgc_query_end(&at->query);
    if (!kept) {
        at->out->size = mark;
        sgc_json_null(at->out);
    }
    sgc_asof_end(at);
    sgc_abort(&at->now);
}

static void end_attempt(sgc_execution *at)
{
    sgc_buf_free(&at->errors);
    sgc_arena_free(&at->arena);
    at->error_count = 0;
}

/* The moment of the operation is none; who asked for it decides about the answer's kind. */
static sgc_answer refuse_moment(sgc_execution *at)
{
    const sgc_ast_directive *directive = sgc_directive_on(at->operation->directives, "asOf");
    const char *code = sgc_status_code(at->refusal.status);

    at->out->size = at->out_start;
    sgc_buf_text(at->out, "{\"errors\":[");
    sgc_error_write(at->out, sgc_str_from(at->refusal.text), at->source,
                    directive ? &directive->span : NULL, directive ? 1 : 0, code, NULL);
    sgc_buf_text(at->out, "]}");
    return directive ? SGC_ANSWER_INVALID : SGC_ANSWER_MOMENT;
}

static sgc_answer finish(sgc_execution *at)
{
    sgc_status status = at->fatal;

    at->has_errors = status != SGC_OK || at->error_count > 0;
    if (status == SGC_OK) {
        if (at->error_count > 0) {
            sgc_buf_text(at->out, ",\"errors\":[");
            sgc_buf_str(at->out, sgc_buf_as_str(&at->errors));
            sgc_buf_byte(at->out, ']');
        }
        sgc_buf_byte(at->out, '}');
        if (at->out->failed) status = SGC_NO_MEMORY;
    }
    if (status == SGC_OK) return SGC_ANSWER_DATA;
    if (at->refusal.text[0] && (status == SGC_INVALID || status == SGC_HISTORY_PRUNED))
        return refuse_moment(at);
    if (status == SGC_LIMIT && at->refusal.text[0])
        return refuse_with(at->out, at->out_start, SGC_ANSWER_INVALID, sgc_status_code(status),
                           sgc_str_from(at->refusal.text));
    if (status != SGC_CONFLICT && at->failure && at->txn)
        sgc_fail(at->failure, status, "%s", sgc_errmsg(at->txn));
    if (status != SGC_CONFLICT) return refuse_status(at->out, at->out_start, status);
    at->out->size = at->out_start;
    sgc_buf_text(at->out, "{\"data\":null,\"errors\":[");
    sgc_error_write(at->out, sgc_str_from(sgc_status_text(status)), NULL, NULL, 0,
                    sgc_status_code(status), NULL);
    sgc_buf_text(at->out, "]}");
    return SGC_ANSWER_DATA;
}

/* The longest pause before another attempt, in microseconds. */
enum { PAUSE_MAX = 8000 };

/*
 * Writers of one row that all try again at once meet again: each waits a random part of a time that
 * doubles from attempt to attempt.
 */
static void pause_before(unsigned attempts, uint64_t seed)
{
    uint64_t longest = attempts < 8 ? (uint64_t)60 << attempts : PAUSE_MAX;
    sgc_mutex lock;
    sgc_cond never;

    if (attempts < 2) return;
    sgc_mutex_init(&lock);
    sgc_cond_init(&never);
    sgc_mutex_lock(&lock);
    (void)sgc_cond_wait_for(&never, &lock, sgc_hash(&seed, sizeof seed, attempts) % longest + 1);
    sgc_mutex_unlock(&lock);
    sgc_cond_destroy(&never);
    sgc_mutex_destroy(&lock);
}

static sgc_answer execute(sgc_execution *at)
{
    sgc_answer answer = SGC_ANSWER_FAILED;

    for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
        pause_before(i, (uint64_t)(uintptr_t)at ^ sgc_db_head(at->db));
        at->out->size = at->out_start;
        at->fatal = SGC_OK;
        at->retry = false;
        at->root_failed = false;
        at->refusal.text[0] = '\0';
        attempt(at);
        if (!at->retry || i + 1 == ATTEMPTS_MAX) answer = finish(at);
        bool again = at->retry;
        end_attempt(at);
        if (!again) break;
    }
    return answer;
}

/* ---- the request ---- */

typedef struct variable_errors {
    const sgc_source *source;
    sgc_buf *out;
    size_t count;
} variable_errors;

static void report_variable(void *user, sgc_str message, sgc_span span)
{
    variable_errors *errors = user;

    sgc_buf_text(errors->out, errors->count++ ? "," : "{\"errors\":[");
    sgc_error_write(errors->out, message, errors->source, &span, 1, "BAD_USER_INPUT", NULL);
}

static sgc_answer run_operation(const sgc_api *api, sgc_db *db, const sgc_request *request,
                                const sgc_prepared *prepared, const sgc_operation *operation,
                                sgc_arena *arena, sgc_buf *out)
{
    sgc_plan own;
    sgc_execution at = {.api = api,
                        .schema = api->schema,
                        .db = db,
                        .plan = &operation->plan,
                        .source = &prepared->source,
                        .operation = operation->ast,
                        .moment = request->moment,
                        .failure = request->failure,
                        .writes = operation->ast->operation == SGC_OPERATION_MUTATION,
                        .out = out,
                        .out_start = out->size,
                        .user = request->user};
    variable_errors errors = {.source = &prepared->source, .out = out};
    sgc_status status = sgc_coerce_variables(api, operation->ast, request->variables, arena,
                                             report_variable, &errors, &at.variables);

    if (status == SGC_INVALID) {
        sgc_buf_text(out, "]}");
        return SGC_ANSWER_INVALID;
    }
    if (status != SGC_OK) return refuse_status(out, at.out_start, status);
    if (!operation->planned) {
        sgc_plan_result result =
            sgc_plan_operation(api, prepared->document, operation->ast, &at.variables, arena, &own);
        if (result == SGC_PLAN_LIMIT)
            return refuse_with(out, at.out_start, SGC_ANSWER_INVALID, sgc_status_code(SGC_LIMIT),
                               sgc_str_from(own.limit));
        if (result != SGC_PLAN_OK) return refuse_status(out, at.out_start, SGC_NO_MEMORY);
        at.plan = &own;
    }
    sgc_answer answer = execute(&at);
    if (request->sequence) *request->sequence = at.sequence;
    if (request->has_errors) *request->has_errors = at.has_errors;
    return answer;
}

sgc_answer sgc_execute(const sgc_api *api, sgc_db *db, const sgc_request *request, sgc_buf *out)
{
    size_t start = out->size;
    sgc_answer answer = SGC_ANSWER_FAILED;
    sgc_arena arena = {0};
    sgc_str message = {NULL, 0};
    sgc_prepared *prepared = prepare(api, request->query, out, start, &answer);

    if (!prepared) return answer;
    const sgc_operation *operation = choose(prepared, request->operation_name, &arena, &message);
    if (!operation) {
        answer = refuse_with(out, start, SGC_ANSWER_INVALID, "BAD_USER_INPUT", message);
    } else if (operation->ast->operation == SGC_OPERATION_MUTATION && request->read_only) {
        answer = refuse_with(out, start, SGC_ANSWER_READ_ONLY, "BAD_USER_INPUT",
                             SGC_STR("A mutation cannot be run here: use POST."));
    } else if (operation->ast->operation == SGC_OPERATION_MUTATION &&
               request->moment.kind != SGC_MOMENT_NOW) {
        answer = refuse_with(out, start, SGC_ANSWER_MOMENT, "BAD_USER_INPUT",
                             SGC_STR("A mutation cannot be run in the past."));
    } else {
        answer = run_operation(api, db, request, prepared, operation, &arena, out);
    }
    sgc_arena_free(&arena);
    sgc_cache_release(api->cache, prepared);
    return answer;
}
