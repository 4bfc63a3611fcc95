/*
 * sorter.c - who sorts the entries of a load, and when. Chunks become runs and runs go to files as
 * tasks, in the order in which they were given; their results are taken back in that order, too,
 * and what is decided depends on what was taken back, not on how fast the thread is. What runs look
 * like is runs.c.
 */
#include "store/sorter.h"

enum {
    TASKS = 4, /* pending at once */
    CHUNK_LEAST = 64 * 1024,
    CHUNK_MOST = 4 << 20, /* fits into a processor's cache */
    CHUNK_PART = 32,      /* of the memory */
    RUNS_MAX = 128,       /* merged at once: blocks of their files take 8 MB */
    BATCHES = 4,
    BATCH_BYTES = 64 * 1024,
    BATCH_ENTRIES = 1024,
};

/* Something for the thread to do. */
typedef struct job {
    void (*work)(sgc_sorter *sorter, struct job *job);
    struct job *next;
    bool done;
} job;

/* A chunk that becomes a run, or runs that become one in the file. */
typedef struct task {
    job job;                   /* first */
    sgc_runs *runs;            /* NULL: nothing to be taken back */
    sgc_entry_changes changes; /* keeps its memory for the next chunk */
    bool merges;
    sgc_run_list list; /* to be merged */
    bool follows;      /* what comes of them */
    uint64_t bytes;    /* of memory, until it is done */
    sgc_run run;       /* what comes of it */
    sgc_run_entry last;
    sgc_status status;
    sgc_error error;
} task;

struct sgc_sorter {
    const sgc_os *os;
    uint64_t memory;
    size_t chunk; /* bytes of changes that become a run */
    sgc_runs **all;
    size_t count, capacity;
    task tasks[TASKS];
    uint64_t given, taken;  /* tasks so far */
    sgc_sort_room room;     /* of who does the tasks */
    bool has_thread, alone; /* alone: there is none to be had */
    sgc_thread thread;
    sgc_mutex lock;
    sgc_cond changed;
    /* under lock */
    job *first, *last; /* waiting */
    bool stopping;
};

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

/* ---- the thread ---- */

static void *run(void *argument)
{
    sgc_sorter *sorter = argument;

    sgc_mutex_lock(&sorter->lock);
    while (!sorter->stopping) {
        job *now = sorter->first;
        if (!now) {
            sgc_cond_wait(&sorter->changed, &sorter->lock);
            continue;
        }
        sorter->first = now->next;
        sgc_mutex_unlock(&sorter->lock);
        now->work(sorter, now);
        sgc_mutex_lock(&sorter->lock);
        now->done = true;
        sgc_cond_broadcast(&sorter->changed);
    }
    sgc_mutex_unlock(&sorter->lock);
    return NULL;
}

static void want_thread(sgc_sorter *sorter)
{
    if (sorter->has_thread || sorter->alone) return;
    sorter->has_thread =
        sgc_processor_count() > 1 && sgc_thread_start(&sorter->thread, run, sorter) == SGC_OK;
    sorter->alone = !sorter->has_thread;
}

static void give(sgc_sorter *sorter, job *one)
{
    one->done = false;
    one->next = NULL;
    if (!sorter->has_thread) {
        one->work(sorter, one);
        one->done = true;
        return;
    }
    sgc_mutex_lock(&sorter->lock);
    if (sorter->first)
        sorter->last->next = one;
    else
        sorter->first = one;
    sorter->last = one;
    sgc_cond_broadcast(&sorter->changed);
    sgc_mutex_unlock(&sorter->lock);
}

static void wait_for(sgc_sorter *sorter, const job *one)
{
    if (!sorter->has_thread) return;
    sgc_mutex_lock(&sorter->lock);
    while (!one->done)
        sgc_cond_wait(&sorter->changed, &sorter->lock);
    sgc_mutex_unlock(&sorter->lock);
}

