/*
 * graphql_grammar.y - the grammar of GraphQL, September 2025: executable and type system documents
 * in one. Which of the two entries is meant comes as a first pseudo-token from the glue.
 *
 * Nodes are made in the parser's arena; names are no semantic values at all, their location is the
 * slice of the source. Lists carry first and last, so that left recursion appends. Keywords are
 * tokens of their own and stay names wherever a name may stand.
 *
 * graphql-js words its errors by what a recursive descent expects at each place. syntax_error()
 * picks the same words, which are in syntax_errors.c, by the set of tokens that LAC says could have
 * come here.
 */
%require "3.8"
%define api.pure full
%define api.prefix {sgc_lang_}
%define api.token.prefix {TOK_}
%define parse.error custom
%define parse.lac full
%locations
%define api.location.type {sgc_span}
%param { sgc_parser *parser }
%expect 0

%code requires {
#include "lang/parser.h"
}

%code provides {
int sgc_lang_lex(SGC_LANG_STYPE *value, sgc_span *span, sgc_parser *parser);
}

%code {
/* The heap of the house, and room for the deepest document that the depth limit lets through. */
#define YYMALLOC   sgc_alloc
#define YYFREE     sgc_free
#define YYMAXDEPTH 1000000

/* An empty right side sits behind the symbol before it, so that ends come out right. */
#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
    do {                                                                                           \
        (current).start = (n) ? YYRHSLOC(rhs, 1).start : YYRHSLOC(rhs, 0).end;                     \
        (current).end = YYRHSLOC(rhs, n).end;                                                      \
    } while (0)

#define NAME(at) ((sgc_ast_name){sgc_lexer_text(&parser->lexer, (at)), (at)})

/* Declares nothing: `out` becomes a zeroed node, or parsing ends without memory. */
#define NODE(out)                                                                                  \
    do {                                                                                           \
        (out) = sgc_arena_zero(parser->lexer.arena, 1, sizeof *(out));                             \
        if (!(out)) YYNOMEM;                                                                       \
    } while (0)

#define ONE(list, node)                                                                            \
    do {                                                                                           \
        (list).first = (node);                                                                     \
        (list).last = (node);                                                                      \
    } while (0)

#define APPEND(list, before, node)                                                                 \
    do {                                                                                           \
        (before).last->next = (node);                                                              \
        (list).first = (before).first;                                                             \
        (list).last = (node);                                                                      \
    } while (0)

/* For lists that may be empty. */
#define ADD(list, before, node)                                                                    \
    do {                                                                                           \
        if ((before).first)                                                                        \
            APPEND(list, before, node);                                                            \
        else                                                                                       \
            ONE(list, node);                                                                       \
    } while (0)

#define EMPTY(list)                                                                                \
    do {                                                                                           \
        (list).first = NULL;                                                                       \
        (list).last = NULL;                                                                        \
    } while (0)

static void yyerror(const sgc_span *at, sgc_parser *parser, const char *words);
static bool is_location(sgc_str name);
static sgc_str string_value(sgc_parser *parser, sgc_span at, bool block);

/* A value that is its own source text. */
#define PLAIN_VALUE(out, value_kind, at, text_span)                                                \
    do {                                                                                           \
        NODE(out);                                                                                 \
        (out)->kind = (value_kind);                                                                \
        (out)->span = (at);                                                                        \
        (out)->text = sgc_lexer_text(&parser->lexer, (text_span));                                 \
    } while (0)

#define STRING_VALUE(out, at, is_block)                                                            \
    do {                                                                                           \
        NODE(out);                                                                                 \
        (out)->kind = SGC_VALUE_STRING;                                                            \
        (out)->block = (is_block);                                                                 \
        (out)->span = (at);                                                                        \
        (out)->text = string_value(parser, (at), (is_block));                                      \
        if (!(out)->text.data) YYNOMEM;                                                            \
    } while (0)

#define CONTAINER_VALUE(out, value_kind, at, member, content)                                      \
    do {                                                                                           \
        NODE(out);                                                                                 \
        (out)->kind = (value_kind);                                                                \
        (out)->span = (at);                                                                        \
        (out)->member = (content);                                                                 \
    } while (0)

#define ARGUMENT(out, name_at, content, at)                                                        \
    do {                                                                                           \
        NODE(out);                                                                                 \
        (out)->name = NAME(name_at);                                                               \
        (out)->value = (content);                                                                  \
        (out)->span = (at);                                                                        \
    } while (0)

#define DIRECTIVE(out, name_at, content, at)                                                       \
    do {                                                                                           \
        NODE(out);                                                                                 \
        (out)->name = NAME(name_at);                                                               \
        (out)->arguments = (content);                                                              \
        (out)->span = (at);                                                                        \
    } while (0)

#define DEFINITION(out, definition_kind, at)                                                       \
    do {                                                                                           \
        NODE(out);                                                                                 \
        (out)->kind = (definition_kind);                                                           \
        (out)->span = (at);                                                                        \
        (out)->source = parser->lexer.source;                                                      \
    } while (0)

/* A description stands before what it describes. */
#define DESCRIBE(out, text, node)                                                                  \
    do {                                                                                           \
        (out) = (node);                                                                            \
        (out)->description = (text);                                                               \
        (out)->span.start = (text)->span.start;                                                    \
    } while (0)

/* graphql-js reads an extension to its end and then complains that it adds nothing. */
#define EXTENSION(out, node, adds_something)                                                       \
    do {                                                                                           \
        (out) = (node);                                                                            \
        (out)->extend = true;                                                                      \
        if (!(adds_something)) {                                                                   \
            sgc_unexpected_token(parser);                                                          \
            YYABORT;                                                                               \
        }                                                                                          \
    } while (0)
}

