/* From the options to a plan with its parameters. */
#include "pipeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "camera.h"
#include "output.h"
#include "say.h"

typedef struct choice {
    const char *name;
    int value;
} choice;

/* clang-format off */
static const choice demosaics[] = {
    { "bilinear", L2L_DEMOSAIC_BILINEAR }, { "linear", L2L_DEMOSAIC_LINEAR },
    { "superpixel", L2L_DEMOSAIC_SUPERPIXEL }, { "malvar2004", L2L_DEMOSAIC_MALVAR2004 },
    { NULL, 0 } };
static const choice sharpens[] = {
    { "none", NO_STAGE }, { "sharpening_filter", L2L_SHARPEN_KERNEL },
    { "unsharp_masking", L2L_SHARPEN_UNSHARP }, { NULL, 0 } };
static const choice denoises[] = {
    { "none", NO_STAGE }, { "gaussian_denoising", L2L_DENOISE_GAUSSIAN },
    { "median_denoising", L2L_DENOISE_MEDIAN }, { "kernel", L2L_DENOISE_KERNEL }, { NULL, 0 } };
static const choice borders[] = {
    { "mirror", L2L_BORDER_MIRROR }, { "symmetric", L2L_BORDER_SYMMETRIC },
    { "replicate", L2L_BORDER_REPLICATE }, { "zero", L2L_BORDER_ZERO },
    { "reference", L2L_BORDER_REFERENCE }, { NULL, 0 } };
/* clang-format on */

/* Finds the first `length` bytes of `name`. */
static bool choose(const choice *choices, const char *name, size_t length, int *value) {
    for (; choices->name; choices++) {
        if (strlen(choices->name) != length || strncmp(choices->name, name, length) != 0) continue;
        *value = choices->value;
        return true;
    }
    return false;
}

/* "DEMOSAIC/SHARPEN/DENOISE" */
static bool parse_static(const char *name, struct recipe *recipe) {
    const struct {
        const choice *choices;
        int *value;
    } parts[] = { { demosaics, &recipe->demosaic },
                  { sharpens, &recipe->sharpen },
                  { denoises, &recipe->denoise } };
    for (int i = 0; i < 3; i++) {
        size_t length = strcspn(name, "/");
        if (!choose(parts[i].choices, name, length, parts[i].value)) return false;
        name += length;
        if (*name++ != (i < 2 ? '/' : '\0')) return false;
    }
    return true;
}

static bool parse_preset(const char *name, struct recipe *recipe) {
    recipe->preset = name;
    if (strcmp(name, "lens2logit") == 0) {
        recipe->demosaic = L2L_DEMOSAIC_LINEAR;
        recipe->sharpen = L2L_SHARPEN_KERNEL;
        recipe->denoise = L2L_DENOISE_KERNEL;
        recipe->zero_sharpen = true;
        recipe->clip_lo = 1e-5;
        return true;
    }
    if (strcmp(name, "photo") == 0) {
        recipe->preset = NULL;
        recipe->highlights = true;
        name = "static/bilinear/unsharp_masking/gaussian_denoising";
    }
    return strncmp(name, "static/", 7) == 0 && parse_static(name + 7, recipe);
}

/* "auto" or a number of stops. */
static bool parse_exposure(const char *text, struct recipe *recipe) {
    recipe->fixed_exposure = strcmp(text, "auto") != 0;
    if (!recipe->fixed_exposure) return true;
    char *end;
    recipe->exposure = strtod(text, &end);
    return end != text && !*end && fabs(recipe->exposure) <= 32;
}

