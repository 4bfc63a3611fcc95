/*
 * names.c - GraphQL name -> C name. Injective for every valid schema: each global identifier that
 * sgc emits is registered here before it is used, so no two can be the same.
 */
#include "names.h"

#include <stdio.h>
#include <stdlib.h>

/* A name above this is cut and ends in a hash of all of it. */
enum { NAME_MAX_SIZE = 120, NAME_KEPT = 96 };

/*
 * Words no member may be called: keywords of C11, C17, C23 and C++20, object-like macros of the C
 * library, POSIX and common compilers, and the members that emitted structs have besides fields.
 * Sorted by bytes.
 */
static const char *const reserved[] = {
    "I",
    "NULL",
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "atomic_cancel",
    "atomic_commit",
    "atomic_noexcept",
    "auto",
    "b64_ntop",
    "b64_pton",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "complex",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "d_fileno",
    "decltype",
    "default",
    "delete",
    "dn_count_labels",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "environ",
    "errno",
    "exclusive",
    "explicit",
    "export",
    "extern",
    "false",
    "far",
    "final",
    "float",
    "for",
    "fortran",
    "fp_nquery",
    "fp_query",
    "fp_resstat",
    "friend",
    "given",
    "goto",
    "h_addr",
    "h_errno",
    "hostalias",
    "hz",
    "i386",
    "icmp6_data16",
    "icmp6_data32",
    "icmp6_data8",
    "icmp6_id",
    "icmp6_maxdelay",
    "icmp6_mtu",
    "icmp6_pptr",
    "icmp6_seq",
    "icmp_data",
    "icmp_gwaddr",
    "icmp_id",
    "icmp_ip",
    "icmp_lifetime",
    "icmp_mask",
    "icmp_nextmtu",
    "icmp_num_addrs",
    "icmp_otime",
    "icmp_pmvoid",
    "icmp_pptr",
    "icmp_radv",
    "icmp_rtime",
    "icmp_seq",
    "icmp_ttime",
    "icmp_void",
    "icmp_wpa",
    "if",
    "ifa_broadaddr",
    "ifa_dstaddr",
    "ifc_buf",
    "ifc_req",
    "ifr_addr",
    "ifr_bandwidth",
    "ifr_broadaddr",
    "ifr_data",
    "ifr_dstaddr",
    "ifr_flags",
    "ifr_hwaddr",
    "ifr_ifindex",
    "ifr_map",
    "ifr_metric",
    "ifr_mtu",
    "ifr_name",
    "ifr_netmask",
    "ifr_newname",
    "ifr_qlen",
    "ifr_slave",
    "imaginary",
    "import",
    "inline",
    "int",
    "int16_t",
    "int32_t",
    "int64_t",
    "int8_t",
    "interface",
    "ip6_flow",
    "ip6_hlim",
    "ip6_hops",
    "ip6_nxt",
    "ip6_plen",
    "ip6_vfc",
    "linux",
    "loc_aton",
    "loc_ntoa",
    "long",
    "math_errhandling",
    "max_align_t",
    "mips",
    "mld_cksum",
    "mld_code",
    "mld_maxdelay",
    "mld_reserved",
    "mld_type",
    "module",
    "mutable",
    "namespace",
    "nd_na_cksum",
    "nd_na_code",
    "nd_na_flags_reserved",
    "nd_na_type",
    "nd_ns_cksum",
    "nd_ns_code",
    "nd_ns_reserved",
    "nd_ns_type",
    "nd_ra_cksum",
    "nd_ra_code",
    "nd_ra_curhoplimit",
    "nd_ra_flags_reserved",
    "nd_ra_router_lifetime",
    "nd_ra_type",
    "nd_rd_cksum",
    "nd_rd_code",
    "nd_rd_reserved",
    "nd_rd_type",
    "nd_rs_cksum",
    "nd_rs_code",
    "nd_rs_reserved",
    "nd_rs_type",
    "near",
    "new",
    "noexcept",
    "noreturn",
    "not",
    "not_eq",
    "nsaddr",
    "nullptr",
    "offsetof",
    "operator",
    "or",
    "or_eq",
    "override",
    "p_cdname",
    "p_cdnname",
    "p_class",
    "p_fqname",
    "p_fqnname",
    "p_option",
    "p_query",
    "p_rcode",
    "p_time",
    "p_type",
    "private",
    "protected",
    "ptrdiff_t",
    "public",
    "putlong",
    "putshort",
    "reflexpr",
    "register",
    "reinterpret_cast",
    "requires",
    "res_close",
    "res_hostalias",
    "res_init",
    "res_isourserver",
    "res_nameinquery",
    "res_nclose",
    "res_ninit",
    "res_queriesmatch",
    "res_randomid",
    "restrict",
    "return",
    "rr_cksum",
    "rr_code",
    "rr_seqnum",
    "rr_type",
    "s6_addr",
    "s6_addr16",
    "s6_addr32",
    "s_addr",
    "s_host",
    "s_imp",
    "s_impno",
    "s_lh",
    "s_net",
    "sa_handler",
    "sa_sigaction",
    "sched_priority",
    "set",
    "setjmp",
    "short",
    "si_addr",
    "si_addr_lsb",
    "si_arch",
    "si_band",
    "si_call_addr",
    "si_fd",
    "si_int",
    "si_lower",
    "si_overrun",
    "si_pid",
    "si_pkey",
    "si_ptr",
    "si_status",
    "si_stime",
    "si_syscall",
    "si_timerid",
    "si_uid",
    "si_upper",
    "si_utime",
    "si_value",
    "sigev_notify_attributes",
    "sigev_notify_function",
    "signed",
    "size_t",
    "sizeof",
    "small",
    "sparc",
    "st_atime",
    "st_ctime",
    "st_mtime",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "sun",
    "sv_onstack",
    "switch",
    "sym_ntop",
    "sym_ntos",
    "sym_ston",
    "synchronized",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "uint8_t",
    "union",
    "unix",
    "unsigned",
    "using",
    "va_arg",
    "va_copy",
    "va_end",
    "va_list",
    "va_start",
    "vax",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

/*
 * First parts of names that belong to somebody: the runtime, the C library, POSIX, and the verbs
 * that emitted static functions begin with. A schema called like that gets x_ in front. Sorted.
 */
static const char *const owned[] = {
    "abstracts", "aio",   "apply",   "arena",     "atomic",    "bound",    "change",
    "checks",    "clock", "cnd",     "copy",      "dev",       "div",      "dl",
    "embeddeds", "enums", "environ", "fe",        "fields",    "fixed",    "fp",
    "from",      "given", "gnu",     "indexes",   "int",       "intmax",   "intptr",
    "json",      "key",   "ldiv",    "lldiv",     "main",      "max",      "members",
    "memory",    "mode",  "mq",      "mtx",       "names",     "nano",     "need",
    "numbering", "off",   "offer",   "pack",      "pid",       "posix",    "pthread",
    "ptrdiff",   "put",   "read",    "relations", "resolvers", "rest",     "room",
    "sa",        "sched", "sdl",     "sem",       "sgc",       "shm",      "sig",
    "size",      "slots", "ssize",   "st",        "stack",     "std",      "store",
    "tables",    "take",  "thrd",    "time",      "timer",     "timespec", "tss",
    "tv",        "uid",   "uint",    "uintmax",   "uintptr",   "wchar",    "wcs",
    "wint",
};

/* Functions that programs define at their peril (with a prototype in headers emitted code sees). */
static const char *const library[] = {
    "abort",   "atexit",  "exit",    "free",   "main",     "malloc", "memchr",  "memcmp",
    "memcpy",  "memmove", "memset",  "printf", "realloc",  "strcat", "strchr",  "strcmp",
    "strcoll", "strcpy",  "strcspn", "strdup", "strerror", "strlen", "strncat", "strncmp",
    "strncpy", "strpbrk", "strrchr", "strspn", "strstr",   "strtok", "strxfrm",
};

static bool in_list(const char *const *list, size_t count, sgc_str name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = sgc_str_compare(name, sgc_str_from(list[middle]));
        if (order == 0) return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool name_is_reserved(sgc_str name)
{
    /* va_arg(..) and friends are function-like; a member called so still reads badly. */
    return in_list(reserved, sizeof reserved / sizeof *reserved, name);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_with(sgc_str text, const char *start)
{
    return text.size >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

bool name_is_function(sgc_str name)
{
    if (name.size == 0 || name.size > NAME_MAX_SIZE || !is_letter(name.data[0])) return false;
    for (size_t i = 0; i < name.size; i++)
        if (!is_letter(name.data[i]) && !is_digit(name.data[i]) && name.data[i] != '_')
            return false;
    return !name_is_reserved(name) && !starts_with(name, "sgc_") && !starts_with(name, "SGC_") &&
           !in_list(library, sizeof library / sizeof *library, name);
}

/* ---- spelling ---- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Whether a word begins at i: aB, 1B, ABc. */
static bool word_starts(sgc_str text, size_t i)
{
    if (i == 0 || !is_upper(text.data[i])) return false;
    if (is_lower(text.data[i - 1]) || is_digit(text.data[i - 1])) return true;
    return is_upper(text.data[i - 1]) && i + 1 < text.size && is_lower(text.data[i + 1]);
}

/* Cuts a long name: what is kept, and a hash of the whole. */
static sgc_str shorten(sgc_arena *arena, sgc_str snake, sgc_str original)
{
    if (snake.size <= NAME_MAX_SIZE || !snake.data) return snake;
    return sgc_arena_printf(arena, "%.*s_h%016llx", (int)NAME_KEPT, snake.data,
                            (unsigned long long)sgc_hash(original.data, original.size, 0));
}

sgc_str name_snake(sgc_arena *arena, sgc_str graphql)
{
    char *out = sgc_arena_alloc(arena, graphql.size * 2 + 3);
    size_t size = 0;

    if (!out) return sgc_str_of(NULL, 0);
    if (graphql.size == 0) out[size++] = 'x';
    for (size_t i = 0; i < graphql.size; i++) {
        char c = graphql.data[i];
        bool word = is_letter(c) || is_digit(c);
        if (size > 0 && out[size - 1] != '_' && (!word || word_starts(graphql, i)))
            out[size++] = '_';
        if (size == 0 && is_digit(c)) out[size++] = 'x';
        if (word) out[size++] = (char)(is_upper(c) ? c - 'A' + 'a' : c);
    }
    while (size > 0 && out[size - 1] == '_')
        size--;
    if (size == 0) out[size++] = 'x';
    out[size] = 0;
    return shorten(arena, sgc_str_of(out, size), graphql);
}

sgc_str name_upper(sgc_arena *arena, sgc_str snake)
{
    sgc_str upper = sgc_arena_str(arena, snake);
    char *at = sgc_arena_alloc(arena, snake.size + 1);

    if (!upper.data || !at) return sgc_str_of(NULL, 0);
    for (size_t i = 0; i < snake.size; i++)
        at[i] = (char)(is_lower(snake.data[i]) ? snake.data[i] - 'a' + 'A' : snake.data[i]);
    at[snake.size] = 0;
    return sgc_str_of(at, snake.size);
}

sgc_str name_prefix(sgc_arena *arena, sgc_str text, bool *changed)
{
    sgc_str prefix = name_snake(arena, text);
    size_t first = 0;

    if (prefix.data) {
        while (first < prefix.size && prefix.data[first] != '_')
            first++;
        sgc_str word = sgc_str_of(prefix.data, first);
        if (in_list(owned, sizeof owned / sizeof *owned, word) || name_is_reserved(word))
            prefix = sgc_arena_printf(arena, "x_" SGC_FMT, SGC_ARG(prefix));
    }
    *changed = !sgc_str_eq(prefix, text);
    return prefix;
}

/* ---- giving names ---- */

/*
 * Where a name must be unique, and the name: members of one type for "member User.age", else the
 * whole schema.
 */
static sgc_str promise(name_table *n, sgc_str key, sgc_str name)
{
    size_t scope = 0;

    if (starts_with(key, "member "))
        while (scope < key.size && key.data[scope] != '.')
            scope++;
    return sgc_arena_printf(n->arena, "%.*s " SGC_FMT, (int)scope, key.data, SGC_ARG(name));
}

/* Whether a lock file's name is one that sgc would give: nothing else may get into C. */
static bool is_ours(sgc_str name)
{
    bool upper = false, lower = false;

    if (name.size == 0 || name.size > NAME_MAX_SIZE + 16 || !is_letter(name.data[0])) return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        upper = upper || is_upper(c);
        lower = lower || is_lower(c);
        if (!is_letter(c) && !is_digit(c) && c != '_') return false;
    }
    return !(upper && lower);
}

/* The lock file's lines: "key = name". What cannot be read is not ours and is left out. */
static void read_lock(name_table *n, sgc_str lock)
{
    const char *at = lock.data, *end = lock.data ? lock.data + lock.size : NULL;

    while (at && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        const char *equals = stop;
        while (equals > at && *equals != '=')
            equals--;
        if (equals > at + 1 && stop - equals > 2 && equals[-1] == ' ' &&
            is_ours(sgc_str_of(equals + 2, (size_t)(stop - equals - 2)))) {
            name_fix *fix = sgc_arena_zero(n->arena, 1, sizeof *fix);
            if (!fix) break;
            fix->key = sgc_str_of(at, (size_t)(equals - 1 - at));
            fix->name = sgc_str_of(equals + 2, (size_t)(stop - equals - 2));
            sgc_str promised = promise(n, fix->key, fix->name);
            if (!promised.data || !sgc_map_put(&n->fixed, fix->key, fix) ||
                !sgc_map_put(&n->promised, promised, fix))
                n->failed = true;
        }
        at = stop + 1;
    }
}

void names_start(name_table *n, sgc_arena *arena, sgc_str prefix, sgc_str lock)
{
    *n = (name_table){.arena = arena, .prefix = prefix};
    n->taken.arena = n->fixed.arena = n->promised.arena = n->next.arena = arena;
    read_lock(n, lock);
}

void names_lock(const name_table *n, sgc_buf *out)
{
    for (size_t i = 0; i < n->count; i++)
        sgc_buf_printf(out, SGC_FMT " = " SGC_FMT "\n", SGC_ARG(n->fixes[i].key),
                       SGC_ARG(n->fixes[i].name));
}

static void remember(name_table *n, sgc_str key, sgc_str name, bool fresh)
{
    if (!SGC_ARENA_GROW(n->arena, n->fixes, n->count, n->capacity)) {
        n->failed = true;
        return;
    }
    /* The key lives as long as the view of one table. */
    key = sgc_arena_str(n->arena, key);
    if (!key.data) n->failed = true;
    n->fixes[n->count++] = (name_fix){.key = key, .name = name, .fresh = fresh};
}

/* How a kind of name is spelled out: the identifiers that a base name stands for. */
typedef struct spelling {
    sgc_map *taken;
    const char *const *suffixes;
    bool member;
    bool constant; /* begins with the schema's prefix in capitals */
} spelling;

/* Spells a name out in `name`, which is used again and again. */
static sgc_str spell_in(const name_table *n, const spelling *how, sgc_str base, const char *suffix,
                        sgc_buf *name)
{
    name->size = 0;
    if (how->member) {
        sgc_buf_text(name, suffix);
        sgc_buf_str(name, base);
    } else {
        sgc_buf_str(name, n->prefix);
        sgc_buf_byte(name, '_');
        sgc_buf_str(name, base);
        sgc_buf_text(name, suffix);
    }
    return sgc_buf_as_str(name);
}

static sgc_str spell(name_table *n, const spelling *how, sgc_str base, const char *suffix)
{
    sgc_buf name = {0};
    sgc_str text = spell_in(n, how, base, suffix, &name);

    text = name.failed ? sgc_str_of(NULL, 0) : sgc_arena_str(n->arena, text);
    sgc_buf_free(&name);
    return text;
}

/* Whether all identifiers of a base name are free; takes them when `take`. */
static bool visit(name_table *n, const spelling *how, sgc_str base, bool take)
{
    sgc_buf name = {0};
    bool fine = true;

    for (const char *const *suffix = how->suffixes; *suffix && fine && !n->failed; suffix++) {
        sgc_str text = spell_in(n, how, base, *suffix, &name);
        if (take) text = sgc_arena_str(n->arena, text);
        if (name.failed || !text.data)
            n->failed = true;
        else if (!take)
            fine = !sgc_map_get(how->taken, text);
        else if (!sgc_map_put(how->taken, text, n))
            n->failed = true;
    }
    sgc_buf_free(&name);
    return fine;
}

/* A base name the lock file promises to another key is not free. */
static bool promised_to_other(name_table *n, sgc_str key, sgc_str name)
{
    const name_fix *fix;

    if (n->promised.count == 0) return false;
    fix = sgc_map_get(&n->promised, promise(n, key, name));
    return fix && !sgc_str_eq(fix->key, key);
}

/*
 * What no member may be called: a reserved word, or a name that may be a type's. In C++ a member
 * must not change what a name means inside its struct.
 */
static bool is_barred(const name_table *n, sgc_str name)
{
    return name_is_reserved(name) || starts_with(name, "sgc_") ||
           (name.size > n->prefix.size && name.data[n->prefix.size] == '_' &&
            memcmp(name.data, n->prefix.data, n->prefix.size) == 0);
}

static bool is_free(name_table *n, const spelling *how, sgc_str key, sgc_str name)
{
    return visit(n, how, name, false) && !promised_to_other(n, key, name) &&
           !(how->member && is_barred(n, name));
}

static sgc_str numbered(name_table *n, const spelling *how, sgc_str key, sgc_str base)
{
    if (is_free(n, how, key, base)) return base;
    sgc_str counter = sgc_arena_printf(n->arena, "%p " SGC_FMT, (void *)how->taken, SGC_ARG(base));
    unsigned *last = counter.data ? sgc_map_get(&n->next, counter) : NULL;
    sgc_str name = base;

    if (!last) {
        last = sgc_arena_zero(n->arena, 1, sizeof *last);
        if (!last || !counter.data || !sgc_map_put(&n->next, counter, last)) {
            n->failed = true;
            return base;
        }
        *last = 1;
    }
    while (!n->failed && !is_free(n, how, key, name)) {
        if (how->member && *last == 1 && is_barred(n, base)) {
            /* A keyword gets an underscore first, and a number behind it only when needed. */
            sgc_str word = sgc_arena_printf(n->arena, SGC_FMT "_", SGC_ARG(base));
            if (word.data && visit(n, how, word, false)) return word;
        }
        name = sgc_arena_printf(n->arena, SGC_FMT "_%u", SGC_ARG(base), ++*last);
        if (!name.data) n->failed = true;
    }
    return name;
}

/* Whether a name from the lock file is one that could have been given for this base name. */
static bool may_be(const name_table *n, const spelling *how, sgc_str name, sgc_str base)
{
    size_t size = n->prefix.size + 1;

    if (how->member && is_barred(n, name)) return false;
    return !how->constant || (name.size > size && memcmp(name.data, base.data, size) == 0);
}

static sgc_str give(name_table *n, const spelling *how, sgc_str key, sgc_str base)
{
    const name_fix *fix = sgc_map_get(&n->fixed, key);
    sgc_str name;

    if (fix && visit(n, how, fix->name, false) && may_be(n, how, fix->name, base)) {
        name = fix->name;
    } else {
        fix = NULL;
        name = numbered(n, how, key, base);
    }
    if (n->failed) return name;
    visit(n, how, name, true);
    if (!sgc_str_eq(name, base)) remember(n, key, name, fix == NULL);
    return name;
}

sgc_str names_global(name_table *n, sgc_str key, sgc_str base, const char *const *suffixes)
{
    spelling how = {.taken = &n->taken, .suffixes = suffixes};

    return spell(n, &how, give(n, &how, key, base), "");
}

void names_reserve(name_table *n, sgc_str name)
{
    if (!sgc_map_put(&n->taken, name, n)) n->failed = true;
}

sgc_str names_constant(name_table *n, sgc_str key, sgc_str base)
{
    static const char *const plain[] = {"", NULL};
    spelling how = {.taken = &n->taken, .suffixes = plain, .member = true, .constant = true};

    return give(n, &how, key, base);
}

sgc_str names_member(name_table *n, name_scope *scope, sgc_str key, sgc_str base)
{
    static const char *const plain[] = {"", "has_", NULL};
    spelling how = {.taken = &scope->taken, .suffixes = plain, .member = true};

    scope->taken.arena = n->arena;
    return give(n, &how, key, base);
}
