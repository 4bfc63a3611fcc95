/*
 * memory.c - the table in memory: files for tests and :memory: databases, with every failure a
 * device can show. What the files hold is content.c, what they are called is tree.c.
 */
#include "os/error.h"
#include "os/tree.h"

typedef struct memory_file {
    sgc_node *node;
    unsigned flags;
    uint64_t generation; /* of the power: a file opened before a cut is gone */
    bool shares;         /* the lock */
} memory_file;

struct sgc_memory_os {
    sgc_os table;
    sgc_mutex lock;
    sgc_tree tree;
    sgc_dice dice;
    sgc_faults faults;
    bool seeded; /* random bytes come from the dice */
    bool off;    /* the power is cut */
    uint64_t generation;
    uint64_t time_us;
    uint64_t writes, syncs, steps;                /* since creation */
    uint64_t base_writes, base_syncs, base_steps; /* when the faults were set */
};

static memory_file *memory_file_of(sgc_file *file)
{
    return (void *)file;
}

static sgc_memory_os *enter(void *self)
{
    sgc_memory_os *memory = self;

    sgc_mutex_lock(&memory->lock);
    return memory;
}

static sgc_status leave(sgc_memory_os *memory, sgc_status status, const char *what)
{
    bool off = memory->off;

    sgc_mutex_unlock(&memory->lock);
    if (status == SGC_OK) return status;
    return sgc_os_say(status, what, off ? "the power is off" : sgc_status_text(status));
}

static sgc_status powered(const sgc_memory_os *memory)
{
    return memory->off ? SGC_IO : SGC_OK;
}

/* SGC_IO when the power is off or was off since the file was opened. */
static sgc_status usable(const sgc_memory_os *memory, const memory_file *file)
{
    return memory->off || file->generation != memory->generation ? SGC_IO : SGC_OK;
}

static sgc_status changeable(const sgc_memory_os *memory)
{
    return memory->faults.read_only ? SGC_READ_ONLY : powered(memory);
}

/* Counts one step; true when the power goes off at this one. */
static bool step_cuts(sgc_memory_os *memory)
{
    memory->steps++;
    uint64_t at = memory->faults.power_cut_at;
    if (at == 0 || memory->steps - memory->base_steps < at) return false;
    memory->off = true;
    return true;
}

static bool hits(uint64_t count, uint64_t at, bool sticky)
{
    return at != 0 && (sticky ? count >= at : count == at);
}

/* ---- files ---- */

static sgc_status find_or_add(sgc_memory_os *memory, const char *path, unsigned flags,
                              sgc_node **node)
{
    sgc_status status = SGC_OK;

    *node = sgc_tree_find(&memory->tree, path);
    if (*node && (flags & SGC_OPEN_CREATE) && (flags & SGC_OPEN_EXCLUSIVE)) return SGC_EXISTS;
    if (!*node && !(flags & SGC_OPEN_CREATE)) return SGC_NOT_FOUND;
    if (flags & SGC_OPEN_WRITE && memory->faults.read_only) return SGC_READ_ONLY;
    if (!*node) status = sgc_tree_add(&memory->tree, path, false, node);
    if (status == SGC_OK && (*node)->directory) return SGC_IO;
    return status;
}

static sgc_status memory_open(void *self, const char *path, unsigned flags, sgc_file **out)
{
    memory_file *file = sgc_alloc(sizeof *file);
    sgc_node *node = NULL;

    *out = NULL;
    if (!file) return sgc_os_say(SGC_NO_MEMORY, path, "out of memory");
    sgc_memory_os *memory = enter(self);
    sgc_status status = powered(memory);
    if (status == SGC_OK) status = find_or_add(memory, path, flags, &node);
    if (status == SGC_OK) {
        *file = (memory_file){.node = node, .flags = flags, .generation = memory->generation};
        sgc_node_hold(node);
        *out = (void *)file;
    } else {
        sgc_free(file);
    }
    return leave(memory, status, path);
}

static void memory_close(void *self, sgc_file *out)
{
    memory_file *file = memory_file_of(out);

    if (!file) return;
    sgc_memory_os *memory = enter(self);
    if (file->node->holder == file) file->node->holder = NULL;
    if (file->generation == memory->generation) file->node->sharers -= file->shares;
    sgc_node_drop(file->node);
    sgc_free(file);
    (void)leave(memory, SGC_OK, "");
}

