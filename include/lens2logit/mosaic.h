/* What a colour-filter array is: which colour each sample of a mosaic has. */
#ifndef LENS2LOGIT_MOSAIC_H
#define LENS2LOGIT_MOSAIC_H

#include <stdint.h>

#include <lens2logit/context.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { L2L_CFA_MAX_PERIOD = 6 };

/* The top-left period of the array: the sample at (row, column) has the colour
   color[(row % height) * width + column % width], 0 red, 1 green, 2 blue. Bayer arrays have the
   period 2×2, quad-Bayer 4×4, X-Trans 6×6, monochrome sensors 1×1 (and then all samples count
   as green and demosaicing copies them to all channels). All zero (width == 0) stands for RGGB
   wherever a CFA is an attribute. */
typedef struct l2l_cfa {
    uint8_t width, height;
    uint8_t color[L2L_CFA_MAX_PERIOD * L2L_CFA_MAX_PERIOD];
} l2l_cfa;

/* Reads a name: "RGGB", "BGGR", "GRBG", "GBRG" (the top-left 2×2), "QUAD_RGGB" and so on (each
   site 2×2 samples), "XTRANS" (Fujifilm's period beginning GBGGRG), "MONO", or the letters of a
   whole period with '/' between its rows, "RG/GB" for instance. Case does not matter. */
L2L_API l2l_status l2l_cfa_parse(l2l_context *context, const char *name, l2l_cfa *cfa);

/* Writes the name, as l2l_cfa_parse reads it, into text[size], always terminated (48 bytes are
   enough for any). */
L2L_API void l2l_cfa_name(const l2l_cfa *cfa, char *text, int size);

/* The array as seen after `top` rows and `left` columns are cropped away (both may be negative). */
L2L_API l2l_cfa l2l_cfa_crop(const l2l_cfa *cfa, int64_t top, int64_t left);

/* The colour at a site; row and column may be negative. */
L2L_API int l2l_cfa_color(const l2l_cfa *cfa, int64_t row, int64_t column);

#ifdef __cplusplus
}
#endif
#endif
