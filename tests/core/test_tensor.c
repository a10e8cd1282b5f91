/* Tensor views: hostile shapes, strides and addresses are refused with a sentence. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "core/core.h"

static l2l_context *context;
static double buffer[4096];

static void set_up(void) {
    ck_assert_int_eq(l2l_context_create(NULL, &context), L2L_OK);
}
static void tear_down(void) {
    l2l_context_destroy(context);
}

static void accepted(const l2l_tensor *tensor) {
    ck_assert_int_eq(l2l_tensor_check(context, tensor, "src"), L2L_OK);
}

static void refused(const l2l_tensor *tensor, const char *part) {
    ck_assert_int_eq(l2l_tensor_check(context, tensor, "the_src"), L2L_INVALID_ARGUMENT);
    const char *sentence = l2l_context_error(context);
    ck_assert_msg(strstr(sentence, "the_src") && strstr(sentence, part), "'%s' lacks '%s'",
                  sentence, part);
}

static l2l_tensor some_image(void) {
    return l2l_image(buffer, L2L_F64, 3, 4, 5);
}

START_TEST(views_are_contiguous) {
    l2l_tensor t = some_image();
    ck_assert_int_eq(t.ndim, 3);
    ck_assert_int_eq(t.device, L2L_CPU);
    ck_assert_int_eq(t.stride[0], 20);
    ck_assert_int_eq(t.stride[1], 5);
    ck_assert_int_eq(t.stride[2], 1);
    accepted(&t);
    int64_t shape[4] = { 2, 3, 4, 5 };
    t = l2l_tensor_of(buffer, L2L_F32, 9, shape);
    ck_assert_int_eq(t.ndim, 4);
    ck_assert_int_eq(t.stride[0], 60);
    t = l2l_tensor_of(buffer, L2L_F32, -1, shape);
    ck_assert_int_eq(t.ndim, 1);
    ck_assert_int_eq(t.shape[0], 2);
    t = l2l_vector(buffer, L2L_U8, 7);
    ck_assert_int_eq(t.ndim, 1);
    ck_assert_int_eq(t.shape[0], 7);
    accepted(&t);
}
END_TEST

START_TEST(data_types_have_sizes_and_names) {
    const struct {
        l2l_dtype dtype;
        size_t size;
        const char *name;
        int bits, group;
        size_t five; /* bytes of a row of 5 */
    } rows[] = {
        { L2L_U8, 1, "u8", 8, 1, 5 },          { L2L_U16, 2, "u16", 16, 1, 10 },
        { L2L_F16, 2, "f16", 0, 1, 10 },       { L2L_BF16, 2, "bf16", 0, 1, 10 },
        { L2L_F32, 4, "f32", 0, 1, 20 },       { L2L_F64, 8, "f64", 0, 1, 40 },
        { L2L_RAW10, 0, "raw10", 10, 4, 10 },  { L2L_RAW12, 0, "raw12", 12, 2, 9 },
        { L2L_BITS10, 0, "bits10", 10, 4, 7 }, { L2L_BITS12, 0, "bits12", 12, 2, 8 },
        { L2L_BITS14, 0, "bits14", 14, 4, 9 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(rows[i].dtype, i); /* their values are for ever */
        ck_assert_uint_eq(l2l_dtype_size(rows[i].dtype), rows[i].size);
        ck_assert_str_eq(l2l_dtype_name(rows[i].dtype), rows[i].name);
        ck_assert_int_eq(l2l_dtype_bits(rows[i].dtype), rows[i].bits);
        ck_assert_int_eq(l2l_dtype_group(rows[i].dtype), rows[i].group);
        ck_assert_uint_eq(l2l_row_size(rows[i].dtype, 5), rows[i].five);
        ck_assert_uint_eq(l2l_row_size(rows[i].dtype, 0), 0);
        ck_assert_uint_eq(l2l_row_size(rows[i].dtype, INT64_MIN), 0);
    }
    ck_assert_uint_eq(l2l_row_size(L2L_F64, INT64_MAX), 0);
    ck_assert_uint_eq(l2l_row_size(L2L_BITS14, 1), 2);
    ck_assert_uint_eq(l2l_row_size(L2L_BITS14, 8), 14);
    const l2l_dtype unknown[] = { (l2l_dtype)11, (l2l_dtype)-1 };
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(l2l_dtype_size(unknown[i]), 0);
        ck_assert_int_eq(l2l_dtype_bits(unknown[i]), 0);
        ck_assert_int_eq(l2l_dtype_group(unknown[i]), 0);
        ck_assert_uint_eq(l2l_row_size(unknown[i], 5), 0);
        ck_assert_str_eq(l2l_dtype_name(unknown[i]), "unknown");
    }
}
END_TEST

