/* The library's attribute structs, calls and plans for stages that the oracle describes. */
#include "library.h"

#include <string.h>

#include "stages/stage.h"

/* One row a kind, in the oracle's order. */
typedef l2l_status forward_call(l2l_context *, const void *, const l2l_tensor *, const l2l_tensor *,
                                const l2l_tensor *);
typedef l2l_status backward_call(l2l_context *, const void *, const l2l_tensor *, const l2l_tensor *,
                                 const l2l_tensor *, l2l_grad_mode, const l2l_tensor *,
                                 const l2l_tensor *);

#define STAGE(name)                                                                              \
    static l2l_status name##_forward(l2l_context *context, const void *attributes_of,            \
                                     const l2l_tensor *params, const l2l_tensor *src,            \
                                     const l2l_tensor *dst) {                                    \
        return l2l_##name##_forward(context, attributes_of, params, src, dst);                   \
    }                                                                                            \
    static l2l_status name##_backward(l2l_context *context, const void *attributes_of,           \
                                      const l2l_tensor *params, const l2l_tensor *src,           \
                                      const l2l_tensor *grad_dst, l2l_grad_mode mode,            \
                                      const l2l_tensor *grad_src, const l2l_tensor *grad_params) { \
        return l2l_##name##_backward(context, attributes_of, params, src, grad_dst, mode,        \
                                     grad_src, grad_params);                                     \
    }
STAGE(black_level)
STAGE(demosaic)
STAGE(white_balance)
STAGE(color_matrix)
STAGE(sharpen)
STAGE(denoise)
STAGE(clip)
STAGE(gamma)
STAGE(additive)
STAGE(normalize)
#undef STAGE

static const struct {
    const char *name;
    l2l_stage_kind kind;
    forward_call *forward;
    backward_call *backward;
} kinds[ORACLE_KINDS] = {
#define ROW(upper, lower) [ORACLE_##upper] = { #lower, L2L_##upper, lower##_forward, lower##_backward }
    ROW(BLACK_LEVEL, black_level),
    ROW(DEMOSAIC, demosaic),
    ROW(WHITE_BALANCE, white_balance),
    ROW(COLOR_MATRIX, color_matrix),
    ROW(SHARPEN, sharpen),
    ROW(DENOISE, denoise),
    ROW(CLIP, clip),
    ROW(GAMMA, gamma),
    ROW(ADDITIVE, additive),
    ROW(NORMALIZE, normalize)
#undef ROW
};

static const int methods[] = {
    [ORACLE_PLAIN] = 0,
    [ORACLE_BILINEAR] = L2L_DEMOSAIC_BILINEAR,
    [ORACLE_LINEAR] = L2L_DEMOSAIC_LINEAR,
    [ORACLE_SUPERPIXEL] = L2L_DEMOSAIC_SUPERPIXEL,
    [ORACLE_MALVAR2004] = L2L_DEMOSAIC_MALVAR2004,
    [ORACLE_KERNEL] = L2L_SHARPEN_KERNEL, /* and L2L_DENOISE_KERNEL */
    [ORACLE_UNSHARP] = L2L_SHARPEN_UNSHARP,
    [ORACLE_GAUSSIAN] = L2L_DENOISE_GAUSSIAN,
    [ORACLE_MEDIAN] = L2L_DENOISE_MEDIAN,
    [ORACLE_GIVEN] = L2L_NORMALIZE_GIVEN,
    [ORACLE_BATCH] = L2L_NORMALIZE_BATCH,
};
_Static_assert((int)L2L_SHARPEN_KERNEL == (int)L2L_DENOISE_KERNEL, "one oracle method for both");

static const l2l_border borders[ORACLE_BORDERS] = {
    [ORACLE_DEFAULT] = L2L_BORDER_DEFAULT,     [ORACLE_MIRROR] = L2L_BORDER_MIRROR,
    [ORACLE_SYMMETRIC] = L2L_BORDER_SYMMETRIC, [ORACLE_REPLICATE] = L2L_BORDER_REPLICATE,
    [ORACLE_ZERO] = L2L_BORDER_ZERO,           [ORACLE_REFERENCE] = L2L_BORDER_REFERENCE
};

const char *library_kind_name(oracle_kind kind) { return kinds[kind].name; }

l2l_cfa library_cfa(const char *text) {
    l2l_cfa cfa;
    int height, width;
    memset(&cfa, 0, sizeof cfa);
    oracle_cfa_period(text, &height, &width);
    cfa.height = (uint8_t)height;
    cfa.width = (uint8_t)width;
    for (int i = 0; i < height * width; i++)
        cfa.color[i] = (uint8_t)oracle_color(text, i / width, i % width);
    return cfa;
}

