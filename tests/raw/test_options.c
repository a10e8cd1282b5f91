/* Opening mosaics without camera metadata of any format: options, limits, files, arguments. */
#include "plain.h"

#include <sys/stat.h>

START_TEST(options_of_plain_mosaics) {
    blob b = make_png(16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.cfa = "grbg";
    options.bits = 10;
    l2l_raw *raw = open_blob(b, &options);
    char cfa[48];
    l2l_cfa_name(&l2l_raw_get_info(raw)->cfa, cfa, sizeof cfa);
    ck_assert_str_eq(cfa, "GRBG");
    ck_assert_double_eq(l2l_raw_get_info(raw)->white, 1023.0);
    ck_assert_int_eq(l2l_raw_get_info(raw)->bits, 10);
    l2l_raw_close(raw);
    options.cfa = "nonsense";
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "nonsense");
    options.cfa = NULL;
    options.bits = 17;
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "17");
    options.bits = -1;
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "-1");
    free(b.bytes);
    b = make_png(8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    options.bits = 12;
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "12");
    free(b.bytes);
}
END_TEST

START_TEST(limits) {
    tiff_case c = { 16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 5, "w" };
    unsigned char data[H * W * 2] = { 0 };
    blob blobs[] = {
        make_png(16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE),
        make_tiff(&c, 1, PHOTOMETRIC_MINISBLACK),
        make_npy("{'descr': '<u2', 'fortran_order': False, 'shape': (5, 7)}", 1, data, sizeof data),
        make_dump("u16le"),
    };
    for (int i = 0; i < 4; i++) {
        l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
        if (i == 3) options.geometry = "7x5:u16le";
        options.max_pixels = W * H;
        l2l_raw_close(open_blob(blobs[i], &options));
        options.max_pixels--;
        refuse_blob(blobs[i], &options, L2L_UNSUPPORTED, "34 pixels");
        options.max_pixels = 0;
        options.max_bytes = (int64_t)blobs[i].size - 1;
        refuse_blob(blobs[i], &options, L2L_UNSUPPORTED, "over the limit");
        options.max_bytes = -1;
        refuse_blob(blobs[i], &options, L2L_INVALID_ARGUMENT, "-1");
        options.max_bytes = 0;
        options.max_pixels = -5;
        refuse_blob(blobs[i], &options, L2L_INVALID_ARGUMENT, "-5");
        free(blobs[i].bytes);
    }
}
END_TEST

START_TEST(short_option_structs) {
    blob b = make_png(8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    /* An older caller's struct ends before cfa; what follows must not be looked at. */
    options.struct_size = offsetof(l2l_raw_options, cfa);
    options.cfa = "nonsense";
    options.bits = 99;
    l2l_raw_close(open_blob(b, &options));
    options.struct_size = 0;
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "struct_size");
    free(b.bytes);
}
END_TEST

START_TEST(files) {
    blob b = make_png(16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    l2l_raw *raw;
    char path[128];
    snprintf(path, sizeof path, "%s", temporary("a file.tif")); /* content counts, not names */
    write_blob(path, b.bytes, b.size);
    ck_assert_int_eq(l2l_raw_open_file(context, path, NULL, &raw), L2L_OK);
    check_samples(raw, 16, 1.0);
    l2l_raw_close(raw);
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_bytes = (int64_t)b.size - 1;
    ck_assert_int_eq(l2l_raw_open_file(context, path, &options, &raw), L2L_UNSUPPORTED);
    ck_assert_ptr_null(raw);
    write_blob(path, "", 0);
    ck_assert_int_eq(l2l_raw_open_file(context, path, NULL, &raw), L2L_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "empty"));
    write_blob(path, "just a text", 11);
    ck_assert_int_eq(l2l_raw_open_file(context, path, NULL, &raw), L2L_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(l2l_context_error(context), path));
    unlink(path);
    ck_assert_int_eq(l2l_raw_open_file(context, path, NULL, &raw), L2L_IO);
    ck_assert_ptr_nonnull(strstr(l2l_context_error(context), path));
    ck_assert_int_eq(l2l_raw_open_file(context, temporary_folder, NULL, &raw), L2L_IO);
    ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "folder"));
    ck_assert_int_eq(l2l_raw_open_file(context, "/dev/null", NULL, &raw), L2L_IO);
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody writes to it; must not block */
    ck_assert_int_eq(l2l_raw_open_file(context, path, NULL, &raw), L2L_IO);
    ck_assert_ptr_null(raw);
    remove_temporary("a file.tif");
    free(b.bytes);
}
END_TEST

START_TEST(null_arguments) {
    l2l_raw *raw;
    l2l_tensor preview;
    ck_assert_int_eq(l2l_raw_open_file(context, NULL, NULL, &raw), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_raw_open_file(context, "x", NULL, NULL), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_raw_open_file(NULL, "x", NULL, &raw), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_raw_open_memory(context, NULL, 5, NULL, &raw), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_raw_open_memory(context, "x", 0, NULL, &raw), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_raw_preview(context, NULL, &preview), L2L_INVALID_ARGUMENT);
    ck_assert_ptr_null(l2l_raw_get_info(NULL));
    ck_assert_ptr_null(l2l_raw_mosaic(NULL).data);
    l2l_raw_close(NULL);
    l2l_raw_preview_free(context, NULL);
}
END_TEST

START_TEST(no_preview) {
    blob b = make_png(8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    l2l_raw *raw = open_blob(b, NULL);
    l2l_tensor preview;
    ck_assert_int_eq(l2l_raw_preview(context, raw, &preview), L2L_STATE);
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

/* A raw outlives the context that opened it. */
START_TEST(raw_outlives_its_context) {
    blob b = make_png(16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    ledger other;
    l2l_context *short_lived = counted_context(&other);
    l2l_raw *raw;
    ck_assert_int_eq(l2l_raw_open_memory(short_lived, b.bytes, b.size, NULL, &raw), L2L_OK);
    l2l_context_destroy(short_lived);
    memset(b.bytes, 0, b.size);
    free(b.bytes);
    check_samples(raw, 16, 1.0);
    l2l_raw_close(raw);
    ck_assert_int_eq(other.live_blocks, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, options_of_plain_mosaics);
    tcase_add_test(tests, limits);
    tcase_add_test(tests, short_option_structs);
    tcase_add_test(tests, files);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, no_preview);
    tcase_add_test(tests, raw_outlives_its_context);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
