/* Colour-filter arrays: every name, phase under cropping, negative indices, wrong names. */
#include <check.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

static l2l_context *context;

static void set_up(void) {
    ck_assert_int_eq(l2l_context_create(NULL, &context), L2L_OK);
}

static void tear_down(void) {
    l2l_context_destroy(context);
}

static l2l_cfa parse(const char *name) {
    l2l_cfa cfa;
    ck_assert_msg(l2l_cfa_parse(context, name, &cfa) == L2L_OK, "%s: %s", name,
                  l2l_context_error(context));
    return cfa;
}

static const struct {
    const char *name, *rows;
    int width, height;
} arrays[] = {
    { "RGGB", "RG/GB", 2, 2 },
    { "BGGR", "BG/GR", 2, 2 },
    { "GRBG", "GR/BG", 2, 2 },
    { "GBRG", "GB/RG", 2, 2 },
    { "QUAD_RGGB", "RRGG/RRGG/GGBB/GGBB", 4, 4 },
    { "QUAD_BGGR", "BBGG/BBGG/GGRR/GGRR", 4, 4 },
    { "QUAD_GRBG", "GGRR/GGRR/BBGG/BBGG", 4, 4 },
    { "QUAD_GBRG", "GGBB/GGBB/RRGG/RRGG", 4, 4 },
    { "XTRANS", "GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG", 6, 6 },
    { "MONO", "G", 1, 1 },
};

START_TEST(names) {
    l2l_cfa cfa = parse(arrays[_i].name), rows = parse(arrays[_i].rows);
    char text[48];
    ck_assert_int_eq(cfa.width, arrays[_i].width);
    ck_assert_int_eq(cfa.height, arrays[_i].height);
    ck_assert_mem_eq(&cfa, &rows, sizeof cfa);
    l2l_cfa_name(&cfa, text, sizeof text);
    ck_assert_str_eq(text, arrays[_i].name);
    /* The rows in the table, letter by letter. */
    const char *letter = arrays[_i].rows;
    for (int y = 0; y < cfa.height; y++, letter++)
        for (int x = 0; x < cfa.width; x++, letter++)
            ck_assert_int_eq("RGB"[l2l_cfa_color(&cfa, y, x)], *letter);
}
END_TEST

START_TEST(case_does_not_matter) {
    l2l_cfa lower = parse("quad_Rggb"), upper = parse("QUAD_RGGB");
    ck_assert_mem_eq(&lower, &upper, sizeof lower);
    lower = parse("rg/gB"), upper = parse("RGGB");
    ck_assert_mem_eq(&lower, &upper, sizeof lower);
}
END_TEST

START_TEST(crop_moves_the_phase) {
    l2l_cfa cfa = parse(arrays[_i].name);
    for (int top = -7; top <= 7; top++)
        for (int left = -7; left <= 7; left++) {
            l2l_cfa cropped = l2l_cfa_crop(&cfa, top, left);
            for (int y = -8; y <= 8; y++)
                for (int x = -8; x <= 8; x++)
                    ck_assert_int_eq(l2l_cfa_color(&cropped, y, x),
                                     l2l_cfa_color(&cfa, y + top, x + left));
        }
}
END_TEST

START_TEST(crop_by_one_renames_bayer) {
    static const char *expected[2][2] = { { "RGGB", "GRBG" }, { "GBRG", "BGGR" } };
    l2l_cfa cfa = parse("RGGB");
    for (int top = 0; top < 2; top++)
        for (int left = 0; left < 2; left++) {
            char text[48];
            l2l_cfa cropped = l2l_cfa_crop(&cfa, top, left);
            l2l_cfa_name(&cropped, text, sizeof text);
            ck_assert_str_eq(text, expected[top][left]);
        }
}
END_TEST

START_TEST(any_crop_has_a_name_that_reads_back) {
    l2l_cfa cfa = parse(arrays[_i].name);
    for (int top = 0; top < 6; top++)
        for (int left = 0; left < 6; left++) {
            char text[48];
            l2l_cfa cropped = l2l_cfa_crop(&cfa, top, left);
            l2l_cfa_name(&cropped, text, sizeof text);
            l2l_cfa again = parse(text);
            ck_assert_mem_eq(&cropped, &again, sizeof again);
        }
}
END_TEST

