/* The stages of an image pipeline: one struct of attributes and one forward/backward pair each.
   docs/stages/ has a page a stage with formula, gradient, borders and tolerances. */
#ifndef LENS2LOGIT_STAGES_H
#define LENS2LOGIT_STAGES_H

#include <stddef.h>

#include <lens2logit/mosaic.h>
#include <lens2logit/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What lies beyond the edge of an image whose row is a b c d. */
typedef enum l2l_border {
    L2L_BORDER_DEFAULT = 0,   /* mirror */
    L2L_BORDER_MIRROR = 1,    /* d c b | a b c d | c b a: keeps the phase of a CFA */
    L2L_BORDER_SYMMETRIC = 2, /* c b a | a b c d | d c b */
    L2L_BORDER_REPLICATE = 3, /* a a a | a b c d | d d d */
    L2L_BORDER_ZERO = 4,      /* 0 0 0 | a b c d | 0 0 0 */
    L2L_BORDER_REFERENCE = 5  /* what the packages do that a method is compared with: see its page */
} l2l_border;

/* What a neighbourhood filter works on. */
typedef enum l2l_space {
    L2L_SPACE_LUMA = 0,    /* rgb + (f(Y) − Y), Y = 0.299 R + 0.587 G + 0.114 B; 3 channels only */
    L2L_SPACE_CHANNELS = 1 /* each channel by itself */
} l2l_space;

/* Every attribute struct starts with its size, has an _INIT macro, and is copied by the calls
   that take it; NULL stands for the _INIT values. Attributes are fixed; what is trained is in
   `params`, a vector (P) of f32 or f64. */

/* y = x − b[s], or (x − b[s]) / (white − b[s]). One channel. params: level (4), by position in
   the 2×2 period: (0,0) (0,1) (1,0) (1,1). Nothing is clipped. */
typedef struct l2l_black_level {
    size_t struct_size;
    int rescale;
    double white; /* read if rescale */
} l2l_black_level;
#define L2L_BLACK_LEVEL_INIT { sizeof(l2l_black_level), 0, 1.0 }

typedef enum l2l_demosaic_method {
    L2L_DEMOSAIC_BILINEAR = 0,   /* normalised convolution; any CFA. No params */
    L2L_DEMOSAIC_LINEAR = 1,     /* zero-filled RGB, dense 3→3 convolution. params: weight
                                    [out][in][ky][kx], 81 for radius 1, 225 for radius 2 */
    L2L_DEMOSAIC_SUPERPIXEL = 2, /* half resolution: R, (G1+G2)/2, B, or R, G1, G2, B. No params.
                                    2×2 CFA only; an odd last row or column is left out */
    L2L_DEMOSAIC_MALVAR2004 = 3  /* bilinear, corrected by the second difference of the pixel's own
                                    colour in 5×5 (Malvar, He, Cutler, ICASSP 2004). Bayer only.
                                    No params */
} l2l_demosaic_method;

/* One channel to three (or four). */
typedef struct l2l_demosaic {
    size_t struct_size;
    l2l_demosaic_method method;
    l2l_cfa cfa;       /* all zero: RGGB */
    l2l_border border; /* the colours of the CFA are extended with the samples */
    int radius;        /* linear: 1 or 2; else ignored */
    int channels;      /* superpixel: 3 or 4; else ignored */
} l2l_demosaic;
#define L2L_DEMOSAIC_INIT \
    { sizeof(l2l_demosaic), L2L_DEMOSAIC_BILINEAR, { 0, 0, { 0 } }, L2L_BORDER_DEFAULT, 1, 3 }

/* y_c = gain_c x_c. params: gain (C). */
typedef struct l2l_white_balance {
    size_t struct_size;
} l2l_white_balance;
#define L2L_WHITE_BALANCE_INIT { sizeof(l2l_white_balance) }

/* y_k = Σ_c matrix[k][c] x_c (+ offset_k). Three channels. params: matrix (9), offset (3) if any. */
typedef struct l2l_color_matrix {
    size_t struct_size;
    int offset;
} l2l_color_matrix;
#define L2L_COLOR_MATRIX_INIT { sizeof(l2l_color_matrix), 0 }

typedef enum l2l_sharpen_method {
    L2L_SHARPEN_KERNEL = 0, /* stencil. params: kernel (2r+1)², default [0 −1 0; −1 5 −1; 0 −1 0] */
    L2L_SHARPEN_UNSHARP = 1 /* x + amount (x − G_σ x). params: amount (1), sigma (1) */
} l2l_sharpen_method;

/* Any number of channels (three in luma space). */
typedef struct l2l_sharpen {
    size_t struct_size;
    l2l_sharpen_method method;
    l2l_space space;
    l2l_border border;
    int radius; /* 1..24; 0: kernel 1, unsharp 4 (= ⌊4σ + 0.5⌋ for σ = 1) */
} l2l_sharpen;
#define L2L_SHARPEN_INIT \
    { sizeof(l2l_sharpen), L2L_SHARPEN_KERNEL, L2L_SPACE_LUMA, L2L_BORDER_DEFAULT, 0 }

