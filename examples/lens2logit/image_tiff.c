/* TIFF pictures of 8 and 16 bits and of floats, through libtiff. */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "say.h"

/* What libtiff's callbacks share with us: a file to write, or bytes to read. */
typedef struct tiff_state {
    char message[160];
    FILE *file;
    const unsigned char *bytes;
    uint64_t size, at;
} tiff_state;

static int on_error(TIFF *tiff, void *user, const char *module, const char *format,
                    va_list arguments) {
    (void)tiff;
    (void)module;
    tiff_state *state = user;
    if (!state->message[0]) vsnprintf(state->message, sizeof state->message, format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format,
                      va_list arguments) {
    (void)tiff, (void)user, (void)module, (void)format, (void)arguments;
    return 1;
}

static tmsize_t on_read(thandle_t handle, void *buffer, tmsize_t size) {
    tiff_state *state = handle;
    if (state->file) return (tmsize_t)fread(buffer, 1, (size_t)size, state->file);
    uint64_t left = state->at < state->size ? state->size - state->at : 0;
    uint64_t take = (uint64_t)size < left ? (uint64_t)size : left;
    memcpy(buffer, state->bytes + (state->at < state->size ? state->at : 0), (size_t)take);
    state->at += take;
    return (tmsize_t)take;
}

static tmsize_t on_write(thandle_t handle, void *buffer, tmsize_t size) {
    tiff_state *state = handle;
    if (!state->file) return -1;
    size_t written = fwrite(buffer, 1, (size_t)size, state->file);
    if (written != (size_t)size && !state->message[0])
        snprintf(state->message, sizeof state->message, "%s", strerror(errno));
    return (tmsize_t)written;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
    tiff_state *state = handle;
    if (state->file) {
        if (fseeko(state->file, (off_t)offset, whence) != 0) {
            if (!state->message[0])
                snprintf(state->message, sizeof state->message, "%s", strerror(errno));
            return (toff_t)-1;
        }
        return (toff_t)ftello(state->file);
    }
    uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? state->at : state->size;
    state->at = base + (uint64_t)offset;
    return state->at;
}

static int on_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t on_size(thandle_t handle) {
    tiff_state *state = handle;
    if (!state->file) return state->size;
    off_t at = ftello(state->file);
    fseeko(state->file, 0, SEEK_END);
    off_t size = ftello(state->file);
    fseeko(state->file, at, SEEK_SET);
    return (toff_t)size;
}

static TIFF *open_tiff(const char *path, const char *mode, tiff_state *state) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, state);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, state);
    TIFF *tiff = TIFFClientOpenExt(path, mode, state, on_read, on_write, on_seek, on_close, on_size,
                                   NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

static bool encode(TIFF *tiff, const l2l_tensor *picture) {
    size_t size = l2l_dtype_size(picture->dtype);
    uint32_t channels = (uint32_t)picture->shape[0];
    bool floats = picture->dtype == L2L_F32;
    const struct {
        uint32_t tag, value;
    } fields[] = {
        { TIFFTAG_IMAGEWIDTH, (uint32_t)picture->shape[2] },
        { TIFFTAG_IMAGELENGTH, (uint32_t)picture->shape[1] },
        { TIFFTAG_SAMPLESPERPIXEL, channels },
        { TIFFTAG_BITSPERSAMPLE, (uint32_t)(8 * size) },
        { TIFFTAG_SAMPLEFORMAT, floats ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT },
        { TIFFTAG_PHOTOMETRIC, channels == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK },
        { TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG },
        { TIFFTAG_COMPRESSION, COMPRESSION_NONE },
        { TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!TIFFSetField(tiff, fields[i].tag, fields[i].value)) return false;
    if (!TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(tiff, 0))) return false;
    size_t row_bytes = (size_t)picture->stride[1] * size;
    for (int64_t y = 0; y < picture->shape[1]; y++)
        if (TIFFWriteScanline(tiff, (char *)picture->data + (size_t)y * row_bytes, (uint32_t)y, 0) <
            0)
            return false;
    return TIFFFlush(tiff) == 1;
}

bool tiff_write(const char *path, const l2l_tensor *picture) {
    output out;
    if (!output_open(&out, path)) return false;
    tiff_state state = { .file = out.file };
    uint64_t bytes = (uint64_t)tensor_count(picture) * l2l_dtype_size(picture->dtype);
    TIFF *tiff = open_tiff(path, bytes > UINT64_C(4000000000) ? "w8" : "w", &state);
    bool done = tiff && encode(tiff, picture);
    if (tiff) TIFFClose(tiff);
    if (done && !state.message[0]) return output_commit(&out);
    return output_fail(&out, state.message[0] ? state.message : "libtiff gave up");
}

static l2l_dtype sample_type(uint16_t bits, uint16_t format) {
    if (bits == 8 && format == SAMPLEFORMAT_UINT) return L2L_U8;
    if (bits == 16 && format == SAMPLEFORMAT_UINT) return L2L_U16;
    if (bits == 32 && format == SAMPLEFORMAT_IEEEFP) return L2L_F32;
    return L2L_F16; /* stands for all that is not read here */
}

/* Spreads a row of 1, 2, 3 or more samples a pixel over the three channels of a picture's row. */
static void spread(const char *line, uint16_t samples, size_t size, int64_t width, char *row) {
    for (int64_t x = 0; x < width; x++)
        for (size_t c = 0; c < 3; c++)
            memcpy(row + ((size_t)x * 3 + c) * size,
                   line + ((size_t)x * samples + (samples >= 3 ? c : 0)) * size, size);
}

static bool decode(TIFF *tiff, tiff_state *state, l2l_tensor *picture) {
    uint32_t width = 0, height = 0;
    uint16_t samples = 1, bits = 1, format = SAMPLEFORMAT_UINT, planar = PLANARCONFIG_CONTIG;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    l2l_dtype dtype = sample_type(bits, format);
    if (dtype == L2L_F16 || (planar != PLANARCONFIG_CONTIG && samples > 1) || TIFFIsTiled(tiff) ||
        width < 1 || height < 1 || width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE) {
        snprintf(state->message, sizeof state->message,
                 "%ux%u pixels of %u samples of %u bits (format %u) in this layout are not read",
                 width, height, samples, bits, format);
        return false;
    }
    size_t size = l2l_dtype_size(dtype);
    size_t line_bytes = (size_t)width * samples * size;
    if (TIFFScanlineSize64(tiff) != line_bytes) return false;
    char *line = malloc(line_bytes);
    bool done = line && picture_new(picture, dtype, 3, height, width);
    for (uint32_t y = 0; done && y < height; y++) {
        done = TIFFReadScanline(tiff, line, y, 0) == 1;
        spread(line, samples, size, width,
               (char *)picture->data + (size_t)y * (size_t)picture->stride[1] * size);
        if (!done) tensor_free(picture);
    }
    free(line);
    return done;
}

bool tiff_read(const char *path, const void *bytes, size_t size, l2l_tensor *picture) {
    tiff_state state = { .bytes = bytes, .size = size };
    TIFF *tiff = open_tiff(path, "rm", &state);
    bool done = tiff && decode(tiff, &state, picture);
    if (tiff) TIFFClose(tiff);
    if (done) return true;
    return fail("cannot read '%s': %s", path, state.message[0] ? state.message : "damaged TIFF");
}
