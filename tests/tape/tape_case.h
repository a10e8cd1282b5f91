/* Finite differences for the tape's tests: a loss built from a few leaves of doubles. */
#ifndef TESTS_TAPE_CASE_H
#define TESTS_TAPE_CASE_H

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

#define OK(call) ck_assert_int_eq((call), L2L_OK)

enum { CASE_LEAVES = 3, CASE_ELEMENTS = 512 };

typedef struct tape_case {
    l2l_context *context;
    int leaves;
    double data[CASE_LEAVES][CASE_ELEMENTS];
    l2l_tensor leaf[CASE_LEAVES]; /* over data, or over what the test says */
    l2l_var (*build)(l2l_tape *tape, const l2l_var *leaf, void *user);
    void *user;
} tape_case;

/* The same numbers in every run: uniform in [lo, hi). */
static inline double case_random(uint64_t *state, double lo, double hi) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return lo + (hi - lo) * (double)(*state >> 11) * 0x1p-53;
}

static inline void case_fill(tape_case *c, double lo, double hi) {
    uint64_t state = 7;
    for (int i = 0; i < CASE_LEAVES; i++)
        for (int k = 0; k < CASE_ELEMENTS; k++) c->data[i][k] = case_random(&state, lo, hi);
}

static inline double scalar_of(l2l_tape *tape, l2l_var var) {
    l2l_tensor value;
    OK(l2l_tape_value(tape, var, &value));
    ck_assert_int_eq(value.shape[0], 1);
    return value.dtype == L2L_F64 ? *(double *)value.data : (double)*(float *)value.data;
}

static inline double case_loss(const tape_case *c) {
    l2l_tape *tape;
    l2l_var leaf[CASE_LEAVES];
    OK(l2l_tape_create(c->context, &tape));
    for (int i = 0; i < c->leaves; i++) OK(l2l_tape_leaf(tape, &c->leaf[i], 0, &leaf[i]));
    double loss = scalar_of(tape, c->build(tape, leaf, c->user));
    l2l_tape_destroy(tape);
    return loss;
}

/* The element of a view of doubles whose place in index order is `index`. */
static inline double *case_element(const l2l_tensor *view, int64_t index) {
    int64_t offset = 0;
    for (int k = view->ndim - 1; k >= 0; k--) {
        offset += index % view->shape[k] * view->stride[k];
        index /= view->shape[k];
    }
    return (double *)view->data + offset;
}

static inline int64_t case_count(const l2l_tensor *view) {
    int64_t count = 1;
    for (int k = 0; k < view->ndim; k++) count *= view->shape[k];
    return count;
}

/* Every gradient of every leaf against central differences. */
static inline void case_check(tape_case *c, double tolerance) {
    l2l_tape *tape;
    l2l_var leaf[CASE_LEAVES];
    OK(l2l_tape_create(c->context, &tape));
    for (int i = 0; i < c->leaves; i++) OK(l2l_tape_leaf(tape, &c->leaf[i], 1, &leaf[i]));
    l2l_var loss = c->build(tape, leaf, c->user);
    OK(l2l_tape_backward(tape, loss));
    for (int i = 0; i < c->leaves; i++) {
        l2l_tensor grad;
        OK(l2l_tape_grad(tape, leaf[i], &grad));
        ck_assert_int_eq(case_count(&grad), case_count(&c->leaf[i]));
        for (int64_t k = 0; k < case_count(&grad); k++) {
            double *x = case_element(&c->leaf[i], k), kept = *x, step = 1e-5;
            *x = kept + step;
            double above = case_loss(c);
            *x = kept - step;
            double below = case_loss(c);
            *x = kept;
            double expected = (above - below) / (2 * step), actual = *case_element(&grad, k);
            ck_assert_msg(fabs(actual - expected) <= tolerance * (1 + fabs(expected)),
                          "leaf %d, element %d: %.12g, by differences %.12g", i, (int)k, actual,
                          expected);
        }
    }
    l2l_tape_destroy(tape);
}

static inline int run_suite(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
