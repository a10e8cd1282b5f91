/* Bare numbers as mosaics without camera metadata: NPY and headerless dumps, sound and wrong. */
#include "plain.h"

#include <math.h>

/* ---- NPY ---- */

/* The bits of a value, exact in every type: integers below 256, or quarters in floats. */
static uint64_t encode(double value, char kind, int bytes) {
    uint64_t bits = 0;
    float single = (float)value;
    uint32_t word;
    if (kind == 'u') return (uint64_t)value;
    if (bytes == 8) memcpy(&bits, &value, 8);
    if (bytes == 4) memcpy(&word, &single, 4), bits = word;
    if (bytes == 2) { /* normal halves only */
        memcpy(&word, &single, 4);
        bits = value == 0 ? 0 : ((word >> 13) - (112u << 10)) & 0x7fff;
    }
    return bits;
}

START_TEST(npy_mosaics) {
    static const struct {
        const char *descr;
        int bytes, big;
        char kind;
        l2l_dtype dtype;
    } cases[] = {
        { "|u1", 1, 0, 'u', L2L_U8 },  { "<u2", 2, 0, 'u', L2L_U16 }, { ">u2", 2, 1, 'u', L2L_U16 },
        { "<f2", 2, 0, 'f', L2L_F32 }, { "<f4", 4, 0, 'f', L2L_F32 }, { ">f4", 4, 1, 'f', L2L_F32 },
        { "<f8", 8, 0, 'f', L2L_F64 }, { ">f8", 8, 1, 'f', L2L_F64 },
    };
    for (int order = 0; order < 2; order++)
        for (int version = 1; version <= 3; version++) {
            unsigned char data[H * W * 8];
            char header[128];
            double unit = cases[_i].kind == 'u' ? 1.0 : 0.25;
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++)
                    put_big(data + (order ? x * H + y : y * W + x) * cases[_i].bytes,
                            encode(sample(y, x, 8) * unit, cases[_i].kind, cases[_i].bytes),
                            cases[_i].bytes, cases[_i].big);
            snprintf(header, sizeof header,
                     "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }   \n",
                     cases[_i].descr, order ? "True" : "False", H, W);
            blob b = make_npy(header, version, data, (size_t)(H * W * cases[_i].bytes));
            l2l_raw *raw = open_blob(b, NULL);
            check_samples(raw, 8, unit);
            ck_assert_int_eq(l2l_raw_mosaic(raw).dtype, cases[_i].dtype);
            ck_assert_str_eq(l2l_raw_get_info(raw)->reader, "npy");
            l2l_raw_close(raw);
            /* One byte short. */
            b.size--;
            refuse_blob(b, NULL, L2L_BAD_DATA, "too short");
            free(b.bytes);
        }
}
END_TEST

START_TEST(npy_special_halves) {
    static const struct {
        uint16_t half;
        double value;
    } cases[] = {
        { 0x0000, 0.0 },       { 0x0001, 0x1p-24 }, { 0x03ff, 1023 * 0x1p-24 },
        { 0x8001, -0x1p-24 },  { 0x0400, 0x1p-14 }, { 0x3c00, 1.0 },
        { 0xc000, -2.0 },      { 0x7bff, 65504.0 }, { 0x7c00, HUGE_VAL },
        { 0xfc00, -HUGE_VAL },
    };
    enum { N = sizeof cases / sizeof cases[0] };
    unsigned char data[2 * (N + 1)];
    for (int i = 0; i < N; i++) put_big(data + 2 * i, cases[i].half, 2, 0);
    put_big(data + 2 * N, 0x7e00, 2, 0);
    blob b = make_npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1, 11)}\n", 1, data,
                      sizeof data);
    l2l_raw *raw = open_blob(b, NULL);
    for (int i = 0; i < N; i++) ck_assert_double_eq(at(raw, 0, i), cases[i].value);
    ck_assert(isnan(at(raw, 0, N)));
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

