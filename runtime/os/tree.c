/* tree.c - names of the memory table: look-up, changes, and which of them survive a power cut. */
#include "os/tree.h"

/* ---- names, nodes, entries ---- */

static sgc_name *name_create(const char *text, size_t size)
{
    sgc_name *name = sgc_alloc(sizeof *name + size + 1);

    if (!name) return NULL;
    name->references = 1;
    memcpy(name->text, text, size);
    name->text[size] = '\0';
    return name;
}

static void name_drop(sgc_name *name)
{
    if (name && --name->references == 0) sgc_free(name);
}

static sgc_node *node_create(bool directory)
{
    sgc_node *node = sgc_alloc_zero(1, sizeof *node);

    if (!node) return NULL;
    node->references = 1;
    node->directory = directory;
    return node;
}

void sgc_node_hold(sgc_node *node)
{
    node->references++;
}

static void entries_clear(sgc_entries *entries)
{
    while (entries->count > 0) {
        sgc_entry *entry = &entries->items[--entries->count];
        name_drop(entry->name);
        sgc_node_drop(entry->node);
    }
}

void sgc_node_drop(sgc_node *node)
{
    if (!node || --node->references > 0) return;
    entries_clear(&node->now);
    entries_clear(&node->disk);
    sgc_free(node->now.items);
    sgc_free(node->disk.items);
    sgc_content_free(&node->content);
    sgc_free(node);
}

static sgc_entry *entries_find(const sgc_entries *entries, const char *text, size_t size)
{
    for (size_t i = 0; i < entries->count; i++) {
        const char *name = entries->items[i].name->text;
        if (strncmp(name, text, size) == 0 && name[size] == '\0') return &entries->items[i];
    }
    return NULL;
}

static bool entries_reserve(sgc_entries *entries, size_t capacity)
{
    if (capacity <= entries->capacity) return true;
    sgc_entry *items = sgc_realloc(entries->items, capacity * 2, sizeof *items);
    if (!items) return false;
    entries->items = items;
    entries->capacity = capacity * 2;
    return true;
}

/* Room was reserved, so this cannot fail. */
static void entries_set(sgc_entries *entries, sgc_name *name, sgc_node *node)
{
    sgc_entry *entry = entries_find(entries, name->text, strlen(name->text));

    if (node) sgc_node_hold(node);
    if (entry) {
        sgc_node_drop(entry->node);
        entry->node = node;
    } else if (node) {
        name->references++;
        entries->items[entries->count++] = (sgc_entry){name, node};
        return;
    }
    if (!entry || node) return;
    name_drop(entry->name);
    *entry = entries->items[--entries->count];
}

static void entries_copy(sgc_entries *to, const sgc_entries *from)
{
    entries_clear(to);
    for (size_t i = 0; i < from->count; i++)
        entries_set(to, from->items[i].name, from->items[i].node);
}

/* ---- paths ---- */

bool sgc_tree_create(sgc_tree *tree)
{
    *tree = (sgc_tree){.root = node_create(true)};
    return tree->root != NULL;
}

/* The next component at *path, which moves behind it; 0 at the end. */
static size_t component(const char **path, const char **start)
{
    const char *at = *path;

    for (;;) {
        while (*at == '/')
            at++;
        if (at[0] != '.' || (at[1] != '/' && at[1] != '\0')) break;
        at++;
    }
    *start = at;
    while (*at && *at != '/')
        at++;
    *path = at;
    return (size_t)(at - *start);
}

/* The directory that holds the last component of path, and that component. */
static sgc_node *parent_of(const sgc_tree *tree, const char *path, const char **last, size_t *size)
{
    sgc_node *node = tree->root;
    const char *next;

    *size = component(&path, last);
    for (;;) {
        size_t more = component(&path, &next);
        if (more == 0) return node->directory ? node : NULL;
        sgc_entry *entry = node->directory ? entries_find(&node->now, *last, *size) : NULL;
        if (!entry) return NULL;
        node = entry->node;
        *last = next;
        *size = more;
    }
}

sgc_node *sgc_tree_find(const sgc_tree *tree, const char *path)
{
    const char *last;
    size_t size;
    sgc_node *parent = parent_of(tree, path, &last, &size);

    if (!parent || size == 0) return parent;
    sgc_entry *entry = entries_find(&parent->now, last, size);
    return entry ? entry->node : NULL;
}

bool sgc_tree_passes(const sgc_tree *tree, const char *path, const sgc_node *node)
{
    const sgc_node *at = tree->root;
    const char *name;
    size_t size;

    while (at != node && at->directory && (size = component(&path, &name)) > 0) {
        sgc_entry *entry = entries_find(&at->now, name, size);
        if (!entry) return false;
        at = entry->node;
    }
    return at == node;
}

/* ---- changes ---- */

static bool reserve(sgc_tree *tree, sgc_node *directory)
{
    size_t now = directory->now.count + 1;
    size_t disk = directory->disk.count + directory->pending + 1;
    size_t most = now > disk ? now : disk;

    return SGC_GROW(tree->journal, tree->count, tree->capacity) &&
           entries_reserve(&directory->now, most) && entries_reserve(&directory->disk, most);
}

static sgc_change change_of(sgc_node *directory, sgc_name *name, sgc_node *node)
{
    sgc_node_hold(directory);
    directory->pending++;
    name->references++;
    if (node) sgc_node_hold(node);
    return (sgc_change){directory, name, node};
}

