/* Forward and backward of a chain: coefficients, the job, the gradients' unfolding. */
#include "plan/bind.h"
#include "plan/fold.h"

#include <string.h>

/* The chain that runs: folded, except where a tap looks between stages. */
static l2l_status fold(l2l_context *context, const l2l_chain *chain, const l2l_plan_extra *given,
                       l2l_plan_extra *extra, l2l_chain *folded, int place[L2L_MAX_BOUNDARIES]) {
    bool keep[L2L_MAX_BOUNDARIES] = { false };
    *extra = (l2l_plan_extra)L2L_PLAN_EXTRA_INIT;
    if (given && !l2l_options_copy(extra, sizeof *extra, given))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_plan_extra.struct_size is 0");
    if (extra->tap_count && !extra->taps)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%zu taps at NULL", extra->tap_count);
    for (size_t i = 0; i < extra->tap_count; i++) {
        if (extra->taps[i].stage >= (size_t)chain->count)
            return l2l_fail(context, L2L_INVALID_ARGUMENT, "a tap at stage %zu of %d",
                            extra->taps[i].stage, chain->count);
        keep[extra->taps[i].stage + 1] = true;
    }
    l2l_chain_fold(chain, keep, folded, place);
    return L2L_OK;
}

/* ---- coefficients ---- */

/* What a call keeps while it runs, in the context's scratch. */
typedef struct workspace {
    double *params, *coefs, *sums, *grads;
    char *real_coefs;
} workspace;

static l2l_status take_workspace(l2l_job *job, workspace *w) {
    const l2l_chain *chain = job->chain;
    size_t sums = (size_t)chain->sum_count;
    if (job->sums_per_tile > (int)sums) sums = (size_t)job->sums_per_tile;
    size_t tiles, partials, bytes;
    size_t numbers = 2 * (size_t)chain->param_count + 2 * (size_t)chain->coef_count + sums;
    if (!l2l_mul_size((size_t)job->images, (size_t)job->most_tiles, &tiles) ||
        !l2l_mul_size(tiles, (size_t)job->sums_per_tile, &partials) ||
        !l2l_mul_size(partials + numbers, sizeof(double), &bytes))
        return l2l_fail(job->context, L2L_OUT_OF_MEMORY, "partial sums overflow");
    double *memory = l2l_scratch(job->context, L2L_SCRATCH_CALL, bytes ? bytes : sizeof(double));
    if (!memory)
        return l2l_fail(job->context, L2L_OUT_OF_MEMORY, "no memory for %zu bytes of sums", bytes);
    w->params = memory;
    w->grads = w->params + chain->param_count;
    w->coefs = w->grads + chain->param_count;
    w->sums = w->coefs + chain->coef_count;
    w->real_coefs = (char *)(w->sums + sums);
    job->partials = job->sums_per_tile ? (double *)w->real_coefs + chain->coef_count : NULL;
    job->coefs = w->real_coefs;
    return L2L_OK;
}

static void prepare_coefs(const l2l_job *job, const l2l_chain *whole, const l2l_tensor *params,
                          workspace *w) {
    const l2l_chain *chain = job->chain;
    if (params)
        for (int i = 0; i < chain->param_count; i++) w->params[i] = l2l_vector_get(params, i);
    else
        l2l_chain_defaults(whole, w->params);
    for (int i = 0; i < chain->count; i++) {
        const l2l_node *node = &chain->nodes[i];
        double *coefs = w->coefs + chain->coef_offset[i], *own = w->params + node->param_offset;
        if (node->row->prepare)
            node->row->prepare(node, job->height[i], job->width[i], own, coefs);
        else if (node->param_count)
            memcpy(coefs, own, (size_t)node->coef_count * sizeof *coefs);
        if (job->backward && node->row->prepare_backward)
            node->row->prepare_backward(node, job->height[i], job->width[i], own, coefs);
    }
}

static l2l_status statistics(l2l_job *job, const l2l_plan_extra *extra, workspace *w) {
    int node = job->chain->batch_node;
    if (node < 0) return L2L_OK;
    double *coefs = w->coefs + job->chain->coef_offset[node];
    memset(coefs, 0, (size_t)job->chain->nodes[node].coef_count * sizeof *coefs);
    job->kernels->coefs(w->real_coefs, w->coefs, job->chain->coef_count);
    return l2l_batch_statistics(job, coefs, extra->state, extra->evaluation);
}

/* Double where any of the pixels is. */
static l2l_dtype arithmetic(const l2l_job *job) {
    const l2l_view *views[] = { &job->src, &job->dst, &job->grad_dst, &job->grad_src,
                                &job->target };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (l2l_view_present(views[i]) && views[i]->tensor.dtype == L2L_F64) return L2L_F64;
    return L2L_F32;
}

static int at_least(int a, int b) {
    return a > b ? a : b;
}

/* ---- forward ---- */

