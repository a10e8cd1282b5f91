/* Headerless sensor dumps, whose geometry the caller states. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "raw/raw.h"
#include "raw/samples.h"

enum { FIELDS = 5, FIELD_SIZE = 64 };

static bool dump_probe(const l2l_raw_source *source) {
    return source->options.geometry != NULL;
}

static l2l_status bad_geometry(l2l_context *context, const char *geometry, const char *wrong) {
    return l2l_fail(context, L2L_INVALID_ARGUMENT, "geometry \"%.80s\": %s", geometry, wrong);
}

/* Cuts the text at its colons; the number of fields, or 0 if there are too many or too long ones.
 */
static int split(const char *text, char fields[FIELDS][FIELD_SIZE]) {
    for (int count = 0; count < FIELDS; count++) {
        size_t length = strcspn(text, ":");
        if (length >= FIELD_SIZE) return 0;
        memcpy(fields[count], text, length);
        fields[count][length] = 0;
        if (!text[length]) return count + 1;
        text += length + 1;
    }
    return 0;
}

/* An extent: digits alone, at least 1, and below 2^62. */
static bool parse_extent(const char **text, int64_t *value) {
    *value = 0;
    const char *start = *text;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        if (*value > (INT64_MAX >> 1) / 10) return false;
        *value = *value * 10 + (**text - '0');
    }
    return *text > start && *value >= 1;
}

/* A level in plain decimal or exponent notation. Read digit by digit, for strtod obeys the locale
   and takes "inf" and hexadecimal numbers too. */
static bool parse_level(const char *text, double *value) {
    double sign = *text == '-' ? -1.0 : 1.0, mantissa = 0.0;
    int digits = 0, exponent = 0;
    text += *text == '-';
    for (; *text >= '0' && *text <= '9'; text++, digits++) mantissa = mantissa * 10 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, digits++, exponent--)
            mantissa = mantissa * 10 + (*text - '0');
    if (*text == 'e' || *text == 'E') {
        char *end;
        errno = 0;
        long power = strtol(text + 1, &end, 10);
        if (end == text + 1 || errno || power < -300 || power > 300) return false;
        exponent += (int)power;
        text = end;
    }
    *value = sign * (exponent < 0 ? mantissa / pow(10, -exponent) : mantissa * pow(10, exponent));
    return digits > 0 && !*text && isfinite(*value);
}

typedef struct dump_geometry {
    int64_t width, height;
    const l2l_sample_format *format;
    l2l_cfa cfa; /* width 0: not stated */
    double black, white;
} dump_geometry;

static l2l_status parse_geometry(l2l_context *context, const char *text, dump_geometry *geometry) {
    char fields[FIELDS][FIELD_SIZE];
    int count = split(text, fields);
    const char *size = fields[0];
    if (count < 2)
        return bad_geometry(context, text, "it should read WIDTHxHEIGHT:FORMAT:CFA:BLACK:WHITE");
    if (!parse_extent(&size, &geometry->width) || *size++ != 'x' ||
        !parse_extent(&size, &geometry->height) || *size)
        return bad_geometry(context, text, "the size should read WIDTHxHEIGHT, both at least 1");
    geometry->format = l2l_sample_format_named(fields[1]);
    if (!geometry->format)
        return bad_geometry(context, text,
                            "the format is none of u8, u16le, u16be, p10, p12, f32le");
    geometry->cfa = (l2l_cfa){ 0 };
    geometry->black = 0.0;
    geometry->white = geometry->format->white;
    if (count > 2) L2L_TRY(l2l_cfa_parse(context, fields[2], &geometry->cfa));
    if (count > 3 && !parse_level(fields[3], &geometry->black))
        return bad_geometry(context, text, "the black level is not a number");
    if (count > 4 && !parse_level(fields[4], &geometry->white))
        return bad_geometry(context, text, "the white level is not a number");
    if (!(geometry->white > geometry->black))
        return bad_geometry(context, text, "the white level is not above the black level");
    return L2L_OK;
}

static l2l_status read_samples(l2l_context *context, const l2l_raw_source *source,
                               const dump_geometry *geometry, size_t row_bytes, l2l_raw *raw) {
    const l2l_sample_format *format = geometry->format;
    if (!format->unpack)
        return l2l_raw_keep_bytes(context, source, raw, format->dtype, geometry->width,
                                  geometry->height);
    L2L_TRY(
        l2l_raw_new_mosaic(context, source, raw, format->dtype, geometry->width, geometry->height));
    size_t dst_bytes = l2l_row_size(format->dtype, geometry->width);
    for (int64_t row = 0; row < geometry->height; row++)
        format->unpack(source->bytes + (size_t)row * row_bytes, geometry->width,
                       (char *)raw->pixels + (size_t)row * dst_bytes);
    return L2L_OK;
}

static l2l_status dump_open(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    dump_geometry geometry;
    L2L_TRY(parse_geometry(context, source->options.geometry, &geometry));
    const l2l_sample_format *format = geometry.format;
    L2L_TRY(l2l_raw_check_size(context, source, geometry.width, geometry.height, format->dtype));
    /* Cannot overflow: a sample takes at most the bytes that it takes in memory. */
    size_t row_bytes = format->bytes ? (size_t)geometry.width * (size_t)format->bytes
                                     : l2l_row_size(format->dtype, geometry.width);
    size_t expected;
    if (!l2l_mul_size(row_bytes, (size_t)geometry.height, &expected) || expected != source->size)
        return l2l_fail(context, L2L_BAD_DATA,
                        "%s: %zu bytes, but %lld×%lld samples of %s take %zu", source->name,
                        source->size, (long long)geometry.width, (long long)geometry.height,
                        format->name, expected);
    L2L_TRY(read_samples(context, source, &geometry, row_bytes, raw));
    if (geometry.cfa.width) raw->info.cfa = geometry.cfa;
    for (int i = 0; i < 4; i++) raw->info.black[i] = geometry.black;
    raw->info.white = geometry.white;
    raw->info.bits = format->dtype == L2L_F32 ? 0 : l2l_raw_bits(geometry.white);
    return L2L_OK;
}

const l2l_raw_reader l2l_raw_dump = { "dump", dump_probe, dump_open };
