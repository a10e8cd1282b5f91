/* Plans and parameters from JSON text. Every key is checked: what is unknown, twice there or of
   another type is an error that names it, and nothing is written before all of it is right. */
#include "plan/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mosaic/mosaic.h"
#include "plan/plan.h"

enum { MAX_TEXT = 16 << 20 }; /* a plan of the largest kernels is a tenth of it */

/* ---- the document ---- */

static bool is_blank(const char *text, const char *end) {
    while (text < end && strchr(" \t\r\n", *text) && *text) text++;
    return text == end;
}

/* cJSON reads a byte beyond some unfinished texts, so it gets a copy that ends in a zero. */
static l2l_status parse_copy(l2l_context *context, const char *text, size_t size, cJSON **root) {
    const char *end = text;
    errno = 0; /* all that tells a lack of memory from bad text */
    *root = cJSON_ParseWithLengthOpts(text, size, &end, false);
    if (!*root && errno == ENOMEM)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "no memory to read %zu bytes of JSON", size);
    if (*root && is_blank(end, text + size)) return L2L_OK;
    cJSON_Delete(*root);
    *root = NULL;
    return l2l_fail(context, L2L_BAD_DATA, "not JSON from byte %td of %zu on: \"%.20s\"",
                    end - text, size, end);
}

static l2l_status parse(l2l_context *context, const char *text, size_t size, cJSON **root) {
    *root = NULL;
    if (!text) return l2l_fail(context, L2L_INVALID_ARGUMENT, "the JSON text is NULL");
    if (size > MAX_TEXT)
        return l2l_fail(context, L2L_BAD_DATA, "%zu bytes of JSON are more than %d", size,
                        MAX_TEXT);
    l2l_allocator allocator = l2l_context_allocator(context);
    char *copy = l2l_allocate(&allocator, size + 1);
    if (!copy)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "no memory to read %zu bytes of JSON", size);
    memcpy(copy, text, size);
    l2l_status status = parse_copy(context, copy, size, root);
    l2l_release(&allocator, copy, size + 1);
    return status;
}

static l2l_status check_object(l2l_context *context, const cJSON *item, const char *where) {
    if (!cJSON_IsObject(item))
        return l2l_fail(context, L2L_BAD_DATA, "%s is not a JSON object", where);
    return L2L_OK;
}

/* Keys are few where this is called: unknown ones were refused before. */
static l2l_status check_unique(l2l_context *context, const cJSON *item, const cJSON *object,
                               const char *where) {
    for (const cJSON *before = object->child; before != item; before = before->next)
        if (!strcmp(before->string, item->string))
            return l2l_fail(context, L2L_BAD_DATA, "%s has \"%.60s\" twice", where, item->string);
    return L2L_OK;
}

static l2l_status unknown_key(l2l_context *context, const cJSON *item, const char *where) {
    return l2l_fail(context, L2L_BAD_DATA, "%s has the unknown key \"%.60s\"", where, item->string);
}

static l2l_status check_root(l2l_context *context, const cJSON *root) {
    static const char *const keys[] = { "lens2logit",   "name",   "comment", "channels",
                                        "sample_scale", "stages", "params" };
    L2L_TRY(check_object(context, root, "the text"));
    for (const cJSON *item = root->child; item; item = item->next) {
        size_t k = 0, count = sizeof keys / sizeof keys[0];
        while (k < count && strcmp(keys[k], item->string)) k++;
        if (k == count) return unknown_key(context, item, "the text");
        L2L_TRY(check_unique(context, item, root, "the text"));
        bool free_text = !strcmp(item->string, "name") || !strcmp(item->string, "comment");
        if (free_text && !cJSON_IsString(item))
            return l2l_fail(context, L2L_BAD_DATA, "\"%s\" is not a string", item->string);
    }
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(root, "lens2logit");
    if (!version)
        return l2l_fail(context, L2L_BAD_DATA, "the text has no \"lens2logit\": %d",
                        L2L_JSON_VERSION);
    if (!cJSON_IsNumber(version))
        return l2l_fail(context, L2L_BAD_DATA, "\"lens2logit\" is not a number");
    if (version->valuedouble != L2L_JSON_VERSION)
        return l2l_fail(context, L2L_BAD_DATA, "version %g of \"lens2logit\" is not %d",
                        version->valuedouble, L2L_JSON_VERSION);
    return L2L_OK;
}

/* ---- values ---- */

/* A value being read: where its result goes, and what to call it. */
typedef struct place {
    l2l_context *context;
    const char *where, *key;
    const l2l_field *field; /* NULL for what is not an attribute */
    void *to;
} place;

static l2l_status wrong(const place *p, const char *problem) {
    return l2l_fail(p->context, L2L_BAD_DATA, "%s: \"%s\" %s", p->where, p->key, problem);
}

static l2l_status read_double(const place *p, const cJSON *item) {
    if (!cJSON_IsNumber(item)) return wrong(p, "is not a number");
    if (!isfinite(item->valuedouble)) return wrong(p, "is beyond the numbers of a double");
    memcpy(p->to, &item->valuedouble, sizeof item->valuedouble);
    return L2L_OK;
}