START_TEST(far_and_extreme_indices) {
    l2l_cfa cfa = parse("XTRANS");
    ck_assert_int_eq(l2l_cfa_color(&cfa, 6000000000LL, -6000000000LL), l2l_cfa_color(&cfa, 0, 0));
    ck_assert_int_eq(l2l_cfa_color(&cfa, -1, -1), l2l_cfa_color(&cfa, 5, 5));
    l2l_cfa cropped = l2l_cfa_crop(&cfa, INT64_MIN, INT64_MAX);
    ck_assert_int_eq(l2l_cfa_color(&cropped, 0, 0), l2l_cfa_color(&cfa, INT64_MIN, INT64_MAX));
}
END_TEST

START_TEST(all_zero_is_rggb) {
    l2l_cfa zero = { 0 }, rggb = parse("RGGB");
    char text[48];
    l2l_cfa_name(&zero, text, sizeof text);
    ck_assert_str_eq(text, "RGGB");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(l2l_cfa_color(&zero, i / 2, i % 2), l2l_cfa_color(&rggb, i / 2, i % 2));
    l2l_cfa cropped = l2l_cfa_crop(&zero, 1, 1);
    l2l_cfa_name(&cropped, text, sizeof text);
    ck_assert_str_eq(text, "BGGR");
}
END_TEST

START_TEST(other_periods) {
    l2l_cfa stripes = parse("RGB/RGB"), column = parse("R/G/B");
    ck_assert_int_eq(stripes.width, 3);
    ck_assert_int_eq(stripes.height, 2);
    ck_assert_int_eq(l2l_cfa_color(&column, 4, 9), 1);
}
END_TEST

static const char *const wrong_names[] = {
    "",      "RGGBX", "RG",         "RG/G",  "RG/GB/",  "/RG/GB",  "RG//GB",
    "XG/GB", "R",     "RRRRRRRG/B", "CYGM",  "RG GB",   "QUAD",    "R/G/B/R/G/B/R",
    "MONO ", "RG/GG", "QUAD_",      "BAYER", "RGBRGBR", "RG/GB/R",
};

START_TEST(refused_names) {
    l2l_cfa cfa = parse("GBRG"), before = cfa;
    ck_assert_int_eq(l2l_cfa_parse(context, wrong_names[_i], &cfa), L2L_INVALID_ARGUMENT);
    ck_assert_msg(strstr(l2l_context_error(context), wrong_names[_i]), "%s",
                  l2l_context_error(context));
    ck_assert_mem_eq(&cfa, &before, sizeof cfa);
}
END_TEST

START_TEST(null_arguments) {
    l2l_cfa cfa;
    ck_assert_int_eq(l2l_cfa_parse(context, NULL, &cfa), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_cfa_parse(context, "RGGB", NULL), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_cfa_parse(NULL, "nothing", &cfa), L2L_INVALID_ARGUMENT);
}
END_TEST

START_TEST(short_texts_are_terminated) {
    l2l_cfa cfa = l2l_cfa_crop(&(l2l_cfa){ 0 }, 1, 0);
    char text[8];
    for (int size = 1; size <= 6; size++) {
        memset(text, 'x', sizeof text);
        l2l_cfa_name(&cfa, text, size);
        ck_assert_int_eq((int)strlen(text), size - 1 < 4 ? size - 1 : 4);
        ck_assert_int_eq(text[size], 'x');
    }
    memset(text, 'x', sizeof text);
    l2l_cfa_name(&cfa, text, 0);
    ck_assert_int_eq(text[0], 'x');
    l2l_cfa broken = { 7, 1, { 0 } };
    l2l_cfa_name(&broken, text, sizeof text);
    ck_assert_str_eq(text, "?");
}
END_TEST

int main(void) {
    enum { ARRAYS = sizeof arrays / sizeof arrays[0] };
    enum { WRONG = sizeof wrong_names / sizeof wrong_names[0] };
    Suite *suite = suite_create("cfa");
    TCase *tests = tcase_create("cfa");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, names, 0, ARRAYS);
    tcase_add_test(tests, case_does_not_matter);
    tcase_add_loop_test(tests, crop_moves_the_phase, 0, ARRAYS);
    tcase_add_test(tests, crop_by_one_renames_bayer);
    tcase_add_loop_test(tests, any_crop_has_a_name_that_reads_back, 0, ARRAYS);
    tcase_add_test(tests, far_and_extreme_indices);
    tcase_add_test(tests, all_zero_is_rggb);
    tcase_add_test(tests, other_periods);
    tcase_add_loop_test(tests, refused_names, 0, WRONG);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, short_texts_are_terminated);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
