/* Shared by the tests of mosaics without camera metadata: what every one opens and checks, and
   writers of PNGs, TIFFs, NPYs and headerless dumps. */
#ifndef L2L_TESTS_RAW_PLAIN_H
#define L2L_TESTS_RAW_PLAIN_H

#include "fixtures.h"

#include <png.h>
#include <tiffio.h>

static ledger book;
static l2l_context *context;

static inline void set_up(void) {
    context = counted_context(&book);
}

/* Whatever a test opened must be freed by now. */
static inline void tear_down(void) {
    l2l_context_destroy(context);
    ck_assert_int_eq(book.live_blocks, 0);
    ck_assert_uint_eq(book.live_bytes, 0);
}

enum { W = 7, H = 5 };

/* A value that needs all bits of its type and differs at every site. */
static inline unsigned sample(int y, int x, int bits) {
    return (unsigned)(y * 9973 + x * 7919 + 1) & ((1u << bits) - 1);
}

static inline l2l_raw *open_blob(blob b, const l2l_raw_options *options) {
    l2l_raw *raw;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(context));
    return raw;
}

/* The status, with a sentence that contains `about`. */
static inline void refuse_blob(blob b, const l2l_raw_options *options, l2l_status expected,
                               const char *about) {
    l2l_raw *raw = (l2l_raw *)&book;
    l2l_status status = l2l_raw_open_memory(context, b.bytes, b.size, options, &raw);
    ck_assert_msg(status == expected, "status %d: %s", status, l2l_context_error(context));
    ck_assert_ptr_null(raw);
    ck_assert_msg(strstr(l2l_context_error(context), about), "\"%s\" lacks \"%s\"",
                  l2l_context_error(context), about);
}

/* The bits from `first` on, the most significant of each byte first. */
static inline unsigned bits_at(const unsigned char *bytes, int64_t first, int count) {
    unsigned value = 0;
    for (int64_t i = first; i < first + count; i++)
        value = value << 1 | (bytes[i / 8] >> (7 - i % 8) & 1u);
    return value;
}

static inline double packed_at(const l2l_tensor *m, int64_t y, int64_t x) {
    int bits = l2l_dtype_bits(m->dtype), low = bits - 8;
    const unsigned char *row =
        (const unsigned char *)m->data + y * (int64_t)l2l_row_size(m->dtype, m->stride[0]);
    if (m->dtype != L2L_RAW10 && m->dtype != L2L_RAW12) return bits_at(row, x * bits, bits);
    const unsigned char *group = row + x / (8 / low) * (8 / low + 1);
    int k = (int)(x % (8 / low));
    return group[k] << low | (group[8 / low] >> (k * low) & ((1 << low) - 1));
}

static inline double at(const l2l_raw *raw, int64_t y, int64_t x) {
    l2l_tensor m = l2l_raw_mosaic(raw);
    if (l2l_dtype_group(m.dtype) > 1) return packed_at(&m, y, x);
    int64_t i = y * m.stride[0] + x * m.stride[1];
    return m.dtype == L2L_U8    ? ((uint8_t *)m.data)[i]
           : m.dtype == L2L_U16 ? ((uint16_t *)m.data)[i]
           : m.dtype == L2L_F32 ? (double)((float *)m.data)[i]
                                : ((double *)m.data)[i];
}

static inline void check_samples(const l2l_raw *raw, int bits, double scale) {
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

static inline blob make_png(int bits, int color, int interlace) {
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

/* ---- TIFF ---- */

typedef struct tiff_case {
    int bits, format, compression, tiled, rows;
    const char *mode;
} tiff_case;

/* Integer i of a row of `bits` each: bytes, words, or packed, most significant bit first. */
static inline void put_integer(void *row, int i, int bits, unsigned v) {
    for (int b = 0; b < bits && bits % 8; b++) {
        unsigned char *byte = (unsigned char *)row + (i * bits + b) / 8;
        int place = 7 - (i * bits + b) % 8, bit = v >> (bits - 1 - b) & 1;
        *byte = (unsigned char)((*byte & ~(1 << place)) | bit << place);
    }
    if (bits == 8) ((uint8_t *)row)[i] = (uint8_t)v;
    if (bits == 16) ((uint16_t *)row)[i] = (uint16_t)v;
}

static inline void fill_row(const tiff_case *c, int y, int left, int count, void *out) {
    for (int i = 0; i < count; i++) {
        unsigned v = left + i < W && y < H ? sample(y, left + i, c->bits > 16 ? 16 : c->bits) : 0;
        if (c->bits <= 16) put_integer(out, i, c->bits, v);
        if (c->bits == 32 && c->format == SAMPLEFORMAT_IEEEFP)
            ((float *)out)[i] = (float)v / 65536.0f;
        if (c->bits == 32 && c->format != SAMPLEFORMAT_IEEEFP) ((uint32_t *)out)[i] = v;
        if (c->bits == 64) ((double *)out)[i] = v / 65536.0;
    }
}

static inline blob make_tiff(const tiff_case *c, int samples, int photometric) {
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

/* ---- NPY ---- */

static inline blob make_npy(const char *header, int version, const void *data, size_t size) {
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

static inline void put_big(unsigned char *dst, uint64_t bits, int bytes, int big) {
    for (int i = 0; i < bytes; i++) dst[big ? bytes - 1 - i : i] = (unsigned char)(bits >> (8 * i));
}

/* ---- dumps ---- */

/* Packs H rows of W samples as the geometry's format says; written apart from the library. */
static inline blob make_dump(const char *format) {
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

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

#endif
