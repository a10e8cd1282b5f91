/* The oracle's stages of the mosaic: black level and demosaicing. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

void oracle_cfa_period(const char *cfa, int *height, int *width) {
    const char *slash = strchr(cfa, '/');
    *width = slash ? (int)(slash - cfa) : (int)strlen(cfa);
    *height = ((int)strlen(cfa) + 1) / (*width + 1);
}

int oracle_color(const char *cfa, int row, int column) {
    int height, width;
    oracle_cfa_period(cfa, &height, &width);
    char letter = cfa[row % height * (width + 1) + column % width];
    return letter == 'R' ? 0 : letter == 'G' ? 1 : 2;
}

/* Whether all colours lie within `radius` on one side in each direction. */
static int sees_all(const char *cfa, int row, int column, int radius, int down, int right) {
    int height, width, seen = 0, all = 0;
    oracle_cfa_period(cfa, &height, &width);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) all |= 1 << oracle_color(cfa, y, x);
    /* Adding whole periods keeps indices at or above 0. */
    for (int dy = 0; dy <= radius; dy++)
        for (int dx = 0; dx <= radius; dx++)
            seen |= 1 << oracle_color(cfa, row + down * dy + 8 * height,
                                      column + right * dx + 8 * width);
    return seen == all;
}

int oracle_cfa_radius(const char *cfa) {
    int height, width;
    oracle_cfa_period(cfa, &height, &width);
    for (int radius = 0;; radius++) {
        int good = 1;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int way = 0; way < 4; way++)
                    good = good && sees_all(cfa, y, x, radius, way / 2 * 2 - 1, way % 2 * 2 - 1);
        if (good) return radius;
    }
}

/* y = (x − b[s]) k */
oracle_image oracle_black_level(const oracle_stage *stage, const double *level,
                                const oracle_image *src) {
    oracle_image dst = oracle_new(src->n, 1, src->h, src->w);
    for (int n = 0; n < src->n; n++)
        for (int y = 0; y < src->h; y++)
            for (int x = 0; x < src->w; x++) {
                size_t i = (size_t)y * (size_t)src->w + (size_t)x;
                double b = level[y % 2 * 2 + x % 2];
                double k = stage->extra ? 1.0 / (stage->hi - b) : 1.0;
                oracle_plane(&dst, n, 0)[i] = (oracle_plane(src, n, 0)[i] - b) * k;
            }
    return dst;
}

/* Splits a mosaic into three planes, each zero where its colour has no sample; or, with `ones`,
   planes that are one where there is a sample. */
static oracle_image zero_filled(const oracle_stage *stage, const oracle_image *src, int ones) {
    oracle_image planes = oracle_new(src->n, 3, src->h, src->w);
    for (int n = 0; n < src->n; n++)
        for (int y = 0; y < src->h; y++)
            for (int x = 0; x < src->w; x++) {
                size_t i = (size_t)y * (size_t)src->w + (size_t)x;
                double value = ones ? 1.0 : oracle_plane(src, n, 0)[i];
                oracle_plane(&planes, n, oracle_color(stage->cfa, y, x))[i] = value;
            }
    return planes;
}

/* Correlates a plane, extended by its border, with a (2r+1)² kernel, at one place. */
static double correlate(const double *plane, int h, int w, int y, int x, const double *kernel,
                        int radius, oracle_border border) {
    double sum = 0;
    int side = 2 * radius + 1;
    for (int dy = -radius; dy <= radius; dy++)
        for (int dx = -radius; dx <= radius; dx++) {
            int sy = oracle_extend(y + dy, h, border), sx = oracle_extend(x + dx, w, border);
            if (sy < 0 || sx < 0) continue;
            sum += kernel[(dy + radius) * side + dx + radius] *
                   plane[(size_t)sy * (size_t)w + (size_t)sx];
        }
    return sum;
}

static int is_bayer(const char *cfa) {
    int height, width;
    oracle_cfa_period(cfa, &height, &width);
    return height == 2 && width == 2;
}

/* K_G and K_RB for Bayer, the tent (r + 1 − |dy|)(r + 1 − |dx|) for anything else. */
static void bilinear_kernel(const char *cfa, int color, int radius, double *kernel) {
    static const double cross[9] = { 0, 0.25, 0, 0.25, 1, 0.25, 0, 0.25, 0 };
    int side = 2 * radius + 1;
    for (int i = 0; i < side * side; i++) {
        int dy = abs(i / side - radius), dx = abs(i % side - radius);
        kernel[i] = (radius + 1 - dy) * (radius + 1 - dx) / 4.0;
    }
    if (is_bayer(cfa) && color == 1) memcpy(kernel, cross, sizeof cross);
}

static oracle_image bilinear(const oracle_stage *stage, const oracle_image *src) {
    oracle_image dst = oracle_new(src->n, 3, src->h, src->w);
    oracle_image samples = zero_filled(stage, src, 0), mask = zero_filled(stage, src, 1);
    oracle_border border = oracle_border_of(stage);
    int radius = oracle_cfa_radius(stage->cfa);
    int normalised = stage->border != ORACLE_REFERENCE || !is_bayer(stage->cfa);
    double kernel[15 * 15];
    for (int n = 0; n < src->n; n++)
        for (int c = 0; c < 3; c++) {
            bilinear_kernel(stage->cfa, c, radius, kernel);
            for (int y = 0; y < src->h; y++)
                for (int x = 0; x < src->w; x++) {
                    double *out = &oracle_plane(&dst, n, c)[(size_t)y * (size_t)src->w + (size_t)x];
                    double sum = correlate(oracle_plane(&samples, n, c), src->h, src->w, y, x,
                                           kernel, radius, border);
                    double weight = correlate(oracle_plane(&mask, n, c), src->h, src->w, y, x,
                                              kernel, radius, border);
                    *out = !normalised ? sum : weight > 0 ? sum / weight : 0;
                }
        }
    free(samples.v);
    free(mask.v);
    return dst;
}

