/* Pictures as mosaics without camera metadata: PNG and TIFF, sound and wrong. */
#include "plain.h"

#include <math.h>

/* ---- PNG ---- */

START_TEST(png_mosaics) {
    static const struct {
        int bits, interlace;
        l2l_dtype dtype;
        double white;
    } cases[] = {
        { 8, PNG_INTERLACE_NONE, L2L_U8, 255 },
        { 16, PNG_INTERLACE_NONE, L2L_U16, 65535 },
        { 16, PNG_INTERLACE_ADAM7, L2L_U16, 65535 },
        { 8, PNG_INTERLACE_ADAM7, L2L_U8, 255 },
    };
    blob b = make_png(cases[_i].bits, PNG_COLOR_TYPE_GRAY, cases[_i].interlace);
    l2l_raw *raw = open_blob(b, NULL);
    check_samples(raw, cases[_i].bits, 1.0);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_int_eq(l2l_raw_mosaic(raw).dtype, cases[_i].dtype);
    ck_assert_double_eq(info->white, cases[_i].white);
    ck_assert_int_eq(info->bits, cases[_i].bits);
    ck_assert_str_eq(info->reader, "png");
    ck_assert_int_eq(info->orientation, 1);
    ck_assert_int_eq(info->has_gain | info->has_matrix | info->has_preview, 0);
    for (int i = 0; i < 9; i++) ck_assert_double_eq(info->matrix[i], i % 4 == 0);
    for (int i = 0; i < 3; i++) ck_assert_double_eq(info->gain[i], 1.0);
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

START_TEST(png_of_other_kinds) {
    static const struct {
        int bits, color;
    } cases[] = {
        { 8, PNG_COLOR_TYPE_RGB },        { 16, PNG_COLOR_TYPE_RGB_ALPHA },
        { 8, PNG_COLOR_TYPE_GRAY_ALPHA }, { 4, PNG_COLOR_TYPE_GRAY },
        { 1, PNG_COLOR_TYPE_GRAY },
    };
    blob b = make_png(cases[_i].bits, cases[_i].color, PNG_INTERLACE_NONE);
    refuse_blob(b, NULL, L2L_UNSUPPORTED, "colour type");
    free(b.bytes);
}
END_TEST

/* Every truncation, and every byte changed: a clean status; and success only where the change is in
   what the picture does not need. libpng checks sums, so changed pixels cannot pass. */
START_TEST(png_damage) {
    blob b = make_png(16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    l2l_raw *raw;
    for (size_t size = 1; size < b.size; size++) {
        l2l_status status = l2l_raw_open_memory(context, b.bytes, size, NULL, &raw);
        ck_assert_int_eq(status, L2L_BAD_DATA);
        ck_assert_str_ne(l2l_context_error(context), "");
    }
    for (size_t i = 0; i < b.size; i++) {
        b.bytes[i] ^= 0x55;
        if (l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw) == L2L_OK) {
            check_samples(raw, 16, 1.0);
            l2l_raw_close(raw);
        }
        b.bytes[i] ^= 0x55;
    }
    free(b.bytes);
}
END_TEST

/* ---- TIFF ---- */

static const tiff_case tiff_cases[] = {
    { 8, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 5, "w" },
    { 16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 2, "w" },
    { 16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 2, "wb" }, /* big-endian */
    { 16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 2, "w8" }, /* BigTIFF */
    { 16, SAMPLEFORMAT_UINT, COMPRESSION_LZW, 0, 3, "w" },
    { 16, SAMPLEFORMAT_UINT, COMPRESSION_ADOBE_DEFLATE, 0, 1, "w" },
    { 8, SAMPLEFORMAT_UINT, COMPRESSION_PACKBITS, 0, 4, "w" },
    { 16, SAMPLEFORMAT_UINT, COMPRESSION_LZW, 1, 0, "w" },
    { 8, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 1, 0, "wb" },
    { 32, SAMPLEFORMAT_IEEEFP, COMPRESSION_NONE, 0, 5, "w" },
    { 32, SAMPLEFORMAT_IEEEFP, COMPRESSION_ADOBE_DEFLATE, 1, 0, "w" },
    { 64, SAMPLEFORMAT_IEEEFP, COMPRESSION_NONE, 0, 2, "wb" },
    { 10, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 2, "w" },
    { 12, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 5, "w" },
    { 12, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 1, "wb" },
    { 14, SAMPLEFORMAT_UINT, COMPRESSION_LZW, 0, 3, "w" },
    { 10, SAMPLEFORMAT_UINT, COMPRESSION_ADOBE_DEFLATE, 1, 0, "w" },
    { 12, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 1, 0, "w" },
    { 14, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 1, 0, "wb" },
};
enum { FIRST_PACKED = 12 };

START_TEST(tiff_mosaics) {
    const tiff_case *c = &tiff_cases[_i];
    bool is_float = c->format == SAMPLEFORMAT_IEEEFP;
    blob b = make_tiff(c, 1, PHOTOMETRIC_MINISBLACK);
    l2l_raw *raw = open_blob(b, NULL);
    if (!is_float) ck_assert_int_eq(l2l_raw_mosaic(raw).dtype, c->bits == 8 ? L2L_U8 : L2L_U16);
    check_samples(raw, c->bits > 16 ? 16 : c->bits, is_float ? 1.0 / 65536.0 : 1.0);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_double_eq(info->white, is_float ? 1.0 : ldexp(1.0, c->bits) - 1.0);
    ck_assert_int_eq(info->bits, is_float ? 0 : c->bits);
    ck_assert_str_eq(info->reader, "tiff");
    ck_assert_str_eq(info->software, "a test ?");
    ck_assert_int_eq(info->orientation, 6);
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

START_TEST(tiff_mosaics_stay_packed) {
    const tiff_case *c = &tiff_cases[_i];
    static const l2l_dtype packings[] = { [10] = L2L_BITS10, [12] = L2L_BITS12, [14] = L2L_BITS14 };
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.packed = 1;
    blob b = make_tiff(c, 1, PHOTOMETRIC_MINISBLACK);
    l2l_raw *raw = open_blob(b, &options);
    ck_assert_int_eq(l2l_raw_mosaic(raw).dtype, packings[c->bits]);
    ck_assert_int_eq(l2l_raw_mosaic(raw).stride[0], 8);
    check_samples(raw, c->bits, 1.0);
    ck_assert_double_eq(l2l_raw_get_info(raw)->white, ldexp(1.0, c->bits) - 1.0);
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

/* Tiles side by side, the last ones with samples beyond the picture. */
START_TEST(tiff_of_many_tiles) {
    enum { SIDE = 16, ACROSS = 3, DOWN = 2, WIDTH = 41, HEIGHT = 19 };
    static const int bits_of[] = { 8, 10, 12, 14, 16 };
    const int bits = bits_of[_i];
    const char *path = temporary("mosaic.tif");
    TIFF *tiff = TIFFOpen(path, "w");
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, SIDE);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, SIDE);
    for (int t = 0; t < ACROSS * DOWN; t++) {
        unsigned char tile[SIDE * SIDE * 2];
        int left = t % ACROSS * SIDE, top = t / ACROSS * SIDE;
        for (int i = 0; i < SIDE * SIDE; i++)
            put_integer(tile, i, bits, sample(top + i / SIDE, left + i % SIDE, bits));
        ck_assert_int_ge(TIFFWriteTile(tiff, tile, (uint32_t)left, (uint32_t)top, 0, 0), 0);
    }
    TIFFClose(tiff);
    blob b = read_blob(path);
    remove_temporary("mosaic.tif");
    for (int packed = 0; packed < 2; packed++) {
        l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
        options.packed = packed;
        l2l_raw *raw = open_blob(b, &options);
        ck_assert_int_eq(l2l_dtype_group(l2l_raw_mosaic(raw).dtype) > 1, packed && bits % 8);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) ck_assert_double_eq(at(raw, y, x), sample(y, x, bits));
        l2l_raw_close(raw);
    }
    free(b.bytes);
}
END_TEST

