/* Gamma: attributes, coefficients, gradient of γ. */
#include "core/core.h"
#include "stages/gamma/table.h"
#include "stages/stage.h"

#include <math.h>

static const double floor_x = 1e-5, ln2 = 0.69314718055994530942;

static int count(const l2l_node *node) {
    return node->attributes.gamma.per_channel ? node->in_channels : 1;
}

static l2l_status configure(l2l_context *context, l2l_node *node) {
    (void)context;
    node->slices[0] = (l2l_slice_spec){ "gamma", count(node) };
    node->coef_count = L2L_GAMMA_COEFS * count(node);
    node->sum_count = count(node);
    return L2L_OK;
}

static void defaults(const l2l_node *node, double *params) {
    for (int i = 0; i < count(node); i++) params[i] = 2.2;
}

/* The 12 upper bits of p, and the rest. */
static void split(double p, double parts[2]) {
    int exponent;
    double fraction = frexp(p, &exponent);
    parts[0] = isfinite(p) ? ldexp(round(fraction * 4096.0), exponent - 12) : p;
    parts[1] = isfinite(p) ? p - parts[0] : 0.0;
}

/* q interpolates m^p at the Chebyshev nodes of [1, 2]; returns its largest relative error. */
static double make_table(double p, double *table) {
    enum { N = L2L_POWER_TERMS };
    const double pi = 3.14159265358979323846;
    double node[N], divided[N], *q = table + L2L_POWER_EXPONENTS, error = 0.0;
    const double octave = exp2(p);
    table[0] = exp2(-31.0 * p);
    for (int k = 1; k < L2L_POWER_EXPONENTS; k++) table[k] = table[k - 1] * octave;
    for (int k = 0; k < N; k++) {
        node[k] = 0.5 * cos(pi * (k + 0.5) / N);
        divided[k] = pow(1.5 + node[k], p);
        q[k] = 0.0;
    }
    for (int j = 1; j < N; j++)
        for (int k = N - 1; k >= j; k--)
            divided[k] = (divided[k] - divided[k - 1]) / (node[k] - node[k - j]);
    for (int k = N - 1; k >= 0; k--) { /* q = q · (f − node) + divided */
        for (int j = N - 1; j > 0; j--) q[j] = q[j - 1] - node[k] * q[j];
        q[0] = divided[k] - node[k] * q[0];
    }
    /* the error is largest between the nodes at the lower end, where derivatives of m^p are */
    for (int i = N - 2; i <= N; i++) {
        double f = 0.5 * cos(pi * i / N), value = 0.0;
        for (int k = N - 1; k >= 0; k--) value = value * f + q[k];
        error = fmax(error, fabs(value / pow(1.5 + f, p) - 1.0));
    }
    return error;
}

static void prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                    double *coefs) {
    (void)height, (void)width;
    for (int i = 0; i < count(node); i++, coefs += L2L_GAMMA_COEFS) {
        double inverse = 1.0 / params[i];
        split(inverse, coefs + L2L_GAMMA_POWER);
        split(inverse - 1.0, coefs + L2L_GAMMA_SLOPE_POWER);
        coefs[L2L_GAMMA_INVERSE] = inverse;
        coefs[L2L_GAMMA_FLOOR_SLOPE] = inverse * pow(floor_x, inverse - 1.0);
        /* less than half a unit in the last place of a float; and the entries must be floats, too
         */
        double error = make_table(inverse, coefs + L2L_GAMMA_VALUE_TABLE);
        coefs[L2L_GAMMA_TABLES] = error < 6e-8 && fabs(inverse) <= 1.0;
    }
}

/* A few units in the last place will do for the slope. */
static void prepare_backward(const l2l_node *node, int64_t height, int64_t width,
                             const double *params, double *coefs) {
    (void)height, (void)width;
    for (int i = 0; i < count(node); i++, coefs += L2L_GAMMA_COEFS) {
        double error = make_table(1.0 / params[i] - 1.0, coefs + L2L_GAMMA_SLOPE_TABLE);
        coefs[L2L_GAMMA_SLOPE_TABLES] = error < 1e-6 && coefs[L2L_GAMMA_TABLES] != 0.0;
    }
}

static void unfold(const l2l_node *node, int64_t height, int64_t width, const double *params,
                   double *sums, double *work, double *grads) {
    (void)height, (void)width, (void)work;
    for (int i = 0; i < count(node); i++) grads[i] = -sums[i] * ln2 / (params[i] * params[i]);
}

const l2l_stage_row l2l_gamma_row = {
    .stage = "gamma",
    .kind = L2L_GAMMA,
    .shape = L2L_SHAPE_POINT,
    .needs = L2L_NEEDS_SRC,
    .clips = true,
    .configure = configure,
    .defaults = defaults,
    .prepare = prepare,
    .prepare_backward = prepare_backward,
    .unfold = unfold,
};
