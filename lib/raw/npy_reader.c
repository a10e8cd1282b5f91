/* NumPy's .npy files that hold one two-dimensional array, read by the published format (1.0
   to 3.0): magic, version, header length, a Python dictionary, data. */
#include <string.h>

#include "raw/raw.h"
#include "raw/samples.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, MAX_AXES = 8, TEXT = 32 };

typedef struct npy_header {
    char descr[TEXT];
    int fortran_order;
    int axes;
    int64_t shape[MAX_AXES];
    bool has_descr, has_order, has_shape;
} npy_header;

/* The text between `at` and `end`, read from left to right. */
typedef struct npy_cursor {
    const char *at, *end;
} npy_cursor;

static bool npy_probe(const l2l_raw_source *source) {
    return source->size >= MAGIC && !memcmp(source->bytes, magic, MAGIC);
}

static void skip_space(npy_cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n')) c->at++;
}

/* Takes `word` if it comes next. */
static bool take(npy_cursor *c, const char *word) {
    skip_space(c);
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length)) return false;
    c->at += length;
    return true;
}

static bool take_string(npy_cursor *c, char text[TEXT]) {
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    char quote = *c->at++;
    const char *close = memchr(c->at, quote, (size_t)(c->end - c->at));
    if (!close || close - c->at >= TEXT) return false;
    memcpy(text, c->at, (size_t)(close - c->at));
    text[close - c->at] = 0;
    c->at = close + 1;
    return true;
}

static bool take_extent(npy_cursor *c, int64_t *value) {
    skip_space(c);
    const char *start = c->at;
    for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (*value > (INT64_MAX - 9) / 10) return false;
        *value = *value * 10 + (*c->at - '0');
    }
    return c->at > start;
}

static bool take_shape(npy_cursor *c, npy_header *header) {
    if (!take(c, "(")) return false;
    while (!take(c, ")")) {
        if (header->axes == MAX_AXES || !take_extent(c, &header->shape[header->axes])) return false;
        header->axes++;
        if (!take(c, ",")) return take(c, ")");
    }
    return true;
}

/* NULL, or what is wrong with the dictionary. */
static const char *parse_header(npy_cursor c, npy_header *header) {
    *header = (npy_header){ 0 };
    if (!take(&c, "{")) return "its header is no dictionary";
    while (!take(&c, "}")) {
        char key[TEXT];
        if (!take_string(&c, key) || !take(&c, ":")) return "its header is no dictionary";
        if (!strcmp(key, "descr")) {
            if (!take_string(&c, header->descr)) return "its elements are no plain numbers";
            header->has_descr = true;
        } else if (!strcmp(key, "fortran_order")) {
            header->fortran_order = take(&c, "True");
            if (!header->fortran_order && !take(&c, "False")) return "fortran_order is no truth";
            header->has_order = true;
        } else if (!strcmp(key, "shape")) {
            if (!take_shape(&c, header)) return "its shape cannot be read";
            header->has_shape = true;
        } else {
            return "its header has a key that the format does not know";
        }
        if (!take(&c, ",") && !take(&c, "}"))
            return "its header is no dictionary";
        else if (c.at[-1] == '}')
            break;
    }
    return header->has_descr && header->has_order && header->has_shape
               ? NULL
               : "its header lacks descr, fortran_order or shape";
}

/* Where the header's text lies, and where the data begins. */
static bool locate(const l2l_raw_source *source, npy_cursor *text, size_t *data) {
    const unsigned char *b = source->bytes;
    if (source->size < 12 || b[6] < 1 || b[6] > 3) return false;
    size_t begin = b[6] == 1 ? 10 : 12;
    size_t length = (size_t)b[8] | (size_t)b[9] << 8;
    if (b[6] > 1) length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (length > source->size - begin) return false;
    *text = (npy_cursor){ (const char *)b + begin, (const char *)b + begin + length };
    *data = begin + length;
    return true;
}

/* Rows of the file are columns of the mosaic. */
static l2l_status unpack_columns(l2l_context *context, const l2l_raw_source *source,
                                 const l2l_sample_format *format, const unsigned char *src,
                                 l2l_raw *raw) {
    size_t sample = l2l_dtype_size(format->dtype);
    size_t height = (size_t)raw->info.height, width = (size_t)raw->info.width;
    char *column = l2l_allocate(&raw->allocator, height * sample);
    if (!column)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for %zu bytes", source->name,
                        height * sample);
    for (size_t x = 0; x < width; x++) {
        format->unpack(src + x * height * (size_t)format->bytes, (int64_t)height, column);
        for (size_t y = 0; y < height; y++)
            memcpy((char *)raw->pixels + (y * width + x) * sample, column + y * sample, sample);
    }
    l2l_release(&raw->allocator, column, height * sample);
    return L2L_OK;
}

static l2l_status npy_open(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    npy_cursor text;
    npy_header header;
    size_t data, count, bytes;
    if (!locate(source, &text, &data))
        return l2l_fail(context, L2L_BAD_DATA,
                        "%s: an NPY file of %zu bytes whose header is cut short or of a version "
                        "other than 1 to 3",
                        source->name, source->size);
    const char *wrong = parse_header(text, &header);
    if (wrong) return l2l_fail(context, L2L_BAD_DATA, "%s: NPY: %s", source->name, wrong);
    const l2l_sample_format *format = l2l_sample_format_described(header.descr);
    if (!format)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: NPY elements of type \"%s\"; a mosaic has |u1, <u2, >u2, <f2, <f4, "
                        ">f4, <f8 or >f8",
                        source->name, header.descr);
    if (header.axes != 2)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: an NPY array of %d axes; a mosaic has two, (height, width)",
                        source->name, header.axes);
    int64_t height = header.shape[0], width = header.shape[1];
    L2L_TRY(l2l_raw_check_size(context, source, width, height, format->dtype));
    if (!l2l_mul_size((size_t)width, (size_t)height, &count) ||
        !l2l_mul_size(count, (size_t)format->bytes, &bytes) || bytes > source->size - data)
        return l2l_fail(context, L2L_BAD_DATA,
                        "%s: NPY data of %zu bytes is too short for %lld×%lld of %s", source->name,
                        source->size - data, (long long)height, (long long)width, header.descr);
    L2L_TRY(l2l_raw_new_mosaic(context, source, raw, format->dtype, width, height));
    if (header.fortran_order)
        return unpack_columns(context, source, format, source->bytes + data, raw);
    format->unpack(source->bytes + data, (int64_t)count, raw->pixels);
    return L2L_OK;
}

const l2l_raw_reader l2l_raw_npy = { "npy", npy_probe, npy_open };
