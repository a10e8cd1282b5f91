/* Plans: creation, names, slices, and the calls that run them. */
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- creation ---- */

/* "gamma", and for a second stage of the kind "gamma2". */
static void name_stage(l2l_plan *plan, int index) {
    const char *base = plan->chain.nodes[index].row->stage;
    int before = 0;
    for (int i = 0; i < index; i++) before += plan->chain.nodes[i].row->kind ==
                                              plan->chain.nodes[index].row->kind;
    if (before)
        snprintf(plan->stage_name[index], L2L_NAME_SIZE, "%s%d", base, before + 1);
    else
        snprintf(plan->stage_name[index], L2L_NAME_SIZE, "%s", base);
}

static void name_slices(l2l_plan *plan, int index) {
    const l2l_node *node = &plan->chain.nodes[index];
    int64_t offset = node->param_offset;
    for (int s = 0; s < L2L_MAX_SLICES; s++) {
        if (!node->slices[s].count) continue;
        char *name = plan->slice_name[plan->slice_count];
        snprintf(name, L2L_NAME_SIZE, "%.30s.%.16s", plan->stage_name[index],
                 node->slices[s].name);
        plan->slices[plan->slice_count++] = (l2l_slice){ name, offset, node->slices[s].count };
        offset += node->slices[s].count;
    }
}

static l2l_status fill(l2l_context *context, l2l_plan *plan, const l2l_stage *stages,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        L2L_TRY(l2l_chain_append(context, &plan->chain, &stages[i]));
        name_stage(plan, (int)i);
        name_slices(plan, (int)i);
    }
    return L2L_OK;
}

l2l_status l2l_plan_create(l2l_context *context, const l2l_plan_options *given,
                           const l2l_stage *stages, size_t count, l2l_plan **result) {
    if (!result) return l2l_fail(context, L2L_INVALID_ARGUMENT, "no place for the plan");
    *result = NULL;
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    if (given && !l2l_options_copy(&options, sizeof options, given))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_plan_options.struct_size is 0");
    if (options.channels < 1 || options.channels > L2L_MAX_CHANNELS)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%d channels are not in 1..%d",
                        options.channels, L2L_MAX_CHANNELS);
    if (!isfinite(options.sample_scale))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "sample_scale is %g", options.sample_scale);
    if (count == 0 || !stages)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "a plan needs at least one stage");
    l2l_allocator allocator = l2l_context_allocator(context);
    l2l_plan *plan = l2l_allocate(&allocator, sizeof *plan);
    if (!plan) return l2l_fail(context, L2L_OUT_OF_MEMORY, "no memory for a plan");
    plan->allocator = allocator;
    l2l_chain_init(&plan->chain, options.channels, options.sample_scale);
    l2l_status status = fill(context, plan, stages, count);
    if (status != L2L_OK)
        l2l_plan_destroy(plan);
    else
        *result = plan;
    return status;
}

void l2l_plan_destroy(l2l_plan *plan) {
    if (!plan) return;
    l2l_allocator allocator = plan->allocator;
    l2l_release(&allocator, plan, sizeof *plan);
}

/* ---- stages and slices ---- */

static l2l_status check_not_null(l2l_context *context, const void *pointer, const char *what) {
    return pointer ? L2L_OK : l2l_fail(context, L2L_INVALID_ARGUMENT, "%s is NULL", what);
}

int64_t l2l_plan_param_count(const l2l_plan *plan) { return plan ? plan->chain.param_count : 0; }

size_t l2l_plan_slice_count(const l2l_plan *plan) { return plan ? (size_t)plan->slice_count : 0; }

l2l_status l2l_plan_slice_at(l2l_context *context, const l2l_plan *plan, size_t index,
                             l2l_slice *slice) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    L2L_TRY(check_not_null(context, slice, "the place for the slice"));
    if (index >= (size_t)plan->slice_count)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "slice %zu of %d", index, plan->slice_count);
    *slice = plan->slices[index];
    return L2L_OK;
}

l2l_status l2l_plan_find_slice(l2l_context *context, const l2l_plan *plan, const char *name,
                               l2l_slice *slice) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    L2L_TRY(check_not_null(context, slice, "the place for the slice"));
    for (int i = 0; name && i < plan->slice_count; i++)
        if (!strcmp(plan->slices[i].name, name)) {
            *slice = plan->slices[i];
            return L2L_OK;
        }
    return l2l_fail(context, L2L_INVALID_ARGUMENT, "the plan has no parameters named %.80s",
                    name ? name : "NULL");
}

size_t l2l_plan_stage_count(const l2l_plan *plan) { return plan ? (size_t)plan->chain.count : 0; }

const char *l2l_plan_stage_name(const l2l_plan *plan, size_t stage) {
    return stage < l2l_plan_stage_count(plan) ? plan->stage_name[stage] : NULL;
}