static const struct {
    const char *header;
    l2l_status status;
    const char *about;
} wrong_headers[] = {
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (5,)}", L2L_UNSUPPORTED, "1 axes" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': ()}", L2L_UNSUPPORTED, "0 axes" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 2, 2)}", L2L_UNSUPPORTED, "3 axes" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (0, 2)}", L2L_BAD_DATA, "2×0" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (-1, 2)}", L2L_BAD_DATA, "shape" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999, 99999999999)}",
      L2L_UNSUPPORTED, "over the limit" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999, 1)}", L2L_BAD_DATA,
      "shape" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (1000, 1000)}", L2L_BAD_DATA,
      "too short" },
    { "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2)}", L2L_UNSUPPORTED, "<i2" },
    { "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2)}", L2L_UNSUPPORTED, "<c8" },
    { "{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (2, 2)}", L2L_BAD_DATA,
      "plain numbers" },
    { "{'descr': '<u2', 'fortran_order': 0, 'shape': (2, 2)}", L2L_BAD_DATA, "fortran_order" },
    { "{'descr': '<u2', 'shape': (2, 2)}", L2L_BAD_DATA, "lacks" },
    { "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 2), 'x': 1}", L2L_BAD_DATA, "key" },
    { "{'descr': '<u2' 'fortran_order': False}", L2L_BAD_DATA, "dictionary" },
    { "{'descr", L2L_BAD_DATA, "dictionary" },
    { "", L2L_BAD_DATA, "dictionary" },
    { "{", L2L_BAD_DATA, "dictionary" },
    { "{}", L2L_BAD_DATA, "lacks" },
};

START_TEST(npy_wrong_headers) {
    unsigned char data[8] = { 0 };
    blob b = make_npy(wrong_headers[_i].header, 1, data, sizeof data);
    refuse_blob(b, NULL, wrong_headers[_i].status, wrong_headers[_i].about);
    free(b.bytes);
}
END_TEST

START_TEST(npy_damage) {
    unsigned char data[H * W * 2] = { 0 };
    blob b = make_npy("{'descr': '<u2', 'fortran_order': True, 'shape': (5, 7), }", 1, data,
                      sizeof data);
    l2l_raw *raw;
    for (size_t size = 1; size < b.size; size++)
        ck_assert_int_ne(l2l_raw_open_memory(context, b.bytes, size, NULL, &raw), L2L_OK);
    for (size_t i = 0; i < b.size - sizeof data; i++)
        for (int bit = 0; bit < 8; bit++) {
            b.bytes[i] ^= (unsigned char)(1 << bit);
            if (l2l_raw_open_memory(context, b.bytes, b.size, NULL, &raw) == L2L_OK)
                l2l_raw_close(raw);
            else
                ck_assert_str_ne(l2l_context_error(context), "");
            b.bytes[i] ^= (unsigned char)(1 << bit);
        }
    b.bytes[6] = 4;
    refuse_blob(b, NULL, L2L_BAD_DATA, "version");
    free(b.bytes);
}
END_TEST

/* ---- dumps ---- */

START_TEST(dumps) {
    static const struct {
        const char *format;
        int bits;
        double white;
        l2l_dtype dtype;
    } cases[] = {
        { "u8", 8, 255, L2L_U8 },        { "u16le", 16, 65535, L2L_U16 },
        { "u16be", 16, 65535, L2L_U16 }, { "p10", 10, 1023, L2L_U16 },
        { "p12", 12, 4095, L2L_U16 },    { "f32le", 0, 1, L2L_F32 },
    };
    blob b = make_dump(cases[_i].format);
    char geometry[64];
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = geometry;
    snprintf(geometry, sizeof geometry, "%dx%d:%s", W, H, cases[_i].format);
    l2l_raw *raw = open_blob(b, &options);
    check_samples(raw, cases[_i].bits ? cases[_i].bits : 16, 1.0);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    char cfa[48];
    l2l_cfa_name(&info->cfa, cfa, sizeof cfa);
    ck_assert_str_eq(cfa, "RGGB");
    ck_assert_int_eq(l2l_raw_mosaic(raw).dtype, cases[_i].dtype);
    ck_assert_double_eq(info->white, cases[_i].white);
    ck_assert_double_eq(info->black[0], 0.0);
    ck_assert_int_eq(info->bits, cases[_i].bits);
    ck_assert_str_eq(info->reader, "dump");
    l2l_raw_close(raw);
    b.size--;
    refuse_blob(b, &options, L2L_BAD_DATA, geometry[0] == '7' ? "7×5" : "");
    b.size += 2;
    refuse_blob(b, &options, L2L_BAD_DATA, "take");
    free(b.bytes);
}
END_TEST

