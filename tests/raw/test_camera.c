/* Real camera files: what they say, against figures known from elsewhere; CFA phase, against the
   pictures themselves; and embedded previews. Files that are not there are skipped, loudly. */
#include "fixtures.h"

#include <math.h>
#include <pthread.h>

static ledger book;
static l2l_context *context;

static void set_up(void) {
    context = counted_context(&book);
}

static void tear_down(void) {
    l2l_context_destroy(context);
    ck_assert_int_eq(book.live_blocks, 0);
}

typedef struct expectation {
    const char *file, *make, *cfa;
    int64_t width, height, raw_width, raw_height, top, left;
    int bits;
    double black[4], white, gain[3];
    int has_matrix;
} expectation;

static const expectation files[] = {
    { CANON_30D,
      "Canon",
      "RGGB",
      3522,
      2348,
      3596,
      2360,
      12,
      74,
      12,
      { 128, 128, 127, 128 },
      4095,
      { 2226 / 1024.0, 1, 1485 / 1024.0 },
      1 },
    { "isp-nikon-d750/nikon_d750_rose_rggb.dng",
      "Nikon",
      "RGGB",
      768,
      512,
      768,
      512,
      0,
      0,
      14,
      { 600, 600, 600, 600 },
      15520,
      { 1.94921875, 1, 1.34375 },
      1 },
    { "isp-nikon-d750/nikon_d750_rose_bggr.dng",
      "Nikon",
      "BGGR",
      768,
      512,
      768,
      512,
      0,
      0,
      14,
      { 600, 600, 600, 600 },
      15520,
      { 1.94921875, 1, 1.34375 },
      1 },
    { "isp-nikon-d750/nikon_d750_rose_grbg.dng",
      "Nikon",
      "GRBG",
      768,
      512,
      768,
      512,
      0,
      0,
      14,
      { 600, 600, 600, 600 },
      15520,
      { 1.94921875, 1, 1.34375 },
      1 },
    { "isp-nikon-d750/nikon_d750_rose_gbrg.dng",
      "Nikon",
      "GBRG",
      768,
      512,
      768,
      512,
      0,
      0,
      14,
      { 600, 600, 600, 600 },
      15520,
      { 1.94921875, 1, 1.34375 },
      1 },
    { "gopro-crop/gopro_GOPR0024_rggb.dng",
      "GoPro",
      "RGGB",
      1024,
      768,
      1024,
      768,
      0,
      0,
      14,
      { 0, 0, 0, 0 },
      16383,
      { 1.91424, 1, 1.75009 },
      1 },
    { "ml-canon550d-colorchart/colorchart.dng",
      "Canon",
      "RGGB",
      1734,
      1156,
      1888,
      1182,
      26,
      152,
      14,
      { 2056, 2056, 2056, 2056 },
      15000,
      { 2.477, 1, 1.69425 },
      1 },
    { "sim/sim_kodim19_xtrans.dng",
      "Simulated",
      "GGRGGB/GGBGGR/BRGRBG/GGBGGR/GGRGGB/RBGBRG",
      510,
      768,
      510,
      768,
      0,
      0,
      14,
      { 512, 512, 512, 512 },
      16383,
      { 1, 1, 1 },
      1 },
    { "sim/sim_kodim19_mono.dng",
      "Simulated",
      "MONO",
      512,
      768,
      512,
      768,
      0,
      0,
      14,
      { 512, 512, 512, 512 },
      16383,
      { 1, 1, 1 },
      0 },
};
enum { FILES = sizeof files / sizeof files[0] };

static l2l_raw *open_real(const char *file) {
    blob b = real_file(file);
    if (!b.bytes) return NULL;
    l2l_raw *raw;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw);
    free(b.bytes);
    ck_assert_msg(status == L2L_OK, "%s: %s", file, l2l_context_error(context));
    return raw;
}

START_TEST(metadata) {
    const expectation *e = &files[_i];
    l2l_raw *raw = open_real(e->file);
    if (!raw) return;
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    char cfa[48];
    l2l_cfa_name(&info->cfa, cfa, sizeof cfa);
    ck_assert_str_eq(info->make, e->make);
    ck_assert_str_eq(cfa, e->cfa);
    ck_assert_int_eq(info->width, e->width);
    ck_assert_int_eq(info->height, e->height);
    ck_assert_int_eq(info->raw_width, e->raw_width);
    ck_assert_int_eq(info->raw_height, e->raw_height);
    ck_assert_int_eq(info->top, e->top);
    ck_assert_int_eq(info->left, e->left);
    ck_assert_int_eq(info->bits, e->bits);
    ck_assert_double_eq(info->white, e->white);
    for (int i = 0; i < 4; i++) ck_assert_double_eq(info->black[i], e->black[i]);
    for (int i = 0; i < 3; i++) ck_assert_double_eq_tol(info->gain[i], e->gain[i], 1e-4);
    ck_assert_int_eq(info->has_matrix, e->has_matrix);
    for (int k = 0; k < 3; k++)
        ck_assert_double_eq_tol(
            info->matrix[3 * k] + info->matrix[3 * k + 1] + info->matrix[3 * k + 2], 1.0, 1e-4);
    ck_assert_int_eq(info->orientation, 1);
    l2l_raw_close(raw);
}
END_TEST

