/* cursor.c - ordered walks over one index of a published checkpoint. */
#include "store/image.h"
#include "store/node.h"

/* How many rows are made ready at once: more each time, and few in a small cache. */
enum { AHEAD_FIRST = 4, FRAMES_FOR_ONE = 1024 };

static sgc_cache *cache_of(const sgc_page_cursor *cursor)
{
    return &cursor->checkpoint->pages->cache;
}
static const sgc_tree *tree_of(const sgc_page_cursor *cursor)
{
    return sgc_image_tree(&cursor->checkpoint->image, cursor->table,
                          SGC_TREE_OF_INDEX + (unsigned)cursor->index);
}

static void drop_node(sgc_page_cursor *cursor)
{
    if (cursor->own.node_frame) sgc_cache_unpin(cache_of(cursor), cursor->own.node_frame);
    cursor->own.node_frame = 0;
    cursor->own.leaf.node = NULL;
}
static void drop_ahead_to(sgc_page_cursor *cursor, unsigned end)
{
    for (; cursor->own.next < end; cursor->own.next++) {
        const sgc_row_ahead *row = &cursor->own.ahead[cursor->own.next];
        if (row->owned) sgc_cache_unpin(cache_of(cursor), row->frame);
    }
}
static void drop_ahead(sgc_page_cursor *cursor)
{
    if (cursor->own.next < cursor->own.count) drop_ahead_to(cursor, cursor->own.count);
}
static void drop_row(sgc_page_cursor *cursor)
{
    if (cursor->own.row_frame) sgc_cache_unpin(cache_of(cursor), cursor->own.row_frame);
    cursor->own.row_frame = 0;
}

void sgc_page_cursor_open(sgc_page_cursor *cursor, sgc_checkpoint *checkpoint, uint16_t table,
                          uint16_t index, bool descending)
{
    memset(cursor, 0, offsetof(sgc_page_cursor, own.bytes));
    cursor->checkpoint = checkpoint;
    cursor->table = table;
    cursor->index = index;
    cursor->descending = descending;
}

void sgc_page_cursor_close(sgc_page_cursor *cursor)
{
    if (cursor->checkpoint) {
        drop_node(cursor);
        drop_row(cursor);
        drop_ahead(cursor);
    }
    if (cursor->own.gather) sgc_cursor_gather_close(cursor);
    sgc_arena_free(&cursor->own.large);
    cursor->checkpoint = NULL;
    cursor->valid = false;
}

/* Pins the node of the path at `level`. */
static sgc_status pin_node(sgc_page_cursor *cursor, unsigned level, const uint8_t **node,
                           sgc_error *error)
{
    const sgc_tree *tree = tree_of(cursor);
    uint32_t logical = cursor->own.nodes[level];

    drop_node(cursor);
    sgc_status status = sgc_tree_pin(cache_of(cursor), tree, logical, SGC_PAGE_NODE,
                                     &cursor->own.node_frame, node, error);
    if (status) {
        cursor->own.node_frame = 0;
        return status;
    }
    if (sgc_page_level(*node) != level || (level == 0 && sgc_node_count(*node) == 0))
        return sgc_tree_damaged(tree, logical, "a node of the wrong level", error);
    return SGC_OK;
}

void sgc_page_cursor_until(sgc_page_cursor *cursor, sgc_str end)
{
    cursor->own.end = end;
}

void sgc_page_cursor_show(sgc_page_cursor *cursor)
{
    unsigned key_size, at = cursor->own.positions[0];

    if (!sgc_str_is_null(cursor->entry)) return;
    size_t size = sgc_node_list_entry(&cursor->own.leaf, at, cursor->own.bytes, &key_size);

    cursor->entry = sgc_str_of((char *)cursor->own.bytes, size);
    cursor->key_size = (uint16_t)key_size;
}

