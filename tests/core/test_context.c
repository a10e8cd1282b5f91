/* Contexts: options, errors, the allocator hook, scratch, instruction sets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../support/counting_allocator.h"
#include "core/core.h"

static l2l_context *context_of(const l2l_context_options *options) {
    l2l_context *context;
    ck_assert_int_eq(l2l_context_create(options, &context), L2L_OK);
    ck_assert_ptr_nonnull(context);
    return context;
}

static void refused(const l2l_context_options *options, l2l_status expected) {
    l2l_context *context = (l2l_context *)(void *)&context;
    ck_assert_int_eq(l2l_context_create(options, &context), expected);
    ck_assert_ptr_null(context);
}

START_TEST(defaults_are_resolved) {
    l2l_context *context = context_of(NULL);
    ck_assert_int_ge(l2l_context_threads(context), 1);
    ck_assert_int_ne(l2l_context_isa(context), L2L_ISA_BEST);
    ck_assert_int_eq(l2l_isa_available(l2l_context_isa(context)), 1);
    ck_assert_str_eq(l2l_context_error(context), "");
    ck_assert_uint_eq(l2l_context_scratch_bytes(context), 0);
    ck_assert_int_eq(l2l_context_tile_width(context), 0);
    ck_assert(!l2l_is_cancelled(context));
    l2l_context_destroy(context);
}
END_TEST

START_TEST(null_is_harmless) {
    l2l_context_destroy(NULL);
    ck_assert_str_eq(l2l_context_error(NULL), "");
    ck_assert_uint_eq(l2l_context_scratch_bytes(NULL), 0);
    ck_assert_int_eq(l2l_context_create(NULL, NULL), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_fail(NULL, L2L_IO, "nobody hears %d", 1), L2L_IO);
}
END_TEST

static void run_none(void *user, int count, void (*body)(void *, int), void *argument) {
    (void)user;
    for (int i = 0; i < count; i++) body(argument, i);
}

START_TEST(bad_options_are_refused) {
    const l2l_context_options good = L2L_CONTEXT_OPTIONS_INIT;
    l2l_context_options o = good;
    counting_allocator counter;
    counting_start(&counter);
    l2l_allocator half = { counting_allocate, NULL, &counter };
    l2l_allocator other_half = { NULL, counting_release, &counter };
    l2l_parallel parallel = { run_none, NULL, 0 };

    o.struct_size = 0, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.struct_size = sizeof(size_t) - 1, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.threads = -1, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.threads = 1025, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.tile_width = 7, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.tile_height = 1, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.tile_height = -8, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.isa = (l2l_isa)5, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.isa = (l2l_isa)-1, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.allocator = &half, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.allocator = &other_half, refused(&o, L2L_INVALID_ARGUMENT), o = good;
    o.parallel = &parallel, refused(&o, L2L_INVALID_ARGUMENT);
    parallel.threads = 1025, refused(&o, L2L_INVALID_ARGUMENT);
    parallel = (l2l_parallel){ NULL, NULL, 2 }, refused(&o, L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(counter.requests, 0);
}
END_TEST

START_TEST(an_old_callers_struct_takes_defaults) {
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.struct_size = offsetof(l2l_context_options, isa);
    o.threads = 3;
    o.isa = (l2l_isa)77; /* beyond what the caller says it has */
    o.tile_width = -5;
    l2l_context *context = context_of(&o);
    ck_assert_int_eq(l2l_context_threads(context), 3);
    l2l_context_destroy(context);
}
END_TEST

START_TEST(options_copy_mixes_old_and_new) {
    struct options {
        size_t struct_size;
        int a, b;
    } src = { sizeof src, 1, 2 }, dst = { sizeof dst, 10, 20 };
    ck_assert(l2l_options_copy(&dst, sizeof dst, NULL));
    ck_assert_int_eq(dst.a, 10);
    src.struct_size = offsetof(struct options, b);
    ck_assert(l2l_options_copy(&dst, sizeof dst, &src));
    ck_assert_int_eq(dst.a, 1);
    ck_assert_int_eq(dst.b, 20);
    ck_assert_uint_eq(dst.struct_size, sizeof dst);
    struct {
        struct options known;
        int later;
    } newer = { { sizeof newer, 5, 6 }, 7 };
    ck_assert(l2l_options_copy(&dst, sizeof dst, &newer));
    ck_assert_int_eq(dst.b, 6);
    ck_assert_uint_eq(dst.struct_size, sizeof dst);
    src = (struct options){ 0, 8, 9 };
    ck_assert(!l2l_options_copy(&dst, sizeof dst, &src));
    ck_assert_int_eq(dst.a, 5);
}
END_TEST

