/* What fit works on: a small mosaic made from the raw file, and a target of half its size that
   shows the same part of the scene. */
#include "fit_problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

enum { TARGET_WIDTH = 576 };

/* How much of sample i, which reaches from i to i + 1, lies in [from, to]. */
static double covered(int64_t i, double from, double to) {
    return fmax(0, fmin(to, (double)i + 1) - fmax(from, (double)i));
}

static void add_weighted_row(const l2l_tensor *src, int64_t c, int64_t y, double weight,
                             double *scratch, double *sums) {
    tensor_load_row(src, c, y, scratch);
    for (int64_t x = 0; x < src->shape[2]; x++) sums[x] += weight * scratch[x];
}

bool box_resample(const l2l_tensor *src, const struct area *whole, const l2l_tensor *dst) {
    int64_t columns = src->shape[2], height = dst->shape[1], width = dst->shape[2];
    double *scratch = malloc((size_t)(2 * columns + width) * sizeof *scratch);
    if (!scratch) return fail("out of memory: no room for a row of pixels");
    double *sums = scratch + columns, *row = sums + columns;
    double dy = whole->height / (double)height, dx = whole->width / (double)width;
    for (int64_t c = 0; c < dst->shape[0]; c++) {
        for (int64_t y = 0; y < height; y++) {
            double top = whole->top + (double)y * dy, bottom = top + dy;
            memset(sums, 0, (size_t)columns * sizeof *sums);
            for (int64_t i = (int64_t)top; i < src->shape[1] && (double)i < bottom; i++)
                add_weighted_row(src, c, i, covered(i, top, bottom), scratch, sums);
            for (int64_t x = 0; x < width; x++) {
                double left = whole->left + (double)x * dx, right = left + dx;
                row[x] = 0;
                for (int64_t i = (int64_t)left; i < columns && (double)i < right; i++)
                    row[x] += covered(i, left, right) * sums[i];
                row[x] /= dx * dy;
            }
            tensor_store_row(dst, c, y, row);
        }
    }
    free(scratch);
    return true;
}

/* The mosaic with black 0 and white 1, as f32. */
static bool linear_mosaic(const struct source *source, l2l_tensor *linear) {
    l2l_tensor planes = tensor_planes(&source->mosaic);
    int64_t height = planes.shape[1], width = planes.shape[2];
    if (!tensor_new_image(linear, L2L_F32, 1, height, width)) return false;
    double *row = malloc((size_t)width * sizeof *row);
    if (!row) {
        tensor_free(linear);
        return fail("out of memory: no room for a row of pixels");
    }
    for (int64_t y = 0; y < height; y++) {
        tensor_load_row(&planes, 0, y, row);
        for (int64_t x = 0; x < width; x++) {
            double black = source->black[2 * (y % 2) + x % 2];
            row[x] = (row[x] * source->sample_scale - black) / (1 - black);
        }
        tensor_store_row(linear, 0, y, row);
    }
    free(row);
    return true;
}

/* The mean of one colour's samples in a window, which grows where it holds none. */
static double window_mean(const l2l_tensor *linear, const l2l_cfa *cfa, int color, double left,
                          double top, double right, double bottom) {
    int64_t height = linear->shape[1], width = linear->shape[2];
    const float *samples = linear->data;
    for (double grow = 0; grow <= L2L_CFA_MAX_PERIOD; grow += 0.5) {
        double sum = 0, weights = 0;
        double x0 = fmax(0, left - grow), x1 = fmin((double)width, right + grow);
        double y0 = fmax(0, top - grow), y1 = fmin((double)height, bottom + grow);
        for (int64_t y = (int64_t)y0; y < height && (double)y < y1; y++) {
            double row_weight = covered(y, y0, y1);
            for (int64_t x = (int64_t)x0; x < width && (double)x < x1; x++) {
                if (l2l_cfa_color(cfa, y, x) != color) continue;
                double weight = row_weight * covered(x, x0, x1);
                sum += weight * (double)samples[y * width + x];
                weights += weight;
            }
        }
        if (weights > 0.25) return sum / weights;
    }
    return 0;
}

