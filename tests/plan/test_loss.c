/* A loss in one pass gives what forward, its cotangent and backward give, to the bit. */
#include "loss_case.h"

static const int64_t sizes[][3] = {
    { 1, 61, 83 }, { 2, 37, 150 }, { 1, 2, 3 }, { 1, 5, 64 }, { 3, 20, 48 },
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void as_by_hand(const loss_case *c, l2l_grad_mode mode) {
    outcome expected = room_of_case(c), out = room_of_case(c);
    double most;
    for (int k = 0; k < 2; k++) { /* what ADD adds to, and WRITE does not see */
        outcome *o = k ? &out : &expected;
        fill(&o->grad_mosaic, 1), fill(&o->grad_params, 2), fill(&o->grad_additive, 3);
    }
    double sum = by_hand(c, mode, &expected, &most), value = loss_into(c, mode, &out);
    same_results(c, &out, &expected);
    close_values(c, value, sum, most);
    free_outcome(&expected), free_outcome(&out);
}

static void each_case(int which, l2l_context *with, int size, int kinds) {
    int channels;
    l2l_plan *plan = some_plan(which, &channels);
    const double scales[KINDS] = { 0, 0.75, -3 };
    for (int k = 0; k < kinds; k++)
        for (int f64 = 0; f64 < 2; f64++) {
            l2l_loss_kind kind = (l2l_loss_kind)((which + size + k) % KINDS);
            loss_case c = case_of(with, plan, f64 ? L2L_F64 : L2L_F32, sizes[size], kind);
            c.loss.scale = scales[(which + k) % KINDS];
            as_by_hand(&c, L2L_GRAD_WRITE);
            as_by_hand(&c, L2L_GRAD_ADD);
            c.evaluation = has_batch(plan);
            if (c.evaluation) as_by_hand(&c, L2L_GRAD_WRITE);
            free_inputs(&c.in);
        }
    l2l_plan_destroy(plan);
}

START_TEST(one_pass_gives_what_two_give) {
    for (int which = 0; which < PLANS; which++)
        for (int size = 0; size < SIZES; size++) each_case(which, context, size, KINDS);
}
END_TEST

START_TEST(in_tiles_too) {
    const int tile[][2] = { { 8, 8 }, { 10, 9 }, { 16, 8 }, { 24, 30 }, { 48, 12 } };
    for (size_t i = 0; i < sizeof tile / sizeof tile[0]; i++) {
        l2l_context *tiled = context_with(2, tile[i][0], tile[i][1]);
        for (int which = 0; which < PLANS; which++)
            for (int size = 0; size < SIZES; size++) each_case(which, tiled, size, 1);
        l2l_context_destroy(tiled);
    }
}
END_TEST

/* The grids of the library's own differ for the batch's statistics and for backward, and calls
   find what others left in memory. */
START_TEST(large_images_too) {
    const int64_t large[3] = { 1, 140, 1500 }, small[3] = { 1, 9, 1100 };
    l2l_context *many = context_with(3, 0, 0);
    for (int which = 0; which < 2; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        for (int repeat = 0; repeat < 2; repeat++)
            for (int k = 0; k < 2; k++) {
                l2l_context *with = repeat ? many : context;
                loss_case c = case_of(with, plan, L2L_F32, k ? small : large, L2L_LOSS_SQUARED);
                as_by_hand(&c, L2L_GRAD_WRITE);
                as_by_hand(&c, L2L_GRAD_WRITE);
                free_inputs(&c.in);
            }
        l2l_plan_destroy(plan);
    }
    l2l_context_destroy(many);
}
END_TEST

START_TEST(threads_leave_no_trace) {
    const int64_t size[3] = { 2, 50, 70 };
    for (int which = 0; which < PLANS; which++)
        for (int f64 = 0; f64 < 2; f64++) {
            int channels;
            l2l_plan *plan = some_plan(which, &channels);
            l2l_context *one = context_with(1, 16, 8), *many = context_with(7, 16, 8);
            loss_case c =
                case_of(one, plan, f64 ? L2L_F64 : L2L_F32, size, (l2l_loss_kind)(which % KINDS));
            outcome alone = room_of_case(&c), out = room_of_case(&c);
            double expected = loss_into(&c, L2L_GRAD_WRITE, &alone);
            c.with = many;
            for (int repeat = 0; repeat < 3; repeat++) {
                ck_assert(loss_into(&c, L2L_GRAD_WRITE, &out) == expected);
                same_results(&c, &out, &alone);
            }
            free_outcome(&alone), free_outcome(&out), free_inputs(&c.in);
            l2l_context_destroy(one), l2l_context_destroy(many);
            l2l_plan_destroy(plan);
        }
}
END_TEST

/* AVX2 and AVX-512 give the same bits; the baseline, which does not fuse, nearly the same. */
START_TEST(instruction_sets_agree) {
    const int64_t size[3] = { 2, 30, 70 };
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        loss_case c = case_of(context, plan, L2L_F32, size, (l2l_loss_kind)(which % KINDS));
        outcome best = room_of_case(&c), out = room_of_case(&c);
        double expected = loss_into(&c, L2L_GRAD_WRITE, &best), most;
        value_of(&c, &best.image, &most);
        for (int isa = L2L_ISA_BASELINE; isa <= L2L_ISA_NEON; isa++) {
            l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
            options.isa = (l2l_isa)isa;
            if (!l2l_isa_available(options.isa)) continue;
            ck_assert_int_eq(l2l_context_create(&options, &c.with), L2L_OK);
            double value = loss_into(&c, L2L_GRAD_WRITE, &out);
            close_values(&c, value, expected, most);
            if (isa != L2L_ISA_BASELINE) {
                ck_assert(value == expected);
                same_results(&c, &out, &best);
            }
            l2l_context_destroy(c.with);
        }
        free_outcome(&best), free_outcome(&out), free_inputs(&c.in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

/* ---- taps ---- */

static l2l_tensor like_stage(const loss_case *c, size_t stage) {
    int64_t shape[3];
    const int64_t *in = c->in.mosaic.shape;
    ok(l2l_plan_output_shape(context, c->plan, stage, in[2], in[3], shape));
    return tensor(c->in.mosaic.dtype, in[0], shape[0], shape[1], shape[2]);
}

START_TEST(taps_are_those_of_backward) {
    const int64_t size[3] = { 2, 31, 48 };
    l2l_context *small = context_with(2, 24, 8);
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        size_t count = l2l_plan_stage_count(plan);
        loss_case c = case_of(small, plan, L2L_F32, size, L2L_LOSS_SQUARED);
        l2l_tensor image[2][L2L_MAX_STAGES], grad[2][L2L_MAX_STAGES];
        l2l_tap taps[2][L2L_MAX_STAGES];
        for (int k = 0; k < 2; k++)
            for (size_t s = 0; s < count; s++) {
                image[k][s] = like_stage(&c, s), grad[k][s] = like_stage(&c, s);
                taps[k][s] = (l2l_tap){ s, &image[k][s], &grad[k][s] };
            }
        outcome expected = room_of_case(&c), out = room_of_case(&c);
        double most;
        c.taps = taps[0], c.tap_count = count;
        double sum = by_hand(&c, L2L_GRAD_WRITE, &expected, &most);
        c.taps = taps[1];
        close_values(&c, loss_into(&c, L2L_GRAD_WRITE, &out), sum, most);
        same_results(&c, &out, &expected);
        for (size_t s = 0; s < count; s++) {
            same_bits(&image[1][s], &image[0][s], "the image at a tap");
            same_bits(&grad[1][s], &grad[0][s], "the gradient at a tap");
            for (int k = 0; k < 2; k++) free(image[k][s].data), free(grad[k][s].data);
        }
        free_outcome(&expected), free_outcome(&out), free_inputs(&c.in);
        l2l_plan_destroy(plan);
    }
    l2l_context_destroy(small);
}
END_TEST

/* A call with all tensors that there can be. */
START_TEST(a_tap_at_each_of_the_most_stages) {
    enum { H = 4, W = 6 };
    const int64_t size[3] = { 1, H, W };
    l2l_normalize batch = L2L_NORMALIZE_INIT;
    l2l_stage stages[L2L_MAX_STAGES];
    l2l_tensor image[L2L_MAX_STAGES], grad[L2L_MAX_STAGES];
    l2l_tap taps[L2L_MAX_STAGES];
    batch.mode = L2L_NORMALIZE_BATCH;
    for (int i = 0; i < L2L_MAX_STAGES; i++) stages[i] = (l2l_stage){ L2L_WHITE_BALANCE, NULL };
    stages[3] = (l2l_stage){ L2L_NORMALIZE, &batch }, stages[5].kind = L2L_ADDITIVE;
    l2l_plan *plan = plan_of(3, stages, L2L_MAX_STAGES);
    loss_case c = case_of(context, plan, L2L_F64, size, L2L_LOSS_ABSOLUTE);
    for (size_t s = 0; s < L2L_MAX_STAGES; s++) {
        image[s] = like_stage(&c, s), grad[s] = like_stage(&c, s);
        taps[s] = (l2l_tap){ s, &image[s], &grad[s] };
    }
    c.taps = taps, c.tap_count = L2L_MAX_STAGES;
    as_by_hand(&c, L2L_GRAD_WRITE);
    for (size_t s = 0; s < L2L_MAX_STAGES; s++) free(image[s].data), free(grad[s].data);
    free_inputs(&c.in);
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- optional outputs ---- */

enum { VALUE = 1, IMAGE = 2, MOSAIC = 4, PARAMS = 8, ADDED = 16, EVERY_SET = 32 };

static void left_out(const loss_case *c, int wanted, const outcome *all, double value) {
    outcome out = room_of_case(c), before = room_of_case(c);
    l2l_plan_extra extra = extra_of_case(c, &out);
    l2l_loss loss = c->loss;
    double found = -5;
    loss.target = &c->in.grad_image;
    if (!(wanted & ADDED)) extra.grad_additive = NULL;
    ok_with(c, l2l_plan_loss(c->with, c->plan, &c->in.params, &c->in.mosaic, &loss,
                             wanted & VALUE ? &found : NULL, wanted & IMAGE ? &out.image : NULL,
                             L2L_GRAD_WRITE, wanted & MOSAIC ? &out.grad_mosaic : NULL,
                             wanted & PARAMS ? &out.grad_params : NULL, &extra));
    ck_assert(found == (wanted & VALUE ? value : -5));
    same_bits(&out.image, wanted & IMAGE ? &all->image : &before.image, "the image");
    same_bits(&out.grad_mosaic, wanted & MOSAIC ? &all->grad_mosaic : &before.grad_mosaic,
              "grad_mosaic");
    same_bits(&out.grad_params, wanted & PARAMS ? &all->grad_params : &before.grad_params,
              "grad_params");
    same_bits(&out.grad_additive, wanted & ADDED ? &all->grad_additive : &before.grad_additive,
              "grad_additive");
    free_outcome(&out), free_outcome(&before);
}

START_TEST(each_output_may_be_left_out) {
    const int64_t size[3] = { 2, 19, 32 };
    l2l_context *tiled = context_with(1, 10, 8);
    for (int which = 0; which < PLANS; which++)
        for (int k = 0; k < 2; k++) {
            int channels;
            l2l_plan *plan = some_plan(which, &channels);
            loss_case c = case_of(k ? tiled : context, plan, L2L_F32, size, L2L_LOSS_SQUARED);
            outcome all = room_of_case(&c);
            double value = loss_into(&c, L2L_GRAD_WRITE, &all);
            for (int wanted = 0; wanted < EVERY_SET; wanted++) left_out(&c, wanted, &all, value);
            free_outcome(&all), free_inputs(&c.in);
            l2l_plan_destroy(plan);
        }
    l2l_context_destroy(tiled);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { one_pass_gives_what_two_give,
                                   in_tiles_too,
                                   large_images_too,
                                   threads_leave_no_trace,
                                   instruction_sets_agree,
                                   taps_are_those_of_backward,
                                   a_tap_at_each_of_the_most_stages,
                                   each_output_may_be_left_out,
                                   NULL };
    return run_tests("loss", tests);
}