START_TEST(errors_are_kept_and_cut) {
    l2l_context *context = context_of(NULL);
    ck_assert_int_eq(l2l_fail(context, L2L_BAD_DATA, "width %d of %s", -3, "x.cr2"), L2L_BAD_DATA);
    ck_assert_str_eq(l2l_context_error(context), "width -3 of x.cr2");
    ck_assert_int_eq(l2l_fail(context, L2L_IO, "again: %s", l2l_context_error(context)), L2L_IO);
    ck_assert_str_eq(l2l_context_error(context), "again: width -3 of x.cr2");
    char *big = malloc(100000);
    ck_assert_ptr_nonnull(big);
    memset(big, 'x', 99999);
    big[99999] = '\0';
    l2l_fail(context, L2L_IO, "%s", big);
    ck_assert_uint_ge(strlen(l2l_context_error(context)), 200);
    ck_assert_uint_lt(strlen(l2l_context_error(context)), 1000);
    free(big);
    l2l_context_destroy(context);
}
END_TEST

START_TEST(names_are_never_null) {
    ck_assert_str_eq(l2l_status_name(L2L_OK), "ok");
    ck_assert_str_eq(l2l_status_name(L2L_BAD_DATA), "bad data");
    ck_assert_str_eq(l2l_status_name(L2L_CANCELLED), "cancelled");
    for (int i = -2; i < 20; i++) ck_assert_ptr_nonnull(l2l_status_name((l2l_status)i));
    for (int i = -2; i < 20; i++) ck_assert_ptr_nonnull(l2l_isa_name((l2l_isa)i));
    ck_assert_str_eq(l2l_isa_name(L2L_ISA_AVX2), "avx2");
    ck_assert_str_eq(l2l_version(), "0.1.0");
}
END_TEST

START_TEST(instruction_sets_are_available_or_refused) {
    ck_assert_int_eq(l2l_isa_available(L2L_ISA_BASELINE), 1);
    ck_assert_int_eq(l2l_isa_available((l2l_isa)42), 0);
    ck_assert(!(l2l_isa_available(L2L_ISA_NEON) && l2l_isa_available(L2L_ISA_AVX2)));
    int best = L2L_ISA_BASELINE;
    for (int isa = L2L_ISA_BASELINE; isa <= L2L_ISA_NEON; isa++) {
        l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
        o.isa = (l2l_isa)isa;
        if (!l2l_isa_available(o.isa)) {
            refused(&o, L2L_UNSUPPORTED);
            continue;
        }
        best = isa;
        l2l_context *context = context_of(&o);
        ck_assert_int_eq(l2l_context_isa(context), o.isa);
        l2l_context_destroy(context);
    }
    l2l_context *context = context_of(NULL);
    ck_assert_int_eq((int)l2l_context_isa(context), best);
    l2l_context_destroy(context);
}
END_TEST

START_TEST(everything_goes_through_the_hook) {
    counting_allocator counter;
    counting_start(&counter);
    l2l_allocator hook = counting_hook(&counter);
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.allocator = &hook;
    o.threads = 2;
    l2l_context *context = context_of(&o);
    memset(&hook, 0, sizeof hook); /* it was copied */

    l2l_allocator copy = l2l_context_allocator(context);
    unsigned char *memory = l2l_allocate(&copy, 1000);
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq((uintptr_t)memory % 64, 0);
    for (int i = 0; i < 1000; i++) ck_assert_uint_eq(memory[i], 0);
    l2l_release(&copy, memory, 1000);
    l2l_release(&copy, NULL, 10);
    void *empty = l2l_allocate(&copy, 0);
    ck_assert_ptr_nonnull(empty);
    l2l_release(&copy, empty, 0);

    ck_assert_ptr_nonnull(l2l_scratch(context, L2L_SCRATCH_CALL, 100));
    ck_assert_ptr_nonnull(l2l_scratch(context, 1, 1 << 20));
    ck_assert_int_gt(counter.blocks, 0);
    l2l_context_destroy(context);
    ck_assert_int_eq(counter.blocks, 0);
    ck_assert_int_eq(counter.bytes, 0);
    ck_assert_int_eq(counter.wrong, 0);
}
END_TEST

START_TEST(scratch_only_grows) {
    counting_allocator counter;
    counting_start(&counter);
    l2l_allocator hook = counting_hook(&counter);
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.allocator = &hook;
    o.threads = 2;
    l2l_context *context = context_of(&o);
    for (int slot = L2L_SCRATCH_CALL; slot < 2; slot++) {
        char *first = l2l_scratch(context, slot, 1000);
        ck_assert_ptr_nonnull(first);
        ck_assert_uint_eq((uintptr_t)first % 64, 0);
        for (int i = 0; i < 1000; i++) ck_assert_int_eq(first[i], 0);
        long requests = counter.requests;
        ck_assert_ptr_eq(l2l_scratch(context, slot, 1000), first);
        ck_assert_ptr_eq(l2l_scratch(context, slot, 1), first);
        ck_assert_ptr_eq(l2l_scratch(context, slot, 0), first);
        ck_assert_int_eq(counter.requests, requests);
    }
    ck_assert_ptr_ne(l2l_scratch(context, 0, 1), l2l_scratch(context, 1, 1));
    ck_assert_uint_eq(l2l_context_scratch_bytes(context), 3000);

    counter.fail_after = 0;
    ck_assert_ptr_null(l2l_scratch(context, 0, 5000));
    ck_assert_uint_eq(l2l_context_scratch_bytes(context), 2000);
    counter.fail_after = -1;
    ck_assert_ptr_nonnull(l2l_scratch(context, 0, 5000));
    ck_assert_uint_eq(l2l_context_scratch_bytes(context), 7000);
    l2l_context_destroy(context);
    ck_assert_int_eq(counter.blocks, 0);
    ck_assert_int_eq(counter.wrong, 0);
}
END_TEST

