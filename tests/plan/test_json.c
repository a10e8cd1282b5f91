/* Plans and parameters as JSON: every plan comes back as it was. */
#include "support.h"

#include <float.h>
#include <locale.h>

/* ---- round trips ---- */

static void same_node(const l2l_node *a, const l2l_node *b) {
    ck_assert_ptr_eq(a->row, b->row);
    ck_assert_int_eq(a->in_channels, b->in_channels);
    ck_assert_int_eq(a->out_channels, b->out_channels);
    ck_assert_int_eq(a->radius, b->radius);
    ck_assert_int_eq(a->border, b->border);
    ck_assert_int_eq(a->luma, b->luma);
    ck_assert_int_eq(a->param_count, b->param_count);
    ck_assert_int_eq(a->param_offset, b->param_offset);
    ck_assert_int_eq(a->sum_count, b->sum_count);
}

/* Through text and back: the same nodes, the same parameters to the bit, the same text. */
static void round_trip(l2l_plan *plan) {
    enum { MOST = 4096 };
    static double values[MOST], again[MOST];
    int64_t count = l2l_plan_param_count(plan);
    ck_assert_int_le(count, MOST);
    uint64_t random = 88172645463325252u;
    for (int64_t i = 0; i < count; i++) {
        do { /* doubles of any exponent */
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            memcpy(&values[i], &random, sizeof random);
        } while (!isfinite(values[i]));
    }
    l2l_tensor from = l2l_vector(values, L2L_F64, count), to = l2l_vector(again, L2L_F64, count);
    char *text, *second;
    l2l_plan *copy;
    ok(l2l_plan_to_json(context, plan, count ? &from : NULL, &text));
    ok(l2l_plan_from_json(context, text, strlen(text), &copy));
    ck_assert_int_eq(copy->chain.count, plan->chain.count);
    ck_assert_int_eq(copy->chain.channels[0], plan->chain.channels[0]);
    ck_assert(copy->chain.sample_scale == plan->chain.sample_scale);
    for (int i = 0; i < plan->chain.count; i++) {
        same_node(&plan->chain.nodes[i], &copy->chain.nodes[i]);
        ck_assert_str_eq(plan->stage_name[i], copy->stage_name[i]);
    }
    memset(again, 0, sizeof again);
    if (count) ok(l2l_params_from_json(context, copy, text, strlen(text), &to));
    ck_assert_mem_eq(again, values, (size_t)count * sizeof(double));
    ok(l2l_plan_to_json(context, copy, count ? &to : NULL, &second));
    ck_assert_str_eq(text, second);
    l2l_text_free(context, second);
    l2l_text_free(context, text);
    l2l_plan_destroy(copy);
    l2l_plan_destroy(plan);
}

START_TEST(presets_come_back) {
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_plan *plan;
    options.sample_scale = 1.0 / 65535.0;
    options.rescale = options.additive = options.batch_normalize = 1;
    options.white = 16383.1;
    options.border = L2L_BORDER_REFERENCE;
    ok(l2l_cfa_parse(context, "XTRANS", &options.cfa));
    ok(l2l_plan_preset(context, "lens2logit", &options, &plan));
    round_trip(plan);
    round_trip(preset("lens2logit"));
    round_trip(preset("static/bilinear/sharpening_filter/gaussian_denoising"));
    round_trip(preset("static/bilinear/unsharp_masking/median_denoising"));
    round_trip(preset("static/malvar2004/sharpening_filter/gaussian_denoising"));
}
END_TEST