/* ---- packed samples ---- */

static void mosaic_accepted(const l2l_tensor *tensor) {
    ck_assert_msg(l2l_tensor_check_mosaic(context, tensor, "src") == L2L_OK, "%s",
                  l2l_context_error(context));
}

static void mosaic_refused(const l2l_tensor *tensor, const char *part) {
    ck_assert_int_eq(l2l_tensor_check_mosaic(context, tensor, "src"), L2L_INVALID_ARGUMENT);
    const char *sentence = l2l_context_error(context);
    ck_assert_msg(strstr(sentence, part), "'%s' lacks '%s'", sentence, part);
}

static l2l_tensor packed_mosaic(l2l_dtype dtype, int64_t height, int64_t width) {
    return l2l_tensor_of(buffer, dtype, 2, (int64_t[]){ height, width });
}

START_TEST(packed_samples_are_mosaics_only) {
    for (int dtype = L2L_RAW10; dtype <= L2L_BITS14; dtype++) {
        const int group = l2l_dtype_group((l2l_dtype)dtype);
        l2l_tensor t = packed_mosaic((l2l_dtype)dtype, 6, 5);
        ck_assert_int_eq(t.stride[0], group == 4 ? 8 : 6); /* whole groups */
        mosaic_accepted(&t);
        refused(&t, l2l_dtype_name((l2l_dtype)dtype));
        t.data = (char *)buffer + 1; /* any address */
        mosaic_accepted(&t);
        t.stride[0] += group - 1, mosaic_refused(&t, "multiple of");
        t.stride[0] = 6 * group, t.data = buffer + 100, mosaic_accepted(&t);
        t.stride[0] = -6 * group, mosaic_accepted(&t);
        t.stride[0] = 0, mosaic_accepted(&t);
        t.stride[1] = 2, mosaic_refused(&t, "not 1");
        t.stride[1] = -1, mosaic_refused(&t, "stride -1");
        t.shape[1] = 1, mosaic_accepted(&t);
        t.shape[0] = 1, t.stride[0] = 3, mosaic_accepted(&t);
        t.dtype = (l2l_dtype)11, mosaic_refused(&t, "11");
        t = packed_mosaic((l2l_dtype)dtype, 1, INT64_MAX), mosaic_refused(&t, "address space");
        t = packed_mosaic((l2l_dtype)dtype, (int64_t)1 << 32, (int64_t)1 << 32);
        mosaic_refused(&t, "address space");
    }
    l2l_tensor plain = some_image();
    mosaic_accepted(&plain);
    mosaic_refused(NULL, "NULL");
}
END_TEST

/* The first byte that belongs to the mosaic, and the last, with the distance to them in bytes. */
START_TEST(packed_samples_overlap_to_the_byte) {
    for (int dtype = L2L_RAW10; dtype <= L2L_BITS14; dtype++) {
        const int64_t group = l2l_dtype_group((l2l_dtype)dtype);
        const int64_t bytes = (int64_t)l2l_row_size((l2l_dtype)dtype, group);
        const int64_t last = (int64_t)l2l_row_size((l2l_dtype)dtype, 3);
        char *middle = (char *)(buffer + 100);
        for (int sign = -1; sign <= 1; sign += 2) {
            l2l_tensor t = packed_mosaic((l2l_dtype)dtype, 3, 3);
            t.data = middle;
            t.stride[0] = sign * 5 * group;
            char *first = sign < 0 ? middle - 10 * bytes : middle;
            char *end = (sign < 0 ? middle : middle + 10 * bytes) + last;
            for (int at = -1; at <= 0; at++) {
                l2l_tensor byte = l2l_vector(first + at, L2L_U8, 1);
                ck_assert_int_eq(l2l_tensor_disjoint(context, &t, "a", &byte, "b") == L2L_OK,
                                 at < 0);
                byte = l2l_vector(end + at, L2L_U8, 1);
                ck_assert_int_eq(l2l_tensor_disjoint(context, &byte, "b", &t, "a") == L2L_OK,
                                 at == 0);
            }
        }
    }
}
END_TEST

