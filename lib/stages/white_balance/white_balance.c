/* White balance: attributes. The coefficients are the gains, the sums their gradients. */
#include "stages/stage.h"

static l2l_status configure(l2l_context *context, l2l_node *node) {
    (void)context;
    node->slices[0] = (l2l_slice_spec){ "gain", node->in_channels };
    return L2L_OK;
}

static void defaults(const l2l_node *node, double *params) {
    for (int c = 0; c < node->in_channels; c++) params[c] = 1.0;
}

static void matrix(const l2l_node *node, const double *params, double m[9]) {
    (void)node;
    for (int i = 0; i < 9; i++) m[i] = i % 4 == 0 ? params[i / 4] : 0.0;
}

static void matrix_grad(const l2l_node *node, const double *params, const double grad[9],
                        double *grads) {
    (void)node, (void)params;
    for (int c = 0; c < 3; c++) grads[c] = grad[4 * c];
}

const l2l_stage_row l2l_white_balance_row = {
    .stage = "white_balance", .kind = L2L_WHITE_BALANCE, .shape = L2L_SHAPE_POINT,
    .configure = configure, .defaults = defaults, .matrix = matrix, .matrix_grad = matrix_grad,
};
