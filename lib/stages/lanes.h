/* Sums over a row in 16 lanes, for kernels. */
#ifndef L2L_STAGES_LANES_H
#define L2L_STAGES_LANES_H

#include "stages/kernel.h"
#include "stages/real.h"

/* The sum of the lanes by a fixed tree, in double. */
L2L_FN double l2l_lanes_total(const real *lane) {
    double half[8], quarter[4];
    for (int i = 0; i < 8; i++) half[i] = (double)lane[i] + (double)lane[i + 8];
    for (int i = 0; i < 4; i++) quarter[i] = half[i] + half[i + 4];
    return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

/* The lanes of even columns and those of odd ones apart: total[0] and total[1]. */
L2L_FN void l2l_lanes_by_parity(const real *lane, double total[2]) {
    for (int p = 0; p < 2; p++) {
        double half[4];
        for (int i = 0; i < 4; i++) half[i] = (double)lane[2 * i + p] + (double)lane[2 * i + 8 + p];
        total[p] = (half[0] + half[2]) + (half[1] + half[3]);
    }
}

/* The last incomplete group of a row, with zeros for the lanes that it lacks, so that a sum over
   16 lanes adds nothing there: out[0, 16 + 2 reach) from src[−reach, lanes + reach). */
static inline void l2l_tail(real *out, const real *src, int lanes, int reach) {
    for (int i = 0; i < L2L_LANES + 2 * reach; i++)
        out[i] = i < lanes + 2 * reach ? src[i - reach] : R(0.0);
}

/* Runs `body(i, lanes)` over [0, count) in groups of 16, the last one smaller. With a constant 16
   the compiler vectorises the loop over the lanes inside the body. */
#define L2L_FOR_LANES(count, body)                                        \
    do {                                                                  \
        int l2l_i_ = 0;                                                   \
        for (; l2l_i_ + L2L_LANES <= (count); l2l_i_ += L2L_LANES) body(l2l_i_, L2L_LANES); \
        if (l2l_i_ < (count)) body(l2l_i_, (count)-l2l_i_);               \
    } while (0)

#endif
