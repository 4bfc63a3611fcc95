/*
 * schema_rules_inputs.c - input types that nobody could ever write a value for, and default values
 * that contain themselves. Both walk graphs of the document's own making, so neither recurses.
 */
#include "lang/types_internal.h"

static void print_field(sgc_buf *out, const sgc_named_type *type, const sgc_input_def *field)
{
    sgc_types_print_coordinate(out, type->name, field->name, sgc_str_of(NULL, 0));
}

/* One step of a path through input types. */
struct step {
    const sgc_named_type *type;
    const sgc_input_def *field;
};

/* ---- a finite value exists ---- */

struct frame {
    const sgc_named_type *type;
    size_t next; /* field to look at */
};

/* Everything is indexed by the types' index. */
struct finite {
    sgc_types_build *build;
    bool *has_value, *visited;
    size_t *waiting;    /* fields that still need a finite type */
    size_t *path_index; /* plus one, 0: not on the path */
    size_t *first;      /* of a type's dependents in the list */
    const sgc_named_type **dependents, **ready;
    size_t ready_count;
    struct frame *frames;
    struct step *path;
    size_t frame_count, path_count;
};

/* The input type that a value of the field cannot do without. */
static const sgc_named_type *target(const sgc_named_type *type, const sgc_input_def *field)
{
    const sgc_type_ref *ref = field->type;

    if (!type->one_of) {
        if (ref->kind != SGC_TYPE_NON_NULL) return NULL;
        ref = ref->inner;
    }
    if (ref->kind != SGC_TYPE_NAMED || ref->named->kind != SGC_NAMED_INPUT) return NULL;
    return ref->named;
}

static void mark_ready(struct finite *f, const sgc_named_type *type)
{
    if (f->has_value[type->index]) return;
    f->has_value[type->index] = true;
    f->ready[f->ready_count++] = type;
}

static bool allocate(struct finite *f, size_t types, size_t edges)
{
    sgc_types_build *build = f->build;

    f->has_value = sgc_types_scratch(build, types, sizeof *f->has_value);
    f->visited = sgc_types_scratch(build, types, sizeof *f->visited);
    f->waiting = sgc_types_scratch(build, types, sizeof *f->waiting);
    f->path_index = sgc_types_scratch(build, types, sizeof *f->path_index);
    f->first = sgc_types_scratch(build, types + 2, sizeof *f->first);
    f->ready = sgc_types_scratch(build, types, sizeof *f->ready);
    f->dependents = sgc_types_scratch(build, edges, sizeof *f->dependents);
    f->frames = sgc_types_scratch(build, types, sizeof *f->frames);
    f->path = sgc_types_scratch(build, types + 1, sizeof *f->path);
    return !build->no_memory;
}

static size_t count_targets(const sgc_named_type *type)
{
    size_t count = 0;

    for (size_t i = 0; i < type->input_count; i++)
        count += target(type, &type->inputs[i]) != NULL;
    return count;
}

/* Lists for each input type the types that need it: counted, summed up, filled. */
static void list_dependents(struct finite *f)
{
    const sgc_type_system *system = f->build->system;

    for (size_t i = 0; i < system->type_count; i++) {
        const sgc_named_type *type = system->types[i];
        for (size_t k = 0; k < type->input_count; k++) {
            const sgc_named_type *needed = target(type, &type->inputs[k]);
            if (needed) f->first[needed->index + 2]++;
        }
    }
    for (size_t i = 2; i < system->type_count + 2; i++)
        f->first[i] += f->first[i - 1];
    for (size_t i = 0; i < system->type_count; i++) {
        const sgc_named_type *type = system->types[i];
        for (size_t k = 0; k < type->input_count; k++) {
            const sgc_named_type *needed = target(type, &type->inputs[k]);
            if (needed) f->dependents[f->first[needed->index + 1]++] = type;
        }
    }
}

static void find_finite(struct finite *f)
{
    const sgc_type_system *system = f->build->system;

    for (size_t i = 0; i < system->type_count; i++) {
        const sgc_named_type *type = system->types[i];
        if (type->kind != SGC_NAMED_INPUT) continue;
        size_t targets = f->waiting[i] = count_targets(type);
        if (type->one_of ? type->input_count == 0 || targets < type->input_count : targets == 0)
            mark_ready(f, type);
    }
    while (f->ready_count) {
        size_t at = f->ready[--f->ready_count]->index;
        for (size_t i = f->first[at]; i < f->first[at + 1]; i++) {
            const sgc_named_type *type = f->dependents[i];
            if (type->one_of || --f->waiting[type->index] == 0) mark_ready(f, type);
        }
    }
}

