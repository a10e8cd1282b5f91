/* Losses over rows: the cotangent that backward starts from, and the sum. */
#include "stages/loss/loss.math.h"
#include "stages/lanes.h"
#include "stages/rows.h"
#include "stages/vector.h"

/* l2l_loss_value and l2l_loss_slope in all lanes. */
L2L_FN vreal v_value(const l2l_loss_kind kind, vreal y, vreal t) {
    const vreal d = y - t;
    return kind == L2L_LOSS_SQUARED    ? d * d
           : kind == L2L_LOSS_ABSOLUTE ? (vreal)((vmask)d & ~(vmask)v_splat(R(-0.0)))
                                       : y * t;
}

L2L_FN vreal v_slope(const l2l_loss_kind kind, vreal y, vreal t) {
    const vreal d = y - t, zero = v_splat(R(0.0));
    const vmask above = (d > zero) & (vmask)v_splat(R(1.0));
    const vmask below = (d < zero) & (vmask)v_splat(R(-1.0));
    return kind == L2L_LOSS_SQUARED    ? d + d
           : kind == L2L_LOSS_ABSOLUTE ? (vreal)(above | below | ((d != d) & (vmask)d))
                                       : t;
}

/* grad = scale · slope, and unless `lane` is NULL, lane += loss; whole groups of lanes. `grad` may
   be `t`. */
L2L_FN void columns(const l2l_loss_kind kind, const real *y, const real *t, real *grad,
                    const real scale, real *lane, int count) {
    const vreal s = v_splat(scale);
    vreal sum[L2L_PARTS];
    for (int k = 0; lane && k < L2L_PARTS; k++) sum[k] = v_load(lane + k * L2L_WIDTH);
    for (int i = 0; i < count; i += L2L_LANES)
#pragma GCC unroll 8
        for (int k = 0; k < L2L_PARTS; k++) {
            const int at = i + k * L2L_WIDTH;
            const vreal value = v_load(y + at), target = v_load(t + at);
            if (lane) sum[k] += v_value(kind, value, target);
            v_store(grad + at, s * v_slope(kind, value, target));
        }
    for (int k = 0; lane && k < L2L_PARTS; k++) v_store(lane + k * L2L_WIDTH, sum[k]);
}

/* The columns of which the loss is summed, the last ones from copies that zeros complete. */
L2L_FN double sum_columns(const l2l_loss_kind kind, const real *y, const real *t, real *grad,
                          const real scale, int count) {
    const int whole = count / L2L_LANES * L2L_LANES, rest = count - whole;
    real lane[L2L_LANES] = { 0 };
    columns(kind, y, t, grad, scale, lane, whole);
    if (rest) {
        real last_y[L2L_LANES], last_t[L2L_LANES], last_grad[L2L_LANES];
        l2l_tail(last_y, y + whole, rest, 0);
        l2l_tail(last_t, t + whole, rest, 0);
        columns(kind, last_y, last_t, last_grad, scale, lane, L2L_LANES);
        memcpy(grad + whole, last_grad, (size_t)rest * sizeof(real));
    }
    return l2l_lanes_total(lane);
}

/* Left of what is to be summed, right of it, and that. Called with constants, so that each kind has
   loops of its own. */
L2L_FN double loss_row(const l2l_loss_kind kind, const real *y, const real *t, real *grad,
                       const real scale, int count, int begin, int own) {
    const int end = begin + own;
    if (own == 0) {
        columns(kind, y, t, grad, scale, NULL, count);
        return 0.0;
    }
    /* the few others one by one: groups of lanes would end in the columns that are summed, which
       must keep their targets where `grad` is `t`, or beyond the row */
    for (int i = 0; i < begin; i++) grad[i] = scale * l2l_loss_slope(kind, y[i], t[i]);
    for (int i = end; i < count; i++) grad[i] = scale * l2l_loss_slope(kind, y[i], t[i]);
    return sum_columns(kind, y + begin, t + begin, grad + begin, scale, own);
}

double L2L_SYMBOL(l2l_row_loss)(l2l_loss_kind kind, const void *row, const void *target, void *grad,
                                double scale, int count, int own_begin, int own_count) {
    const real s = (real)scale;
    switch (kind) {
    case L2L_LOSS_SQUARED:
        return loss_row(L2L_LOSS_SQUARED, row, target, grad, s, count, own_begin, own_count);
    case L2L_LOSS_ABSOLUTE:
        return loss_row(L2L_LOSS_ABSOLUTE, row, target, grad, s, count, own_begin, own_count);
    case L2L_LOSS_PRODUCT:
        return loss_row(L2L_LOSS_PRODUCT, row, target, grad, s, count, own_begin, own_count);
    }
    return 0.0;
}
