/* The camera's own embedded preview: found when a raw is opened, decoded on demand. LibRaw's way to
   it is not used: LibRaw has libjpeg print on a damaged one, and its interface for it changed. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "raw/raw.h"

/* A progressive file may have as many scans as it likes, each of them a pass over the picture; and
   a hostile file may consist of beginnings of JPEGs. */
enum { MAX_SCANS = 200, MAX_SEGMENTS = 64 };

/* ---- finding it ---- */

enum { SOF0 = 0xc0, SOF2 = 0xc2, RST0 = 0xd0, RST7 = 0xd7, SOI = 0xd8, EOI = 0xd9, SOS = 0xda };

typedef struct jpeg_range {
    size_t begin, end;
    int64_t width, height;
} jpeg_range;

static unsigned big16(const unsigned char *b) {
    return (unsigned)b[0] << 8 | b[1];
}

/* Walks the segments of a JPEG from its first byte to the frame header; false unless that is one of
   an 8-bit picture of three components, as no compressed mosaic is. */
static bool read_frame(const unsigned char *bytes, size_t size, jpeg_range *range) {
    size_t at = range->begin + 2;
    for (int i = 0; i < MAX_SEGMENTS && size - at >= 10; i++) {
        unsigned marker = bytes[at + 1], length = big16(bytes + at + 2);
        if (bytes[at] != 0xff || marker < SOF0 || marker == SOI || length < 2) return false;
        if (marker >= SOF0 && marker <= SOF2) {
            range->height = big16(bytes + at + 5);
            range->width = big16(bytes + at + 7);
            range->end = at;
            return bytes[at + 4] == 8 && bytes[at + 9] == 3;
        }
        if (length > size - at - 2) return false;
        at += 2 + (size_t)length;
    }
    return false;
}

/* Where the JPEG ends whose frame header is at `at`: after its EOI marker, or with the file. Within
   a scan 0xff is followed by 0 or by a restart marker. */
static size_t find_end(const unsigned char *bytes, size_t size, size_t at) {
    while (size - at >= 4) {
        unsigned marker = bytes[at + 1];
        if (bytes[at] != 0xff || marker < SOF0 || (marker >= RST0 && marker <= RST7))
            at++;
        else if (marker == EOI)
            return at + 2;
        else if (big16(bytes + at + 2) > size - at - 2)
            return size;
        else
            at += 2 + (size_t)big16(bytes + at + 2);
    }
    return size;
}

/* The largest JPEG within the bytes; width 0 if there is none. */
static jpeg_range find_largest(const unsigned char *bytes, size_t size) {
    jpeg_range largest = { 0 };
    const unsigned char *at = bytes;
    while ((at = memchr(at, 0xff, size - (size_t)(at - bytes))) != NULL) {
        jpeg_range range = { .begin = (size_t)(at - bytes) };
        bool begins = size - range.begin >= 12 && at[1] == SOI && at[2] == 0xff;
        if (begins && read_frame(bytes, size, &range) &&
            range.width * range.height > largest.width * largest.height)
            largest = range;
        at++;
    }
    if (largest.width) largest.end = find_end(bytes, size, largest.end);
    return largest;
}

/* ---- reading it ---- */

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

static bool within_limits(const l2l_raw_options *limits, int64_t width, int64_t height) {
    return width * height <= limits->max_pixels && width * height * 3 <= limits->max_bytes;
}

l2l_status l2l_raw_find_preview(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    jpeg_range range = find_largest(source->bytes, source->size);
    if (!range.width || !within_limits(&source->options, range.width, range.height)) return L2L_OK;
    jpeg_job job;
    const unsigned char *bytes = source->bytes + range.begin;
    size_t size = range.end - range.begin;
    bool sound = open_job(&job, bytes, size) && job.jpeg.image_width == range.width &&
                 job.jpeg.image_height == range.height;
    jpeg_destroy_decompress(&job.jpeg);
    if (!sound && !job.no_memory) return L2L_OK;
    raw->preview = sound ? l2l_allocate(&raw->allocator, size) : NULL;
    if (!raw->preview)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for a preview of %zu bytes",
                        source->name, size);
    memcpy(raw->preview, bytes, size);
    raw->preview_size = size;
    raw->info.has_preview = 1;
    raw->info.preview_width = range.width;
    raw->info.preview_height = range.height;
    return L2L_OK;
}

static bool decode_rows(jpeg_job *job, int64_t width, int64_t height, unsigned char *dst) {
    if (setjmp(job->jump)) return false;
    job->jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&job->jpeg);
    JSAMPARRAY row = job->jpeg.mem->alloc_sarray((j_common_ptr)&job->jpeg, JPOOL_IMAGE,
                                                 (JDIMENSION)width * 3, 1);
    for (int64_t y = 0; y < height; y++) {
        jpeg_read_scanlines(&job->jpeg, row, 1);
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < 3; c++) dst[(c * height + y) * width + x] = row[0][3 * x + c];
    }
    jpeg_finish_decompress(&job->jpeg);
    return true;
}

static l2l_status decode(l2l_context *context, const l2l_raw *raw, unsigned char *dst) {
    jpeg_job job;
    int64_t width = raw->info.preview_width, height = raw->info.preview_height;
    bool sound =
        open_job(&job, raw->preview, raw->preview_size) && decode_rows(&job, width, height, dst);
    jpeg_destroy_decompress(&job.jpeg);
    return sound ? L2L_OK
                 : l2l_fail(context, job.no_memory ? L2L_OUT_OF_MEMORY : L2L_BAD_DATA,
                            "the embedded preview of %lld×%lld, %zu bytes: JPEG: %s",
                            (long long)width, (long long)height, raw->preview_size, job.message);
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
    l2l_status status = decode(context, raw, dst);
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
