/* Damaged files: real ones and made ones, cut short and with bytes changed at random places. Each
   must give a status and a sentence, or a raw whose every sample can be read; without a crash, a
   leak or a word printed. The same damage in every run; L2L_SLOW=1 does twenty times as much. */
#include "fixtures.h"

#include <fcntl.h>
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

static uint64_t state;

/* Marsaglia's xorshift64. */
static uint64_t random_below(uint64_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % bound;
}

/* ---- what is printed while a test runs ---- */

static int saved_stderr = -1, captured = -1;

/* A sanitizer prints its own findings, which must be seen. */
static void capture_stderr(void) {
#ifndef __SANITIZE_ADDRESS__
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    captured = dup(fileno(file));
    fclose(file);
    saved_stderr = dup(2);
    dup2(captured, 2);
#endif
}

static void check_stderr(void) {
    if (captured < 0) return;
    char text[256] = "";
    fflush(stderr);
    dup2(saved_stderr, 2);
    lseek(captured, 0, SEEK_SET);
    ssize_t length = read(captured, text, sizeof text - 1);
    close(captured);
    close(saved_stderr);
    captured = -1;
    ck_assert_msg(length == 0, "printed: %s", text);
}

/* ---- damage ---- */

/* Reads every sample, so that a view beyond its buffer shows itself. */
static double read_all(const l2l_raw *raw) {
    l2l_tensor m = l2l_raw_mosaic(raw);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    double sum = 0;
    ck_assert_int_eq(m.shape[0], info->height);
    ck_assert_int_eq(m.shape[1], info->width);
    for (int64_t y = 0; y < m.shape[0]; y++)
        for (int64_t x = 0; x < m.shape[1]; x++) {
            int64_t i = y * m.stride[0] + x * m.stride[1];
            sum += m.dtype == L2L_U16   ? ((uint16_t *)m.data)[i]
                   : m.dtype == L2L_F32 ? (double)((float *)m.data)[i]
                                        : ((uint8_t *)m.data)[i];
        }
    return sum;
}

static void check_info(const l2l_raw_info *info) {
    ck_assert(isfinite(info->white));
    for (int i = 0; i < 4; i++) ck_assert(isfinite(info->black[i]) && info->white > info->black[i]);
    for (int i = 0; i < 3; i++) ck_assert(isfinite(info->gain[i]) && info->gain[i] > 0);
    for (int i = 0; i < 9; i++) ck_assert(isfinite(info->matrix[i]));
    ck_assert(info->orientation >= 1 && info->orientation <= 8);
    ck_assert(isfinite(info->iso) && isfinite(info->shutter_s) && isfinite(info->aperture));
    ck_assert(info->cfa.width >= 1 && info->cfa.width <= 6 && info->cfa.height <= 6);
    ck_assert_ptr_nonnull(memchr(info->make, 0, sizeof info->make));
    ck_assert_ptr_nonnull(memchr(info->model, 0, sizeof info->model));
}

/* Opens the bytes; true if they pass for a raw. */
static bool try_bytes(const unsigned char *bytes, size_t size) {
    l2l_raw *raw;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.max_pixels = 1 << 24; /* changed sizes must not make the test slow */
    l2l_status status = l2l_raw_open_memory(context, bytes, size, &options, &raw);
    if (status != L2L_OK) {
        ck_assert_msg(status == L2L_BAD_DATA || status == L2L_UNSUPPORTED, "status %d: %s", status,
                      l2l_context_error(context));
        ck_assert_ptr_null(raw);
        ck_assert_str_ne(l2l_context_error(context), "");
        return false;
    }
    check_info(l2l_raw_get_info(raw));
    ck_assert(read_all(raw) >= 0);
    l2l_tensor preview;
    if (l2l_raw_get_info(raw)->has_preview && l2l_raw_preview(context, raw, &preview) == L2L_OK)
        l2l_raw_preview_free(context, &preview);
    l2l_raw_close(raw);
    return true;
}

/* Truncations and mutations of a file; the more the smaller it is. */
static void damage(blob b, int header) {
    int slow = getenv("L2L_SLOW") ? 20 : 1;
    int rounds = slow * (b.size < 10000 ? 2000 : b.size < 1000000 ? 150 : 25);
    size_t head = b.size < 65536 ? b.size : 65536;
    unsigned char *copy = malloc(b.size);
    ck_assert_ptr_nonnull(copy);
    ck_assert(try_bytes(b.bytes, b.size));
    for (int i = 0; i < rounds; i++) {
        size_t size = 1 + (size_t)random_below(i % 2 ? head : b.size - 1);
        /* Exactly so many bytes, so that a sanitizer sees the first one too far. */
        unsigned char *part = malloc(size);
        memcpy(part, b.bytes, size);
        try_bytes(part, size);
        free(part);
    }
    for (int i = 0; i < rounds; i++) {
        size_t within = i % 4 ? (size_t)header < head ? (size_t)header : head : b.size;
        memcpy(copy, b.bytes, b.size);
        for (uint64_t n = 1 + random_below(8); n > 0; n--) {
            static const unsigned char extremes[] = { 0x00, 0xff, 0x7f, 0x80, 0x01 };
            size_t place = (size_t)random_below(within);
            copy[place] =
                random_below(2) ? extremes[random_below(5)] : (unsigned char)random_below(256);
        }
        try_bytes(copy, b.size);
    }
    free(copy);
}