START_TEST(what_is_missing_or_unknown_is_refused) {
    l2l_tensor t = some_image();
    refused(NULL, "NULL");
    t.data = NULL, refused(&t, "no data"), t = some_image();
    t.dtype = (l2l_dtype)11, refused(&t, "11"), t = some_image();
    t.dtype = (l2l_dtype)-7, refused(&t, "-7"), t = some_image();
    t.device = (l2l_device)9, refused(&t, "9"), t = some_image();
    t.ndim = 0, refused(&t, "0 dimensions"), t = some_image();
    t.ndim = 5, refused(&t, "5 dimensions"), t = some_image();
    t.ndim = INT32_MIN, refused(&t, "-2147483648"), t = some_image();
    t.device = L2L_CUDA;
    ck_assert_int_eq(l2l_tensor_check(context, &t, "src"), L2L_UNSUPPORTED);
    ck_assert_int_eq(l2l_tensor_check(NULL, NULL, "src"), L2L_INVALID_ARGUMENT);
}
END_TEST

START_TEST(extents_below_one_are_refused) {
    const int64_t bad[] = { 0, -1, INT64_MIN };
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3; i++) {
            l2l_tensor t = some_image();
            t.shape[k] = bad[i];
            refused(&t, i == 0 ? "extent 0" : "extent -");
        }
    }
    for (int i = 0; i < 3; i++) {
        l2l_tensor t = l2l_image(buffer, L2L_F64, 3, bad[i], 5);
        refused(&t, "extent");
    }
}
END_TEST

START_TEST(overflow_is_refused) {
    l2l_tensor t = l2l_image(buffer, L2L_F64, INT64_MAX, INT64_MAX, INT64_MAX);
    refused(&t, "address space");
    t = l2l_image(buffer, L2L_F64, 1, INT64_MAX / 8 + 1, 1);
    refused(&t, "address space");
    t = l2l_image(buffer, L2L_U8, 1, (int64_t)1 << 32, (int64_t)1 << 32);
    refused(&t, "address space");
    t = l2l_vector(buffer, L2L_U16, INT64_MAX);
    refused(&t, "address space");

    const int64_t bad[] = { INT64_MAX, INT64_MIN, INT64_MAX / 2, INT64_MIN / 2 };
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 4; i++) {
            t = some_image();
            t.stride[k] = bad[i];
            refused(&t, "strides");
        }
    }
    /* Two reaches that fit singly and not together. */
    t = some_image();
    t.dtype = L2L_U8;
    t.stride[0] = INT64_MAX / 4, t.stride[1] = INT64_MAX / 6;
    refused(&t, "strides");
    /* Without any span the number of elements still has to be countable. */
    t = some_image();
    t.shape[0] = t.shape[1] = (int64_t)1 << 40;
    t.stride[0] = t.stride[1] = t.stride[2] = 0;
    refused(&t, "shape");
    /* Below address 0 and beyond the last. */
    t = l2l_vector((void *)(uintptr_t)64, L2L_F64, 20);
    t.stride[0] = -1;
    refused(&t, "address space");
    t = l2l_vector((void *)(UINTPTR_MAX - 63), L2L_F64, 20);
    refused(&t, "address space");
}
END_TEST

START_TEST(strange_strides_are_fine) {
    l2l_tensor t = some_image();
    t.data = buffer + 59;
    for (int k = 0; k < 3; k++) t.stride[k] = -t.stride[k];
    accepted(&t);
    t = some_image();
    t.stride[0] = t.stride[1] = 0;
    accepted(&t);
    /* An extent of 1 is never multiplied by its stride. */
    t = l2l_image(buffer, L2L_F64, 1, 1, 1);
    t.stride[0] = INT64_MAX, t.stride[1] = INT64_MIN;
    accepted(&t);
}
END_TEST

START_TEST(misaligned_data_is_refused) {
    const l2l_dtype dtypes[] = { L2L_U16, L2L_F16, L2L_BF16, L2L_F32, L2L_F64 };
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        int64_t size = (int64_t)l2l_dtype_size(dtypes[i]);
        for (int64_t shift = 0; shift <= size; shift++) {
            l2l_tensor t = l2l_vector((char *)buffer + shift, dtypes[i], 3);
            if (shift % size) {
                refused(&t, "aligned");
            } else {
                accepted(&t);
            }
        }
    }
}
END_TEST

static bool disjoint(const l2l_tensor *a, const l2l_tensor *b) {
    accepted(a);
    accepted(b);
    l2l_status forth = l2l_tensor_disjoint(context, a, "src", b, "dst");
    ck_assert_int_eq(forth, l2l_tensor_disjoint(context, b, "src", a, "dst"));
    if (forth != L2L_OK) {
        ck_assert_int_eq(forth, L2L_INVALID_ARGUMENT);
        ck_assert(strstr(l2l_context_error(context), "overlap"));
    }
    return forth == L2L_OK;
}