static void apply_now(const sgc_step *step)
{
    for (int i = 0; i < 2 && step->change[i].directory; i++) {
        const sgc_change *change = &step->change[i];
        entries_set(&change->directory->now, change->name, change->node);
    }
}

sgc_status sgc_tree_add(sgc_tree *tree, const char *path, bool directory, sgc_node **out)
{
    const char *last;
    size_t size;
    sgc_node *parent = parent_of(tree, path, &last, &size);

    *out = NULL;
    if (!parent) return SGC_NOT_FOUND;
    if (size == 0 || entries_find(&parent->now, last, size)) return SGC_EXISTS;
    if (!reserve(tree, parent)) return SGC_NO_MEMORY;
    sgc_name *name = name_create(last, size);
    sgc_node *node = name ? node_create(directory) : NULL;
    if (node) {
        sgc_step *step = &tree->journal[tree->count++];
        *step = (sgc_step){{change_of(parent, name, node)}};
        apply_now(step);
        *out = node; /* held by the entry */
    }
    sgc_node_drop(node);
    name_drop(name);
    return node ? SGC_OK : SGC_NO_MEMORY;
}

sgc_status sgc_tree_remove(sgc_tree *tree, const char *path)
{
    const char *last;
    size_t size;
    sgc_node *parent = parent_of(tree, path, &last, &size);
    sgc_entry *entry = parent && size ? entries_find(&parent->now, last, size) : NULL;

    if (!entry) return SGC_NOT_FOUND;
    if (entry->node->now.count > 0) return SGC_IO;
    sgc_name *name = entry->name; /* reserving may move the entry */
    if (!reserve(tree, parent)) return SGC_NO_MEMORY;
    sgc_step *step = &tree->journal[tree->count++];
    *step = (sgc_step){{change_of(parent, name, NULL)}};
    apply_now(step);
    return SGC_OK;
}

sgc_status sgc_tree_rename(sgc_tree *tree, const char *from, const char *to)
{
    const char *old, *new;
    size_t old_size, new_size;
    sgc_node *source = parent_of(tree, from, &old, &old_size);
    sgc_node *target = parent_of(tree, to, &new, &new_size);
    sgc_entry *entry = source && old_size ? entries_find(&source->now, old, old_size) : NULL;

    if (!entry || !target || new_size == 0) return SGC_NOT_FOUND;
    sgc_entry *there = entries_find(&target->now, new, new_size);
    if (there && there->node == entry->node) return SGC_OK;
    if (there && (there->node->directory || entry->node->directory)) return SGC_EXISTS;
    sgc_node *node = entry->node; /* reserving may move the entry */
    sgc_name *old_name = entry->name;
    if (!reserve(tree, source) || !reserve(tree, target)) return SGC_NO_MEMORY;
    sgc_name *name = name_create(new, new_size);
    if (!name) return SGC_NO_MEMORY;
    sgc_step *step = &tree->journal[tree->count++];
    *step = (sgc_step){{change_of(target, name, node), change_of(source, old_name, NULL)}};
    apply_now(step);
    name_drop(name);
    return SGC_OK;
}

/* ---- what survives ---- */

static void step_end(sgc_step *step, bool keep)
{
    for (int i = 0; i < 2 && step->change[i].directory; i++) {
        sgc_change *change = &step->change[i];
        if (keep) entries_set(&change->directory->disk, change->name, change->node);
        change->directory->pending--;
        name_drop(change->name);
        sgc_node_drop(change->node);
        sgc_node_drop(change->directory);
    }
}

/* A rename ties two directories together: the steps of both keep their order. */
static bool spread(const sgc_tree *tree)
{
    bool more = false;

    for (size_t i = 0; i < tree->count; i++) {
        sgc_node *a = tree->journal[i].change[0].directory;
        sgc_node *b = tree->journal[i].change[1].directory;
        if (!b || a->syncing == b->syncing) continue;
        a->syncing = b->syncing = true;
        more = true;
    }
    return more;
}

void sgc_tree_sync(sgc_tree *tree, sgc_node *directory)
{
    size_t kept = 0;

    directory->syncing = true;
    while (spread(tree))
        continue;
    for (size_t i = 0; i < tree->count; i++) {
        sgc_step step = tree->journal[i];
        if (step.change[0].directory->syncing)
            step_end(&step, true);
        else
            tree->journal[kept++] = step;
    }
    tree->count = kept;
    directory->syncing = false;
}

static void cycle_node(sgc_node *node, sgc_dice *dice)
{
    node->holder = NULL;
    node->sharers = 0;
    if (!node->directory) {
        sgc_content_power_cycle(&node->content, dice);
        return;
    }
    entries_copy(&node->now, &node->disk);
    for (size_t i = 0; i < node->now.count; i++)
        cycle_node(node->now.items[i].node, dice);
}

void sgc_tree_power_cycle(sgc_tree *tree, sgc_dice *dice)
{
    size_t keep = (size_t)sgc_dice_below(dice, tree->count + 1);

    for (size_t i = 0; i < tree->count; i++)
        step_end(&tree->journal[i], i < keep);
    tree->count = 0;
    cycle_node(tree->root, dice);
}

void sgc_tree_free(sgc_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        step_end(&tree->journal[i], false);
    sgc_free(tree->journal);
    sgc_node_drop(tree->root);
    *tree = (sgc_tree){0};
}