START_TEST(tiff_of_other_kinds) {
    tiff_case c = { 16, SAMPLEFORMAT_UINT, COMPRESSION_NONE, 0, 5, "w" };
    blob b = make_tiff(&c, 3, PHOTOMETRIC_RGB);
    refuse_blob(b, NULL, L2L_UNSUPPORTED, "3 samples a pixel");
    free(b.bytes);
    b = make_tiff(&c, 1, PHOTOMETRIC_MINISWHITE);
    refuse_blob(b, NULL, L2L_UNSUPPORTED, "photometric");
    free(b.bytes);
    c.bits = 32;
    b = make_tiff(&c, 1, PHOTOMETRIC_MINISBLACK);
    refuse_blob(b, NULL, L2L_UNSUPPORTED, "32-bit");
    free(b.bytes);
    c.bits = 16;
    c.format = SAMPLEFORMAT_INT;
    b = make_tiff(&c, 1, PHOTOMETRIC_MINISBLACK);
    refuse_blob(b, NULL, L2L_UNSUPPORTED, "16-bit samples of format 2");
    free(b.bytes);
}
END_TEST

START_TEST(tiff_damage) {
    blob b = make_tiff(&tiff_cases[_i], 1, PHOTOMETRIC_MINISBLACK);
    l2l_raw *raw;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_pixels = 1 << 20; /* a changed width must not make the test slow */
    for (size_t size = 1; size < b.size; size++)
        if (l2l_raw_open_memory(context, b.bytes, size, &options, &raw) == L2L_OK)
            l2l_raw_close(raw);
        else
            ck_assert_str_ne(l2l_context_error(context), "");
    for (size_t i = 0; i < b.size; i++) {
        b.bytes[i] ^= 0xaa;
        if (l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw) == L2L_OK)
            l2l_raw_close(raw);
        else
            ck_assert_str_ne(l2l_context_error(context), "");
        b.bytes[i] ^= 0xaa;
    }
    free(b.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("images");
    TCase *tests = tcase_create("images");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, png_mosaics, 0, 4);
    tcase_add_loop_test(tests, png_of_other_kinds, 0, 5);
    tcase_add_test(tests, png_damage);
    tcase_add_loop_test(tests, tiff_mosaics, 0, COUNT(tiff_cases));
    tcase_add_loop_test(tests, tiff_mosaics_stay_packed, FIRST_PACKED, COUNT(tiff_cases));
    tcase_add_loop_test(tests, tiff_of_many_tiles, 0, 5);
    tcase_add_test(tests, tiff_of_other_kinds);
    tcase_add_loop_test(tests, tiff_damage, 0, COUNT(tiff_cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
