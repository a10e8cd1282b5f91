/* TIFF mosaics: one sample a pixel, integers of 8 to 16 bits or floats of 32 or 64, through
 * libtiff.
 */
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include "raw/raw.h"

/* libtiff's view of the bytes, and its first complaint. */
typedef struct tiff_job {
    const l2l_raw_source *source;
    uint64_t at;
    TIFF *tiff;
    char message[128];
} tiff_job;

static tmsize_t job_read(thandle_t handle, void *dst, tmsize_t size) {
    tiff_job *job = handle;
    if (size < 0 || job->at >= job->source->size) return 0;
    size_t left = job->source->size - (size_t)job->at;
    size_t count = (size_t)size < left ? (size_t)size : left;
    memcpy(dst, job->source->bytes + job->at, count);
    job->at += count;
    return (tmsize_t)count;
}

static tmsize_t job_write(thandle_t handle, void *src, tmsize_t size) {
    (void)handle;
    (void)src;
    (void)size;
    return 0;
}

static toff_t job_seek(thandle_t handle, toff_t offset, int whence) {
    tiff_job *job = handle;
    uint64_t base = whence == SEEK_CUR ? job->at : whence == SEEK_END ? job->source->size : 0;
    job->at = base + offset;
    return job->at;
}

static int job_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t job_size(thandle_t handle) {
    return ((tiff_job *)handle)->source->size;
}

/* Nonzero keeps libtiff from calling its global handler, which prints. */
static int job_error(TIFF *tiff, void *user, const char *module, const char *format, va_list args) {
    tiff_job *job = user;
    (void)tiff;
    (void)module;
    if (job->message[0]) return 1;
    vsnprintf(job->message, sizeof job->message, format, args);
    /* What zlib cannot name is that it got no memory. */
    if (!job->message[0]) snprintf(job->message, sizeof job->message, "Out of memory");
    return 1;
}

static int job_warning(TIFF *tiff, void *user, const char *module, const char *format,
                       va_list args) {
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)args;
    return 1;
}

static bool open_job(tiff_job *job, const l2l_raw_source *source) {
    *job = (tiff_job){ .source = source };
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    snprintf(job->message, sizeof job->message, "%s", options ? "" : "Out of memory");
    if (!options) return false;
    int64_t limit = source->options.max_bytes;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, limit < INT32_MAX ? (tmsize_t)limit : INT32_MAX);
    TIFFOpenOptionsSetErrorHandlerExtR(options, job_error, job);
    TIFFOpenOptionsSetWarningHandlerExtR(options, job_warning, job);
    job->tiff = TIFFClientOpenExt("tiff", "rm", job, job_read, job_write, job_seek, job_close,
                                  job_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return job->tiff != NULL;
}

static bool has_magic(const l2l_raw_source *source) {
    static const char magics[][5] = { "II*\0", "MM\0*", "II+\0", "MM\0+" };
    for (int i = 0; source->size >= 8 && i < 4; i++)
        if (!memcmp(source->bytes, magics[i], 4)) return true;
    return false;
}

/* What the first picture says about who wrote the file, and for what. */
typedef struct tiff_nature {
    uint16_t photometric, samples;
    bool dng, camera;
} tiff_nature;

static bool read_nature(const l2l_raw_source *source, tiff_nature *nature) {
    tiff_job job;
    uint16_t count;
    void *pointer;
    *nature = (tiff_nature){ .photometric = PHOTOMETRIC_MINISBLACK };
    if (!open_job(&job, source)) return false;
    TIFFGetField(job.tiff, TIFFTAG_PHOTOMETRIC, &nature->photometric);
    TIFFGetFieldDefaulted(job.tiff, TIFFTAG_SAMPLESPERPIXEL, &nature->samples);
    nature->dng = TIFFGetField(job.tiff, TIFFTAG_DNGVERSION, &pointer);
    nature->camera = nature->dng || TIFFGetField(job.tiff, TIFFTAG_MAKE, &pointer) ||
                     TIFFGetField(job.tiff, TIFFTAG_SUBIFD, &count, &pointer);
    TIFFClose(job.tiff);
    return true;
}

