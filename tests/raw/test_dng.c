/* Camera files through LibRaw, on small DNGs made on the spot: CFA phase, levels by position,
   gains, matrix, orientation, and hostile values. */
#include "fixtures.h"

#include <math.h>

static ledger book;
static l2l_context *context;

static void set_up(void) {
    context = counted_context(&book);
}

static void tear_down(void) {
    l2l_context_destroy(context);
    ck_assert_int_eq(book.live_blocks, 0);
}

static l2l_raw *open_dng(dng *d, const l2l_raw_options *options) {
    blob b = dng_write(d);
    l2l_raw *raw;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    memset(b.bytes, 0xee, b.size); /* the raw must not depend on it any more */
    free(b.bytes);
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(context));
    return raw;
}

static void refuse_dng(dng *d, const l2l_raw_options *options, l2l_status expected,
                       const char *about) {
    blob b = dng_write(d);
    l2l_raw *raw = (l2l_raw *)&book;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    free(b.bytes);
    ck_assert_msg(status == expected, "status %d: %s", status, l2l_context_error(context));
    ck_assert_ptr_null(raw);
    ck_assert_msg(strstr(l2l_context_error(context), about), "\"%s\" lacks \"%s\"",
                  l2l_context_error(context), about);
}

static uint16_t at(const l2l_raw *raw, int64_t y, int64_t x) {
    l2l_tensor m = l2l_raw_mosaic(raw);
    ck_assert_int_eq(m.dtype, L2L_U16);
    return ((uint16_t *)m.data)[y * m.stride[0] + x * m.stride[1]];
}

static void check_cfa(const l2l_raw *raw, const char *expected) {
    char name[48];
    l2l_cfa_name(&l2l_raw_get_info(raw)->cfa, name, sizeof name);
    ck_assert_str_eq(name, expected);
}

enum { W = 32, H = 24 };

START_TEST(plain) {
    dng d = dng_new(W, H);
    l2l_raw *raw = open_dng(&d, NULL);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_str_eq(info->reader, "libraw");
    ck_assert_str_eq(info->make, "Maker");
    ck_assert_str_eq(info->model, "Model");
    ck_assert_int_eq(info->width, W);
    ck_assert_int_eq(info->height, H);
    ck_assert_int_eq(info->bits, 12);
    ck_assert_double_eq(info->white, 4000);
    for (int i = 0; i < 4; i++) ck_assert_double_eq(info->black[i], 100);
    ck_assert_int_eq(info->has_gain, 1);
    ck_assert_double_eq_tol(info->gain[0], 2.0, 1e-6);
    ck_assert_double_eq(info->gain[1], 1.0);
    ck_assert_double_eq_tol(info->gain[2], 1.5, 1e-6);
    ck_assert_int_eq(info->has_matrix, 1);
    for (int k = 0; k < 3; k++) /* white stays white */
        ck_assert_double_eq_tol(
            info->matrix[3 * k] + info->matrix[3 * k + 1] + info->matrix[3 * k + 2], 1.0, 1e-5);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) ck_assert_int_eq(at(raw, y, x), 100 + y * W + x);
    check_cfa(raw, "RGGB");
    ck_assert_int_eq(info->has_preview, 0);
    l2l_raw_close(raw);
}
END_TEST

/* LibRaw expands them; whoever would keep them packed gets u16 too. */
START_TEST(packed_samples) {
    static const uint32_t bits[] = { 10, 12, 14 };
    for (int packed = 0; packed < 2; packed++) {
        dng d = dng_new(W, H);
        d.bits = bits[_i];
        dng_set_one(&d, 258, DNG_SHORT, d.bits);
        dng_set_one(&d, 50717, DNG_LONG, 1000);
        l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
        options.packed = packed;
        l2l_raw *raw = open_dng(&d, &options);
        ck_assert_str_eq(l2l_raw_get_info(raw)->reader, "libraw");
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) ck_assert_int_eq(at(raw, y, x), 100 + y * W + x);
        l2l_raw_close(raw);
    }
}
END_TEST

