/* format.c - the root, the file's head and tree descriptors to bytes and back. */
#include "store/format.h"

#define FORMAT 2

enum { LOG_AT = 128 + SGC_ROOT_TREES * SGC_TREE_BYTES }; /* in the root */

static const char root_magic[8] = "SGCROOT";
static const char pages_magic[8] = "SGCPAGE";

void sgc_tree_encode(const sgc_tree *tree, uint8_t out[SGC_TREE_BYTES])
{
    memset(out, 0, SGC_TREE_BYTES);
    sgc_store32(out, tree->id);
    sgc_store32(out + 4, tree->table_number);
    sgc_store32(out + 8, tree->index_number);
    out[12] = tree->kind;
    out[13] = tree->depth;
    sgc_place_store(out + 16, tree->root);
    sgc_store32(out + 24, tree->pages);
    sgc_store32(out + 28, tree->free_page);
    sgc_store64(out + 32, tree->count);
    sgc_store32(out + 40, tree->a);
    sgc_store32(out + 44, tree->b);
    sgc_store32(out + 48, tree->c);
    sgc_store64(out + 56, tree->loaded);
}

/* So many pages are found through page tables of `depth` levels. */
static uint64_t reach(uint8_t depth)
{
    uint64_t pages = depth ? 1 : 0;

    for (; depth > 0; depth--)
        pages *= SGC_TABLE_FAN;
    return pages;
}

bool sgc_tree_decode(const uint8_t in[SGC_TREE_BYTES], sgc_tree *tree)
{
    *tree = (sgc_tree){
        .id = sgc_load32(in),
        .table_number = sgc_load32(in + 4),
        .index_number = sgc_load32(in + 8),
        .kind = in[12],
        .depth = in[13],
        .root = sgc_place_load(in + 16),
        .pages = sgc_load32(in + 24),
        .free_page = sgc_load32(in + 28),
        .count = sgc_load64(in + 32),
        .a = sgc_load32(in + 40),
        .b = sgc_load32(in + 44),
        .c = sgc_load32(in + 48),
        .loaded = sgc_load64(in + 56),
    };
    if (tree->kind < SGC_TREE_CATALOGUE || tree->kind > SGC_TREE_HISTORY) return false;
    if (tree->kind == SGC_TREE_HASH && (tree->a > 24 || tree->b > 3)) return false;
    if (tree->depth > SGC_TABLE_LEVELS || (tree->depth == 0) != (tree->pages == 0)) return false;
    return tree->pages <= reach(tree->depth);
}

/* Root: 0 magic, 8 crc of bytes 12.., 12 format, 16 page size, 20.. as below, 128 descriptors. */
static void put_place(const sgc_log_place *place, uint8_t *to)
{
    sgc_store64(to, place->segment);
    sgc_store64(to + 8, place->offset);
    sgc_store64(to + 16, place->batch);
    sgc_store64(to + 24, place->id);
    sgc_store64(to + 32, place->last);
    sgc_store64(to + 40, place->reserved);
    sgc_store32(to + 48, place->chain);
}

static sgc_log_place get_place(const uint8_t *from)
{
    return (sgc_log_place){.segment = sgc_load64(from),
                           .offset = sgc_load64(from + 8),
                           .batch = sgc_load64(from + 16),
                           .id = sgc_load64(from + 24),
                           .last = sgc_load64(from + 32),
                           .reserved = sgc_load64(from + 40),
                           .chain = sgc_load32(from + 48)};
}

