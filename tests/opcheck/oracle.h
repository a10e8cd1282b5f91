/* The oracle: every stage from its formula, in double, over whole images, in plain loops. It shares
   no header with the library, so that a mistake in one of them is not repeated in the other. */
#ifndef OPCHECK_ORACLE_H
#define OPCHECK_ORACLE_H

#include <stddef.h>

typedef enum oracle_kind {
    ORACLE_BLACK_LEVEL,
    ORACLE_DEMOSAIC,
    ORACLE_WHITE_BALANCE,
    ORACLE_COLOR_MATRIX,
    ORACLE_SHARPEN,
    ORACLE_DENOISE,
    ORACLE_CLIP,
    ORACLE_GAMMA,
    ORACLE_ADDITIVE,
    ORACLE_NORMALIZE,
    ORACLE_KINDS
} oracle_kind;

typedef enum oracle_method {
    ORACLE_PLAIN, /* the stage has one method only */
    ORACLE_BILINEAR,
    ORACLE_LINEAR,
    ORACLE_SUPERPIXEL,
    ORACLE_MALVAR2004,
    ORACLE_KERNEL,
    ORACLE_UNSHARP,
    ORACLE_GAUSSIAN,
    ORACLE_MEDIAN,
    ORACLE_GIVEN,
    ORACLE_BATCH
} oracle_method;

typedef enum oracle_border {
    ORACLE_DEFAULT, /* mirror */
    ORACLE_MIRROR,
    ORACLE_SYMMETRIC,
    ORACLE_REPLICATE,
    ORACLE_ZERO,
    ORACLE_REFERENCE,
    ORACLE_BORDERS
} oracle_border;

/* A stage with all its attributes. Parameters are apart, in the order of the public header. */
typedef struct oracle_stage {
    oracle_kind kind;
    oracle_method method;
    oracle_border border;
    int each_channel; /* sharpen, denoise: filter every channel; 0: luma */
    int radius;
    int channels;    /* superpixel: 3 or 4 */
    int extra;       /* black level: rescale; matrix: with offset; gamma: one a channel */
    double lo, hi;   /* clip; black level: hi is white; batch normalisation: lo is epsilon */
    const char *cfa; /* the rows of its period, "RG/GB" */
} oracle_stage;

/* Contiguous (n, c, h, w). */
typedef struct oracle_image {
    int n, c, h, w;
    double *v;
} oracle_image;

oracle_image oracle_new(int n, int c, int h, int w); /* zeroed; free(image.v) */
size_t oracle_size(const oracle_image *image);
double *oracle_plane(const oracle_image *image, int n, int c);

/* The index of the sample that stands at `index` beyond 0..extent − 1; −1 for a zero. */
int oracle_extend(int index, int extent, oracle_border border);
/* What `border` means for this stage: never DEFAULT or REFERENCE. */
oracle_border oracle_border_of(const oracle_stage *stage);

/* 0 red, 1 green, 2 blue, for row, column ≥ 0. */
int oracle_color(const char *cfa, int row, int column);
void oracle_cfa_period(const char *cfa, int *height, int *width);
/* The smallest radius at which every site of the periodic array sees every colour that it has in
   each of its four quadrants: the surroundings of an image's corner are reflections of one. */
int oracle_cfa_radius(const char *cfa);

/* Number of parameters of the stage for c channels (additive: of its image). */
int oracle_param_count(const oracle_stage *stage, int c, int h, int w);

/* The stage applied to src. Where it decides (inside the limits? which sample is the median?) it
   decides as it would for the image `at`: with at == src that is the stage itself, and with `at`
   held it is the smooth branch whose derivative the stage states as its own, also at a kink. */
oracle_image oracle_forward(const oracle_stage *stage, const double *params,
                            const oracle_image *src, const oracle_image *at);

oracle_image oracle_black_level(const oracle_stage *, const double *, const oracle_image *);
oracle_image oracle_demosaic(const oracle_stage *, const double *, const oracle_image *);
oracle_image oracle_pointwise(const oracle_stage *, const double *, const oracle_image *,
                              const oracle_image *at);
oracle_image oracle_filter(const oracle_stage *, const double *, const oracle_image *,
                           const oracle_image *at);

/* d image / d *value, `value` being an element of src or of params: six-point central differences
   with decisions held, accurate to about 1e-12 of the values. column: elements of the output. */
void oracle_column(const oracle_stage *stage, const double *params, const oracle_image *src,
                   double *value, double *column);

#endif
