/* server.c - the server program: what sgdb serve and every generated <name>-server run. */
#include "cli/sgdb.h"

#include <stdio.h>

const sgc_option sgc_server_options[] = {
    {.name = "--data",
     .value = "DIR",
     .help = "folder of the database, made when missing; :memory: keeps nothing"},
    {.name = "--listen",
     .value = "ADDR:PORT",
     .help = "where to listen (default 127.0.0.1:8080; port 0 takes a free one)"},
    {.name = "--threads",
     .value = "N",
     .help = "event loops (default: twice the processors, at least 4)"},
    {.name = "--cache",
     .value = "SIZE",
     .help = "page cache, e.g. 256M (default: a quarter of the memory)"},
    {.name = "--json", .help = "says where it listens as JSON"},
    {.name = "--help", .help = "this text"},
    {.name = NULL},
};

sgc_status sgc_data_folder(sgc_arguments *arguments, const char **data, sgc_error *error)
{
    *data = sgc_option_value(arguments, "--data");
    if (!*data) return sgc_usage_error(arguments, error, "--data DIR is missing");
    if (!**data) return sgc_usage_error(arguments, error, "--data is empty: name a folder");
    return SGC_OK;
}

enum { GRACE_US = 10 * 1000 * 1000 };

/* "127.0.0.1:8080", "[::1]:8080"; the address lands in `address`. */
static sgc_status parse_listen(const char *text, char address[64], sgc_net_options *net,
                               sgc_arguments *arguments, sgc_error *error)
{
    const char *colon = strrchr(text, ':');
    const char *start = text, *end = colon;
    bool brackets = colon && *start == '[' && end > start + 1 && end[-1] == ']';
    uint64_t port;

    if (brackets) {
        start++;
        end--;
    }
    size_t size = colon ? (size_t)(end - start) : 0;
    bool ok = size > 0 && size < 64 && (brackets || !memchr(start, ':', size)) &&
              sgc_parse_number(colon + 1, 0, 65535, &port, NULL) == SGC_OK;
    if (!ok)
        return sgc_usage_error(arguments, error,
                               "--listen takes ADDR:PORT (127.0.0.1:8080, [::1]:8080), not '%s'",
                               text);
    memcpy(address, start, size);
    address[size] = '\0';
    net->address = address;
    net->port = (uint16_t)port;
    return SGC_OK;
}

static sgc_status read_options(sgc_arguments *arguments, char address[64], sgc_http_options *http,
                               sgc_db_options *db, sgc_error *error)
{
    const char *listen = sgc_option_value(arguments, "--listen");
    const char *threads = sgc_option_value(arguments, "--threads");
    const char *cache = sgc_option_value(arguments, "--cache");
    sgc_error words;
    uint64_t number = 0;

    sgc_status status =
        parse_listen(listen ? listen : "127.0.0.1:8080", address, &http->net, arguments, error);
    if (status != SGC_OK) return status;
    if (threads && sgc_parse_number(threads, 1, 1024, &number, &words) != SGC_OK)
        return sgc_usage_error(arguments, error, "--threads: %s", words.text);
    http->net.threads = (unsigned)number;
    if (cache && sgc_parse_bytes(cache, &db->cache_bytes, &words) != SGC_OK)
        return sgc_usage_error(arguments, error, "--cache: %s", words.text);
    return SGC_OK;
}

static void announce(sgc_db *db, const sgc_http_server *server, const char *address,
                     const char *data, bool json)
{
    bool v6 = strchr(address, ':') != NULL;
    char url[128];
    sgc_buf out = {0};

    snprintf(url, sizeof url, "http://%s%s%s:%u/graphql", v6 ? "[" : "", address, v6 ? "]" : "",
             (unsigned)sgc_http_port(server));
    if (json) {
        sgc_buf_text(&out, "{\"name\":");
        sgc_json_str(&out, sgc_db_schema(db)->name);
        sgc_buf_printf(&out, ",\"url\":\"%s\",\"data\":", url);
        sgc_json_str(&out, sgc_str_from(data));
        sgc_buf_text(&out, "}\n");
    } else {
        sgc_buf_printf(&out, SGC_FMT ": %s (data in %s). Ctrl-C stops it.\n",
                       SGC_ARG(sgc_db_schema(db)->name), url, data);
    }
    fwrite(out.data ? out.data : "", 1, out.size, stdout);
    fflush(stdout);
    sgc_buf_free(&out);
}

