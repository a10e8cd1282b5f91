/* Median over one plane. Forward also leaves, in an aux plane, the raster index of the sample that
   was chosen, by which backward routes the gradient. */
#include "stages/vector.h"

#include "stages/denoise/median.math.h"

static bool has_nan(const real *row, int begin, int end) {
    int found = 0;
    for (int i = begin; i < end; i++) found |= row[i] != row[i];
    return found;
}

/* Called with a constant radius. */
L2L_FN void choose(const l2l_sweep *sweep, const int radius) {
    real *value = sweep->out[0], *index = sweep->out[1];
    bool nan = false;
    for (int k = 0; k < 2 * radius + 1; k++)
        nan = nan || has_nan(sweep->src[k], -radius, sweep->count + radius);
    for (int i = 0; i < sweep->count; i += L2L_WIDTH) {
        vreal median, position;
        l2l_median_choose(sweep->src, radius, i, &median, &position);
        if (nan) l2l_median_choose_nan(sweep->src, radius, i, &median, &position);
        v_store(value + i, median);
        v_store(index + i, position);
    }
}

static void forward(const l2l_sweep *sweep) {
    sweep->node->radius == 1 ? choose(sweep, 1) : choose(sweep, 2);
}

L2L_FN void gather(const l2l_sweep *sweep, const int radius) {
    real *out = sweep->out[0];
    for (int i = 0; i < sweep->count; i += L2L_WIDTH) {
        const vreal before = sweep->add ? v_load(out + i) : v_splat(R(0.0));
        v_store(out + i, l2l_median_grad(sweep->grad, sweep->aux, radius, i, before));
    }
}

static void backward(const l2l_sweep *sweep) {
    sweep->node->radius == 1 ? gather(sweep, 1) : gather(sweep, 2);
}

const l2l_kernel L2L_SYMBOL(l2l_median_kernel);
const l2l_kernel L2L_SYMBOL(l2l_median_kernel) = {
    .forward = forward,
    .backward = backward,
};
