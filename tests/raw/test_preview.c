/* Embedded previews, on DNGs with JPEGs made on the spot: the largest one counts, and a damaged one
   harms nothing else. */
#include "fixtures.h"

#include <jpeglib.h>

static ledger book;
static l2l_context *context;

static void set_up(void) {
    context = counted_context(&book);
}

static void tear_down(void) {
    l2l_context_destroy(context);
    ck_assert_int_eq(book.live_blocks, 0);
}

/* Smooth colours that JPEG keeps well: value of channel c at a site. */
static int shade(int c, int y, int x, int height, int width) {
    return c == 0 ? 20 + 200 * x / width : c == 1 ? 20 + 200 * y / height : 128;
}

static blob make_jpeg(int width, int height, int components, bool progressive) {
    static const J_COLOR_SPACE spaces[] = { JCS_UNKNOWN, JCS_GRAYSCALE, JCS_UNKNOWN, JCS_RGB,
                                            JCS_CMYK };
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL, *row = malloc((size_t)(width * components));
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = components;
    jpeg.in_color_space = spaces[components];
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++)
            for (int c = 0; c < components; c++)
                row[x * components + c] = (unsigned char)shade(c, y, x, height, width);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    return (blob){ bytes, size };
}

/* A DNG of 32×24 with pieces behind it, some bytes of other things between. */
static blob dng_with(const blob *pieces, int count) {
    dng d = dng_new(32, 24);
    blob b = dng_write(&d);
    for (int i = 0; i < count; i++) {
        b.bytes = realloc(b.bytes, b.size + pieces[i].size + 7);
        memset(b.bytes + b.size, 0xff, 7);
        memcpy(b.bytes + b.size + 7, pieces[i].bytes, pieces[i].size);
        b.size += pieces[i].size + 7;
    }
    return b;
}

static l2l_raw *open_with(const blob *pieces, int count, const l2l_raw_options *options) {
    blob b = dng_with(pieces, count);
    l2l_raw *raw;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    memset(b.bytes, 0, b.size);
    free(b.bytes);
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(context));
    ck_assert_str_eq(l2l_raw_get_info(raw)->reader, "libraw");
    return raw;
}

static void check_preview(const l2l_raw *raw, int width, int height) {
    l2l_tensor preview;
    ck_assert_int_eq(l2l_raw_get_info(raw)->has_preview, 1);
    ck_assert_int_eq(l2l_raw_get_info(raw)->preview_width, width);
    ck_assert_int_eq(l2l_raw_get_info(raw)->preview_height, height);
    ck_assert_msg(l2l_raw_preview(context, raw, &preview) == L2L_OK, "%s",
                  l2l_context_error(context));
    ck_assert_int_eq(preview.shape[1], height);
    ck_assert_int_eq(preview.shape[2], width);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                int value = ((uint8_t *)preview.data)[(c * height + y) * width + x];
                ck_assert_int_le(abs(value - shade(c, y, x, height, width)), 16);
            }
    l2l_raw_preview_free(context, &preview);
}

START_TEST(one_of_each_kind) {
    blob jpeg = make_jpeg(50, 34, 3, _i);
    l2l_raw *raw = open_with(&jpeg, 1, NULL);
    check_preview(raw, 50, 34);
    l2l_raw_close(raw);
    free(jpeg.bytes);
}
END_TEST

START_TEST(largest_of_many) {
    blob pieces[] = {
        make_jpeg(16, 12, 3, false),   make_jpeg(80, 60, 3, false), make_jpeg(64, 48, 3, true),
        make_jpeg(200, 150, 1, false), /* gray: may be part of a mosaic */
        make_jpeg(200, 150, 4, false), /* CMYK */
    };
    l2l_raw *raw = open_with(pieces, 5, NULL);
    check_preview(raw, 80, 60);
    l2l_raw_close(raw);
    for (int i = 0; i < 5; i++) free(pieces[i].bytes);
}
END_TEST

