/*
 * tree.h - private to os: the names of the memory table. Every directory is held twice, as seen now
 * and as the device has it; between them stands one ordered journal of steps.
 */
#ifndef SGC_OS_TREE_H
#define SGC_OS_TREE_H

#include "os/content.h"
#include "os/os.h"

typedef struct sgc_name {
    size_t references;
    char text[];
} sgc_name;

typedef struct sgc_entry {
    sgc_name *name;
    struct sgc_node *node;
} sgc_entry;

typedef struct sgc_entries {
    sgc_entry *items;
    size_t count;
    size_t capacity;
} sgc_entries;

/** A file or a directory, counted by entries, journal steps and open files. */
typedef struct sgc_node {
    size_t references;
    bool directory;
    size_t pending;      /**< directory: steps of the journal that touch it */
    bool syncing;        /**< directory: its steps are about to reach the disk */
    sgc_entries now;     /**< directory */
    sgc_entries disk;    /**< directory */
    sgc_content content; /**< file */
    const void *holder;  /**< file: the open that has the lock for itself */
    unsigned sharers;    /**< opens that share it */
} sgc_node;

/** directory[name] becomes node, or is gone when node is NULL. */
typedef struct sgc_change {
    sgc_node *directory;
    sgc_name *name;
    sgc_node *node;
} sgc_change;

/** One step: both changes happen or none. change[1].directory is NULL when there is only one. */
typedef struct sgc_step {
    sgc_change change[2];
} sgc_step;

typedef struct sgc_tree {
    sgc_node *root;
    sgc_step *journal;
    size_t count;
    size_t capacity;
} sgc_tree;

/** Whether path, as far as it is there, leads to this node or into it. */
bool sgc_tree_passes(const sgc_tree *tree, const char *path, const sgc_node *node);
SGC_CHECK bool sgc_tree_create(sgc_tree *tree);
void sgc_tree_free(sgc_tree *tree);
void sgc_node_hold(sgc_node *node);
void sgc_node_drop(sgc_node *node);
/** The node at path, or NULL. "/a/b", "a/b" and "a//b/" are the same. */
sgc_node *sgc_tree_find(const sgc_tree *tree, const char *path);
/** SGC_NOT_FOUND without the parent directory, SGC_EXISTS, SGC_NO_MEMORY. */
sgc_status sgc_tree_add(sgc_tree *tree, const char *path, bool directory, sgc_node **node);
sgc_status sgc_tree_remove(sgc_tree *tree, const char *path);
sgc_status sgc_tree_rename(sgc_tree *tree, const char *from, const char *to);
/** Steps that touch this directory, or one it shares a rename with, reach the disk, in order. */
void sgc_tree_sync(sgc_tree *tree, sgc_node *directory);
/** A prefix of the journal reaches the disk, the rest is lost; every file loses what it may. */
void sgc_tree_power_cycle(sgc_tree *tree, sgc_dice *dice);

#endif
