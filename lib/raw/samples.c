/* Headerless samples, whatever the byte order of the machine. */
#include <string.h>

#include "raw/samples.h"

static void unpack_u8(const unsigned char *src, int64_t count, void *dst) {
    memcpy(dst, src, (size_t)count);
}

static void unpack_u16le(const unsigned char *src, int64_t count, void *dst) {
    uint16_t *out = dst;
    for (int64_t i = 0; i < count; i++) out[i] = (uint16_t)(src[2 * i] | src[2 * i + 1] << 8);
}

static void unpack_u16be(const unsigned char *src, int64_t count, void *dst) {
    uint16_t *out = dst;
    for (int64_t i = 0; i < count; i++) out[i] = (uint16_t)(src[2 * i] << 8 | src[2 * i + 1]);
}

static uint64_t load(const unsigned char *src, int bytes, int big_endian) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | src[big_endian ? i : bytes - 1 - i];
    return value;
}

static float half_to_float(unsigned half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31;
    uint32_t mantissa = half & 1023u, bits;
    float value;
    if (exponent == 0) {
        value = (float)mantissa * 0x1p-24f;
        return sign ? -value : value;
    }
    bits = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | mantissa << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void unpack_f16le(const unsigned char *src, int64_t count, void *dst) {
    float *out = dst;
    for (int64_t i = 0; i < count; i++) out[i] = half_to_float((unsigned)load(src + 2 * i, 2, 0));
}

static void unpack_f32(const unsigned char *src, int64_t count, void *dst, int big_endian) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)load(src + 4 * i, 4, big_endian);
        memcpy((float *)dst + i, &bits, sizeof bits);
    }
}

static void unpack_f32le(const unsigned char *src, int64_t count, void *dst) {
    unpack_f32(src, count, dst, 0);
}

static void unpack_f32be(const unsigned char *src, int64_t count, void *dst) {
    unpack_f32(src, count, dst, 1);
}

static void unpack_f64(const unsigned char *src, int64_t count, void *dst, int big_endian) {
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits = load(src + 8 * i, 8, big_endian);
        memcpy((double *)dst + i, &bits, sizeof bits);
    }
}

static void unpack_f64le(const unsigned char *src, int64_t count, void *dst) {
    unpack_f64(src, count, dst, 0);
}

static void unpack_f64be(const unsigned char *src, int64_t count, void *dst) {
    unpack_f64(src, count, dst, 1);
}

/* clang-format off */
static const l2l_sample_format formats[] = {
    /* name     descr   dtype   bytes   white   */
    { "u8",     "|u1",  L2L_U8,    1,   255.0, unpack_u8 },
    { "u16le",  "<u2",  L2L_U16,   2, 65535.0, unpack_u16le },
    { "u16be",  ">u2",  L2L_U16,   2, 65535.0, unpack_u16be },
    { "p10",    NULL,   L2L_RAW10, 0,  1023.0, NULL },
    { "p12",    NULL,   L2L_RAW12, 0,  4095.0, NULL },
    { NULL,     "<f2",  L2L_F32,   2,     1.0, unpack_f16le },
    { "f32le",  "<f4",  L2L_F32,   4,     1.0, unpack_f32le },
    { NULL,     ">f4",  L2L_F32,   4,     1.0, unpack_f32be },
    { NULL,     "<f8",  L2L_F64,   8,     1.0, unpack_f64le },
    { NULL,     ">f8",  L2L_F64,   8,     1.0, unpack_f64be },
};
/* clang-format on */
enum { FORMATS = sizeof formats / sizeof formats[0] };

const l2l_sample_format *l2l_sample_format_named(const char *text) {
    for (int i = 0; i < FORMATS; i++)
        if (formats[i].name && !strcmp(formats[i].name, text)) return &formats[i];
    return NULL;
}

const l2l_sample_format *l2l_sample_format_described(const char *text) {
    for (int i = 0; i < FORMATS; i++)
        if (formats[i].descr && !strcmp(formats[i].descr, text)) return &formats[i];
    return NULL;
}