sgc_sorter *sgc_sorter_open(const sgc_os *os, uint64_t memory)
{
    sgc_sorter *sorter = sgc_alloc_zero(1, sizeof *sorter);
    uint64_t chunk = memory / CHUNK_PART;

    if (!sorter) return NULL;
    sorter->os = os;
    sorter->memory = memory;
    sorter->chunk = chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
    sgc_mutex_init(&sorter->lock);
    sgc_cond_init(&sorter->changed);
    return sorter;
}

void sgc_sorter_stop(sgc_sorter *sorter)
{
    if (!sorter || !sorter->has_thread) return;
    sgc_mutex_lock(&sorter->lock);
    sorter->stopping = true;
    sgc_cond_broadcast(&sorter->changed);
    sgc_mutex_unlock(&sorter->lock);
    sgc_thread_join(sorter->thread);
    sorter->has_thread = false;
    sorter->alone = true;
}

void sgc_sorter_close(sgc_sorter *sorter)
{
    if (!sorter) return;
    sgc_sorter_stop(sorter);
    for (size_t i = 0; i < TASKS; i++) {
        sgc_changes_free(&sorter->tasks[i].changes);
        sgc_run_list_free(&sorter->tasks[i].list);
        sgc_free(sorter->tasks[i].run.memory);
    }
    sgc_cond_destroy(&sorter->changed);
    sgc_mutex_destroy(&sorter->lock);
    sgc_free(sorter->room.items);
    sgc_free(sorter->all);
    sgc_free(sorter);
}

/* ---- tasks ---- */

static void work(sgc_sorter *sorter, job *one)
{
    task *own = (task *)one;

    if (own->merges) {
        own->status = sgc_run_merge(&own->runs->file, &own->list, &own->run, &own->error);
        sgc_run_list_free(&own->list);
        return;
    }
    own->status = sgc_run_sort(&own->changes, &sorter->room, &own->run, &own->last);
    if (own->status) (void)no_memory(&own->error);
}

/* A run in the file goes behind those that are there. */
static void put_merged(sgc_runs *runs, const task *from)
{
    sgc_run *to = &runs->list.items[runs->in_file];

    memmove(to + 1, to, (runs->list.count - runs->in_file) * sizeof *to);
    *to = from->run;
    to->follows = from->follows;
    runs->in_file++;
    runs->merging = false;
}

static void put_sorted(sgc_runs *runs, const task *from)
{
    sgc_str last = sgc_str_of((const char *)runs->last.bytes, runs->last.size);
    sgc_run *to = &runs->list.items[runs->list.count];

    *to = from->run;
    to->follows = !runs->cut && sgc_str_compare(sgc_run_first(to), last) >= 0;
    runs->cut = false;
    runs->memory += to->bytes;
    if (from->last.size) memcpy(runs->last.bytes, from->last.bytes, from->last.size);
    runs->last.size = from->last.size;
}

/* What became of the oldest task. */
static sgc_status take_back(sgc_sorter *sorter, sgc_error *error)
{
    task *own = &sorter->tasks[sorter->taken % TASKS];
    sgc_runs *runs = own->runs;

    wait_for(sorter, &own->job);
    sorter->taken++;
    runs->pending--;
    own->bytes = 0;
    if (own->status) {
        *error = own->error;
        return own->status;
    }
    if (!SGC_GROW(runs->list.items, runs->list.count, runs->list.capacity)) return no_memory(error);
    if (own->merges)
        put_merged(runs, own);
    else
        put_sorted(runs, own);
    runs->list.count++;
    own->run.memory = NULL;
    return SGC_OK;
}

static sgc_status settle(sgc_sorter *sorter, const sgc_runs *runs, sgc_error *error)
{
    sgc_status status = SGC_OK;

    while (status == SGC_OK && runs->pending > 0)
        status = take_back(sorter, error);
    return status;
}

/* The place for one more. */
static sgc_status next_task(sgc_sorter *sorter, sgc_runs *runs, bool merges, task **out,
                            sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (sorter->given - sorter->taken == TASKS) status = take_back(sorter, error);
    *out = &sorter->tasks[sorter->given % TASKS];
    (*out)->job.work = work;
    (*out)->runs = runs;
    (*out)->merges = merges;
    return status;
}

