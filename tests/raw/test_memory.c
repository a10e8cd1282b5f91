/* The library's own allocations, through the context's hook: for every n the nth fails, in opening
   a raw of every kind and in decoding a preview; each time a clean status and nothing left behind.
 */
#include "fixtures.h"

#include <jpeglib.h>
#include <png.h>

/* Opens, reads the preview if there is one, closes. */
static l2l_status use_raw(l2l_context *context, blob b, const char *path, const char *geometry) {
    l2l_raw *raw = NULL;
    l2l_tensor preview;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = geometry;
    l2l_status status = path ? l2l_raw_open_file(context, path, &options, &raw)
                             : l2l_raw_open_memory(context, b.bytes, b.size, &options, &raw);
    if (status != L2L_OK) {
        ck_assert_ptr_null(raw);
        return status;
    }
    if (l2l_raw_get_info(raw)->has_preview) {
        status = l2l_raw_preview(context, raw, &preview);
        if (status == L2L_OK) l2l_raw_preview_free(context, &preview);
    }
    l2l_raw_close(raw);
    return status;
}

/* Returns how many allocations one use makes. */
static long fail_each(blob b, const char *path, const char *geometry) {
    ledger book;
    l2l_context *context = counted_context(&book);
    long before = book.live_blocks;
    size_t bytes = book.live_bytes;
    for (long n = 0;; n++) {
        ck_assert_int_lt(n, 100);
        book.requests = 0;
        book.fail_at = n;
        l2l_status status = use_raw(context, b, path, geometry);
        ck_assert_int_eq(book.live_blocks, before);
        ck_assert_uint_eq(book.live_bytes, bytes);
        if (status == L2L_OK) {
            ck_assert_int_eq(book.requests, n); /* nothing failed, so there was no nth */
            l2l_context_destroy(context);
            ck_assert_int_eq(book.live_blocks, 0);
            return n;
        }
        ck_assert_int_eq(status, L2L_OUT_OF_MEMORY);
        ck_assert_ptr_nonnull(strstr(l2l_context_error(context), "memory"));
    }
}

static void fail_each_way(blob b, const char *geometry, long allocations) {
    char path[128];
    snprintf(path, sizeof path, "%s", temporary("input"));
    write_blob(path, b.bytes, b.size);
    ck_assert_int_eq(fail_each(b, NULL, geometry), allocations);
    ck_assert_int_eq(fail_each(b, path, geometry), allocations + 1); /* the file's bytes */
    remove_temporary("input");
    free(b.bytes);
}

START_TEST(dump) {
    blob b = { calloc(1, 12), 12 };
    fail_each_way(b, "2x3:u16le", 2);
}
END_TEST

/* One more where samples are expanded; one less where the file's bytes become the mosaic. */
START_TEST(packed_dump) {
    char path[128];
    blob b = { calloc(1, 9), 9 };
    snprintf(path, sizeof path, "%s", temporary("input"));
    write_blob(path, b.bytes, b.size);
    ck_assert_int_eq(fail_each(b, NULL, "2x3:p12"), 3);
    ck_assert_int_eq(fail_each(b, path, "2x3:p12"), 3);
    remove_temporary("input");
    free(b.bytes);
}
END_TEST

START_TEST(npy) {
    static const char header[] = "{'descr': '<u2', 'fortran_order': True, 'shape': (2, 3)}  \n";
    blob b = { calloc(1, 10 + sizeof header - 1 + 12), 10 + sizeof header - 1 + 12 };
    memcpy(b.bytes, "\x93NUMPY\1\0", 8);
    b.bytes[8] = sizeof header - 1;
    memcpy(b.bytes + 10, header, sizeof header - 1);
    fail_each_way(b, NULL, 3);
}
END_TEST

START_TEST(png) {
    blob b = { malloc(4096), 4096 };
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 4, .height = 4, .format = PNG_FORMAT_GRAY
    };
    unsigned char gray[16] = { 1, 2, 3 };
    png_alloc_size_t size = b.size;
    ck_assert(png_image_write_to_memory(&image, b.bytes, &size, 0, gray, 4, NULL));
    b.size = size;
    fail_each_way(b, NULL, 2);
}
END_TEST

START_TEST(tiff) {
    dng d = dng_new(8, 8); /* without what makes it a DNG */
    for (int i = 0; i < d.count; i++)
        if (d.tags[i].tag == 271 || d.tags[i].tag > 33000) d.tags[i--] = d.tags[--d.count];
    dng_set_one(&d, 262, DNG_SHORT, 1);
    fail_each_way(dng_write(&d), NULL, 2);
}
END_TEST

START_TEST(camera_with_preview) {
    dng d = dng_new(32, 24);
    blob b = dng_write(&d);
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL, row[16 * 3] = { 0 }, *rows = row;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = jpeg.image_height = 16;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < 16; y++) jpeg_write_scanlines(&jpeg, &rows, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    b.bytes = realloc(b.bytes, b.size + size);
    memcpy(b.bytes + b.size, bytes, size);
    b.size += size;
    free(bytes);
    fail_each_way(b, NULL, 3); /* the handle, the preview's bytes, the decoded preview */
}
END_TEST

/* Memory stays far below what hostile headers ask for: nothing is allocated before it is checked.
 */
START_TEST(no_allocation_over_the_limits) {
    ledger book;
    l2l_context *context = counted_context(&book);
    static const char header[] =
        "{'descr': '<f8', 'fortran_order': False, 'shape': (30000, 30000)}\n";
    blob b = { calloc(1, 200), 200 };
    memcpy(b.bytes, "\x93NUMPY\1\0", 8);
    b.bytes[8] = sizeof header - 1;
    memcpy(b.bytes + 10, header, sizeof header - 1);
    book.requests = 0;
    l2l_raw *raw;
    ck_assert_int_eq(l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw), L2L_BAD_DATA);
    ck_assert_int_eq(book.requests, 1); /* the handle */
    l2l_context_destroy(context);
    free(b.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, dump);
    tcase_add_test(tests, packed_dump);
    tcase_add_test(tests, npy);
    tcase_add_test(tests, png);
    tcase_add_test(tests, tiff);
    tcase_add_test(tests, camera_with_preview);
    tcase_add_test(tests, no_allocation_over_the_limits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
