/* Folding of linear stages, and the unfolding of their gradients. */
#include "plan/fold.h"

#include <string.h>

#include "stages/demosaic/taps.h"
#include "stages/table.h"

/* ---- 3×3 matrices, row-major ---- */

static void multiply(const double a[9], const double b[9], double product[9]) {
    double p[9];
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++) {
            p[3 * k + c] = 0.0;
            for (int j = 0; j < 3; j++) p[3 * k + c] += a[3 * k + j] * b[3 * j + c];
        }
    memcpy(product, p, sizeof p);
}

static void transpose(const double a[9], double t[9]) {
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++) t[3 * c + k] = a[3 * k + c];
}

static void identity(double a[9]) {
    for (int i = 0; i < 9; i++) a[i] = i % 4 == 0;
}

/* ---- runs of pixel matrices ---- */

/* The product of the matrices of parts [first, end) of a node, the last one leftmost. Parameters
   are those of the folded node. */
static void product_of(const l2l_node *node, int first, int end, const double *params,
                       double m[9]) {
    identity(m);
    for (int p = first; p < end; p++) {
        const l2l_node *part = &node->parts[p];
        double own[9];
        part->row->matrix(part, params + part->param_offset - node->param_offset, own);
        multiply(own, m, m);
    }
}

/* From the gradient of the product of parts [first, count) to those of their parameters. */
static void unfold_matrices(const l2l_node *node, int first, const double *params,
                            const double grad[9], double *grads) {
    for (int p = first; p < node->part_count; p++) {
        const l2l_node *part = &node->parts[p];
        int offset = part->param_offset - node->param_offset;
        double left[9], right[9], own[9];
        product_of(node, p + 1, node->part_count, params, left);
        product_of(node, first, p, params, right);
        transpose(left, own);
        multiply(own, grad, own);
        transpose(right, left);
        multiply(own, left, own);
        part->row->matrix_grad(part, params + offset, own, grads + offset);
    }
}

static void prepare_matrix(const l2l_node *node, int64_t height, int64_t width,
                           const double *params, double *coefs) {
    (void)height, (void)width;
    product_of(node, 0, node->part_count, params, coefs);
}

static void unfold_matrix(const l2l_node *node, int64_t height, int64_t width, const double *params,
                          double *sums, double *work, double *grads) {
    (void)height, (void)width, (void)work;
    unfold_matrices(node, 0, params, sums, grads);
}

/* ---- a linear demosaic and the matrices after it: taps of every site, [site][out][tap] ---- */

static int taps_of(const l2l_node *node) { return (2 * node->radius + 1) * (2 * node->radius + 1); }

static void prepare_front(const l2l_node *node, int64_t height, int64_t width, const double *params,
                          double *coefs) {
    l2l_node demosaic = node->parts[0];
    const int taps = taps_of(node);
    const l2l_sites sites = l2l_sites_of(node, height, width);
    double m[9], *end = coefs + l2l_site_offset(&sites, sites.rows, 0);
    product_of(node, 1, node->part_count, params, m);
    demosaic.coef_count = l2l_site_coefs(&demosaic); /* the pairs are made below */
    demosaic.row->prepare(&demosaic, height, width, params, coefs);
    for (double *site = coefs; site < end; site += 3 * taps)
        for (int t = 0; t < taps; t++) {
            const double rgb[3] = { site[t], site[taps + t], site[2 * taps + t] };
            for (int k = 0; k < 3; k++)
                site[k * taps + t] = m[3 * k] * rgb[0] + m[3 * k + 1] * rgb[1] + m[3 * k + 2] * rgb[2];
        }
    l2l_pairs_prepare(node, height, width, coefs);
}

/* taps' = M taps: the gradient of taps is Mᵀ that of taps', the gradient of M the sum over sites and
   taps of the product of the two. */
static void unfold_front(const l2l_node *node, int64_t height, int64_t width, const double *params,
                         double *sums, double *work, double *grads) {
    const l2l_node *demosaic = &node->parts[0];
    const int taps = taps_of(node);
    double m[9], grad_m[9] = { 0 };
    product_of(node, 1, node->part_count, params, m);
    demosaic->row->prepare(demosaic, height, width, params, work);
    for (int s = 0; s < node->sum_count; s += 3 * taps)
        for (int t = 0; t < taps; t++) {
            double *grad = sums + s + t, *tap = work + s + t;
            double through[3] = { 0, 0, 0 };
            for (int k = 0; k < 3; k++)
                for (int c = 0; c < 3; c++) {
                    grad_m[3 * k + c] += grad[k * taps] * tap[c * taps];
                    through[c] += m[3 * k + c] * grad[k * taps];
                }
            for (int c = 0; c < 3; c++) grad[c * taps] = through[c];
        }
    if (demosaic->row->unfold)
        demosaic->row->unfold(demosaic, height, width, params, sums, work, grads);
    unfold_matrices(node, 1, params, grad_m, grads);
}