void sgc_root_encode(const sgc_root *root, uint8_t out[SGC_ROOT_BYTES])
{
    memset(out, 0, SGC_ROOT_BYTES);
    memcpy(out, root_magic, sizeof root_magic);
    sgc_store32(out + 12, FORMAT);
    sgc_store32(out + 16, SGC_PAGE_SIZE);
    sgc_store32(out + 20, root->checkpoint);
    sgc_store64(out + 24, root->sequence);
    sgc_store64(out + 32, root->time_us);
    sgc_store64(out + 40, root->seed);
    sgc_store64(out + 48, root->schema_hash);
    sgc_store32(out + 56, root->tree_count);
    sgc_store32(out + 60, root->next_tree);
    sgc_store32(out + 64, root->places);
    sgc_store32(out + 68, root->name_size);
    sgc_store32(out + 72, root->sdl_size);
    sgc_store32(out + 76, root->numbering_size);
    for (size_t i = 0; i < SGC_ROOT_TREES; i++)
        sgc_tree_encode(&root->trees[i], out + 128 + i * SGC_TREE_BYTES);
    put_place(&root->log, out + LOG_AT);
    sgc_store32(out + 8, sgc_crc32c(0, out + 12, SGC_ROOT_BYTES - 12));
}

sgc_tree_kind sgc_root_tree_kind(size_t which)
{
    static const uint8_t kinds[SGC_ROOT_TREES] = {SGC_TREE_CATALOGUE, SGC_TREE_SCHEMA,
                                                  SGC_TREE_FREE, SGC_TREE_HISTORY};
    return (sgc_tree_kind)kinds[which];
}

static bool root_trees_decode(const uint8_t *in, sgc_root *root)
{
    bool good = true;

    for (size_t i = 0; i < SGC_ROOT_TREES; i++) {
        good = sgc_tree_decode(in + 128 + i * SGC_TREE_BYTES, &root->trees[i]) && good;
        good = good && root->trees[i].kind == sgc_root_tree_kind(i);
    }
    return good;
}

static bool root_holds(const uint8_t in[SGC_ROOT_BYTES])
{
    return memcmp(in, root_magic, sizeof root_magic) == 0 &&
           sgc_load32(in + 8) == sgc_crc32c(0, in + 12, SGC_ROOT_BYTES - 12);
}

uint32_t sgc_root_other_format(const uint8_t in[SGC_ROOT_BYTES])
{
    uint32_t format = sgc_load32(in + 12);

    return root_holds(in) && format != FORMAT ? format : 0;
}

bool sgc_root_decode(const uint8_t in[SGC_ROOT_BYTES], sgc_root *root)
{
    if (!root_holds(in) || sgc_load32(in + 12) != FORMAT) return false;
    if (sgc_load32(in + 16) != SGC_PAGE_SIZE) return false;
    *root = (sgc_root){
        .checkpoint = sgc_load32(in + 20),
        .sequence = sgc_load64(in + 24),
        .time_us = sgc_load64(in + 32),
        .seed = sgc_load64(in + 40),
        .schema_hash = sgc_load64(in + 48),
        .tree_count = sgc_load32(in + 56),
        .next_tree = sgc_load32(in + 60),
        .places = sgc_load32(in + 64),
        .name_size = sgc_load32(in + 68),
        .sdl_size = sgc_load32(in + 72),
        .numbering_size = sgc_load32(in + 76),
        .log = get_place(in + LOG_AT),
    };
    return root_trees_decode(in, root);
}

void sgc_pages_head_encode(uint64_t seed, uint8_t out[SGC_PAGE_SIZE])
{
    memset(out, 0, SGC_PAGE_SIZE);
    memcpy(out, pages_magic, sizeof pages_magic);
    sgc_store32(out + 12, FORMAT);
    sgc_store32(out + 16, SGC_PAGE_SIZE);
    sgc_store64(out + 24, seed);
    sgc_store32(out + 8, sgc_crc32c(0, out + 12, SGC_PAGE_SIZE - 12));
}

bool sgc_pages_head_check(const uint8_t in[SGC_PAGE_SIZE], uint64_t seed)
{
    uint8_t expected[SGC_PAGE_SIZE];

    sgc_pages_head_encode(seed, expected);
    return memcmp(in, expected, sizeof expected) == 0;
}