%union {
    sgc_operation_kind operation;
    bool flag;
    sgc_span span;
    sgc_ast_value *value;
    sgc_ast_argument *argument;
    sgc_ast_type *type;
    sgc_ast_directive *directive;
    sgc_ast_name_item *name_item;
    sgc_ast_variable *variable;
    sgc_ast_selection *selection;
    sgc_ast_input_value *input;
    sgc_ast_field *field;
    sgc_ast_enum_value *enum_value;
    sgc_ast_root_operation *root;
    sgc_ast_definition *definition;
    struct { sgc_ast_value *first, *last; } values;
    struct { sgc_ast_argument *first, *last; } arguments;
    struct { sgc_ast_directive *first, *last; } directives;
    struct { sgc_ast_name_item *first, *last; } names;
    struct { sgc_ast_variable *first, *last; } variables;
    struct { sgc_ast_selection *first, *last; } selections;
    struct { sgc_ast_input_value *first, *last; } inputs;
    struct { sgc_ast_field *first, *last; } fields;
    struct { sgc_ast_enum_value *first, *last; } enum_values;
    struct { sgc_ast_root_operation *first, *last; } roots;
    struct { sgc_ast_definition *first, *last; } definitions;
}

%token START_DOCUMENT START_VALUE
%token INT FLOAT STRING BLOCK_STRING
%token BANG DOLLAR AMP PAREN_L PAREN_R SPREAD COLON EQUALS AT BRACKET_L BRACKET_R BRACE_L PIPE
%token BRACE_R
%token NAME QUERY MUTATION SUBSCRIPTION FRAGMENT ON TRUE FALSE NULL SCHEMA SCALAR TYPE INTERFACE
%token UNION ENUM INPUT DIRECTIVE EXTEND IMPLEMENTS REPEATABLE

%type <operation> operation_type
%type <flag> repeatable
%type <span> operation_name
%type <value> string value const_value default_value
%type <values> values const_values
%type <argument> argument const_argument
%type <arguments> arguments argument_list object_fields
%type <arguments> const_arguments const_argument_list const_object_fields
%type <directive> directive const_directive
%type <directives> directives const_directives
%type <type> type nullable_type
%type <variable> variable_definition variable
%type <variables> variable_definitions variable_list
%type <selection> selection field_name
%type <selections> selection_set selection_list
%type <name_item> location name_item
%type <names> interfaces interface_list members member_list locations
%type <input> input_value input
%type <inputs> arguments_definition input_list input_fields
%type <field> field_definition field
%type <fields> fields field_list
%type <enum_value> enum_value_definition enum_value
%type <enum_values> enum_values enum_value_list
%type <root> root
%type <roots> roots root_list
%type <definition> definition described operation fragment schema scalar object interface union enum
%type <definition> input_object directive_definition extension
%type <definitions> definitions