/* Neighbouring samples of one scene: red and blue, scaled by the camera's gains, and both greens.
   Averages over the picture by position in the 2×2 period, black level off. */
static void means(const l2l_raw *raw, double mean[4]) {
    l2l_tensor m = l2l_raw_mosaic(raw);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    double sum[4] = { 0 };
    for (int64_t y = 0; y < m.shape[0] / 2 * 2; y++)
        for (int64_t x = 0; x < m.shape[1] / 2 * 2; x++)
            sum[y % 2 * 2 + x % 2] += ((uint16_t *)m.data)[y * m.stride[0] + x];
    for (int i = 0; i < 4; i++)
        mean[i] = sum[i] / (double)(m.shape[0] / 2 * (m.shape[1] / 2)) - info->black[i];
}

/* The two positions that the CFA calls green must agree, and no other two do as well; that catches
   a phase that is off by a row or a column. */
START_TEST(greens_agree) {
    l2l_raw *raw = open_real(files[_i].file);
    if (!raw) return;
    double mean[4], green[2], other[2];
    int greens = 0, others = 0;
    means(raw, mean);
    for (int i = 0; i < 4; i++)
        if (l2l_cfa_color(&l2l_raw_get_info(raw)->cfa, i / 2, i % 2) == 1)
            green[greens++] = mean[i];
        else
            other[others++] = mean[i];
    ck_assert_int_eq(greens, 2);
    ck_assert_msg(fabs(green[0] - green[1]) < 0.01 * green[0], "greens %g %g", green[0], green[1]);
    ck_assert_msg(fabs(other[0] - other[1]) > 0.03 * other[0], "others %g %g", other[0], other[1]);
    l2l_raw_close(raw);
}
END_TEST

/* The four Nikon files show one scene, shifted by a row or a column: each colour has one mean. */
START_TEST(orders_show_one_scene) {
    double reference[3] = { 0 };
    for (int f = 1; f <= 4; f++) {
        l2l_raw *raw = open_real(files[f].file);
        if (!raw) return;
        double mean[4], color[3] = { 0 };
        means(raw, mean);
        for (int i = 0; i < 4; i++)
            color[l2l_cfa_color(&l2l_raw_get_info(raw)->cfa, i / 2, i % 2)] += mean[i];
        for (int c = 0; c < 3; c++) {
            if (f == 1) reference[c] = color[c];
            ck_assert_double_eq_tol(color[c] / reference[c], 1.0, 0.02);
        }
        l2l_raw_close(raw);
    }
}
END_TEST

START_TEST(canon_exposure) {
    l2l_raw *raw = open_real(CANON_30D);
    if (!raw) return;
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_str_eq(info->model, "EOS 30D");
    ck_assert_double_eq(info->iso, 640);
    ck_assert_double_eq_tol(info->shutter_s, 1.0 / 400, 1e-5);
    ck_assert_double_eq_tol(info->aperture, 22, 1e-3);
    ck_assert_double_eq_tol(info->focal_mm, 22, 1e-3);
    ck_assert(llabs((long long)info->timestamp - 1248181400) < 2 * 86400);
    l2l_raw_close(raw);
}
END_TEST

/* The preview is the same picture: its blocks must follow the mosaic's, and best when they lie
   where they should. */