/* Looks at the position in the pinned leaf: is it still in front of the end? */
static void arrive(sgc_page_cursor *cursor, const uint8_t *node)
{
    sgc_node_list *leaf = &cursor->own.leaf;
    unsigned at = cursor->own.positions[0];

    if (leaf->node != node) {
        *leaf = sgc_node_list_of(node);
        bool open = sgc_str_is_null(cursor->own.end);
        unsigned none = cursor->descending ? 0 : leaf->count;
        cursor->own.stop = (uint16_t)(open ? none : sgc_node_search(leaf, cursor->own.end, false));
    }
    cursor->valid = cursor->descending ? at >= cursor->own.stop : at < cursor->own.stop;
    if (cursor->valid) cursor->own.row = sgc_node_value(leaf, at);
    cursor->entry = sgc_str_of(NULL, 0);
}

/* The same among gathered entries, which are there. */
static void arrive_gathered(sgc_page_cursor *cursor)
{
    if (!cursor->valid || sgc_str_is_null(cursor->own.end)) return;
    int order = sgc_str_compare(cursor->entry, cursor->own.end);
    cursor->valid = cursor->descending ? order >= 0 : order < 0;
}

/* From a child of `level` down to the first or last entry below it. */
static sgc_status descend_edge(sgc_page_cursor *cursor, unsigned level, const uint8_t **node,
                               sgc_error *error)
{
    for (;; level--) {
        sgc_status status = pin_node(cursor, level, node, error);
        if (status) return status;
        sgc_node_list list = sgc_node_list_of(*node);
        unsigned last = level > 0 ? list.count : list.count - 1;
        unsigned at = cursor->descending ? last : 0;
        cursor->own.positions[level] = (uint16_t)at;
        if (level == 0) return SGC_OK;
        cursor->own.nodes[level - 1] = sgc_node_child(&list, at);
    }
}

/* To the neighbouring leaf; *node stays NULL when there is none. */
static sgc_status next_leaf(sgc_page_cursor *cursor, const uint8_t **node, sgc_error *error)
{
    unsigned levels = tree_of(cursor)->b;

    for (unsigned level = 1; level < levels; level++) {
        sgc_status status = pin_node(cursor, level, node, error);
        if (status) return status;
        sgc_node_list list = sgc_node_list_of(*node);
        unsigned at = cursor->own.positions[level];
        if (cursor->descending ? at > 0 : at < list.count) {
            at = cursor->descending ? at - 1 : at + 1;
            cursor->own.positions[level] = (uint16_t)at;
            cursor->own.nodes[level - 1] = sgc_node_child(&list, at);
            return descend_edge(cursor, level - 1, node, error);
        }
    }
    *node = NULL;
    drop_node(cursor);
    return SGC_OK;
}

static sgc_status descend_to(sgc_page_cursor *cursor, sgc_str bound, const uint8_t **node,
                             sgc_error *error)
{
    for (unsigned level = tree_of(cursor)->b - 1;; level--) {
        sgc_status status = pin_node(cursor, level, node, error);
        if (status) return status;
        sgc_node_list list = sgc_node_list_of(*node);
        unsigned at = sgc_node_search(&list, bound, level > 0);
        cursor->own.positions[level] = (uint16_t)at;
        if (level == 0) break;
        cursor->own.nodes[level - 1] = sgc_node_child(&list, at);
    }
    unsigned at = cursor->own.positions[0];
    if (cursor->descending ? at == 0 : at == sgc_node_count(*node))
        return next_leaf(cursor, node, error);
    if (cursor->descending) cursor->own.positions[0]--;
    return SGC_OK;
}

