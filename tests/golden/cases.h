/* The golden cases: which plan each folder of data/ belongs to, and how close it must come. */
#ifndef TESTS_GOLDEN_CASES_H
#define TESTS_GOLDEN_CASES_H

#include <lens2logit/lens2logit.h>

/* Relative errors allowed, max|Δ| / max|reference|, of the image and of each gradient. */
typedef struct tolerance {
    double image, grad;
} tolerance;

/* Single precision loses in the gradient near the clip limits, where gamma is steep and a rounding
   error may decide whether a gradient passes; PyTorch's own single precision does too. */
static const tolerance any_input[2] = { { 1e-5, 2e-3 }, { 1e-10, 1e-10 } };
static const tolerance inside[2] = { { 1e-5, 1e-5 }, { 1e-10, 1e-10 } };
static const tolerance preset_static[2] = { { 2e-4, 0 }, { 1e-5, 0 } };
static const tolerance stage_alone[2] = { { 1e-5, 1e-5 }, { 1e-12, 1e-11 } };
static const tolerance literal = { 1e-4, 1e-4 };

typedef struct golden_case golden_case;
typedef l2l_status plan_maker(l2l_context *, const golden_case *, l2l_plan **);

struct golden_case {
    const char *folder;
    plan_maker *make;
    const tolerance *tolerances; /* f32, f64 */
    const char *preset, *cfa;
    int method; /* or mode */
    int radius;
    l2l_border border;
    int flag;  /* the optional stages of a preset; gamma per channel; normalize in evaluation */
    int inset; /* rows and columns at the edges that are not compared */
};

static l2l_status make_preset(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_status status = l2l_cfa_parse(context, golden->cfa, &options.cfa);
    options.border = golden->border;
    options.additive = options.batch_normalize = golden->flag;
    return status ? status : l2l_plan_preset(context, golden->preset, &options, plan);
}

static l2l_status make_stage(l2l_context *context, int channels, l2l_stage_kind kind,
                             const void *attributes, l2l_plan **plan) {
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    l2l_stage stage = { kind, attributes };
    options.channels = channels;
    return l2l_plan_create(context, &options, &stage, 1, plan);
}

static l2l_status make_demosaic(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_demosaic attributes = L2L_DEMOSAIC_INIT;
    l2l_status status = l2l_cfa_parse(context, golden->cfa, &attributes.cfa);
    attributes.method = (l2l_demosaic_method)golden->method;
    attributes.border = golden->border;
    return status ? status : make_stage(context, 1, L2L_DEMOSAIC, &attributes, plan);
}

static l2l_status make_sharpen(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_sharpen attributes = { sizeof attributes, (l2l_sharpen_method)golden->method,
                               L2L_SPACE_CHANNELS, golden->border, golden->radius };
    return make_stage(context, 1, L2L_SHARPEN, &attributes, plan);
}

static l2l_status make_denoise(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_denoise attributes = { sizeof attributes, (l2l_denoise_method)golden->method,
                               L2L_SPACE_CHANNELS, golden->border, golden->radius };
    return make_stage(context, 1, L2L_DENOISE, &attributes, plan);
}

static l2l_status make_gamma(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_gamma attributes = { sizeof attributes, golden->flag };
    return make_stage(context, 3, L2L_GAMMA, &attributes, plan);
}

static l2l_status make_clip(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_clip attributes = { sizeof attributes, 0.25, 0.75 };
    (void)golden;
    return make_stage(context, 3, L2L_CLIP, &attributes, plan);
}

static l2l_status make_normalize(l2l_context *context, const golden_case *golden, l2l_plan **plan) {
    l2l_normalize attributes = L2L_NORMALIZE_INIT;
    attributes.mode = (l2l_normalize_mode)golden->method;
    return make_stage(context, 3, L2L_NORMALIZE, &attributes, plan);
}

/* clang-format off */
#define PRESET(folder, cfa, tolerances, batch) \
    { folder, make_preset, tolerances, "lens2logit", cfa, 0, 0, L2L_BORDER_DEFAULT, batch, 0 }