/* A plain gray picture, and nothing says that a camera wrote the file. */
static bool plain_probe(const l2l_raw_source *source) {
    tiff_nature nature;
    return has_magic(source) && read_nature(source, &nature) && !nature.camera &&
           nature.photometric == PHOTOMETRIC_MINISBLACK && nature.samples == 1;
}

/* What LibRaw declined. A raw is not for this reader, which would pass over its levels and its CFA;
   a file too damaged for libtiff is, for the sentence that libtiff has for it. */
static bool any_probe(const l2l_raw_source *source) {
    tiff_nature nature;
    return has_magic(source) && (!read_nature(source, &nature) ||
                                 (!nature.dng && nature.photometric != PHOTOMETRIC_CFA));
}

typedef struct tiff_layout {
    uint32_t width, height;
    uint16_t bits, samples, format, photometric;
    l2l_dtype dtype;
} tiff_layout;

static l2l_status read_layout(l2l_context *context, tiff_job *job, tiff_layout *layout) {
    static const struct {
        uint16_t bits, format;
        l2l_dtype dtype;
    } kinds[] = {
        { 8, SAMPLEFORMAT_UINT, L2L_U8 },      { 10, SAMPLEFORMAT_UINT, L2L_BITS10 },
        { 12, SAMPLEFORMAT_UINT, L2L_BITS12 }, { 14, SAMPLEFORMAT_UINT, L2L_BITS14 },
        { 16, SAMPLEFORMAT_UINT, L2L_U16 },    { 32, SAMPLEFORMAT_IEEEFP, L2L_F32 },
        { 64, SAMPLEFORMAT_IEEEFP, L2L_F64 },
    };
    *layout = (tiff_layout){ 0 };
    layout->photometric = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(job->tiff, TIFFTAG_IMAGEWIDTH, &layout->width);
    TIFFGetField(job->tiff, TIFFTAG_IMAGELENGTH, &layout->height);
    TIFFGetField(job->tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_SAMPLEFORMAT, &layout->format);
    if (layout->samples != 1)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a TIFF with %d samples a pixel; a mosaic has one", job->source->name,
                        layout->samples);
    if (layout->photometric == PHOTOMETRIC_MINISWHITE || layout->photometric == PHOTOMETRIC_PALETTE)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a TIFF of photometric kind %d, in which samples are not brightness",
                        job->source->name, layout->photometric);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].bits == layout->bits && kinds[i].format == layout->format) {
            layout->dtype = kinds[i].dtype;
            return L2L_OK;
        }
    return l2l_fail(context, L2L_UNSUPPORTED,
                    "%s: a TIFF of %d-bit samples of format %d; unsigned integers of 8, 10, 12, 14 "
                    "and 16 bits and floats of 32 and 64 are read",
                    job->source->name, layout->bits, layout->format);
}

/* libtiff has words for its errors and no codes. */
static l2l_status failed(l2l_context *context, const tiff_job *job) {
    static const struct {
        const char *word;
        l2l_status status;
    } kinds[] = {
        { "beyond the", L2L_UNSUPPORTED }, /* ... limit defined in open options */
        { "(0 elements", L2L_BAD_DATA },   /* which it "failed to allocate" */
        { "emory", L2L_OUT_OF_MEMORY },    { "No space", L2L_OUT_OF_MEMORY },
        { "llocat", L2L_OUT_OF_MEMORY },
    };
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    int kind = 0;
    while (kind < KINDS && !strstr(job->message, kinds[kind].word)) kind++;
    return l2l_fail(context, kind < KINDS ? kinds[kind].status : L2L_BAD_DATA, "%s: TIFF: %s",
                    job->source->name,
                    job->message[0] ? job->message : "the picture cannot be decoded");
}