static const struct {
    int period;
    const char *letters, *name;
} arrays[] = {
    { 2, "RGGB", "RGGB" },
    { 2, "BGGR", "BGGR" },
    { 2, "GRBG", "GRBG" },
    { 2, "GBRG", "GBRG" },
    { 4, "RRGGRRGGGGBBGGBB", "QUAD_RGGB" },
    { 4, "BBGGBBGGGGRRGGRR", "QUAD_BGGR" },
    { 4, "GGRRGGRRBBGGBBGG", "QUAD_GRBG" },
    { 4, "GGBBGGBBRRGGRRGG", "QUAD_GBRG" },
    { 6, "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG", "XTRANS" },
    { 6, "GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG", "GGRGGB/GGBGGR/BRGRBG/GGBGGR/GGRGGB/RBGBRG" },
};

START_TEST(colour_filter_arrays) {
    dng d = dng_new(W, H);
    dng_set_cfa(&d, arrays[_i].period, arrays[_i].letters);
    l2l_raw *raw = open_dng(&d, NULL);
    check_cfa(raw, arrays[_i].name);
    l2l_raw_close(raw);
}
END_TEST

/* A DNG's pattern begins at the active area, wherever that lies. Whatever part of it the reader
   shows, the colour of each sample must be the one that the file says. */
START_TEST(phase_at_any_margin) {
    for (int top = 0; top < 7; top++)
        for (int left = 0; left < 7; left++) {
            enum { SIDE = 40 }; /* LibRaw refuses areas of less than 22×22 */
            dng d = dng_new(SIDE, SIDE);
            dng_set_cfa(&d, arrays[_i].period, arrays[_i].letters);
            dng_set(&d, 50829, DNG_LONG, 4, (int64_t[]){ top, left, SIDE - 1, SIDE - 1 });
            if (arrays[_i].period == 4 && (top % 2 || left)) {
                refuse_dng(&d, NULL, L2L_UNSUPPORTED, "colour-filter array");
                continue;
            }
            l2l_raw *raw = open_dng(&d, NULL);
            const l2l_raw_info *info = l2l_raw_get_info(raw);
            ck_assert_int_ge(info->top, top);
            ck_assert_int_ge(info->left, left);
            ck_assert_int_le(info->top, top + 1);
            ck_assert_int_le(info->left, left + 1);
            ck_assert_int_eq(info->top + info->height, SIDE - 1);
            ck_assert_int_eq(info->left + info->width, SIDE - 1);
            int period = arrays[_i].period;
            for (int64_t y = 0; y < info->height; y++)
                for (int64_t x = 0; x < info->width; x++) {
                    int64_t row = y + info->top, column = x + info->left;
                    ck_assert_int_eq(at(raw, y, x), 100 + row * SIDE + column);
                    char letter =
                        arrays[_i]
                            .letters[(row - top) % period * period + (column - left) % period];
                    ck_assert_msg("RGB"[l2l_cfa_color(&info->cfa, y, x)] == letter,
                                  "%s, active area at %d,%d: site %d,%d is not %c", arrays[_i].name,
                                  top, left, (int)y, (int)x, letter);
                }
            l2l_raw_close(raw);
        }
}
END_TEST

START_TEST(cfa_option_overrides) {
    dng d = dng_new(W, H);
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.cfa = "XTRANS";
    l2l_raw *raw = open_dng(&d, &options);
    check_cfa(raw, "XTRANS");
    l2l_raw_close(raw);
    /* Also where the file's own could not be told. */
    dng_set_cfa(&d, 4, "RGGBRBGGGRGBBGRG");
    refuse_dng(&d, NULL, L2L_UNSUPPORTED, "colour-filter array");
    raw = open_dng(&d, &options);
    l2l_raw_close(raw);
}
END_TEST

