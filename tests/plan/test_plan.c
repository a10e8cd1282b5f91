/* Plans before they run: creation, names, slices, parameters, shapes, presets. */
#include "plan/fold.h"
#include "support.h"

static void not_made(const l2l_plan_options *options, const l2l_stage *stages, size_t count,
                     l2l_status expected, const char *named) {
    l2l_plan *plan = (l2l_plan *)(void *)&plan;
    refused(l2l_plan_create(context, options, stages, count, &plan), expected, named);
    ck_assert_ptr_null(plan);
}

START_TEST(bad_plans_are_refused) {
    const l2l_plan_options good = L2L_PLAN_OPTIONS_INIT;
    l2l_stage stages[L2L_MAX_STAGES + 1];
    for (int i = 0; i <= L2L_MAX_STAGES; i++) stages[i] = (l2l_stage){ L2L_GAMMA, NULL };
    const l2l_status wrong = L2L_INVALID_ARGUMENT;

    not_made(NULL, stages, 0, wrong, "at least one");
    not_made(NULL, NULL, 3, wrong, "at least one");
    not_made(NULL, stages, L2L_MAX_STAGES + 1, wrong, "at most 24");
    not_made(NULL, stages, SIZE_MAX, wrong, "at most 24");
    l2l_plan_options o = good;
    o.struct_size = 0, not_made(&o, stages, 1, wrong, "struct_size"), o = good;
    o.channels = 0, not_made(&o, stages, 1, wrong, "0 channels"), o = good;
    o.channels = -1, not_made(&o, stages, 1, wrong, "-1 channels"), o = good;
    o.channels = 5, not_made(&o, stages, 1, wrong, "5 channels"), o = good;
    o.sample_scale = NAN, not_made(&o, stages, 1, wrong, "nan"), o = good;
    o.sample_scale = -INFINITY, not_made(&o, stages, 1, wrong, "-inf"), o = good;
    stages[1].kind = (l2l_stage_kind)10, not_made(NULL, stages, 2, wrong, "10 is no kind");
    stages[1].kind = (l2l_stage_kind)-1, not_made(NULL, stages, 2, wrong, "-1 is no kind");
    ck_assert_int_eq(l2l_plan_create(context, NULL, stages, 1, NULL), wrong);
    l2l_plan_destroy(NULL);
}
END_TEST

/* One stage with attributes that make no sense. */
static void bad_stage(int channels, l2l_stage_kind kind, const void *attributes,
                      const char *named) {
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    options.channels = channels;
    not_made(&options, &(l2l_stage){ kind, attributes }, 1, L2L_INVALID_ARGUMENT, named);
}

START_TEST(bad_attributes_are_refused) {
    bad_stage(3, L2L_GAMMA, &(l2l_gamma){ 0, 0 }, "gamma: the attributes' struct_size is 0");
    bad_stage(3, L2L_BLACK_LEVEL, NULL, "black_level works on a mosaic, not on 3");
    bad_stage(3, L2L_DEMOSAIC, NULL, "not 3 channels");
    bad_stage(1, L2L_COLOR_MATRIX, NULL, "3 channels, not 1");
    bad_stage(1, L2L_SHARPEN, NULL, "3 channels, not 1");
    l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
    demosaic.method = (l2l_demosaic_method)4, bad_stage(1, L2L_DEMOSAIC, &demosaic, "method 4");
    demosaic = (l2l_demosaic)L2L_DEMOSAIC_INIT;
    demosaic.border = (l2l_border)6, bad_stage(1, L2L_DEMOSAIC, &demosaic, "6 is no border");
    demosaic = (l2l_demosaic)L2L_DEMOSAIC_INIT;
    demosaic.cfa = (l2l_cfa){ 7, 2, { 0 } }, bad_stage(1, L2L_DEMOSAIC, &demosaic, "2×7");
    demosaic.cfa = (l2l_cfa){ 2, 2, { 0, 1, 1, 3 } }, bad_stage(1, L2L_DEMOSAIC, &demosaic, "3 is");
    demosaic.cfa = (l2l_cfa){ 2, 4, { 0, 1, 1, 2, 0, 1, 1, 2 } };
    demosaic.method = L2L_DEMOSAIC_MALVAR2004, bad_stage(1, L2L_DEMOSAIC, &demosaic, "of 4×2");
    demosaic.method = L2L_DEMOSAIC_SUPERPIXEL, bad_stage(1, L2L_DEMOSAIC, &demosaic, "Bayer");
    demosaic.cfa = (l2l_cfa){ 0 }, demosaic.channels = 5;
    bad_stage(1, L2L_DEMOSAIC, &demosaic, "not 5");
    l2l_denoise denoise = L2L_DENOISE_INIT;
    denoise.radius = 9, bad_stage(3, L2L_DENOISE, &denoise, "radius 9 is not in 1..8");
    denoise.radius = -1, bad_stage(3, L2L_DENOISE, &denoise, "radius -1");
    denoise.radius = 0, denoise.space = (l2l_space)2;
    bad_stage(3, L2L_DENOISE, &denoise, "2 is no space");
    bad_stage(3, L2L_CLIP, &(l2l_clip){ sizeof(l2l_clip), NAN, 1 }, "clip: lo nan");
    bad_stage(3, L2L_NORMALIZE,
              &(l2l_normalize){ sizeof(l2l_normalize), L2L_NORMALIZE_BATCH, 1, 2 },
              "momentum is 2");
}
END_TEST