l2l_status l2l_chain_forward(l2l_context *context, const l2l_chain *whole, const l2l_tensor *params,
                             const l2l_tensor *src, const l2l_tensor *dst,
                             const l2l_plan_extra *given) {
    l2l_chain folded;
    const l2l_chain *chain = &folded;
    int place[L2L_MAX_BOUNDARIES];
    l2l_plan_extra extra;
    workspace w;
    L2L_TRY(fold(context, whole, given, &extra, &folded, place));
    l2l_job job = { .context = context, .chain = chain, .moments_at = -1, .top = chain->count };
    L2L_TRY(l2l_bind_forward(&job, params, src, dst, &extra, place));

    job.kernels = l2l_kernels_for(l2l_context_isa(context), arithmetic(&job));
    l2l_job_layout(&job);
    if (chain->batch_node >= 0) job.sums_per_tile = 2 * chain->channels[chain->batch_node];
    L2L_TRY(take_workspace(&job, &w));
    prepare_coefs(&job, whole, params, &w);
    L2L_TRY(statistics(&job, &extra, &w));
    job.kernels->coefs(w.real_coefs, w.coefs, chain->coef_count);
    L2L_TRY(l2l_job_run(&job));
    if (chain->batch_node >= 0 && extra.state && !extra.evaluation)
        l2l_batch_update_state(&job, extra.state);
    return L2L_OK;
}

/* ---- backward ---- */

/* The lowest boundary whose cotangent anybody wants; −1 if nobody wants any. */
static int lowest_boundary(const l2l_job *job) {
    const l2l_chain *chain = job->chain;
    if (l2l_view_present(&job->grad_src)) return 0;
    for (int b = 1; b <= chain->count; b++) {
        bool sums = job->want_sums && chain->nodes[b - 1].sum_count > 0;
        bool additive = b - 1 == chain->additive_node && l2l_view_present(&job->grad_additive);
        if (sums || additive || l2l_view_present(&job->grad_tap[b])) return b;
    }
    return -1;
}

static void write_param_grads(const l2l_job *job, workspace *w, const l2l_tensor *grad_params) {
    const l2l_chain *chain = job->chain;
    for (int i = 0; i < chain->count; i++) {
        const l2l_node *node = &chain->nodes[i];
        double *sums = w->sums + chain->sum_offset[i], *grads = w->grads + node->param_offset;
        if (node->row->unfold)
            node->row->unfold(node, job->height[i], job->width[i], w->params + node->param_offset,
                              sums, w->coefs, grads);
        else if (node->param_count)
            memcpy(grads, sums, (size_t)node->param_count * sizeof *grads);
    }
    for (int i = 0; i < chain->param_count; i++) {
        double before = job->add ? l2l_vector_get(grad_params, i) : 0.0;
        l2l_vector_set(grad_params, i, before + w->grads[i]);
    }
}

l2l_status l2l_chain_backward(l2l_context *context, const l2l_chain *whole,
                              const l2l_tensor *params, const l2l_tensor *src,
                              const l2l_origin *origin, l2l_grad_mode mode,
                              const l2l_tensor *grad_src, const l2l_tensor *grad_params,
                              const l2l_plan_extra *given) {
    l2l_chain folded;
    const l2l_chain *chain = &folded;
    int place[L2L_MAX_BOUNDARIES];
    l2l_plan_extra extra;
    workspace w;
    L2L_TRY(fold(context, whole, given, &extra, &folded, place));
    l2l_job job = { .context = context,
                    .chain = chain,
                    .moments_at = -1,
                    .top = chain->count,
                    .backward = true,
                    .add = mode == L2L_GRAD_ADD,
                    .loss_sum = -1 };
    if (mode != L2L_GRAD_WRITE && mode != L2L_GRAD_ADD)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%d is no gradient mode", (int)mode);
    L2L_TRY(l2l_bind_backward(&job, params, src, origin, grad_src, grad_params, &extra, place));
    job.want_sums = grad_params && chain->sum_count > 0;
    job.lowest = lowest_boundary(&job);
    bool values = origin->value || origin->dst;
    for (int b = 1; b <= chain->count; b++) values = values || l2l_view_present(&job.tap[b]);
    if (job.lowest < 0 && !values) return L2L_OK;
    if (job.lowest < 0) job.lowest = chain->count;

    job.kernels = l2l_kernels_for(l2l_context_isa(context), arithmetic(&job));
    l2l_job_layout(&job);
    job.sums_per_tile = job.want_sums ? chain->sum_count : 0;
    if (origin->value) job.loss_sum = job.sums_per_tile++;
    if (chain->batch_node >= 0)
        job.sums_per_tile = at_least(job.sums_per_tile, 2 * chain->channels[chain->batch_node]);
    L2L_TRY(take_workspace(&job, &w));
    prepare_coefs(&job, whole, params, &w);
    L2L_TRY(statistics(&job, &extra, &w));
    job.kernels->coefs(w.real_coefs, w.coefs, chain->coef_count);
    L2L_TRY(l2l_job_run(&job));
    if (job.sums_per_tile) l2l_job_reduce(&job, w.sums);
    if (origin->value) *origin->value = job.loss_scale * w.sums[job.loss_sum];
    if (job.want_sums) write_param_grads(&job, &w, grad_params);
    return L2L_OK;
}
