/*
 * sgc.h - the header most programs need; emitted headers include it. Databases and transactions are
 * in sgc/txn.h, rows and cursors in the header sgc emitted for your schema.
 */
#ifndef SGC_SGC_H
#define SGC_SGC_H

#include "sgc/base.h"
#include "sgc/codec.h"
#include "sgc/json.h"
#include "sgc/list.h"
#include "sgc/schema.h"
#include "sgc/txn.h"
#include "sgc/typed.h"

#endif
