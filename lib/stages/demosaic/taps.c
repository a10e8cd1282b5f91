/* Taps of bilinear and linear demosaic, site by site, and the way back to the trainable weights. */
#include "stages/demosaic/taps.h"

enum { MAX_CLASSES = L2L_CFA_MAX_PERIOD + 2 * L2L_DEMOSAIC_MAX_RADIUS };

/* An index of each class; −1 where the image is too small to have one. */
static void representatives(int64_t extent, int period, int radius, bool uniform, int classes,
                            int64_t index[MAX_CLASSES]) {
    for (int c = 0; c < classes; c++) index[c] = uniform ? c : -1;
    if (uniform) return;
    for (int64_t i = 0; i < extent; i++) {
        if (i == radius + period && extent - radius > i) i = extent - radius;
        index[l2l_site_class(i, extent, period, radius, false)] = i;
    }
}

/* The colour of the sample at (y, x), which may lie beyond the border; −1 for a zero. */
static int color_at(const l2l_node *node, const l2l_sites *s, int64_t y, int64_t x) {
    const l2l_cfa *cfa = &node->attributes.demosaic.cfa;
    if (s->uniform)
        return cfa
            ->color[l2l_site_mod(y, s->period_y) * s->period_x + l2l_site_mod(x, s->period_x)];
    int64_t row = l2l_extend(node->border, y, s->height);
    int64_t column = l2l_extend(node->border, x, s->width);
    return row < 0 || column < 0 ? -1 : l2l_cfa_color(cfa, row, column);
}

void l2l_visit_sites(const l2l_node *node, const l2l_sites *s, l2l_site_visitor visitor,
                     void *data) {
    int64_t row[MAX_CLASSES], column[MAX_CLASSES];
    int side = 2 * s->radius + 1;
    representatives(s->height, s->period_y, s->radius, s->uniform, s->rows, row);
    representatives(s->width, s->period_x, s->radius, s->uniform, s->columns, column);
    for (int ry = 0; ry < s->rows; ry++)
        for (int cx = 0; cx < s->columns; cx++) {
            l2l_site site = { .offset = l2l_site_offset(s, ry, cx), .y = row[ry], .x = column[cx] };
            if (row[ry] < 0 || column[cx] < 0) continue;
            for (int t = 0; t < s->taps; t++)
                site.color[t] = color_at(node, s, row[ry] + t / side - s->radius,
                                         column[cx] + t % side - s->radius);
            visitor(node, s, &site, data);
        }
}

/* ---- pairs ---- */

int l2l_site_coefs(const l2l_node *node) {
    l2l_sites s = l2l_sites_of(node, 1, 1);
    return l2l_site_coefs_of(&s);
}

int l2l_pair_coefs(const l2l_node *node) {
    const l2l_cfa *cfa = &node->attributes.demosaic.cfa;
    int side = 2 * node->radius + 1;
    return cfa->width <= 2 && node->radius <= 2 ? 2 * cfa->height * 2 * 2 * 3 * side * side : 0;
}

/* The pairs of one direction: column p is the even one of a pair that begins with it, and the odd
   one of the other. */
static void put_pair(const l2l_sites *s, double *pairs, int direction, int y, int p, int k,
                     double tap) {
    pairs[l2l_pair_offset(s, direction, y, p) + 2 * k] = tap;
    pairs[l2l_pair_offset(s, direction, y, 1 - p) + 2 * k + 1] = tap;
}

static bool has_pairs(const l2l_node *node, const l2l_sites *s) {
    return s->uniform && node->coef_count > l2l_site_coefs_of(s);
}

void l2l_pairs_prepare(const l2l_node *node, int64_t height, int64_t width, double *coefs) {
    const l2l_sites s = l2l_sites_of(node, height, width);
    double *pairs = coefs + l2l_site_coefs_of(&s);
    for (int y = 0; has_pairs(node, &s) && y < s.period_y; y++)
        for (int p = 0; p < 2; p++) {
            const double *taps = coefs + l2l_site_offset(&s, y, l2l_site_column(&s, p));
            for (int k = 0; k < 3 * s.taps; k++) put_pair(&s, pairs, 0, y, p, k, taps[k]);
        }
}

void l2l_pairs_prepare_backward(const l2l_node *node, int64_t height, int64_t width,
                                const double *params, double *coefs) {
    (void)params;
    const l2l_sites s = l2l_sites_of(node, height, width);
    double *pairs = coefs + l2l_site_coefs_of(&s);
    const int side = 2 * s.radius + 1;
    for (int y = 0; has_pairs(node, &s) && y < s.period_y; y++)
        for (int p = 0; p < 2; p++)
            for (int t = 0; t < s.taps; t++) {
                const int64_t from_y = y - s.radius + t / side, from_x = p - s.radius + t % side;
                const double *back = coefs + l2l_transposed_offset(&s, 0, t, from_y, from_x);
                for (int o = 0; o < 3; o++)
                    put_pair(&s, pairs, 1, y, p, o * s.taps + t, back[o * s.taps]);
            }
}

/* ---- bilinear: normalised convolution of the masked mosaic ---- */

