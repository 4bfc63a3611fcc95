/*
 * lang.h - the GraphQL language: text to tree and back, the type system, and everything that can be
 * said about either without data. No storage below this room.
 *
 *   ast.h          the tree
 *   syntax.h       parse, print, minify, diagnostics
 *   type_system.h  types built from SDL; its rules, introspection and difference
 *   validate.h     the rules of queries against a type system
 *
 * Other rooms include only this header.
 */
#ifndef SGC_LANG_LANG_H
#define SGC_LANG_LANG_H

#include "lang/ast.h"
#include "lang/syntax.h"
#include "lang/type_system.h"
#include "lang/validate.h"

#endif