static sgc_status memory_read(void *self, sgc_file *out, uint64_t offset, void *data, size_t size,
                              size_t *got)
{
    memory_file *file = memory_file_of(out);
    sgc_memory_os *memory = enter(self);
    sgc_status status = usable(memory, file);

    *got = 0;
    if (status == SGC_OK) *got = sgc_content_read(&file->node->content, offset, data, size);
    return leave(memory, status, "read");
}

static bool misaligned(const memory_file *file, uint64_t offset, const void *data, size_t size)
{
    if (!(file->flags & SGC_OPEN_DIRECT)) return false;
    return (offset | size | (uint64_t)(uintptr_t)data) % SGC_SECTOR != 0;
}

/* Direct writes reach the disk at once, sector by sector when the power fails meanwhile. */
static sgc_status put(sgc_memory_os *memory, const memory_file *file, uint64_t offset,
                      const void *data, size_t size)
{
    sgc_content *content = &file->node->content;

    if (!sgc_content_write(content, offset, data, size, &memory->dice)) return SGC_NO_MEMORY;
    if (file->flags & SGC_OPEN_DIRECT && !memory->off)
        sgc_content_sync_range(content, offset, size);
    return SGC_OK;
}

/* Decides the fate of one write: SGC_OK or how it fails. */
static sgc_status write_fate(sgc_memory_os *memory)
{
    const sgc_faults *faults = &memory->faults;

    if (faults->read_only) return SGC_READ_ONLY;
    memory->writes++;
    uint64_t count = memory->writes - memory->base_writes;
    if (step_cuts(memory)) return SGC_IO;
    if (hits(count, faults->fail_write_at, faults->sticky)) return SGC_IO;
    if (hits(count, faults->no_space_at, true)) return SGC_NO_SPACE;
    return SGC_OK;
}

/* It is there. */
static void memory_will_read(void *self, sgc_file *file, uint64_t offset, size_t size)
{
    (void)self;
    (void)file;
    (void)offset;
    (void)size;
}

static sgc_status memory_write(void *self, sgc_file *out, uint64_t offset, const void *data,
                               size_t size)
{
    memory_file *file = memory_file_of(out);
    sgc_memory_os *memory = enter(self);
    sgc_status status = usable(memory, file);

    if (status == SGC_OK && !(file->flags & SGC_OPEN_WRITE)) status = SGC_IO;
    if (status == SGC_OK && misaligned(file, offset, data, size)) status = SGC_UNSUPPORTED;
    if (status != SGC_OK) return leave(memory, status, "write");
    status = write_fate(memory);
    if (status != SGC_OK) {
        bool partly = memory->off || memory->faults.short_writes;
        size = partly ? (size_t)sgc_dice_below(&memory->dice, (uint64_t)size + 1) : 0;
        if (file->flags & SGC_OPEN_DIRECT) size -= size % SGC_SECTOR;
    }
    if (size > 0) {
        sgc_status result = put(memory, file, offset, data, size);
        if (status == SGC_OK) status = result;
    }
    return leave(memory, status, "write");
}

static sgc_status sync_fate(sgc_memory_os *memory)
{
    memory->syncs++;
    uint64_t count = memory->syncs - memory->base_syncs;
    if (step_cuts(memory)) return SGC_IO;
    return hits(count, memory->faults.fail_sync_at, memory->faults.sticky) ? SGC_IO : SGC_OK;
}

static sgc_status memory_sync(void *self, sgc_file *out)
{
    memory_file *file = memory_file_of(out);
    sgc_memory_os *memory = enter(self);
    sgc_status status = usable(memory, file);

    if (status != SGC_OK) return leave(memory, status, "sync");
    status = sync_fate(memory);
    if (status == SGC_OK)
        sgc_content_sync(&file->node->content);
    else if (!memory->off)
        sgc_content_fail_sync(&file->node->content, &memory->dice);
    return leave(memory, status, "sync");
}

static sgc_status memory_size(void *self, sgc_file *out, uint64_t *size)
{
    memory_file *file = memory_file_of(out);
    sgc_memory_os *memory = enter(self);
    sgc_status status = usable(memory, file);

    *size = status == SGC_OK ? file->node->content.size : 0;
    return leave(memory, status, "size");
}