static const struct {
    const char *name;
    int header; /* bytes in which most of the changes fall */
} files[] = {
    { CANON_30D, 30000 },
    { "isp-nikon-d750/nikon_d750_rose_gbrg.dng", 2048 },
    { "gopro-crop/gopro_GOPR0024_rggb.dng", 2048 },
    { "ml-canon550d-colorchart/colorchart.dng", 4096 },
    { "sim/sim_kodim19_xtrans.dng", 2048 },
    { "sim/sim_kodim19_mono.dng", 2048 },
    { "halide/bayer_small.png", 64 },
};
enum { FILES = sizeof files / sizeof files[0] };

START_TEST(real_files) {
    blob b = real_file(files[_i].name);
    if (!b.bytes) return;
    state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
    capture_stderr();
    damage(b, files[_i].header);
    check_stderr();
    free(b.bytes);
}
END_TEST

/* Files that are refused when sound must be refused in pieces too, quietly. */
START_TEST(demosaiced_file) {
    blob b = real_file("skia-linear-dng/dng_with_preview.dng");
    if (!b.bytes) return;
    state = 77;
    capture_stderr();
    for (int i = 0; i < 200; i++) {
        size_t place = (size_t)random_below(b.size);
        unsigned char kept = b.bytes[place];
        b.bytes[place] ^= (unsigned char)(1 + random_below(255));
        try_bytes(b.bytes, b.size);
        b.bytes[place] = kept;
    }
    check_stderr();
    free(b.bytes);
}
END_TEST

START_TEST(made_dng) {
    dng d = dng_new(40, 30);
    if (_i == 1) dng_set_cfa(&d, 6, "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG");
    if (_i == 2) {
        dng_set(&d, 50713, DNG_SHORT, 2, (int64_t[]){ 2, 2 });
        dng_set(&d, 50714, DNG_LONG, 4, (int64_t[]){ 101, 202, 303, 404 });
        dng_set(&d, 50829, DNG_LONG, 4, (int64_t[]){ 3, 5, 28, 38 });
    }
    blob b = dng_write(&d);
    state = 4711 + (uint64_t)_i;
    capture_stderr();
    damage(b, (int)b.size - 2400);
    check_stderr();
    free(b.bytes);
}
END_TEST

enum { NOISES = 16 };

START_TEST(noise) {
#define START(text)                                                                                \
    { text, sizeof text - 1 }
    static const struct {
        const char *bytes;
        size_t length;
    } starts[NOISES] = {
        START("II*\0\10\0\0\0"),
        START("MM\0*\0\0\0\10"),
        START("FUJIFILMCCD-RAW "),
        START("\0MRM"),
        START("FOVb"),
        START("IIRO\10\0\0\0"),
        START("IIU\0\10\0\0\0"),
        START("II\x1a\0\0\0HEAPCCDR"),
        START("\x93NUMPY\1\0v\0"),
        START("\x89PNG\r\n\x1a\n"),
        START("\0\0\0\x18\x66typcrx "),
        START("\xff\xd8\xff\xe1"),
        START("qktk"),
        START("NOKIARAW"),
        START("ARRI"),
        START(""),
    };
#undef START
    unsigned char bytes[4096];
    state = 1234567 + (uint64_t)_i;
    capture_stderr();
    for (int i = 0; i < 300; i++) {
        size_t size = 64 + (size_t)random_below(sizeof bytes - 64);
        for (size_t k = 0; k < size; k++)
            bytes[k] = (unsigned char)(random_below(3) ? random_below(256) : 0);
        memcpy(bytes, starts[_i].bytes, starts[_i].length);
        try_bytes(bytes, size);
    }
    check_stderr();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("damage");
    TCase *tests = tcase_create("damage");
    tcase_set_timeout(tests, getenv("L2L_SLOW") ? 3000 : 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, real_files, 0, FILES);
    tcase_add_test(tests, demosaiced_file);
    tcase_add_loop_test(tests, made_dng, 0, 3);
    tcase_add_loop_test(tests, noise, 0, NOISES);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
