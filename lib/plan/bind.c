/* Binds the tensors of a call to its job: everything that the caller gave is checked here. */
#include "plan/bind.h"

/* ---- views ---- */

/* Sees a checked tensor as (N,C,H,W); (N,H,W) is a batch only where channels say so. */
static l2l_view view_of(const l2l_tensor *tensor, int channels) {
    l2l_view v = { .tensor = *tensor, .shape = { 1, 1, 1, 1 } };
    int shift = 4 - tensor->ndim;
    for (int d = 0; d < tensor->ndim; d++) {
        v.shape[d + shift] = tensor->shape[d];
        v.stride[d + shift] = tensor->stride[d];
    }
    if (tensor->ndim == 3 && channels == 1) { /* (N,H,W) */
        v.shape[0] = tensor->shape[0];
        v.stride[0] = tensor->stride[0];
        v.shape[1] = 1;
        v.stride[1] = 0;
    }
    return v;
}

static l2l_status view_shaped(l2l_context *context, const l2l_tensor *tensor, const char *what,
                              const int64_t shape[4], l2l_view *view) {
    L2L_TRY(l2l_tensor_check(context, tensor, what));
    *view = view_of(tensor, (int)shape[1]);
    for (int d = 0; d < 4; d++)
        if (view->shape[d] != shape[d])
            return l2l_fail(context, L2L_INVALID_ARGUMENT,
                            "%s is (%lld,%lld,%lld,%lld), not (%lld,%lld,%lld,%lld)", what,
                            (long long)view->shape[0], (long long)view->shape[1],
                            (long long)view->shape[2], (long long)view->shape[3],
                            (long long)shape[0], (long long)shape[1], (long long)shape[2],
                            (long long)shape[3]);
    return L2L_OK;
}

static bool is_integer(l2l_dtype dtype) {
    return dtype == L2L_U8 || dtype == L2L_U16;
}

static l2l_status gradient_dtype(l2l_context *context, const l2l_tensor *tensor, const char *what) {
    if (tensor && is_integer(tensor->dtype))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s is %s: gradients are floating-point",
                        what, l2l_dtype_name(tensor->dtype));
    return L2L_OK;
}

static l2l_status vector_check(l2l_context *context, const l2l_tensor *vector, const char *what,
                               int64_t count) {
    L2L_TRY(l2l_tensor_check(context, vector, what));
    if (vector->dtype != L2L_F32 && vector->dtype != L2L_F64)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s is %s, not f32 or f64", what,
                        l2l_dtype_name(vector->dtype));
    if (vector->ndim != 1 || vector->shape[0] != count)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%s has %d dimensions and %lld values, not 1 and %lld", what, vector->ndim,
                        (long long)vector->shape[0], (long long)count);
    return L2L_OK;
}

/* ---- the tensors of a call ---- */

/* Input, params, output, target, two gradients, additive image and its gradient, state; taps. */
enum { MAX_TENSORS = 9 + 2 * L2L_MAX_STAGES };

typedef struct named {
    const l2l_tensor *tensor;
    const char *name;
    bool written;
} named;

typedef struct named_list {
    named item[MAX_TENSORS];
    int count;
} named_list;

static void list_add(named_list *list, const l2l_tensor *tensor, const char *name, bool written) {
    if (tensor) list->item[list->count++] = (named){ tensor, name, written };
}

static l2l_status no_overlap(l2l_context *context, const named_list *list) {
    for (int i = 0; i < list->count; i++)
        for (int j = 0; j < list->count; j++)
            if (list->item[i].written && (j > i || !list->item[j].written))
                L2L_TRY(l2l_tensor_disjoint(context, list->item[i].tensor, list->item[i].name,
                                            list->item[j].tensor, list->item[j].name));
    return L2L_OK;
}

static void shape_at(const l2l_job *job, int boundary, int64_t shape[4]) {
    shape[0] = job->images;
    shape[1] = job->chain->channels[boundary];
    shape[2] = job->height[boundary];
    shape[3] = job->width[boundary];
}