START_TEST(arrays_of_other_colours) {
    dng d = dng_new(W, H);
    int64_t cmyg[4] = { 3, 4, 5, 1 };
    dng_set(&d, 33422, DNG_BYTE, 4, cmyg);
    dng_set(&d, 50710, DNG_BYTE, 4, cmyg);
    refuse_dng(&d, NULL, L2L_UNSUPPORTED, "");
}
END_TEST

START_TEST(monochrome_and_linear) {
    dng d = dng_new(W, H);
    dng_set_one(&d, 262, DNG_SHORT, 34892);
    l2l_raw *raw = open_dng(&d, NULL);
    check_cfa(raw, "MONO");
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_int_eq(info->has_matrix, 0);
    ck_assert_int_eq(info->has_gain, 0);
    ck_assert_double_eq(info->gain[0], 1.0);
    ck_assert_double_eq(info->black[3], 100);
    ck_assert_int_eq(at(raw, 3, 4), 100 + 3 * W + 4);
    l2l_raw_close(raw);
    d = dng_new(W, H);
    dng_set_one(&d, 262, DNG_SHORT, 34892);
    dng_set_one(&d, 277, DNG_SHORT, 3);
    dng_set(&d, 258, DNG_SHORT, 3, (int64_t[]){ 16, 16, 16 });
    d.samples = 3;
    refuse_dng(&d, NULL, L2L_UNSUPPORTED, "already demosaiced");
}
END_TEST

/* Black levels by position: the pattern of the file, at every order of the colours. */
START_TEST(black_by_position) {
    dng d = dng_new(W, H);
    dng_set_cfa(&d, arrays[_i].period, arrays[_i].letters);
    dng_set(&d, 50713, DNG_SHORT, 2, (int64_t[]){ 2, 2 });
    dng_set(&d, 50714, DNG_LONG, 4, (int64_t[]){ 101, 202, 303, 404 });
    l2l_raw *raw = open_dng(&d, NULL);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    for (int i = 0; i < 4; i++) ck_assert_double_eq(info->black[i], 101 * (i + 1));
    l2l_raw_close(raw);
}
END_TEST

START_TEST(black_of_other_periods) {
    static const struct {
        int64_t dim[2], level[8];
        double expected[4];
    } cases[] = {
        { { 1, 1 }, { 77 }, { 77, 77, 77, 77 } },
        { { 1, 2 }, { 10, 20 }, { 10, 20, 10, 20 } },
        { { 2, 1 }, { 10, 20 }, { 10, 10, 20, 20 } },
        { { 2, 4 }, { 10, 20, 30, 40, 50, 60, 70, 80 }, { 20, 30, 60, 70 } },
        { { 1, 3 }, { 10, 20, 60 }, { 30, 30, 30, 30 } },
    };
    dng d = dng_new(W, H);
    dng_set(&d, 50713, DNG_SHORT, 2, cases[_i].dim);
    dng_set(&d, 50714, DNG_LONG, (uint32_t)(cases[_i].dim[0] * cases[_i].dim[1]), cases[_i].level);
    l2l_raw *raw = open_dng(&d, NULL);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol(info->black[i], cases[_i].expected[i], 1e-9);
    l2l_raw_close(raw);
}
END_TEST

START_TEST(orientations) {
    dng d = dng_new(W, H);
    dng_set_one(&d, 274, DNG_SHORT, _i);
    l2l_raw *raw = open_dng(&d, NULL);
    ck_assert_int_eq(l2l_raw_get_info(raw)->orientation, _i);
    l2l_raw_close(raw);
}
END_TEST