sgc_status sgc_page_cursor_seek(sgc_page_cursor *cursor, sgc_str bound, sgc_error *error)
{
    const sgc_tree *tree = tree_of(cursor);
    const uint8_t *node = NULL;
    sgc_status status;

    cursor->valid = false;
    cursor->own.wanted = 0;
    drop_row(cursor);
    drop_ahead(cursor);
    drop_node(cursor);
    if (tree->c != 0 && !cursor->own.as_it_is) {
        status = sgc_cursor_gather_seek(cursor, bound, error);
        arrive_gathered(cursor);
        return status;
    }
    if (tree->b == 0) return SGC_OK;
    if (tree->b >= SGC_TREE_LEVELS)
        return sgc_tree_damaged(tree, tree->a, "too many levels", error);
    cursor->own.nodes[tree->b - 1] = tree->a;
    status = sgc_str_is_null(bound) ? descend_edge(cursor, tree->b - 1, &node, error)
                                    : descend_to(cursor, bound, &node, error);
    if (status || !node) return status;
    arrive(cursor, node);
    if (cursor->valid) sgc_page_cursor_show(cursor);
    return SGC_OK;
}

/* Whether the next entry is in the leaf, and if not, whether there can be one. */
static bool more_here(const sgc_page_cursor *cursor)
{
    unsigned at = cursor->own.positions[0];

    return cursor->descending ? at > cursor->own.stop : at + 1U < cursor->own.stop;
}
static bool more_behind(const sgc_page_cursor *cursor)
{
    return cursor->own.stop == (cursor->descending ? 0 : cursor->own.leaf.count);
}

static sgc_status next_entry(sgc_page_cursor *cursor, sgc_error *error)
{
    const uint8_t *node = cursor->own.leaf.node;

    drop_row(cursor);
    if (cursor->own.gather) {
        sgc_status status = sgc_cursor_gather_next(cursor, error);
        arrive_gathered(cursor);
        return status;
    }
    cursor->entry = sgc_str_of(NULL, 0);
    if (more_here(cursor)) {
        cursor->own.positions[0] =
            (uint16_t)(cursor->own.positions[0] + (cursor->descending ? -1 : 1));
        cursor->own.row = sgc_node_value(&cursor->own.leaf, cursor->own.positions[0]);
        return SGC_OK;
    }
    cursor->valid = false;
    if (!more_behind(cursor)) return SGC_OK;
    drop_ahead(cursor);
    sgc_status status = next_leaf(cursor, &node, error);
    if (status == SGC_OK && node) arrive(cursor, node);
    return status;
}

sgc_status sgc_page_cursor_next(sgc_page_cursor *cursor, sgc_error *error)
{
    if (!cursor->valid) return SGC_OK;
    sgc_status status = next_entry(cursor, error);
    if (cursor->valid) sgc_page_cursor_show(cursor);
    return status;
}

sgc_status sgc_page_cursor_next_row(sgc_page_cursor *cursor, sgc_stored_row *row, sgc_error *error)
{
    if (!cursor->valid) return SGC_OK;
    sgc_status status = next_entry(cursor, error);
    return status || !cursor->valid ? status : sgc_page_cursor_row(cursor, row, error);
}

/* ---- rows ---- */

/* How many rows to make ready: none for the first one, which may be the only one. */
static unsigned ahead_wanted(sgc_page_cursor *cursor)
{
    unsigned wanted = cursor->own.wanted, at = cursor->own.positions[0];
    unsigned most = cache_of(cursor)->frame_count / FRAMES_FOR_ONE;
    unsigned left = cursor->descending ? at + 1 : cursor->own.leaf.count - at;

    if (most > SGC_ROWS_AHEAD) most = SGC_ROWS_AHEAD;
    cursor->own.wanted = (uint8_t)(wanted == 0               ? AHEAD_FIRST
                                   : wanted < SGC_ROWS_AHEAD ? 2 * wanted
                                                             : wanted);
    if (wanted > most) wanted = most;
    return wanted < left ? wanted : left;
}