int recipe_from_options(const struct options *o, const char *fallback, struct recipe *recipe) {
    memset(recipe, 0, sizeof *recipe);
    if (o->plan && (o->preset || o->demosaic || o->sharpen || o->denoise || o->border))
        return usage("--plan stands for itself: --preset, --demosaic, --sharpen, --denoise and "
                     "--border do not go with it");
    if (o->exposure && !parse_exposure(o->exposure, recipe))
        return usage("--exposure: '%s' is neither auto nor a number of stops", o->exposure);
    if (o->plan) {
        recipe->plan_text = file_read(o->plan, &recipe->plan_size);
        return recipe->plan_text ? EXIT_OK : EXIT_FAILED;
    }
    const char *preset = o->preset ? o->preset : fallback;
    if (!parse_preset(preset, recipe))
        return usage("--preset: '%s' is none of photo, lens2logit and "
                     "static/DEMOSAIC/SHARPEN/DENOISE (static/bilinear/unsharp_masking/"
                     "median_denoising, for instance)",
                     preset);
    const struct {
        const char *value;
        const choice *choices;
        int *place;
    } overrides[] = { { o->demosaic, demosaics, &recipe->demosaic },
                      { o->sharpen, sharpens, &recipe->sharpen },
                      { o->denoise, denoises, &recipe->denoise } };
    for (int i = 0; i < 3; i++) {
        const char *value = overrides[i].value;
        if (!value) continue;
        choose(overrides[i].choices, value, strlen(value), overrides[i].place);
        recipe->preset = NULL;
    }
    int border = L2L_BORDER_DEFAULT;
    if (o->border) choose(borders, o->border, strlen(o->border), &border);
    recipe->border = (l2l_border)border;
    return EXIT_OK;
}

void recipe_free(struct recipe *recipe) {
    free((char *)recipe->plan_text);
}

/* The stages of a recipe, with room for their attributes. */
typedef struct stage_list {
    l2l_stage stages[L2L_MAX_STAGES];
    size_t count;
    l2l_black_level black_level;
    l2l_demosaic demosaic;
    l2l_clip highlights, clip;
    l2l_color_matrix color_matrix;
    l2l_sharpen sharpen;
    l2l_denoise denoise;
} stage_list;

static void add(stage_list *list, l2l_stage_kind kind, const void *attributes) {
    list->stages[list->count++] = (l2l_stage){ kind, attributes };
}

static void list_stages(const struct recipe *recipe, const struct source *source,
                        stage_list *list) {
    list->count = 0;
    list->black_level = (l2l_black_level)L2L_BLACK_LEVEL_INIT;
    list->black_level.rescale = source->has_levels;
    add(list, L2L_BLACK_LEVEL, &list->black_level);

    list->demosaic = (l2l_demosaic)L2L_DEMOSAIC_INIT;
    list->demosaic.method = (l2l_demosaic_method)recipe->demosaic;
    list->demosaic.cfa = source->cfa;
    list->demosaic.border = recipe->border;
    add(list, L2L_DEMOSAIC, &list->demosaic);

    add(list, L2L_WHITE_BALANCE, NULL);
    list->highlights = (l2l_clip){ sizeof(l2l_clip), 0, 1 };
    if (recipe->highlights && source->has_levels) add(list, L2L_CLIP, &list->highlights);
    list->color_matrix = (l2l_color_matrix)L2L_COLOR_MATRIX_INIT;
    list->color_matrix.offset = recipe->offset;
    add(list, L2L_COLOR_MATRIX, &list->color_matrix);

    list->sharpen = (l2l_sharpen)L2L_SHARPEN_INIT;
    list->sharpen.method = (l2l_sharpen_method)recipe->sharpen;
    list->sharpen.border = recipe->border == L2L_BORDER_DEFAULT && recipe->zero_sharpen
                               ? L2L_BORDER_ZERO
                               : recipe->border;
    if (recipe->sharpen != NO_STAGE) add(list, L2L_SHARPEN, &list->sharpen);
    list->denoise = (l2l_denoise)L2L_DENOISE_INIT;
    list->denoise.method = (l2l_denoise_method)recipe->denoise;
    list->denoise.border = recipe->border;
    if (recipe->denoise != NO_STAGE) add(list, L2L_DENOISE, &list->denoise);

    list->clip = (l2l_clip){ sizeof(l2l_clip), recipe->clip_lo, 1 };
    add(list, L2L_CLIP, &list->clip);
    add(list, L2L_GAMMA, NULL);
}