typedef enum l2l_denoise_method {
    L2L_DENOISE_KERNEL = 0,   /* stencil. params: kernel (2r+1)², default a Gaussian of σ = 0.5 */
    L2L_DENOISE_GAUSSIAN = 1, /* G_σ x. params: sigma (1) */
    L2L_DENOISE_MEDIAN = 2    /* (2r+1)² median. No params; the gradient goes to the sample chosen */
} l2l_denoise_method;

typedef struct l2l_denoise {
    size_t struct_size;
    l2l_denoise_method method;
    l2l_space space;
    l2l_border border;
    int radius; /* kernel 1..8 (0: 2); gaussian 1..24 (0: 2); median 1 or 2 (0: 1) */
} l2l_denoise;
#define L2L_DENOISE_INIT \
    { sizeof(l2l_denoise), L2L_DENOISE_KERNEL, L2L_SPACE_LUMA, L2L_BORDER_DEFAULT, 0 }

/* y = min(max(x, lo), hi); the gradient passes for lo ≤ x ≤ hi. NaN stays. No params. */
typedef struct l2l_clip {
    size_t struct_size;
    double lo, hi;
} l2l_clip;
#define L2L_CLIP_INIT { sizeof(l2l_clip), 1e-5, 1.0 }

/* y = x^(1/γ) for x > 0, 0 for x ≤ 0, NaN stays. params: gamma (1, or C if per_channel): γ. At
   x ≤ 0 the slope is that at 1e-5, and γ gets no gradient. */
typedef struct l2l_gamma {
    size_t struct_size;
    int per_channel;
} l2l_gamma;
#define L2L_GAMMA_INIT { sizeof(l2l_gamma), 0 }

/* y = x + a. Here params is the image a, (C,H,W), shared by the batch, and grad_params its
   gradient, summed over the batch. */
typedef struct l2l_additive {
    size_t struct_size;
} l2l_additive;
#define L2L_ADDITIVE_INIT { sizeof(l2l_additive) }

typedef enum l2l_normalize_mode {
    L2L_NORMALIZE_GIVEN = 0, /* (x − mean_c) / std_c. params: mean (C), std (C) */
    L2L_NORMALIZE_BATCH = 1  /* mean and variance over the batch and all pixels, a channel each;
                                (x − mean) / √(variance + epsilon); gradients pass through the
                                statistics. No params; running statistics are a plan's state */
} l2l_normalize_mode;

typedef struct l2l_normalize {
    size_t struct_size;
    l2l_normalize_mode mode;
    double epsilon;  /* batch: 1e-5 as PyTorch's BatchNorm */
    double momentum; /* batch: of the running statistics, 0.1 as PyTorch's */
} l2l_normalize;
#define L2L_NORMALIZE_INIT { sizeof(l2l_normalize), L2L_NORMALIZE_GIVEN, 1e-5, 0.1 }

typedef enum l2l_grad_mode {
    L2L_GRAD_WRITE = 0, /* gradients replace what the outputs held */
    L2L_GRAD_ADD = 1    /* gradients are added to it */
} l2l_grad_mode;

/* The calls, alike for every stage:

   forward   src (N,C,H,W) → dst (N,C',H',W').
   backward  (params, src, grad_dst) → grad_src (shape of src), grad_params (shape of params). Each
             output may be NULL and is then not computed. Nothing is remembered from forward.

   src is u8, u16, f16, bf16, f32 or f64; dst and the gradients f16, bf16, f32 or f64 (dst also u8
   and u16: rounded and clamped to the type's range, NaN becomes 0). The arithmetic is double if
   any of src, dst, grad_dst, grad_src is f64 and single otherwise; gradients of parameters are
   summed in double (within runs of at most 32 rows in the arithmetic). params is NULL where a stage
   has none, or for its default values. Inputs and outputs must not overlap. Errors:
   L2L_INVALID_ARGUMENT with nothing written; L2L_OUT_OF_MEMORY. */
#define L2L_STAGE_CALLS(stage)                                                                   \
    L2L_API l2l_status l2l_##stage##_forward(l2l_context *context, const l2l_##stage *attributes, \
                                             const l2l_tensor *params, const l2l_tensor *src,    \
                                             const l2l_tensor *dst);                             \
    L2L_API l2l_status l2l_##stage##_backward(                                                   \
        l2l_context *context, const l2l_##stage *attributes, const l2l_tensor *params,           \
        const l2l_tensor *src, const l2l_tensor *grad_dst, l2l_grad_mode mode,                   \
        const l2l_tensor *grad_src, const l2l_tensor *grad_params);

L2L_STAGE_CALLS(black_level)
L2L_STAGE_CALLS(demosaic)
L2L_STAGE_CALLS(white_balance)
L2L_STAGE_CALLS(color_matrix)
L2L_STAGE_CALLS(sharpen)
L2L_STAGE_CALLS(denoise)
L2L_STAGE_CALLS(clip)
L2L_STAGE_CALLS(gamma)
L2L_STAGE_CALLS(additive)
L2L_STAGE_CALLS(normalize)
#undef L2L_STAGE_CALLS

#ifdef __cplusplus
}
#endif
#endif