static l2l_status read_int(const place *p, const cJSON *item) {
    double value;
    place as_double = *p;
    as_double.to = &value;
    L2L_TRY(read_double(&as_double, item));
    if (value != floor(value) || fabs(value) > INT_MAX) return wrong(p, "is not an integer");
    int integer = (int)value;
    memcpy(p->to, &integer, sizeof integer);
    return L2L_OK;
}

static l2l_status read_bool(const place *p, const cJSON *item) {
    if (!cJSON_IsBool(item)) return wrong(p, "is not true or false");
    int value = cJSON_IsTrue(item);
    memcpy(p->to, &value, sizeof value);
    return L2L_OK;
}

static l2l_status read_name(const place *p, const cJSON *item, int value) {
    if (!cJSON_IsString(item)) return wrong(p, "is not a string");
    if (value < 0)
        return l2l_fail(p->context, L2L_BAD_DATA, "%s: unknown %s \"%.60s\"", p->where, p->key,
                        item->valuestring);
    memcpy(p->to, &value, sizeof value);
    return L2L_OK;
}

static l2l_status read_method(const place *p, const cJSON *item) {
    int value = 0, found = -1;
    const char *name;
    for (int n = 0; (name = l2l_method_name(p->field->kind, n, &value)); n++)
        if (cJSON_IsString(item) && !strcmp(name, item->valuestring)) found = value;
    return read_name(p, item, found);
}

static l2l_status read_named(const place *p, const cJSON *item) {
    int found = -1;
    for (int n = 0; p->field->names[n]; n++)
        if (cJSON_IsString(item) && !strcmp(p->field->names[n], item->valuestring)) found = n;
    return read_name(p, item, found);
}

static l2l_status read_cfa(const place *p, const cJSON *item) {
    l2l_cfa cfa;
    if (!cJSON_IsString(item)) return wrong(p, "is not a string");
    if (l2l_cfa_parse(p->context, item->valuestring, &cfa) != L2L_OK)
        return l2l_fail(p->context, L2L_BAD_DATA, "%s: %s", p->where,
                        l2l_context_error(p->context));
    memcpy(p->to, &cfa, sizeof cfa);
    return L2L_OK;
}

static l2l_status (*const read_field[])(const place *, const cJSON *) = {
    [L2L_FIELD_METHOD] = read_method, [L2L_FIELD_NAMED] = read_named,
    [L2L_FIELD_CFA] = read_cfa,       [L2L_FIELD_BOOL] = read_bool,
    [L2L_FIELD_INT] = read_int,       [L2L_FIELD_DOUBLE] = read_double,
};

/* ---- stages ---- */

static const l2l_field *find_field(l2l_stage_kind kind, const char *name) {
    for (int f = 0; f < l2l_field_count; f++)
        if (l2l_fields[f].kind == kind && !strcmp(l2l_fields[f].name, name)) return &l2l_fields[f];
    return NULL;
}

static l2l_status read_kind(l2l_context *context, const cJSON *item, const char *where,
                            l2l_stage_kind *kind) {
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "stage");
    if (!cJSON_IsString(name))
        return l2l_fail(context, L2L_BAD_DATA, "%s has no \"stage\" that is a string", where);
    for (int i = 0; i < l2l_stage_row_count; i++)
        if (!strcmp(l2l_stage_rows[i]->stage, name->valuestring)) {
            *kind = l2l_stage_rows[i]->kind;
            return L2L_OK;
        }
    return l2l_fail(context, L2L_BAD_DATA, "%s: unknown stage \"%.60s\"", where, name->valuestring);
}

static l2l_status read_stage(l2l_context *context, const cJSON *item, int index,
                             l2l_attributes *attributes, l2l_stage *stage) {
    char where[64];
    snprintf(where, sizeof where, "stage %d", index + 1);
    L2L_TRY(check_object(context, item, where));
    L2L_TRY(read_kind(context, item, where, &stage->kind));
    snprintf(where, sizeof where, "stage %d, %s", index + 1, l2l_stage_kind_name(stage->kind));
    *attributes = *l2l_stage_standard(stage->kind);
    stage->attributes = attributes;
    for (const cJSON *value = item->child; value; value = value->next) {
        const l2l_field *field = find_field(stage->kind, value->string);
        if (!field && strcmp(value->string, "stage")) return unknown_key(context, value, where);
        L2L_TRY(check_unique(context, value, item, where));
        if (!field) continue;
        place p = { context, where, field->name, field, (char *)attributes + field->offset };
        L2L_TRY(read_field[field->type](&p, value));
    }
    return L2L_OK;
}

static l2l_status read_stages(l2l_context *context, const cJSON *root, l2l_attributes *attributes,
                              l2l_stage *stages, size_t *count) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "stages");
    if (!cJSON_IsArray(list))
        return l2l_fail(context, L2L_BAD_DATA, "the text has no \"stages\" that is an array");
    *count = 0;
    for (const cJSON *item = list->child; item; item = item->next, ++*count) {
        if (*count == L2L_MAX_STAGES)
            return l2l_fail(context, L2L_BAD_DATA, "\"stages\" holds more than %d", L2L_MAX_STAGES);
        L2L_TRY(read_stage(context, item, (int)*count, &attributes[*count], &stages[*count]));
    }
    return L2L_OK;
}

