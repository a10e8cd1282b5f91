/* The oracle's stages that look at one pixel, and normalisation. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>

static double clip(const oracle_stage *stage, double x, double at) {
    if (isnan(at)) return at;
    return at < stage->lo ? stage->lo : at > stage->hi ? stage->hi : x;
}

/* x^(1/γ); at x ≤ 0 the straight line through 0 with the slope that the power has at 1e-5. */
static double power(double gamma, double x, double at) {
    if (isnan(at)) return at;
    if (at > 0) return pow(x, 1 / gamma);
    return (x - at) * pow(1e-5, 1 / gamma) / (gamma * 1e-5);
}

/* Long sums, whose rounding would move every pixel alike, are kept in long double. */
static double mean_of(const oracle_image *image, int c) {
    long double sum = 0;
    for (int n = 0; n < image->n; n++)
        for (int i = 0; i < image->h * image->w; i++) sum += oracle_plane(image, n, c)[i];
    return (double)(sum / ((long double)image->n * image->h * image->w));
}

static double variance_of(const oracle_image *image, int c) {
    long double sum = 0;
    double mean = mean_of(image, c);
    for (int n = 0; n < image->n; n++)
        for (int i = 0; i < image->h * image->w; i++)
            sum += pow(oracle_plane(image, n, c)[i] - mean, 2);
    return (double)(sum / ((long double)image->n * image->h * image->w));
}

static oracle_image normalize(const oracle_stage *stage, const double *params,
                              const oracle_image *src) {
    oracle_image dst = oracle_new(src->n, src->c, src->h, src->w);
    for (int c = 0; c < src->c; c++) {
        int given = stage->method == ORACLE_GIVEN;
        double mean = given ? params[c] : mean_of(src, c);
        double deviation = given ? params[src->c + c] : sqrt(variance_of(src, c) + stage->lo);
        for (int n = 0; n < src->n; n++)
            for (int i = 0; i < src->h * src->w; i++)
                oracle_plane(&dst, n, c)[i] = (oracle_plane(src, n, c)[i] - mean) / deviation;
    }
    return dst;
}

oracle_image oracle_pointwise(const oracle_stage *stage, const double *params,
                              const oracle_image *src, const oracle_image *at) {
    if (stage->kind == ORACLE_NORMALIZE) return normalize(stage, params, src);
    oracle_image dst = oracle_new(src->n, src->c, src->h, src->w);
    int plane = src->h * src->w;
    for (int n = 0; n < src->n; n++)
        for (int c = 0; c < src->c; c++)
            for (int i = 0; i < plane; i++) {
                double x = oracle_plane(src, n, c)[i], p = oracle_plane(at, n, c)[i], y = 0;
                switch (stage->kind) {
                case ORACLE_WHITE_BALANCE:
                    y = params[c] * x;
                    break;
                case ORACLE_COLOR_MATRIX:
                    y = stage->extra ? params[9 + c] : 0;
                    for (int k = 0; k < 3; k++) y += params[3 * c + k] * oracle_plane(src, n, k)[i];
                    break;
                case ORACLE_CLIP:
                    y = clip(stage, x, p);
                    break;
                case ORACLE_GAMMA:
                    y = power(params[stage->extra ? c : 0], x, p);
                    break;
                case ORACLE_ADDITIVE:
                    y = x + params[c * plane + i];
                    break;
                default:
                    abort();
                }
                oracle_plane(&dst, n, c)[i] = y;
            }
    return dst;
}