/* A brace behind a type that may have a body is that body, not the next definition. */
%precedence NO_BODY
%precedence BRACE_L

%start start

%%

start:
    START_DOCUMENT definitions { parser->document->definitions = $2.first; }
  | START_VALUE const_value { parser->value = $2; }
  ;

definitions:
    definition { ONE($$, $1); }
  | definitions definition { APPEND($$, $1, $2); }
  ;

definition:
    described
  | string described { DESCRIBE($$, $1, $2); }
  | selection_set {
        DEFINITION($$, SGC_DEFINITION_OPERATION, @$);
        $$->shorthand = true;
        $$->selections = $1.first;
        $$->selections_span = @1;
    }
  | EXTEND extension { $$ = $2; $$->span = @$; }
  ;

described:
    operation | fragment | schema | scalar | object | interface | union | enum | input_object
  | directive_definition
  ;

/* ---- executable definitions ---- */

operation:
    operation_type operation_name variable_definitions directives selection_set {
        DEFINITION($$, SGC_DEFINITION_OPERATION, @$);
        $$->operation = $1;
        if ($2.end > $2.start) $$->name = NAME($2);
        $$->variables = $3.first;
        $$->directives = $4.first;
        $$->selections = $5.first;
        $$->selections_span = @5;
    }
  ;

operation_type:
    QUERY { $$ = SGC_OPERATION_QUERY; }
  | MUTATION { $$ = SGC_OPERATION_MUTATION; }
  | SUBSCRIPTION { $$ = SGC_OPERATION_SUBSCRIPTION; }
  ;

operation_name:
    %empty { $$ = @$; }
  | name { $$ = @1; }
  ;

variable_definitions:
    %empty { EMPTY($$); }
  | PAREN_L variable_list PAREN_R { $$ = $2; }
  ;

variable_list:
    variable_definition { ONE($$, $1); }
  | variable_list variable_definition { APPEND($$, $1, $2); }
  ;

variable_definition:
    variable
  | string variable { DESCRIBE($$, $1, $2); }
  ;

variable:
    DOLLAR name COLON type default_value const_directives {
        NODE($$);
        $$->name = NAME(@2);
        $$->type = $4;
        $$->default_value = $5;
        $$->directives = $6.first;
        $$->span = @$;
    }
  ;

default_value:
    %empty { $$ = NULL; }
  | EQUALS const_value { $$ = $2; }
  ;

selection_set:
    BRACE_L BRACE_R { EMPTY($$); }
  | BRACE_L selection_list BRACE_R { $$ = $2; }
  ;

selection_list:
    selection { ONE($$, $1); }
  | selection_list selection { APPEND($$, $1, $2); }
  ;

selection:
    field_name arguments directives {
        $$ = $1;
        $$->arguments = $2.first;
        $$->directives = $3.first;
        $$->span = @$;
    }
  | field_name arguments directives selection_set {
        $$ = $1;
        $$->arguments = $2.first;
        $$->directives = $3.first;
        $$->selections = $4.first;
        $$->selections_span = @4;
        $$->span = @$;
    }
  | SPREAD fragment_name directives {
        NODE($$);
        $$->kind = SGC_SELECTION_SPREAD;
        $$->name = NAME(@2);
        $$->directives = $3.first;
        $$->span = @$;
    }
  | SPREAD directives selection_set {
        NODE($$);
        $$->kind = SGC_SELECTION_INLINE;
        $$->directives = $2.first;
        $$->selections = $3.first;
        $$->selections_span = @3;
        $$->span = @$;
    }
  | SPREAD ON name directives selection_set {
        NODE($$);
        $$->kind = SGC_SELECTION_INLINE;
        $$->name = NAME(@3);
        $$->directives = $4.first;
        $$->selections = $5.first;
        $$->selections_span = @5;
        $$->span = @$;
    }
  ;

