/* Camera files through LibRaw: open, unpack, check, and keep its handle for the pixels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw/libraw_info.h"

/* LibRaw 0.21 moved the unpacking parameters, renamed their options and dropped the callback for
   failed allocations; 0.22 widened the offset of the data callback. */
#define AT_LEAST(minor) LIBRAW_COMPILE_CHECK_VERSION_NOTLESS(0, minor)

#if AT_LEAST(22)
typedef INT64 data_offset;
#else
typedef int data_offset;
#endif

/* What LibRaw complained of while it read. */
typedef struct damage {
    bool any;
    long long offset; /* -1: the end of the file */
} damage;

static void note_damage(void *user, const char *file, const data_offset offset) {
    damage *noted = user;
    (void)file;
    noted->any = true;
    noted->offset = offset;
}

static libraw_data_t *new_camera(void) {
#if AT_LEAST(21)
    return libraw_init(LIBRAW_OPTIONS_NO_DATAERR_CALLBACK);
#else
    return libraw_init(LIBRAW_OPIONS_NO_MEMERR_CALLBACK | LIBRAW_OPIONS_NO_DATAERR_CALLBACK);
#endif
}

static void set_parameters(libraw_data_t *camera, int64_t max_bytes) {
#if AT_LEAST(21)
    libraw_raw_unpack_params_t *parameters = &camera->rawparams;
    parameters->options &= ~(unsigned)LIBRAW_RAWOPTIONS_CONVERTFLOAT_TO_INT;
#else
    libraw_output_params_t *parameters = &camera->params;
    parameters->raw_processing_options &= ~(unsigned)LIBRAW_PROCESSING_CONVERTFLOAT_TO_INT;
#endif
    int64_t megabytes = max_bytes / (1 << 20) + 1;
    parameters->max_raw_memory_mb = megabytes < INT32_MAX ? (unsigned)megabytes : INT32_MAX;
    parameters->use_rawspeed = 0;
    parameters->use_dngsdk = 0;
}

static l2l_status libraw_failed(l2l_context *context, const l2l_raw_source *source, int error,
                                const char *doing) {
    static const struct {
        int error;
        l2l_status status;
    } statuses[] = {
        { LIBRAW_UNSUFFICIENT_MEMORY, L2L_OUT_OF_MEMORY },
        { LIBRAW_TOO_BIG, L2L_UNSUPPORTED },
        { LIBRAW_NOT_IMPLEMENTED, L2L_UNSUPPORTED },
    };
    l2l_status status = L2L_BAD_DATA;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].error == error) status = statuses[i].status;
    return l2l_fail(context, status, "%s: %s %zu bytes, LibRaw says: %s", source->name, doing,
                    source->size, libraw_strerror(error));
}

#if !AT_LEAST(21)
/* LibRaw 0.20 as compiled by GCC runs past its X-Trans table, until it crashes, at a TIFF entry of
   36 CFA colours unless an entry before said that the period is 6×6. Writers put that entry right
   before; so look for one of 36 without it, in either byte order, anywhere LibRaw might look. */
static bool overruns_libraw(const unsigned char *bytes, size_t size) {
    static const unsigned char dimensions[2][12] = {
        { 0x8d, 0x82, 3, 0, 2, 0, 0, 0, 6, 0, 6, 0 },
        { 0x82, 0x8d, 0, 3, 0, 0, 0, 2, 0, 6, 0, 6 },
    };
    static const unsigned char counts[2][4] = { { 36, 0, 0, 0 }, { 0, 0, 0, 36 } };
    for (size_t at = 0; at + 8 <= size; at++)
        for (int big = 0; big < 2; big++) {
            const unsigned char *b = bytes + at;
            unsigned tag = (unsigned)b[1 - big] << 8 | b[big];
            if ((tag != 33422 && tag != 64777) || memcmp(b + 4, counts[big], 4)) continue;
            if (at < 12 || memcmp(b - 12, dimensions[big], 12)) return true;
        }
    return false;
}
#endif

/* Without a known header LibRaw guesses some cameras by the length of the file. A real camera file
   that is no DNG says at least when or how it was taken. */
static bool is_guess(const libraw_data_t *camera) {
    return !camera->idata.dng_version && camera->other.timestamp <= 0 &&
           !(camera->other.iso_speed > 0) && !(camera->other.shutter > 0) &&
           !camera->idata.software[0];
}

/* All that can be told before memory for the pixels is allocated. */
static l2l_status check_before_unpacking(l2l_context *context, const l2l_raw_source *source,
                                         libraw_data_t *camera) {
    const libraw_iparams_t *idata = &camera->idata;
    l2l_cfa cfa;
    if (is_guess(camera))
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: no header of a camera in %zu bytes; a headerless dump needs its "
                        "geometry stated",
                        source->name, source->size);
    if (idata->is_foveon || (idata->filters == 0 && idata->colors != 1))
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: the file is already demosaiced, with %d colours a pixel", source->name,
                        idata->colors);
    if (!source->options.cfa && !l2l_libraw_cfa(camera, &cfa))
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a colour-filter array that is not of red, green and blue, or whose "
                        "period cannot be told from what LibRaw says (%s, filters %08x, margins %d "
                        "and %d); state it if you know it",
                        source->name, idata->cdesc, idata->filters, camera->sizes.top_margin,
                        camera->sizes.left_margin);
    const libraw_image_sizes_t *sizes = &camera->sizes;
    int64_t width = sizes->width + sizes->left_margin, height = sizes->height + sizes->top_margin;
    if (width < sizes->raw_width) width = sizes->raw_width;
    if (height < sizes->raw_height) height = sizes->raw_height;
    L2L_TRY(l2l_raw_check_size(context, source, width, height, L2L_U16));
    /* LibRaw does not look whether it got the memory; so see that there is as much. */
    size_t bytes = (size_t)width * ((size_t)height + 8) * sizeof(uint16_t);
    void *attempt = malloc(bytes);
    free(attempt);
    return attempt ? L2L_OK
                   : l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for %zu bytes",
                              source->name, bytes);
}

