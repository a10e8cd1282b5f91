/* The user's own ops: callbacks that work, fail, are missing, or reach for the tape. */
#include "tape_case.h"

static l2l_context *context;
static l2l_tape *tape;

/* What the callbacks did and shall do. */
typedef struct record {
    int forwards, backwards, releases;
    l2l_status forward_status, backward_status;
    bool saw_null, saw_zeros;
} record;

static record seen; /* outlives the tape, which calls release when it goes */

static void set_up(void) {
    seen = (record){ 0 };
    OK(l2l_context_create(NULL, &context));
    OK(l2l_tape_create(context, &tape));
}

static void tear_down(void) {
    l2l_tape_destroy(tape);
    l2l_context_destroy(context);
}

/* y = a · sin(b), of doubles; the gradients are written, not added. */
static l2l_status wave_forward(void *user, size_t count, const l2l_tensor *inputs,
                               const l2l_tensor *output) {
    record *r = user;
    ck_assert_uint_eq(count, 2);
    for (int64_t i = 0; i < case_count(output); i++)
        ((double *)output->data)[i] =
            *case_element(&inputs[0], i) * sin(*case_element(&inputs[1], i));
    if (r) r->forwards++;
    return r ? r->forward_status : L2L_OK;
}

static l2l_status wave_backward(void *user, size_t count, const l2l_tensor *inputs,
                                const l2l_tensor *output, const l2l_tensor *grad_output,
                                const l2l_tensor *const *grad_inputs) {
    record *r = user;
    ck_assert_uint_eq(count, 2);
    for (int64_t i = 0; i < case_count(output); i++) {
        double a = *case_element(&inputs[0], i), b = *case_element(&inputs[1], i);
        double g = *case_element(grad_output, i);
        for (size_t k = 0; k < 2; k++) {
            if (!grad_inputs[k]) {
                if (r) r->saw_null = true;
                continue;
            }
            double *slot = case_element(grad_inputs[k], i);
            if (r) r->saw_zeros = *slot == 0;
            *slot = k ? g * a * cos(b) : g * sin(b);
        }
    }
    if (r) r->backwards++;
    return r ? r->backward_status : L2L_OK;
}

static void count_release(void *user) {
    ((record *)user)->releases++;
}

static l2l_custom_op wave_of(record *r) {
    return (l2l_custom_op){ sizeof(l2l_custom_op),    "wave", wave_forward, wave_backward,
                            r ? count_release : NULL, r };
}

static l2l_status wave(l2l_tape *t, const l2l_custom_op *op, l2l_var a, l2l_var b, l2l_var *y) {
    const l2l_var inputs[2] = { a, b };
    const int64_t shape[2] = { 3, 5 };
    return l2l_tape_custom(t, op, inputs, 2, L2L_F64, 2, shape, y);
}

static l2l_var build_waves(l2l_tape *t, const l2l_var *leaf, void *user) {
    (void)user;
    l2l_custom_op op = wave_of(NULL);
    l2l_var x, y, z, sum;
    OK(wave(t, &op, leaf[0], leaf[1], &x));
    OK(wave(t, &op, x, x, &y)); /* one variable twice */
    OK(wave(t, &op, y, leaf[0], &z));
    OK(l2l_tape_mul(t, z, leaf[2], &z));
    OK(l2l_tape_sum(t, z, &sum));
    return sum;
}

START_TEST(gradients_agree_with_differences) {
    tape_case c = { .context = context, .leaves = 3, .build = build_waves };
    case_fill(&c, -1, 1);
    const int64_t shape[2] = { 3, 5 };
    for (int i = 0; i < 3; i++) c.leaf[i] = l2l_tensor_of(c.data[i], L2L_F64, 2, shape);
    c.leaf[1].stride[0] = 1, c.leaf[1].stride[1] = 3;
    case_check(&c, 1e-7);
}
END_TEST

static double numbers[2][15];

static void two_leaves(bool first_grad, l2l_var *a, l2l_var *b) {
    const int64_t shape[2] = { 3, 5 };
    for (int i = 0; i < 15; i++) numbers[0][i] = i - 7, numbers[1][i] = 0.3 * i;
    l2l_tensor x = l2l_tensor_of(numbers[0], L2L_F64, 2, shape);
    l2l_tensor y = l2l_tensor_of(numbers[1], L2L_F64, 2, shape);
    OK(l2l_tape_leaf(tape, &x, first_grad, a));
    OK(l2l_tape_leaf(tape, &y, 0, b));
}

