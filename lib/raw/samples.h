/* How samples lie in files without a decoder: plain integers and floats, and packed bits. */
#ifndef L2L_RAW_SAMPLES_H
#define L2L_RAW_SAMPLES_H

#include <lens2logit/tensor.h>

/* One row of the table of formats. Rows of an image begin at a byte and are padded to whole
   groups. */
typedef struct l2l_sample_format {
    const char *name;  /* in a geometry; NULL: not for dumps */
    const char *descr; /* in an NPY header; NULL: not there */
    l2l_dtype dtype;   /* what it is unpacked to */
    int group_samples, group_bytes;
    double white;
    void (*unpack)(const unsigned char *src, int64_t count, void *dst);
} l2l_sample_format;

/* The row whose name or whose descr is `text`; NULL if there is none. */
const l2l_sample_format *l2l_sample_format_named(const char *text);
const l2l_sample_format *l2l_sample_format_described(const char *text);

#endif