bool l2l_cfa_is_bayer(const l2l_cfa *cfa) {
    const uint8_t *c = cfa->color;
    if (cfa->width != 2 || cfa->height != 2) return false;
    bool diagonal = c[1] == 1 && c[2] == 1 && c[0] + c[3] == 2 && c[0] != 1;
    bool antidiagonal = c[0] == 1 && c[3] == 1 && c[1] + c[2] == 2 && c[1] != 1;
    return diagonal || antidiagonal;
}

static bool sees_all(const l2l_cfa *cfa, int y, int x, int radius) {
    int present = 0;
    for (int i = 0; i < cfa->width * cfa->height; i++) present |= 1 << cfa->color[i];
    for (int down = -1; down <= 1; down += 2)
        for (int right = -1; right <= 1; right += 2) {
            int seen = 0;
            for (int dy = 0; dy <= radius; dy++)
                for (int dx = 0; dx <= radius; dx++)
                    seen |= 1 << l2l_cfa_color(cfa, y + down * dy, x + right * dx);
            if (seen != present) return false;
        }
    return true;
}

int l2l_bilinear_radius(const l2l_cfa *cfa) {
    if (cfa->width == 1 && cfa->height == 1) return 0;
    if (l2l_cfa_is_bayer(cfa)) return 1;
    for (int r = 1; r < L2L_DEMOSAIC_MAX_RADIUS; r++) {
        bool all = true;
        for (int y = 0; y < cfa->height; y++)
            for (int x = 0; x < cfa->width; x++) all = all && sees_all(cfa, y, x, r);
        if (all) return r;
    }
    return L2L_DEMOSAIC_MAX_RADIUS;
}

/* The tent (r + 1 − |dy|)(r + 1 − |dx|); Bayer green leaves out the diagonals. */
static double bilinear_weight(bool bayer, int color, int radius, int t) {
    int side = 2 * radius + 1, dy = t / side - radius, dx = t % side - radius;
    dy = dy < 0 ? -dy : dy;
    dx = dx < 0 ? -dx : dx;
    if (bayer && color == 1) return dy + dx == 0 ? 1.0 : dy + dx == 1 ? 0.25 : 0.0;
    return (double)(radius + 1 - dy) * (radius + 1 - dx) / ((radius + 1.0) * (radius + 1.0));
}

static void bilinear_site(const l2l_node *node, const l2l_sites *s, const l2l_site *site,
                          void *data) {
    const l2l_demosaic *demosaic = &node->attributes.demosaic;
    bool bayer = l2l_cfa_is_bayer(&demosaic->cfa);
    for (int o = 0; o < 3; o++) {
        double *taps = (double *)data + site->offset + o * s->taps, total = 0.0;
        for (int t = 0; t < s->taps; t++) {
            bool mine = site->color[t] == o || (s->radius == 0 && site->color[t] >= 0);
            taps[t] = mine ? bilinear_weight(bayer, o, s->radius, t) : 0.0;
            total += taps[t];
        }
        /* the package that REFERENCE follows knows Bayer only, and does not normalise */
        if ((demosaic->border == L2L_BORDER_REFERENCE && bayer) || total == 0.0) continue;
        for (int t = 0; t < s->taps; t++) taps[t] /= total;
    }
}

void l2l_bilinear_prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                          double *coefs) {
    (void)params;
    l2l_sites s = l2l_sites_of(node, height, width);
    for (int i = 0; i < node->coef_count; i++) coefs[i] = 0.0;
    l2l_visit_sites(node, &s, bilinear_site, coefs);
    l2l_pairs_prepare(node, height, width, coefs);
}

/* ---- linear: weight[out][in][ky][kx], of which a site uses the colour that a tap falls on ---- */

typedef struct linear_data {
    const double *from;
    double *to;
} linear_data;

static void linear_site(const l2l_node *node, const l2l_sites *s, const l2l_site *site,
                        void *data) {
    (void)node;
    const linear_data *d = data;
    for (int o = 0; o < 3; o++)
        for (int t = 0; t < s->taps; t++)
            if (site->color[t] >= 0)
                d->to[site->offset + o * s->taps + t] =
                    d->from[(o * 3 + site->color[t]) * s->taps + t];
}

static void linear_site_grad(const l2l_node *node, const l2l_sites *s, const l2l_site *site,
                             void *data) {
    (void)node;
    const linear_data *d = data;
    for (int o = 0; o < 3; o++)
        for (int t = 0; t < s->taps; t++)
            if (site->color[t] >= 0)
                d->to[(o * 3 + site->color[t]) * s->taps + t] +=
                    d->from[site->offset + o * s->taps + t];
}

void l2l_linear_prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                        double *coefs) {
    l2l_sites s = l2l_sites_of(node, height, width);
    for (int i = 0; i < node->coef_count; i++) coefs[i] = 0.0;
    l2l_visit_sites(node, &s, linear_site, &(linear_data){ params, coefs });
    l2l_pairs_prepare(node, height, width, coefs);
}

void l2l_linear_unfold(const l2l_node *node, int64_t height, int64_t width, const double *params,
                       double *sums, double *work, double *grads) {
    (void)params, (void)work;
    l2l_sites s = l2l_sites_of(node, height, width);
    for (int i = 0; i < node->param_count; i++) grads[i] = 0.0;
    l2l_visit_sites(node, &s, linear_site_grad, &(linear_data){ sums, grads });
}