static double agreement(const l2l_raw *raw, const l2l_tensor *preview, int mirror) {
    enum { ROWS = 24, COLUMNS = 36 };
    l2l_tensor m = l2l_raw_mosaic(raw);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    int64_t height = preview->shape[1], width = preview->shape[2];
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, n = ROWS * COLUMNS;
    for (int row = 0; row < ROWS; row++)
        for (int column = 0; column < COLUMNS; column++) {
            double a = 0, b = 0;
            for (int64_t y = row * info->height / ROWS; y < (row + 1) * info->height / ROWS; y++)
                for (int64_t x = column * info->width / COLUMNS;
                     x < (column + 1) * info->width / COLUMNS; x++)
                    a += ((uint16_t *)m.data)[y * m.stride[0] + x];
            int shown = mirror ? COLUMNS - 1 - column : column;
            for (int64_t y = row * height / ROWS; y < (row + 1) * height / ROWS; y++)
                for (int64_t x = shown * width / COLUMNS; x < (shown + 1) * width / COLUMNS; x++)
                    b += pow(((uint8_t *)preview->data)[width * height + y * width + x], 2.2);
            sa += a, sb += b, saa += a * a, sbb += b * b, sab += a * b;
        }
    return (sab - sa * sb / n) / sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

START_TEST(canon_preview) {
    l2l_raw *raw = open_real(CANON_30D);
    if (!raw) return;
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    l2l_tensor preview, again;
    ck_assert_int_eq(info->has_preview, 1);
    ck_assert_int_eq(info->preview_width, 1728);
    ck_assert_int_eq(info->preview_height, 1152);
    ck_assert_int_eq(l2l_raw_preview(context, raw, &preview), L2L_OK);
    ck_assert_int_eq(preview.dtype, L2L_U8);
    ck_assert_int_eq(preview.ndim, 3);
    ck_assert_int_eq(preview.shape[0], 3);
    ck_assert_int_eq(preview.shape[1], 1152);
    ck_assert_int_eq(preview.shape[2], 1728);
    double right = agreement(raw, &preview, 0), mirrored = agreement(raw, &preview, 1);
    ck_assert_msg(right > 0.98 && mirrored < 0.92, "agreement %g, mirrored %g", right, mirrored);
    ck_assert_int_eq(l2l_raw_preview(context, raw, &again), L2L_OK);
    ck_assert_mem_eq(preview.data, again.data, 3 * 1152 * 1728);
    l2l_raw_preview_free(context, &preview);
    ck_assert_ptr_null(preview.data);
    l2l_raw_preview_free(context, &preview);
    l2l_raw_preview_free(context, &again);
    l2l_raw_close(raw);
}
END_TEST

/* The limit counts the whole sensor, not the visible part. */
START_TEST(pixels_of_the_sensor) {
    blob b = real_file(CANON_30D);
    if (!b.bytes) return;
    l2l_raw *raw;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_pixels = 3596 * 2360;
    ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw), L2L_OK);
    ck_assert_int_eq(l2l_raw_get_info(raw)->has_preview, 1);
    l2l_raw_close(raw);
    options.max_pixels = 3596 * 2360 - 1;
    ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw),
                     L2L_UNSUPPORTED);
    free(b.bytes);
}
END_TEST

/* Any number of threads may read one raw, each with a context of its own. */
static void *read_preview(void *argument) {
    l2l_context *own;
    l2l_tensor preview;
    if (l2l_context_create(NULL, &own) != L2L_OK) return NULL;
    bool same = l2l_raw_preview(own, argument, &preview) == L2L_OK;
    if (same) l2l_raw_preview_free(own, &preview);
    l2l_context_destroy(own);
    return same ? argument : NULL;
}

START_TEST(previews_in_parallel) {
    l2l_raw *raw = open_real(CANON_30D);
    if (!raw) return;
    pthread_t threads[4];
    void *result;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_preview, raw), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        ck_assert_ptr_eq(result, raw);
    }
    l2l_raw_close(raw);
}
END_TEST

static const char *const demosaiced[] = {
    "skia-linear-dng/dng_with_preview.dng",
    "skia-linear-dng/sample_1mp.dng",
    "skia-linear-dng/sample_1mp_rotated.dng",
};

START_TEST(demosaiced_files) {
    blob b = real_file(demosaiced[_i]);
    if (!b.bytes) return;
    l2l_raw *raw;
    ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw), L2L_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "already demosaiced"));
    free(b.bytes);
}
END_TEST

START_TEST(headerless_and_png) {
    blob b = real_file("openISP/test.RAW");
    l2l_raw *raw;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    if (b.bytes) {
        ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw),
                         L2L_UNSUPPORTED);
        options.geometry = "1920x1080:u16le:RGGB:0:1023";
        ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw), L2L_OK);
        ck_assert_int_eq(l2l_raw_get_info(raw)->bits, 10);
        l2l_tensor m = l2l_raw_mosaic(raw);
        for (int64_t i = 0; i < 1920 * 1080; i++) ck_assert_int_le(((uint16_t *)m.data)[i], 1023);
        l2l_raw_close(raw);
        free(b.bytes);
    }
    b = real_file("halide/bayer_small.png");
    if (b.bytes) {
        options = (l2l_raw_options)L2L_RAW_OPTIONS_INIT;
        options.cfa = "GRBG";
        options.bits = 10;
        ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw), L2L_OK);
        ck_assert_int_eq(l2l_raw_get_info(raw)->width, 256);
        ck_assert_int_eq(l2l_raw_get_info(raw)->height, 344);
        ck_assert_double_eq(l2l_raw_get_info(raw)->white, 1023);
        l2l_raw_close(raw);
        free(b.bytes);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("camera");
    TCase *tests = tcase_create("camera");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, metadata, 0, FILES);
    tcase_add_loop_test(tests, greens_agree, 0, 7);
    tcase_add_test(tests, orders_show_one_scene);
    tcase_add_test(tests, canon_exposure);
    tcase_add_test(tests, canon_preview);
    tcase_add_test(tests, pixels_of_the_sensor);
    tcase_add_test(tests, previews_in_parallel);
    tcase_add_loop_test(tests, demosaiced_files, 0, 3);
    tcase_add_test(tests, headerless_and_png);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
