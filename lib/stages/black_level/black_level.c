/* Black level: attributes, coefficients, gradient of the levels. */
#include "core/core.h"
#include "stages/stage.h"

#include <math.h>

static l2l_status configure(l2l_context *context, l2l_node *node) {
    if (node->in_channels != 1)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "black_level works on a mosaic, not on %d channels", node->in_channels);
    if (node->attributes.black_level.rescale && !isfinite(node->attributes.black_level.white))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "black_level: white is %g",
                        node->attributes.black_level.white);
    node->slices[0] = (l2l_slice_spec){ "level", 4 };
    node->coef_count = 9;
    node->sum_count = 8;
    return L2L_OK;
}

static void defaults(const l2l_node *node, double *params) {
    (void)node;
    for (int s = 0; s < 4; s++) params[s] = 0.0;
}

static double gain(const l2l_node *node, double level) {
    return node->attributes.black_level.rescale ? 1.0 / (node->attributes.black_level.white - level)
                                                : 1.0;
}

static void prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                    double *coefs) {
    (void)height, (void)width;
    for (int s = 0; s < 4; s++) {
        coefs[s] = params[s];
        coefs[4 + s] = gain(node, params[s]);
    }
    coefs[8] = node->attributes.black_level.rescale ? node->attributes.black_level.white : 0.0;
}

/* y = x − b: −1. y = (x − b)/(w − b): (x − w)/(w − b)². */
static void unfold(const l2l_node *node, int64_t height, int64_t width, const double *params,
                   double *sums, double *work, double *grads) {
    (void)height, (void)width, (void)work;
    for (int s = 0; s < 4; s++) {
        double k = gain(node, params[s]);
        grads[s] = node->attributes.black_level.rescale ? sums[4 + s] * k * k : -sums[s];
    }
}

const l2l_stage_row l2l_black_level_row = {
    .stage = "black_level",
    .kind = L2L_BLACK_LEVEL,
    .shape = L2L_SHAPE_POINT,
    .in_place = true,
    .configure = configure,
    .defaults = defaults,
    .prepare = prepare,
    .unfold = unfold,
};