static void report_cycle(struct finite *f, const sgc_named_type *type, size_t from)
{
    sgc_types_build *build = f->build;

    if (!sgc_types_spend(build, f->path_count - from)) return;
    build->text.size = 0;
    sgc_buf_printf(&build->text,
                   "Input Object " SGC_FMT " cannot be provided a finite value because it "
                   "references itself through fields: ",
                   SGC_ARG(type->name));
    for (size_t i = from; i < f->path_count; i++) {
        if (i > from) sgc_buf_text(&build->text, ", ");
        print_field(&build->text, f->path[i].type, f->path[i].field);
    }
    sgc_buf_byte(&build->text, '.');
    sgc_diagnostic *error = sgc_types_error_text(build);
    for (size_t i = from; i < f->path_count; i++)
        sgc_types_place(build, error, f->path[i].field->source, f->path[i].field->ast->span);
}

static void enter(struct finite *f, const sgc_named_type *type)
{
    f->visited[type->index] = true;
    f->path_index[type->index] = f->path_count + 1;
    f->frames[f->frame_count++] = (struct frame){type, 0};
}

/* One field of the innermost type; returns to the type outside when there is none left. */
static void step(struct finite *f)
{
    struct frame *frame = &f->frames[f->frame_count - 1];
    const sgc_named_type *type = frame->type;

    if (frame->next == type->input_count) {
        f->path_index[type->index] = 0;
        f->frame_count--;
        if (f->path_count) f->path_count--;
        return;
    }
    const sgc_input_def *field = &type->inputs[frame->next++];
    const sgc_named_type *needed = target(type, field);
    if (!needed || f->has_value[needed->index]) return;
    size_t cycle = f->path_index[needed->index];
    if (!cycle && f->visited[needed->index]) return;
    f->path[f->path_count++] = (struct step){type, field};
    if (!cycle) {
        enter(f, needed);
        return;
    }
    report_cycle(f, needed, cycle - 1);
    f->path_count--;
}

void sgc_types_input_finite_rule(sgc_types_build *build)
{
    const sgc_type_system *system = build->system;
    struct finite f = {.build = build};
    size_t edges = 0;

    for (size_t i = 0; i < system->type_count; i++)
        edges += count_targets(system->types[i]);
    if (edges == 0 || !allocate(&f, system->type_count, edges)) return;
    list_dependents(&f);
    find_finite(&f);
    for (size_t i = 0; i < system->type_count; i++) {
        const sgc_named_type *type = system->types[i];
        if (type->kind != SGC_NAMED_INPUT || f.has_value[i] || f.visited[i]) continue;
        enter(&f, type);
        while (f.frame_count && sgc_types_going(build))
            step(&f);
    }
}

/* ---- default values do not contain themselves ---- */

/* Work to be done: the fields of an object literal, the items of a list literal, or the end of a
 * field's default value. */
struct work {
    enum { OBJECT, LIST, FIELD_END } kind;
    const sgc_named_type *type;
    const sgc_ast_value *value; /* OBJECT: NULL for an empty one; LIST: the next item */
    size_t next;                /* OBJECT: field; FIELD_END: number of the field */
};

struct defaults {
    sgc_types_build *build;
    size_t *first;   /* by the types' index: number of the type's first field */
    bool *visited;   /* by number of the field */
    size_t *on_path; /* by number of the field: length of the path with it, 0: not on it */
    struct work *works;
    size_t work_count, work_capacity;
    struct step *path;
    size_t path_count, path_capacity;
};

static struct work *push_work(struct defaults *d)
{
    if (!SGC_ARENA_GROW(&d->build->scratch, d->works, d->work_count, d->work_capacity)) {
        d->build->no_memory = true;
        return NULL;
    }
    return &d->works[d->work_count++];
}

static void push_literal(struct defaults *d, const sgc_named_type *type, const sgc_ast_value *value)
{
    if (value->kind != SGC_VALUE_LIST && value->kind != SGC_VALUE_OBJECT) return;
    struct work *work = push_work(d);
    if (!work) return;
    if (value->kind == SGC_VALUE_LIST)
        *work = (struct work){LIST, type, value->items, 0};
    else
        *work = (struct work){OBJECT, type, value, 0};
}