static l2l_status at_boundary(l2l_job *job, const l2l_tensor *tensor, const char *what,
                              int boundary, l2l_view *view) {
    int64_t shape[4];
    shape_at(job, boundary, shape);
    return view_shaped(job->context, tensor, what, shape, view);
}

static l2l_status bind_source(l2l_job *job, const l2l_tensor *src) {
    const l2l_chain *chain = job->chain;
    if (chain->count == 0)
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT, "a plan without stages does nothing");
    L2L_TRY((chain->channels[0] == 1 ? l2l_tensor_check_mosaic
                                     : l2l_tensor_check)(job->context, src, "the input"));
    if (src->ndim < 2)
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT,
                        "the input has %d dimensions; an image has 2 to 4", src->ndim);
    job->src = view_of(src, chain->channels[0]);
    if (job->src.shape[1] != chain->channels[0])
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT, "the input has %lld channels, not %d",
                        (long long)job->src.shape[1], chain->channels[0]);
    job->images = job->src.shape[0];
    for (int b = 0; b <= chain->count; b++) {
        job->height[b] = job->src.shape[2];
        job->width[b] = job->src.shape[3];
        L2L_TRY(l2l_chain_extent(job->context, chain, b, &job->height[b], &job->width[b]));
    }
    if (job->width[0] > INT32_MAX / 4 || job->height[0] > INT32_MAX / 4)
        return l2l_fail(job->context, L2L_UNSUPPORTED, "an image of %lld×%lld is too large",
                        (long long)job->width[0], (long long)job->height[0]);
    return L2L_OK;
}

static l2l_status bind_taps(l2l_job *job, const l2l_plan_extra *extra, const int *place,
                            named_list *list) {
    for (size_t i = 0; i < extra->tap_count; i++) {
        const l2l_tap *tap = &extra->taps[i];
        int b = place[tap->stage + 1];
        if (l2l_view_present(&job->tap[b]) || l2l_view_present(&job->grad_tap[b]))
            return l2l_fail(job->context, L2L_INVALID_ARGUMENT, "two taps at stage %zu",
                            tap->stage);
        if (tap->image) {
            L2L_TRY(at_boundary(job, tap->image, "a tap's image", b, &job->tap[b]));
            list_add(list, tap->image, "a tap's image", true);
        }
        if (tap->grad && job->backward) {
            L2L_TRY(gradient_dtype(job->context, tap->grad, "a tap's gradient"));
            L2L_TRY(at_boundary(job, tap->grad, "a tap's gradient", b, &job->grad_tap[b]));
            list_add(list, tap->grad, "a tap's gradient", true);
        }
    }
    return L2L_OK;
}

static l2l_status bind_additive(l2l_job *job, const l2l_plan_extra *extra, named_list *list) {
    int node = job->chain->additive_node;
    if (node < 0) {
        if (extra->additive || extra->grad_additive)
            return l2l_fail(job->context, L2L_INVALID_ARGUMENT,
                            "an additive image for a plan without an additive stage");
        return L2L_OK;
    }
    if (!extra->additive)
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT,
                        "the additive stage needs its image (l2l_plan_extra.additive)");
    int64_t shape[4];
    shape_at(job, node, shape);
    shape[0] = 1;
    L2L_TRY(
        view_shaped(job->context, extra->additive, "the additive image", shape, &job->additive));
    list_add(list, extra->additive, "the additive image", false);
    if (!extra->grad_additive || !job->backward) return L2L_OK;
    L2L_TRY(gradient_dtype(job->context, extra->grad_additive, "grad_additive"));
    L2L_TRY(view_shaped(job->context, extra->grad_additive, "grad_additive", shape,
                        &job->grad_additive));
    list_add(list, extra->grad_additive, "grad_additive", true);
    return L2L_OK;
}

static l2l_status bind_state(l2l_job *job, const l2l_plan_extra *extra, named_list *list) {
    int node = job->chain->batch_node;
    if (node < 0 && (extra->state || extra->evaluation))
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT,
                        "a state for a plan without batch normalisation");
    if (extra->evaluation && !extra->state)
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT,
                        "evaluation needs the state (l2l_plan_extra.state)");
    if (!extra->state) return L2L_OK;
    list_add(list, extra->state, "the state", !extra->evaluation && !job->backward);
    return vector_check(job->context, extra->state, "the state", 2 * job->chain->channels[node]);
}