/* Who changed the schema reads what becomes of it. */
static void say_building(const sgc_db *db)
{
    sgc_index_progress one;

    for (size_t i = 0; sgc_db_index_progress(db, i, &one); i++)
        fprintf(stderr,
                "index " SGC_FMT " of " SGC_FMT " is being built: what it would speed up is slower "
                "until then\n",
                SGC_ARG(one.index), SGC_ARG(one.type));
}

static void say_only_reads(const sgc_db *db)
{
    sgc_error why;

    if (sgc_db_only_reads(db, &why)) fprintf(stderr, "mutations are refused: %s\n", why.text);
}

/* Many threads may say something; a line is one write. */
static void report(void *user, const char *words)
{
    (void)user;
    fprintf(stderr, "a request failed: %s\n", words);
}

sgc_status sgc_serve(sgc_arguments *arguments, const sgc_schema *schema, bool fixed_schema,
                     void *user, sgc_error *error)
{
    const char *data;
    sgc_http_options http = {.fixed_schema = fixed_schema, .user = user, .report = report};
    sgc_db_options options = {0};
    sgc_http_server *server = NULL;
    sgc_db *db = NULL;
    char address[64];

    sgc_status status = sgc_data_folder(arguments, &data, error);
    if (status == SGC_OK) status = read_options(arguments, address, &http, &options, error);
    if (status != SGC_OK) return status;
    sgc_net_block_signals();
    status = sgc_db_open(data, schema, &options, &db, error);
    if (status == SGC_OK) status = sgc_http_start(db, &http, &server, error);
    if (status == SGC_OK) {
        say_only_reads(db);
        say_building(db);
        announce(db, server, address, data, sgc_option_value(arguments, "--json") != NULL);
        sgc_net_wait_for_signal();
    }
    sgc_http_stop(server, GRACE_US);
    return sgc_cmd_close(db, status, error);
}

static void print_help(const char *program, const sgc_schema *schema)
{
    sgc_buf out = {0};

    sgc_options_print(sgc_server_options, &out);
    printf("usage: %s --data DIR [options]\n\n"
           "Serves the database of the schema '" SGC_FMT "' over GraphQL.\n\n" SGC_FMT "\n"
           "example:\n"
           "  %s --data ./data --listen 127.0.0.1:8080\n"
           "  curl -H 'Content-Type: application/json' \\\n"
           "       -d '{\"query\": \"{ __typename }\"}' http://127.0.0.1:8080/graphql\n",
           program, SGC_ARG(schema->name), SGC_ARG(sgc_buf_as_str(&out)), program);
    sgc_buf_free(&out);
}

int sgc_server_main(int argc, char **argv, const sgc_schema *schema, void *user)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *program = argc == 0 ? "server" : slash ? slash + 1 : argv[0];
    sgc_error error = {SGC_OK, ""};
    sgc_arena arena = {0};
    sgc_arguments arguments;

    sgc_status status =
        sgc_options_read(sgc_server_options, argc, argv, 1, &arena, &arguments, &error);
    bool help = status == SGC_OK && sgc_option_value(&arguments, "--help");
    if (help) {
        print_help(program, schema);
    } else if (status == SGC_OK) {
        if (arguments.word_count)
            status = sgc_usage_error(&arguments, &error, "'%s' is no option", arguments.words[0]);
        if (status == SGC_OK) status = sgc_serve(&arguments, schema, true, user, &error);
    }
    sgc_arena_free(&arena);
    if (status == SGC_OK) return 0;
    fprintf(stderr, "%s: %s\n", program, error.text);
    if (arguments.wrong) fprintf(stderr, "Try '%s --help'.\n", program);
    return arguments.wrong ? 2 : 1;
}