static sgc_status memory_truncate(void *self, sgc_file *out, uint64_t size)
{
    memory_file *file = memory_file_of(out);
    sgc_memory_os *memory = enter(self);
    sgc_status status = usable(memory, file);

    if (status == SGC_OK && !(file->flags & SGC_OPEN_WRITE)) status = SGC_IO;
    if (status == SGC_OK) status = changeable(memory);
    if (status == SGC_OK) {
        bool cut = step_cuts(memory);
        if (!sgc_content_truncate(&file->node->content, size)) status = SGC_NO_MEMORY;
        if (cut) status = SGC_IO;
    }
    return leave(memory, status, "truncate");
}

static sgc_status memory_lock(void *self, sgc_file *out, bool shared)
{
    memory_file *file = memory_file_of(out);
    sgc_memory_os *memory = enter(self);
    sgc_status status = usable(memory, file);
    sgc_node *node = file->node;

    if (status == SGC_OK && node->holder && node->holder != file) status = SGC_BUSY;
    if (status == SGC_OK && !shared && node->sharers > file->shares) status = SGC_BUSY;
    if (status == SGC_OK) {
        node->holder = shared ? NULL : file;
        node->sharers = node->sharers - file->shares + shared;
        file->shares = shared;
    }
    return leave(memory, status, "lock");
}

/* ---- directories ---- */

static sgc_status memory_rename(void *self, const char *from, const char *to)
{
    sgc_memory_os *memory = enter(self);
    sgc_status status = changeable(memory);

    if (status == SGC_OK) {
        bool cut = step_cuts(memory);
        status = sgc_tree_rename(&memory->tree, from, to);
        if (cut) status = SGC_IO;
    }
    return leave(memory, status, from);
}

static sgc_status memory_remove(void *self, const char *path)
{
    sgc_memory_os *memory = enter(self);
    sgc_status status = changeable(memory);

    if (status == SGC_OK) {
        bool cut = step_cuts(memory);
        status = sgc_tree_remove(&memory->tree, path);
        if (cut) status = SGC_IO;
    }
    return leave(memory, status, path);
}

static sgc_status memory_make_directory(void *self, const char *path)
{
    sgc_node *node;
    sgc_memory_os *memory = enter(self);
    sgc_status status = powered(memory);

    if (status == SGC_OK && sgc_tree_find(&memory->tree, path)) status = SGC_EXISTS;
    if (status == SGC_OK) status = changeable(memory);
    if (status == SGC_OK) status = sgc_tree_add(&memory->tree, path, true, &node);
    return leave(memory, status, path);
}

static sgc_status memory_sync_directory(void *self, const char *path)
{
    sgc_memory_os *memory = enter(self);
    sgc_status status = powered(memory);
    sgc_node *node = status == SGC_OK ? sgc_tree_find(&memory->tree, path) : NULL;

    if (status == SGC_OK && (!node || !node->directory)) status = SGC_NOT_FOUND;
    if (status == SGC_OK) {
        status = sync_fate(memory);
        if (status == SGC_OK) sgc_tree_sync(&memory->tree, node);
    }
    return leave(memory, status, path);
}

/* The names are held while `each` runs without the lock, so that it may call the table. */
static sgc_status memory_list(void *self, const char *path,
                              void (*each)(void *context, const char *name), void *context)
{
    sgc_buf names = {0};
    sgc_memory_os *memory = enter(self);
    sgc_status status = powered(memory);
    sgc_node *node = status == SGC_OK ? sgc_tree_find(&memory->tree, path) : NULL;

    if (status == SGC_OK && (!node || !node->directory)) status = SGC_NOT_FOUND;
    for (size_t i = 0; status == SGC_OK && i < node->now.count; i++) {
        const char *name = node->now.items[i].name->text;
        sgc_buf_append(&names, name, strlen(name) + 1);
    }
    if (names.failed) status = SGC_NO_MEMORY;
    status = leave(memory, status, path);
    for (size_t at = 0; status == SGC_OK && at < names.size; at += strlen(names.data + at) + 1) {
        each(context, names.data + at);
    }
    sgc_buf_free(&names);
    return status;
}

static sgc_status memory_lies_in(void *self, const char *path, const char *folder, bool *inside)
{
    sgc_memory_os *memory = enter(self);
    sgc_status status = powered(memory);
    const sgc_node *node = sgc_tree_find(&memory->tree, folder);

    if (status == SGC_OK && !node) status = SGC_NOT_FOUND;
    *inside = status == SGC_OK && sgc_tree_passes(&memory->tree, path, node);
    return leave(memory, status, folder);
}