/* ---- folding ---- */

static const l2l_stage_row front_row = {
    .stage = "demosaic", .method = "front", .kind = L2L_DEMOSAIC, .shape = L2L_SHAPE_CFA,
    .prepare = prepare_front, .prepare_backward = l2l_pairs_prepare_backward,
    .unfold = unfold_front,
};

static const l2l_stage_row matrix_row = {
    .stage = "color_matrix", .method = "product", .kind = L2L_COLOR_MATRIX,
    .shape = L2L_SHAPE_POINT, .prepare = prepare_matrix, .unfold = unfold_matrix,
};

static bool is_matrix(const l2l_node *node) {
    return node->row->matrix && node->in_channels == 3 &&
           !(node->row->kind == L2L_COLOR_MATRIX && node->attributes.color_matrix.offset);
}

static bool is_taps(const l2l_node *node) {
    return node->row->shape == L2L_SHAPE_CFA && node->scale == 1 && node->radius > 0;
}

/* A clip whose successor clips what it loads. */
static bool is_clip_pair(const l2l_chain *chain, int first, const bool *keep) {
    return chain->nodes[first].row->kind == L2L_CLIP && first + 1 < chain->count &&
           !keep[first + 1] && chain->nodes[first + 1].row->clips;
}

/* How many nodes from `first` on fold into one. */
static int run_length(const l2l_chain *chain, int first, const bool *keep) {
    int end = first;
    if (is_clip_pair(chain, first, keep)) return 2;
    if (!is_taps(&chain->nodes[first]) && !is_matrix(&chain->nodes[first])) return 1;
    for (end = first + 1; end < chain->count; end++)
        if (keep[end] || !is_matrix(&chain->nodes[end])) break;
    return end - first;
}

static void fold_run(const l2l_chain *chain, int first, int count, l2l_node *node) {
    const l2l_node *parts = &chain->nodes[first];
    *node = parts[0];
    if (count == 1) return;
    if (parts[0].row->kind == L2L_CLIP) {
        *node = parts[1];
        node->clipped = true;
        node->clip_lo = parts[0].attributes.clip.lo;
        node->clip_hi = parts[0].attributes.clip.hi;
        return;
    }
    bool taps = is_taps(&parts[0]);
    node->parts = parts;
    node->part_count = count;
    node->row = taps ? &front_row : &matrix_row;
    node->out_channels = 3;
    node->param_count = 0;
    for (int p = 0; p < count; p++) node->param_count += parts[p].param_count;
    if (taps) {
        node->sum_count = l2l_site_coefs(node);
        return;
    }
    node->kernel = l2l_index_color_matrix;
    node->attributes.color_matrix.offset = 0;
    node->coef_count = node->sum_count = 9;
    node->lane_count = 0;
}

/* Adjacent nodes on luma hand on the plane alone. */
static void group_luma(l2l_chain *folded, const bool *kept) {
    for (int i = 0; i < folded->count; i++) {
        l2l_node *node = &folded->nodes[i];
        node->luma_enter = node->luma && (i == 0 || kept[i] || !folded->nodes[i - 1].luma);
        node->luma_leave = node->luma && (i + 1 == folded->count || kept[i + 1] ||
                                          !folded->nodes[i + 1].luma);
    }
}

void l2l_chain_fold(const l2l_chain *chain, const bool keep[L2L_MAX_BOUNDARIES], l2l_chain *folded,
                    int place[L2L_MAX_BOUNDARIES]) {
    bool kept[L2L_MAX_BOUNDARIES] = { false };
    l2l_chain_init(folded, chain->channels[0], chain->sample_scale);
    for (int b = 0; b <= chain->count; b++) place[b] = -1;
    place[0] = 0;
    for (int i = 0, count; i < chain->count; i += count) {
        l2l_node node;
        count = run_length(chain, i, keep);
        fold_run(chain, i, count, &node);
        if (chain->batch_node == i) folded->batch_node = folded->count;
        if (chain->additive_node == i) folded->additive_node = folded->count;
        l2l_chain_add(folded, &node);
        place[i + count] = folded->count;
        kept[folded->count] = keep[i + count];
    }
    group_luma(folded, kept);
}