/* From memory they are copied; from a file the bytes that were read are the mosaic. */
START_TEST(packed_dumps_are_kept) {
    static const struct {
        const char *format, *geometry;
        int bits;
        l2l_dtype dtype;
        int64_t stride;
    } cases[] = {
        { "p10", "7x5:p10:BGGR:16", 10, L2L_RAW10, 8 },
        { "p12", "7x5:p12:BGGR:16", 12, L2L_RAW12, 8 },
        { "u8", "7x5:u8:BGGR:16", 8, L2L_U8, 7 }, /* nothing to keep */
    };
    char path[128];
    snprintf(path, sizeof path, "%s", temporary("dump"));
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = cases[_i].geometry;
    options.packed = 1;
    blob b = make_dump(cases[_i].format);
    write_blob(path, b.bytes, b.size);
    for (int from_file = 0; from_file < 2; from_file++) {
        l2l_raw *raw = NULL;
        book.requests = 0;
        if (from_file)
            ck_assert_int_eq(l2l_raw_open_file(context, path, &options, &raw), L2L_OK);
        else
            raw = open_blob(b, &options);
        /* the handle, and the bytes, once */
        ck_assert_int_eq(book.requests, from_file && cases[_i].dtype == L2L_U8 ? 3 : 2);
        ck_assert_int_eq(l2l_raw_mosaic(raw).dtype, cases[_i].dtype);
        ck_assert_int_eq(l2l_raw_mosaic(raw).stride[0], cases[_i].stride);
        ck_assert_int_eq(l2l_raw_get_info(raw)->bits, cases[_i].bits);
        ck_assert_double_eq(l2l_raw_get_info(raw)->black[3], 16);
        check_samples(raw, cases[_i].bits, 1.0);
        ck_assert(!memcmp(l2l_raw_mosaic(raw).data, b.bytes, b.size));
        l2l_raw_close(raw);
    }
    options.max_bytes = (int64_t)b.size;
    l2l_raw_close(open_blob(b, &options));
    options.packed = 0; /* as u16 they take more */
    if (cases[_i].dtype != L2L_U8) refuse_blob(b, &options, L2L_UNSUPPORTED, "of u16 are over");
    options.packed = 2;
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "packed 2");
    remove_temporary("dump");
    free(b.bytes);
}
END_TEST

START_TEST(dump_levels_and_cfa) {
    blob b = make_dump("u16le");
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = "7x5:u16le:gbrg:64.5:1023";
    l2l_raw *raw = open_blob(b, &options);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    char cfa[48];
    l2l_cfa_name(&info->cfa, cfa, sizeof cfa);
    ck_assert_str_eq(cfa, "GBRG");
    for (int i = 0; i < 4; i++) ck_assert_double_eq(info->black[i], 64.5);
    ck_assert_double_eq(info->white, 1023.0);
    ck_assert_int_eq(info->bits, 10);
    l2l_raw_close(raw);
    free(b.bytes);
}
END_TEST

static const char *const wrong_geometries[] = {
    "",
    "7x5",
    "7x5:",
    "7x5:u12",
    "7X5:u16le",
    "7x:u16le",
    "x5:u16le",
    "0x5:u16le",
    "7x0:u16le",
    "-7x5:u16le",
    "7x5x1:u16le",
    "7 x5:u16le",
    "7x5:u16le:",
    "7x5:u16le:RGBX",
    "7x5:u16le:RGGB:",
    "7x5:u16le:RGGB:a",
    "7x5:u16le:RGGB:1e",
    "7x5:u16le:RGGB:nan",
    "7x5:u16le:RGGB:inf",
    "7x5:u16le:RGGB:1e999",
    "7x5:u16le:RGGB:0:",
    "7x5:u16le:RGGB:0:0",
    "7x5:u16le:RGGB:100:50",
    "7x5:u16le:RGGB:0:1023:extra",
    "99999999999999999999999x5:u16le",
    "7x5:u16le:RGGB:"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000001",
};

START_TEST(refused_geometries) {
    blob b = make_dump("u16le");
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = wrong_geometries[_i];
    refuse_blob(b, &options, L2L_INVALID_ARGUMENT, "");
    ck_assert_str_ne(l2l_context_error(context), "");
    free(b.bytes);
}
END_TEST

START_TEST(huge_geometries) {
    static const char *const huge[] = {
        "4000000000x4000000000:u8",
        "4611686018427387903x4611686018427387903:f32le",
        "4611686018427387903x1:p10",
        "65536x65536:u16le",
    };
    blob b = make_dump("u16le");
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = huge[_i];
    long before = book.live_blocks;
    refuse_blob(b, &options, L2L_UNSUPPORTED, "over the limit");
    ck_assert_int_eq(book.live_blocks, before);
    free(b.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("arrays");
    TCase *tests = tcase_create("arrays");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, npy_mosaics, 0, 8);
    tcase_add_test(tests, npy_special_halves);
    tcase_add_loop_test(tests, npy_wrong_headers, 0, COUNT(wrong_headers));
    tcase_add_test(tests, npy_damage);
    tcase_add_loop_test(tests, dumps, 0, 6);
    tcase_add_loop_test(tests, packed_dumps_are_kept, 0, 3);
    tcase_add_test(tests, dump_levels_and_cfa);
    tcase_add_loop_test(tests, refused_geometries, 0, COUNT(wrong_geometries));
    tcase_add_loop_test(tests, huge_geometries, 0, 4);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
