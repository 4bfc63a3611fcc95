/*
 * flips.c - one bit of one file is flipped: of a root, the pages, the log or the history, of a
 * database with a past. Then everything is read, now and AS OF, rows are written, flushed and
 * compacted, and everything is read again. The damage is told (SGC_CORRUPT, naming the file) or
 * harmless, and sgc_db_inspect() had seen it; every other time indexes are built anew before
 * anything is opened. No answer is wrong, nothing crashes, nothing runs for ever. Only a flip in
 * the last batch of the log may take that batch: it looks like a write the power cut short.
 *
 *   sim_flips [FIRST [COUNT]]
 */
#include "sim/disk.h"
#include "sim/txn_script.h"
#include "txn/txn.h"

#include <signal.h>
#include <unistd.h>

enum { FLIPS = 300, LIVE_BATCHES = 12, STEPS_BEFORE = 260, PATIENCE_S = 60 };

struct flip {
    struct copied_file *file;
    size_t at;
    unsigned bit;
    bool both, last_batch, lost;
};

struct totals {
    uint64_t flips[FILE_KINDS], found[FILE_KINDS], lost;
};

static volatile unsigned long long current;

/* A signal or no end: says how to repeat it. */
static void give_up(int signal)
{
    char line[100];
    int size = snprintf(line, sizeof line, "FAILED: sim_flips %llu: signal %d\n", current, signal);

    if (write(STDOUT_FILENO, line, (size_t)size) < 0) _exit(3);
    _exit(2);
}

/* ---- the flip ---- */

static struct copied_file *choose_file(struct sim *s, struct disk *disk, enum file_kind kind)
{
    for (;;) {
        struct copied_file *file = &disk->files[sim_draw(s, disk->count)];
        if (file->kind == kind && file->size) return file;
    }
}

/* Where one of the last batches of the newest file begins. */
static size_t live_batch(struct sim *s, const struct disk *disk)
{
    size_t at = disk->last_batch;

    for (uint64_t back = sim_draw(s, LIVE_BATCHES); back > 0 && at > 4096; back--) {
        do {
            at -= 4096;
        } while (at > 4096 && memcmp(disk->files[disk->newest].data + at, "SGLB", 4) != 0);
    }
    return at;
}

/* Mostly where something was written. A bit of the root is flipped in both copies every other time,
 * since one copy alone is always healed. */
static struct flip choose_flip(struct sim *s, struct disk *disk, uint64_t number)
{
    enum file_kind kind = (enum file_kind)(number % FILE_KINDS);
    struct flip flip = {.file = choose_file(s, disk, kind), .bit = (unsigned)sim_draw(s, 8)};

    for (int tries = 0; tries < 40; tries++) {
        flip.at = sim_draw(s, flip.file->size);
        if (flip.file->data[flip.at] || number % 3 == 0) break;
    }
    if (kind == LOG && number % 5 == 0) {
        flip.file = &disk->files[disk->newest];
        flip.at = disk->last_batch + sim_draw(s, 200);
    }
    if (kind == LOG && number % 5 == 1) {
        flip.file = &disk->files[disk->newest];
        flip.at = live_batch(s, disk) + sim_draw(s, 200);
    }
    flip.both = kind == ROOT && sim_draw(s, 2);
    if (flip.both) flip.at %= flip.file->size / 2;
    flip.last_batch = flip.file == &disk->files[disk->newest] && flip.at >= disk->last_batch;
    sim_say("%s: bit %u of byte %zu", flip.file->path, flip.bit, flip.at);
    return flip;
}

static void apply(const struct flip *flip)
{
    flip->file->data[flip->at] ^= (uint8_t)(1U << flip->bit);
    if (flip->both) flip->file->data[flip->at + flip->file->size / 2] ^= (uint8_t)(1U << flip->bit);
}

/* ---- one trial ---- */

/* What failed says which file: by its name, or by the name of the folder of its kind. */
static bool names_the_file(const struct sim *s, const struct flip *flip)
{
    static const char *const words[] = {"root", "pages", "log", "history"};
    const char *name = strrchr(flip->file->path, '/') + 1;

    if (s->failed != SGC_CORRUPT) {
        sim_say("not SGC_CORRUPT but %d", (int)s->failed);
        return false;
    }
    if (strstr(s->why.text, name) || strstr(s->why.text, words[flip->file->kind])) return true;
    sim_say("does not name %s: %s", name, s->why.text);
    return false;
}

static bool open_flipped(struct sim *s)
{
    sgc_db_options options = {.os = sgc_memory_os_table(s->memory),
                              .cache_bytes = 1 << 20,
                              .memtable_bytes = 1 << 20,
                              .log_segment_bytes = 64 << 10};

    s->failed = sgc_db_open("data", &s->schema, &options, &s->db, &s->why);
    if (s->failed != SGC_OK) sim_say("open: %s", s->why.text);
    return s->failed == SGC_OK;
}

/* The last batch is gone, as after a power cut. */
static void drop_last(struct sim *s, struct flip *flip)
{
    uint64_t head = sgc_db_head(s->db);

    if (!flip->last_batch || s->state_count < 2) return;
    if (head != s->states[s->state_count - 2].sequence) return;
    flip->lost = true;
    s->state_count--;
    memcpy(s->rows, s->states[s->state_count - 1].rows, sizeof s->rows);
}

