/* The fields of every stage's attributes: reading and writing JSON both follow this table. */
#include "plan/json.h"

static const char *const borders[] = { "default", "mirror",    "symmetric", "replicate",
                                       "zero",    "reference", NULL };
static const char *const spaces[] = { "luma", "channels", NULL };

/* clang-format off */
const l2l_field l2l_fields[] = {
#define FIELD(kind, stage, name, type) kind, #name, type, offsetof(stage, name)
    { FIELD(L2L_BLACK_LEVEL,  l2l_black_level,  rescale,     L2L_FIELD_BOOL),   NULL },
    { FIELD(L2L_BLACK_LEVEL,  l2l_black_level,  white,       L2L_FIELD_DOUBLE), NULL },
    { FIELD(L2L_DEMOSAIC,     l2l_demosaic,     method,      L2L_FIELD_METHOD), NULL },
    { FIELD(L2L_DEMOSAIC,     l2l_demosaic,     cfa,         L2L_FIELD_CFA),    NULL },
    { FIELD(L2L_DEMOSAIC,     l2l_demosaic,     border,      L2L_FIELD_NAMED),  borders },
    { FIELD(L2L_DEMOSAIC,     l2l_demosaic,     radius,      L2L_FIELD_INT),    NULL },
    { FIELD(L2L_DEMOSAIC,     l2l_demosaic,     channels,    L2L_FIELD_INT),    NULL },
    { FIELD(L2L_COLOR_MATRIX, l2l_color_matrix, offset,      L2L_FIELD_BOOL),   NULL },
    { FIELD(L2L_SHARPEN,      l2l_sharpen,      method,      L2L_FIELD_METHOD), NULL },
    { FIELD(L2L_SHARPEN,      l2l_sharpen,      space,       L2L_FIELD_NAMED),  spaces },
    { FIELD(L2L_SHARPEN,      l2l_sharpen,      border,      L2L_FIELD_NAMED),  borders },
    { FIELD(L2L_SHARPEN,      l2l_sharpen,      radius,      L2L_FIELD_INT),    NULL },
    { FIELD(L2L_DENOISE,      l2l_denoise,      method,      L2L_FIELD_METHOD), NULL },
    { FIELD(L2L_DENOISE,      l2l_denoise,      space,       L2L_FIELD_NAMED),  spaces },
    { FIELD(L2L_DENOISE,      l2l_denoise,      border,      L2L_FIELD_NAMED),  borders },
    { FIELD(L2L_DENOISE,      l2l_denoise,      radius,      L2L_FIELD_INT),    NULL },
    { FIELD(L2L_CLIP,         l2l_clip,         lo,          L2L_FIELD_DOUBLE), NULL },
    { FIELD(L2L_CLIP,         l2l_clip,         hi,          L2L_FIELD_DOUBLE), NULL },
    { FIELD(L2L_GAMMA,        l2l_gamma,        per_channel, L2L_FIELD_BOOL),   NULL },
    { FIELD(L2L_NORMALIZE,    l2l_normalize,    mode,        L2L_FIELD_METHOD), NULL },
    { FIELD(L2L_NORMALIZE,    l2l_normalize,    epsilon,     L2L_FIELD_DOUBLE), NULL },
    { FIELD(L2L_NORMALIZE,    l2l_normalize,    momentum,    L2L_FIELD_DOUBLE), NULL },
#undef FIELD
};
/* clang-format on */

const int l2l_field_count = (int)(sizeof l2l_fields / sizeof l2l_fields[0]);

const char *l2l_method_name(l2l_stage_kind kind, int n, int *value) {
    for (int i = 0; i < l2l_stage_row_count; i++) {
        const l2l_stage_row *row = l2l_stage_rows[i];
        if (row->kind != kind || !row->method || n-- > 0) continue;
        *value = row->method_id;
        return row->method;
    }
    return NULL;
}