START_TEST(only_wanted_gradients_are_asked_for) {
    l2l_custom_op op = wave_of(&seen);
    l2l_var a, b, y, sum;
    two_leaves(true, &a, &b);
    OK(wave(tape, &op, a, b, &y));
    ck_assert_int_eq(seen.forwards, 1);
    OK(l2l_tape_sum(tape, y, &sum));
    OK(l2l_tape_backward(tape, sum));
    ck_assert_int_eq(seen.backwards, 1);
    ck_assert(seen.saw_null && seen.saw_zeros);
    l2l_tensor grad;
    OK(l2l_tape_grad(tape, a, &grad));
    ck_assert_double_eq(((double *)grad.data)[4], sin(0.3 * 4));
    OK(l2l_tape_backward(tape, sum));
    ck_assert_int_eq(seen.forwards, 1);
    ck_assert_int_eq(seen.backwards, 2);
}
END_TEST

START_TEST(release_is_called_once) {
    l2l_custom_op op = wave_of(&seen);
    l2l_var a, b, y;
    two_leaves(false, &a, &b);
    OK(wave(tape, &op, a, b, &y));
    OK(wave(tape, &op, a, y, &y));
    ck_assert_int_eq(seen.releases, 0);
    l2l_tape_clear(tape);
    ck_assert_int_eq(seen.releases, 2);
    l2l_tape_clear(tape);
    two_leaves(false, &a, &b);
    OK(wave(tape, &op, a, b, &y));
    l2l_tape_destroy(tape);
    ck_assert_int_eq(seen.releases, 3);
    OK(l2l_tape_create(context, &tape));
}
END_TEST

START_TEST(failures_are_passed_on) {
    seen.forward_status = L2L_BAD_DATA;
    l2l_custom_op op = wave_of(&seen);
    l2l_var a, b, y = 55, sum;
    two_leaves(true, &a, &b);
    ck_assert_int_eq(wave(tape, &op, a, b, &y), L2L_BAD_DATA);
    ck_assert(strstr(l2l_context_error(context), "wave"));
    ck_assert(strstr(l2l_context_error(context), "bad data"));
    ck_assert_int_eq(y, 55);
    ck_assert_int_eq(seen.releases, 0);

    seen.forward_status = L2L_OK;
    OK(wave(tape, &op, a, b, &y));
    OK(l2l_tape_sum(tape, y, &sum));
    OK(l2l_tape_backward(tape, sum));
    seen.backward_status = L2L_CANCELLED;
    ck_assert_int_eq(l2l_tape_backward(tape, sum), L2L_CANCELLED);
    l2l_tensor grad;
    ck_assert_int_eq(l2l_tape_grad(tape, a, &grad), L2L_STATE);
    ck_assert_int_eq(l2l_tape_grad(tape, sum, &grad), L2L_STATE);
    seen.backward_status = L2L_OK;
    OK(l2l_tape_backward(tape, sum));
    OK(l2l_tape_grad(tape, a, &grad));
}
END_TEST

START_TEST(without_backward_no_gradient_passes) {
    l2l_custom_op op = wave_of(&seen);
    op.backward = NULL;
    l2l_var a, b, y = 55, z;
    two_leaves(true, &a, &b);
    ck_assert_int_eq(wave(tape, &op, a, b, &y), L2L_UNSUPPORTED);
    ck_assert(strstr(l2l_context_error(context), "wave"));
    ck_assert_int_eq(wave(tape, &op, b, a, &y), L2L_UNSUPPORTED);
    ck_assert_int_eq(seen.forwards, 0);
    ck_assert_int_eq(y, 55);
    OK(wave(tape, &op, b, b, &y));
    ck_assert_int_eq(seen.forwards, 1);
    OK(l2l_tape_add(tape, a, y, &z)); /* a constant for what follows */
    OK(l2l_tape_sum(tape, z, &z));
    OK(l2l_tape_backward(tape, z));
}
END_TEST

static l2l_status three(void *user, size_t count, const l2l_tensor *inputs,
                        const l2l_tensor *output) {
    (void)user, (void)inputs;
    ck_assert_uint_eq(count, 0);
    for (int64_t i = 0; i < case_count(output); i++) ((float *)output->data)[i] = 3;
    return L2L_OK;
}

START_TEST(inputs_are_optional) {
    char name[16] = "three";
    l2l_custom_op op = { sizeof op, name, three, NULL, NULL, NULL };
    const int64_t shape[1] = { 7 };
    l2l_var y, sum;
    OK(l2l_tape_custom(tape, &op, NULL, 0, L2L_F32, 1, shape, &y));
    OK(l2l_tape_sum(tape, y, &sum));
    ck_assert_double_eq(scalar_of(tape, sum), 21);
    /* An old caller's struct ends before `release` and `user`. */
    op.struct_size = offsetof(l2l_custom_op, release);
    op.release = count_release; /* would fail on user == NULL */
    OK(l2l_tape_custom(tape, &op, NULL, 0, L2L_F32, 1, shape, &y));
    op.name = NULL;
    OK(l2l_tape_custom(tape, &op, NULL, 0, L2L_F32, 1, shape, &y));
    memset(name, 'x', sizeof name - 1);
    l2l_tape_clear(tape);
}
END_TEST

