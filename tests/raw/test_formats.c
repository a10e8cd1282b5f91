/* Mosaics without camera metadata: PNG, TIFF, NPY and headerless dumps, sound and wrong ones. */
#include "fixtures.h"

#include <math.h>
#include <png.h>
#include <sys/stat.h>
#include <tiffio.h>

static ledger book;
static l2l_context *context;

static void set_up(void) {
    context = counted_context(&book);
}

/* Whatever a test opened must be freed by now. */
static void tear_down(void) {
    l2l_context_destroy(context);
    ck_assert_int_eq(book.live_blocks, 0);
    ck_assert_uint_eq(book.live_bytes, 0);
}

enum { W = 7, H = 5 };

/* A value that needs all bits of its type and differs at every site. */
static unsigned sample(int y, int x, int bits) {
    return (unsigned)(y * 9973 + x * 7919 + 1) & ((1u << bits) - 1);
}

static l2l_raw *open_blob(blob b, const l2l_raw_options *options) {
    l2l_raw *raw;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(context));
    return raw;
}

/* The status, with a sentence that contains `about`. */
static void refuse_blob(blob b, const l2l_raw_options *options, l2l_status expected,
                        const char *about) {
    l2l_raw *raw = (l2l_raw *)&book;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    ck_assert_msg(status == expected, "status %d: %s", status, l2l_context_error(context));
    ck_assert_ptr_null(raw);
    ck_assert_msg(strstr(l2l_context_error(context), about), "\"%s\" lacks \"%s\"",
                  l2l_context_error(context), about);
}

static double at(const l2l_raw *raw, int64_t y, int64_t x) {
    l2l_tensor m = l2l_raw_mosaic(raw);
    int64_t i = y * m.stride[0] + x * m.stride[1];
    return m.dtype == L2L_U8    ? ((uint8_t *)m.data)[i]
           : m.dtype == L2L_U16 ? ((uint16_t *)m.data)[i]
           : m.dtype == L2L_F32 ? (double)((float *)m.data)[i]
                                : ((double *)m.data)[i];
}

static void check_samples(const l2l_raw *raw, int bits, double scale) {
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    ck_assert_int_eq(info->width, W);
    ck_assert_int_eq(info->height, H);
    ck_assert_int_eq(info->raw_width, W);
    ck_assert_int_eq(info->raw_height, H);
    ck_assert_int_eq(l2l_raw_mosaic(raw).shape[0], H);
    ck_assert_int_eq(l2l_raw_mosaic(raw).shape[1], W);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) ck_assert_double_eq(at(raw, y, x), sample(y, x, bits) * scale);
}

/* ---- PNG ---- */

static blob make_png(int bits, int color, int interlace) {
    const char *path = temporary("mosaic.png");
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    unsigned char rows[H][W * 8] = { { 0 } };
    png_bytep pointers[H];
    for (int y = 0; y < H; y++) {
        pointers[y] = rows[y];
        for (int x = 0; x < W; x++) {
            unsigned v = sample(y, x, bits);
            if (bits == 16)
                rows[y][2 * x] = (unsigned char)(v >> 8), rows[y][2 * x + 1] = v & 255;
            else if (bits == 8)
                rows[y][x] = (unsigned char)v;
        }
    }
    png_init_io(png, file);
    png_set_IHDR(png, info, W, H, bits, color, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    png_write_image(png, pointers);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(file);
    blob b = read_blob(path);
    remove_temporary("mosaic.png");
    return b;
}

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

typedef struct tiff_case {
    int bits, format, compression, tiled, rows;
    const char *mode;
} tiff_case;

static void fill_row(const tiff_case *c, int y, int left, int count, void *out) {
    for (int i = 0; i < count; i++) {
        unsigned v = left + i < W && y < H ? sample(y, left + i, c->bits > 16 ? 16 : c->bits) : 0;
        if (c->bits == 8) ((uint8_t *)out)[i] = (uint8_t)v;
        if (c->bits == 16) ((uint16_t *)out)[i] = (uint16_t)v;
        if (c->bits == 32 && c->format == SAMPLEFORMAT_IEEEFP)
            ((float *)out)[i] = (float)v / 65536.0f;
        if (c->bits == 32 && c->format != SAMPLEFORMAT_IEEEFP) ((uint32_t *)out)[i] = v;
        if (c->bits == 64) ((double *)out)[i] = v / 65536.0;
    }
}

static blob make_tiff(const tiff_case *c, int samples, int photometric) {
    const char *path = temporary("mosaic.tif");
    TIFF *tiff = TIFFOpen(path, c->mode);
    unsigned char row[512] = { 0 }, tile[16 * 16 * 8] = { 0 };
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, W);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, H);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, c->bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, c->format);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, c->compression);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, 6);
    TIFFSetField(tiff, TIFFTAG_SOFTWARE, "a test \x01");
    if (c->tiled) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 16);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, 16);
        for (int y = 0; y < 16; y++) fill_row(c, y, 0, 16, tile + y * 16 * c->bits / 8);
        ck_assert_int_ge(TIFFWriteTile(tiff, tile, 0, 0, 0, 0), 0);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, c->rows);
        for (int y = 0; y < H; y++) {
            fill_row(c, y, 0, W, row);
            ck_assert_int_ge(TIFFWriteScanline(tiff, row, (uint32_t)y, 0), 0);
        }
    }
    TIFFClose(tiff);
    blob b = read_blob(path);
    remove_temporary("mosaic.tif");
    return b;
}

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
};