START_TEST(exposure) {
    dng d = dng_new(W, H);
    dng_set(&d, 33434, DNG_RATIONAL, 1, (int64_t[]){ 1, 50 });
    dng_set(&d, 33437, DNG_RATIONAL, 1, (int64_t[]){ 28, 10 });
    dng_set(&d, 37386, DNG_RATIONAL, 1, (int64_t[]){ 350, 10 });
    dng_set_text(&d, 306, "2020:01:02 03:04:05");
    l2l_raw *raw = open_dng(&d, NULL);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_double_eq_tol(info->shutter_s, 0.02, 1e-7);
    ck_assert_double_eq_tol(info->aperture, 2.8, 1e-6);
    ck_assert_double_eq(info->iso, 0); /* the file does not say */
    ck_assert_double_eq(info->focal_mm, 35);
    ck_assert(llabs((long long)info->timestamp - 1577934245) < 86400); /* in whatever time zone */
    l2l_raw_close(raw);
}
END_TEST

/* ---- hostile values ---- */

START_TEST(useless_levels) {
    static const struct {
        int64_t black, white;
    } cases[] = { { 4000, 4000 }, { 5000, 4000 }, { 65535, 1 } };
    dng d = dng_new(W, H);
    dng_set_one(&d, 50714, DNG_LONG, cases[_i].black);
    dng_set_one(&d, 50717, DNG_LONG, cases[_i].white);
    refuse_dng(&d, NULL, L2L_BAD_DATA, "white level");
}
END_TEST

START_TEST(areas_beyond_the_sensor) {
    static const int64_t areas[][4] = {
        { 0, 0, H + 100, W },    { 0, 0, H, W + 100 },
        { H, W, H, W },          { 20, 30, 10, 10 },
        { 60000, 0, 65535, W },  { 0, 0, 65535, 65535 },
        { 0, 0, 4294967295, W }, { 4294967295, 4294967295, 10, 10 },
        { 1, 1, 1, 1 },          { 0, 0, 0, 0 },
    };
    dng d = dng_new(W, H);
    dng_set(&d, 50829, DNG_LONG, 4, areas[_i]);
    blob b = dng_write(&d);
    l2l_raw *raw;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw);
    free(b.bytes);
    if (status == L2L_OK) { /* then the reader made an area of it that lies within the sensor */
        const l2l_raw_info *info = l2l_raw_get_info(raw);
        ck_assert_int_le(info->top + info->height, H);
        ck_assert_int_le(info->left + info->width, W);
        for (int64_t y = 0; y < info->height; y++)
            for (int64_t x = 0; x < info->width; x++)
                ck_assert_int_eq(at(raw, y, x), 100 + (y + info->top) * W + x + info->left);
        l2l_raw_close(raw);
    } else {
        ck_assert_str_ne(l2l_context_error(context), "");
    }
}
END_TEST

START_TEST(no_such_size) {
    static const int64_t sizes[][2] = {
        { 0, 24 },       { 32, 0 }, { 0, 0 }, { 70000, 70000 }, { 4294967295, 4294967295 },
        { 65535, 65535 }
    };
    dng d = dng_new(W, H);
    dng_set_one(&d, 256, DNG_LONG, sizes[_i][0]);
    dng_set_one(&d, 257, DNG_LONG, sizes[_i][1]);
    blob b = dng_write(&d);
    l2l_raw *raw;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_pixels = 1 << 24;
    ck_assert_int_ne(l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw), L2L_OK);
    ck_assert_str_ne(l2l_context_error(context), "");
    free(b.bytes);
}
END_TEST

/* Gains and matrices out of zeros and infinities: absent or finite, never passed on. */
START_TEST(senseless_colour) {
    dng d = dng_new(W, H);
    if (_i & 1) dng_set(&d, 50728, DNG_RATIONAL, 3, (int64_t[]){ 0, 1, 0, 0, 1, 0 });
    if (_i & 2) dng_set(&d, 50721, DNG_SRATIONAL, 9, (int64_t[18]){ 0 });
    if (_i & 4)
        dng_set(&d, 50721, DNG_SRATIONAL, 9,
                (int64_t[]){ 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0 });
    l2l_raw *raw = open_dng(&d, NULL);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    for (int i = 0; i < 3; i++) ck_assert(isfinite(info->gain[i]) && info->gain[i] > 0);
    for (int i = 0; i < 9; i++) ck_assert(isfinite(info->matrix[i]));
    if (!info->has_gain) ck_assert_double_eq(info->gain[0], 1.0);
    if (!info->has_matrix) ck_assert_double_eq(info->matrix[1], 0.0);
    l2l_raw_close(raw);
}
END_TEST

