/* What the tests of plans share: a context that counts its memory, and plans made in one line. To
   be included once by each program. */
#ifndef TESTS_PLAN_SUPPORT_H
#define TESTS_PLAN_SUPPORT_H

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/counting_allocator.h"
#include "plan/plan.h"

static l2l_context *context;
static counting_allocator counter;

static void set_up(void) {
    l2l_allocator hook = counting_hook(&counter);
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    counting_start(&counter);
    options.allocator = &hook;
    options.threads = 1;
    ck_assert_int_eq(l2l_context_create(&options, &context), L2L_OK);
}

static void tear_down(void) {
    l2l_context_destroy(context);
    ck_assert_int_eq(counter.blocks, 0);
    ck_assert_int_eq(counter.wrong, 0);
}

static void ok(l2l_status status) {
    ck_assert_msg(status == L2L_OK, "%s: %s", l2l_status_name(status), l2l_context_error(context));
}

/* The call failed as expected, and its sentence has `named` in it. */
static inline void refused(l2l_status status, l2l_status expected, const char *named) {
    ck_assert_msg(status == expected && strstr(l2l_context_error(context), named),
                  "%s (%s), not %s (%s)", l2l_status_name(status), l2l_context_error(context),
                  l2l_status_name(expected), named);
}

static inline l2l_plan *preset(const char *name) {
    l2l_plan *plan;
    ok(l2l_plan_preset(context, name, NULL, &plan));
    return plan;
}

static inline l2l_plan *plan_of(int channels, const l2l_stage *stages, size_t count) {
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    l2l_plan *plan;
    options.channels = channels;
    ok(l2l_plan_create(context, &options, stages, count, &plan));
    return plan;
}

static int run_tests(const char *name, const TTest *const *tests) {
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (; *tests; tests++) tcase_add_test(cases, *tests);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