static void reduce_mosaic(const l2l_tensor *linear, const l2l_cfa *cfa, const struct area *whole,
                          const l2l_tensor *small) {
    int64_t height = small->shape[0], width = small->shape[1];
    double dy = whole->height / (double)height, dx = whole->width / (double)width;
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            double left = whole->left + (double)x * dx, top = whole->top + (double)y * dy;
            ((float *)small->data)[y * width + x] = (float)window_mean(
                linear, cfa, l2l_cfa_color(cfa, y, x), left, top, left + dx, top + dy);
        }
    }
}

/* Sums of the green samples above and left of each corner of a grid of 2×2 cells, so that the mean
   of any window is four look-ups. */
typedef struct green_sums {
    int64_t height, width; /* in cells */
    double *sums;          /* (height + 1) × (width + 1) */
} green_sums;

static bool green_sums_make(const l2l_tensor *linear, const l2l_cfa *cfa, green_sums *green) {
    green->height = linear->shape[1] / 2;
    green->width = linear->shape[2] / 2;
    int64_t stride = green->width + 1;
    green->sums = calloc((size_t)((green->height + 1) * stride), sizeof *green->sums);
    if (!green->sums) return fail("out of memory while aligning the target");
    const float *samples = linear->data;
    for (int64_t y = 0; y < green->height; y++) {
        double row = 0, last = 0;
        for (int64_t x = 0; x < green->width; x++) {
            double sum = 0;
            int count = 0;
            for (int i = 0; i < 4; i++) {
                int64_t r = 2 * y + i / 2, c = 2 * x + i % 2;
                if (l2l_cfa_color(cfa, r, c) != 1) continue;
                sum += (double)samples[r * linear->shape[2] + c];
                count++;
            }
            if (count) last = sum / count; /* a cell without green is like its neighbour */
            row += last;
            green->sums[(y + 1) * stride + x + 1] = green->sums[y * stride + x + 1] + row;
        }
    }
    return true;
}

/* The sum above and left of a point that may lie inside a cell. */
static double sum_at(const green_sums *green, double y, double x) {
    y = fmin(fmax(y, 0), (double)green->height);
    x = fmin(fmax(x, 0), (double)green->width);
    int64_t r = (int64_t)fmin(y, (double)green->height - 1);
    int64_t c = (int64_t)fmin(x, (double)green->width - 1);
    double v = y - (double)r, u = x - (double)c;
    const double *at = green->sums + r * (green->width + 1) + c;
    const double *below = at + green->width + 1;
    return (1 - v) * ((1 - u) * at[0] + u * at[1]) + v * ((1 - u) * below[0] + u * below[1]);
}

/* Correlation of the target's brightness with that of the mosaic in an area. */
static double correlate(const green_sums *green, const double *brightness, int64_t height,
                        int64_t width, const struct area *area) {
    double dy = area->height / 2 / (double)height, dx = area->width / 2 / (double)width;
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0, count = (double)(height * width);
    for (int64_t y = 0; y < height; y++) {
        double top = area->top / 2 + (double)y * dy;
        for (int64_t x = 0; x < width; x++) {
            double left = area->left / 2 + (double)x * dx;
            double mean = (sum_at(green, top + dy, left + dx) - sum_at(green, top, left + dx) -
                           sum_at(green, top + dy, left) + sum_at(green, top, left)) /
                          (dx * dy);
            double p = mean > 0 ? pow(mean, 1 / 2.2) : 0, q = brightness[y * width + x];
            a += p, b += q, aa += p * p, bb += q * q, ab += p * q;
        }
    }
    double spread = (aa - a * a / count) * (bb - b * b / count);
    return spread > 0 ? (ab - a * b / count) / sqrt(spread) : 0;
}

static bool inside(const struct area *area, const l2l_tensor *linear) {
    return area->left >= 0 && area->top >= 0 && area->width >= 8 &&
           area->left + area->width <= (double)linear->shape[2] &&
           area->top + area->height <= (double)linear->shape[1];
}

/* Climbs from the largest centred area of the target's shape: shifts and widens it by ever
   smaller steps as long as that helps. */
