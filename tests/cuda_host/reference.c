/* Runs a stage by the library's own calls, and prepares the same stage for other kernels. */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>

#include "plan/job.h"
#include "plan/stage_call.h"

static char message[256];

static const char *failed(const l2l_context *context) {
    snprintf(message, sizeof message, "%s", l2l_context_error(context));
    return message;
}

static l2l_status open_context(const l2l_reference *r, l2l_isa isa, l2l_context **context) {
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    options.isa = isa;
    options.tile_width = r->tile_width;
    options.tile_height = r->tile_height;
    return l2l_context_create(&options, context);
}

const char *l2l_reference_prepare(l2l_reference *r) {
    l2l_context *context;
    if (open_context(r, L2L_ISA_BEST, &context)) return "no context";
    l2l_chain chain;
    l2l_job job = { .context = context, .chain = &chain, .images = 1, .moments_at = -1 };
    const l2l_stage stage = { r->kind, r->attributes };
    const char *error = NULL;
    l2l_chain_init(&chain, r->channels, 1.0);
    if (l2l_chain_append(context, &chain, &stage)) {
        error = failed(context);
    } else {
        job.height[0] = job.height[1] = r->height;
        job.width[0] = job.width[1] = r->width;
        job.kernels = l2l_kernels_for(l2l_context_isa(context), L2L_F32);
        l2l_job_layout(&job);
        r->tiles = (l2l_tiles){ job.tile_width, job.tile_height, job.tiles_x, job.tiles_y };
        r->node = chain.nodes[0];
        double *coefs = calloc((size_t)chain.coef_count, sizeof *coefs);
        r->coefs = calloc((size_t)chain.coef_count, sizeof *r->coefs);
        if (coefs && r->coefs) {
            r->node.row->prepare(&r->node, r->height, r->width, r->params, coefs);
            if (r->node.row->prepare_backward)
                r->node.row->prepare_backward(&r->node, r->height, r->width, r->params, coefs);
            for (int i = 0; i < chain.coef_count; i++) r->coefs[i] = (float)coefs[i];
        } else {
            error = "no memory";
        }
        free(coefs);
    }
    l2l_context_destroy(context);
    return error;
}

/* Alone by the stage's own calls; with a clip as a plan, which folds the two. */
const char *l2l_reference_run(l2l_reference *r, l2l_isa isa) {
    l2l_context *context;
    if (open_context(r, isa, &context)) return "no context";
    const l2l_clip clip = { sizeof clip, r->lo, r->hi };
    const l2l_stage stages[2] = { { L2L_CLIP, &clip }, { r->kind, r->attributes } };
    const l2l_plan_options options = { sizeof options, r->channels, 1.0 };
    const int out = r->node.out_channels;
    l2l_tensor params = l2l_vector(r->params, L2L_F64, r->node.param_count);
    l2l_tensor grad_params = l2l_vector(r->grad_params, L2L_F64, r->node.param_count);
    l2l_tensor src =
        l2l_image((void *)(uintptr_t)r->src, L2L_F32, r->channels, r->height, r->width);
    l2l_tensor grad_dst =
        l2l_image((void *)(uintptr_t)r->grad_dst, L2L_F32, out, r->height, r->width);
    l2l_tensor dst = l2l_image(r->dst, L2L_F32, out, r->height, r->width);
    l2l_tensor grad_src = l2l_image(r->grad_src, L2L_F32, r->channels, r->height, r->width);
    l2l_plan *plan = NULL;
    l2l_status status;
    if (r->clipped) {
        status = l2l_plan_create(context, &options, stages, 2, &plan);
        if (!status) status = l2l_plan_forward(context, plan, &params, &src, &dst, NULL);
        if (!status)
            status = l2l_plan_backward(context, plan, &params, &src, &grad_dst, L2L_GRAD_WRITE,
                                       &grad_src, &grad_params, NULL);
    } else {
        status = l2l_stage_forward(context, &stages[1], &params, &src, &dst);
        if (!status)
            status = l2l_stage_backward(context, &stages[1], &params, &src, &grad_dst,
                                        L2L_GRAD_WRITE, &grad_src, &grad_params);
    }
    const char *error = status ? failed(context) : NULL;
    l2l_plan_destroy(plan);
    l2l_context_destroy(context);
    return error;
}

void l2l_reference_unfold(const l2l_reference *r, double *sums, double *grad_params) {
    r->node.row->unfold(&r->node, r->height, r->width, r->params, sums, NULL, grad_params);
    for (int i = 0; i < r->node.param_count; i++) grad_params[i] += 0.0; /* as they are written */
}
