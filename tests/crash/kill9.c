/*
 * kill9.c - runs the workload with many writers, kills it with signal 9 at random moments, and
 * checks after each kill: everything acknowledged is there, nothing refused is, and a transaction
 * whose fate was not told is there wholly or not at all; so is a load. With the library FAULTY
 * (faulty.c) it is not killed: one of its writes, syncs or renames fails, or the device is full
 * from there on.
 *
 *   kill9 WORKLOAD DIR [CYCLES] [SEED] [FAULTY]
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS = 8, KEYS = 150, MAX_CHANGES = 6, LINE = 200000 };
enum { CYCLES_EACH = 50 }; /* then a new database */

struct change {
    int key;
    char *value; /* NULL: deleted */
};

/* What one writer's lines say. */
struct writer {
    char *rows[KEYS];
    struct change open[MAX_CHANGES]; /* of the transaction without a fate */
    int open_count;
    bool is_open;
};

static struct writer writers[WRITERS];
/* What the loads' lines say: the number of the load whose rows are there, 0: none. */
static struct {
    uint64_t there, open, acknowledged;
    bool is_open;
} loads;

static char line[LINE];
static uint64_t acknowledged, kept_open, dropped_open;
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % below;
}

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "kill9: %s: %s\n", what, detail);
    return 1;
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *made = malloc(size);

    if (made) memcpy(made, text, size);
    return made;
}

/* "w3-17" */
static struct writer *find_key(const char *text, int *key)
{
    char *end;
    unsigned long writer = strtoul(text + 1, &end, 10);

    if (text[0] != 'w' || *end != '-' || writer >= WRITERS) return NULL;
    unsigned long number = strtoul(end + 1, &end, 10);
    if (number >= KEYS) return NULL;
    *key = (int)number;
    return &writers[writer];
}

/* "seed.writer.n" */
static struct writer *find_id(const char *id)
{
    const char *dot = strchr(id, '.');
    unsigned long writer = dot ? strtoul(dot + 1, NULL, 10) : WRITERS;

    return writer < WRITERS ? &writers[writer] : NULL;
}

static void clear_open(struct writer *w)
{
    for (int i = 0; i < w->open_count; i++)
        free(w->open[i].value);
    w->open_count = 0;
    w->is_open = false;
}

static void apply_open(struct writer *w)
{
    for (int i = 0; i < w->open_count; i++) {
        free(w->rows[w->open[i].key]);
        w->rows[w->open[i].key] = w->open[i].value;
        w->open[i].value = NULL;
    }
    clear_open(w);
}

static bool add_change(struct writer *w, const char *key_text, const char *value)
{
    int key;

    if (find_key(key_text, &key) != w || w->open_count == MAX_CHANGES) return false;
    w->open[w->open_count].key = key;
    w->open[w->open_count++].value = value ? copy(value) : NULL;
    return true;
}

static bool read_pairs(struct writer *w, char *rest)
{
    while (rest) {
        char *next = strchr(rest, ' ');
        if (next) *next++ = '\0';
        char *equals = strchr(rest, '=');
        if (!equals) return false;
        *equals = '\0';
        if (!add_change(w, rest, equals + 1)) return false;
        rest = next;
    }
    return true;
}

/* False when it is no line about a load. */
static bool read_load_line(const char *word, uint64_t number)
{
    if (strcmp(word, "LOAD") == 0) {
        loads.open = number;
        loads.is_open = true;
    } else if (strcmp(word, "LOADED") == 0) {
        loads.there = number;
        loads.is_open = false;
        loads.acknowledged += number != 0;
    } else if (strcmp(word, "REFUSED") == 0) {
        loads.is_open = false;
    } else {
        return false;
    }
    return true;
}

/* One whole line of the workload. */
static bool read_line(void)
{
    char *id = strchr(line, ' ');
    if (!id) return false;
    *id++ = '\0';
    if (strcmp(line, "READOK") == 0 || read_load_line(line, strtoull(id, NULL, 10))) return true;
    char *rest = strchr(id, ' ');
    if (rest) *rest++ = '\0';
    struct writer *w = find_id(id);
    if (!w) return false;
    if (strcmp(line, "TRY") == 0) {
        bool was_open = w->is_open;
        w->is_open = true;
        return !was_open && read_pairs(w, rest);
    }
    if (strcmp(line, "DEL") == 0) return rest && add_change(w, rest, NULL);
    if (strcmp(line, "ACK") == 0) {
        acknowledged++;
        apply_open(w);
        return true;
    }
    if (strcmp(line, "FAIL") == 0) clear_open(w);
    return strcmp(line, "FAIL") == 0 || strcmp(line, "UNK") == 0;
}

