/* Raw input: opening a camera's file, a TIFF, PNG or NPY mosaic, or a headerless dump. */
#ifndef LENS2LOGIT_RAW_H
#define LENS2LOGIT_RAW_H

#include <stddef.h>
#include <stdint.h>

#include <lens2logit/mosaic.h>
#include <lens2logit/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An open raw file: the visible mosaic and what the camera says about it. Immutable once open;
   any number of threads may read it. */
typedef struct l2l_raw l2l_raw;

typedef struct l2l_raw_options {
    size_t struct_size;
    int64_t max_pixels;   /* of the whole sensor; 0: 2^30. More is L2L_UNSUPPORTED */
    int64_t max_bytes;    /* of the file and of any buffer made for it; 0: 8 GiB */
    const char *geometry; /* NULL, or the file is a headerless dump:
                             "WIDTHxHEIGHT:FORMAT:CFA:BLACK:WHITE", FORMAT one of u8, u16le,
                             u16be, f32le, p10 and p12 (packed: L2L_RAW10 and L2L_RAW12);
                             CFA, BLACK and WHITE may be left out from the right: RGGB, 0 and
                             the largest value of the format (for f32le: 1) */
    const char *cfa;      /* NULL, or the CFA of a TIFF, PNG or NPY mosaic (default RGGB); for
                             camera files it overrides what the file says */
    int bits;             /* 0, or the significant bits of integer TIFF, PNG and NPY samples,
                             1..16: white = 2^bits − 1 (default: the type's) */
    int packed;           /* 0: a mosaic that the file has packed is expanded to u16; 1: it is kept
                             as it lies, which is what plans read */
} l2l_raw_options;

#define L2L_RAW_OPTIONS_INIT { sizeof(l2l_raw_options), 0, 0, NULL, NULL, 0, 0 }

/* Everything is checked: levels finite and white > black, gains and matrix finite. What the file
   does not say has the neutral value, and `has_...` is 0. */
typedef struct l2l_raw_info {
    char make[64], model[64], software[64], reader[16]; /* reader: libraw, tiff, png, npy, dump */
    int64_t width, height;            /* of the visible mosaic */
    int64_t raw_width, raw_height;    /* of the whole sensor */
    int64_t top, left;                /* margins of the visible area in it */
    l2l_cfa cfa;                      /* phase of the visible mosaic's top-left sample */
    int bits;                         /* significant bits of a sample; 0 for float samples */
    double black[4];                  /* by position in the visible 2×2: (0,0) (0,1) (1,0) (1,1) */
    double white;                     /* sample value of saturation */
    int has_gain, has_matrix;
    double gain[3];                   /* white balance R, G, B as shot, or for daylight where the
                                         file does not say, scaled so that G = 1 */
    double matrix[9];                 /* white-balanced camera RGB to linear sRGB, row-major */
    int orientation;                  /* EXIF 1..8: what a viewer must do to show it upright */
    double iso, shutter_s, aperture, focal_mm; /* 0: unknown */
    int64_t timestamp;                /* seconds since 1970; 0: unknown */
    int has_preview;
    int64_t preview_width, preview_height;
} l2l_raw_info;

/* Opens a file, or a file in memory (copied as needed; the bytes may go afterwards). The kind is
   told by the content, not by the name; with options->geometry it is a dump. `options` may be
   NULL. On success *raw is to be closed with l2l_raw_close; on failure it is NULL. Any number of
   threads may open files at once, each with a context of its own.
   Errors: L2L_IO (missing, unreadable), L2L_BAD_DATA (truncated, damaged, not a raw file),
   L2L_UNSUPPORTED (already demosaiced, a CFA or compression nobody reads, over the limits). */
L2L_API l2l_status l2l_raw_open_file(l2l_context *context, const char *path,
                                     const l2l_raw_options *options, l2l_raw **raw);
L2L_API l2l_status l2l_raw_open_memory(l2l_context *context, const void *bytes, size_t size,
                                       const l2l_raw_options *options, l2l_raw **raw);
L2L_API void l2l_raw_close(l2l_raw *raw);

/* Lasts as long as `raw`. */
L2L_API const l2l_raw_info *l2l_raw_get_info(const l2l_raw *raw);

/* The visible mosaic, (H,W), u8, u16, f32 or f64 as the file has it, or packed if options->packed
   asked for it, in sensor counts; rows may be strided. The view lasts as long as `raw` and must not
   be written. */
L2L_API l2l_tensor l2l_raw_mosaic(const l2l_raw *raw);

/* Decodes the camera's own embedded preview into a new u8 buffer (3,H,W), sRGB, oriented as the
   mosaic is (not turned upright). Free it with l2l_raw_preview_free. L2L_STATE if there is none. */
L2L_API l2l_status l2l_raw_preview(l2l_context *context, const l2l_raw *raw, l2l_tensor *preview);
L2L_API void l2l_raw_preview_free(l2l_context *context, l2l_tensor *preview);

#ifdef __cplusplus
}
#endif
#endif