/* ---- clocks, random ---- */

static uint64_t memory_time(void *self)
{
    sgc_memory_os *memory = enter(self);
    uint64_t time_us = memory->time_us;

    (void)leave(memory, SGC_OK, "");
    return time_us ? time_us : sgc_os_posix()->time_us(NULL);
}

static uint64_t memory_monotonic(void *self)
{
    (void)self;
    return sgc_os_posix()->monotonic_us(NULL);
}

static sgc_status memory_random(void *self, void *data, size_t size)
{
    uint8_t *to = data;
    sgc_memory_os *memory = enter(self);
    sgc_status status = powered(memory);
    bool seeded = memory->seeded;

    for (size_t i = 0; status == SGC_OK && seeded && i < size; i++) {
        to[i] = (uint8_t)(sgc_dice_roll(&memory->dice) >> 56);
    }
    status = leave(memory, status, "random");
    if (status == SGC_OK && !seeded) status = sgc_os_posix()->random(NULL, data, size);
    return status;
}

/* ---- the memory itself ---- */

sgc_status sgc_memory_os_create(sgc_memory_os **out)
{
    sgc_memory_os *memory = sgc_alloc_zero(1, sizeof *memory);

    *out = NULL;
    if (!memory) return SGC_NO_MEMORY;
    if (!sgc_tree_create(&memory->tree)) {
        sgc_free(memory);
        return SGC_NO_MEMORY;
    }
    sgc_mutex_init(&memory->lock);
    memory->table = (sgc_os){
        .self = memory,
        .open = memory_open,
        .close = memory_close,
        .read = memory_read,
        .will_read = memory_will_read,
        .write = memory_write,
        .sync = memory_sync,
        .size = memory_size,
        .truncate = memory_truncate,
        .lock = memory_lock,
        .rename = memory_rename,
        .remove = memory_remove,
        .make_directory = memory_make_directory,
        .sync_directory = memory_sync_directory,
        .list = memory_list,
        .lies_in = memory_lies_in,
        .time_us = memory_time,
        .monotonic_us = memory_monotonic,
        .coarse_us = memory_time,
        .random = memory_random,
    };
    *out = memory;
    return SGC_OK;
}

void sgc_memory_os_destroy(sgc_memory_os *memory)
{
    if (!memory) return;
    sgc_tree_free(&memory->tree);
    sgc_mutex_destroy(&memory->lock);
    sgc_free(memory);
}

const sgc_os *sgc_memory_os_table(sgc_memory_os *memory)
{
    return &memory->table;
}

void sgc_memory_os_set_faults(sgc_memory_os *memory, const sgc_faults *faults)
{
    enter(memory);
    memory->faults = *faults;
    memory->base_writes = memory->writes;
    memory->base_syncs = memory->syncs;
    memory->base_steps = memory->steps;
    if (faults->seed) {
        memory->dice.state = faults->seed;
        memory->seeded = true;
    }
    (void)leave(memory, SGC_OK, "");
}

void sgc_memory_os_set_time(sgc_memory_os *memory, uint64_t time_us)
{
    enter(memory);
    memory->time_us = time_us;
    (void)leave(memory, SGC_OK, "");
}

void sgc_memory_os_power_cycle(sgc_memory_os *memory, uint64_t seed)
{
    sgc_dice dice = {seed};

    enter(memory);
    sgc_tree_power_cycle(&memory->tree, &dice);
    memory->faults = (sgc_faults){0};
    memory->generation++;
    memory->off = false;
    (void)leave(memory, SGC_OK, "");
}

void sgc_memory_os_counts(sgc_memory_os *memory, uint64_t *writes, uint64_t *syncs, uint64_t *steps)
{
    enter(memory);
    if (writes) *writes = memory->writes;
    if (syncs) *syncs = memory->syncs;
    if (steps) *steps = memory->steps;
    (void)leave(memory, SGC_OK, "");
}

sgc_status sgc_memory_os_flip(sgc_memory_os *memory, const char *path, uint64_t bit)
{
    enter(memory);
    sgc_node *node = sgc_tree_find(&memory->tree, path);
    bool flipped = node && !node->directory && sgc_content_flip(&node->content, bit);
    return leave(memory, flipped ? SGC_OK : SGC_NOT_FOUND, path);
}
