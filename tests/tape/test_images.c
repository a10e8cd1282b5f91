/* Stages and plans on the tape: gradients, shapes, data types, a whole loss. */
#include "tape_case.h"

#include <stdlib.h>

static l2l_context *context;
static l2l_tape *tape;

static void set_up(void) {
    OK(l2l_context_create(NULL, &context));
    OK(l2l_tape_create(context, &tape));
}

static void tear_down(void) {
    l2l_tape_destroy(tape);
    l2l_context_destroy(context);
}

static l2l_var leaf_of(const l2l_tensor *value, int requires_grad) {
    l2l_var var;
    OK(l2l_tape_leaf(tape, value, requires_grad, &var));
    return var;
}

/* ---- stages ---- */

/* Leaves: source, weight of the output, parameters. */
static l2l_var build_stage(l2l_tape *t, const l2l_var *leaf, void *user) {
    l2l_var y, p, sum;
    OK(l2l_tape_stage(t, user, leaf[2], leaf[0], &y));
    OK(l2l_tape_mul(t, y, leaf[1], &p));
    OK(l2l_tape_sum(t, p, &sum));
    return sum;
}

typedef struct stage_shapes {
    l2l_stage_kind kind;
    int src_ndim, dst_ndim, params_ndim;
    int64_t src[4], dst[4], params[4];
} stage_shapes;

static const stage_shapes stage_cases[] = {
    { L2L_BLACK_LEVEL, 2, 2, 1, { 4, 5 }, { 4, 5 }, { 4 } },
    { L2L_BLACK_LEVEL, 3, 3, 1, { 2, 3, 4 }, { 2, 3, 4 }, { 4 } },
    { L2L_WHITE_BALANCE, 3, 3, 1, { 3, 4, 5 }, { 3, 4, 5 }, { 3 } },
    { L2L_COLOR_MATRIX, 4, 4, 1, { 2, 3, 2, 3 }, { 2, 3, 2, 3 }, { 9 } },
    { L2L_SHARPEN, 3, 3, 1, { 3, 5, 4 }, { 3, 5, 4 }, { 9 } },
    { L2L_DENOISE, 3, 3, 1, { 3, 5, 6 }, { 3, 5, 6 }, { 25 } },
    { L2L_GAMMA, 4, 4, 1, { 2, 3, 2, 3 }, { 2, 3, 2, 3 }, { 1 } },
    { L2L_ADDITIVE, 4, 4, 3, { 2, 3, 2, 3 }, { 2, 3, 2, 3 }, { 3, 2, 3 } },
    { L2L_NORMALIZE, 3, 3, 1, { 3, 2, 3 }, { 3, 2, 3 }, { 6 } },
};

START_TEST(stages_have_gradients) {
    const stage_shapes *s = &stage_cases[_i];
    l2l_stage stage = { s->kind, NULL };
    tape_case c = { .context = context, .leaves = 3, .build = build_stage, .user = &stage };
    case_fill(&c, 0.2, 0.9);
    c.leaf[0] = l2l_tensor_of(c.data[0], L2L_F64, s->src_ndim, s->src);
    c.leaf[1] = l2l_tensor_of(c.data[1], L2L_F64, s->dst_ndim, s->dst);
    c.leaf[2] = l2l_tensor_of(c.data[2], L2L_F64, s->params_ndim, s->params);
    case_check(&c, 1e-6);
}
END_TEST

/* Attributes are copied, and kept for backward. */
static l2l_var build_demosaic(l2l_tape *t, const l2l_var *leaf, void *user) {
    (void)user;
    l2l_demosaic attributes = L2L_DEMOSAIC_INIT;
    attributes.method = L2L_DEMOSAIC_LINEAR;
    OK(l2l_cfa_parse(NULL, "GBRG", &attributes.cfa));
    l2l_stage stage = { L2L_DEMOSAIC, &attributes };
    l2l_var loss = build_stage(t, leaf, &stage);
    memset(&attributes, 0xff, sizeof attributes);
    return loss;
}

