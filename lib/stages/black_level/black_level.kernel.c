/* Black level over rows; coefficients are levels (4), gains (4) and white. */
#include "stages/black_level/black_level.math.h"
#include "stages/lanes.h"
#include "stages/vector.h"

/* Two coefficients of a row, for the columns of a 2×2 period. */
static vreal of_columns(const l2l_sweep *sweep, int first) {
    const real *of_row = (const real *)sweep->coefs + first + 2 * (sweep->y & 1);
    const int odd = (int)(sweep->x & 1);
    const real pair[2] = { of_row[odd], of_row[1 - odd] };
    return v_pair(pair);
}

static void forward(const l2l_sweep *sweep) {
    const real *src = sweep->src[0];
    const vreal level = of_columns(sweep, 0), gain = of_columns(sweep, 4);
    for (int i = 0; i < sweep->count; i += L2L_WIDTH)
        v_store((real *)sweep->out[0] + i, (v_load(src + i) - level) * gain);
}

static void backward(const l2l_sweep *sweep) {
    const real *grad = sweep->grad[0];
    const vreal gain = of_columns(sweep, 4);
    for (int i = 0; i < sweep->count; i += L2L_WIDTH)
        v_store((real *)sweep->out[0] + i, v_load(grad + i) * gain);
}

/* plain += Σ g and, where the stage rescales, rescaled += Σ g (x − white), whole groups of lanes.
 */
static void sum_lanes(const real *src, const real *grad, real white, bool rescale, real *plain,
                      real *rescaled, int count) {
    const vreal w = v_splat(white);
    for (int part = 0; part < L2L_PARTS; part++) {
        const int at = part * L2L_WIDTH;
        vreal p = v_load(plain + at), r = v_load(rescaled + at);
        for (int i = at; i < count; i += L2L_LANES) {
            vreal g = v_load(grad + i);
            p += g;
            if (rescale) r = v_fma(g, v_load(src + i) - w, r);
        }
        v_store(plain + at, p);
        v_store(rescaled + at, r);
    }
}

/* Σ g and Σ g (x − white) for each of the four sites. */
static void sums(const l2l_sweep *sweep) {
    const real *src = sweep->src[0], *grad = sweep->grad[0];
    const real white = ((const real *)sweep->coefs)[8];
    const bool rescale = sweep->node->attributes.black_level.rescale;
    const int whole = sweep->count / L2L_LANES * L2L_LANES, rest = sweep->count - whole;
    real plain[L2L_LANES] = { 0 }, rescaled[L2L_LANES] = { 0 };
    sum_lanes(src, grad, white, rescale, plain, rescaled, whole);
    if (rest) {
        real last_src[L2L_LANES], last_grad[L2L_LANES];
        l2l_tail(last_src, src + whole, rest, 0);
        l2l_tail(last_grad, grad + whole, rest, 0);
        sum_lanes(last_src, last_grad, white, rescale, plain, rescaled, L2L_LANES);
    }
    double total[2], rescaled_total[2];
    l2l_lanes_by_parity(plain, total);
    l2l_lanes_by_parity(rescaled, rescaled_total);
    for (int p = 0; p < 2; p++) {
        int site = (int)(2 * (sweep->y & 1) + ((sweep->x + p) & 1));
        sweep->sums[site] += total[p];
        sweep->sums[4 + site] += rescaled_total[p];
    }
}

const l2l_kernel L2L_SYMBOL(l2l_black_level_kernel);
const l2l_kernel L2L_SYMBOL(l2l_black_level_kernel) = {
    .forward = forward,
    .backward = backward,
    .sums = sums,
};
