/* Taps of the demosaics that are stencils (bilinear, linear, malvar2004), made site by site for the
   kernel cfa.kernel.c. */
#ifndef L2L_STAGES_DEMOSAIC_TAPS_H
#define L2L_STAGES_DEMOSAIC_TAPS_H

#include "stages/demosaic/sites.h"

enum { L2L_DEMOSAIC_MAX_RADIUS = 6 };

/* Coefficients: the taps of every class of sites; then, for kernels that serve two columns at a
   time, the same in pairs (even column, odd column): [direction][row phase][column phase][tap of
   the three outputs][2], direction 0 forward, 1 the transpose. Pairs are filled in where the border
   needs no classes. */
int l2l_site_coefs(const l2l_node *node);
int l2l_pair_coefs(const l2l_node *node); /* 0 where nobody reads them */

static inline int l2l_site_coefs_of(const l2l_sites *s) {
    return (s->period_y + 2 * s->radius) * (s->period_x + 2 * s->radius) * 3 * s->taps;
}

static inline int l2l_pair_offset(const l2l_sites *s, int direction, int row_phase,
                                  int column_phase) {
    return ((direction * s->period_y + row_phase) * 2 + column_phase) * 2 * 3 * s->taps;
}

/* One class of sites, by a pixel of it. */
typedef struct l2l_site {
    int offset;   /* of its taps: the coefficients [out][ky][kx] begin there */
    int64_t y, x; /* of the pixel */
    /* Of the sample that each tap falls on, which may lie beyond the border; −1 for a zero. */
    int color[(2 * L2L_DEMOSAIC_MAX_RADIUS + 1) * (2 * L2L_DEMOSAIC_MAX_RADIUS + 1)];
} l2l_site;

typedef void (*l2l_site_visitor)(const l2l_node *node, const l2l_sites *s, const l2l_site *site,
                                 void *data);

/* Calls the visitor for every class of sites that the image has. */
void l2l_visit_sites(const l2l_node *node, const l2l_sites *s, l2l_site_visitor visitor,
                     void *data);

/* Fills in the pairs from the classes, forward and backward ones. */
void l2l_pairs_prepare(const l2l_node *node, int64_t height, int64_t width, double *coefs);
void l2l_pairs_prepare_backward(const l2l_node *node, int64_t height, int64_t width,
                                const double *params, double *coefs);

/* The coefficient by which output o's cotangent at window position k, in the pixel (y, x) of the
   image, goes into the sample at the middle of the window: an offset into the taps. */
L2L_FN int l2l_transposed_offset(const l2l_sites *s, int o, int k, int64_t y, int64_t x) {
    return l2l_site_offset(s, l2l_site_row(s, y), l2l_site_column(s, x)) + (o + 1) * s->taps - 1 -
           k;
}

/* What `configure` of these methods shares: one channel in, a sane CFA, the border; and the counts
   that follow from the radius. */
l2l_status l2l_demosaic_configure(l2l_context *context, l2l_node *node, l2l_border reference);
void l2l_demosaic_set_taps(l2l_node *node, int radius);

bool l2l_cfa_is_bayer(const l2l_cfa *cfa);

/* The smallest radius at which every site sees every colour of the array in each of its four
   quadrants: the surroundings of an image's corner are reflections of one. */
int l2l_bilinear_radius(const l2l_cfa *cfa);

void l2l_bilinear_prepare(const l2l_node *, int64_t height, int64_t width, const double *params,
                          double *coefs);
void l2l_linear_prepare(const l2l_node *, int64_t height, int64_t width, const double *params,
                        double *coefs);
void l2l_linear_unfold(const l2l_node *, int64_t height, int64_t width, const double *params,
                       double *sums, double *work, double *grads);

#endif