START_TEST(demosaic_makes_channels) {
    const int64_t src[3] = { 2, 4, 5 }, dst[4] = { 2, 3, 4, 5 }, weights[1] = { 81 };
    tape_case c = { .context = context, .leaves = 3, .build = build_demosaic };
    case_fill(&c, -1, 1);
    c.leaf[0] = l2l_tensor_of(c.data[0], L2L_F64, 3, src);
    c.leaf[1] = l2l_tensor_of(c.data[1], L2L_F64, 4, dst);
    c.leaf[2] = l2l_tensor_of(c.data[2], L2L_F64, 1, weights);
    case_check(&c, 1e-7);
    c.leaf[0] = l2l_tensor_of(c.data[0], L2L_F64, 2, src + 1);
    c.leaf[1] = l2l_tensor_of(c.data[1], L2L_F64, 3, dst + 1);
    case_check(&c, 1e-7);
}
END_TEST

START_TEST(shapes_follow_the_source) {
    static double data[256];
    const struct {
        l2l_stage_kind kind;
        int in, out;
        int64_t src[4], dst[4];
    } rows[] = {
        { L2L_DEMOSAIC, 2, 3, { 6, 4 }, { 3, 6, 4 } },
        { L2L_DEMOSAIC, 3, 4, { 2, 6, 4 }, { 2, 3, 6, 4 } },
        { L2L_DEMOSAIC, 3, 4, { 1, 6, 4 }, { 1, 3, 6, 4 } },
        { L2L_DEMOSAIC, 4, 4, { 2, 1, 6, 4 }, { 2, 3, 6, 4 } },
        { L2L_BLACK_LEVEL, 3, 3, { 2, 6, 4 }, { 2, 6, 4 } },
        { L2L_GAMMA, 2, 2, { 6, 4 }, { 6, 4 } },
        { L2L_GAMMA, 3, 3, { 1, 6, 4 }, { 1, 6, 4 } },
        { L2L_CLIP, 4, 4, { 2, 2, 6, 4 }, { 2, 2, 6, 4 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        l2l_stage stage = { rows[i].kind, NULL };
        l2l_tensor src = l2l_tensor_of(data, L2L_F64, rows[i].in, rows[i].src), v;
        l2l_var a = leaf_of(&src, 1), y, sum;
        OK(l2l_tape_stage(tape, &stage, L2L_NO_VAR, a, &y));
        OK(l2l_tape_value(tape, y, &v));
        ck_assert_int_eq(v.ndim, rows[i].out);
        for (int k = 0; k < v.ndim; k++) ck_assert_int_eq(v.shape[k], rows[i].dst[k]);
        OK(l2l_tape_sum(tape, y, &sum));
        OK(l2l_tape_backward(tape, sum));
        OK(l2l_tape_grad(tape, a, &v));
        ck_assert_int_eq(v.ndim, rows[i].in);
    }
}
END_TEST

/* The image and what is added to it are one variable: y = 2x. */
START_TEST(inputs_may_be_one_variable) {
    double x[3 * 4 * 5];
    for (int i = 0; i < 60; i++) x[i] = 0.01 * i;
    l2l_tensor v = l2l_image(x, L2L_F64, 3, 4, 5);
    l2l_stage stage = { L2L_ADDITIVE, NULL };
    l2l_var a = leaf_of(&v, 1), y, s;
    OK(l2l_tape_stage(tape, &stage, a, a, &y));
    OK(l2l_tape_square(tape, y, &s));
    OK(l2l_tape_sum(tape, s, &s));
    OK(l2l_tape_backward(tape, s));
    OK(l2l_tape_grad(tape, a, &v));
    for (int i = 0; i < 60; i++) ck_assert_double_eq_tol(((double *)v.data)[i], 8 * x[i], 1e-12);
}
END_TEST

/* ---- plans ---- */

enum { HEIGHT = 18, WIDTH = 23, PARAMS = 132, PIXELS = HEIGHT * WIDTH };

typedef struct pipeline {
    l2l_plan *plan;
    double params[PARAMS], mosaic[2 * PIXELS], target[2 * 3 * PIXELS];
    l2l_tensor params_view, mosaic_view, target_view;
} pipeline;

static void pipeline_open(pipeline *p, int64_t images) {
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    OK(l2l_plan_preset(context, "lens2logit", &options, &p->plan));
    ck_assert_int_eq(l2l_plan_param_count(p->plan), PARAMS);
    uint64_t state = 11;
    /* far from the clip limits, where differences would straddle a kink */
    for (int i = 0; i < 2 * PIXELS; i++) p->mosaic[i] = case_random(&state, 0.4, 0.5);
    for (int i = 0; i < 6 * PIXELS; i++) p->target[i] = case_random(&state, 0, 1);
    const int64_t mosaic[4] = { images, 1, HEIGHT, WIDTH }, image[4] = { images, 3, HEIGHT, WIDTH };
    p->params_view = l2l_vector(p->params, L2L_F64, PARAMS);
    p->mosaic_view = l2l_tensor_of(p->mosaic, L2L_F64, 4, mosaic);
    p->target_view = l2l_tensor_of(p->target, L2L_F64, 4, image);
    OK(l2l_plan_default_params(context, p->plan, &p->params_view));
}

/* mean((image − target)²), all on the tape. */
static l2l_var l2_loss(l2l_tape *t, const l2l_plan *plan, l2l_var params, l2l_var mosaic,
                       l2l_var target, l2l_var *image) {
    l2l_var d, s, loss;
    OK(l2l_tape_plan(t, plan, params, mosaic, L2L_NO_VAR, image));
    OK(l2l_tape_sub(t, *image, target, &d));
    OK(l2l_tape_square(t, d, &s));
    OK(l2l_tape_mean(t, s, &loss));
    return loss;
}

static void close_to(const double *actual, const double *expected, int count, double tolerance) {
    double largest = 0;
    for (int i = 0; i < count; i++) largest = fmax(largest, fabs(expected[i]));
    ck_assert(largest > 0);
    for (int i = 0; i < count; i++)
        ck_assert_msg(fabs(actual[i] - expected[i]) <= tolerance * largest, "%d: %.17g, not %.17g",
                      i, actual[i], expected[i]);
}

START_TEST(a_whole_loss_agrees_with_the_plan) {
    static pipeline p;
    static double image[6 * PIXELS], grad_image[6 * PIXELS], grad_mosaic[2 * PIXELS];
    double grad_params[PARAMS], loss_by_hand = 0;
    pipeline_open(&p, 2);
    l2l_tensor image_view = p.target_view, grad_image_view = p.target_view;
    l2l_tensor grad_mosaic_view = p.mosaic_view, v;
    l2l_tensor grad_params_view = l2l_vector(grad_params, L2L_F64, PARAMS);
    image_view.data = image, grad_image_view.data = grad_image;
    grad_mosaic_view.data = grad_mosaic;
    OK(l2l_plan_forward(context, p.plan, &p.params_view, &p.mosaic_view, &image_view, NULL));
    for (int i = 0; i < 6 * PIXELS; i++) {
        double d = image[i] - p.target[i];
        loss_by_hand += d * d / (6 * PIXELS);
        grad_image[i] = 2 * d / (6 * PIXELS);
    }
    OK(l2l_plan_backward(context, p.plan, &p.params_view, &p.mosaic_view, &grad_image_view,
                         L2L_GRAD_WRITE, &grad_mosaic_view, &grad_params_view, NULL));

    l2l_var params = leaf_of(&p.params_view, 1), mosaic = leaf_of(&p.mosaic_view, 1);
    l2l_var target = leaf_of(&p.target_view, 0), on_tape;
    l2l_var loss = l2_loss(tape, p.plan, params, mosaic, target, &on_tape);
    ck_assert_double_eq_tol(scalar_of(tape, loss), loss_by_hand, 1e-14);
    OK(l2l_tape_value(tape, on_tape, &v));
    ck_assert(memcmp(v.data, image, sizeof image) == 0);
    OK(l2l_tape_backward(tape, loss));
    OK(l2l_tape_grad(tape, params, &v));
    close_to(v.data, grad_params, PARAMS, 1e-12);
    OK(l2l_tape_grad(tape, mosaic, &v));
    close_to(v.data, grad_mosaic, 2 * PIXELS, 1e-12);
    OK(l2l_tape_grad(tape, on_tape, &v));
    close_to(v.data, grad_image, 6 * PIXELS, 1e-12);
    l2l_plan_destroy(p.plan);
}
END_TEST

/* Leaves: mosaic, target, parameters. */
static l2l_var build_loss(l2l_tape *t, const l2l_var *leaf, void *user) {
    l2l_var image;
    return l2_loss(t, user, leaf[2], leaf[0], leaf[1], &image);
}

START_TEST(a_whole_loss_agrees_with_differences) {
    static pipeline p;
    static tape_case c;
    pipeline_open(&p, 1);
    c = (tape_case){ .context = context, .leaves = 3, .build = build_loss, .user = p.plan };
    c.leaf[0] = p.mosaic_view, c.leaf[1] = p.target_view, c.leaf[2] = p.params_view;
    case_check(&c, 1e-7);
    l2l_plan_destroy(p.plan);
}
END_TEST

/* Sensor counts as leaf, f32 parameters, and a step of gradient descent that helps. */
START_TEST(training_on_counts) {
    static uint16_t counts[PIXELS];
    static float target[3 * PIXELS];
    float params[PARAMS];
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    options.sample_scale = 1.0 / 65535;
    l2l_plan *plan;
    OK(l2l_plan_preset(context, "lens2logit", &options, &plan));
    uint64_t state = 5;
    for (int i = 0; i < PIXELS; i++) counts[i] = (uint16_t)case_random(&state, 5000, 50000);
    for (int i = 0; i < 3 * PIXELS; i++) target[i] = 0.5f;
    l2l_tensor params_view = l2l_vector(params, L2L_F32, PARAMS), v;
    const int64_t shape[3] = { 3, HEIGHT, WIDTH };
    l2l_tensor counts_view = l2l_tensor_of(counts, L2L_U16, 2, shape + 1);
    l2l_tensor target_view = l2l_tensor_of(target, L2L_F32, 3, shape);
    OK(l2l_plan_default_params(context, plan, &params_view));
    double first = 0, last = 0;
    for (int step = 0; step < 40; step++) {
        l2l_tape_clear(tape);
        l2l_var mosaic = leaf_of(&counts_view, 0), goal = leaf_of(&target_view, 0);
        l2l_var p = leaf_of(&params_view, 1), image;
        l2l_var loss = l2_loss(tape, plan, p, mosaic, goal, &image);
        OK(l2l_tape_value(tape, image, &v));
        ck_assert_int_eq(v.dtype, L2L_F32);
        ck_assert_int_eq(v.ndim, 3);
        last = scalar_of(tape, loss);
        if (step == 0) first = last;
        OK(l2l_tape_backward(tape, loss));
        ck_assert_int_eq(l2l_tape_grad(tape, mosaic, &v), L2L_STATE);
        OK(l2l_tape_grad(tape, p, &v));
        ck_assert_int_eq(v.dtype, L2L_F32);
        for (int i = 0; i < PARAMS; i++) params[i] -= 0.02f * ((float *)v.data)[i];
    }
    ck_assert_msg(last < 0.7 * first, "from %g to %g", first, last);
    l2l_plan_destroy(plan);
}
END_TEST

/* A plan of images whose additive image is the input itself, or another leaf. */
START_TEST(plans_may_add_an_image) {
    double x[3 * 4 * 5], a[3 * 4 * 5];
    for (int i = 0; i < 60; i++) x[i] = 0.01 * i, a[i] = 1 - 0.02 * i;
    const l2l_stage stages[] = { { L2L_WHITE_BALANCE, NULL }, { L2L_ADDITIVE, NULL } };
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    options.channels = 3;
    l2l_plan *plan;
    OK(l2l_plan_create(context, &options, stages, 2, &plan));
    double gains[3] = { 2, 3, 4 };
    l2l_tensor xv = l2l_image(x, L2L_F64, 3, 4, 5), av = l2l_image(a, L2L_F64, 3, 4, 5), v;
    l2l_tensor gains_view = l2l_vector(gains, L2L_F64, 3);
    for (int same = 0; same < 2; same++) {
        l2l_var image = leaf_of(&xv, 1), other = same ? image : leaf_of(&av, 1);
        l2l_var gain = leaf_of(&gains_view, 1), y, s;
        OK(l2l_tape_plan(tape, plan, gain, image, other, &y));
        OK(l2l_tape_value(tape, y, &v));
        for (int i = 0; i < 60; i++)
            ck_assert_double_eq_tol(((double *)v.data)[i], gains[i / 20] * x[i] + (same ? x : a)[i],
                                    1e-14);
        OK(l2l_tape_scale(tape, y, 3, 0, &s));
        OK(l2l_tape_sum(tape, s, &s));
        OK(l2l_tape_backward(tape, s));
        OK(l2l_tape_grad(tape, image, &v));
        for (int i = 0; i < 60; i++)
            ck_assert_double_eq(((double *)v.data)[i], 3 * (gains[i / 20] + same));
        OK(l2l_tape_grad(tape, other, &v));
        if (!same)
            for (int i = 0; i < 60; i++) ck_assert_double_eq(((double *)v.data)[i], 3);
        OK(l2l_tape_grad(tape, gain, &v));
        double sum = 0;
        for (int i = 0; i < 20; i++) sum += 3 * x[i];
        ck_assert_double_eq_tol(((double *)v.data)[0], sum, 1e-12);
    }
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(misuse_is_refused) {
    static pipeline p;
    pipeline_open(&p, 1);
    l2l_var params = leaf_of(&p.params_view, 1), mosaic = leaf_of(&p.mosaic_view, 1), r = 77;
    l2l_var target = leaf_of(&p.target_view, 0);
    l2l_stage stage = { L2L_GAMMA, NULL }, unknown = { (l2l_stage_kind)99, NULL };
    l2l_gamma no_size = { 0, 0 };
    l2l_stage sizeless = { L2L_GAMMA, &no_size };
#define REFUSED(call) ck_assert_int_eq((call), L2L_INVALID_ARGUMENT)
    REFUSED(l2l_tape_stage(tape, NULL, L2L_NO_VAR, target, &r));
    REFUSED(l2l_tape_stage(tape, &unknown, L2L_NO_VAR, target, &r));
    REFUSED(l2l_tape_stage(tape, &sizeless, L2L_NO_VAR, target, &r));
    REFUSED(l2l_tape_stage(tape, &stage, 42, target, &r));
    REFUSED(l2l_tape_stage(tape, &stage, L2L_NO_VAR, L2L_NO_VAR, &r));
    REFUSED(l2l_tape_stage(tape, &stage, L2L_NO_VAR, params, &r)); /* a vector is no image */
    REFUSED(l2l_tape_stage(tape, &stage, params, target, &r));     /* 132 parameters, not 1 */
    REFUSED(l2l_tape_stage(tape, &stage, L2L_NO_VAR, target, NULL));
    REFUSED(l2l_tape_plan(tape, NULL, params, mosaic, L2L_NO_VAR, &r));
    REFUSED(l2l_tape_plan(tape, p.plan, target, mosaic, L2L_NO_VAR, &r));
    REFUSED(l2l_tape_plan(tape, p.plan, params, target, L2L_NO_VAR, &r)); /* three channels */
    REFUSED(l2l_tape_plan(tape, p.plan, params, params, L2L_NO_VAR, &r));
    REFUSED(l2l_tape_plan(tape, p.plan, params, L2L_NO_VAR, L2L_NO_VAR, &r));
    REFUSED(l2l_tape_plan(tape, p.plan, params, mosaic, target, &r)); /* nothing is added */
    REFUSED(l2l_tape_plan(tape, p.plan, params, mosaic, L2L_NO_VAR, NULL));
    REFUSED(l2l_tape_plan(NULL, p.plan, params, mosaic, L2L_NO_VAR, &r));
#undef REFUSED
    ck_assert_int_eq(r, 77);
    OK(l2l_tape_plan(tape, p.plan, params, mosaic, L2L_NO_VAR, &r));
    l2l_plan_destroy(p.plan);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tape images");
    TCase *cases = tcase_create("images");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, stages_have_gradients, 0,
                        (int)(sizeof stage_cases / sizeof *stage_cases));
    tcase_add_test(cases, demosaic_makes_channels);
    tcase_add_test(cases, shapes_follow_the_source);
    tcase_add_test(cases, inputs_may_be_one_variable);
    tcase_add_test(cases, a_whole_loss_agrees_with_the_plan);
    tcase_add_test(cases, a_whole_loss_agrees_with_differences);
    tcase_add_test(cases, training_on_counts);
    tcase_add_test(cases, plans_may_add_an_image);
    tcase_add_test(cases, misuse_is_refused);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