static void report_default(struct defaults *d, const sgc_named_type *type,
                           const sgc_input_def *field, size_t cycle)
{
    sgc_types_build *build = d->build;

    if (!sgc_types_spend(build, d->path_count - cycle)) return;
    build->text.size = 0;
    sgc_buf_text(&build->text,
                 "Invalid circular reference. The default value of Input Object field ");
    print_field(&build->text, type, field);
    sgc_buf_text(&build->text, " references itself");
    for (size_t i = cycle; i < d->path_count; i++) {
        sgc_buf_text(&build->text, i == cycle ? " via the default values of: " : ", ");
        print_field(&build->text, d->path[i].type, d->path[i].field);
    }
    sgc_buf_byte(&build->text, '.');
    sgc_diagnostic *error = sgc_types_error_text(build);
    for (size_t i = cycle - 1; i < d->path_count; i++)
        sgc_types_place(build, error, d->path[i].field->source,
                        d->path[i].field->default_value->span);
}

/* The default of a field that a literal leaves out. */
static void enter_default(struct defaults *d, const sgc_named_type *type,
                          const sgc_input_def *field, const sgc_named_type *inner)
{
    size_t number = d->first[type->index] + (size_t)(field - type->inputs);

    if (!field->default_value) return;
    if (d->on_path[number]) {
        report_default(d, type, field, d->on_path[number]);
        return;
    }
    if (d->visited[number]) return;
    d->visited[number] = true;
    if (!SGC_ARENA_GROW(&d->build->scratch, d->path, d->path_count, d->path_capacity)) {
        d->build->no_memory = true;
        return;
    }
    d->path[d->path_count++] = (struct step){type, field};
    d->on_path[number] = d->path_count;
    struct work *work = push_work(d);
    if (!work) return;
    *work = (struct work){FIELD_END, NULL, NULL, number};
    push_literal(d, inner, field->default_value);
}

static const sgc_ast_value *given(struct defaults *d, const sgc_ast_value *object, sgc_str name)
{
    const sgc_ast_value *found = NULL;

    if (!object) return NULL;
    for (const sgc_ast_argument *at = object->fields; at && sgc_types_spend(d->build, 1);
         at = at->next)
        if (sgc_str_eq(at->name.text, name)) found = at->value;
    return found;
}

static void work_on_object(struct defaults *d, struct work *work)
{
    const sgc_named_type *type = work->type;
    const sgc_ast_value *object = work->value;

    if (work->next == type->input_count) {
        d->work_count--;
        return;
    }
    const sgc_input_def *field = &type->inputs[work->next++];
    const sgc_named_type *inner = sgc_type_ref_named(field->type);
    if (inner->kind != SGC_NAMED_INPUT) return;
    const sgc_ast_value *value = given(d, object, field->name);
    if (value)
        push_literal(d, inner, value);
    else
        enter_default(d, type, field, inner);
}

static void work_on(struct defaults *d)
{
    struct work *work = &d->works[d->work_count - 1];

    if (!sgc_types_spend(d->build, 1)) return;
    if (work->kind == OBJECT) {
        work_on_object(d, work);
    } else if (work->kind == FIELD_END) {
        d->on_path[work->next] = 0;
        d->path_count--;
        d->work_count--;
    } else if (!work->value) {
        d->work_count--;
    } else {
        const sgc_ast_value *item = work->value;
        work->value = item->next;
        push_literal(d, work->type, item);
    }
}

void sgc_types_input_default_cycle_rule(sgc_types_build *build)
{
    const sgc_type_system *system = build->system;
    struct defaults d = {.build = build};
    size_t fields = 0;

    d.first = sgc_types_scratch(build, system->type_count, sizeof *d.first);
    if (!d.first) return;
    for (size_t i = 0; i < system->type_count; i++) {
        d.first[i] = fields;
        fields += system->types[i]->input_count;
    }
    d.visited = sgc_types_scratch(build, fields, sizeof *d.visited);
    d.on_path = sgc_types_scratch(build, fields, sizeof *d.on_path);
    for (size_t i = 0; i < system->type_count && sgc_types_going(build); i++) {
        if (system->types[i]->kind != SGC_NAMED_INPUT) continue;
        struct work *work = push_work(&d);
        if (!work) return;
        *work = (struct work){OBJECT, system->types[i], NULL, 0};
        while (d.work_count && sgc_types_going(build))
            work_on(&d);
    }
}