static sgc_status give_task(sgc_sorter *sorter, task *own, sgc_error *error)
{
    sorter->given++;
    own->runs->pending++;
    give(sorter, &own->job);
    return sorter->has_thread ? SGC_OK : settle(sorter, own->runs, error);
}

/* What was collected becomes a run. */
static sgc_status seal(sgc_sorter *sorter, sgc_runs *runs, sgc_error *error)
{
    task *own;

    if (runs->changes.count == 0) return SGC_OK;
    sgc_status status = next_task(sorter, runs, false, &own, error);
    if (status) return status;
    sgc_entry_changes full = runs->changes;
    runs->changes = own->changes;
    own->changes = full;
    own->bytes = sgc_changes_bytes(&full);
    return give_task(sorter, own, error);
}

/* Runs in memory become one in the file; with those that are there, when these are many. */
static sgc_status spill(sgc_sorter *sorter, sgc_runs *runs, sgc_error *error)
{
    sgc_run_list *list = &runs->list;
    task *own;
    bool chain = true;
    sgc_status status = runs->merging ? settle(sorter, runs, error) : SGC_OK;

    if (status == SGC_OK) status = next_task(sorter, runs, true, &own, error);
    if (status) return status;
    size_t from = runs->in_file + 1 < RUNS_MAX ? runs->in_file : 0, count = list->count - from;
    own->list.items = sgc_alloc(count * sizeof *own->list.items);
    if (!own->list.items) return no_memory(error);
    memcpy(own->list.items, list->items + from, count * sizeof *own->list.items);
    own->list.count = count;
    for (size_t i = 1; i < count; i++)
        chain = chain && own->list.items[i].follows;
    own->follows = chain && own->list.items[0].follows;
    own->bytes = runs->memory;
    runs->cut = !chain;
    runs->memory = 0;
    runs->merging = true;
    list->count = runs->in_file = from;
    return give_task(sorter, own, error);
}

/* ---- collecting ---- */

sgc_status sgc_runs_open(sgc_sorter *sorter, sgc_runs *runs, char *path, sgc_error *error)
{
    *runs = (sgc_runs){.file = {.os = sorter->os, .path = path}};
    if (!SGC_GROW(sorter->all, sorter->count, sorter->capacity)) return no_memory(error);
    sorter->all[sorter->count++] = runs;
    return SGC_OK;
}

sgc_status sgc_runs_add(sgc_sorter *sorter, sgc_runs *runs, sgc_str components, sgc_str key,
                        uint64_t value, sgc_error *error)
{
    sgc_status status = sgc_changes_add(&runs->changes, components, key, value);

    if (status) return sgc_fail(error, status, "%s", sgc_status_text(status));
    runs->count++;
    if (sgc_changes_bytes(&runs->changes) < sorter->chunk) return SGC_OK;
    want_thread(sorter);
    return seal(sorter, runs, error);
}

/* Where the memory is. */
typedef struct measured {
    sgc_runs *largest;
    uint64_t most, staying, sorting, leaving; /* of the largest; of all; on its way */
} measured;

static measured measure(const sgc_sorter *sorter)
{
    measured own = {.largest = NULL};

    for (size_t i = 0; i < sorter->count; i++) {
        sgc_runs *runs = sorter->all[i];
        uint64_t bytes = sgc_changes_bytes(&runs->changes) + runs->memory;
        own.staying += bytes;
        if (bytes <= own.most) continue;
        own.most = bytes;
        own.largest = runs;
    }
    for (uint64_t i = sorter->taken; i < sorter->given; i++) {
        const task *one = &sorter->tasks[i % TASKS];
        *(one->merges ? &own.leaving : &own.sorting) += one->bytes;
    }
    return own;
}

sgc_status sgc_sorter_make_room(sgc_sorter *sorter, sgc_error *error)
{
    sgc_status status = SGC_OK;

    while (status == SGC_OK) {
        measured now = measure(sorter);
        uint64_t held = now.staying + now.sorting;
        bool much = held > sorter->memory / 4 * 3;
        if (!much && held + now.leaving <= sorter->memory) break;
        if (!much || now.sorting > now.most)
            status = take_back(sorter, error);
        else if (now.largest->memory < now.most / 2)
            status = seal(sorter, now.largest, error);
        else
            status = spill(sorter, now.largest, error);
    }
    return status;
}