START_TEST(every_method_border_and_space_comes_back) {
    for (int border = L2L_BORDER_DEFAULT; border <= L2L_BORDER_REFERENCE; border++)
        for (int i = 0; i < l2l_stage_row_count; i++) {
            const l2l_stage_row *row = l2l_stage_rows[i];
            l2l_attributes attributes = *l2l_stage_standard(row->kind);
            bool mosaic = row->kind == L2L_BLACK_LEVEL || row->kind == L2L_DEMOSAIC;
            l2l_stage stage = { row->kind, &attributes };
            if (row->kind == L2L_DEMOSAIC) {
                attributes.demosaic.method = (l2l_demosaic_method)row->method_id;
                attributes.demosaic.border = (l2l_border)border;
                attributes.demosaic.radius = 1 + border % 2;
                attributes.demosaic.channels = 3 + border % 2;
            } else if (row->kind == L2L_SHARPEN) {
                attributes.sharpen.method = (l2l_sharpen_method)row->method_id;
                attributes.sharpen.border = (l2l_border)border;
                attributes.sharpen.radius = 3 * border;
                attributes.sharpen.space = (l2l_space)(border % 2);
            } else if (row->kind == L2L_DENOISE) {
                attributes.denoise.method = (l2l_denoise_method)row->method_id;
                attributes.denoise.border = (l2l_border)border;
                attributes.denoise.radius = border % 3;
                attributes.denoise.space = (l2l_space)(border % 2);
            } else if (row->kind == L2L_NORMALIZE) {
                attributes.normalize.mode = (l2l_normalize_mode)row->method_id;
                attributes.normalize.epsilon = 0.1 / (border + 1);
            } else if (row->kind == L2L_BLACK_LEVEL) {
                attributes.black_level.rescale = border % 2;
            } else if (row->kind == L2L_COLOR_MATRIX) {
                attributes.color_matrix.offset = border % 2;
            } else if (row->kind == L2L_GAMMA) {
                attributes.gamma.per_channel = border % 2;
            } else if (row->kind == L2L_CLIP) {
                attributes.clip.lo = -1.0 / 3.0;
                attributes.clip.hi = DBL_MIN * border / 7;
            }
            round_trip(plan_of(mosaic ? 1 : 3, &stage, 1));
        }
}
END_TEST

START_TEST(every_cfa_comes_back) {
    const char *const names[] = { "RGGB", "BGGR",   "GRBG", "GBRG",        "QUAD_RGGB",
                                  "MONO", "XTRANS", "RGB",  "RG/GB/GB/RG", "RGRG/GBGB" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
        l2l_stage stage = { L2L_DEMOSAIC, &demosaic };
        ok(l2l_cfa_parse(context, names[i], &demosaic.cfa));
        l2l_plan *plan = plan_of(1, &stage, 1), *copy;
        char *text;
        ok(l2l_plan_to_json(context, plan, NULL, &text));
        ok(l2l_plan_from_json(context, text, strlen(text), &copy));
        const l2l_cfa *was = &plan->chain.nodes[0].attributes.demosaic.cfa;
        const l2l_cfa *is = &copy->chain.nodes[0].attributes.demosaic.cfa;
        ck_assert_mem_eq(was, is, sizeof *was);
        l2l_text_free(context, text);
        l2l_plan_destroy(copy);
        round_trip(plan);
    }
}
END_TEST

START_TEST(a_long_plan_comes_back) {
    l2l_stage stages[L2L_MAX_STAGES];
    l2l_plan_options three = { sizeof three, 3, -0.0 };
    for (int i = 0; i < L2L_MAX_STAGES; i++)
        stages[i] = (l2l_stage){ i % 2 ? L2L_GAMMA : L2L_SHARPEN, NULL };
    l2l_plan *plan = NULL, *copy;
    char *text;
    ok(l2l_plan_create(context, &three, stages, L2L_MAX_STAGES, &plan));
    ok(l2l_plan_to_json(context, plan, NULL, &text));
    ck_assert_ptr_null(strstr(text, "params"));
    ok(l2l_plan_from_json(context, text, strlen(text), &copy));
    ck_assert(signbit(copy->chain.sample_scale));
    l2l_text_free(context, text);
    l2l_plan_destroy(copy);
    round_trip(plan);
}
END_TEST

