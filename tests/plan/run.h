/* Running plans in tests: tensors filled with noise, a set of plans that covers every stage, and
   all that one forward and backward give. */
#ifndef TESTS_PLAN_RUN_H
#define TESTS_PLAN_RUN_H

#include "core/core.h"
#include "support.h"

/* ---- tensors ---- */

static inline int64_t elements(const l2l_tensor *t) {
    int64_t count = 1;
    for (int d = 0; d < t->ndim; d++) count *= t->shape[d];
    return count;
}

static inline l2l_tensor tensor(l2l_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w) {
    int64_t shape[4] = { n, c, h, w };
    l2l_tensor t = l2l_tensor_of(NULL, dtype, 4, shape);
    t.data = calloc((size_t)elements(&t), l2l_dtype_size(dtype));
    ck_assert_ptr_nonnull(t.data);
    return t;
}

static inline size_t bytes_of(const l2l_tensor *t) {
    return (size_t)elements(t) * l2l_dtype_size(t->dtype);
}

/* Element i of a contiguous tensor. */
static inline double get(const l2l_tensor *t, int64_t i) {
    l2l_tensor flat = l2l_vector(t->data, t->dtype, elements(t));
    return l2l_vector_get(&flat, i);
}

static inline uint32_t noise_bits(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Numbers in [0, 1) of a tensor of any dtype; all the codes of the integer ones. */
static inline void fill(l2l_tensor *t, uint32_t seed) {
    l2l_tensor flat = l2l_vector(t->data, t->dtype, elements(t));
    for (int64_t i = 0; i < elements(t); i++) {
        uint32_t bits = noise_bits(&seed);
        if (t->dtype == L2L_U8)
            ((uint8_t *)t->data)[i] = (uint8_t)bits;
        else if (t->dtype == L2L_U16)
            ((uint16_t *)t->data)[i] = (uint16_t)bits;
        else if (t->dtype == L2L_F16)
            ((uint16_t *)t->data)[i] = (uint16_t)(0x2000 + bits % 0x1c00);
        else if (t->dtype == L2L_BF16)
            ((uint16_t *)t->data)[i] = (uint16_t)(0x3c00 + bits % 0x380);
        else
            l2l_vector_set(&flat, i, bits / 0x1p24);
    }
}

static inline l2l_tensor noise(l2l_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w,
                               uint32_t seed) {
    l2l_tensor t = tensor(dtype, n, c, h, w);
    fill(&t, seed);
    return t;
}

static inline l2l_tensor cotangent(l2l_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w,
                                   uint32_t seed) {
    l2l_tensor t = noise(dtype, n, c, h, w, seed);
    l2l_tensor flat = l2l_vector(t.data, dtype, elements(&t));
    for (int64_t i = 0; i < elements(&t); i++) l2l_vector_set(&flat, i, 2 * get(&t, i) - 1);
    return t;
}

static inline void same_bits(const l2l_tensor *a, const l2l_tensor *b, const char *what) {
    ck_assert_int_eq(elements(a), elements(b));
    ck_assert_msg(!memcmp(a->data, b->data, bytes_of(a)), "%s differs", what);
}

/* max|a − b| ≤ tolerance · max|b|, and b is not all zero. */
static inline void close_to(const l2l_tensor *a, const l2l_tensor *b, double tolerance,
                            const char *what) {
    double worst = 0, most = 0;
    ck_assert_int_eq(elements(a), elements(b));
    for (int64_t i = 0; i < elements(a); i++) {
        worst = fmax(worst, fabs(get(a, i) - get(b, i)));
        most = fmax(most, fabs(get(b, i)));
        ck_assert_msg(isfinite(get(a, i)), "%s has %g", what, get(a, i));
    }
    ck_assert_msg(most > 0 && worst <= tolerance * most, "%s: %g off, of %g", what, worst, most);
}

/* ---- plans ---- */

enum { PLANS = 7 };

/* Between them every stage and method, several CFAs and borders, stages that fold, halved sizes. */
static inline l2l_plan *some_plan(int which, int *channels) {
    l2l_preset_options preset_options = L2L_PRESET_OPTIONS_INIT;
    l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
    l2l_sharpen sharpen = L2L_SHARPEN_INIT, unsharp = L2L_SHARPEN_INIT;
    l2l_denoise denoise = L2L_DENOISE_INIT, median = L2L_DENOISE_INIT;
    l2l_black_level rescaled = { sizeof rescaled, 1, 1.25 };
    l2l_color_matrix offset = { sizeof offset, 1 };
    l2l_gamma per_channel = { sizeof per_channel, 1 };
    l2l_plan *plan;
    unsharp.method = L2L_SHARPEN_UNSHARP;
    median.method = L2L_DENOISE_MEDIAN;
    *channels = 1;
    if (which == 0) return preset("lens2logit");
    if (which == 1) {
        preset_options.additive = preset_options.batch_normalize = 1;
        preset_options.border = L2L_BORDER_SYMMETRIC;
        ok(l2l_cfa_parse(context, "GRBG", &preset_options.cfa));
        ok(l2l_plan_preset(context, "lens2logit", &preset_options, &plan));
        return plan;
    }
    if (which == 2) return preset("static/bilinear/unsharp_masking/median_denoising");
    if (which == 3) { /* superpixel, four channels */
        demosaic.method = L2L_DEMOSAIC_SUPERPIXEL, demosaic.channels = 4;
        sharpen.space = L2L_SPACE_CHANNELS, sharpen.radius = 2;
        const l2l_stage stages[] = { { L2L_BLACK_LEVEL, &rescaled }, { L2L_DEMOSAIC, &demosaic },
                                     { L2L_WHITE_BALANCE, NULL },    { L2L_SHARPEN, &sharpen },
                                     { L2L_GAMMA, &per_channel },    { L2L_NORMALIZE, NULL } };
        return plan_of(1, stages, 6);
    }
    if (which == 4) { /* X-Trans */
        ok(l2l_cfa_parse(context, "XTRANS", &demosaic.cfa));
        denoise.method = L2L_DENOISE_GAUSSIAN, denoise.radius = 5;
        denoise.border = L2L_BORDER_REPLICATE;
        const l2l_stage stages[] = { { L2L_DEMOSAIC, &demosaic }, { L2L_COLOR_MATRIX, &offset },
                                     { L2L_WHITE_BALANCE, NULL }, { L2L_DENOISE, &denoise },
                                     { L2L_GAMMA, NULL },         { L2L_ADDITIVE, NULL } };
        return plan_of(1, stages, 6);
    }
    if (which == 5) { /* an image in, and stages twice */
        median.space = L2L_SPACE_CHANNELS, median.radius = 2;
        median.border = L2L_BORDER_ZERO;
        const l2l_stage stages[] = { { L2L_COLOR_MATRIX, NULL }, { L2L_WHITE_BALANCE, NULL },
                                     { L2L_DENOISE, &median },   { L2L_COLOR_MATRIX, &offset },
                                     { L2L_SHARPEN, &unsharp },  { L2L_DENOISE, NULL },
                                     { L2L_CLIP, NULL },         { L2L_GAMMA, NULL } };
        *channels = 3;
        return plan_of(3, stages, 8);
    }
    demosaic.method = L2L_DEMOSAIC_LINEAR, demosaic.radius = 2;
    demosaic.border = L2L_BORDER_ZERO;
    ok(l2l_cfa_parse(context, "BGGR", &demosaic.cfa));
    const l2l_stage stages[] = { { L2L_BLACK_LEVEL, NULL },
                                 { L2L_DEMOSAIC, &demosaic },
                                 { L2L_COLOR_MATRIX, NULL } };
    return plan_of(1, stages, 3);
}

/* The default parameters, each a little off. */
static inline l2l_tensor some_params(const l2l_plan *plan, l2l_dtype dtype) {
    l2l_tensor t = noise(dtype, 1, 1, 1, l2l_plan_param_count(plan), 5);
    l2l_tensor params = l2l_vector(t.data, dtype, l2l_plan_param_count(plan));
    l2l_tensor off = noise(L2L_F64, 1, 1, 1, l2l_plan_param_count(plan), 5);
    if (params.shape[0]) ok(l2l_plan_default_params(context, plan, &params));
    for (int64_t i = 0; i < params.shape[0]; i++)
        l2l_vector_set(&params, i, l2l_vector_get(&params, i) + 0.02 * (get(&off, i) - 0.4));
    free(off.data);
    return params;
}

/* ---- a run ---- */

typedef struct inputs {
    l2l_tensor params, mosaic, grad_image, additive;
} inputs;

typedef struct outcome {
    l2l_tensor image, grad_mosaic, grad_params, grad_additive, state;
} outcome;

static inline bool has_additive(const l2l_plan *plan) {
    return plan->chain.additive_node >= 0;
}
static inline bool has_batch(const l2l_plan *plan) {
    return plan->chain.batch_node >= 0;
}

static inline inputs some_inputs(const l2l_plan *plan, l2l_dtype dtype, int64_t n, int64_t h,
                                 int64_t w) {
    int64_t shape[3];
    ok(l2l_plan_output_shape(context, plan, l2l_plan_stage_count(plan) - 1, h, w, shape));
    return (inputs){ some_params(plan, dtype), noise(dtype, n, plan->chain.channels[0], h, w, 11),
                     cotangent(dtype, n, shape[0], shape[1], shape[2], 12),
                     noise(dtype, 1, shape[0], shape[1], shape[2], 13) };
}

static inline void free_inputs(inputs *in) {
    free(in->params.data), free(in->mosaic.data), free(in->grad_image.data);
    free(in->additive.data);
}

static inline outcome room_for(const l2l_plan *plan, const inputs *in) {
    l2l_dtype dtype = in->grad_image.dtype;
    const int64_t *i = in->mosaic.shape, *o = in->grad_image.shape;
    outcome out = { tensor(dtype, o[0], o[1], o[2], o[3]), tensor(dtype, i[0], i[1], i[2], i[3]),
                    tensor(L2L_F64, 1, 1, 1, in->params.shape[0]),
                    tensor(dtype, 1, o[1], o[2], o[3]), tensor(L2L_F64, 1, 1, 1, 2 * o[1]) };
    out.grad_params = l2l_vector(out.grad_params.data, L2L_F64, in->params.shape[0]);
    out.state = l2l_vector(out.state.data, L2L_F64, 2 * o[1]);
    (void)plan;
    return out;
}

static inline void free_outcome(outcome *out) {
    free(out->image.data), free(out->grad_mosaic.data), free(out->grad_params.data);
    free(out->grad_additive.data), free(out->state.data);
}

static inline l2l_plan_extra extra_of(const l2l_plan *plan, const inputs *in, const outcome *out) {
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    if (has_additive(plan))
        extra.additive = &in->additive, extra.grad_additive = &out->grad_additive;
    if (has_batch(plan)) extra.state = &out->state;
    return extra;
}

/* Parameters, or their gradients: NULL for a plan that has none. */
static inline const l2l_tensor *unless_none(const l2l_tensor *params) {
    return params->shape[0] ? params : NULL;
}

/* Forward and backward by `with`, which says the error to nobody: its status is checked. */
static inline void run_into(l2l_context *with, const l2l_plan *plan, const inputs *in,
                            l2l_grad_mode mode, outcome *out) {
    l2l_plan_extra extra = extra_of(plan, in, out);
    const l2l_tensor *params = unless_none(&in->params);
    l2l_status status = l2l_plan_forward(with, plan, params, &in->mosaic, &out->image, &extra);
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(with));
    status = l2l_plan_backward(with, plan, params, &in->mosaic, &in->grad_image, mode,
                               &out->grad_mosaic, unless_none(&out->grad_params), &extra);
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(with));
}

static inline outcome run(l2l_context *with, const l2l_plan *plan, const inputs *in) {
    outcome out = room_for(plan, in);
    run_into(with, plan, in, L2L_GRAD_WRITE, &out);
    return out;
}

static inline l2l_context *context_with(int threads, int tile_width, int tile_height) {
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    l2l_context *made;
    options.threads = threads;
    options.tile_width = tile_width, options.tile_height = tile_height;
    ck_assert_int_eq(l2l_context_create(&options, &made), L2L_OK);
    return made;
}

#endif
