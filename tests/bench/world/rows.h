/*
 * rows.h - the rows both engines load, read from the file rows.mjs writes, before any clock runs.
 */
#ifndef BENCH_WORLD_ROWS_H
#define BENCH_WORLD_ROWS_H

#include "sgc/base.h"

/** What a row is; its columns are those of rows.mjs without the first. */
typedef enum row_kind {
    ROW_LANGUAGE, /**< id, name */
    ROW_MONEY,    /**< id, name, symbol */
    ROW_COUNTRY,  /**< id, name, officialName, continent, subregion, area, landlocked, capital */
    ROW_BORDER,   /**< country, country */
    ROW_SPEAKS,   /**< country, language */
    ROW_PAYS,     /**< country, currency */
    ROW_REGION,   /**< id, name, country */
    ROW_DISTRICT, /**< id, name, region */
    ROW_CITY,     /**< id, name, lat, lng, country, region, district */
    ROW_KINDS
} row_kind;

enum { ROW_COLUMNS = 8 };

typedef struct row {
    sgc_str column[ROW_COLUMNS]; /**< NUL behind each; null where empty */
    double number[2];            /**< city: lat, lng; country: area */
    int32_t id;                  /**< city */
} row;

typedef struct row_list {
    row *items;
    size_t count;
} row_list;

typedef struct rows {
    row_list of[ROW_KINDS];
    sgc_arena arena;
} rows;

/** Reads the file; at most `cities` cities. Says what is wrong and exits when it cannot. */
void rows_read(const char *path, size_t cities, rows *out);
void rows_free(rows *all);
/** Rows of all kinds. */
size_t rows_count(const rows *all);

#endif
