/* Denoise: attributes, coefficients and gradients of its three methods. */
#include "core/core.h"
#include "stages/shapes/gaussian.h"
#include "stages/shapes/plane.h"
#include "stages/stage.h"

static l2l_status configure(l2l_context *context, l2l_node *node, int standard, int most,
                            l2l_border reference) {
    const l2l_denoise *denoise = &node->attributes.denoise;
    return l2l_plane_configure(context, node, denoise->space, denoise->border, reference,
                               denoise->radius ? denoise->radius : standard, most);
}

static l2l_status configure_kernel(l2l_context *context, l2l_node *node) {
    L2L_TRY(configure(context, node, 2, 8, L2L_BORDER_MIRROR));
    int side = 2 * node->radius + 1;
    node->slices[0] = (l2l_slice_spec){ "kernel", side * side };
    node->lane_count = 16 * side * side;
    return L2L_OK;
}

/* Lens2Logit prints its σ = 0.5 Gaussian with few digits, which sum to 0.9999972; they are kept. */
static void defaults_kernel(const l2l_node *node, double *params) {
    static const double printed[25] = {
        6.9625e-08, 2.8089e-05, 2.0755e-04, 2.8089e-05, 6.9625e-08, //
        2.8089e-05, 1.1332e-02, 8.3731e-02, 1.1332e-02, 2.8089e-05, //
        2.0755e-04, 8.3731e-02, 6.1869e-01, 8.3731e-02, 2.0755e-04, //
        2.8089e-05, 1.1332e-02, 8.3731e-02, 1.1332e-02, 2.8089e-05, //
        6.9625e-08, 2.8089e-05, 2.0755e-04, 2.8089e-05, 6.9625e-08,
    };
    int side = 2 * node->radius + 1;
    if (node->radius == 2) {
        for (int k = 0; k < 25; k++) params[k] = printed[k];
        return;
    }
    double taps[2 * L2L_MAX_RADIUS + 1], slopes[2 * L2L_MAX_RADIUS + 1];
    l2l_gaussian_taps(0.5, node->radius, taps, slopes);
    for (int k = 0; k < side * side; k++) params[k] = taps[k / side] * taps[k % side];
}

static l2l_status configure_gaussian(l2l_context *context, l2l_node *node) {
    L2L_TRY(configure(context, node, 2, L2L_MAX_RADIUS, L2L_BORDER_SYMMETRIC));
    node->slices[0] = (l2l_slice_spec){ "sigma", 1 };
    node->coef_count = l2l_gaussian_coef_count(node->radius);
    node->sum_count = 1;
    return L2L_OK;
}

static void defaults_gaussian(const l2l_node *node, double *params) {
    (void)node;
    params[0] = 0.5;
}

static void prepare_gaussian(const l2l_node *node, int64_t height, int64_t width,
                             const double *params, double *coefs) {
    (void)height, (void)width;
    l2l_gaussian_coefs(0.0, 1.0, params[0], node->radius, coefs);
}

static void unfold_gaussian(const l2l_node *node, int64_t height, int64_t width,
                            const double *params, double *sums, double *work, double *grads) {
    (void)node, (void)height, (void)width, (void)params, (void)work;
    grads[0] = sums[0];
}

static l2l_status configure_median(l2l_context *context, l2l_node *node) {
    L2L_TRY(configure(context, node, 1, 2, L2L_BORDER_SYMMETRIC));
    node->aux_planes = node->luma ? 1 : node->in_channels;
    return L2L_OK;
}

const l2l_stage_row l2l_denoise_kernel_row = {
    .stage = "denoise", .method = "kernel", .kind = L2L_DENOISE, .method_id = L2L_DENOISE_KERNEL,
    .shape = L2L_SHAPE_PLANE,
    .configure = configure_kernel, .defaults = defaults_kernel,
};

const l2l_stage_row l2l_denoise_gaussian_row = {
    .stage = "denoise", .method = "gaussian", .kind = L2L_DENOISE,
    .method_id = L2L_DENOISE_GAUSSIAN, .shape = L2L_SHAPE_PLANE,
    .configure = configure_gaussian, .defaults = defaults_gaussian, .prepare = prepare_gaussian,
    .unfold = unfold_gaussian,
};

const l2l_stage_row l2l_denoise_median_row = {
    .stage = "denoise", .method = "median", .kind = L2L_DENOISE, .method_id = L2L_DENOISE_MEDIAN,
    .shape = L2L_SHAPE_PLANE, .needs = L2L_NEEDS_AUX, .configure = configure_median,
};