START_TEST(single_precision_comes_back) {
    l2l_plan *plan = preset("lens2logit");
    float values[132], again[132] = { 0 };
    l2l_tensor from = l2l_vector(values, L2L_F32, 132), to = l2l_vector(again, L2L_F32, 132);
    char *text;
    for (int i = 0; i < 132; i++) values[i] = 1.0f / (float)(i + 3) - 0.1f;
    values[5] = FLT_MAX, values[6] = FLT_TRUE_MIN, values[7] = -0.0f;
    ok(l2l_plan_to_json(context, plan, &from, &text));
    ok(l2l_params_from_json(context, plan, text, strlen(text), &to));
    ck_assert_mem_eq(values, again, sizeof values);
    l2l_text_free(context, text);
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(another_locale_changes_nothing) {
    const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (setlocale(LC_ALL, names[i])) round_trip(preset("lens2logit"));
    setlocale(LC_ALL, "C");
    l2l_plan *plan = preset("lens2logit");
    double values[132];
    l2l_tensor params = l2l_vector(values, L2L_F64, 132);
    char *text;
    ok(l2l_plan_default_params(context, plan, &params));
    ok(l2l_plan_to_json(context, plan, &params, &text));
    ck_assert_ptr_nonnull(strstr(text, "\"gamma.gamma\": [2.2]"));
    ck_assert_ptr_nonnull(strstr(text, "\"lo\": 1e-05, \"hi\": 1}"));
    l2l_text_free(context, text);
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- refusals when writing ---- */

static void not_written(const l2l_plan *plan, const l2l_tensor *params, const char *named) {
    char *text = (char *)(void *)&text;
    ck_assert_int_eq(l2l_plan_to_json(context, plan, params, &text), L2L_UNSUPPORTED);
    ck_assert_ptr_null(text);
    ck_assert_msg(strstr(l2l_context_error(context), named), "%s", l2l_context_error(context));
}

START_TEST(what_json_cannot_hold_is_refused) {
    l2l_plan *plan = preset("lens2logit");
    double values[132] = { 0 };
    l2l_tensor params = l2l_vector(values, L2L_F64, 132);
    values[85] = NAN, not_written(plan, &params, "white_balance.gain is nan");
    values[85] = 0, values[131] = -INFINITY, not_written(plan, &params, "gamma.gamma is -inf");
    l2l_plan_destroy(plan);

    l2l_clip clip = { sizeof clip, 0, INFINITY };
    l2l_stage stage = { L2L_CLIP, &clip };
    plan = plan_of(1, &stage, 1);
    not_written(plan, NULL, "clip.hi is inf");
    l2l_plan_destroy(plan);

    l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
    demosaic.cfa = (l2l_cfa){ 2, 2, { 1, 1, 1, 2 } };
    stage = (l2l_stage){ L2L_DEMOSAIC, &demosaic };
    plan = plan_of(1, &stage, 1);
    not_written(plan, NULL, "GG/GB");
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(misuse_is_refused) {
    l2l_plan *plan = preset("lens2logit"), *other = plan;
    char *text = (char *)plan;
    double values[132] = { 0 };
    l2l_tensor params = l2l_vector(values, L2L_F64, 131);
    const char *good = "{\"lens2logit\": 1, \"params\": {}}";
    ck_assert_int_eq(l2l_plan_to_json(context, plan, NULL, NULL), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_plan_to_json(context, NULL, NULL, &text), L2L_INVALID_ARGUMENT);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(l2l_plan_to_json(context, plan, &params, &text), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_params_from_json(context, plan, good, strlen(good), &params),
                     L2L_INVALID_ARGUMENT);
    params.shape[0] = 132;
    ck_assert_int_eq(l2l_params_from_json(context, NULL, good, strlen(good), &params),
                     L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_params_from_json(context, plan, good, strlen(good), NULL),
                     L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_params_from_json(context, plan, NULL, 0, &params), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_plan_from_json(context, NULL, 0, &other), L2L_INVALID_ARGUMENT);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(l2l_plan_from_json(context, good, strlen(good), NULL), L2L_INVALID_ARGUMENT);
    l2l_text_free(context, NULL);
    l2l_text_free(NULL, NULL);
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- memory ---- */

START_TEST(text_outlives_its_context) {
    l2l_plan *plan = preset("lens2logit");
    char *text;
    ok(l2l_plan_to_json(context, plan, NULL, &text));
    long held = counter.blocks;
    l2l_context *other;
    ck_assert_int_eq(l2l_context_create(NULL, &other), L2L_OK);
    l2l_text_free(other, text); /* goes back to where it came from */
    ck_assert_int_eq(counter.blocks, held - 1);
    l2l_context_destroy(other);
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(lack_of_memory_is_reported) {
    l2l_plan *plan = preset("lens2logit"), *copy = NULL;
    char *text;
    ok(l2l_plan_to_json(context, plan, NULL, &text));
    for (long n = 1, done = 0; !done; n++) {
        ck_assert_int_lt(n, 20);
        counter.fail_at = counter.requests + n;
        long held = counter.blocks;
        l2l_status status = l2l_plan_from_json(context, text, strlen(text), &copy);
        done = counter.requests < counter.fail_at;
        ck_assert_int_eq(status, done ? L2L_OK : L2L_OUT_OF_MEMORY);
        l2l_plan_destroy(copy);
        ck_assert_int_eq(counter.blocks, held);
    }
    l2l_text_free(context, text);
    counter.fail_at = counter.requests + 1;
    ck_assert_int_eq(l2l_plan_to_json(context, plan, NULL, &text), L2L_OUT_OF_MEMORY);
    ck_assert_ptr_null(text);
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { presets_come_back,
                                   every_method_border_and_space_comes_back,
                                   every_cfa_comes_back,
                                   a_long_plan_comes_back,
                                   single_precision_comes_back,
                                   another_locale_changes_nothing,
                                   what_json_cannot_hold_is_refused,
                                   misuse_is_refused,
                                   text_outlives_its_context,
                                   lack_of_memory_is_reported,
                                   NULL };
    return run_tests("json", tests);
}
