/* One pixel in the place of a vector of them: what stages/vector.h has, for pixel math that is
   written for both. Include it after stages/vector.h, or without. */
#ifndef L2L_STAGES_SINGLE_H
#define L2L_STAGES_SINGLE_H

#include "stages/real.h"

#if !defined(L2L_STAGES_VECTOR_H)
typedef real vreal;

L2L_FN vreal v_load(const real *p) {
    return *p;
}

L2L_FN vreal v_splat(real x) {
    return x;
}

L2L_FN vreal v_min(vreal a, vreal b) {
    return a < b ? a : b;
}

L2L_FN vreal v_max(vreal a, vreal b) {
    return a > b ? a : b;
}

L2L_FN vreal v_if_equal(vreal a, vreal b, vreal yes, vreal no) {
    return a == b ? yes : no;
}
#endif

#endif
