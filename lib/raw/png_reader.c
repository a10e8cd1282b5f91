/* PNG mosaics: gray, 8 or 16 bits, through libpng. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw/raw.h"

/* All that lives across libpng's longjmp. */
typedef struct png_job {
    const l2l_raw_source *source;
    size_t at;
    png_structp png;
    png_infop info;
    png_uint_32 width, height;
    int bits, color, passes;
    bool no_memory;
    char message[96];
} png_job;

static bool png_probe(const l2l_raw_source *source) {
    return source->size >= 8 && !png_sig_cmp(source->bytes, 0, 8);
}

static void png_failed(png_structp png, png_const_charp message) {
    png_job *job = png_get_error_ptr(png);
    snprintf(job->message, sizeof job->message, "%s", message);
    png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

/* libpng reports a failed allocation as an error like any other; this tells them apart. */
static png_voidp png_allocate(png_structp png, png_alloc_size_t size) {
    png_job *job = png_get_mem_ptr(png);
    void *memory = malloc(size);
    if (!memory) job->no_memory = true;
    return memory;
}

static void png_release(png_structp png, png_voidp memory) {
    (void)png;
    free(memory);
}

static void png_bytes(png_structp png, png_bytep dst, size_t size) {
    png_job *job = png_get_io_ptr(png);
    if (size > job->source->size - job->at) png_error(png, "the file ends early");
    memcpy(dst, job->source->bytes + job->at, size);
    job->at += size;
}

/* False after an error, which is in job->message. */
static bool read_header(png_job *job) {
    if (setjmp(png_jmpbuf(job->png))) return false;
    png_set_read_fn(job->png, job, png_bytes);
    png_set_user_limits(job->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* the library has its own */
    png_set_chunk_malloc_max(job->png, 8 << 20);
    png_read_info(job->png, job->info);
    png_get_IHDR(job->png, job->info, &job->width, &job->height, &job->bits, &job->color, NULL,
                 NULL, NULL);
    return true;
}

static bool read_rows(png_job *job, l2l_raw *raw) {
    if (setjmp(png_jmpbuf(job->png))) return false;
    uint16_t one = 1;
    bool little_endian = *(unsigned char *)&one == 1;
    if (job->bits == 16 && little_endian) png_set_swap(job->png);
    job->passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    size_t stride = (size_t)job->width * (size_t)job->bits / 8;
    for (int pass = 0; pass < job->passes; pass++)
        for (size_t row = 0; row < job->height; row++)
            png_read_row(job->png, (png_bytep)raw->pixels + row * stride, NULL);
    png_read_end(job->png, NULL);
    return true;
}

static l2l_status failed(l2l_context *context, const png_job *job) {
    return l2l_fail(context, job->no_memory ? L2L_OUT_OF_MEMORY : L2L_BAD_DATA,
                    "%s: PNG: %s (at byte %zu of %zu)", job->source->name, job->message, job->at,
                    job->source->size);
}

static l2l_status read_png(l2l_context *context, png_job *job, l2l_raw *raw) {
    if (!read_header(job)) return failed(context, job);
    if (job->color != PNG_COLOR_TYPE_GRAY || (job->bits != 8 && job->bits != 16))
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: a PNG of colour type %d with %d bits; a mosaic is gray (type 0) with "
                        "8 or 16",
                        job->source->name, job->color, job->bits);
    L2L_TRY(l2l_raw_new_mosaic(context, job->source, raw, job->bits == 8 ? L2L_U8 : L2L_U16,
                               job->width, job->height));
    return read_rows(job, raw) ? L2L_OK : failed(context, job);
}

static l2l_status png_open(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    png_job job = { .source = source };
    job.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, png_failed, png_warned, &job,
                                       png_allocate, png_release);
    if (job.png) job.info = png_create_info_struct(job.png);
    l2l_status status =
        job.info ? read_png(context, &job, raw)
                 : l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for libpng", source->name);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    return status;
}

const l2l_raw_reader l2l_raw_png = { "png", png_probe, png_open };
