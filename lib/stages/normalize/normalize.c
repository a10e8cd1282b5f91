/* Normalize: given statistics are parameters; those of the batch are put into the coefficients by
   the executor (lib/plan/batch.c), which measures them. */
#include "core/core.h"
#include "stages/stage.h"

#include <math.h>

enum { COEFS = 4 };

static l2l_status configure_given(l2l_context *context, l2l_node *node) {
    (void)context;
    node->slices[0] = (l2l_slice_spec){ "mean", node->in_channels };
    node->slices[1] = (l2l_slice_spec){ "std", node->in_channels };
    node->coef_count = COEFS * node->in_channels;
    node->sum_count = 2 * node->in_channels;
    return L2L_OK;
}

static void defaults_given(const l2l_node *node, double *params) {
    for (int c = 0; c < node->in_channels; c++) {
        params[c] = 0.0;
        params[node->in_channels + c] = 1.0;
    }
}

static void prepare_given(const l2l_node *node, int64_t height, int64_t width,
                          const double *params, double *coefs) {
    (void)height, (void)width;
    for (int c = 0; c < node->in_channels; c++, coefs += COEFS) {
        coefs[0] = params[c];
        coefs[1] = 1.0 / params[node->in_channels + c];
        coefs[2] = coefs[3] = 0.0;
    }
}

static void unfold_given(const l2l_node *node, int64_t height, int64_t width, const double *params,
                         double *sums, double *work, double *grads) {
    (void)height, (void)width, (void)work;
    for (int c = 0; c < node->in_channels; c++) {
        double std = params[node->in_channels + c];
        grads[c] = -sums[c] / std;
        grads[node->in_channels + c] = -sums[node->in_channels + c] / (std * std);
    }
}

static l2l_status configure_batch(l2l_context *context, l2l_node *node) {
    const l2l_normalize *normalize = &node->attributes.normalize;
    if (!(normalize->epsilon >= 0) || !isfinite(normalize->epsilon))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "normalize: epsilon is %g",
                        normalize->epsilon);
    if (!(normalize->momentum >= 0 && normalize->momentum <= 1))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "normalize: momentum is %g, not in [0, 1]",
                        normalize->momentum);
    node->coef_count = COEFS * node->in_channels;
    return L2L_OK;
}

const l2l_stage_row l2l_normalize_given_row = {
    .stage = "normalize", .method = "given", .kind = L2L_NORMALIZE,
    .method_id = L2L_NORMALIZE_GIVEN, .shape = L2L_SHAPE_POINT,
    .configure = configure_given, .defaults = defaults_given, .prepare = prepare_given,
    .unfold = unfold_given,
};

const l2l_stage_row l2l_normalize_batch_row = {
    .stage = "normalize", .method = "batch", .kind = L2L_NORMALIZE,
    .method_id = L2L_NORMALIZE_BATCH, .shape = L2L_SHAPE_POINT, .needs = L2L_NEEDS_SRC,
    .configure = configure_batch,
};