l2l_stage library_stage(const oracle_stage *s, attributes *a) {
    l2l_stage stage = { kinds[s->kind].kind, a };
    int method = methods[s->method];
    l2l_border border = borders[s->border];
    l2l_space space = s->each_channel ? L2L_SPACE_CHANNELS : L2L_SPACE_LUMA;
    memset(a, 0, sizeof *a);
    switch (s->kind) {
    case ORACLE_BLACK_LEVEL:
        a->black_level = (l2l_black_level){ sizeof a->black_level, s->extra, s->hi };
        break;
    case ORACLE_DEMOSAIC:
        a->demosaic = (l2l_demosaic){ sizeof a->demosaic,  (l2l_demosaic_method)method,
                                      library_cfa(s->cfa), border,
                                      s->radius,           s->channels };
        break;
    case ORACLE_SHARPEN:
        a->sharpen = (l2l_sharpen){ sizeof a->sharpen, (l2l_sharpen_method)method, space, border,
                                    s->radius };
        break;
    case ORACLE_DENOISE:
        a->denoise = (l2l_denoise){ sizeof a->denoise, (l2l_denoise_method)method, space, border,
                                    s->radius };
        break;
    case ORACLE_CLIP: a->clip = (l2l_clip){ sizeof a->clip, s->lo, s->hi }; break;
    case ORACLE_GAMMA: a->gamma = (l2l_gamma){ sizeof a->gamma, s->extra }; break;
    case ORACLE_COLOR_MATRIX:
        a->color_matrix = (l2l_color_matrix){ sizeof a->color_matrix, s->extra };
        break;
    case ORACLE_NORMALIZE:
        a->normalize = (l2l_normalize){ sizeof a->normalize, (l2l_normalize_mode)method, s->lo, 0.1 };
        break;
    default: a->white_balance.struct_size = sizeof a->white_balance; break; /* only a size */
    }
    return stage;
}

l2l_status library_stage_forward(l2l_context *context, const oracle_stage *stage,
                                 const l2l_tensor *params, const l2l_tensor *src,
                                 const l2l_tensor *dst) {
    attributes a;
    l2l_stage converted = library_stage(stage, &a);
    return kinds[stage->kind].forward(context, converted.attributes, params, src, dst);
}

l2l_status library_stage_backward(l2l_context *context, const oracle_stage *stage,
                                  const l2l_tensor *params, const l2l_tensor *src,
                                  const l2l_tensor *grad_dst, l2l_grad_mode mode,
                                  const l2l_tensor *grad_src, const l2l_tensor *grad_params) {
    attributes a;
    l2l_stage converted = library_stage(stage, &a);
    return kinds[stage->kind].backward(context, converted.attributes, params, src, grad_dst, mode,
                                       grad_src, grad_params);
}

static l2l_status make_plan(l2l_context *context, problem *p) {
    const case_row *row = p->row;
    double scale = row->scale != 0 ? row->scale : 1;
    if (row->preset) {
        l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
        for (int k = 0; k < row->count; k++)
            if (row->stages[k].kind == ORACLE_DEMOSAIC)
                options.cfa = library_cfa(row->stages[k].cfa);
        options.border = row->preset_border;
        options.sample_scale = scale;
        options.rescale = row->stages[0].extra;
        options.white = row->stages[0].hi;
        options.additive = row->preset_additive;
        options.batch_normalize = row->preset_normalize;
        return l2l_plan_preset(context, row->preset, &options, &p->plan);
    }
    attributes a[MOST_STAGES];
    l2l_stage stages[MOST_STAGES];
    for (int k = 0; k < row->count; k++) stages[k] = library_stage(&row->stages[k], &a[k]);
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    options.channels = row->channels;
    options.sample_scale = scale;
    return l2l_plan_create(context, &options, stages, (size_t)row->count, &p->plan);
}

l2l_status library_plan(l2l_context *context, problem *p) {
    if (p->plan) return L2L_OK;
    l2l_status status = make_plan(context, p);
    if (status == L2L_OK && l2l_plan_param_count(p->plan) != problem_vector_count(p))
        status = L2L_STATE;
    return status;
}

int library_table_row(const oracle_stage *stage) {
    for (int i = 0; i < l2l_stage_row_count; i++) {
        const l2l_stage_row *row = l2l_stage_rows[i];
        int method = row->method ? row->method_id : 0;
        if (row->kind == kinds[stage->kind].kind && method == methods[stage->method]) return i;
    }
    return -1;
}

int library_table_rows(void) { return l2l_stage_row_count; }

const char *library_table_name(int row) { return l2l_stage_rows[row]->stage; }