START_TEST(overlap_is_found) {
    l2l_tensor a = l2l_vector(buffer, L2L_F64, 10), b = l2l_vector(buffer + 10, L2L_F64, 10);
    ck_assert(disjoint(&a, &b));
    ck_assert(!disjoint(&a, &a));
    b.data = buffer + 9;
    ck_assert(!disjoint(&a, &b));
    /* The last byte counts. */
    b = l2l_vector((char *)buffer + 79, L2L_U8, 1);
    ck_assert(!disjoint(&a, &b));
    b.data = (char *)buffer + 80;
    ck_assert(disjoint(&a, &b));
    /* Negative strides reach below the address. */
    b = l2l_vector(buffer + 20, L2L_F64, 11);
    b.stride[0] = -1;
    ck_assert(disjoint(&a, &b));
    b.shape[0] = 12;
    ck_assert(!disjoint(&a, &b));
    /* Inside. */
    b = l2l_vector(buffer + 3, L2L_F32, 2);
    ck_assert(!disjoint(&a, &b));
}
END_TEST

START_TEST(vectors_are_read_and_written) {
    double d[5] = { 1, 2, 3, 4, 5 };
    float f[3] = { 0.5f, -1.5f, 2.25f };
    l2l_tensor t = l2l_vector(&d[4], L2L_F64, 3);
    t.stride[0] = -2;
    ck_assert_double_eq(l2l_vector_get(&t, 0), 5);
    ck_assert_double_eq(l2l_vector_get(&t, 2), 1);
    l2l_vector_set(&t, 1, 0.1);
    ck_assert_double_eq(d[2], 0.1);
    t = l2l_vector(f, L2L_F32, 3);
    ck_assert_double_eq(l2l_vector_get(&t, 1), -1.5);
    l2l_vector_set(&t, 1, 0.1);
    ck_assert(f[1] == 0.1f);
    uint8_t bytes[2] = { 0, 255 };
    t = l2l_vector(bytes, L2L_U8, 2);
    ck_assert_double_eq(l2l_vector_get(&t, 1), 255);
    uint16_t words[2] = { 0, 65535 };
    t = l2l_vector(words, L2L_U16, 2);
    ck_assert_double_eq(l2l_vector_get(&t, 1), 65535);
}
END_TEST

START_TEST(halves_have_their_values) {
    const struct {
        uint16_t bits;
        double value;
    } halves[] = { { 0x0000, 0.0 },          { 0x3c00, 1.0 },
                   { 0xc000, -2.0 },         { 0x7bff, 65504.0 },
                   { 0x0400, 0x1p-14 },      { 0x0001, 0x1p-24 },
                   { 0x83ff, -0x1.ff8p-15 }, { 0x3555, 0.333251953125 },
                   { 0x7c00, INFINITY },     { 0xfc00, -INFINITY } },
      bfloats[] = {
          { 0x3f80, 1.0 }, { 0xc049, -3.140625 }, { 0x0001, 0x1p-133 }, { 0x7f80, INFINITY }
      };
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        uint16_t bits = halves[i].bits;
        l2l_tensor t = l2l_vector(&bits, L2L_F16, 1);
        ck_assert_msg(l2l_vector_get(&t, 0) == halves[i].value, "f16 %04x", bits);
    }
    for (size_t i = 0; i < sizeof bfloats / sizeof *bfloats; i++) {
        uint16_t bits = bfloats[i].bits;
        l2l_tensor t = l2l_vector(&bits, L2L_BF16, 1);
        ck_assert_msg(l2l_vector_get(&t, 0) == bfloats[i].value, "bf16 %04x", bits);
    }
    uint16_t nan_bits = 0x7e00, minus_zero = 0x8000;
    l2l_tensor t = l2l_vector(&nan_bits, L2L_F16, 1);
    ck_assert(isnan(l2l_vector_get(&t, 0)));
    t.data = &minus_zero;
    ck_assert(signbit(l2l_vector_get(&t, 0)));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tensor");
    TCase *cases = tcase_create("tensor");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, views_are_contiguous);
    tcase_add_test(cases, data_types_have_sizes_and_names);
    tcase_add_test(cases, packed_samples_are_mosaics_only);
    tcase_add_test(cases, packed_samples_overlap_to_the_byte);
    tcase_add_test(cases, what_is_missing_or_unknown_is_refused);
    tcase_add_test(cases, extents_below_one_are_refused);
    tcase_add_test(cases, overflow_is_refused);
    tcase_add_test(cases, strange_strides_are_fine);
    tcase_add_test(cases, misaligned_data_is_refused);
    tcase_add_test(cases, overlap_is_found);
    tcase_add_test(cases, vectors_are_read_and_written);
    tcase_add_test(cases, halves_have_their_values);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
