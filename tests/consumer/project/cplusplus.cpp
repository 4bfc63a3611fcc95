// The emitted header in C++17: a database in memory, one row there and back.
#include "notes.sgc.h"

int main()
{
    sgc_db *db = nullptr;
    sgc_txn *txn = nullptr;
    notes_author_new ada = {};
    notes_author out;
    ada.id = SGC_STR("ada");
    ada.name = SGC_STR("Ada");

    sgc_status rc = notes_open(":memory:", nullptr, &db, nullptr);
    if (rc == SGC_OK) rc = sgc_begin(db, &txn);
    if (rc == SGC_OK) rc = notes_author_create(txn, &ada, &out);
    bool same = rc == SGC_OK && sgc_str_eq(out.name, ada.name);
    if (rc == SGC_OK) rc = sgc_commit(&txn, nullptr);
    sgc_abort(&txn);
    return sgc_db_close(db) == SGC_OK && rc == SGC_OK && same ? 0 : 1;
}