static double align(const green_sums *green, const l2l_tensor *linear, const double *brightness,
                    int64_t height, int64_t width, struct area *best) {
    static const int moves[6][3] = { /* in left, top and width */
                                     { 1, 0, 0 },  { -1, 0, 0 }, { 0, 1, 0 },
                                     { 0, -1, 0 }, { 1, 1, -2 }, { -1, -1, 2 }
    };
    double ratio = best->height / best->width;
    double most = correlate(green, brightness, height, width, best);
    for (double step = 32; step >= 0.5; step /= 2) {
        for (bool better = true; better;) {
            better = false;
            for (int i = 0; i < 6; i++) {
                struct area next = *best;
                next.left += step * moves[i][0];
                next.width += step * moves[i][2];
                next.height = next.width * ratio;
                next.top += moves[i][2] ? (best->height - next.height) / 2 : step * moves[i][1];
                if (!inside(&next, linear)) continue;
                double value = correlate(green, brightness, height, width, &next);
                if (value <= most) continue;
                most = value;
                *best = next;
                better = true;
            }
        }
    }
    return most;
}

static bool find_area(const l2l_tensor *linear, const l2l_cfa *cfa, const l2l_tensor *target,
                      struct area *area, double *correlation) {
    int64_t height = target->shape[1], width = target->shape[2];
    green_sums green = { 0 };
    double *brightness = malloc((size_t)(height * width) * sizeof *brightness);
    bool done = brightness ? green_sums_make(linear, cfa, &green)
                           : fail("out of memory while aligning the target");
    if (done) {
        const double *rgb = target->data;
        int64_t plane = height * width;
        for (int64_t i = 0; i < plane; i++)
            brightness[i] = 0.299 * rgb[i] + 0.587 * rgb[plane + i] + 0.114 * rgb[2 * plane + i];
        *correlation = align(&green, linear, brightness, height, width, area);
    }
    free(brightness);
    free(green.sums);
    return done;
}

/* The target's size: 576 wide, or less if picture or mosaic are smaller. */
static void target_size(const l2l_tensor *picture, const l2l_tensor *linear, int64_t *height,
                        int64_t *width) {
    int64_t most = TARGET_WIDTH;
    if (picture->shape[2] < most) most = picture->shape[2];
    if (linear->shape[2] / 2 < most) most = linear->shape[2] / 2;
    double ratio = (double)picture->shape[1] / (double)picture->shape[2];
    if ((double)(linear->shape[1] / 2) / ratio < (double)most)
        most = (int64_t)((double)(linear->shape[1] / 2) / ratio);
    *width = most < 1 ? 1 : most;
    *height = (int64_t)llround((double)*width * ratio);
    if (*height < 1) *height = 1;
}

bool fit_problem_make(const struct source *source, const l2l_tensor *picture,
                      fit_problem *problem) {
    memset(problem, 0, sizeof *problem);
    l2l_tensor linear;
    if (source->mosaic.shape[0] < 16 || source->mosaic.shape[1] < 16)
        return fail("'%s': a mosaic of %lldx%lld is too small to fit to", source->path,
                    (long long)source->mosaic.shape[1], (long long)source->mosaic.shape[0]);
    if (!linear_mosaic(source, &linear)) return false;
    int64_t height, width;
    target_size(picture, &linear, &height, &width);
    double ratio = (double)picture->shape[1] / (double)picture->shape[2];
    struct area *area = &problem->area;
    area->width = fmin((double)linear.shape[2], (double)linear.shape[1] / ratio);
    area->height = fmin(area->width * ratio, (double)linear.shape[1]);
    area->left = ((double)linear.shape[2] - area->width) / 2;
    area->top = ((double)linear.shape[1] - area->height) / 2;
    const struct area whole = { 0, 0, (double)picture->shape[2], (double)picture->shape[1] };
    int64_t shape[2] = { 2 * height, 2 * width };
    bool done = tensor_new_image(&problem->target, L2L_F64, 3, height, width) &&
                tensor_new(&problem->mosaic, L2L_F32, 2, shape) &&
                box_resample(picture, &whole, &problem->target) &&
                find_area(&linear, &source->cfa, &problem->target, area, &problem->correlation);
    if (done) reduce_mosaic(&linear, &source->cfa, area, &problem->mosaic);
    tensor_free(&linear);
    if (!done) fit_problem_free(problem);
    return done;
}

void fit_problem_free(fit_problem *problem) {
    tensor_free(&problem->target);
    tensor_free(&problem->mosaic);
}