field_name:
    name { NODE($$); $$->name = NAME(@1); }
  | name COLON name { NODE($$); $$->alias = NAME(@1); $$->name = NAME(@3); }
  ;

fragment:
    FRAGMENT fragment_name ON name directives selection_set {
        DEFINITION($$, SGC_DEFINITION_FRAGMENT, @$);
        $$->name = NAME(@2);
        $$->type_condition = NAME(@4);
        $$->directives = $5.first;
        $$->selections = $6.first;
        $$->selections_span = @6;
    }
  ;

/* ---- names, types ---- */

plain_name:
    NAME | QUERY | MUTATION | SUBSCRIPTION | FRAGMENT | SCHEMA | SCALAR | TYPE | INTERFACE | UNION
  | ENUM | INPUT | DIRECTIVE | EXTEND | IMPLEMENTS | REPEATABLE
  ;

name: plain_name | ON | TRUE | FALSE | NULL;

fragment_name: plain_name | TRUE | FALSE | NULL;

enum_name: plain_name | ON;

type:
    nullable_type
  | nullable_type BANG {
        NODE($$);
        $$->kind = SGC_TYPE_NON_NULL;
        $$->inner = $1;
        $$->span = @$;
    }
  ;

nullable_type:
    name { NODE($$); $$->name = NAME(@1); $$->span = @$; }
  | BRACKET_L type BRACKET_R {
        NODE($$);
        $$->kind = SGC_TYPE_LIST;
        $$->inner = $2;
        $$->span = @$;
    }
  ;

/* ---- values, arguments and directives, where variables may stand ---- */

string:
    STRING { STRING_VALUE($$, @1, false); }
  | BLOCK_STRING { STRING_VALUE($$, @1, true); }
  ;

value:
    string
  | INT { PLAIN_VALUE($$, SGC_VALUE_INT, @1, @1); }
  | FLOAT { PLAIN_VALUE($$, SGC_VALUE_FLOAT, @1, @1); }
  | TRUE { PLAIN_VALUE($$, SGC_VALUE_BOOLEAN, @1, @1); }
  | FALSE { PLAIN_VALUE($$, SGC_VALUE_BOOLEAN, @1, @1); }
  | NULL { PLAIN_VALUE($$, SGC_VALUE_NULL, @1, @1); }
  | enum_name { PLAIN_VALUE($$, SGC_VALUE_ENUM, @1, @1); }
  | DOLLAR name { PLAIN_VALUE($$, SGC_VALUE_VARIABLE, @$, @2); }
  | BRACKET_L values BRACKET_R { CONTAINER_VALUE($$, SGC_VALUE_LIST, @$, items, $2.first); }
  | BRACE_L object_fields BRACE_R { CONTAINER_VALUE($$, SGC_VALUE_OBJECT, @$, fields, $2.first); }
  ;

values:
    %empty { EMPTY($$); }
  | values value { ADD($$, $1, $2); }
  ;

object_fields:
    %empty { EMPTY($$); }
  | object_fields argument { ADD($$, $1, $2); }
  ;

argument: name COLON value { ARGUMENT($$, @1, $3, @$); };

arguments:
    %empty { EMPTY($$); }
  | PAREN_L argument_list PAREN_R { $$ = $2; }
  ;

argument_list:
    argument { ONE($$, $1); }
  | argument_list argument { APPEND($$, $1, $2); }
  ;

directive: AT name arguments { DIRECTIVE($$, @2, $3.first, @$); };

directives:
    %empty { EMPTY($$); }
  | directives directive { ADD($$, $1, $2); }
  ;

/* ---- the same without variables ---- */

const_value:
    string
  | INT { PLAIN_VALUE($$, SGC_VALUE_INT, @1, @1); }
  | FLOAT { PLAIN_VALUE($$, SGC_VALUE_FLOAT, @1, @1); }
  | TRUE { PLAIN_VALUE($$, SGC_VALUE_BOOLEAN, @1, @1); }
  | FALSE { PLAIN_VALUE($$, SGC_VALUE_BOOLEAN, @1, @1); }
  | NULL { PLAIN_VALUE($$, SGC_VALUE_NULL, @1, @1); }
  | enum_name { PLAIN_VALUE($$, SGC_VALUE_ENUM, @1, @1); }
  | BRACKET_L const_values BRACKET_R { CONTAINER_VALUE($$, SGC_VALUE_LIST, @$, items, $2.first); }
  | BRACE_L const_object_fields BRACE_R {
        CONTAINER_VALUE($$, SGC_VALUE_OBJECT, @$, fields, $2.first);
    }
  ;