/* ---- reading ---- */

typedef struct batch {
    sgc_sorted *entries;
    uint8_t *bytes;
    size_t count;
} batch;

/* Entries that the thread has merged, some batches ahead. The reader's place is in the runs, where
 * the thread writes nothing. */
typedef struct sgc_run_stream {
    job job; /* first */
    sgc_sorter *sorter;
    sgc_runs *runs;
    batch batches[BATCHES];
    sgc_error error; /* when status says so */
    /* under the sorter's lock */
    uint64_t made, used; /* batches so far */
    bool reads;          /* one that is not used yet */
    bool ended, stop;
    sgc_status status;
} stream;

static sgc_status fill(batch *to, sgc_merge *merge, bool *more, sgc_error *error)
{
    size_t used = 0, count = 0;
    sgc_status status = SGC_OK;

    while (count < BATCH_ENTRIES && used + SGC_ENTRY_MAX <= BATCH_BYTES) {
        sgc_sorted *entry = &to->entries[count];
        status = sgc_merge_next(merge, entry, more, error);
        if (status || !*more) break;
        uint8_t *bytes = to->bytes + used;
        if (entry->entry.size) memcpy(bytes, entry->entry.data, entry->entry.size);
        entry->entry.data = (const char *)bytes;
        used += entry->entry.size;
        count++;
    }
    to->count = count;
    return status;
}

static bool make_batch(batch *own)
{
    if (!own->entries) own->entries = sgc_alloc(BATCH_ENTRIES * sizeof *own->entries);
    if (!own->bytes) own->bytes = sgc_alloc(BATCH_BYTES);
    return own->entries && own->bytes;
}

/* The batch to fill next, when the reader has used it; NULL: nobody reads any more. */
static batch *next_batch(stream *own)
{
    sgc_sorter *sorter = own->sorter;

    sgc_mutex_lock(&sorter->lock);
    while (own->made - own->used == BATCHES && !own->stop && !sorter->stopping)
        sgc_cond_wait(&sorter->changed, &sorter->lock);
    bool stop = own->stop || sorter->stopping;
    sgc_mutex_unlock(&sorter->lock);
    return stop ? NULL : &own->batches[own->made % BATCHES];
}

static void publish(stream *own, bool ended, sgc_status status)
{
    sgc_mutex_lock(&own->sorter->lock);
    if (!ended) own->made++;
    own->ended = ended;
    own->status = status;
    sgc_cond_broadcast(&own->sorter->changed);
    sgc_mutex_unlock(&own->sorter->lock);
}

static void merge_on(sgc_sorter *sorter, job *one)
{
    stream *own = (stream *)one;
    sgc_merge merge = {.file = NULL};
    bool more = true;
    sgc_status status = sgc_merge_open(&merge, &own->runs->file, &own->runs->list, &own->error);

    (void)sorter;
    while (status == SGC_OK && more) {
        batch *to = next_batch(own);
        if (!to) break;
        status = make_batch(to) ? fill(to, &merge, &more, &own->error) : no_memory(&own->error);
        if (status == SGC_OK && to->count > 0) publish(own, false, SGC_OK);
    }
    publish(own, true, status);
    sgc_merge_close(&merge);
}

/* Goes on to the next batch; false: there is none. */
static bool turn(sgc_runs *runs, sgc_error *error, sgc_status *status)
{
    stream *own = runs->stream;
    sgc_sorter *sorter = own->sorter;

    sgc_mutex_lock(&sorter->lock);
    if (own->reads) own->used++;
    sgc_cond_broadcast(&sorter->changed);
    while (own->made == own->used && !own->ended)
        sgc_cond_wait(&sorter->changed, &sorter->lock);
    own->reads = own->made > own->used;
    bool there = own->reads;
    *status = there ? SGC_OK : own->status;
    const batch *now = &own->batches[own->used % BATCHES];
    sgc_mutex_unlock(&sorter->lock);
    if (*status) *error = own->error;
    runs->next = runs->end = NULL;
    if (!there) return false;
    runs->next = now->entries;
    runs->end = now->entries + now->count;
    return true;
}