/* Pins the pages of the rows ahead as far as they are in memory; a page once for its neighbours. */
static void pin_ahead(sgc_page_cursor *cursor, const sgc_page_at *places)
{
    sgc_cache *cache = cache_of(cursor);
    sgc_row_ahead *rows = cursor->own.ahead;

    for (unsigned i = 0; i < cursor->own.count; i++) {
        if (rows[i].frame == 0) continue;
        if (i > 0 && rows[i - 1].owned && rows[i - 1].row >> 8 == rows[i].row >> 8) {
            rows[i - 1].owned = false;
            rows[i].frame = rows[i - 1].frame;
            rows[i].owned = true;
        } else {
            rows[i].owned = sgc_cache_pin_frame(cache, rows[i].frame, places[i], SGC_PAGE_ROWS);
        }
        if (!rows[i].owned) rows[i].frame = 0;
        if (rows[i].owned)
            sgc_row_foresee_slot(sgc_frame_data(cache, rows[i].frame), rows[i].row & 0xFF);
    }
    for (unsigned i = 0; i < cursor->own.count; i++)
        if (rows[i].frame)
            sgc_row_foresee(sgc_frame_data(cache, rows[i].frame), rows[i].row & 0xFF);
}

/*
 * Rows lie anywhere, so each would wait for memory several times: for the frame, the head of the
 * page, the row. Those that come next are taken one of these steps together.
 */
static void look_ahead(sgc_page_cursor *cursor, const sgc_tree *tree)
{
    unsigned wanted = ahead_wanted(cursor);
    sgc_page_at places[SGC_ROWS_AHEAD];
    int step = cursor->descending ? -1 : 1, at = cursor->own.positions[0];

    cursor->own.next = cursor->own.count = 0;
    if (wanted < 2) return;
    for (unsigned i = 0; i < wanted; i++, at += step) {
        sgc_row_ahead *row = &cursor->own.ahead[i];
        row->position = (uint16_t)at;
        row->owned = false;
        row->row = sgc_node_value(&cursor->own.leaf, (unsigned)at);
        bool known =
            sgc_tree_look_up_kept(cache_of(cursor), tree, (uint32_t)(row->row >> 8), &places[i]);
        row->frame = known ? sgc_cache_foresee(cache_of(cursor), places[i].place) : 0;
    }
    cursor->own.count = (uint8_t)wanted;
    pin_ahead(cursor, places);
}

/* The current row if it was made ready; its page then stays pinned in row_frame or further on. */
static bool take_ahead(sgc_page_cursor *cursor, const sgc_tree *rows, sgc_row *row)
{
    unsigned next = cursor->own.next, count = cursor->own.count;

    while (next < count && cursor->own.ahead[next].position != cursor->own.positions[0])
        next++;
    drop_ahead_to(cursor, next);
    if (next == count) return false;
    const sgc_row_ahead *ready = &cursor->own.ahead[next];
    if (ready->frame == 0) return false;
    cursor->own.next++;
    if (ready->owned) cursor->own.row_frame = ready->frame;
    return sgc_row_in(rows, sgc_frame_data(cache_of(cursor), ready->frame), ready->row & 0xFF, row);
}

sgc_status sgc_page_cursor_row(sgc_page_cursor *cursor, sgc_stored_row *row, sgc_error *error)
{
    const sgc_tree *rows =
        sgc_image_tree(&cursor->checkpoint->image, cursor->table, SGC_TREE_OF_ROWS);
    sgc_row found;
    sgc_status status = SGC_OK;

    drop_row(cursor);
    if (cursor->own.next == cursor->own.count && cursor->own.leaf.node) look_ahead(cursor, rows);
    if (!take_ahead(cursor, rows, &found)) {
        drop_row(cursor);
        status = sgc_row_pin(cache_of(cursor), rows, cursor->own.row, &cursor->own.row_frame,
                             &found, error);
    }
    if (status) {
        cursor->own.row_frame = 0;
        return status;
    }
    if (found.large) {
        sgc_arena_reset(&cursor->own.large);
        status = sgc_row_read_large(cache_of(cursor), rows, &found, &cursor->own.large, error);
    }
    *row = (sgc_stored_row){found.record, found.begin};
    return status;
}
