/* The oracle's images, borders, choice of stage, and derivatives. */
#include "oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

oracle_image oracle_new(int n, int c, int h, int w) {
    oracle_image image = { n, c, h, w, NULL };
    image.v = calloc(oracle_size(&image), sizeof(double));
    if (!image.v) {
        fprintf(stderr, "opcheck: out of memory\n");
        exit(2);
    }
    return image;
}

size_t oracle_size(const oracle_image *image) {
    return (size_t)image->n * (size_t)image->c * (size_t)image->h * (size_t)image->w;
}

double *oracle_plane(const oracle_image *image, int n, int c) {
    return image->v +
           ((size_t)n * (size_t)image->c + (size_t)c) * (size_t)image->h * (size_t)image->w;
}

int oracle_extend(int index, int extent, oracle_border border) {
    if (index >= 0 && index < extent) return index;
    if (border == ORACLE_ZERO) return -1;
    if (border == ORACLE_REPLICATE) return index < 0 ? 0 : extent - 1;
    if (extent == 1) return 0;
    /* Reflect at one edge, then at the other, until the sample lies inside. */
    int repeat = border == ORACLE_SYMMETRIC;
    while (index < 0 || index >= extent) {
        if (index < 0) index = -index - repeat;
        if (index >= extent) index = 2 * (extent - 1) + repeat - index;
    }
    return index;
}

oracle_border oracle_border_of(const oracle_stage *stage) {
    if (stage->border == ORACLE_DEFAULT) return ORACLE_MIRROR;
    if (stage->border != ORACLE_REFERENCE) return stage->border;
    switch (stage->kind) {
    case ORACLE_SHARPEN:
        return stage->method == ORACLE_KERNEL ? ORACLE_ZERO : ORACLE_SYMMETRIC;
    case ORACLE_DENOISE:
        return stage->method == ORACLE_KERNEL ? ORACLE_MIRROR : ORACLE_SYMMETRIC;
    case ORACLE_DEMOSAIC:
        return stage->method == ORACLE_LINEAR ? ORACLE_MIRROR : ORACLE_SYMMETRIC;
    default:
        return ORACLE_MIRROR;
    }
}

int oracle_param_count(const oracle_stage *stage, int c, int h, int w) {
    int side = 2 * stage->radius + 1;
    switch (stage->kind) {
    case ORACLE_BLACK_LEVEL:
        return 4;
    case ORACLE_DEMOSAIC:
        return stage->method == ORACLE_LINEAR ? 9 * side * side : 0;
    case ORACLE_WHITE_BALANCE:
        return c;
    case ORACLE_COLOR_MATRIX:
        return stage->extra ? 12 : 9;
    case ORACLE_SHARPEN:
        return stage->method == ORACLE_KERNEL ? side * side : 2;
    case ORACLE_DENOISE:
        if (stage->method == ORACLE_KERNEL) return side * side;
        return stage->method == ORACLE_GAUSSIAN;
    case ORACLE_GAMMA:
        return stage->extra ? c : 1;
    case ORACLE_ADDITIVE:
        return c * h * w;
    case ORACLE_NORMALIZE:
        return stage->method == ORACLE_GIVEN ? 2 * c : 0;
    default:
        return 0;
    }
}

oracle_image oracle_forward(const oracle_stage *stage, const double *params,
                            const oracle_image *src, const oracle_image *at) {
    switch (stage->kind) {
    case ORACLE_BLACK_LEVEL:
        return oracle_black_level(stage, params, src);
    case ORACLE_DEMOSAIC:
        return oracle_demosaic(stage, params, src);
    case ORACLE_SHARPEN:
    case ORACLE_DENOISE:
        return oracle_filter(stage, params, src, at);
    default:
        return oracle_pointwise(stage, params, src, at);
    }
}

static void accumulate(const oracle_stage *stage, const double *params, const oracle_image *src,
                       const oracle_image *at, double *value, double moved, double factor,
                       double *column) {
    double kept = *value;
    *value = moved;
    oracle_image image = oracle_forward(stage, params, src, at);
    *value = kept;
    for (size_t i = 0; i < oracle_size(&image); i++) column[i] += factor * image.v[i];
    free(image.v);
}

void oracle_column(const oracle_stage *stage, const double *params, const oracle_image *src,
                   double *value, double *column) {
    /* The power is smooth on the scale of its argument only, statistics on that of the deviation,
       the rest on the scale of 1. */
    double base = *value, size = fabs(base), scale = fmax(size, 0.1);
    if (stage->kind == ORACLE_GAMMA) scale = size > 0 ? size : 1;
    if (stage->kind == ORACLE_NORMALIZE) scale /= 10;
    /* Differences over 1, 2 and 3 steps, weighted so that errors up to the sixth order cancel. */
    static const double weight[3] = { 45.0 / 60.0, -9.0 / 60.0, 1.0 / 60.0 };
    double step = ldexp(1.0, (int)floor(log2(2e-3 * scale)));
    oracle_image at = *src, shape = oracle_forward(stage, params, src, src);
    at.v = malloc(oracle_size(src) * sizeof(double));
    memcpy(at.v, src->v, oracle_size(src) * sizeof(double));
    memset(column, 0, oracle_size(&shape) * sizeof(double));
    for (int k = 1; k <= 3; k++) {
        double up = base + k * step, down = base - k * step;
        double factor = 2 * k * weight[k - 1] / (up - down);
        accumulate(stage, params, src, &at, value, up, factor, column);
        accumulate(stage, params, src, &at, value, down, -factor, column);
    }
    free(at.v);
    free(shape.v);
}
