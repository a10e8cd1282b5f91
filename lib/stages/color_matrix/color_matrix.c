/* Colour matrix: attributes. The coefficients are the parameters, the sums their gradients. */
#include "core/core.h"
#include "stages/stage.h"

static l2l_status configure(l2l_context *context, l2l_node *node) {
    if (node->in_channels != 3)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "color_matrix takes 3 channels, not %d",
                        node->in_channels);
    node->slices[0] = (l2l_slice_spec){ "matrix", 9 };
    node->slices[1] = (l2l_slice_spec){ "offset", node->attributes.color_matrix.offset ? 3 : 0 };
    return L2L_OK;
}

static void defaults(const l2l_node *node, double *params) {
    for (int i = 0; i < node->param_count; i++) params[i] = 0.0;
    for (int k = 0; k < 3; k++) params[4 * k] = 1.0;
}

/* Folds without an offset only; lib/plan/fold.c asks. */
static void matrix(const l2l_node *node, const double *params, double m[9]) {
    (void)node;
    for (int i = 0; i < 9; i++) m[i] = params[i];
}

static void matrix_grad(const l2l_node *node, const double *params, const double grad[9],
                        double *grads) {
    (void)node, (void)params;
    for (int i = 0; i < 9; i++) grads[i] = grad[i];
}

const l2l_stage_row l2l_color_matrix_row = {
    .stage = "color_matrix", .kind = L2L_COLOR_MATRIX, .shape = L2L_SHAPE_POINT,
    .configure = configure, .defaults = defaults, .matrix = matrix, .matrix_grad = matrix_grad,
};
