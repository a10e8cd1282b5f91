/* Taps of a Gaussian and their derivatives in σ. */
#include "stages/shapes/gaussian.h"

#include "stages/stage.h"

#include <math.h>

void l2l_gaussian_taps(double sigma, int radius, double *taps, double *slopes) {
    double total = 0.0, total_slope = 0.0;
    for (int k = 0; k <= 2 * radius; k++) {
        double d2 = (double)(k - radius) * (k - radius);
        taps[k] = sigma == 0.0 ? (double)(d2 == 0.0) : exp(-d2 / (2.0 * sigma * sigma));
        slopes[k] = sigma == 0.0 ? 0.0 : taps[k] * d2 / (sigma * sigma * sigma);
        total += taps[k];
        total_slope += slopes[k];
    }
    for (int k = 0; k <= 2 * radius; k++) {
        slopes[k] = (slopes[k] - taps[k] * total_slope / total) / total;
        taps[k] /= total;
    }
}

void l2l_gaussian_coefs(double alpha, double beta, double sigma, int radius, double *coefs) {
    coefs[0] = alpha;
    coefs[1] = beta;
    l2l_gaussian_taps(sigma, radius, coefs + 2, coefs + 2 + 2 * radius + 1);
}