/* Uses the tape that is calling. */
static l2l_status reach_back(void *user, size_t count, const l2l_tensor *inputs,
                             const l2l_tensor *output) {
    (void)count, (void)inputs;
    l2l_var *var = user;
    return l2l_tape_leaf(tape, output, 0, var);
}

static l2l_status reach_back_later(void *user, size_t count, const l2l_tensor *inputs,
                                   const l2l_tensor *output, const l2l_tensor *grad_output,
                                   const l2l_tensor *const *grad_inputs) {
    (void)count, (void)inputs, (void)output, (void)grad_output, (void)grad_inputs;
    return l2l_tape_backward(tape, *(l2l_var *)user);
}

START_TEST(callbacks_may_not_use_their_tape) {
    l2l_var a, b, y, sum;
    two_leaves(true, &a, &b);
    l2l_custom_op op = { sizeof op, "reach", reach_back, reach_back_later, NULL, &y };
    ck_assert_int_eq(wave(tape, &op, a, b, &y), L2L_STATE);
    op.forward = wave_forward;
    op.user = NULL;
    OK(wave(tape, &op, a, b, &y));
    l2l_tape_clear(tape);
    two_leaves(true, &a, &b);
    op = wave_of(&seen);
    op.backward = reach_back_later;
    OK(wave(tape, &op, a, b, &y));
    OK(l2l_tape_sum(tape, y, &sum));
    ck_assert_int_eq(l2l_tape_backward(tape, sum), L2L_STATE);
    l2l_tape_clear(tape);
    two_leaves(true, &a, &b);
    OK(l2l_tape_sum(tape, a, &sum));
    OK(l2l_tape_backward(tape, sum));
}
END_TEST

START_TEST(misuse_is_refused) {
    const l2l_custom_op good = wave_of(&seen);
    l2l_custom_op op = good;
    l2l_var a, b, y = 55;
    two_leaves(false, &a, &b);
    const l2l_var inputs[2] = { a, b }, wrong[2] = { a, 9 }, none[2] = { a, L2L_NO_VAR };
    const int64_t shape[4] = { 3, 5, 1, 1 }, zero[2] = { 3, 0 },
                  huge[2] = { INT64_MAX / 2, INT64_MAX / 2 };
#define REFUSED(...) ck_assert_int_eq(l2l_tape_custom(tape, __VA_ARGS__), L2L_INVALID_ARGUMENT)
    REFUSED(NULL, inputs, 2, L2L_F64, 2, shape, &y);
    op.struct_size = 0;
    REFUSED(&op, inputs, 2, L2L_F64, 2, shape, &y);
    op = good, op.forward = NULL;
    REFUSED(&op, inputs, 2, L2L_F64, 2, shape, &y);
    REFUSED(&good, NULL, 2, L2L_F64, 2, shape, &y);
    REFUSED(&good, wrong, 2, L2L_F64, 2, shape, &y);
    REFUSED(&good, none, 2, L2L_F64, 2, shape, &y);
    REFUSED(&good, inputs, 2, L2L_U16, 2, shape, &y);
    REFUSED(&good, inputs, 2, (l2l_dtype)99, 2, shape, &y);
    REFUSED(&good, inputs, 2, L2L_F64, 0, shape, &y);
    REFUSED(&good, inputs, 2, L2L_F64, 5, shape, &y);
    REFUSED(&good, inputs, 2, L2L_F64, 2, NULL, &y);
    REFUSED(&good, inputs, 2, L2L_F64, 2, zero, &y);
    REFUSED(&good, inputs, 2, L2L_F64, 2, huge, &y);
    REFUSED(&good, inputs, 2, L2L_F64, 2, shape, NULL);
#undef REFUSED
    ck_assert_int_eq(l2l_tape_custom(NULL, &good, inputs, 2, L2L_F64, 2, shape, &y),
                     L2L_INVALID_ARGUMENT);
    const int64_t large[1] = { INT64_MAX / 16 };
    ck_assert_int_eq(l2l_tape_custom(tape, &good, inputs, 2, L2L_F64, 1, large, &y),
                     L2L_OUT_OF_MEMORY);
    ck_assert_int_eq(y, 55);
    ck_assert_int_eq(seen.forwards, 0);
    ck_assert_int_eq(seen.releases, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tape custom ops");
    TCase *cases = tcase_create("custom");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, gradients_agree_with_differences);
    tcase_add_test(cases, only_wanted_gradients_are_asked_for);
    tcase_add_test(cases, release_is_called_once);
    tcase_add_test(cases, failures_are_passed_on);
    tcase_add_test(cases, without_backward_no_gradient_passes);
    tcase_add_test(cases, inputs_are_optional);
    tcase_add_test(cases, callbacks_may_not_use_their_tape);
    tcase_add_test(cases, misuse_is_refused);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
