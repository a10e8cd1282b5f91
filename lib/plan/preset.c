/* Presets: Lens2Logit's parametrised pipeline and its static ones. */
#include "plan/plan.h"

#include <string.h>

typedef struct recipe {
    l2l_black_level black_level;
    l2l_demosaic demosaic;
    l2l_sharpen sharpen;
    l2l_denoise denoise;
    l2l_clip clip;
    l2l_normalize normalize;
} recipe;

typedef struct choice {
    const char *name;
    int method, radius;
} choice;

static const choice demosaics[] = {
    { "bilinear", L2L_DEMOSAIC_BILINEAR, 1 },
    { "malvar2004", L2L_DEMOSAIC_MALVAR2004, 2 },
    { NULL, 0, 0 },
};
/* radii: ⌊4σ + 0.5⌋ of the Gaussians with σ = 1 and 0.5 */
static const choice sharpens[] = {
    { "sharpening_filter", L2L_SHARPEN_KERNEL, 1 },
    { "unsharp_masking", L2L_SHARPEN_UNSHARP, 4 },
    { NULL, 0, 0 },
};
static const choice denoises[] = {
    { "gaussian_denoising", L2L_DENOISE_GAUSSIAN, 2 },
    { "median_denoising", L2L_DENOISE_MEDIAN, 1 },
    { NULL, 0, 0 },
};

static recipe recipe_of(const l2l_preset_options *options) {
    recipe r = { L2L_BLACK_LEVEL_INIT, L2L_DEMOSAIC_INIT, L2L_SHARPEN_INIT,
                 L2L_DENOISE_INIT,     L2L_CLIP_INIT,     L2L_NORMALIZE_INIT };
    r.black_level.rescale = options->rescale;
    r.black_level.white = options->white;
    r.demosaic.cfa = options->cfa;
    r.demosaic.border = r.sharpen.border = r.denoise.border = options->border;
    return r;
}

static l2l_status create(l2l_context *context, const l2l_preset_options *options, recipe *r,
                         bool extras, l2l_plan **plan) {
    l2l_stage stages[10] = {
        { L2L_BLACK_LEVEL, &r->black_level }, { L2L_DEMOSAIC, &r->demosaic },
        { L2L_WHITE_BALANCE, NULL },          { L2L_COLOR_MATRIX, NULL },
        { L2L_SHARPEN, &r->sharpen },         { L2L_DENOISE, &r->denoise },
        { L2L_CLIP, &r->clip },               { L2L_GAMMA, NULL },
    };
    size_t count = 8;
    if (extras && options->additive) stages[count++] = (l2l_stage){ L2L_ADDITIVE, NULL };
    r->normalize.mode = L2L_NORMALIZE_BATCH;
    if (extras && options->batch_normalize)
        stages[count++] = (l2l_stage){ L2L_NORMALIZE, &r->normalize };
    l2l_plan_options plan_options = L2L_PLAN_OPTIONS_INIT;
    if (options->sample_scale != 0.0) plan_options.sample_scale = options->sample_scale;
    return l2l_plan_create(context, &plan_options, stages, count, plan);
}

/* The choice whose name stands at *text, which moves behind it. */
static const choice *choose(const choice *choices, const char **text) {
    for (; choices->name; choices++) {
        size_t length = strlen(choices->name);
        if (strncmp(*text, choices->name, length)) continue;
        char after = (*text)[length];
        if (after != '/' && after != '\0') continue;
        *text += length + (after == '/');
        return choices;
    }
    return NULL;
}

static l2l_status static_preset(l2l_context *context, const char *name,
                                const l2l_preset_options *options, l2l_plan **plan) {
    recipe r = recipe_of(options);
    const char *text = name + strlen("static/");
    const choice *demosaic = choose(demosaics, &text), *sharpen = NULL, *denoise = NULL;
    if (demosaic) sharpen = choose(sharpens, &text);
    if (sharpen) denoise = choose(denoises, &text);
    if (!denoise || *text || text[-1] == '/')
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%.80s is no preset: at \"%.40s\" (static/{bilinear,malvar2004}/{sharpening_filter,"
                        "unsharp_masking}/{gaussian_denoising,median_denoising})",
                        name, text);
    r.demosaic.method = (l2l_demosaic_method)demosaic->method;
    r.sharpen.method = (l2l_sharpen_method)sharpen->method;
    r.sharpen.radius = sharpen->radius;
    r.denoise.method = (l2l_denoise_method)denoise->method;
    r.denoise.radius = denoise->radius;
    r.clip.lo = 0.0;
    return create(context, options, &r, false, plan);
}

l2l_status l2l_plan_preset(l2l_context *context, const char *name,
                           const l2l_preset_options *given, l2l_plan **plan) {
    if (!plan) return l2l_fail(context, L2L_INVALID_ARGUMENT, "no place for the plan");
    *plan = NULL;
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    if (given && !l2l_options_copy(&options, sizeof options, given))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_preset_options.struct_size is 0");
    if (name && !strncmp(name, "static/", 7)) return static_preset(context, name, &options, plan);
    if (!name || strcmp(name, "lens2logit"))
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%.80s is no preset; there are lens2logit and static/...",
                        name ? name : "NULL");
    recipe r = recipe_of(&options);
    r.demosaic.method = L2L_DEMOSAIC_LINEAR;
    if (options.border == L2L_BORDER_DEFAULT) r.sharpen.border = L2L_BORDER_ZERO;
    return create(context, &options, &r, true, plan);
}