/* ---- parameters ---- */

static l2l_status check_slice(l2l_context *context, const cJSON *item, const l2l_slice *slice,
                              bool single) {
    int64_t count = 0;
    if (!cJSON_IsArray(item))
        return l2l_fail(context, L2L_BAD_DATA, "\"params\": \"%s\" is not an array", slice->name);
    for (const cJSON *value = item->child; value; value = value->next, count++) {
        if (!cJSON_IsNumber(value))
            return l2l_fail(context, L2L_BAD_DATA, "\"params\": \"%s\" [%lld] is not a number",
                            slice->name, (long long)count);
        if (!isfinite(value->valuedouble) || (single && fabs(value->valuedouble) > FLT_MAX))
            return l2l_fail(context, L2L_BAD_DATA, "\"params\": \"%s\" [%lld] is beyond %s",
                            slice->name, (long long)count, single ? "f32" : "f64");
    }
    if (count != slice->count)
        return l2l_fail(context, L2L_BAD_DATA, "\"params\": \"%s\" has %lld values, not %lld",
                        slice->name, (long long)count, (long long)slice->count);
    return L2L_OK;
}

static l2l_status check_params(l2l_context *context, const l2l_plan *plan, const cJSON *object,
                               bool single) {
    l2l_slice slice;
    L2L_TRY(check_object(context, object, "\"params\""));
    for (const cJSON *item = object->child; item; item = item->next) {
        if (l2l_plan_find_slice(context, plan, item->string, &slice) != L2L_OK)
            return l2l_fail(context, L2L_BAD_DATA, "\"params\": %s", l2l_context_error(context));
        L2L_TRY(check_unique(context, item, object, "\"params\""));
        L2L_TRY(check_slice(context, item, &slice, single));
    }
    return L2L_OK;
}

static void set_params(const l2l_plan *plan, const cJSON *object, const l2l_tensor *params) {
    for (int s = 0; s < plan->slice_count; s++) {
        const l2l_slice *slice = &plan->slices[s];
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, slice->name);
        int64_t i = slice->offset;
        for (const cJSON *value = item ? item->child : NULL; value; value = value->next)
            l2l_vector_set(params, i++, value->valuedouble);
    }
}

/* ---- the calls ---- */

static l2l_status read_options(l2l_context *context, const cJSON *root, l2l_plan_options *options) {
    const cJSON *channels = cJSON_GetObjectItemCaseSensitive(root, "channels");
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(root, "sample_scale");
    place to_channels = { context, "the text", "channels", NULL, &options->channels };
    place to_scale = { context, "the text", "sample_scale", NULL, &options->sample_scale };
    if (channels) L2L_TRY(read_int(&to_channels, channels));
    if (scale) L2L_TRY(read_double(&to_scale, scale));
    return L2L_OK;
}

static l2l_status build(l2l_context *context, const cJSON *root, l2l_plan **plan) {
    l2l_attributes attributes[L2L_MAX_STAGES];
    l2l_stage stages[L2L_MAX_STAGES];
    size_t count;
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    L2L_TRY(check_root(context, root));
    L2L_TRY(read_options(context, root, &options));
    L2L_TRY(read_stages(context, root, attributes, stages, &count));
    l2l_status status = l2l_plan_create(context, &options, stages, count, plan);
    if (status == L2L_INVALID_ARGUMENT) /* of the text's making, not the caller's */
        return l2l_fail(context, L2L_BAD_DATA, "%s", l2l_context_error(context));
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(root, "params");
    if (status == L2L_OK && params) status = check_params(context, *plan, params, false);
    if (status == L2L_OK) return L2L_OK;
    l2l_plan_destroy(*plan);
    *plan = NULL;
    return status;
}

l2l_status l2l_plan_from_json(l2l_context *context, const char *text, size_t size,
                              l2l_plan **plan) {
    cJSON *root;
    if (!plan) return l2l_fail(context, L2L_INVALID_ARGUMENT, "no place for the plan");
    *plan = NULL;
    L2L_TRY(parse(context, text, size, &root));
    l2l_status status = build(context, root, plan);
    cJSON_Delete(root);
    return status;
}

static l2l_status fill_params(l2l_context *context, const l2l_plan *plan, const cJSON *root,
                              const l2l_tensor *params) {
    L2L_TRY(check_root(context, root));
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "params");
    if (!object) return l2l_fail(context, L2L_BAD_DATA, "the text has no \"params\"");
    L2L_TRY(check_params(context, plan, object, params->dtype == L2L_F32));
    set_params(plan, object, params);
    return L2L_OK;
}

l2l_status l2l_params_from_json(l2l_context *context, const l2l_plan *plan, const char *text,
                                size_t size, const l2l_tensor *params) {
    cJSON *root;
    L2L_TRY(l2l_plan_check_params(context, plan, params));
    L2L_TRY(parse(context, text, size, &root));
    l2l_status status = fill_params(context, plan, root, params);
    cJSON_Delete(root);
    return status;
}