const_values:
    %empty { EMPTY($$); }
  | const_values const_value { ADD($$, $1, $2); }
  ;

const_object_fields:
    %empty { EMPTY($$); }
  | const_object_fields const_argument { ADD($$, $1, $2); }
  ;

const_argument: name COLON const_value { ARGUMENT($$, @1, $3, @$); };

const_arguments:
    %empty { EMPTY($$); }
  | PAREN_L const_argument_list PAREN_R { $$ = $2; }
  ;

const_argument_list:
    const_argument { ONE($$, $1); }
  | const_argument_list const_argument { APPEND($$, $1, $2); }
  ;

const_directive: AT name const_arguments { DIRECTIVE($$, @2, $3.first, @$); };

const_directives:
    %empty { EMPTY($$); }
  | const_directives const_directive { ADD($$, $1, $2); }
  ;

/* ---- type system definitions ---- */

schema:
    SCHEMA const_directives BRACE_L root_list BRACE_R {
        DEFINITION($$, SGC_DEFINITION_SCHEMA, @$);
        $$->directives = $2.first;
        $$->roots = $4.first;
    }
  ;

roots:
    %empty %prec NO_BODY { EMPTY($$); }
  | BRACE_L root_list BRACE_R { $$ = $2; }
  ;

root_list:
    root { ONE($$, $1); }
  | root_list root { APPEND($$, $1, $2); }
  ;

root:
    operation_type COLON name {
        NODE($$);
        $$->operation = $1;
        $$->type = NAME(@3);
        $$->span = @$;
    }
  ;

scalar:
    SCALAR name const_directives {
        DEFINITION($$, SGC_DEFINITION_SCALAR, @$);
        $$->name = NAME(@2);
        $$->directives = $3.first;
    }
  ;

object:
    TYPE name interfaces const_directives fields {
        DEFINITION($$, SGC_DEFINITION_OBJECT, @$);
        $$->name = NAME(@2);
        $$->interfaces = $3.first;
        $$->directives = $4.first;
        $$->fields = $5.first;
    }
  ;

interface:
    INTERFACE name interfaces const_directives fields {
        DEFINITION($$, SGC_DEFINITION_INTERFACE, @$);
        $$->name = NAME(@2);
        $$->interfaces = $3.first;
        $$->directives = $4.first;
        $$->fields = $5.first;
    }
  ;

interfaces:
    %empty { EMPTY($$); }
  | interface_list
  ;

interface_list:
    IMPLEMENTS name_item { ONE($$, $2); }
  | IMPLEMENTS AMP name_item { ONE($$, $3); }
  | interface_list AMP name_item { APPEND($$, $1, $3); }
  ;

name_item: name { NODE($$); $$->name = NAME(@1); };

fields:
    %empty %prec NO_BODY { EMPTY($$); }
  | BRACE_L field_list BRACE_R { $$ = $2; }
  ;

field_list:
    field_definition { ONE($$, $1); }
  | field_list field_definition { APPEND($$, $1, $2); }
  ;

field_definition:
    field
  | string field { DESCRIBE($$, $1, $2); }
  ;

field:
    name arguments_definition COLON type const_directives {
        NODE($$);
        $$->name = NAME(@1);
        $$->arguments = $2.first;
        $$->type = $4;
        $$->directives = $5.first;
        $$->span = @$;
    }
  ;

arguments_definition:
    %empty { EMPTY($$); }
  | PAREN_L input_list PAREN_R { $$ = $2; }
  ;

input_list:
    input_value { ONE($$, $1); }
  | input_list input_value { APPEND($$, $1, $2); }
  ;

input_value:
    input
  | string input { DESCRIBE($$, $1, $2); }
  ;

