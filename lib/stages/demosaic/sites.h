/* Sites of a colour-filter array: where, for the purposes of demosaicing, two pixels are alike.
   Pixels far from the border are alike if they are alike in the period; near it each row and
   column is a class of its own, because the extension carries colours along with samples. Where
   the extension keeps the phase (mirror, Bayer), the border needs no classes. */
#ifndef L2L_STAGES_DEMOSAIC_SITES_H
#define L2L_STAGES_DEMOSAIC_SITES_H

#include "stages/stage.h"

typedef struct l2l_sites {
    int period_y, period_x, radius;
    int64_t height, width;
    bool uniform;      /* the border needs no classes */
    int rows, columns; /* classes */
    int taps;          /* (2 radius + 1)² */
    bool diamond;      /* those with |dy| + |dx| > radius are 0 at every site, and left out */
} l2l_sites;

L2L_FN int l2l_site_mod(int64_t index, int period) {
    if (period <= 2) return (int)(index & (period - 1)); /* divisions take longer than the rest */
    return (int)((index % period + period) % period);
}

L2L_FN int l2l_site_class(int64_t index, int64_t extent, int period, int radius, bool uniform) {
    if (uniform) return l2l_site_mod(index, period);
    if (index < radius) return (int)index;
    if (index >= extent - radius) return radius + period + (int)(index - (extent - radius));
    return radius + (int)(index % period);
}

L2L_FN int l2l_site_row(const l2l_sites *s, int64_t y) {
    return l2l_site_class(y, s->height, s->period_y, s->radius, s->uniform);
}

L2L_FN int l2l_site_column(const l2l_sites *s, int64_t x) {
    return l2l_site_class(x, s->width, s->period_x, s->radius, s->uniform);
}

/* Whether tap k of a window is left out. */
L2L_FN bool l2l_site_skips(bool diamond, int radius, int k) {
    const int side = 2 * radius + 1, dy = k / side - radius, dx = k % side - radius;
    return diamond && (dy < 0 ? -dy : dy) + (dx < 0 ? -dx : dx) > radius;
}

/* Where the three sets of taps of a class begin: taps[out][ky][kx]. */
L2L_FN int l2l_site_offset(const l2l_sites *s, int row_class, int column_class) {
    return (row_class * s->columns + column_class) * 3 * s->taps;
}

static inline l2l_sites l2l_sites_of(const l2l_node *node, int64_t height, int64_t width) {
    const l2l_demosaic *demosaic = &node->attributes.demosaic;
    int py = demosaic->cfa.height, px = demosaic->cfa.width, r = node->radius;
    bool keeps_phase =
        py <= 2 && px <= 2 &&
        (node->border == L2L_BORDER_MIRROR ||
         (node->border == L2L_BORDER_ZERO && demosaic->method == L2L_DEMOSAIC_LINEAR));
    bool uniform = keeps_phase && (height >= 2 || py == 1) && (width >= 2 || px == 1);
    int side = 2 * r + 1;
    return (l2l_sites){ .period_y = py,
                        .period_x = px,
                        .radius = r,
                        .height = height,
                        .width = width,
                        .uniform = uniform,
                        .rows = uniform ? py : py + 2 * r,
                        .columns = uniform ? px : px + 2 * r,
                        .taps = side * side,
                        .diamond = demosaic->method == L2L_DEMOSAIC_MALVAR2004 };
}

#endif
