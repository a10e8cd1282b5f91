/* The camera's own embedded preview: header checks when a raw is opened, decoding on demand. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "raw/raw.h"

/* A progressive file may have as many scans as it likes, each of them a pass over the picture. */
enum { MAX_SCANS = 200 };

/* All that lives across libjpeg's longjmp. */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors; /* first: libjpeg hands back its address */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf jump;
    bool no_memory;
    char message[JMSG_LENGTH_MAX];
} jpeg_job;

static void jpeg_failed(j_common_ptr jpeg) {
    jpeg_job *job = (jpeg_job *)jpeg->err;
    job->no_memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    jpeg->err->format_message(jpeg, job->message);
    longjmp(job->jump, 1);
}

/* Warnings (level < 0) tell of damage, except where bytes are merely left over. */
static void jpeg_told(j_common_ptr jpeg, int level) {
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) jpeg_failed(jpeg);
}

static void jpeg_silent(j_common_ptr jpeg) {
    (void)jpeg;
}

static void jpeg_progressed(j_common_ptr jpeg) {
    jpeg_job *job = (jpeg_job *)jpeg->err;
    if (job->jpeg.input_scan_number <= MAX_SCANS) return;
    snprintf(job->message, sizeof job->message, "more than %d scans", MAX_SCANS);
    longjmp(job->jump, 1);
}

/* Sets up the job and reads the header; false after an error. jpeg_destroy_decompress is allowed
   in either case. */
static bool open_job(jpeg_job *job, const unsigned char *bytes, size_t size) {
    memset(job, 0, sizeof *job);
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = jpeg_failed;
    job->errors.emit_message = jpeg_told;
    job->errors.output_message = jpeg_silent;
    if (setjmp(job->jump)) return false;
    jpeg_create_decompress(&job->jpeg);
    job->progress.progress_monitor = jpeg_progressed;
    job->jpeg.progress = &job->progress;
    jpeg_mem_src(&job->jpeg, bytes, (unsigned long)size);
    return jpeg_read_header(&job->jpeg, TRUE) == JPEG_HEADER_OK;
}

static bool within_limits(const l2l_raw *raw, int64_t width, int64_t height) {
    int64_t pixels, bytes;
    return width >= 1 && height >= 1 && l2l_mul_extent(width, height, &pixels) &&
           l2l_mul_extent(pixels, 3, &bytes) && pixels <= raw->max_pixels &&
           bytes <= raw->max_bytes && (uint64_t)bytes <= SIZE_MAX;
}

static void keep(l2l_raw *raw, const void *bytes, size_t size, int64_t width, int64_t height,
                 int channels) {
    raw->preview = bytes;
    raw->preview_size = size;
    raw->preview_channels = channels;
    raw->info.has_preview = 1;
    raw->info.preview_width = width;
    raw->info.preview_height = height;
}

bool l2l_raw_offer_jpeg(l2l_raw *raw, const void *bytes, size_t size) {
    jpeg_job job;
    bool sound = open_job(&job, bytes, size);
    int64_t width = job.jpeg.image_width, height = job.jpeg.image_height;
    jpeg_destroy_decompress(&job.jpeg);
    if (sound && within_limits(raw, width, height)) keep(raw, bytes, size, width, height, 0);
    return !job.no_memory;
}

void l2l_raw_offer_bitmap(l2l_raw *raw, const void *bytes, size_t size, int64_t width,
                          int64_t height, int channels) {
    if ((channels == 1 || channels == 3) && within_limits(raw, width, height) &&
        (uint64_t)(width * height * channels) <= size)
        keep(raw, bytes, size, width, height, channels);
}

/* One row of interleaved samples to three planes; a single channel is gray. */
static void spread_row(const unsigned char *row, int channels, int64_t width, int64_t plane,
                       unsigned char *dst) {
    for (int64_t x = 0; x < width; x++)
        for (int c = 0; c < 3; c++)
            dst[c * plane + x] = row[x * channels + (channels == 3 ? c : 0)];
}

static bool decode_rows(jpeg_job *job, int64_t plane, unsigned char *dst) {
    if (setjmp(job->jump)) return false;
    job->jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&job->jpeg);
    JSAMPARRAY row = job->jpeg.mem->alloc_sarray((j_common_ptr)&job->jpeg, JPOOL_IMAGE,
                                                 job->jpeg.output_width * 3, 1);
    while (job->jpeg.output_scanline < job->jpeg.output_height) {
        unsigned char *out = dst + (int64_t)job->jpeg.output_scanline * job->jpeg.output_width;
        jpeg_read_scanlines(&job->jpeg, row, 1);
        spread_row(row[0], 3, job->jpeg.output_width, plane, out);
    }
    jpeg_finish_decompress(&job->jpeg);
    return true;
}

static l2l_status decode_jpeg(l2l_context *context, const l2l_raw *raw, int64_t plane,
                              unsigned char *dst) {
    jpeg_job job;
    bool sound = open_job(&job, raw->preview, raw->preview_size) && decode_rows(&job, plane, dst);
    jpeg_destroy_decompress(&job.jpeg);
    return sound ? L2L_OK
                 : l2l_fail(context, job.no_memory ? L2L_OUT_OF_MEMORY : L2L_BAD_DATA,
                            "the embedded preview, %lld×%lld: JPEG: %s",
                            (long long)raw->info.preview_width, (long long)raw->info.preview_height,
                            job.message);
}

l2l_status l2l_raw_preview(l2l_context *context, const l2l_raw *raw, l2l_tensor *preview) {
    if (!context || !raw || !preview)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_raw_preview: %s is NULL",
                        !context ? "context"
                        : !raw   ? "raw"
                                 : "preview");
    if (!raw->info.has_preview)
        return l2l_fail(context, L2L_STATE, "l2l_raw_preview: the file has no preview");
    int64_t width = raw->info.preview_width, height = raw->info.preview_height;
    size_t size = (size_t)(width * height * 3);
    l2l_allocator allocator = l2l_context_allocator(context);
    unsigned char *dst = l2l_allocate(&allocator, size);
    if (!dst)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "l2l_raw_preview: no memory for %zu bytes",
                        size);
    l2l_status status = L2L_OK;
    int channels = raw->preview_channels;
    if (channels == 0) status = decode_jpeg(context, raw, width * height, dst);
    for (int64_t row = 0; channels && row < height; row++)
        spread_row(raw->preview + row * width * channels, channels, width, width * height,
                   dst + row * width);
    if (status == L2L_OK)
        *preview = l2l_tensor_of(dst, L2L_U8, 3, (int64_t[]){ 3, height, width });
    else
        l2l_release(&allocator, dst, size);
    return status;
}

void l2l_raw_preview_free(l2l_context *context, l2l_tensor *preview) {
    if (!context || !preview || !preview->data) return;
    l2l_allocator allocator = l2l_context_allocator(context);
    l2l_release(&allocator, preview->data,
                (size_t)(preview->shape[0] * preview->shape[1] * preview->shape[2]));
    *preview = (l2l_tensor){ 0 };
}
