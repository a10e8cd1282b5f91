/* Sharpen: attributes, coefficients and gradients of its two methods. */
#include "core/core.h"
#include "stages/shapes/gaussian.h"
#include "stages/shapes/plane.h"
#include "stages/stage.h"

static l2l_status configure(l2l_context *context, l2l_node *node, int standard,
                            l2l_border reference) {
    const l2l_sharpen *sharpen = &node->attributes.sharpen;
    return l2l_plane_configure(context, node, sharpen->space, sharpen->border, reference,
                               sharpen->radius ? sharpen->radius : standard, L2L_MAX_RADIUS);
}

static l2l_status configure_kernel(l2l_context *context, l2l_node *node) {
    L2L_TRY(configure(context, node, 1, L2L_BORDER_ZERO));
    int side = 2 * node->radius + 1;
    node->slices[0] = (l2l_slice_spec){ "kernel", side * side };
    node->lane_count = 16 * side * side;
    return L2L_OK;
}

/* Five times the centre less its four neighbours, in a window of any size. */
static void defaults_kernel(const l2l_node *node, double *params) {
    int r = node->radius, side = 2 * r + 1;
    for (int k = 0; k < side * side; k++) params[k] = 0.0;
    params[r * side + r] = 5.0;
    params[(r - 1) * side + r] = params[(r + 1) * side + r] = -1.0;
    params[r * side + r - 1] = params[r * side + r + 1] = -1.0;
}

static l2l_status configure_unsharp(l2l_context *context, l2l_node *node) {
    L2L_TRY(configure(context, node, 4, L2L_BORDER_SYMMETRIC));
    node->slices[0] = (l2l_slice_spec){ "amount", 1 };
    node->slices[1] = (l2l_slice_spec){ "sigma", 1 };
    node->coef_count = l2l_gaussian_coef_count(node->radius);
    node->sum_count = 2;
    return L2L_OK;
}

static void defaults_unsharp(const l2l_node *node, double *params) {
    (void)node;
    params[0] = params[1] = 1.0;
}

static void prepare_unsharp(const l2l_node *node, int64_t height, int64_t width,
                            const double *params, double *coefs) {
    (void)height, (void)width;
    l2l_gaussian_coefs(1.0 + params[0], -params[0], params[1], node->radius, coefs);
}

static void unfold_unsharp(const l2l_node *node, int64_t height, int64_t width,
                           const double *params, double *sums, double *work, double *grads) {
    (void)node, (void)height, (void)width, (void)work;
    grads[0] = sums[1];
    grads[1] = -params[0] * sums[0];
}

const l2l_stage_row l2l_sharpen_kernel_row = {
    .stage = "sharpen", .method = "kernel", .kind = L2L_SHARPEN, .method_id = L2L_SHARPEN_KERNEL,
    .shape = L2L_SHAPE_PLANE,
    .configure = configure_kernel, .defaults = defaults_kernel,
};

const l2l_stage_row l2l_sharpen_unsharp_row = {
    .stage = "sharpen", .method = "unsharp", .kind = L2L_SHARPEN,
    .method_id = L2L_SHARPEN_UNSHARP, .shape = L2L_SHAPE_PLANE,
    .configure = configure_unsharp, .defaults = defaults_unsharp, .prepare = prepare_unsharp,
    .unfold = unfold_unsharp,
};
