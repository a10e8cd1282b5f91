/* Single stages: chains of one, made for the call. */
#include "plan/stage_call.h"

#include "core/core.h"
#include "plan/chain.h"

static bool reads_mosaic(l2l_stage_kind kind) {
    return kind == L2L_BLACK_LEVEL || kind == L2L_DEMOSAIC;
}

int64_t l2l_stage_channels(const l2l_tensor *src, l2l_stage_kind kind) {
    if (reads_mosaic(kind) || src->ndim == 2) return 1;
    return src->shape[src->ndim == 3 ? 0 : 1];
}

/* The chain, and where the params tensor belongs. */
static l2l_status make_chain(l2l_context *context, const l2l_stage *stage, const l2l_tensor *src,
                             l2l_chain *chain) {
    L2L_TRY((reads_mosaic(stage->kind) ? l2l_tensor_check_mosaic
                                       : l2l_tensor_check)(context, src, "src"));
    if (src->ndim < 2)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "src has %d dimensions; an image has 2 to 4", src->ndim);
    int64_t channels = l2l_stage_channels(src, stage->kind);
    l2l_chain_init(chain, (int)channels, 1.0);
    return l2l_chain_append(context, chain, stage);
}

l2l_status l2l_stage_forward(l2l_context *context, const l2l_stage *stage,
                             const l2l_tensor *params, const l2l_tensor *src,
                             const l2l_tensor *dst) {
    l2l_chain chain;
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    L2L_TRY(make_chain(context, stage, src, &chain));
    bool additive = stage->kind == L2L_ADDITIVE;
    if (additive) extra.additive = params;
    return l2l_chain_forward(context, &chain, additive ? NULL : params, src, dst, &extra);
}

l2l_status l2l_stage_backward(l2l_context *context, const l2l_stage *stage,
                              const l2l_tensor *params, const l2l_tensor *src,
                              const l2l_tensor *grad_dst, l2l_grad_mode mode,
                              const l2l_tensor *grad_src, const l2l_tensor *grad_params) {
    l2l_chain chain;
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    L2L_TRY(make_chain(context, stage, src, &chain));
    if (stage->kind == L2L_ADDITIVE) {
        extra.additive = params;
        extra.grad_additive = grad_params;
        params = grad_params = NULL;
    }
    return l2l_chain_backward(context, &chain, params, src, &(l2l_origin){ .grad_dst = grad_dst },
                              mode, grad_src, grad_params,
                              &extra);
}

l2l_status l2l_stage_output_shape(l2l_context *context, const l2l_stage *stage, int64_t channels,
                                  int64_t height, int64_t width, int64_t shape[3]) {
    l2l_chain chain;
    if (channels < 1 || channels > L2L_MAX_CHANNELS)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%lld channels are not in 1..%d",
                        (long long)channels, L2L_MAX_CHANNELS);
    l2l_chain_init(&chain, (int)channels, 1.0);
    L2L_TRY(l2l_chain_append(context, &chain, stage));
    L2L_TRY(l2l_chain_extent(context, &chain, 1, &height, &width));
    shape[0] = chain.channels[1];
    shape[1] = height;
    shape[2] = width;
    return L2L_OK;
}

l2l_status l2l_stage_param_count(l2l_context *context, const l2l_stage *stage, int64_t channels,
                                 int64_t *count) {
    l2l_node node;
    L2L_TRY(l2l_node_configure(context, stage, (int)channels, &node));
    *count = node.param_count;
    return L2L_OK;
}

/* The public pair of every kind. */
#define STAGE_CALLS(name, stage_kind)                                                             \
    l2l_status l2l_##name##_forward(l2l_context *context, const l2l_##name *attributes,           \
                                    const l2l_tensor *params, const l2l_tensor *src,              \
                                    const l2l_tensor *dst) {                                      \
        return l2l_stage_forward(context, &(l2l_stage){ stage_kind, attributes }, params, src,    \
                                 dst);                                                            \
    }                                                                                             \
    l2l_status l2l_##name##_backward(l2l_context *context, const l2l_##name *attributes,          \
                                     const l2l_tensor *params, const l2l_tensor *src,             \
                                     const l2l_tensor *grad_dst, l2l_grad_mode mode,              \
                                     const l2l_tensor *grad_src, const l2l_tensor *grad_params) { \
        return l2l_stage_backward(context, &(l2l_stage){ stage_kind, attributes }, params, src,   \
                                  grad_dst, mode, grad_src, grad_params);                         \
    }

STAGE_CALLS(black_level, L2L_BLACK_LEVEL)
STAGE_CALLS(demosaic, L2L_DEMOSAIC)
STAGE_CALLS(white_balance, L2L_WHITE_BALANCE)
STAGE_CALLS(color_matrix, L2L_COLOR_MATRIX)
STAGE_CALLS(sharpen, L2L_SHARPEN)
STAGE_CALLS(denoise, L2L_DENOISE)
STAGE_CALLS(clip, L2L_CLIP)
STAGE_CALLS(gamma, L2L_GAMMA)
STAGE_CALLS(additive, L2L_ADDITIVE)
STAGE_CALLS(normalize, L2L_NORMALIZE)
#undef STAGE_CALLS
