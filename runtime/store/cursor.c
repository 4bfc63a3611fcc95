/* cursor.c - ordered walks over one index of a published checkpoint. */
#include "store/image.h"
#include "store/node.h"

/* Rows that are made ready at once: few at first, and in a small cache, where pins are dear. */
enum { AHEAD_FIRST = 4, AHEAD_MOST = 8, FRAMES_FOR_ONE = 1024, AHEAD_CHUNKS = 2 };

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
static sgc_row_ahead *ahead_of(sgc_page_cursor *cursor, unsigned number)
{
    return &cursor->own.ahead[number % SGC_ROWS_AHEAD];
}
static void drop_ahead_to(sgc_page_cursor *cursor, unsigned number)
{
    for (; cursor->own.kept < number; cursor->own.kept++) {
        const sgc_row_ahead *row = ahead_of(cursor, cursor->own.kept);
        if (row->owned) sgc_cache_unpin(cache_of(cursor), row->frame);
    }
}
static void drop_ahead(sgc_page_cursor *cursor)
{
    drop_ahead_to(cursor, cursor->own.ready);
    cursor->own.kept = cursor->own.next = cursor->own.mark = 0;
    cursor->own.ready = cursor->own.seen = cursor->own.limit = 0;
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

/* ---- rows ---- */

/* Number of the current entry's row among those ahead. */
static unsigned number_of_row(const sgc_page_cursor *cursor)
{
    unsigned at = cursor->own.positions[0], first = cursor->own.first;

    return cursor->descending ? first - at : at - first;
}

/* More are made ready the longer a walk takes: none for its first row, which may be the only one.
 */
static bool ahead_wanted(sgc_page_cursor *cursor)
{
    unsigned most = cache_of(cursor)->frame_count / FRAMES_FOR_ONE / AHEAD_CHUNKS;
    unsigned wanted = cursor->own.wanted ? 2U * cursor->own.wanted : AHEAD_FIRST;

    if (most > AHEAD_MOST) most = AHEAD_MOST;
    cursor->own.wanted = (uint8_t)(wanted < most ? wanted : most);
    return cursor->own.wanted > 1;
}

/* The rows ahead begin with the current entry's and end with the leaf or the walk. */
static void start_ahead(sgc_page_cursor *cursor)
{
    unsigned at = cursor->own.positions[0], stop = cursor->own.stop;

    drop_ahead(cursor);
    cursor->own.first = (uint16_t)at;
    cursor->own.limit = (uint16_t)(cursor->descending ? at + 1 - stop : stop - at);
}

/* The first step: where a row's page is. */
static void look_at(sgc_page_cursor *cursor, const sgc_tree *rows, unsigned through)
{
    const sgc_cache *cache = cache_of(cursor);
    unsigned end = through < cursor->own.limit ? through : cursor->own.limit;

    for (unsigned i = cursor->own.seen; i < end; i++) {
        sgc_row_ahead *row = ahead_of(cursor, i);
        unsigned first = cursor->own.first;
        sgc_page_at at;
        row->row = sgc_node_value(&cursor->own.leaf, cursor->descending ? first - i : first + i);
        bool known = sgc_tree_look_up_kept(cache, rows, (uint32_t)(row->row >> 8), &at);
        row->frame = 0;
        if (!known) continue;
        row->place = at.place;
        row->checkpoint = at.checkpoint;
        row->frame = sgc_cache_foresee(cache, at.place);
        sgc_row_foresee_slot(sgc_frame_data(cache, row->frame), row->row & 0xFF);
    }
    if (end > cursor->own.seen) cursor->own.seen = (uint16_t)end;
}

/* The second: the page is pinned if it is in memory, once for rows behind each other. */
static void pin_row(sgc_page_cursor *cursor, unsigned number)
{
    sgc_row_ahead *row = ahead_of(cursor, number), *before = ahead_of(cursor, number - 1);

    row->owned = false;
    if (row->frame == 0) return;
    if (number > cursor->own.kept && before->owned && before->row >> 8 == row->row >> 8) {
        row->frame = before->frame;
        row->owned = true;
        before->owned = false;
    } else {
        sgc_page_at at = {row->place, row->checkpoint};
        row->owned = sgc_cache_pin_frame(cache_of(cursor), row->frame, at, SGC_PAGE_ROWS);
    }
}

/* The third: where the row is in its page. */
static void find_bytes(sgc_page_cursor *cursor, unsigned number, bool pinned)
{
    sgc_row_ahead *row = ahead_of(cursor, number);

    row->bytes = NULL;
    if (!pinned) return;
    row->bytes = sgc_row_bytes(sgc_frame_data(cache_of(cursor), row->frame), row->row & 0xFF);
    if (row->bytes) sgc_row_foresee(row->bytes);
}

/*
 * Rows lie anywhere, so each would wait for memory several times: for the frame, the head of the
 * page, the row. Those that come next are taken one of these steps together, and what is asked for
 * was made ready one round before.
 */
static void look_ahead(sgc_page_cursor *cursor, const sgc_tree *rows)
{
    if (!ahead_wanted(cursor)) return;
    unsigned from = cursor->own.ready, wanted = cursor->own.wanted;
    bool pinned[SGC_ROWS_AHEAD];

    drop_ahead_to(cursor, cursor->own.next);
    look_at(cursor, rows, from + wanted);
    cursor->own.mark = (uint16_t)from;
    cursor->own.ready = cursor->own.seen;
    for (unsigned i = from; i < cursor->own.ready; i++) {
        pin_row(cursor, i);
        pinned[i - from] = ahead_of(cursor, i)->owned;
    }
    for (unsigned i = from; i < cursor->own.ready; i++)
        find_bytes(cursor, i, pinned[i - from]);
    look_at(cursor, rows, cursor->own.ready + wanted);
}

/* The current row's bytes if they were made ready; their page stays pinned for now. */
static const uint8_t *take_ahead(sgc_page_cursor *cursor, const sgc_tree *rows)
{
    unsigned number = number_of_row(cursor);

    if (cursor->own.wanted == 0) {
        cursor->own.wanted = AHEAD_FIRST / 2;
        return NULL;
    }
    if (cursor->own.limit == 0 || number < cursor->own.kept || number >= cursor->own.ready) {
        start_ahead(cursor);
        number = 0;
    }
    cursor->own.next = (uint16_t)number;
    if (number > cursor->own.mark || cursor->own.ready == 0) look_ahead(cursor, rows);
    if (number >= cursor->own.ready) return NULL;
    cursor->own.next++;
    return ahead_of(cursor, number)->bytes;
}

/* A row that was not made ready, or a large one. */
static __attribute__((noinline)) sgc_status read_row(sgc_page_cursor *cursor, const sgc_tree *rows,
                                                     const uint8_t *bytes, sgc_stored_row *row,
                                                     sgc_error *error)
{
    sgc_row found;
    sgc_status status = SGC_OK;

    if (bytes)
        sgc_row_parse(rows, bytes, &found);
    else
        status = sgc_row_pin(cache_of(cursor), rows, cursor->own.row, &cursor->own.row_frame,
                             &found, error);
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

static const sgc_tree *rows_of(const sgc_page_cursor *cursor)
{
    return sgc_image_tree(&cursor->checkpoint->image, cursor->table, SGC_TREE_OF_ROWS);
}

sgc_status sgc_page_cursor_row(sgc_page_cursor *cursor, sgc_stored_row *row, sgc_error *error)
{
    const sgc_tree *rows = rows_of(cursor);

    drop_row(cursor);
    const uint8_t *bytes = cursor->own.leaf.node ? take_ahead(cursor, rows) : NULL;
    if (bytes && sgc_row_parse_small(rows, bytes, row)) return SGC_OK;
    return read_row(cursor, rows, bytes, row, error);
}

/* The next entry's row if it is ready and nothing has to be made ready behind it: most often. */
static inline bool take_next(sgc_page_cursor *cursor, sgc_stored_row *row)
{
    unsigned next = cursor->own.next;
    const sgc_row_ahead *ahead = ahead_of(cursor, next);

    if (next >= cursor->own.ready || next > cursor->own.mark || !ahead->bytes) return false;
    if (next != number_of_row(cursor) + 1 || cursor->own.row_frame) return false;
    if (!sgc_row_parse_small(rows_of(cursor), ahead->bytes, row)) return false;
    cursor->own.next++;
    cursor->own.positions[0] = (uint16_t)(cursor->own.positions[0] + (cursor->descending ? -1 : 1));
    cursor->own.row = ahead->row;
    cursor->entry = sgc_str_of(NULL, 0);
    return true;
}

sgc_status sgc_page_cursor_next_row(sgc_page_cursor *cursor, sgc_stored_row *row, sgc_error *error)
{
    if (!cursor->valid || take_next(cursor, row)) return SGC_OK;
    sgc_status status = next_entry(cursor, error);
    return status || !cursor->valid ? status : sgc_page_cursor_row(cursor, row, error);
}
