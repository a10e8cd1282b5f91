/* Losses of an image, and their cotangents: what grad and fit differentiate. */
#include "loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

bool loss_mean_square(const l2l_tensor *image, const l2l_tensor *target, const l2l_tensor *grad,
                      double *loss) {
    int64_t width = image->shape[2];
    double count = (double)tensor_count(image), sum = 0;
    double *rows = malloc((size_t)width * 2 * sizeof *rows);
    if (!rows) return fail("out of memory: no room for a row of pixels");
    double *row = rows, *aim = rows + width;
    for (int64_t c = 0; c < image->shape[0]; c++) {
        for (int64_t y = 0; y < image->shape[1]; y++) {
            tensor_load_row(image, c, y, row);
            tensor_load_row(target, c, y, aim);
            for (int64_t x = 0; x < width; x++) {
                double difference = row[x] - aim[x];
                sum += difference * difference;
                row[x] = 2 * difference / count;
            }
            tensor_store_row(grad, c, y, row);
        }
    }
    free(rows);
    *loss = sum / count;
    return true;
}

/* Adds the weighted channels of a row up. */
static void luma_row(const l2l_tensor *image, const double *weights, int64_t y, double *scratch,
                     double *luma) {
    int64_t width = image->shape[2];
    memset(luma, 0, (size_t)width * sizeof *luma);
    for (int64_t c = 0; c < image->shape[0]; c++) {
        tensor_load_row(image, c, y, scratch);
        for (int64_t x = 0; x < width; x++) luma[x] += weights[c] * scratch[x];
    }
}

bool loss_contrast(const l2l_tensor *image, const l2l_tensor *grad, double *loss) {
    double weights[4] = { 0.299, 0.587, 0.114, 0 };
    int64_t channels = image->shape[0], height = image->shape[1], width = image->shape[2];
    for (int64_t c = 0; c < channels && channels != 3; c++) weights[c] = 1.0 / (double)channels;
    double *rows = malloc((size_t)width * 2 * sizeof *rows);
    if (!rows) return fail("out of memory: no room for a row of pixels");
    double *luma = rows, *row = rows + width;
    double count = (double)(height * width), sum = 0, squares = 0;
    for (int64_t y = 0; y < height; y++) {
        luma_row(image, weights, y, row, luma);
        for (int64_t x = 0; x < width; x++) sum += luma[x];
    }
    double mean = sum / count;
    for (int64_t y = 0; y < height; y++) {
        luma_row(image, weights, y, row, luma);
        for (int64_t x = 0; x < width; x++) squares += (luma[x] - mean) * (luma[x] - mean);
    }
    double deviation = sqrt(squares / count);
    double slope = deviation > 0 ? 1 / (count * deviation) : 0;
    for (int64_t y = 0; y < height; y++) {
        luma_row(image, weights, y, row, luma);
        for (int64_t c = 0; c < channels; c++) {
            for (int64_t x = 0; x < width; x++) row[x] = weights[c] * slope * (luma[x] - mean);
            tensor_store_row(grad, c, y, row);
        }
    }
    free(rows);
    *loss = deviation;
    return true;
}

double psnr(double mean_square) {
    return -10 * log10(mean_square);
}