input:
    name COLON type default_value const_directives {
        NODE($$);
        $$->name = NAME(@1);
        $$->type = $3;
        $$->default_value = $4;
        $$->directives = $5.first;
        $$->span = @$;
    }
  ;

union:
    UNION name const_directives members {
        DEFINITION($$, SGC_DEFINITION_UNION, @$);
        $$->name = NAME(@2);
        $$->directives = $3.first;
        $$->members = $4.first;
    }
  ;

members:
    %empty { EMPTY($$); }
  | member_list
  ;

member_list:
    EQUALS name_item { ONE($$, $2); }
  | EQUALS PIPE name_item { ONE($$, $3); }
  | member_list PIPE name_item { APPEND($$, $1, $3); }
  ;

enum:
    ENUM name const_directives enum_values {
        DEFINITION($$, SGC_DEFINITION_ENUM, @$);
        $$->name = NAME(@2);
        $$->directives = $3.first;
        $$->values = $4.first;
    }
  ;

enum_values:
    %empty %prec NO_BODY { EMPTY($$); }
  | BRACE_L enum_value_list BRACE_R { $$ = $2; }
  ;

enum_value_list:
    enum_value_definition { ONE($$, $1); }
  | enum_value_list enum_value_definition { APPEND($$, $1, $2); }
  ;

enum_value_definition:
    enum_value
  | string enum_value { DESCRIBE($$, $1, $2); }
  ;

enum_value:
    enum_name const_directives {
        NODE($$);
        $$->name = NAME(@1);
        $$->directives = $2.first;
        $$->span = @$;
    }
  ;

input_object:
    INPUT name const_directives input_fields {
        DEFINITION($$, SGC_DEFINITION_INPUT, @$);
        $$->name = NAME(@2);
        $$->directives = $3.first;
        $$->inputs = $4.first;
    }
  ;

input_fields:
    %empty %prec NO_BODY { EMPTY($$); }
  | BRACE_L input_list BRACE_R { $$ = $2; }
  ;

directive_definition:
    DIRECTIVE AT name arguments_definition const_directives repeatable locations {
        DEFINITION($$, SGC_DEFINITION_DIRECTIVE, @$);
        $$->name = NAME(@3);
        $$->inputs = $4.first;
        $$->directives = $5.first;
        $$->repeatable = $6;
        $$->members = $7.first;
    }
  ;

repeatable:
    %empty { $$ = false; }
  | REPEATABLE { $$ = true; }
  ;

locations:
    ON location { ONE($$, $2); }
  | ON PIPE location { ONE($$, $3); }
  | locations PIPE location { APPEND($$, $1, $3); }
  ;

location:
    name {
        NODE($$);
        $$->name = NAME(@1);
        if (!is_location($$->name.text)) {
            sgc_refused_name(parser, @1);
            YYABORT;
        }
    }
  ;

extension:
    SCHEMA const_directives roots {
        DEFINITION($$, SGC_DEFINITION_SCHEMA, @$);
        $$->directives = $2.first;
        $$->roots = $3.first;
        EXTENSION($$, $$, $$->directives || $$->roots);
    }
  | scalar { EXTENSION($$, $1, $1->directives); }
  | object { EXTENSION($$, $1, $1->interfaces || $1->directives || $1->fields); }
  | interface { EXTENSION($$, $1, $1->interfaces || $1->directives || $1->fields); }
  | union { EXTENSION($$, $1, $1->directives || $1->members); }
  | enum { EXTENSION($$, $1, $1->directives || $1->values); }
  | input_object { EXTENSION($$, $1, $1->directives || $1->inputs); }
  | DIRECTIVE AT name const_directives {
        DEFINITION($$, SGC_DEFINITION_DIRECTIVE, @$);
        $$->name = NAME(@3);
        $$->directives = $4.first;
        EXTENSION($$, $$, $$->directives);
    }
  ;

%%

int sgc_lang_lex(SGC_LANG_STYPE *value, sgc_span *span, sgc_parser *parser)
{
    int entry = parser->entry;

    (void)value;
    if (entry) {
        parser->entry = 0;
        *span = (sgc_span){0, 0};
        return entry;
    }
    int kind = sgc_lexer_next(&parser->lexer);
    *span = parser->lexer.token;
    return kind;
}

