/* What lies beyond the edge of an image. */
#ifndef L2L_STAGES_BORDER_H
#define L2L_STAGES_BORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <lens2logit/stages.h>

#include "stages/function.h"

/* Index inside [0, extent) whose sample lies at `index` beyond the border, or −1 for a zero. The
   reflections repeat for images smaller than the distance. */
L2L_FN int64_t l2l_extend(l2l_border border, int64_t index, int64_t extent) {
    if (index >= 0 && index < extent) return index;
    if (border == L2L_BORDER_ZERO) return -1;
    if (border == L2L_BORDER_REPLICATE) return index < 0 ? 0 : extent - 1;
    bool mirror = border == L2L_BORDER_MIRROR;
    if (mirror && extent == 1) return 0;
    int64_t period = mirror ? 2 * (extent - 1) : 2 * extent;
    index = (index % period + period) % period;
    return index < extent ? index : mirror ? period - index : period - 1 - index;
}

#endif