static l2l_status unpack(l2l_context *context, const l2l_raw_source *source, libraw_data_t *camera,
                         const damage *noted) {
    const char *decoder = libraw_unpack_function_name(camera);
    if (!decoder) decoder = "";
    int error = libraw_unpack(camera);
    if (error == LIBRAW_DATA_ERROR && (strstr(decoder, "float") || strstr(decoder, "deflate")))
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a DNG of float or deflated samples, which this LibRaw (%s) cannot "
                        "decode",
                        source->name, libraw_version());
    if (error) return libraw_failed(context, source, error, "unpacking");
    /* This decoder complains of samples above the white level, which are no damage. */
    bool harmless = noted->offset >= 0 && strstr(decoder, "unpacked_load_raw");
    if (noted->any && !harmless)
        return l2l_fail(context, L2L_BAD_DATA, "%s: the pixels are damaged or cut short, %s %lld",
                        source->name, noted->offset < 0 ? "at the end," : "near byte",
                        noted->offset < 0 ? (long long)source->size : noted->offset);
    if (camera->rawdata.ioparams.fuji_width)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a sensor rotated by 45 degrees (fuji_width %d)", source->name,
                        camera->rawdata.ioparams.fuji_width);
    if (!camera->rawdata.raw_image && !camera->rawdata.float_image)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: LibRaw's %s yields no mosaic; the file is already demosaiced",
                        source->name, decoder);
    return L2L_OK;
}

/* The view of LibRaw's buffer, whose extents and row pitch are LibRaw's word only. */
static l2l_status view_mosaic(l2l_context *context, const l2l_raw_source *source,
                              libraw_data_t *camera, l2l_raw *raw) {
    L2L_TRY(l2l_raw_check_area(context, source, &raw->info));
    const libraw_rawdata_t *data = &camera->rawdata;
    l2l_dtype dtype = data->float_image ? L2L_F32 : L2L_U16;
    char *samples = data->float_image ? (char *)data->float_image : (char *)data->raw_image;
    size_t sample = l2l_dtype_size(dtype), pitch = camera->sizes.raw_pitch;
    if (pitch != (size_t)camera->sizes.raw_width * sample)
        return l2l_fail(context, L2L_BAD_DATA, "%s: rows of %zu bytes for %d samples", source->name,
                        pitch, camera->sizes.raw_width);
    raw->mosaic =
        l2l_tensor_of(samples + (size_t)raw->info.top * pitch + (size_t)raw->info.left * sample,
                      dtype, 2, (int64_t[]){ raw->info.height, raw->info.width });
    raw->mosaic.stride[0] = (int64_t)(pitch / sample);
    return L2L_OK;
}

static l2l_status read_camera(l2l_context *context, const l2l_raw_source *source,
                              libraw_data_t *camera, const damage *noted, l2l_raw *raw) {
#if !AT_LEAST(21)
    if (overruns_libraw(source->bytes, source->size))
        return l2l_fail(context, L2L_BAD_DATA,
                        "%s: a colour-filter array of 36 sites that is not said to be 6×6",
                        source->name);
#endif
    /* 0.20 wants the bytes writable, and does not write to them. */
    int error = libraw_open_buffer(camera, (void *)(uintptr_t)source->bytes, source->size);
    if (error == LIBRAW_FILE_UNSUPPORTED)
        return l2l_fail(context, L2L_RAW_DECLINED,
                        "%s: %zu bytes that are no raw file which LibRaw %s can read, and no PNG, "
                        "NPY or TIFF mosaic",
                        source->name, source->size, libraw_version());
    if (error) return libraw_failed(context, source, error, "identifying");
    L2L_TRY(check_before_unpacking(context, source, camera));
    L2L_TRY(unpack(context, source, camera, noted));
    l2l_libraw_fill_info(camera, &raw->info);
    if (!source->options.cfa) l2l_libraw_cfa(camera, &raw->info.cfa);
    L2L_TRY(view_mosaic(context, source, camera, raw));
    return l2l_raw_find_preview(context, source, raw);
}

static l2l_status libraw_open(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    damage noted = { false, 0 };
    libraw_data_t *camera = new_camera();
    if (!camera)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for LibRaw", source->name);
    libraw_set_dataerror_handler(camera, note_damage, &noted);
    set_parameters(camera, source->options.max_bytes);
    l2l_status status = read_camera(context, source, camera, &noted, raw);
    if (status != L2L_OK) {
        libraw_close(camera);
        return status;
    }
    libraw_set_dataerror_handler(camera, NULL, NULL);
    libraw_recycle_datastream(camera); /* it reads from the caller's bytes */
    raw->camera = camera;
    return L2L_OK;
}

static bool libraw_probe(const l2l_raw_source *source) {
    (void)source;
    return true;
}

void l2l_raw_libraw_close(void *camera) {
    if (camera) libraw_close(camera);
}

const l2l_raw_reader l2l_raw_libraw = { "libraw", libraw_probe, libraw_open };
