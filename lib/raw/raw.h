/* What the readers share: an open raw, its source, and the table row that a reader is. */
#ifndef L2L_RAW_RAW_H
#define L2L_RAW_RAW_H

#include <stdbool.h>

#include <lens2logit/raw.h>

#include "core/core.h"

/* The bytes to read from, whole and in memory; `name` is the path, or "memory", for sentences. */
typedef struct l2l_raw_source {
    const unsigned char *bytes;
    size_t size;
    const char *name;
    l2l_raw_options options; /* limits filled in */
    bool *given; /* NULL, or the bytes are the library's: a reader that keeps them as the pixels of
                    its raw sets this to true */
} l2l_raw_source;

struct l2l_raw {
    l2l_raw_info info;
    l2l_allocator allocator;
    l2l_tensor mosaic;
    void *pixels; /* what `mosaic` shows if the library owns it */
    size_t pixels_size;
    void *camera;           /* LibRaw's handle if it owns the pixels */
    unsigned char *preview; /* a JPEG file, or NULL */
    size_t preview_size;
};

/* What an `open` returns that finds the file to be none of its own; the next reader is asked. It
   leaves a sentence, and the raw as it was. */
#define L2L_RAW_DECLINED ((l2l_status)-1)

/* `raw` comes with the neutral values in its info and its allocator set; `open` fills what the file
   says and the mosaic. Whatever it leaves in `raw` on failure is freed by the caller. */
typedef struct l2l_raw_reader {
    const char *name;
    bool (*probe)(const l2l_raw_source *source);
    l2l_status (*open)(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw);
} l2l_raw_reader;

extern const l2l_raw_reader l2l_raw_dump, l2l_raw_png, l2l_raw_npy, l2l_raw_plain_tiff,
    l2l_raw_libraw, l2l_raw_any_tiff;

/* Reads a whole regular file of at most max_bytes; the caller releases them. */
l2l_status l2l_raw_read_file(l2l_context *context, const char *path, int64_t max_bytes,
                             unsigned char **bytes, size_t *size);

/* Checks the size of a sensor and of its samples, those of packed ones too if they are to be
   expanded, against the limits, before anything is allocated for it. */
l2l_status l2l_raw_check_size(l2l_context *context, const l2l_raw_source *source, int64_t width,
                              int64_t height, l2l_dtype dtype);

/* Checks that the visible area lies within the sensor. */
l2l_status l2l_raw_check_area(l2l_context *context, const l2l_raw_source *source,
                              const l2l_raw_info *info);

/* Checks the size and fills sizes, white and bits as options say, and the mosaic: contiguous, in
   pixels of its own; or, for `keep_bytes`, in all bytes of the source, kept or copied. A reader
   leaves packed samples packed; they are expanded afterwards if options say so. */
l2l_status l2l_raw_new_mosaic(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw,
                              l2l_dtype dtype, int64_t width, int64_t height);
l2l_status l2l_raw_keep_bytes(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw,
                              l2l_dtype dtype, int64_t width, int64_t height);

/* Puts a u16 mosaic in the place of a packed one. */
l2l_status l2l_raw_expand(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw);

/* Bits that the integer samples up to `white` need. */
int l2l_raw_bits(double white);

/* Copies text from a file, with '?' for what is not printable ASCII and no spaces at the end. */
void l2l_raw_copy_text(char *dst, size_t size, const char *src, size_t length);

/* Keeps the largest JPEG within the file as the preview, if its header is sound and within limits;
   L2L_OUT_OF_MEMORY is the only failure. */
l2l_status l2l_raw_find_preview(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw);

/* LibRaw's handle is freed where LibRaw is known. */
void l2l_raw_libraw_close(void *camera);

#endif