static bool is_location(sgc_str name)
{
    static const char *const locations[] = {
        "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD",
        "INLINE_FRAGMENT", "VARIABLE_DEFINITION", "FRAGMENT_VARIABLE_DEFINITION", "SCHEMA",
        "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM",
        "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION", "DIRECTIVE_DEFINITION"};

    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++)
        if (sgc_str_eq(name, sgc_str_from(locations[i]))) return true;
    return false;
}

static sgc_str string_value(sgc_parser *parser, sgc_span at, bool block)
{
    sgc_str token = sgc_lexer_text(&parser->lexer, at);

    return block ? sgc_block_string_decode(token, parser->lexer.arena)
                 : sgc_string_decode(token, parser->lexer.arena);
}

/* ---- syntax errors in the words of graphql-js ---- */

static bool is_name(yysymbol_kind_t kind)
{
    return kind >= YYSYMBOL_NAME && kind <= YYSYMBOL_REPEATABLE;
}

static void expected_one(sgc_parser *parser, const bool *can)
{
    static const struct {
        yysymbol_kind_t kind;
        const char *words;
    } rows[] = {{YYSYMBOL_DOLLAR, "\"$\""},  {YYSYMBOL_ON, "\"on\""},
                {YYSYMBOL_COLON, "\":\""},   {YYSYMBOL_BRACKET_R, "\"]\""},
                {YYSYMBOL_BRACE_L, "\"{\""}, {YYSYMBOL_AT, "\"@\""},
                {YYSYMBOL_YYEOF, "<EOF>"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!can[rows[i].kind]) continue;
        sgc_expected(parser, rows[i].words);
        return;
    }
    sgc_unexpected_token(parser); /* behind `extend` */
}

/* can[kind]: whether a token of this kind could have come. Where several could, graphql-js names
 * one of them or says only that the one found is unexpected; which, follows from the others. */
static void syntax_error(sgc_parser *parser, const bool *can, yysymbol_kind_t found)
{
    bool definition = can[YYSYMBOL_QUERY] && !can[YYSYMBOL_NAME];

    if (can[YYSYMBOL_INT]) {
        if (found == YYSYMBOL_DOLLAR && !can[YYSYMBOL_DOLLAR])
            sgc_variable_in_constant(parser);
        else
            sgc_unexpected_token(parser);
    } else if (can[YYSYMBOL_NAME] && is_name(found)) {
        /* Only `on` as a fragment's name and three values of enums are refused as names. */
        if (found == YYSYMBOL_ON)
            sgc_unexpected_token(parser);
        else
            sgc_reserved_enum_value(parser);
    } else if (can[YYSYMBOL_NAME]) {
        /* A brace that may open here must, unless one that may close says we are in a list. */
        bool body = can[YYSYMBOL_BRACE_L] && !can[YYSYMBOL_BRACE_R];
        sgc_expected(parser, body ? "\"{\"" : "Name");
    } else if (definition && can[YYSYMBOL_EXTEND]) {
        sgc_unexpected_token(parser);
    } else if (definition && can[YYSYMBOL_SCHEMA]) {
        sgc_unexpected_after_description(parser);
    } else if (definition && is_name(found)) { /* not the name of a root operation */
        sgc_refused_name(parser, parser->lexer.token);
    } else if (definition) {
        sgc_expected(parser, "Name");
    } else {
        expected_one(parser, can);
    }
}

static int yyreport_syntax_error(const yypcontext_t *context, sgc_parser *parser)
{
    yysymbol_kind_t tokens[YYNTOKENS];
    bool can[YYNTOKENS] = {false};
    int count = yypcontext_expected_tokens(context, tokens, YYNTOKENS);

    if (count < 0) return count;
    for (int i = 0; i < count; i++) can[tokens[i]] = true;
    syntax_error(parser, can, yypcontext_token(context));
    return 0;
}

/* Called only when the parser's stack cannot grow; the glue sees that from the result. */
static void yyerror(const sgc_span *at, sgc_parser *parser, const char *words)
{
    (void)at;
    (void)words;
    parser->lexer.no_memory = true;
}
