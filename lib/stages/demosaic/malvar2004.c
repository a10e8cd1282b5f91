/* Demosaic by Malvar, He and Cutler (ICASSP 2004): a colour's nearest neighbours, corrected by how
   the pixel's own colour differs from its surroundings. */
#include "core/core.h"
#include "stages/demosaic/taps.h"

enum { RADIUS = 2, SIDE = 2 * RADIUS + 1, TAPS = SIDE * SIDE, CENTER = TAPS / 2 };

/* Taps in eighths, by where the neighbours of the wanted colour stand. */
typedef enum neighbours { DIAGONAL, BESIDE, ABOVE, AROUND, HERE } neighbours;

/* clang-format off */
static const double eighths[][TAPS] = {
    [DIAGONAL] = {    0,  0, -1.5,  0,    0,
                      0,  2,    0,  2,    0,
                   -1.5,  0,    6,  0, -1.5,
                      0,  2,    0,  2,    0,
                      0,  0, -1.5,  0,    0 },
    [BESIDE] =   {    0,  0,  0.5,  0,    0,
                      0, -1,    0, -1,    0,
                     -1,  4,    5,  4,   -1,
                      0, -1,    0, -1,    0,
                      0,  0,  0.5,  0,    0 },
    [ABOVE] =    {    0,  0,   -1,  0,    0,
                      0, -1,    4, -1,    0,
                    0.5,  0,    5,  0,  0.5,
                      0, -1,    4, -1,    0,
                      0,  0,   -1,  0,    0 },
    [AROUND] =   {    0,  0,   -1,  0,    0,
                      0,  0,    2,  0,    0,
                     -1,  2,    4,  2,   -1,
                      0,  0,    2,  0,    0,
                      0,  0,   -1,  0,    0 },
    [HERE] =     { [CENTER] = 8 },
};
/* clang-format on */

static neighbours neighbours_of(const l2l_cfa *cfa, const l2l_site *site, int color) {
    if (l2l_cfa_color(cfa, site->y, site->x) == color) return HERE;
    bool beside = l2l_cfa_color(cfa, site->y, site->x + 1) == color;
    bool above = l2l_cfa_color(cfa, site->y + 1, site->x) == color;
    return (neighbours)(beside * BESIDE + above * ABOVE);
}

/* Taps of one output at one class of sites. A tap beyond the border counts where the sample has the
   colour that the tap is meant for. The mean of the neighbours is a mean of what remains of them;
   the correction weighs the pixel against what remains of its surroundings, or is left out: flat
   fields stay flat. Away from the border the sums are 1 and their taps stay as they are. */
static void taps_of(const l2l_cfa *cfa, const l2l_site *site, int color, bool as_is, double *taps) {
    const double *kernel = eighths[neighbours_of(cfa, site, color)];
    double mean = 0.0, surroundings = 0.0, center = kernel[CENTER] / 8.0;
    int meant[TAPS];
    for (int t = 0; t < TAPS; t++) {
        meant[t] = l2l_cfa_color(cfa, site->y + t / SIDE - RADIUS, site->x + t % SIDE - RADIUS);
        taps[t] = as_is || site->color[t] == meant[t] ? kernel[t] / 8.0 : 0.0;
        if (meant[t] == color)
            mean += taps[t];
        else if (t != CENTER)
            surroundings -= taps[t];
    }
    if (as_is) return;
    double correct = mean != 0.0 && surroundings != 0.0 ? center / surroundings : 0.0;
    for (int t = 0; t < TAPS; t++)
        if (meant[t] == color)
            taps[t] = mean != 0.0 ? taps[t] / mean : 0.0;
        else if (t != CENTER || correct == 0.0)
            taps[t] *= correct;
}

static void visit(const l2l_node *node, const l2l_sites *s, const l2l_site *site, void *data) {
    const l2l_demosaic *demosaic = &node->attributes.demosaic;
    /* the package that REFERENCE follows extends samples and forgets their colours */
    bool as_is = demosaic->border == L2L_BORDER_REFERENCE;
    for (int color = 0; color < 3; color++)
        taps_of(&demosaic->cfa, site, color, as_is,
                (double *)data + site->offset + color * s->taps);
}

static void prepare(const l2l_node *node, int64_t height, int64_t width, const double *params,
                    double *coefs) {
    (void)params;
    const l2l_sites s = l2l_sites_of(node, height, width);
    for (int i = 0; i < node->coef_count; i++) coefs[i] = 0.0;
    l2l_visit_sites(node, &s, visit, coefs);
    l2l_pairs_prepare(node, height, width, coefs);
}

static l2l_status configure(l2l_context *context, l2l_node *node) {
    L2L_TRY(l2l_demosaic_configure(context, node, L2L_BORDER_SYMMETRIC));
    const l2l_cfa *cfa = &node->attributes.demosaic.cfa;
    if (!l2l_cfa_is_bayer(cfa))
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "demosaic.malvar2004 takes Bayer arrays, not a period of %d×%d",
                        cfa->height, cfa->width);
    l2l_demosaic_set_taps(node, RADIUS);
    return L2L_OK;
}

const l2l_stage_row l2l_demosaic_malvar2004_row = {
    .stage = "demosaic", .method = "malvar2004", .kind = L2L_DEMOSAIC,
    .method_id = L2L_DEMOSAIC_MALVAR2004, .shape = L2L_SHAPE_CFA,
    .configure = configure, .prepare = prepare, .prepare_backward = l2l_pairs_prepare_backward,
};
