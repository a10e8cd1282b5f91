/* Demosaic: attributes of its methods. */
#include "core/core.h"
#include "stages/demosaic/taps.h"
#include "stages/shapes/plane.h"

l2l_status l2l_demosaic_configure(l2l_context *context, l2l_node *node, l2l_border reference) {
    l2l_demosaic *demosaic = &node->attributes.demosaic;
    l2l_cfa *cfa = &demosaic->cfa;
    if (node->in_channels != 1)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "demosaic takes a mosaic, not %d channels",
                        node->in_channels);
    if (cfa->width == 0 && cfa->height == 0) *cfa = (l2l_cfa){ 2, 2, { 0, 1, 1, 2 } };
    if (cfa->width < 1 || cfa->height < 1 || cfa->width > L2L_CFA_MAX_PERIOD ||
        cfa->height > L2L_CFA_MAX_PERIOD)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "demosaic: a CFA period of %d×%d is not in 1..%d", cfa->height, cfa->width,
                        L2L_CFA_MAX_PERIOD);
    for (int i = 0; i < cfa->width * cfa->height; i++)
        if (cfa->color[i] > 2)
            return l2l_fail(context, L2L_INVALID_ARGUMENT, "demosaic: %d is no colour of a CFA",
                            cfa->color[i]);
    node->out_channels = 3;
    return l2l_border_resolve(context, node, demosaic->border, reference, &node->border);
}

void l2l_demosaic_set_taps(l2l_node *node, int radius) {
    const l2l_cfa *cfa = &node->attributes.demosaic.cfa;
    int side = 2 * radius + 1;
    node->radius = radius;
    node->coef_count = l2l_site_coefs(node) + l2l_pair_coefs(node);
    if (cfa->width <= 2 && radius <= 2)
        node->lane_count = 16 * (cfa->height + 2 * radius) * 3 * side * side;
}

static l2l_status configure_bilinear(l2l_context *context, l2l_node *node) {
    L2L_TRY(l2l_demosaic_configure(context, node, L2L_BORDER_SYMMETRIC));
    int radius = l2l_bilinear_radius(&node->attributes.demosaic.cfa);
    l2l_demosaic_set_taps(node, radius);
    return L2L_OK;
}

static l2l_status configure_linear(l2l_context *context, l2l_node *node) {
    L2L_TRY(l2l_demosaic_configure(context, node, L2L_BORDER_MIRROR));
    int radius = node->attributes.demosaic.radius;
    if (radius != 1 && radius != 2)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "demosaic.linear: radius %d is not 1 or 2",
                        radius);
    l2l_demosaic_set_taps(node, radius);
    node->slices[0] = (l2l_slice_spec){ "weight", 9 * (2 * radius + 1) * (2 * radius + 1) };
    node->sum_count = l2l_site_coefs(node);
    return L2L_OK;
}

/* Lens2Logit's initial weights: the bilinear kernels on the diagonal. */
static void defaults_linear(const l2l_node *node, double *params) {
    static const double cross[9] = { 0, 0.25, 0, 0.25, 1, 0.25, 0, 0.25, 0 };
    static const double tent[9] = { 0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25 };
    int r = node->radius, side = 2 * r + 1;
    for (int i = 0; i < node->param_count; i++) params[i] = 0.0;
    for (int c = 0; c < 3; c++)
        for (int t = 0; t < 9; t++)
            params[(c * 3 + c) * side * side + (t / 3 + r - 1) * side + t % 3 + r - 1] =
                c == 1 ? cross[t] : tent[t];
}

static l2l_status configure_superpixel(l2l_context *context, l2l_node *node) {
    L2L_TRY(l2l_demosaic_configure(context, node, L2L_BORDER_MIRROR));
    const l2l_demosaic *demosaic = &node->attributes.demosaic;
    if (!l2l_cfa_is_bayer(&demosaic->cfa))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "demosaic.superpixel takes Bayer arrays");
    if (demosaic->channels != 3 && demosaic->channels != 4)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "demosaic.superpixel makes 3 or 4 channels, not %d", demosaic->channels);
    node->out_channels = demosaic->channels;
    node->scale = 2;
    return L2L_OK;
}

const l2l_stage_row l2l_demosaic_bilinear_row = {
    .stage = "demosaic", .method = "bilinear", .kind = L2L_DEMOSAIC,
    .method_id = L2L_DEMOSAIC_BILINEAR, .shape = L2L_SHAPE_CFA,
    .configure = configure_bilinear, .prepare = l2l_bilinear_prepare,
    .prepare_backward = l2l_pairs_prepare_backward,
};

const l2l_stage_row l2l_demosaic_linear_row = {
    .stage = "demosaic", .method = "linear", .kind = L2L_DEMOSAIC,
    .method_id = L2L_DEMOSAIC_LINEAR, .shape = L2L_SHAPE_CFA,
    .configure = configure_linear, .defaults = defaults_linear, .prepare = l2l_linear_prepare,
    .prepare_backward = l2l_pairs_prepare_backward,
    .unfold = l2l_linear_unfold,
};

const l2l_stage_row l2l_demosaic_superpixel_row = {
    .stage = "demosaic", .method = "superpixel", .kind = L2L_DEMOSAIC,
    .method_id = L2L_DEMOSAIC_SUPERPIXEL, .shape = L2L_SHAPE_CFA,
    .configure = configure_superpixel,
};