START_TEST(none) {
    blob gray = make_jpeg(40, 30, 1, false);
    l2l_raw *raw = open_with(&gray, 1, NULL);
    l2l_tensor preview = { 0 };
    ck_assert_int_eq(l2l_raw_get_info(raw)->has_preview, 0);
    ck_assert_int_eq(l2l_raw_preview(context, raw, &preview), L2L_STATE);
    ck_assert_ptr_null(preview.data);
    l2l_raw_close(raw);
    free(gray.bytes);
}
END_TEST

START_TEST(over_the_limits) {
    blob jpeg = make_jpeg(64, 48, 3, false);
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_pixels = 64 * 48 - 1;
    l2l_raw *raw = open_with(&jpeg, 1, &options);
    ck_assert_int_eq(l2l_raw_get_info(raw)->has_preview, 0);
    l2l_raw_close(raw);
    options.max_pixels = 64 * 48;
    raw = open_with(&jpeg, 1, &options);
    check_preview(raw, 64, 48);
    l2l_raw_close(raw);
    free(jpeg.bytes);
}
END_TEST

/* Cut short anywhere: no preview if the header is gone, else a clean failure when it is decoded;
   the mosaic is read in any case. */
START_TEST(cut_short) {
    blob jpeg = make_jpeg(64, 48, 3, _i), part = jpeg;
    int absent = 0, refused = 0;
    for (part.size = 2; part.size < jpeg.size - 2; part.size += 7) {
        l2l_tensor preview = { 0 };
        l2l_raw *raw = open_with(&part, 1, NULL);
        if (l2l_raw_get_info(raw)->has_preview) {
            l2l_status status = l2l_raw_preview(context, raw, &preview);
            ck_assert_int_eq(status, L2L_BAD_DATA);
            ck_assert_ptr_null(preview.data);
            ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "64×48"));
            refused++;
        } else
            absent++;
        l2l_raw_close(raw);
    }
    ck_assert_int_gt(refused, 10);
    ck_assert_int_gt(absent, 10);
    free(jpeg.bytes);
}
END_TEST

START_TEST(changed_bytes) {
    blob jpeg = make_jpeg(64, 48, 3, _i);
    for (size_t place = 0; place < jpeg.size; place++) {
        l2l_tensor preview = { 0 };
        unsigned char kept = jpeg.bytes[place];
        jpeg.bytes[place] ^= 0x5a;
        l2l_raw *raw = open_with(&jpeg, 1, NULL);
        if (l2l_raw_get_info(raw)->has_preview && l2l_raw_preview(context, raw, &preview) == L2L_OK)
            l2l_raw_preview_free(context, &preview);
        l2l_raw_close(raw);
        jpeg.bytes[place] = kept;
    }
    free(jpeg.bytes);
}
END_TEST

/* A file that is nothing but beginnings of JPEGs, and one of segments without an end. */
START_TEST(many_beginnings) {
    enum { SIZE = 4 << 20 };
    blob piece = { malloc(SIZE), SIZE };
    for (size_t i = 0; i < SIZE; i++) piece.bytes[i] = i % 2 ? 0xd8 : 0xff;
    l2l_raw *raw = open_with(&piece, 1, NULL);
    ck_assert_int_eq(l2l_raw_get_info(raw)->has_preview, 0);
    l2l_raw_close(raw);
    for (size_t i = 0; i < SIZE; i++)
        piece.bytes[i] = "\xff\xd8\xff\xe0\0\4"[i % 6 < 2 ? i % 6 : 2 + i % 4];
    raw = open_with(&piece, 1, NULL);
    ck_assert_int_eq(l2l_raw_get_info(raw)->has_preview, 0);
    l2l_raw_close(raw);
    free(piece.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("preview");
    TCase *tests = tcase_create("preview");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, one_of_each_kind, 0, 2);
    tcase_add_test(tests, largest_of_many);
    tcase_add_test(tests, none);
    tcase_add_test(tests, over_the_limits);
    tcase_add_loop_test(tests, cut_short, 0, 2);
    tcase_add_loop_test(tests, changed_bytes, 0, 2);
    tcase_add_test(tests, many_beginnings);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