START_TEST(what_a_plan_may_have_once) {
    l2l_normalize batch = L2L_NORMALIZE_INIT;
    batch.mode = L2L_NORMALIZE_BATCH;
    l2l_stage stages[] = { { L2L_ADDITIVE, NULL },
                           { L2L_NORMALIZE, NULL },
                           { L2L_NORMALIZE, &batch },
                           { L2L_NORMALIZE, NULL } };
    l2l_plan_destroy(plan_of(1, stages, 4)); /* given statistics may be there more often */
    stages[3] = stages[2];
    not_made(NULL, stages, 4, L2L_UNSUPPORTED, "at most one stage normalize.batch");
    stages[3] = stages[0];
    not_made(NULL, stages, 4, L2L_UNSUPPORTED, "at most one stage additive");
}
END_TEST

START_TEST(attributes_are_copied) {
    l2l_clip clip = { sizeof clip, 0.25, 0.5 };
    l2l_stage stage = { L2L_CLIP, &clip };
    l2l_plan *plan = plan_of(1, &stage, 1);
    clip.lo = 0.4, stage.kind = L2L_GAMMA;
    float src[4] = { 0, 0.3f, 0.5f, 2 }, dst[4];
    l2l_tensor from = l2l_image(src, L2L_F32, 1, 2, 2), to = l2l_image(dst, L2L_F32, 1, 2, 2);
    ok(l2l_plan_forward(context, plan, NULL, &from, &to, NULL));
    ck_assert(dst[0] == 0.25f && dst[1] == 0.3f && dst[2] == 0.5f && dst[3] == 0.5f);
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(a_plan_outlives_its_context) {
    l2l_allocator hook = counting_hook(&counter);
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    l2l_context *other;
    l2l_plan *plan;
    options.allocator = &hook;
    long held = counter.blocks;
    ck_assert_int_eq(l2l_context_create(&options, &other), L2L_OK);
    ck_assert_int_eq(l2l_plan_preset(other, "lens2logit", NULL, &plan), L2L_OK);
    l2l_context_destroy(other);
    ck_assert_int_eq(l2l_plan_param_count(plan), 132);
    l2l_plan_destroy(plan);
    ck_assert_int_eq(counter.blocks, held);
}
END_TEST

START_TEST(stages_of_one_kind_are_numbered) {
    l2l_gamma per_channel = { sizeof per_channel, 1 };
    const l2l_stage stages[] = { { L2L_GAMMA, NULL },         { L2L_WHITE_BALANCE, NULL },
                                 { L2L_GAMMA, &per_channel }, { L2L_WHITE_BALANCE, NULL },
                                 { L2L_CLIP, NULL },          { L2L_GAMMA, NULL } };
    const char *const names[] = { "gamma",          "white_balance", "gamma2",
                                  "white_balance2", "clip",          "gamma3" };
    const struct {
        const char *name;
        int64_t offset, count;
    } slices[] = { { "gamma.gamma", 0, 1 },
                   { "white_balance.gain", 1, 3 },
                   { "gamma2.gamma", 4, 3 },
                   { "white_balance2.gain", 7, 3 },
                   { "gamma3.gamma", 10, 1 } };
    l2l_plan *plan = plan_of(3, stages, 6);
    l2l_slice slice;
    size_t stage;
    ck_assert_uint_eq(l2l_plan_stage_count(plan), 6);
    ck_assert_uint_eq(l2l_plan_slice_count(plan), 5);
    ck_assert_int_eq(l2l_plan_param_count(plan), 11);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(l2l_plan_stage_name(plan, i), names[i]);
        ok(l2l_plan_find_stage(context, plan, names[i], &stage));
        ck_assert_uint_eq(stage, i);
    }
    for (size_t i = 0; i < 5; i++) {
        ok(l2l_plan_slice_at(context, plan, i, &slice));
        ck_assert_str_eq(slice.name, slices[i].name);
        ck_assert_int_eq(slice.offset, slices[i].offset);
        ck_assert_int_eq(slice.count, slices[i].count);
        ok(l2l_plan_find_slice(context, plan, slices[i].name, &slice));
        ck_assert_int_eq(slice.offset, slices[i].offset);
    }
    ck_assert_ptr_null(l2l_plan_stage_name(plan, 6));
    ck_assert_ptr_null(l2l_plan_stage_name(plan, SIZE_MAX));
    const l2l_status wrong = L2L_INVALID_ARGUMENT;
    refused(l2l_plan_slice_at(context, plan, 5, &slice), wrong, "slice 5 of 5");
    refused(l2l_plan_find_slice(context, plan, "gamma4.gamma", &slice), wrong, "gamma4.gamma");
    refused(l2l_plan_find_slice(context, plan, NULL, &slice), wrong, "NULL");
    refused(l2l_plan_find_stage(context, plan, "gamma1", &stage), wrong, "gamma1");
    refused(l2l_plan_find_stage(context, plan, NULL, &stage), wrong, "NULL");
    ck_assert_str_eq(slice.name, "gamma3.gamma");
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(lens2logits_names_are_understood) {
    const char *const pairs[][2] = {
        { "color_correct", "color_matrix" }, { "sharpening", "sharpen" },
        { "gaussian", "denoise" },           { "clipped", "clip" },
        { "gamma_correct", "gamma" },        { "noise", "additive" },
        { "demosaic", "demosaic" },
    };
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_plan *plan;
    options.additive = 1;
    ok(l2l_plan_preset(context, "lens2logit", &options, &plan));
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        size_t theirs, ours;
        ok(l2l_plan_find_stage(context, plan, pairs[i][0], &theirs));
        ok(l2l_plan_find_stage(context, plan, pairs[i][1], &ours));
        ck_assert_uint_eq(theirs, ours);
    }
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(null_plans_are_refused) {
    const l2l_status wrong = L2L_INVALID_ARGUMENT;
    l2l_plan *plan = preset("lens2logit");
    l2l_slice slice;
    size_t stage;
    int64_t shape[3];
    double values[132];
    l2l_tensor params = l2l_vector(values, L2L_F64, 132);
    ck_assert_int_eq(l2l_plan_param_count(NULL), 0);
    ck_assert_uint_eq(l2l_plan_slice_count(NULL), 0);
    ck_assert_uint_eq(l2l_plan_stage_count(NULL), 0);
    ck_assert_ptr_null(l2l_plan_stage_name(NULL, 0));
    refused(l2l_plan_slice_at(context, NULL, 0, &slice), wrong, "plan is NULL");
    refused(l2l_plan_slice_at(context, plan, 0, NULL), wrong, "NULL");
    refused(l2l_plan_find_slice(context, NULL, "gamma.gamma", &slice), wrong, "plan is NULL");
    refused(l2l_plan_find_slice(context, plan, "gamma.gamma", NULL), wrong, "NULL");
    refused(l2l_plan_find_stage(context, NULL, "gamma", &stage), wrong, "plan is NULL");
    refused(l2l_plan_find_stage(context, plan, "gamma", NULL), wrong, "NULL");
    refused(l2l_plan_output_shape(context, NULL, 0, 4, 4, shape), wrong, "plan is NULL");
    refused(l2l_plan_output_shape(context, plan, 0, 4, 4, NULL), wrong, "NULL");
    refused(l2l_plan_default_params(context, NULL, &params), wrong, "plan is NULL");
    refused(l2l_plan_set_slice(context, NULL, &params, "x", values, 1), wrong, "NULL");
    refused(l2l_plan_forward(context, NULL, NULL, &params, &params, NULL), wrong, "plan is NULL");
    refused(
        l2l_plan_backward(context, NULL, NULL, &params, &params, L2L_GRAD_WRITE, NULL, NULL, NULL),
        wrong, "plan is NULL");
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(default_parameters_change_little) {
    l2l_plan *plan = preset("lens2logit");
    double values[133], sum = 0;
    values[132] = 77;
    l2l_tensor params = l2l_vector(values, L2L_F64, 132);
    ok(l2l_plan_default_params(context, plan, &params));
    for (int i = 0; i < 4; i++) ck_assert(values[i] == 0);
    for (int i = 4; i < 85; i++) sum += values[i];
    ck_assert_double_eq_tol(sum, 4 + 2 + 4, 1e-15); /* two tents and a cross */
    for (int i = 85; i < 88; i++) ck_assert(values[i] == 1);
    for (int i = 88; i < 97; i++) ck_assert(values[i] == ((i - 88) % 4 == 0));
    ck_assert(values[97 + 4] == 5 && values[97 + 1] == -1 && values[97] == 0);
    ck_assert(values[106 + 12] == 6.1869e-01 && values[106] == 6.9625e-08);
    ck_assert(values[131] == 2.2 && values[132] == 77);

    float single[264];
    for (int i = 0; i < 264; i++) single[i] = -5;
    l2l_tensor backwards = l2l_vector(single + 2 * 131, L2L_F32, 132);
    backwards.stride[0] = -2;
    ok(l2l_plan_default_params(context, plan, &backwards));
    for (int i = 0; i < 132; i++) {
        ck_assert(single[2 * (131 - i)] == (float)values[i]);
        ck_assert(single[2 * (131 - i) + 1] == -5);
    }
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(bad_parameter_vectors_are_refused) {
    l2l_plan *plan = preset("lens2logit");
    const l2l_status wrong = L2L_INVALID_ARGUMENT;
    double values[132], gain[3] = { 2, 3, 4 };
    for (int i = 0; i < 132; i++) values[i] = i;
    const l2l_tensor good = l2l_vector(values, L2L_F64, 132);
    l2l_tensor t = good;
    refused(l2l_plan_default_params(context, plan, NULL), wrong, "params is NULL");
    t.shape[0] = 131, refused(l2l_plan_default_params(context, plan, &t), wrong, "131"), t = good;
    t.dtype = L2L_F16, refused(l2l_plan_default_params(context, plan, &t), wrong, "f16"), t = good;
    t.data = NULL, refused(l2l_plan_default_params(context, plan, &t), wrong, "no data"), t = good;
    t.ndim = 2, refused(l2l_plan_default_params(context, plan, &t), wrong, "2 dimensions");
    refused(l2l_plan_set_slice(context, plan, &good, "white_balance.gains", gain, 3), wrong,
            "white_balance.gains");
    refused(l2l_plan_set_slice(context, plan, &good, "white_balance.gain", gain, 2), wrong,
            "white_balance.gain has 3 values, not 2");
    refused(l2l_plan_set_slice(context, plan, &good, "white_balance.gain", NULL, 3), wrong, "gain");
    refused(l2l_plan_set_slice(context, plan, &good, NULL, gain, 3), wrong, "NULL");
    for (int i = 0; i < 132; i++) ck_assert(values[i] == i);
    ok(l2l_plan_set_slice(context, plan, &good, "white_balance.gain", gain, 3));
    for (int i = 0; i < 132; i++) ck_assert(values[i] == (i >= 85 && i < 88 ? i - 83 : i));
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(shapes_follow_the_stages) {
    l2l_demosaic half = L2L_DEMOSAIC_INIT;
    half.method = L2L_DEMOSAIC_SUPERPIXEL;
    half.channels = 4;
    const l2l_stage stages[] = { { L2L_BLACK_LEVEL, NULL },
                                 { L2L_DEMOSAIC, &half },
                                 { L2L_WHITE_BALANCE, NULL } };
    const l2l_status wrong = L2L_INVALID_ARGUMENT;
    l2l_plan *plan = plan_of(1, stages, 3);
    int64_t shape[3];
    ok(l2l_plan_output_shape(context, plan, 0, 7, 9, shape));
    ck_assert(shape[0] == 1 && shape[1] == 7 && shape[2] == 9);
    for (size_t stage = 1; stage < 3; stage++) {
        ok(l2l_plan_output_shape(context, plan, stage, 7, 9, shape));
        ck_assert(shape[0] == 4 && shape[1] == 3 && shape[2] == 4);
    }
    refused(l2l_plan_output_shape(context, plan, 3, 7, 9, shape), wrong, "stage 3 of 3");
    refused(l2l_plan_output_shape(context, plan, 1, 1, 9, shape), wrong, "nothing of 1×9");
    refused(l2l_plan_output_shape(context, plan, 0, 0, 9, shape), wrong, "0×9");
    refused(l2l_plan_output_shape(context, plan, 0, 7, -1, shape), wrong, "7×-1");
    ck_assert(shape[0] == 4 && shape[1] == 3 && shape[2] == 4);
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(presets_have_their_stages) {
    const char *const slices[] = { "black_level.level",   "demosaic.weight", "white_balance.gain",
                                   "color_matrix.matrix", "sharpen.kernel",  "denoise.kernel",
                                   "gamma.gamma" };
    const int64_t counts[] = { 4, 81, 3, 9, 9, 25, 1 };
    l2l_plan *plan = preset("lens2logit");
    ck_assert_int_eq(l2l_plan_param_count(plan), 132);
    ck_assert_uint_eq(l2l_plan_slice_count(plan), 7);
    for (size_t i = 0; i < 7; i++) {
        l2l_slice slice;
        ok(l2l_plan_slice_at(context, plan, i, &slice));
        ck_assert_str_eq(slice.name, slices[i]);
        ck_assert_int_eq(slice.count, counts[i]);
    }
    ck_assert_int_eq(plan->chain.nodes[1].border, L2L_BORDER_MIRROR);
    ck_assert_int_eq(plan->chain.nodes[4].border, L2L_BORDER_ZERO);
    ck_assert_int_eq(plan->chain.nodes[5].border, L2L_BORDER_MIRROR);
    l2l_plan_destroy(plan);

    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    options.border = L2L_BORDER_REFERENCE;
    ok(l2l_plan_preset(context, "static/bilinear/unsharp_masking/gaussian_denoising", &options,
                       &plan));
    ck_assert_uint_eq(l2l_plan_stage_count(plan), 8);
    ck_assert_int_eq(l2l_plan_param_count(plan), 4 + 3 + 9 + 2 + 1 + 1);
    ck_assert_int_eq(plan->chain.nodes[4].radius, 4);
    ck_assert_int_eq(plan->chain.nodes[4].border, L2L_BORDER_SYMMETRIC);
    ck_assert(plan->chain.nodes[6].attributes.clip.lo == 0);
    l2l_plan_destroy(plan);

    ok(l2l_plan_preset(context, "static/malvar2004/sharpening_filter/median_denoising", NULL,
                       &plan));
    ck_assert_int_eq(l2l_plan_param_count(plan), 4 + 3 + 9 + 9 + 1);
    ck_assert_int_eq(plan->chain.nodes[1].attributes.demosaic.method, L2L_DEMOSAIC_MALVAR2004);
    ck_assert_int_eq(plan->chain.nodes[1].radius, 2);
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(options_reach_the_preset) {
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_plan *plan;
    ok(l2l_cfa_parse(context, "GBRG", &options.cfa));
    options.border = L2L_BORDER_REPLICATE;
    options.sample_scale = 0.25;
    options.rescale = 1, options.white = 0.5;
    options.additive = options.batch_normalize = 1;
    ok(l2l_plan_preset(context, "lens2logit", &options, &plan));
    ck_assert_uint_eq(l2l_plan_stage_count(plan), 10);
    ck_assert_str_eq(l2l_plan_stage_name(plan, 8), "additive");
    ck_assert_str_eq(l2l_plan_stage_name(plan, 9), "normalize");
    ck_assert_int_eq(plan->chain.nodes[1].attributes.demosaic.cfa.color[0], 1);
    ck_assert_int_eq(plan->chain.nodes[1].attributes.demosaic.cfa.color[1], 2);
    ck_assert(plan->chain.nodes[0].attributes.black_level.white == 0.5);
    ck_assert(plan->chain.sample_scale == 0.25);
    for (int i = 1; i < 6; i += i == 1 ? 3 : 1)
        ck_assert_int_eq(plan->chain.nodes[i].border, L2L_BORDER_REPLICATE);
    l2l_plan_destroy(plan);
}
END_TEST

/* A demosaic that is a stencil takes up the matrices behind it, whichever method it is. */
START_TEST(matrices_fold_into_demosaics) {
    static const int nodes[] = { [L2L_DEMOSAIC_BILINEAR] = 1,
                                 [L2L_DEMOSAIC_LINEAR] = 1,
                                 [L2L_DEMOSAIC_SUPERPIXEL] = 2,
                                 [L2L_DEMOSAIC_MALVAR2004] = 1 };
    for (int method = 0; method < 4; method++) {
        l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
        demosaic.method = (l2l_demosaic_method)method;
        l2l_stage stages[] = { { L2L_DEMOSAIC, &demosaic },
                               { L2L_WHITE_BALANCE, NULL },
                               { L2L_COLOR_MATRIX, NULL } };
        const bool keep[L2L_MAX_BOUNDARIES] = { false };
        int place[L2L_MAX_BOUNDARIES];
        l2l_chain folded;
        l2l_plan *plan;
        ok(l2l_plan_create(context, NULL, stages, 3, &plan));
        l2l_chain_fold(&plan->chain, keep, &folded, place);
        ck_assert_int_eq(folded.count, nodes[method]);
        ck_assert_int_eq(folded.nodes[folded.count - 1].part_count, 4 - nodes[method]);
        ck_assert_int_eq(folded.param_count, plan->chain.param_count);
        l2l_plan_destroy(plan);
    }
}
END_TEST

START_TEST(unknown_presets_are_named) {
    const char *const names[] = { "",
                                  "Lens2Logit",
                                  "lens2logit ",
                                  "static",
                                  "static/",
                                  "static/bilinear",
                                  "static/bilinear/",
                                  "static/malvar2004/",
                                  "static/vng/sharpening_filter/gaussian_denoising",
                                  "static/bilinear/blur/gaussian_denoising",
                                  "static/bilinear/sharpening_filter/nothing",
                                  "static/bilinear/sharpening_filter/gaussian_denoising/",
                                  "static/bilinear/sharpening_filter/gaussian_denoising/more",
                                  "static/bilinearsharpening_filter/gaussian_denoising",
                                  "static//sharpening_filter/gaussian_denoising" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        l2l_plan *plan = (l2l_plan *)(void *)&plan;
        refused(l2l_plan_preset(context, names[i], NULL, &plan), L2L_INVALID_ARGUMENT, names[i]);
        ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "is no preset"));
        ck_assert_ptr_null(plan);
    }
    l2l_plan *plan = (l2l_plan *)(void *)&plan;
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    refused(l2l_plan_preset(context, NULL, NULL, &plan), L2L_INVALID_ARGUMENT, "NULL");
    ck_assert_ptr_null(plan);
    ck_assert_int_eq(l2l_plan_preset(context, "lens2logit", NULL, NULL), L2L_INVALID_ARGUMENT);
    options.struct_size = 0;
    refused(l2l_plan_preset(context, "lens2logit", &options, &plan), L2L_INVALID_ARGUMENT,
            "struct_size");
    options = (l2l_preset_options)L2L_PRESET_OPTIONS_INIT;
    options.border = (l2l_border)9;
    refused(l2l_plan_preset(context, "lens2logit", &options, &plan), L2L_INVALID_ARGUMENT, "9");
    options = (l2l_preset_options)L2L_PRESET_OPTIONS_INIT;
    options.sample_scale = NAN;
    refused(l2l_plan_preset(context, "lens2logit", &options, &plan), L2L_INVALID_ARGUMENT, "nan");
}
END_TEST

int main(void) {
    const TTest *const tests[] = { bad_plans_are_refused,
                                   bad_attributes_are_refused,
                                   what_a_plan_may_have_once,
                                   attributes_are_copied,
                                   a_plan_outlives_its_context,
                                   stages_of_one_kind_are_numbered,
                                   lens2logits_names_are_understood,
                                   null_plans_are_refused,
                                   default_parameters_change_little,
                                   bad_parameter_vectors_are_refused,
                                   shapes_follow_the_stages,
                                   presets_have_their_stages,
                                   options_reach_the_preset,
                                   matrices_fold_into_demosaics,
                                   unknown_presets_are_named,
                                   NULL };
    return run_tests("plan", tests);
}
