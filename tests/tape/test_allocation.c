/* Memory of the tape: for every n the nth allocation fails, cleanly; and the same recording again
   allocates nothing. */
#include "tape_case.h"

#include "../support/counting_allocator.h"

enum { SIDE = 24, MOST_ATTEMPTS = 2000 };

static float target[3 * SIDE * SIDE];
static uint16_t counts[SIDE * SIDE];

/* The callbacks of an op that doubles, f32. */
static l2l_status twice(void *user, size_t count, const l2l_tensor *inputs,
                        const l2l_tensor *output) {
    (void)user, (void)count;
    for (int64_t i = 0; i < case_count(output); i++)
        ((float *)output->data)[i] = 2 * ((const float *)inputs[0].data)[i];
    return L2L_OK;
}

static l2l_status twice_backward(void *user, size_t count, const l2l_tensor *inputs,
                                 const l2l_tensor *output, const l2l_tensor *grad_output,
                                 const l2l_tensor *const *grad_inputs) {
    (void)user, (void)count, (void)inputs;
    for (int64_t i = 0; i < case_count(output); i++)
        ((float *)grad_inputs[0]->data)[i] = 2 * ((const float *)grad_output->data)[i];
    return L2L_OK;
}

static void count_release(void *user) {
    ++*(int *)user;
}

typedef struct outcome {
    double loss, grad;
    int recorded, released; /* custom ops */
} outcome;

#define TRY(call)                                                                                  \
    do {                                                                                           \
        l2l_status status_ = (call);                                                               \
        if (status_ != L2L_OK) return status_;                                                     \
    } while (0)

/* One of each: plan, stage, arithmetic, custom op, many small values, backward. */
static l2l_status record_all(l2l_tape *tape, const l2l_plan *plan, outcome *out) {
    float gains[3] = { 1.1f, 1.0f, 0.9f };
    const int64_t shape[3] = { 3, SIDE, SIDE };
    l2l_tensor counts_view = l2l_tensor_of(counts, L2L_U16, 2, shape + 1), grad;
    l2l_tensor target_view = l2l_tensor_of(target, L2L_F32, 3, shape);
    l2l_tensor gains_view = l2l_vector(gains, L2L_F32, 3);
    const l2l_stage stage = { L2L_WHITE_BALANCE, NULL };
    const l2l_custom_op op = { sizeof op,      "twice",       twice,
                               twice_backward, count_release, &out->released };
    l2l_var mosaic, goal, gain, image, y, z, d, loss;
    TRY(l2l_tape_leaf(tape, &counts_view, 0, &mosaic));
    TRY(l2l_tape_leaf(tape, &target_view, 0, &goal));
    TRY(l2l_tape_leaf(tape, &gains_view, 1, &gain));
    TRY(l2l_tape_plan(tape, plan, L2L_NO_VAR, mosaic, L2L_NO_VAR, &image));
    TRY(l2l_tape_stage(tape, &stage, gain, image, &y));
    TRY(l2l_tape_custom(tape, &op, &y, 1, L2L_F32, 3, shape, &z));
    out->recorded++;
    TRY(l2l_tape_sub(tape, z, goal, &d));
    TRY(l2l_tape_square(tape, d, &d));
    TRY(l2l_tape_mean(tape, d, &loss));
    for (int i = 0; i < 80; i++) TRY(l2l_tape_scale(tape, loss, 1.01, 0, &loss));
    TRY(l2l_tape_backward(tape, loss));
    TRY(l2l_tape_grad(tape, gain, &grad));
    out->loss = scalar_of(tape, loss);
    out->grad = (double)((float *)grad.data)[0];
    return L2L_OK;
}

static void fill_inputs(void) {
    uint64_t state = 9;
    for (int i = 0; i < SIDE * SIDE; i++) counts[i] = (uint16_t)case_random(&state, 9000, 60000);
    for (int i = 0; i < 3 * SIDE * SIDE; i++) target[i] = (float)case_random(&state, 0, 1);
}

