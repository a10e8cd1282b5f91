/* Plans and parameters as JSON text. The text is made twice: once to measure it, once to keep it.
 */
#include "plan/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mosaic/mosaic.h"
#include "plan/plan.h"

typedef struct sink {
    l2l_context *context;
    l2l_status status; /* of the first thing that JSON cannot hold */
    char *text;
    size_t size, used; /* size 0: measuring */
} sink;

static void put(sink *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(sink *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = to->used < to->size ? to->size - to->used : 0;
    int length = vsnprintf(room ? to->text + to->used : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0) to->used += (size_t)length;
}

/* The fewest digits that read back as the same double, with a point whatever the locale has. */
static void put_number(sink *to, double value, const char *owner, const char *name) {
    char digits[48], text[48];
    if (!isfinite(value)) {
        if (to->status == L2L_OK)
            to->status =
                l2l_fail(to->context, L2L_UNSUPPORTED, "%s%s%s is %g, which JSON has no number for",
                         owner, *owner ? "." : "", name, value);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    int length = 0;
    for (const char *c = digits; *c; c++) {
        if (strchr("0123456789+-e", *c))
            text[length++] = *c;
        else if (length == 0 || text[length - 1] != '.')
            text[length++] = '.';
    }
    text[length] = '\0';
    put(to, "%s", text);
}

/* ---- attributes ---- */

static int int_at(const void *attributes, const l2l_field *field) {
    int value;
    memcpy(&value, (const char *)attributes + field->offset, sizeof value);
    return value;
}

static void put_method(sink *to, const void *attributes, const l2l_field *field) {
    int wanted = int_at(attributes, field), value = 0;
    const char *name;
    for (int n = 0; (name = l2l_method_name(field->kind, n, &value)); n++)
        if (value == wanted) put(to, "\"%s\"", name);
}

static void put_named(sink *to, const void *attributes, const l2l_field *field) {
    put(to, "\"%s\"", field->names[int_at(attributes, field)]);
}

static void put_cfa(sink *to, const void *attributes, const l2l_field *field) {
    l2l_cfa cfa, again;
    char name[64];
    memcpy(&cfa, (const char *)attributes + field->offset, sizeof cfa);
    l2l_cfa_name(&cfa, name, sizeof name);
    if (l2l_cfa_parse(NULL, name, &again) != L2L_OK && to->status == L2L_OK)
        to->status = l2l_fail(to->context, L2L_UNSUPPORTED,
                              "the colour-filter array %s has no name: a colour is missing", name);
    put(to, "\"%s\"", name);
}

static void put_bool(sink *to, const void *attributes, const l2l_field *field) {
    put(to, "%s", int_at(attributes, field) ? "true" : "false");
}

static void put_int(sink *to, const void *attributes, const l2l_field *field) {
    put(to, "%d", int_at(attributes, field));
}

static void put_double(sink *to, const void *attributes, const l2l_field *field) {
    double value;
    memcpy(&value, (const char *)attributes + field->offset, sizeof value);
    put_number(to, value, l2l_stage_kind_name(field->kind), field->name);
}

static void (*const put_field[])(sink *, const void *, const l2l_field *) = {
    [L2L_FIELD_METHOD] = put_method, [L2L_FIELD_NAMED] = put_named, [L2L_FIELD_CFA] = put_cfa,
    [L2L_FIELD_BOOL] = put_bool,     [L2L_FIELD_INT] = put_int,     [L2L_FIELD_DOUBLE] = put_double,
};

static void put_stage(sink *to, const l2l_node *node) {
    put(to, "{\"stage\": \"%s\"", node->row->stage);
    for (int f = 0; f < l2l_field_count; f++) {
        const l2l_field *field = &l2l_fields[f];
        if (field->kind != node->row->kind) continue;
        put(to, ", \"%s\": ", field->name);
        put_field[field->type](to, &node->attributes, field);
    }
    put(to, "}");
}

/* ---- the whole ---- */

static void put_params(sink *to, const l2l_plan *plan, const l2l_tensor *params) {
    put(to, ",\n  \"params\": {");
    for (int s = 0; s < plan->slice_count; s++) {
        const l2l_slice *slice = &plan->slices[s];
        put(to, "%s\n    \"%s\": [", s ? "," : "", slice->name);
        for (int64_t i = 0; i < slice->count; i++) {
            if (i) put(to, ", ");
            put_number(to, l2l_vector_get(params, slice->offset + i), "", slice->name);
        }
        put(to, "]");
    }
    put(to, "\n  }");
}

static void put_plan(sink *to, const l2l_plan *plan, const l2l_tensor *params) {
    put(to, "{\n  \"lens2logit\": %d,\n  \"channels\": %d,\n  \"sample_scale\": ", L2L_JSON_VERSION,
        plan->chain.channels[0]);
    put_number(to, plan->chain.sample_scale, "the plan", "sample_scale");
    put(to, ",\n  \"stages\": [");
    for (int i = 0; i < plan->chain.count; i++) {
        put(to, "%s\n    ", i ? "," : "");
        put_stage(to, &plan->chain.nodes[i]);
    }
    put(to, "\n  ]");
    if (params) put_params(to, plan, params);
    put(to, "\n}\n");
}

/* Stands before the text, since who frees it knows only its address. */
typedef struct text_header {
    l2l_allocator allocator;
    size_t size;
} text_header;

l2l_status l2l_plan_to_json(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                            char **text) {
    if (!text) return l2l_fail(context, L2L_INVALID_ARGUMENT, "no place for the text");
    *text = NULL;
    if (!plan) return l2l_fail(context, L2L_INVALID_ARGUMENT, "the plan is NULL");
    if (params) L2L_TRY(l2l_plan_check_params(context, plan, params));
    sink measured = { .context = context };
    put_plan(&measured, plan, params);
    if (measured.status != L2L_OK) return measured.status;

    text_header header = { l2l_context_allocator(context),
                           sizeof(text_header) + measured.used + 1 };
    text_header *memory = l2l_allocate(&header.allocator, header.size);
    if (!memory)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "no memory for %zu bytes of JSON", header.size);
    *memory = header;
    sink kept = { .context = context, .text = (char *)(memory + 1), .size = measured.used + 1 };
    put_plan(&kept, plan, params);
    *text = kept.text;
    return L2L_OK;
}

void l2l_text_free(l2l_context *context, char *text) {
    (void)context;
    if (!text) return;
    text_header *memory = (text_header *)(void *)text - 1;
    text_header header = *memory;
    l2l_release(&header.allocator, memory, header.size);
}