static l2l_status make_plan(l2l_context *context, const struct recipe *recipe,
                            const struct source *source, l2l_plan **plan) {
    if (recipe->plan_text)
        return l2l_plan_from_json(context, recipe->plan_text, recipe->plan_size, plan);
    if (recipe->preset) {
        l2l_preset_options preset = L2L_PRESET_OPTIONS_INIT;
        preset.cfa = source->cfa;
        preset.border = recipe->border;
        preset.sample_scale = source->sample_scale;
        preset.rescale = source->has_levels;
        return l2l_plan_preset(context, recipe->preset, &preset, plan);
    }
    stage_list list;
    list_stages(recipe, source, &list);
    l2l_plan_options plan_options = L2L_PLAN_OPTIONS_INIT;
    plan_options.sample_scale = source->sample_scale;
    return l2l_plan_create(context, &plan_options, list.stages, list.count, plan);
}

double *pipeline_slice(l2l_context *context, const struct pipeline *pipeline, const char *name,
                       int64_t *count) {
    l2l_slice slice;
    if (l2l_plan_find_slice(context, pipeline->plan, name, &slice) != L2L_OK) return NULL;
    *count = slice.count;
    return (double *)pipeline->params.data + slice.offset;
}

bool pipeline_set(l2l_context *context, struct pipeline *pipeline, const char *name,
                  const double *values, int64_t count) {
    int64_t have;
    if (!pipeline_slice(context, pipeline, name, &have)) return true;
    return l2l_plan_set_slice(context, pipeline->plan, &pipeline->params, name, values, count) ==
                   L2L_OK
               ? true
               : fail_about(context, name);
}

/* What the input says about its camera, where the plan is made for it. */
static bool apply_source(l2l_context *context, const struct source *source,
                         struct pipeline *pipeline) {
    return (!source->has_levels ||
            pipeline_set(context, pipeline, "black_level.level", source->black, 4)) &&
           (!source->has_gain ||
            pipeline_set(context, pipeline, "white_balance.gain", source->gain, 3)) &&
           (!source->has_matrix ||
            pipeline_set(context, pipeline, "color_matrix.matrix", source->matrix, 9));
}

static bool default_params(l2l_context *context, const struct recipe *recipe,
                           const struct options *options, struct pipeline *pipeline) {
    int64_t count = l2l_plan_param_count(pipeline->plan);
    /* A plan without parameters has an empty vector, which a tensor cannot be: NULL does then. */
    if (count == 0) return true;
    if (!tensor_new(&pipeline->params, L2L_F64, 1, &count)) return false;
    if (l2l_plan_default_params(context, pipeline->plan, &pipeline->params) != L2L_OK)
        return fail_about(context, "the plan");
    if (recipe->plan_text && strstr(recipe->plan_text, "\"params\"") &&
        l2l_params_from_json(context, pipeline->plan, recipe->plan_text, recipe->plan_size,
                             &pipeline->params) != L2L_OK)
        return fail_about(context, options->plan);
    return true;
}

/* Brightens by way of the white balance: as told, or a photograph as far as it bears. */
static bool apply_exposure(l2l_context *context, const struct recipe *recipe,
                           const struct options *options, const struct source *source,
                           struct pipeline *pipeline) {
    int64_t count;
    double stops = recipe->exposure;
    double *gain = pipeline_slice(context, pipeline, "white_balance.gain", &count);
    if (!gain || count != 3) return true;
    bool automatic =
        options->exposure ? !recipe->fixed_exposure : recipe->highlights && source->has_levels;
    if (automatic && !source_exposure(source, gain, &stops)) return false;
    for (int i = 0; i < 3; i++) gain[i] *= exp2(stops);
    return true;
}

