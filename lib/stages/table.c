/* The stage table, and how a stage becomes a node. */
#include "stages/table.h"

#include "core/core.h"
#include "stages/stage.h"

#include <string.h>

#define DECLARE(row, kernel) extern const l2l_stage_row l2l_##row##_row;
L2L_STAGE_TABLE(DECLARE)
#undef DECLARE

const l2l_stage_row *const l2l_stage_rows[] = {
#define ENTRY(row, kernel) &l2l_##row##_row,
    L2L_STAGE_TABLE(ENTRY)
#undef ENTRY
};

const int l2l_stage_row_count = (int)(sizeof l2l_stage_rows / sizeof l2l_stage_rows[0]);

/* What NULL attributes stand for, by kind, and where the method is kept in them. */
static const struct {
    l2l_attributes standard;
    size_t size;
    size_t method; /* offset; 0: the kind has one method */
} kinds[] = {
    [L2L_BLACK_LEVEL] = { { .black_level = L2L_BLACK_LEVEL_INIT }, sizeof(l2l_black_level), 0 },
    [L2L_DEMOSAIC] = { { .demosaic = L2L_DEMOSAIC_INIT }, sizeof(l2l_demosaic),
                       offsetof(l2l_demosaic, method) },
    [L2L_WHITE_BALANCE] = { { .white_balance = L2L_WHITE_BALANCE_INIT }, sizeof(l2l_white_balance),
                            0 },
    [L2L_COLOR_MATRIX] = { { .color_matrix = L2L_COLOR_MATRIX_INIT }, sizeof(l2l_color_matrix), 0 },
    [L2L_SHARPEN] = { { .sharpen = L2L_SHARPEN_INIT }, sizeof(l2l_sharpen),
                      offsetof(l2l_sharpen, method) },
    [L2L_DENOISE] = { { .denoise = L2L_DENOISE_INIT }, sizeof(l2l_denoise),
                      offsetof(l2l_denoise, method) },
    [L2L_CLIP] = { { .clip = L2L_CLIP_INIT }, sizeof(l2l_clip), 0 },
    [L2L_GAMMA] = { { .gamma = L2L_GAMMA_INIT }, sizeof(l2l_gamma), 0 },
    [L2L_ADDITIVE] = { { .additive = L2L_ADDITIVE_INIT }, sizeof(l2l_additive), 0 },
    [L2L_NORMALIZE] = { { .normalize = L2L_NORMALIZE_INIT }, sizeof(l2l_normalize),
                        offsetof(l2l_normalize, mode) },
};

static const int kind_count = (int)(sizeof kinds / sizeof kinds[0]);

const char *l2l_stage_kind_name(l2l_stage_kind kind) {
    for (int i = 0; i < l2l_stage_row_count; i++)
        if (l2l_stage_rows[i]->kind == kind) return l2l_stage_rows[i]->stage;
    return NULL;
}

const l2l_attributes *l2l_stage_standard(l2l_stage_kind kind) {
    return (int)kind >= 0 && (int)kind < kind_count ? &kinds[kind].standard : NULL;
}

static int method_of(const l2l_attributes *attributes, size_t offset) {
    int method = 0;
    if (offset) memcpy(&method, (const char *)attributes + offset, sizeof method);
    return method;
}

static l2l_status find_row(l2l_context *context, l2l_stage_kind kind, int method, l2l_node *node) {
    for (int i = 0; i < l2l_stage_row_count; i++)
        if (l2l_stage_rows[i]->kind == kind && l2l_stage_rows[i]->method_id == method) {
            node->row = l2l_stage_rows[i];
            node->kernel = i;
            return L2L_OK;
        }
    return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s has no method %d", l2l_stage_kind_name(kind),
                    method);
}

l2l_status l2l_node_configure(l2l_context *context, const l2l_stage *stage, int channels,
                              l2l_node *node) {
    memset(node, 0, sizeof *node);
    if ((int)stage->kind < 0 || (int)stage->kind >= kind_count)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%d is no kind of stage", (int)stage->kind);
    if (channels < 1 || channels > L2L_MAX_CHANNELS)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s: %d channels are not in 1..%d",
                        l2l_stage_kind_name(stage->kind), channels, L2L_MAX_CHANNELS);
    node->attributes = kinds[stage->kind].standard;
    if (stage->attributes && !l2l_options_copy(&node->attributes, kinds[stage->kind].size,
                                               stage->attributes))
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%s: the attributes' struct_size is 0; begin with the _INIT macro",
                        l2l_stage_kind_name(stage->kind));
    L2L_TRY(find_row(context, stage->kind,
                     method_of(&node->attributes, kinds[stage->kind].method), node));
    node->in_channels = node->out_channels = channels;
    node->scale = 1;
    node->border = L2L_BORDER_MIRROR;
    L2L_TRY(node->row->configure(context, node));
    for (int s = 0; s < L2L_MAX_SLICES; s++) node->param_count += node->slices[s].count;
    if (!node->row->prepare && !node->coef_count) node->coef_count = node->param_count;
    if (!node->row->unfold) node->sum_count = node->param_count;
    return L2L_OK;
}