/* What LibRaw refuses must not be taken for a plain TIFF: its levels and CFA would be lost. */
START_TEST(small_dng) {
    dng d = dng_new(21, 24);
    refuse_dng(&d, NULL, L2L_BAD_DATA, "LibRaw");
    d = dng_new(22, 22);
    l2l_raw_close(open_dng(&d, NULL));
}
END_TEST

START_TEST(limits) {
    dng d = dng_new(W, H);
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_pixels = W * H;
    l2l_raw_close(open_dng(&d, &options));
    options.max_pixels = W * H - 1;
    refuse_dng(&d, &options, L2L_UNSUPPORTED, "767 pixels");
    options.max_pixels = 0;
    options.max_bytes = 1000;
    refuse_dng(&d, &options, L2L_UNSUPPORTED, "1000");
}
END_TEST

START_TEST(unprintable_text) {
    dng d = dng_new(W, H);
    dng_set_text(&d, 272, "Mo\"del\xff\xfe\x1b[31m\n  ");
    l2l_raw *raw = open_dng(&d, NULL);
    for (const char *c = l2l_raw_get_info(raw)->model; *c; c++) ck_assert(*c >= ' ' && *c <= '~');
    l2l_raw_close(raw);
}
END_TEST

/* Samples that a truncated file lacks must not be made up. (LibRaw counts half a sample as one, so
   the very last byte is not missed.) */
START_TEST(truncation) {
    dng d = dng_new(W, H);
    blob b = dng_write(&d);
    l2l_raw *raw;
    for (size_t size = 1; size < b.size - 1; size++) {
        l2l_status status = l2l_raw_open_memory(context, b.bytes, size, NULL, &raw);
        ck_assert_msg(status != L2L_OK, "%zu of %zu bytes pass", size, b.size);
        ck_assert_str_ne(l2l_context_error(context), "");
    }
    free(b.bytes);
}
END_TEST

/* A length that LibRaw's list has for a camera without headers, and nothing else of it. */
START_TEST(headerless_files_are_not_guessed) {
    blob b = { calloc(1, 4147200), 4147200 };
    l2l_raw *raw;
    ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw), L2L_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "geometry"));
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = "1920x1080:u16le:RGGB:0:1023";
    ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw), L2L_OK);
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void) {
    Suite *suite = suite_create("dng");
    TCase *tests = tcase_create("dng");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, plain);
    tcase_add_loop_test(tests, packed_samples, 0, 3);
    tcase_add_loop_test(tests, colour_filter_arrays, 0, COUNT(arrays));
    tcase_add_loop_test(tests, phase_at_any_margin, 0, COUNT(arrays));
    tcase_add_test(tests, cfa_option_overrides);
    tcase_add_test(tests, arrays_of_other_colours);
    tcase_add_test(tests, monochrome_and_linear);
    tcase_add_loop_test(tests, black_by_position, 0, COUNT(arrays));
    tcase_add_loop_test(tests, black_of_other_periods, 0, 5);
    tcase_add_loop_test(tests, orientations, 1, 9);
    tcase_add_test(tests, exposure);
    tcase_add_loop_test(tests, useless_levels, 0, 3);
    tcase_add_loop_test(tests, areas_beyond_the_sensor, 0, 10);
    tcase_add_loop_test(tests, no_such_size, 0, 6);
    tcase_add_loop_test(tests, senseless_colour, 1, 6);
    tcase_add_test(tests, small_dng);
    tcase_add_test(tests, limits);
    tcase_add_test(tests, unprintable_text);
    tcase_add_test(tests, truncation);
    tcase_add_test(tests, headerless_files_are_not_guessed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