START_TEST(tiff_mosaics) {
    const tiff_case *c = &tiff_cases[_i];
    bool is_float = c->format == SAMPLEFORMAT_IEEEFP;
    blob b = make_tiff(c, 1, PHOTOMETRIC_MINISBLACK);
    l2l_raw *raw = open_blob(b, NULL);
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

/* ---- NPY ---- */

static blob make_npy(const char *header, int version, const void *data, size_t size) {
    size_t text = strlen(header), begin = version == 1 ? 10 : 12;
    blob b = { calloc(1, begin + text + size + 1), begin + text + size };
    memcpy(b.bytes, "\x93NUMPY", 6);
    b.bytes[6] = (unsigned char)version;
    for (int i = 0; i < (version == 1 ? 2 : 4); i++)
        b.bytes[8 + i] = (unsigned char)(text >> (8 * i));
    memcpy(b.bytes + begin, header, text);
    if (size) memcpy(b.bytes + begin + text, data, size);
    return b;
}

static void put_big(unsigned char *dst, uint64_t bits, int bytes, int big) {
    for (int i = 0; i < bytes; i++) dst[big ? bytes - 1 - i : i] = (unsigned char)(bits >> (8 * i));
}

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

/* Packs H rows of W samples as the geometry's format says; written apart from the library. */
static blob make_dump(const char *format) {
    blob b = { calloc(1, H * W * 8), 0 };
    for (int y = 0; y < H; y++) {
        unsigned char *row = b.bytes + b.size;
        for (int x = 0; x < W; x++) {
            if (!strcmp(format, "u8")) row[x] = (unsigned char)sample(y, x, 8), b.size++;
            if (!strncmp(format, "u16", 3))
                put_big(row + 2 * x, sample(y, x, 16), 2, format[3] == 'b'), b.size += 2;
            if (!strcmp(format, "f32le")) {
                float value = (float)sample(y, x, 16);
                uint32_t bits;
                memcpy(&bits, &value, 4);
                put_big(row + 4 * x, bits, 4, 0), b.size += 4;
            }
            if (!strcmp(format, "p10")) {
                unsigned v = sample(y, x, 10);
                row[x / 4 * 5 + x % 4] = (unsigned char)(v >> 2);
                row[x / 4 * 5 + 4] |= (unsigned char)((v & 3) << (x % 4 * 2));
            }
            if (!strcmp(format, "p12")) {
                unsigned v = sample(y, x, 12);
                row[x / 2 * 3 + x % 2] = (unsigned char)(v >> 4);
                row[x / 2 * 3 + 2] |= (unsigned char)((v & 15) << (x % 2 * 4));
            }
        }
        if (!strcmp(format, "p10")) b.size += (W + 3) / 4 * 5;
        if (!strcmp(format, "p12")) b.size += (W + 1) / 2 * 3;
    }
    return b;
}

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

/* ---- options, limits, arguments ---- */

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

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void) {
    Suite *suite = suite_create("formats");
    TCase *tests = tcase_create("formats");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, png_mosaics, 0, 4);
    tcase_add_loop_test(tests, png_of_other_kinds, 0, 5);
    tcase_add_test(tests, png_damage);
    tcase_add_loop_test(tests, tiff_mosaics, 0, COUNT(tiff_cases));
    tcase_add_test(tests, tiff_of_other_kinds);
    tcase_add_loop_test(tests, tiff_damage, 0, COUNT(tiff_cases));
    tcase_add_loop_test(tests, npy_mosaics, 0, 8);
    tcase_add_test(tests, npy_special_halves);
    tcase_add_loop_test(tests, npy_wrong_headers, 0, COUNT(wrong_headers));
    tcase_add_test(tests, npy_damage);
    tcase_add_loop_test(tests, dumps, 0, 6);
    tcase_add_test(tests, dump_levels_and_cfa);
    tcase_add_loop_test(tests, refused_geometries, 0, COUNT(wrong_geometries));
    tcase_add_loop_test(tests, huge_geometries, 0, 4);
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
