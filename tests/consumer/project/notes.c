/* notes.c - what a stranger's first program does: writes two rows, walks a relation. */
#include "notes.sgc.h"

#include <stdio.h>

static sgc_status write_notes(sgc_db *db)
{
    const sgc_str tags[] = {SGC_STR("a"), SGC_STR("b")};
    notes_author_new ada = {.id = SGC_STR("ada"), .name = SGC_STR("Ada")};
    notes_note_new notes[] = {
        {.id = SGC_STR("1"),
         .title = SGC_STR("First"),
         .rank = 1,
         .author_id = ada.id,
         .tags = {tags, 2}},
        {.id = SGC_STR("2"),
         .title = SGC_STR("Second"),
         .rank = 2,
         .author_id = ada.id,
         .tags = {tags, 0}},
    };
    sgc_txn *txn = NULL;
    sgc_status rc = sgc_begin(db, &txn);

    if (rc == SGC_OK) rc = notes_author_create(txn, &ada, NULL);
    for (int i = 0; rc == SGC_OK && i < 2; i++)
        rc = notes_note_create(txn, &notes[i], NULL);
    if (rc == SGC_OK) rc = sgc_commit(&txn, NULL);
    if (txn) fprintf(stderr, "%s\n", sgc_errmsg(txn));
    sgc_abort(&txn);
    return rc;
}

static sgc_status print_notes(sgc_db *db)
{
    sgc_txn *txn = NULL;
    notes_author author;
    notes_note note;
    sgc_status rc = sgc_begin_read(db, sgc_now(), &txn);

    if (rc == SGC_OK) rc = notes_author_get_by_name(txn, SGC_STR("Ada"), &author);
    if (rc == SGC_OK) {
        notes_note_cursor notes = notes_author_notes(txn, author.id);
        while (notes_note_cursor_next(&notes, &note))
            printf(SGC_FMT " wrote " SGC_FMT " (%u tags)\n", SGC_ARG(author.name),
                   SGC_ARG(note.title), (unsigned)note.tags.count);
        rc = notes_note_cursor_status(&notes);
    }
    sgc_abort(&txn);
    return rc;
}

int main(int argc, char **argv)
{
    sgc_error error = {SGC_OK, ""};
    sgc_db *db = NULL;

    if (argc != 2) return 2;
    sgc_status rc = notes_open(argv[1], NULL, &db, &error);
    if (rc == SGC_OK) rc = write_notes(db);
    if (rc == SGC_OK) rc = print_notes(db);
    if (rc != SGC_OK) fprintf(stderr, "%s %s\n", sgc_status_text(rc), error.text);
    return sgc_db_close(db) == SGC_OK && rc == SGC_OK ? 0 : 1;
}