l2l_status l2l_plan_find_stage(l2l_context *context, const l2l_plan *plan, const char *name,
                               size_t *stage) {
    static const char *const aliases[][2] = {
        { "color_correct", "color_matrix" }, { "sharpening", "sharpen" },
        { "gaussian", "denoise" },           { "clipped", "clip" },
        { "gamma_correct", "gamma" },        { "noise", "additive" },
    };
    const char *wanted = name ? name : "NULL";
    L2L_TRY(check_not_null(context, plan, "the plan"));
    L2L_TRY(check_not_null(context, stage, "the place for the stage"));
    for (size_t a = 0; a < sizeof aliases / sizeof aliases[0]; a++)
        if (!strcmp(aliases[a][0], wanted)) wanted = aliases[a][1];
    for (int i = 0; i < plan->chain.count; i++)
        if (!strcmp(plan->stage_name[i], wanted)) {
            *stage = (size_t)i;
            return L2L_OK;
        }
    return l2l_fail(context, L2L_INVALID_ARGUMENT, "the plan has no stage %.80s", wanted);
}

l2l_status l2l_plan_output_shape(l2l_context *context, const l2l_plan *plan, size_t stage,
                                 int64_t height, int64_t width, int64_t shape[3]) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    L2L_TRY(check_not_null(context, shape, "the place for the shape"));
    if (stage >= (size_t)plan->chain.count)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "stage %zu of %d", stage, plan->chain.count);
    if (height < 1 || width < 1)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "an image of %lld×%lld", (long long)height,
                        (long long)width);
    L2L_TRY(l2l_chain_extent(context, &plan->chain, (int)stage + 1, &height, &width));
    shape[0] = plan->chain.channels[stage + 1];
    shape[1] = height;
    shape[2] = width;
    return L2L_OK;
}

/* ---- parameters ---- */

l2l_status l2l_plan_check_params(l2l_context *context, const l2l_plan *plan,
                                 const l2l_tensor *params) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    L2L_TRY(l2l_tensor_check(context, params, "params"));
    if (params->dtype != L2L_F32 && params->dtype != L2L_F64)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "params is %s, not f32 or f64",
                        l2l_dtype_name(params->dtype));
    if (params->ndim != 1 || params->shape[0] != plan->chain.param_count)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "params has %d dimensions and %lld values, not 1 and %d", params->ndim,
                        (long long)params->shape[0], plan->chain.param_count);
    return L2L_OK;
}

l2l_status l2l_plan_default_params(l2l_context *context, const l2l_plan *plan,
                                   const l2l_tensor *params) {
    L2L_TRY(l2l_plan_check_params(context, plan, params));
    size_t bytes;
    if (!l2l_mul_size((size_t)plan->chain.param_count, sizeof(double), &bytes))
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "parameters overflow");
    double *values = l2l_scratch(context, L2L_SCRATCH_CALL, bytes);
    if (!values) return l2l_fail(context, L2L_OUT_OF_MEMORY, "no memory for %zu bytes", bytes);
    l2l_chain_defaults(&plan->chain, values);
    for (int i = 0; i < plan->chain.param_count; i++) l2l_vector_set(params, i, values[i]);
    return L2L_OK;
}

l2l_status l2l_plan_set_slice(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                              const char *name, const double *values, int64_t count) {
    l2l_slice slice;
    L2L_TRY(l2l_plan_check_params(context, plan, params));
    L2L_TRY(l2l_plan_find_slice(context, plan, name, &slice));
    if (count != slice.count || !values)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s has %lld values, not %lld", name,
                        (long long)slice.count, (long long)count);
    for (int64_t i = 0; i < count; i++) l2l_vector_set(params, slice.offset + i, values[i]);
    return L2L_OK;
}

/* ---- running ---- */

l2l_status l2l_plan_forward(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                            const l2l_tensor *mosaic, const l2l_tensor *image,
                            const l2l_plan_extra *extra) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    return l2l_chain_forward(context, &plan->chain, params, mosaic, image, extra);
}

l2l_status l2l_plan_backward(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                             const l2l_tensor *mosaic, const l2l_tensor *grad_image,
                             l2l_grad_mode mode, const l2l_tensor *grad_mosaic,
                             const l2l_tensor *grad_params, const l2l_plan_extra *extra) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    return l2l_chain_backward(context, &plan->chain, params, mosaic,
                              &(l2l_origin){ .grad_dst = grad_image }, mode, grad_mosaic,
                              grad_params, extra);
}

l2l_status l2l_plan_loss(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                         const l2l_tensor *mosaic, const l2l_loss *loss, double *value,
                         const l2l_tensor *image, l2l_grad_mode mode,
                         const l2l_tensor *grad_mosaic, const l2l_tensor *grad_params,
                         const l2l_plan_extra *extra) {
    L2L_TRY(check_not_null(context, plan, "the plan"));
    L2L_TRY(check_not_null(context, loss, "the loss"));
    return l2l_chain_backward(context, &plan->chain, params, mosaic,
                              &(l2l_origin){ .loss = loss, .value = value, .dst = image }, mode,
                              grad_mosaic, grad_params, extra);
}