/* ---- processes ---- */

static pid_t start(const char *const *arguments, FILE **output)
{
    int ends[2];

    if (pipe(ends) != 0) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(arguments[0], (char *const *)(uintptr_t)arguments); /* it writes to none of them */
        _exit(127);
    }
    close(ends[1]);
    *output = pid > 0 ? fdopen(ends[0], "r") : NULL;
    return pid;
}

static volatile pid_t victim;

/* By the clock, not by what was read: so that opening and recovering are killed, too. */
static void kill_it(int signal)
{
    (void)signal;
    kill(victim, SIGKILL);
}

static void kill_after(pid_t pid, uint64_t microseconds)
{
    struct sigaction action = {.sa_handler = kill_it, .sa_flags = SA_RESTART};
    struct itimerval timer = {
        .it_value = {(time_t)(microseconds / 1000000), (suseconds_t)(microseconds % 1000000)}};

    victim = pid;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* 2: something failed, which it has told. */
static bool ended_well(int status, bool killed)
{
    if (killed) return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 2);
}

/* Lines until the end of the pipe, which the kill brings. */
static int follow(pid_t pid, FILE *output, bool killed)
{
    while (fgets(line, sizeof line, output)) {
        size_t size = strlen(line);
        if (size == 0 || line[size - 1] != '\n') break; /* cut by the kill */
        line[size - 1] = '\0';
        if (strncmp(line, "CORRUPT", 7) == 0) return fail("run", line);
        if (!read_line()) return fail("a line makes no sense", line);
    }
    int status;
    fclose(output);
    waitpid(pid, &status, 0);
    return ended_well(status, killed) ? 0
                                      : fail("the workload ended as it should not", "see above");
}

/* What the library is to do in the process started next. */
static void plan_fault(const char *library)
{
    static const char *const kinds[] = {"write", "sync", "rename", "any"};
    char plan[64];

    snprintf(plan, sizeof plan, "%s %u %d %s %s", kinds[draw(4)], (unsigned)(1 + draw(150)),
             draw(2) ? EIO : ENOSPC, draw(2) ? "sticky" : "", draw(2) ? "short" : "");
    setenv("FAULTY", plan, 1);
    setenv("LD_PRELOAD", library, 1);
}

static int run(const char *workload, const char *directory, unsigned seed, const char *library)
{
    char seed_text[16], writers_text[16], keys_text[16];
    const char *arguments[] = {workload,
                               "run",
                               directory,
                               seed_text,
                               "--writers",
                               writers_text,
                               "--keys",
                               keys_text,
                               "--memtable",
                               "65536",
                               "--segment",
                               "1048576",
                               "--cache",
                               "1048576",
                               "--flush-every",
                               "100",
                               "--compact-every",
                               "150",
                               "--readers",
                               "2",
                               "--loads",
                               library ? "10" : "1000",
                               "--transactions",
                               library ? "40" : "0",
                               draw(3) ? NULL : "--buffered",
                               NULL};
    FILE *output;

    snprintf(seed_text, sizeof seed_text, "%u", seed);
    snprintf(writers_text, sizeof writers_text, "%d", WRITERS);
    snprintf(keys_text, sizeof keys_text, "%d", KEYS);
    if (library) plan_fault(library);
    pid_t pid = start(arguments, &output);
    unsetenv("LD_PRELOAD");
    if (pid <= 0 || !output) return fail("start", workload);
    /* Mostly soon, now and then after many flushes. */
    if (!library) kill_after(pid, draw(20) ? 500 + draw(50000) : 100000 + draw(300000));
    return follow(pid, output, !library);
}

/* ---- what is there ---- */

static char *found[WRITERS][KEYS];

static void forget_found(void)
{
    for (int w = 0; w < WRITERS; w++) {
        for (int k = 0; k < KEYS; k++) {
            free(found[w][k]);
            found[w][k] = NULL;
        }
    }
}

/* What was acknowledged last, or what was open at the end. */
static int check_load(uint64_t number)
{
    bool kept = loads.is_open && number == loads.open;

    if (number != loads.there && !kept) return fail("another load is there", line);
    loads.there = number;
    loads.is_open = false;
    return 0;
}