static bool same_cfa(const l2l_cfa *a, const l2l_cfa *b) {
    enum { COMMON = 12 }; /* a multiple of every period there is */
    for (int i = 0; i < COMMON * COMMON; i++)
        if (l2l_cfa_color(a, i / COMMON, i % COMMON) != l2l_cfa_color(b, i / COMMON, i % COMMON))
            return false;
    return true;
}

/* A plan file names the colour-filter array that it was made for. */
static bool check_cfa(l2l_context *context, const struct recipe *recipe,
                      const struct options *options, const struct source *source) {
    if (!recipe->plan_text) return true;
    cJSON *json = cJSON_ParseWithLength(recipe->plan_text, recipe->plan_size);
    const cJSON *stage;
    bool same = true;
    cJSON_ArrayForEach(stage, cJSON_GetObjectItem(json, "stages")) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(stage, "cfa"));
        char found[64];
        l2l_cfa cfa;
        if (!name || l2l_cfa_parse(context, name, &cfa) != L2L_OK || same_cfa(&cfa, &source->cfa))
            continue;
        l2l_cfa_name(&source->cfa, found, sizeof found);
        same = fail("'%s' is a plan for %s mosaics, and '%s' is %s", options->plan, name,
                    source->path, found);
    }
    cJSON_Delete(json);
    return same;
}

bool pipeline_open(l2l_context *context, const struct recipe *recipe, const struct options *options,
                   const struct source *source, struct pipeline *pipeline) {
    memset(pipeline, 0, sizeof *pipeline);
    pipeline->dtype = options->dtype && strcmp(options->dtype, "f64") == 0 ? L2L_F64 : L2L_F32;
    if (make_plan(context, recipe, source, &pipeline->plan) != L2L_OK)
        return fail_about(context, recipe->plan_text ? options->plan : source->path);
    if (check_cfa(context, recipe, options, source) &&
        default_params(context, recipe, options, pipeline) &&
        (recipe->plan_text || apply_source(context, source, pipeline)) &&
        (!options->camera || camera_apply(context, options->camera, pipeline)) &&
        apply_exposure(context, recipe, options, source, pipeline) &&
        (!options->params || params_apply(context, options->params, pipeline)))
        return true;
    pipeline_close(pipeline);
    return false;
}

void pipeline_close(struct pipeline *pipeline) {
    tensor_free(&pipeline->params);
    l2l_plan_destroy(pipeline->plan);
    memset(pipeline, 0, sizeof *pipeline);
}

bool pipeline_image(l2l_context *context, const struct pipeline *pipeline,
                    const struct source *source, size_t stage, l2l_tensor *image) {
    int64_t shape[3];
    if (l2l_plan_output_shape(context, pipeline->plan, stage, source->mosaic.shape[0],
                              source->mosaic.shape[1], shape) != L2L_OK)
        return fail_about(context, source->path);
    return tensor_new(image, pipeline->dtype, 3, shape);
}

l2l_context *context_from_options(const struct options *options) {
    l2l_context_options context_options = L2L_CONTEXT_OPTIONS_INIT;
    context_options.threads = (int)options->threads;
    for (int isa = L2L_ISA_BEST; options->isa && isa <= L2L_ISA_NEON; isa++)
        if (strcmp(options->isa, l2l_isa_name((l2l_isa)isa)) == 0)
            context_options.isa = (l2l_isa)isa;
    l2l_context *context;
    l2l_status status = l2l_context_create(&context_options, &context);
    if (status == L2L_OK) return context;
    fail("cannot start with %s instructions: %s", l2l_isa_name(context_options.isa),
         l2l_status_name(status));
    return NULL;
}

bool fail_about(l2l_context *context, const char *path) {
    return fail("'%s': %s", path, l2l_context_error(context));
}
