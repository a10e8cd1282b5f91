/* Gamma: attributes, coefficients, gradient of γ. */
#include "core/core.h"
#include "stages/stage.h"

#include <math.h>

enum { COEFS = 6 }; /* as l2l_gamma_coefs in gamma.math.h */

static const double floor_x = 1e-5, ln2 = 0.69314718055994530942;

static int count(const l2l_node *node) {
    return node->attributes.gamma.per_channel ? node->in_channels : 1;
}

static l2l_status configure(l2l_context *context, l2l_node *node) {
    (void)context;
    node->slices[0] = (l2l_slice_spec){ "gamma", count(node) };
    node->coef_count = COEFS * count(node);
    node->sum_count = count(node);
    return L2L_OK;
}

static void defaults(const l2l_node *node, double *params) {
    for (int i = 0; i < count(node); i++) params[i] = 2.2;
}

static void split(double p, double parts[2]) {
    parts[0] = (double)(float)p;
    parts[1] = p - parts[0];
}

static void prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                    double *coefs) {
    (void)height, (void)width;
    for (int i = 0; i < count(node); i++, coefs += COEFS) {
        double inverse = 1.0 / params[i];
        split(inverse, coefs);
        split(inverse - 1.0, coefs + 2);
        coefs[4] = inverse;
        coefs[5] = inverse * pow(floor_x, inverse - 1.0);
    }
}

static void unfold(const l2l_node *node, int64_t height, int64_t width, const double *params,
                   double *sums, double *work, double *grads) {
    (void)height, (void)width, (void)work;
    for (int i = 0; i < count(node); i++) grads[i] = -sums[i] * ln2 / (params[i] * params[i]);
}

const l2l_stage_row l2l_gamma_row = {
    .stage = "gamma", .kind = L2L_GAMMA, .shape = L2L_SHAPE_POINT, .needs = L2L_NEEDS_SRC,
    .configure = configure, .defaults = defaults, .prepare = prepare, .unfold = unfold,
};