/* Everything; what is refused as damaged in one way is still asked for in all others. */
static bool read_all(struct sim *s, const struct flip *flip, bool *found)
{
    bool good = true;
    sgc_txn *txn;

    for (int i = 0; i < 2; i++) {
        if (i ? sim_verifies(s) : sim_agrees(s)) continue;
        *found = true;
        good = names_the_file(s, flip) && good;
    }
    for (int i = 0; good && i < 12; i++) {
        if (sgc_begin_read(s->db, sgc_now(), &txn) != SGC_OK) return false;
        bool agrees = sim_state_agrees(s, sim_draw(s, s->state_count)) &&
                      sim_changes_agree(s, txn, sim_draw(s, s->state_count)) &&
                      sim_versions_agree(s, txn, 0, (int)sim_draw(s, SIM_KEYS));
        sgc_abort(&txn);
        if (agrees) continue;
        *found = true;
        good = names_the_file(s, flip);
    }
    return good && !s->wrong;
}

/* Reads, writes over it all, and reads again; also after opening once more. */
static bool use(struct sim *s, struct flip *flip, bool *found)
{
    drop_last(s, flip);
    if (!read_all(s, flip, found)) return false;
    for (int i = 0; i < 8 && sim_transact(s); i++)
        continue;
    if (sgc_db_flush(s->db) != SGC_OK || sgc_db_compact(s->db, NULL) != SGC_OK) *found = true;
    if (!read_all(s, flip, found)) return false;
    sim_close(s);
    if (open_flipped(s)) return read_all(s, flip, found);
    *found = true;
    return names_the_file(s, flip);
}

/* What a look at the files says before anything is opened; and the repair. */
static bool look(struct sim *s, bool repair, bool *seen)
{
    const sgc_os *os = sgc_memory_os_table(s->memory);
    sgc_buf report = {0};
    sgc_error error = {SGC_OK, ""};
    sgc_status status = sgc_db_inspect(os, "data", true, &report, &error);
    bool good = status == SGC_OK || status == SGC_CORRUPT;

    *seen = status == SGC_CORRUPT;
    if (*seen) sim_say("inspect: %.*s", (int)report.size, (const char *)report.data);
    if (good && repair) {
        report.size = 0;
        status = sgc_db_rebuild(os, "data", &report, &error);
        good = status == SGC_OK || status == SGC_CORRUPT;
        sim_say("rebuild: %d %.*s", (int)status, (int)report.size, (const char *)report.data);
    }
    if (!good) sim_say("look: %d %s", (int)status, error.text);
    sgc_buf_free(&report);
    return good;
}

static bool try_flip(const struct sim *original, struct disk *disk, uint64_t number,
                     struct totals *totals)
{
    static struct sim s;
    bool found = false, seen, good;

    s = *original;
    s.damaged = true;
    s.random = number * 0x9E3779B97F4A7C15U + 1;
    current = number;
    struct flip flip = choose_flip(&s, disk, number);
    if (sgc_memory_os_create(&s.memory) != SGC_OK) disk_fail("no memory");
    sgc_memory_os_set_time(s.memory, s.clock);
    apply(&flip);
    write_disk(disk, sgc_memory_os_table(s.memory));
    apply(&flip);
    alarm(PATIENCE_S);
    good = look(&s, number / FILE_KINDS % 2, &seen);
    if (open_flipped(&s)) {
        good = use(&s, &flip, &found) && good;
    } else {
        found = true;
        good = names_the_file(&s, &flip) && good;
    }
    if (found && !seen) {
        sim_say("inspection had not seen it");
        good = false;
    }
    if (s.db) sim_close(&s);
    alarm(0);
    sgc_memory_os_destroy(s.memory);
    totals->flips[flip.file->kind]++;
    totals->found[flip.file->kind] += found;
    totals->lost += flip.lost;
    if (!good) printf("FAILED: sim_flips %llu\n", (unsigned long long)number);
    return good;
}

/* A database with everything in it, as a power cut leaves it. */
static bool make_disk(struct sim *s, struct disk *disk)
{
    if (!sim_start(s, 7) || sim_open(s) != SGC_OK) return false;
    if (!sim_run(s, STEPS_BEFORE)) return false;
    for (int i = 0; i < 12; i++) {
        if (!sim_transact(s)) return false;
    }
    sim_end_reader(s);
    copy_disk(disk, sgc_memory_os_table(s->memory));
    sim_close(s);
    sgc_memory_os_destroy(s->memory);
    return s->state_count > 100;
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    static struct sim original;
    static struct disk disk;
    struct totals totals = {{0}, {0}, 0};
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : FLIPS;
    bool good = true;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], give_up);
    if (!make_disk(&original, &disk)) disk_fail("the script failed");
    for (uint64_t number = first; number < first + count; number++)
        good = try_flip(&original, &disk, number, &totals) && good;
    free_disk(&disk);
    for (int kind = 0; kind < FILE_KINDS; kind++) {
        static const char *const kinds[] = {"root", "pages", "log", "history"};
        printf("%s: %llu flips, %llu found\n", kinds[kind], (unsigned long long)totals.flips[kind],
               (unsigned long long)totals.found[kind]);
    }
    printf("%llu in the last batch of the log took it away\n", (unsigned long long)totals.lost);
    return !good;
}