static l2l_status read_strips(l2l_context *context, tiff_job *job, const tiff_layout *layout,
                              l2l_raw *raw) {
    const size_t stride = l2l_row_size(layout->dtype, raw->mosaic.stride[0]);
    const size_t size = l2l_row_size(layout->dtype, layout->width);
    if ((uint64_t)TIFFScanlineSize64(job->tiff) != size) return failed(context, job);
    for (uint32_t row = 0; row < layout->height; row++)
        if (TIFFReadScanline(job->tiff, (char *)raw->pixels + row * stride, row, 0) < 0)
            return failed(context, job);
    return L2L_OK;
}

/* Copies the part of a tile that lies within the picture. */
static void place_tile(const tiff_layout *layout, const char *tile, uint32_t width, uint32_t height,
                       uint32_t left, uint32_t top, l2l_raw *raw) {
    uint32_t columns = layout->width - left < width ? layout->width - left : width;
    uint32_t rows = layout->height - top < height ? layout->height - top : height;
    const size_t stride = l2l_row_size(layout->dtype, raw->mosaic.stride[0]);
    const size_t before = (size_t)left * layout->bits / 8;
    for (uint32_t y = 0; y < rows; y++)
        memcpy((char *)raw->pixels + (top + y) * stride + before,
               tile + y * l2l_row_size(layout->dtype, width), l2l_row_size(layout->dtype, columns));
}

static l2l_status read_tiles(l2l_context *context, tiff_job *job, const tiff_layout *layout,
                             l2l_raw *raw) {
    uint32_t width = 0, height = 0;
    TIFFGetField(job->tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(job->tiff, TIFFTAG_TILELENGTH, &height);
    L2L_TRY(l2l_raw_check_size(context, job->source, width, height, layout->dtype));
    if ((uint64_t)width * layout->bits % 8)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a TIFF whose tiles are %u samples of %d bits wide, no whole bytes",
                        job->source->name, width, layout->bits);
    size_t size = l2l_row_size(layout->dtype, width) * height;
    if ((uint64_t)TIFFTileSize64(job->tiff) != size) return failed(context, job);
    char *tile = l2l_allocate(&raw->allocator, size);
    if (!tile)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for %zu bytes",
                        job->source->name, size);
    bool sound = true;
    for (uint64_t top = 0; sound && top < layout->height; top += height)
        for (uint64_t left = 0; sound && left < layout->width; left += width) {
            sound = TIFFReadTile(job->tiff, tile, (uint32_t)left, (uint32_t)top, 0, 0) >= 0;
            if (sound) place_tile(layout, tile, width, height, (uint32_t)left, (uint32_t)top, raw);
        }
    l2l_release(&raw->allocator, tile, size);
    return sound ? L2L_OK : failed(context, job);
}

static void read_text(TIFF *tiff, uint32_t tag, char *dst, size_t size) {
    const char *text = NULL;
    if (TIFFGetField(tiff, tag, &text) && text) l2l_raw_copy_text(dst, size, text, strlen(text));
}

static l2l_status tiff_open(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    tiff_job job;
    tiff_layout layout;
    if (!open_job(&job, source)) return failed(context, &job);
    l2l_status status = read_layout(context, &job, &layout);
    if (status == L2L_OK)
        status =
            l2l_raw_new_mosaic(context, source, raw, layout.dtype, layout.width, layout.height);
    if (status == L2L_OK)
        status = TIFFIsTiled(job.tiff) ? read_tiles(context, &job, &layout, raw)
                                       : read_strips(context, &job, &layout, raw);
    if (status == L2L_OK) {
        uint16_t orientation = 1;
        TIFFGetField(job.tiff, TIFFTAG_ORIENTATION, &orientation);
        raw->info.orientation = orientation;
        read_text(job.tiff, TIFFTAG_MAKE, raw->info.make, sizeof raw->info.make);
        read_text(job.tiff, TIFFTAG_MODEL, raw->info.model, sizeof raw->info.model);
        read_text(job.tiff, TIFFTAG_SOFTWARE, raw->info.software, sizeof raw->info.software);
    }
    TIFFClose(job.tiff);
    return status;
}

const l2l_raw_reader l2l_raw_plain_tiff = { "tiff", plain_probe, tiff_open };
const l2l_raw_reader l2l_raw_any_tiff = { "tiff", any_probe, tiff_open };
