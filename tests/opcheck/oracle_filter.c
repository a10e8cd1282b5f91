/* The oracle's neighbourhood filters: sharpening and denoising, on luma or on each channel. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_RADIUS = 24 };

/* (h, w) samples. */
typedef struct plane {
    int h, w;
    double *v;
} plane;

/* The sample at (y, x), which may lie beyond the edge. */
static double sample(const plane *p, int y, int x, oracle_border border) {
    int sy = oracle_extend(y, p->h, border), sx = oracle_extend(x, p->w, border);
    return sy < 0 || sx < 0 ? 0.0 : p->v[(size_t)sy * (size_t)p->w + (size_t)sx];
}

static double stencil(const plane *p, int y, int x, const double *kernel, int radius,
                      oracle_border border) {
    double sum = 0;
    for (int dy = -radius; dy <= radius; dy++)
        for (int dx = -radius; dx <= radius; dx++)
            sum += *kernel++ * sample(p, y + dy, x + dx, border);
    return sum;
}

/* Taps exp(−k²/2σ²) over [−r, r], of sum 1, along one axis. */
static void gaussian_axis(const plane *src, double *dst, double sigma, int radius, int vertical,
                          oracle_border border) {
    double tap[2 * MOST_RADIUS + 1], total = 0;
    for (int k = -radius; k <= radius; k++) {
        tap[k + radius] = exp(-k * k / (2 * sigma * sigma));
        total += tap[k + radius];
    }
    for (int y = 0; y < src->h; y++)
        for (int x = 0; x < src->w; x++) {
            double sum = 0;
            for (int k = -radius; k <= radius; k++)
                sum += tap[k + radius] / total *
                       sample(src, y + (vertical ? k : 0), x + (vertical ? 0 : k), border);
            dst[(size_t)y * (size_t)src->w + (size_t)x] = sum;
        }
}

static void gaussian(const plane *src, double *dst, double sigma, int radius,
                     oracle_border border) {
    plane between = { src->h, src->w, malloc((size_t)src->h * (size_t)src->w * sizeof(double)) };
    gaussian_axis(src, between.v, sigma, radius, 0, border);
    gaussian_axis(&between, dst, sigma, radius, 1, border);
    free(between.v);
}

/* The position in the window, in raster order, of the median: of equal samples the first one. */
static int median_position(const plane *p, int y, int x, int radius, oracle_border border) {
    int side = 2 * radius + 1, count = side * side;
    double window[25];
    for (int i = 0; i < count; i++)
        window[i] = sample(p, y + i / side - radius, x + i % side - radius, border);
    for (int i = 0; i < count; i++) {
        int below = 0, equal = 0;
        for (int j = 0; j < count; j++) {
            below += window[j] < window[i];
            equal += window[j] == window[i];
        }
        if (below <= count / 2 && count / 2 < below + equal) return i;
    }
    return 0;
}

static void filter(const oracle_stage *stage, const double *params, const plane *src,
                   const plane *at, double *dst) {
    oracle_border border = oracle_border_of(stage);
    int radius = stage->radius, side = 2 * radius + 1;
    if (stage->method == ORACLE_GAUSSIAN) gaussian(src, dst, params[0], radius, border);
    if (stage->method == ORACLE_UNSHARP) gaussian(src, dst, params[1], radius, border);
    for (int y = 0; y < src->h; y++)
        for (int x = 0; x < src->w; x++) {
            size_t i = (size_t)y * (size_t)src->w + (size_t)x;
            if (stage->method == ORACLE_KERNEL) dst[i] = stencil(src, y, x, params, radius, border);
            if (stage->method == ORACLE_UNSHARP)
                dst[i] = src->v[i] + params[0] * (src->v[i] - dst[i]);
            if (stage->method == ORACLE_MEDIAN) {
                int k = median_position(at, y, x, radius, border);
                dst[i] = sample(src, y + k / side - radius, x + k % side - radius, border);
            }
        }
}

static double *luma(const oracle_image *image, int n) {
    size_t count = (size_t)image->h * (size_t)image->w;
    double *y = malloc(count * sizeof(double));
    for (size_t i = 0; i < count; i++)
        y[i] = 0.299 * oracle_plane(image, n, 0)[i] + 0.587 * oracle_plane(image, n, 1)[i] +
               0.114 * oracle_plane(image, n, 2)[i];
    return y;
}

oracle_image oracle_filter(const oracle_stage *stage, const double *params, const oracle_image *src,
                           const oracle_image *at) {
    oracle_image dst = oracle_new(src->n, src->c, src->h, src->w);
    size_t count = (size_t)src->h * (size_t)src->w;
    for (int n = 0; n < src->n; n++) {
        if (stage->each_channel) {
            for (int c = 0; c < src->c; c++) {
                plane from = { src->h, src->w, oracle_plane(src, n, c) };
                plane decide = { src->h, src->w, oracle_plane(at, n, c) };
                filter(stage, params, &from, &decide, oracle_plane(&dst, n, c));
            }
            continue;
        }
        plane from = { src->h, src->w, luma(src, n) }, decide = { src->h, src->w, luma(at, n) };
        double *filtered = malloc(count * sizeof(double));
        filter(stage, params, &from, &decide, filtered);
        for (int c = 0; c < 3; c++)
            for (size_t i = 0; i < count; i++)
                oracle_plane(&dst, n, c)[i] =
                    oracle_plane(src, n, c)[i] + (filtered[i] - from.v[i]);
        free(from.v);
        free(decide.v);
        free(filtered);
    }
    return dst;
}