static sgc_status next_of(sgc_runs *runs, sgc_sorted *entry, bool *there, sgc_error *error)
{
    sgc_status status = SGC_OK;

    *there = runs->next < runs->end || turn(runs, error, &status);
    if (!*there) return status;
    *entry = *runs->next++;
    /* Another processor wrote them. */
    if (runs->end - runs->next > 2 * SGC_SORTED_AHEAD) {
        __builtin_prefetch(runs->next[SGC_SORTED_AHEAD].entry.data);
        __builtin_prefetch(&runs->next[2 * SGC_SORTED_AHEAD]);
    }
    return SGC_OK;
}

static void close_stream(sgc_sorter *sorter, stream *own)
{
    if (!own) return;
    sgc_mutex_lock(&sorter->lock);
    own->stop = true;
    sgc_cond_broadcast(&sorter->changed);
    sgc_mutex_unlock(&sorter->lock);
    wait_for(sorter, &own->job);
    for (size_t i = 0; i < BATCHES; i++) {
        sgc_free(own->batches[i].entries);
        sgc_free(own->batches[i].bytes);
    }
    sgc_free(own);
}

sgc_status sgc_runs_finish(sgc_sorter *sorter, sgc_runs *runs, sgc_error *error)
{
    sgc_sort_room room = {.items = NULL};

    if (runs->list.count > 0 || runs->pending > 0) {
        sgc_status status = seal(sorter, runs, error);
        if (status == SGC_OK) sgc_changes_free(&runs->changes);
        return status;
    }
    sgc_status status = sgc_changes_order(&runs->changes, &room);
    sgc_free(room.items);
    return status ? no_memory(error) : SGC_OK;
}

sgc_status sgc_runs_make_way(sgc_sorter *sorter, sgc_runs *runs, sgc_error *error)
{
    sgc_status status = settle(sorter, runs, error);

    if (status || runs->memory <= sorter->memory / 4) return status;
    return spill(sorter, runs, error);
}

/* What is read must not be sealed or spilled. */
static void leave(sgc_sorter *sorter, const sgc_runs *runs)
{
    for (size_t i = 0; i < sorter->count; i++)
        if (sorter->all[i] == runs) sorter->all[i--] = sorter->all[--sorter->count];
}

sgc_status sgc_runs_start(sgc_sorter *sorter, sgc_runs *runs, bool ahead, sgc_error *error)
{
    sgc_status status = settle(sorter, runs, error);

    leave(sorter, runs);
    if (status || runs->list.count == 0) return status;
    if (!sorter->has_thread || !ahead)
        return sgc_merge_open(&runs->merge, &runs->file, &runs->list, error);
    stream *own = sgc_alloc_zero(1, sizeof *own);
    if (!own) return no_memory(error);
    own->job.work = merge_on;
    own->sorter = sorter;
    own->runs = runs;
    runs->stream = own;
    give(sorter, &own->job);
    return SGC_OK;
}

sgc_status sgc_runs_next(sgc_runs *runs, sgc_sorted *entry, bool *there, sgc_error *error)
{
    const sgc_entry_changes *changes = &runs->changes;

    if (runs->stream) return next_of(runs, entry, there, error);
    if (runs->list.count > 0) return sgc_merge_next(&runs->merge, entry, there, error);
    *there = runs->at < changes->count;
    if (!*there) return SGC_OK;
    sgc_sorted_foresee(changes, runs->at);
    *entry = sgc_sorted_of(changes, runs->at++);
    return SGC_OK;
}

void sgc_runs_close(sgc_sorter *sorter, sgc_runs *runs)
{
    if (sorter) leave(sorter, runs);
    close_stream(sorter, runs->stream);
    sgc_merge_close(&runs->merge);
    sgc_run_list_free(&runs->list);
    sgc_changes_free(&runs->changes);
    sgc_run_file_close(&runs->file);
    *runs = (sgc_runs){.stream = NULL};
}