static int read_rows(FILE *output)
{
    bool ended = false, said = false;

    forget_found();
    while (fgets(line, sizeof line, output)) {
        line[strcspn(line, "\n")] = '\0';
        ended = strncmp(line, "END ", 4) == 0;
        if (ended) continue;
        if (strncmp(line, "LOADS ", 6) == 0) {
            if (check_load(strtoull(line + 6, NULL, 10))) return 1;
            said = true;
            continue;
        }
        char *key_text = strncmp(line, "ROW ", 4) == 0 ? line + 4 : NULL;
        char *value = key_text ? strchr(key_text, ' ') : NULL;
        int key;
        if (!value) return fail("check", line);
        *value++ = '\0';
        struct writer *w = find_key(key_text, &key);
        if (!w) return fail("a row nobody wrote", key_text);
        found[w - writers][key] = copy(value);
    }
    if (!ended) return fail("check", "there is no END");
    return said ? 0 : check_load(0);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int first_difference(int number)
{
    for (int key = 0; key < KEYS; key++) {
        if (!same(writers[number].rows[key], found[number][key])) return key;
    }
    return -1;
}

/* Each writer's rows must be those acknowledged, with its open transaction wholly or not at all. */
static int compare(void)
{
    for (int i = 0; i < WRITERS; i++) {
        struct writer *w = &writers[i];
        if (first_difference(i) < 0) {
            dropped_open += w->is_open;
            clear_open(w);
            continue;
        }
        kept_open += w->is_open;
        apply_open(w);
        int key = first_difference(i);
        if (key < 0) continue;
        fprintf(stderr, "kill9: w%d-%d\n  expected %.60s\n  found    %.60s\n", i, key,
                w->rows[key] ? w->rows[key] : "(nothing)",
                found[i][key] ? found[i][key] : "(nothing)");
        return 1;
    }
    return 0;
}

static int check(const char *workload, const char *directory)
{
    const char *arguments[] = {workload, "check", directory, NULL};
    FILE *output;
    int status;

    pid_t pid = start(arguments, &output);
    if (pid <= 0 || !output) return fail("start", workload);
    int result = read_rows(output);
    fclose(output);
    waitpid(pid, &status, 0);
    if (result == 0 && status != 0) return fail("check", "it ended with an error");
    return result ? result : compare();
}

static int remove_folder(const char *directory)
{
    const char *arguments[] = {"/bin/rm", "-rf", directory, NULL};
    FILE *output;
    int status = 1;
    pid_t pid = start(arguments, &output);

    if (pid <= 0 || !output) return 1;
    fclose(output);
    waitpid(pid, &status, 0);
    return status;
}

static void forget_all(void)
{
    loads.there = 0;
    loads.is_open = false;
    for (int i = 0; i < WRITERS; i++) {
        clear_open(&writers[i]);
        for (int key = 0; key < KEYS; key++) {
            free(writers[i].rows[key]);
            writers[i].rows[key] = NULL;
        }
    }
    forget_found();
}

int main(int argc, char **argv)
{
    if (argc < 3) return fail("usage", "kill9 WORKLOAD DIR [CYCLES] [SEED] [FAULTY]");
    int cycles = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 20;
    unsigned seed = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : (unsigned)time(NULL);

    const char *library = argc > 5 ? argv[5] : NULL;

    printf("kill9 %s %s %d %u %s\n", argv[1], argv[2], cycles, seed, library ? library : "");
    fflush(stdout);
    random_state = seed * 0x9E3779B97F4A7C15U + 1;
    int result = 0;
    for (int i = 0; result == 0 && i < cycles; i++) {
        if (i % CYCLES_EACH == 0) {
            forget_all();
            if (remove_folder(argv[2])) return fail("remove", argv[2]);
        }
        result = run(argv[1], argv[2], seed + (unsigned)i, library);
        if (result == 0) result = check(argv[1], argv[2]);
        if (result)
            fprintf(stderr, "kill9: in cycle %d of seed %u %s\n", i + 1, seed,
                    library ? getenv("FAULTY") : "");
    }
    printf("%llu acknowledged and %llu loads, open at the kill: %llu there, %llu not\n",
           (unsigned long long)acknowledged, (unsigned long long)loads.acknowledged,
           (unsigned long long)kept_open, (unsigned long long)dropped_open);
    forget_all();
    if (result == 0 && (acknowledged == 0 || (cycles >= CYCLES_EACH && loads.acknowledged == 0)))
        return fail("nothing", "was acknowledged");
    return result;
}
