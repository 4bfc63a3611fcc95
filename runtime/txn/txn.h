/*
 * txn.h - transactions over log, MemTable and pages. What others need is public: sgc/txn.h.
 */
#ifndef SGC_RUNTIME_TXN_H
#define SGC_RUNTIME_TXN_H

#include "schema/schema.h"
#include "sgc/txn.h"

#endif