static l2l_status bind_extra(l2l_job *job, const l2l_plan_extra *extra, const int *place,
                             named_list *list) {
    L2L_TRY(bind_taps(job, extra, place, list));
    L2L_TRY(bind_additive(job, extra, list));
    return bind_state(job, extra, list);
}

/* What forward and backward both read. */
static l2l_status bind_inputs(l2l_job *job, const l2l_tensor *params, const l2l_tensor *src,
                              named_list *list) {
    list->count = 0; /* the rest is long, and not read before it is written */
    L2L_TRY(bind_source(job, src));
    if (params) L2L_TRY(vector_check(job->context, params, "params", job->chain->param_count));
    list_add(list, src, "the input", false);
    list_add(list, params, "params", false);
    return L2L_OK;
}

l2l_status l2l_bind_forward(l2l_job *job, const l2l_tensor *params, const l2l_tensor *src,
                            const l2l_tensor *dst, const l2l_plan_extra *extra, const int *place) {
    named_list list;
    L2L_TRY(bind_inputs(job, params, src, &list));
    L2L_TRY(at_boundary(job, dst, "the output", job->chain->count, &job->dst));
    list_add(&list, dst, "the output", true);
    L2L_TRY(bind_extra(job, extra, place, &list));
    return no_overlap(job->context, &list);
}

static l2l_status bind_loss(l2l_job *job, const l2l_origin *origin, named_list *list) {
    const int top = job->chain->count;
    l2l_loss loss = L2L_LOSS_INIT;
    if (!l2l_options_copy(&loss, sizeof loss, origin->loss))
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT, "l2l_loss.struct_size is 0");
    if (loss.kind < L2L_LOSS_SQUARED || loss.kind > L2L_LOSS_PRODUCT)
        return l2l_fail(job->context, L2L_INVALID_ARGUMENT, "%d is no loss", (int)loss.kind);
    L2L_TRY(at_boundary(job, loss.target, "the target", top, &job->target));
    if (origin->dst) L2L_TRY(at_boundary(job, origin->dst, "the output", top, &job->dst));
    job->loss = loss.kind;
    job->loss_scale = loss.scale != 0.0
                          ? loss.scale
                          : 1.0 / ((double)job->images * job->chain->channels[top] *
                                   (double)job->height[top] * (double)job->width[top]);
    list_add(list, loss.target, "the target", false);
    list_add(list, origin->dst, "the output", true);
    return L2L_OK;
}

l2l_status l2l_bind_backward(l2l_job *job, const l2l_tensor *params, const l2l_tensor *src,
                             const l2l_origin *origin, const l2l_tensor *grad_src,
                             const l2l_tensor *grad_params, const l2l_plan_extra *extra,
                             const int *place) {
    const l2l_chain *chain = job->chain;
    l2l_context *context = job->context;
    named_list list;
    L2L_TRY(bind_inputs(job, params, src, &list));
    if (origin->loss) {
        L2L_TRY(bind_loss(job, origin, &list));
    } else {
        L2L_TRY(at_boundary(job, origin->grad_dst, "the output's gradient", chain->count,
                            &job->grad_dst));
        L2L_TRY(gradient_dtype(context, origin->grad_dst, "the output's gradient"));
    }
    if (grad_src) {
        L2L_TRY(at_boundary(job, grad_src, "the input's gradient", 0, &job->grad_src));
        L2L_TRY(gradient_dtype(context, grad_src, "the input's gradient"));
    }
    if (grad_params) L2L_TRY(vector_check(context, grad_params, "grad_params", chain->param_count));
    list_add(&list, origin->grad_dst, "the output's gradient", false);
    list_add(&list, grad_src, "the input's gradient", true);
    list_add(&list, grad_params, "grad_params", true);
    L2L_TRY(bind_extra(job, extra, place, &list));
    return no_overlap(context, &list);
}
