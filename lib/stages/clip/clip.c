/* Clip: attributes. */
#include "core/core.h"
#include "stages/stage.h"

static l2l_status configure(l2l_context *context, l2l_node *node) {
    const l2l_clip *clip = &node->attributes.clip;
    if (!(clip->lo <= clip->hi))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "clip: lo %g is not at most hi %g", clip->lo,
                        clip->hi);
    node->coef_count = 2;
    return L2L_OK;
}

static void prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                    double *coefs) {
    (void)height, (void)width, (void)params;
    coefs[0] = node->attributes.clip.lo;
    coefs[1] = node->attributes.clip.hi;
}

const l2l_stage_row l2l_clip_row = {
    .stage = "clip", .kind = L2L_CLIP, .shape = L2L_SHAPE_POINT, .needs = L2L_NEEDS_SRC,
    .configure = configure, .prepare = prepare,
};