/* Everything from the context on, through the hook. */
static l2l_status run_all(counting_allocator *counter, outcome *out, long *steady) {
    l2l_allocator hook = counting_hook(counter);
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    l2l_preset_options preset = L2L_PRESET_OPTIONS_INIT;
    l2l_context *context = NULL;
    l2l_plan *plan = NULL;
    l2l_tape *tape = NULL;
    *out = (outcome){ 0 };
    preset.sample_scale = 1.0 / 65535;
    o.allocator = &hook;
    o.threads = 2;
    l2l_status status = l2l_context_create(&o, &context);
    if (status == L2L_OK) status = l2l_plan_preset(context, "lens2logit", &preset, &plan);
    if (status == L2L_OK) status = l2l_tape_create(context, &tape);
    if (status == L2L_OK) status = record_all(tape, plan, out);
    if (status == L2L_OK) {
        long requests = counter->requests;
        double loss = out->loss, grad = out->grad;
        l2l_tape_clear(tape);
        status = record_all(tape, plan, out);
        *steady = counter->requests - requests;
        ck_assert_double_eq(out->loss, loss);
        ck_assert_double_eq(out->grad, grad);
    }
    if (status != L2L_OK && context) ck_assert_str_ne(l2l_context_error(context), "");
    l2l_tape_destroy(tape);
    l2l_plan_destroy(plan);
    l2l_context_destroy(context);
    ck_assert_int_eq(counter->blocks, 0);
    ck_assert_int_eq(counter->bytes, 0);
    ck_assert_int_eq(counter->wrong, 0);
    ck_assert_int_eq(out->recorded, out->released);
    return status;
}

START_TEST(recording_again_allocates_nothing) {
    counting_allocator counter;
    outcome out;
    long steady = -1;
    fill_inputs();
    counting_start(&counter);
    OK(run_all(&counter, &out, &steady));
    ck_assert_int_eq(steady, 0);
    ck_assert_int_eq(out.recorded, 2);
    ck_assert(out.loss > 0);
}
END_TEST

/* `lasting`: all later ones fail as well. */
static void fail_each(bool lasting) {
    counting_allocator counter;
    outcome expected, out;
    long steady, n = 0;
    fill_inputs();
    counting_start(&counter);
    OK(run_all(&counter, &expected, &steady));
    for (bool reached = true; reached;) {
        ck_assert_int_lt(++n, MOST_ATTEMPTS);
        counting_start(&counter);
        if (lasting) {
            counter.fail_after = n - 1;
        } else {
            counter.fail_at = n;
        }
        l2l_status status = run_all(&counter, &out, &steady);
        reached = counter.requests >= n;
        if (status == L2L_OK) {
            /* not reached, or only the pool of threads was refused */
            ck_assert_double_eq(out.loss, expected.loss);
            ck_assert_double_eq(out.grad, expected.grad);
        } else {
            ck_assert_int_eq(status, L2L_OUT_OF_MEMORY);
            ck_assert(reached);
        }
    }
    ck_assert_int_gt(n, 10);
}

START_TEST(one_failure_is_survived) {
    fail_each(false);
}
END_TEST

START_TEST(lasting_failure_is_survived) {
    fail_each(true);
}
END_TEST

/* A tape on which recording failed goes on. */
START_TEST(the_tape_stays_usable) {
    counting_allocator counter;
    counting_start(&counter);
    l2l_allocator hook = counting_hook(&counter);
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.allocator = &hook;
    l2l_context *context;
    l2l_tape *tape;
    OK(l2l_context_create(&o, &context));
    OK(l2l_tape_create(context, &tape));
    enum { COUNT = 100000 };
    static double x[COUNT];
    for (int i = 0; i < COUNT; i++) x[i] = 1;
    l2l_tensor view = l2l_vector(x, L2L_F64, COUNT), v;
    l2l_var a, y = 55, s;
    OK(l2l_tape_leaf(tape, &view, 1, &a));
    counter.fail_after = counter.requests;
    ck_assert_int_eq(l2l_tape_square(tape, a, &y), L2L_OUT_OF_MEMORY);
    ck_assert_int_eq(y, 55);
    counter.fail_after = -1;
    OK(l2l_tape_square(tape, a, &y));
    OK(l2l_tape_sum(tape, y, &s));
    counter.fail_after = counter.requests;
    ck_assert_int_eq(l2l_tape_backward(tape, s), L2L_OUT_OF_MEMORY);
    ck_assert_int_eq(l2l_tape_grad(tape, a, &v), L2L_STATE);
    ck_assert_int_eq(l2l_tape_grad(tape, s, &v), L2L_STATE);
    counter.fail_after = -1;
    OK(l2l_tape_backward(tape, s));
    OK(l2l_tape_grad(tape, a, &v));
    ck_assert_double_eq(((double *)v.data)[COUNT - 1], 2);
    l2l_tape_destroy(tape);
    l2l_context_destroy(context);
    ck_assert_int_eq(counter.blocks, 0);
    ck_assert_int_eq(counter.wrong, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tape allocation");
    TCase *cases = tcase_create("allocation");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, recording_again_allocates_nothing);
    tcase_add_test(cases, one_failure_is_survived);
    tcase_add_test(cases, lasting_failure_is_survived);
    tcase_add_test(cases, the_tape_stays_usable);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
