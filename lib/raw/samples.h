/* How samples lie in files without a decoder: integers and floats of either byte order, and packed
   ones. */
#ifndef L2L_RAW_SAMPLES_H
#define L2L_RAW_SAMPLES_H

#include <lens2logit/tensor.h>

/* One row of the table of formats. */
typedef struct l2l_sample_format {
    const char *name;  /* in a geometry; NULL: not for dumps */
    const char *descr; /* in an NPY header; NULL: not there */
    l2l_dtype dtype;   /* what it is in memory */
    int bytes;         /* of a sample in the file; 0: packed, as in memory */
    double white;
    void (*unpack)(const unsigned char *src, int64_t count, void *dst); /* NULL: packed */
} l2l_sample_format;

/* The row whose name or whose descr is `text`; NULL if there is none. */
const l2l_sample_format *l2l_sample_format_named(const char *text);
const l2l_sample_format *l2l_sample_format_described(const char *text);

#endif