/* A weighted sum of samples, and of the weights, of those places of a window that are of a colour. */
typedef struct weighed {
    double sum, weight;
} weighed;

static void weigh(const oracle_stage *stage, const double *plane, int h, int w, int y, int x,
                  double weight, weighed *to) {
    oracle_border border = oracle_border_of(stage);
    int sy = oracle_extend(y, h, border), sx = oracle_extend(x, w, border);
    int counts = sy >= 0 && sx >= 0 &&
                 (stage->border == ORACLE_REFERENCE ||
                  oracle_color(stage->cfa, sy, sx) == oracle_color(stage->cfa, y + 4, x + 4));
    if (!counts) return;
    to->sum += weight * plane[(size_t)sy * (size_t)w + (size_t)sx];
    to->weight += weight;
}

/* mean(c) + α (x − mean(s)): c the wanted colour, over 3×3; s the pixel's own, over the places two
   steps away, of which those on the axis that c's neighbours of a green pixel are not on count
   minus a half. */
static double malvar(const oracle_stage *stage, const double *plane, int h, int w, int y, int x,
                     int c) {
    int own = oracle_color(stage->cfa, y, x);
    double here = plane[(size_t)y * (size_t)w + (size_t)x];
    double alpha = c == 1 ? 0.5 : own == 1 ? 0.625 : 0.75;
    int across = oracle_color(stage->cfa, y, x + 1) == c;
    weighed mean = { 0, 0 }, around = { 0, 0 };
    if (own == c) return here;
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            int color = oracle_color(stage->cfa, y + dy + 4, x + dx + 4);
            int off_axis = own == 1 && (across ? dx == 0 : dy == 0);
            if (color == c && abs(dy) < 2 && abs(dx) < 2)
                weigh(stage, plane, h, w, y + dy, x + dx, 1, &mean);
            if (color == own && abs(dy) + abs(dx) == 2)
                weigh(stage, plane, h, w, y + dy, x + dx, off_axis ? -0.5 : 1, &around);
        }
    if (mean.weight == 0) return 0;
    double y0 = mean.sum / mean.weight;
    return around.weight == 0 ? y0 : y0 + alpha * (here - around.sum / around.weight);
}

static oracle_image malvar2004(const oracle_stage *stage, const oracle_image *src) {
    oracle_image dst = oracle_new(src->n, 3, src->h, src->w);
    for (int n = 0; n < src->n; n++)
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < src->h; y++)
                for (int x = 0; x < src->w; x++)
                    oracle_plane(&dst, n, c)[(size_t)y * (size_t)src->w + (size_t)x] =
                        malvar(stage, oracle_plane(src, n, 0), src->h, src->w, y, x, c);
    return dst;
}

static oracle_image linear(const oracle_stage *stage, const double *weight,
                           const oracle_image *src) {
    oracle_image dst = oracle_new(src->n, 3, src->h, src->w), planes = zero_filled(stage, src, 0);
    int side = 2 * stage->radius + 1;
    for (int n = 0; n < src->n; n++)
        for (int o = 0; o < 3; o++)
            for (int i = 0; i < 3; i++)
                for (int y = 0; y < src->h; y++)
                    for (int x = 0; x < src->w; x++)
                        oracle_plane(&dst, n, o)[(size_t)y * (size_t)src->w + (size_t)x] +=
                            correlate(oracle_plane(&planes, n, i), src->h, src->w, y, x,
                                      weight + (o * 3 + i) * side * side, stage->radius,
                                      oracle_border_of(stage));
    free(planes.v);
    return dst;
}

static oracle_image superpixel(const oracle_stage *stage, const oracle_image *src) {
    oracle_image dst = oracle_new(src->n, stage->channels, src->h / 2, src->w / 2);
    for (int n = 0; n < src->n; n++)
        for (int y = 0; y < dst.h; y++)
            for (int x = 0; x < dst.w; x++)
                for (int site = 0, greens = 0; site < 4; site++) {
                    int row = 2 * y + site / 2, column = 2 * x + site % 2;
                    int color = oracle_color(stage->cfa, row, column), four = stage->channels == 4;
                    double value =
                        oracle_plane(src, n, 0)[(size_t)row * (size_t)src->w + (size_t)column];
                    int channel = color == 2 && four ? 3 : color;
                    if (color == 1 && four) channel += greens;
                    greens += color == 1;
                    oracle_plane(&dst, n, channel)[(size_t)y * (size_t)dst.w + (size_t)x] +=
                        color == 1 && !four ? value / 2 : value;
                }
    return dst;
}

oracle_image oracle_demosaic(const oracle_stage *stage, const double *params,
                             const oracle_image *src) {
    if (stage->method == ORACLE_LINEAR) return linear(stage, params, src);
    if (stage->method == ORACLE_SUPERPIXEL) return superpixel(stage, src);
    if (stage->method == ORACLE_MALVAR2004) return malvar2004(stage, src);
    if (strlen(stage->cfa) > 1) return bilinear(stage, src);
    oracle_image dst = oracle_new(src->n, 3, src->h, src->w);
    size_t plane = (size_t)src->h * (size_t)src->w * sizeof(double);
    for (int n = 0; n < src->n; n++)
        for (int c = 0; c < 3; c++)
            memcpy(oracle_plane(&dst, n, c), oracle_plane(src, n, 0), plane);
    return dst;
}
