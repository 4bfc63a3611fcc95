/* image.c - images of checkpoints in memory. */
#include "store/image.h"

sgc_status sgc_image_copy(const sgc_image *from, sgc_image *to)
{
    uint16_t tables = from->schema ? from->schema->table_count : 0;

    *to = *from;
    to->tables = NULL;
    to->trees = sgc_alloc_zero(from->tree_count, sizeof *to->trees);
    to->first_tree = sgc_alloc_zero(tables, sizeof *to->first_tree);
    if (!to->trees || !to->first_tree) {
        sgc_image_free(to);
        return SGC_NO_MEMORY;
    }
    if (from->tree_count) memcpy(to->trees, from->trees, from->tree_count * sizeof *to->trees);
    for (uint32_t i = 0; i < to->tree_count; i++)
        to->trees[i].tables = NULL;
    if (tables) memcpy(to->first_tree, from->first_tree, tables * sizeof *to->first_tree);
    return SGC_OK;
}

void sgc_image_free(sgc_image *image)
{
    sgc_free(image->trees);
    sgc_free(image->first_tree);
    sgc_free(image->tables);
    image->tables = NULL;
    image->trees = NULL;
    image->first_tree = NULL;
}

static void name_trees(sgc_image *image, uint16_t position)
{
    const sgc_table *table = &image->schema->tables[position];

    image->first_tree[position] = image->tree_count;
    for (unsigned i = 0; i < (unsigned)SGC_TREE_OF_INDEX + table->index_count; i++) {
        sgc_tree *tree = &image->trees[image->tree_count++];
        *tree = (sgc_tree){
            .id = image->next_tree++,
            .table_number = table->number,
            .kind = i == SGC_TREE_OF_ROWS   ? SGC_TREE_ROWS
                    : i == SGC_TREE_OF_HASH ? SGC_TREE_HASH
                                            : SGC_TREE_INDEX,
        };
        if (i >= SGC_TREE_OF_INDEX)
            tree->index_number = table->indexes[i - SGC_TREE_OF_INDEX].number;
    }
}

sgc_status sgc_image_reset(sgc_image *image, const sgc_schema *schema)
{
    uint16_t tables = schema ? schema->table_count : 0;
    size_t trees = 0;

    for (uint16_t i = 0; i < tables; i++)
        trees += 2 + (size_t)schema->tables[i].index_count;
    sgc_tree *fresh = sgc_alloc_zero(trees, sizeof *fresh);
    uint32_t *first = sgc_alloc_zero(tables, sizeof *first);
    if (!fresh || !first) {
        sgc_free(fresh);
        sgc_free(first);
        return SGC_NO_MEMORY;
    }
    sgc_image_free(image);
    image->trees = fresh;
    image->first_tree = first;
    image->schema = schema;
    image->tree_count = 0;
    for (uint16_t i = 0; i < tables; i++)
        name_trees(image, i);
    return SGC_OK;
}

void sgc_image_keep_tables(sgc_image *image)
{
    size_t count = 0;

    for (uint32_t i = 0; i < image->tree_count; i++)
        if (image->trees[i].depth > 0) count += sgc_tree_table_count(&image->trees[i]);
    sgc_cell *tables = sgc_alloc_zero(count, sizeof *tables);
    if (!tables) return;
    image->tables = tables;
    for (uint32_t i = 0; i < image->tree_count; i++) {
        if (image->trees[i].depth == 0) continue;
        image->trees[i].tables = tables;
        tables += sgc_tree_table_count(&image->trees[i]);
    }
}