#define STATIC(name) \
    { "static_" name, make_preset, preset_static, "static/bilinear/" name, "RGGB", 0, 0, \
      L2L_BORDER_REFERENCE, 0, 0 }
#define DEMOSAIC(name, method, border, inset) \
    { name "_RGGB", make_demosaic, stage_alone, NULL, "RGGB", method, 0, border, 0, inset }, \
    { name "_BGGR", make_demosaic, stage_alone, NULL, "BGGR", method, 0, border, 0, inset }, \
    { name "_GRBG", make_demosaic, stage_alone, NULL, "GRBG", method, 0, border, 0, inset }, \
    { name "_GBRG", make_demosaic, stage_alone, NULL, "GBRG", method, 0, border, 0, inset }
#define FILTER(name, make, method, radius) \
    { name "_mirror",    make, stage_alone, NULL, NULL, method, radius, L2L_BORDER_MIRROR, 0, 0 }, \
    { name "_symmetric", make, stage_alone, NULL, NULL, method, radius, L2L_BORDER_SYMMETRIC, 0, 0 }, \
    { name "_replicate", make, stage_alone, NULL, NULL, method, radius, L2L_BORDER_REPLICATE, 0, 0 }, \
    { name "_zero",      make, stage_alone, NULL, NULL, method, radius, L2L_BORDER_ZERO, 0, 0 }
#define POINT(folder, make, method, flag) \
    { folder, make, stage_alone, NULL, NULL, method, 0, L2L_BORDER_DEFAULT, flag, 0 }

static const golden_case goldens[] = {
    PRESET("lens2logit_drone", "RGGB", any_input, 0),
    PRESET("lens2logit_perturbed", "GRBG", any_input, 0),
    PRESET("lens2logit_inside", "GBRG", inside, 0),
    PRESET("lens2logit_microscopy", "RGGB", any_input, 0),
    PRESET("lens2logit_taps", "RGGB", any_input, 0),
    PRESET("lens2logit_batch", "BGGR", any_input, 1),
    STATIC("sharpening_filter/gaussian_denoising"),
    STATIC("sharpening_filter/median_denoising"),
    STATIC("unsharp_masking/gaussian_denoising"),
    STATIC("unsharp_masking/median_denoising"),
    { "static_malvar2004", make_preset, preset_static,
      "static/malvar2004/unsharp_masking/gaussian_denoising", "RGGB", 0, 0, L2L_BORDER_REFERENCE, 0,
      0 },
    DEMOSAIC("bilinear", L2L_DEMOSAIC_BILINEAR, L2L_BORDER_MIRROR, 1),
    DEMOSAIC("bilinear", L2L_DEMOSAIC_BILINEAR, L2L_BORDER_REFERENCE, 0),
    DEMOSAIC("malvar2004", L2L_DEMOSAIC_MALVAR2004, L2L_BORDER_MIRROR, 2),
    DEMOSAIC("malvar2004", L2L_DEMOSAIC_MALVAR2004, L2L_BORDER_REFERENCE, 0),
    FILTER("gaussian", make_denoise, L2L_DENOISE_GAUSSIAN, 2),
    FILTER("median", make_denoise, L2L_DENOISE_MEDIAN, 1),
    FILTER("median5", make_denoise, L2L_DENOISE_MEDIAN, 2),
    FILTER("unsharp", make_sharpen, L2L_SHARPEN_UNSHARP, 4),
    { "unsharp_reference", make_sharpen, stage_alone, NULL, NULL, L2L_SHARPEN_UNSHARP, 0,
      L2L_BORDER_REFERENCE, 0, 0 },
    POINT("gamma", make_gamma, 0, 0),
    POINT("gamma_channels", make_gamma, 0, 1),
    POINT("clip", make_clip, 0, 0),
    POINT("normalize_given", make_normalize, L2L_NORMALIZE_GIVEN, 0),
    POINT("normalize_batch", make_normalize, L2L_NORMALIZE_BATCH, 0),
    POINT("normalize_evaluation", make_normalize, L2L_NORMALIZE_BATCH, 1),
};
/* clang-format on */

#undef PRESET
#undef STATIC
#undef DEMOSAIC
#undef FILTER
#undef POINT

#endif
