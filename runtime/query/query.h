/*
 * query.h - plans and the operators that run them: shared by GraphQL and, later, SQL.
 */
#ifndef SGC_QUERY_QUERY_H
#define SGC_QUERY_QUERY_H

#include "txn/txn.h"

#endif
