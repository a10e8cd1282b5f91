/* Superpixel demosaic: each 2×2 period becomes one pixel R, (G1+G2)/2, B, or R, G1, G2, B. */
#include "stages/kernel.h"
#include "stages/real.h"

/* How much of the sample at a position (raster, 0..3) goes into an output channel. */
static void weights_of(const l2l_node *node, real weight[4][L2L_MAX_CHANNELS]) {
    const l2l_demosaic *demosaic = &node->attributes.demosaic;
    int greens = 0;
    memset(weight, 0, 4 * sizeof weight[0]);
    for (int p = 0; p < 4; p++) {
        int color = demosaic->cfa.color[p];
        if (demosaic->channels == 3)
            weight[p][color] = color == 1 ? R(0.5) : R(1.0);
        else
            weight[p][color == 1 ? 1 + greens++ : color == 2 ? 3 : 0] = R(1.0);
    }
}

static void forward(const l2l_sweep *sweep) {
    real weight[4][L2L_MAX_CHANNELS];
    weights_of(sweep->node, weight);
    const real *restrict top = sweep->src[0], *restrict bottom = sweep->src[1];
    for (int c = 0; c < sweep->node->out_channels; c++) {
        real *restrict dst = sweep->out[c];
        const real w[4] = { weight[0][c], weight[1][c], weight[2][c], weight[3][c] };
        for (int i = 0; i < sweep->count; i++)
            dst[i] = w[0] * top[2 * i] + w[1] * top[2 * i + 1] + w[2] * bottom[2 * i] +
                     w[3] * bottom[2 * i + 1];
    }
}

/* `grad` addresses column x / 2; the odd last row or column took no part. */
static void backward(const l2l_sweep *sweep) {
    real weight[4][L2L_MAX_CHANNELS];
    real *restrict out = sweep->out[0];
    int64_t rows = sweep->height / 2, columns = sweep->width / 2, first = sweep->x / 2;
    weights_of(sweep->node, weight);
    for (int i = 0; i < sweep->count; i++) {
        int64_t column = (sweep->x + i) / 2;
        real sum = R(0.0);
        if (sweep->y / 2 < rows && column < columns)
            for (int c = 0; c < sweep->node->out_channels; c++)
                sum += weight[2 * (sweep->y & 1) + ((sweep->x + i) & 1)][c] *
                       ((const real *)sweep->grad[c])[column - first];
        out[i] = sum;
    }
}

const l2l_kernel L2L_SYMBOL(l2l_superpixel_kernel);
const l2l_kernel L2L_SYMBOL(l2l_superpixel_kernel) = {
    .forward = forward, .backward = backward,
};