START_TEST(the_default_allocator_gives_large_blocks) {
    l2l_context *context = context_of(NULL);
    size_t size = (9u << 20) + 123;
    unsigned char *memory = l2l_scratch(context, 0, size);
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq((uintptr_t)memory % 64, 0);
    size_t sum = 0;
    for (size_t i = 0; i < size; i++) sum += memory[i];
    ck_assert_uint_eq(sum, 0);
    memset(memory, 1, size);
    ck_assert_uint_eq(l2l_context_scratch_bytes(context), size);
    ck_assert_ptr_null(l2l_scratch(context, 0, SIZE_MAX / 2));
    l2l_context_destroy(context);
}
END_TEST

static void touch(void *argument, int index) {
    ((int *)argument)[index]++;
}

START_TEST(creation_survives_every_failing_allocation) {
    long fail_at = 0;
    for (bool succeeded = false; !succeeded;) {
        counting_allocator counter;
        counting_start(&counter);
        counter.fail_at = ++fail_at;
        l2l_allocator hook = counting_hook(&counter);
        l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
        o.allocator = &hook;
        o.threads = 4;
        l2l_context *context = (l2l_context *)(void *)&counter;
        l2l_status status = l2l_context_create(&o, &context);
        if (status == L2L_OK) {
            /* Without memory for a pool the caller does the work alone. */
            int calls[4] = { 0 };
            l2l_parallel_run(context, 4, touch, calls);
            for (int i = 0; i < 4; i++) ck_assert_int_eq(calls[i], 1);
            succeeded = counter.requests < fail_at;
        } else {
            ck_assert_int_eq(status, L2L_OUT_OF_MEMORY);
            ck_assert_ptr_null(context);
        }
        l2l_context_destroy(context);
        ck_assert_int_eq(counter.blocks, 0);
        ck_assert_int_eq(counter.wrong, 0);
        ck_assert_int_lt(fail_at, 100);
    }
    ck_assert_int_ge(fail_at, 4);
}
END_TEST

static int answer(void *user) {
    return *(int *)user;
}

START_TEST(cancellation_is_polled) {
    int cancel = 0;
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.cancelled = answer;
    o.cancelled_user = &cancel;
    o.tile_width = 8;
    o.tile_height = 33;
    l2l_context *context = context_of(&o);
    ck_assert(!l2l_is_cancelled(context));
    cancel = 1;
    ck_assert(l2l_is_cancelled(context));
    ck_assert_int_eq(l2l_context_tile_width(context), 8);
    ck_assert_int_eq(l2l_context_tile_height(context), 33);
    l2l_context_destroy(context);
}
END_TEST

START_TEST(products_are_checked) {
    size_t size;
    int64_t extent;
    ck_assert(l2l_mul_size(6, 7, &size) && size == 42);
    ck_assert(l2l_mul_size(0, SIZE_MAX, &size) && size == 0);
    ck_assert(!l2l_mul_size(SIZE_MAX / 2 + 1, 2, &size));
    ck_assert(l2l_mul_extent(INT64_MAX, 1, &extent) && extent == INT64_MAX);
    ck_assert(!l2l_mul_extent(INT64_MAX / 2 + 1, 2, &extent));
    ck_assert(!l2l_mul_extent(-1, 5, &extent));
    ck_assert(!l2l_mul_extent(5, -1, &extent));
    ck_assert(!l2l_mul_extent(-2, -2, &extent));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context");
    TCase *cases = tcase_create("context");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, defaults_are_resolved);
    tcase_add_test(cases, null_is_harmless);
    tcase_add_test(cases, bad_options_are_refused);
    tcase_add_test(cases, an_old_callers_struct_takes_defaults);
    tcase_add_test(cases, options_copy_mixes_old_and_new);
    tcase_add_test(cases, errors_are_kept_and_cut);
    tcase_add_test(cases, names_are_never_null);
    tcase_add_test(cases, instruction_sets_are_available_or_refused);
    tcase_add_test(cases, everything_goes_through_the_hook);
    tcase_add_test(cases, scratch_only_grows);
    tcase_add_test(cases, the_default_allocator_gives_large_blocks);
    tcase_add_test(cases, creation_survives_every_failing_allocation);
    tcase_add_test(cases, cancellation_is_polled);
    tcase_add_test(cases, products_are_checked);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
