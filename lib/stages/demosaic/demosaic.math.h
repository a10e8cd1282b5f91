/* Linear demosaics: a pixel is a sum of samples with the taps of its site, and backward the
   transpose. Source: docs/stages/demosaic.md. */
#ifndef L2L_STAGES_DEMOSAIC_MATH_H
#define L2L_STAGES_DEMOSAIC_MATH_H

#include "stages/demosaic/taps.h"
#include "stages/real.h"

/* One output of the pixel in column i. rows[ky] are those of the window, `tap` is [ky][kx]. */
L2L_FN real l2l_demosaic_value(const l2l_sites *s, const real *tap, const void *const *rows,
                               int i) {
    const int side = 2 * s->radius + 1;
    real sum = R(0.0);
    for (int t = 0; t < s->taps; t++)
        if (!l2l_site_skips(s->diamond, s->radius, t))
            sum = L2L_FMA(tap[t], ((const real *)rows[t / side])[i + t % side - s->radius], sum);
    return sum;
}

/* Weight of output o's cotangent at window position k for the sample (y, x), which may lie beyond
   the border; `coefs` are the taps of every class of sites. */
L2L_FN real l2l_transposed_tap(const l2l_sites *s, const real *coefs, int o, int k, int64_t y,
                               int64_t x) {
    const int side = 2 * s->radius + 1;
    y += k / side - s->radius;
    x += k % side - s->radius;
    if (!s->uniform && (y < 0 || y >= s->height || x < 0 || x >= s->width)) return R(0.0);
    return coefs[l2l_transposed_offset(s, o, k, y, x)];
}

/* The gradient of the sample (y, x), in column i of the rows. rows[o][ky] are those of the
   cotangents' windows, zero beyond the image. */
L2L_FN real l2l_demosaic_grad(const l2l_sites *s, const real *coefs, const void *const *rows,
                              int64_t y, int64_t x, int i) {
    const int side = 2 * s->radius + 1;
    real sum = R(0.0);
    for (int o = 0; o < 3; o++)
        for (int k = 0; k < s->taps; k++)
            if (!l2l_site_skips(s->diamond, s->radius, k))
                sum = L2L_FMA(l2l_transposed_tap(s, coefs, o, k, y, x),
                              ((const real *)rows[o * side + k / side])[i + k % side - s->radius],
                              sum);
    return sum;
}

#endif
