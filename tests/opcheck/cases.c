/* The case table. */
#include "cases.h"

#include <stdio.h>
#include <string.h>

#include "library.h"

#define XTRANS "GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG"
#define QUAD "RRGG/RRGG/GGBB/GGBB"

/* A row of one stage: channels of the source, data, linear, then the stage. */
#define ONE(c, values, affine, ...) \
    { c, values, affine, 1, 1, &(const oracle_stage)__VA_ARGS__, NULL, 0, 0, 0, 0 }
#define EACH_BORDER(X) X(MIRROR) X(SYMMETRIC) X(REPLICATE) X(ZERO) X(REFERENCE) X(DEFAULT)

#define BILINEAR(b, cfa_rows) \
    ONE(1, DATA_PLAIN, 1, { .kind = ORACLE_DEMOSAIC, .method = ORACLE_BILINEAR, \
                            .border = ORACLE_##b, .cfa = cfa_rows }),
#define LINEAR(b, r, cfa_rows) \
    ONE(1, DATA_PLAIN, 1, { .kind = ORACLE_DEMOSAIC, .method = ORACLE_LINEAR, \
                            .border = ORACLE_##b, .radius = r, .cfa = cfa_rows }),
#define SUPERPIXEL(count, cfa_rows) \
    ONE(1, DATA_PLAIN, 1, { .kind = ORACLE_DEMOSAIC, .method = ORACLE_SUPERPIXEL, \
                            .channels = count, .cfa = cfa_rows }),
#define MALVAR(b, cfa_rows) \
    ONE(1, DATA_PLAIN, 1, { .kind = ORACLE_DEMOSAIC, .method = ORACLE_MALVAR2004, \
                            .border = ORACLE_##b, .cfa = cfa_rows }),
#define LUMA(stage, how, b, r) \
    ONE(3, DATA_PLAIN, ORACLE_##how != ORACLE_MEDIAN, \
        { .kind = ORACLE_##stage, .method = ORACLE_##how, .border = ORACLE_##b, \
          .radius = r }),
#define EACH(stage, how, b, r, c, values) \
    ONE(c, values, ORACLE_##how != ORACLE_MEDIAN, \
        { .kind = ORACLE_##stage, .method = ORACLE_##how, .border = ORACLE_##b, \
          .radius = r, .each_channel = 1 }),

#define BAYER_BILINEAR(b) BILINEAR(b, "RG/GB")
#define BAYER_LINEAR(b) LINEAR(b, 1, "RG/GB")
#define BAYER_MALVAR(b) MALVAR(b, "RG/GB")
#define LUMA_SHARPEN(b) LUMA(SHARPEN, KERNEL, b, 1)
#define EACH_SHARPEN(b) EACH(SHARPEN, KERNEL, b, 1, 2, DATA_SIGNED)
#define LUMA_UNSHARP(b) LUMA(SHARPEN, UNSHARP, b, 4)
#define LUMA_KERNEL(b) LUMA(DENOISE, KERNEL, b, 2)
#define LUMA_GAUSSIAN(b) LUMA(DENOISE, GAUSSIAN, b, 2)
#define EACH_GAUSSIAN(b) EACH(DENOISE, GAUSSIAN, b, 3, 1, DATA_SIGNED)
#define LUMA_MEDIAN(b) LUMA(DENOISE, MEDIAN, b, 1)
#define EACH_MEDIAN(b) EACH(DENOISE, MEDIAN, b, 1, 3, DATA_LEVELS)
#define WIDE_MEDIAN(b) EACH(DENOISE, MEDIAN, b, 2, 1, DATA_PLAIN)

const case_row case_rows[] = {
    ONE(1, DATA_SIGNED, 1, { .kind = ORACLE_BLACK_LEVEL, .hi = 1 }),
    ONE(1, DATA_PLAIN, 1, { .kind = ORACLE_BLACK_LEVEL, .extra = 1, .hi = 1.25 }),

    EACH_BORDER(BAYER_BILINEAR)
    BILINEAR(DEFAULT, "BG/GR") BILINEAR(DEFAULT, "GR/BG") BILINEAR(DEFAULT, "GB/RG")
    BILINEAR(SYMMETRIC, "GR/BG") BILINEAR(REFERENCE, "GB/RG")
    BILINEAR(DEFAULT, XTRANS) BILINEAR(SYMMETRIC, XTRANS) BILINEAR(REPLICATE, XTRANS)
    BILINEAR(ZERO, XTRANS) BILINEAR(REFERENCE, XTRANS) BILINEAR(DEFAULT, QUAD) BILINEAR(ZERO, QUAD) BILINEAR(DEFAULT, "G")
    EACH_BORDER(BAYER_LINEAR)
    LINEAR(DEFAULT, 1, "BG/GR") LINEAR(DEFAULT, 1, "GR/BG") LINEAR(DEFAULT, 1, "GB/RG")
    LINEAR(DEFAULT, 2, "RG/GB") LINEAR(SYMMETRIC, 2, "GR/BG") LINEAR(REPLICATE, 2, "BG/GR")
    LINEAR(ZERO, 2, "GB/RG")
    SUPERPIXEL(3, "RG/GB") SUPERPIXEL(3, "BG/GR") SUPERPIXEL(3, "GR/BG") SUPERPIXEL(3, "GB/RG")
    SUPERPIXEL(4, "RG/GB") SUPERPIXEL(4, "BG/GR") SUPERPIXEL(4, "GR/BG") SUPERPIXEL(4, "GB/RG")
    EACH_BORDER(BAYER_MALVAR)
    MALVAR(DEFAULT, "BG/GR") MALVAR(DEFAULT, "GR/BG") MALVAR(DEFAULT, "GB/RG")
    MALVAR(SYMMETRIC, "GB/RG") MALVAR(REPLICATE, "GR/BG") MALVAR(ZERO, "BG/GR")
    MALVAR(REFERENCE, "GR/BG")

    ONE(3, DATA_SIGNED, 1, { .kind = ORACLE_WHITE_BALANCE }),
    ONE(1, DATA_SIGNED, 1, { .kind = ORACLE_WHITE_BALANCE }),
    ONE(4, DATA_SIGNED, 1, { .kind = ORACLE_WHITE_BALANCE }),
    ONE(3, DATA_SIGNED, 1, { .kind = ORACLE_COLOR_MATRIX }),
    ONE(3, DATA_SIGNED, 1, { .kind = ORACLE_COLOR_MATRIX, .extra = 1 }),

    EACH_BORDER(LUMA_SHARPEN) EACH_BORDER(EACH_SHARPEN)
    LUMA(SHARPEN, KERNEL, DEFAULT, 2) EACH(SHARPEN, KERNEL, DEFAULT, 3, 4, DATA_PLAIN)
    EACH_BORDER(LUMA_UNSHARP)
    LUMA(SHARPEN, UNSHARP, DEFAULT, 1) EACH(SHARPEN, UNSHARP, DEFAULT, 2, 1, DATA_SIGNED)
    EACH(SHARPEN, UNSHARP, SYMMETRIC, 24, 3, DATA_PLAIN)

    EACH_BORDER(LUMA_KERNEL)
    LUMA(DENOISE, KERNEL, DEFAULT, 1) LUMA(DENOISE, KERNEL, SYMMETRIC, 3)
    EACH(DENOISE, KERNEL, DEFAULT, 2, 3, DATA_SIGNED) EACH(DENOISE, KERNEL, REPLICATE, 4, 1, DATA_PLAIN)
    EACH_BORDER(LUMA_GAUSSIAN) EACH_BORDER(EACH_GAUSSIAN)
    LUMA(DENOISE, GAUSSIAN, DEFAULT, 1) LUMA(DENOISE, GAUSSIAN, SYMMETRIC, 24)
    LUMA(DENOISE, GAUSSIAN, ZERO, 7)
    EACH_BORDER(LUMA_MEDIAN) EACH_BORDER(EACH_MEDIAN) EACH_BORDER(WIDE_MEDIAN)
    LUMA(DENOISE, MEDIAN, DEFAULT, 2) LUMA(DENOISE, MEDIAN, ZERO, 2)
    EACH(DENOISE, MEDIAN, ZERO, 2, 2, DATA_SIGNED) EACH(DENOISE, MEDIAN, ZERO, 1, 1, DATA_SIGNED)

    ONE(3, DATA_SIGNED, 0, { .kind = ORACLE_CLIP, .lo = 1e-5, .hi = 1 }),
    ONE(3, DATA_LEVELS, 0, { .kind = ORACLE_CLIP, .lo = 0.25, .hi = 0.75 }),
    ONE(1, DATA_LEVELS, 0, { .kind = ORACLE_CLIP, .lo = 0.5, .hi = 0.5 }),
    ONE(1, DATA_SIGNED, 0, { .kind = ORACLE_CLIP, .lo = -0.25, .hi = 0.5 }),
    ONE(3, DATA_PLAIN, 0, { .kind = ORACLE_GAMMA }),
    ONE(3, DATA_DARK, 0, { .kind = ORACLE_GAMMA }),
    ONE(3, DATA_SIGNED, 0, { .kind = ORACLE_GAMMA, .extra = 1 }),
    ONE(4, DATA_PLAIN, 0, { .kind = ORACLE_GAMMA, .extra = 1 }),
    ONE(3, DATA_SIGNED, 1, { .kind = ORACLE_ADDITIVE }),
    ONE(1, DATA_SIGNED, 1, { .kind = ORACLE_ADDITIVE }),
    ONE(3, DATA_SIGNED, 1, { .kind = ORACLE_NORMALIZE, .method = ORACLE_GIVEN }),
    ONE(1, DATA_SIGNED, 1, { .kind = ORACLE_NORMALIZE, .method = ORACLE_GIVEN }),
    { 3, DATA_SIGNED, 0, 20, 1,
      &(const oracle_stage){ .kind = ORACLE_NORMALIZE, .method = ORACLE_BATCH, .lo = 1e-5 },
      NULL, 0, 0, 0, 0 },
    { 1, DATA_SIGNED, 0, 20, 1,
      &(const oracle_stage){ .kind = ORACLE_NORMALIZE, .method = ORACLE_BATCH, .lo = 1e-3 },
      NULL, 0, 0, 0, 0 },
};
const int case_row_count = sizeof case_rows / sizeof *case_rows;

/* Chains: the parts of the presets by name, with the borders that options.border sets. */
#define S_BLACK { .kind = ORACLE_BLACK_LEVEL, .hi = 1 }
#define S_RESCALE { .kind = ORACLE_BLACK_LEVEL, .extra = 1, .hi = 1.25 }
#define S_LINEAR(b, pattern) \
    { .kind = ORACLE_DEMOSAIC, .method = ORACLE_LINEAR, .border = ORACLE_##b, .radius = 1, .cfa = pattern }
#define S_BILINEAR(b, pattern) \
    { .kind = ORACLE_DEMOSAIC, .method = ORACLE_BILINEAR, .border = ORACLE_##b, .cfa = pattern }
#define S_MALVAR(b, pattern) \
    { .kind = ORACLE_DEMOSAIC, .method = ORACLE_MALVAR2004, .border = ORACLE_##b, .cfa = pattern }
#define S_FILTER(stage, how, b, r) \
    { .kind = ORACLE_##stage, .method = ORACLE_##how, .border = ORACLE_##b, .radius = r }
#define S_COLOR { .kind = ORACLE_WHITE_BALANCE }, { .kind = ORACLE_COLOR_MATRIX }
#define S_OUTPUT(low) { .kind = ORACLE_CLIP, .lo = low, .hi = 1 }, { .kind = ORACLE_GAMMA }
#define S_NORM { .kind = ORACLE_NORMALIZE, .method = ORACLE_BATCH, .lo = 1e-5 }
#define STAGES(...) sizeof((const oracle_stage[]){ __VA_ARGS__ }) / sizeof(oracle_stage), \
                    (const oracle_stage[]){ __VA_ARGS__ }

#define LENS2LOGIT(sharp, smooth, demosaic) \
    S_LINEAR(demosaic, "RG/GB"), S_COLOR, S_FILTER(SHARPEN, KERNEL, sharp, 1), \
    S_FILTER(DENOISE, KERNEL, smooth, 2), S_OUTPUT(1e-5)
#define STATIC(how, b, pattern, sharpen, denoise) \
    S_BLACK, S_##how(b, pattern), S_COLOR, sharpen, denoise, S_OUTPUT(0)

const case_row chain_rows[] = {
    { 1, DATA_MILD, 0, 1, STAGES(S_BLACK, LENS2LOGIT(ZERO, MIRROR, MIRROR)), "lens2logit",
      L2L_BORDER_DEFAULT, 0, 0, 0 },
    { 1, DATA_CALM, 0, 60, STAGES(S_RESCALE, LENS2LOGIT(SYMMETRIC, SYMMETRIC, SYMMETRIC),
      { .kind = ORACLE_ADDITIVE }, S_NORM), "lens2logit", L2L_BORDER_SYMMETRIC, 1, 1, 0 },
    { 1, DATA_MILD, 0, 1,
      STAGES(STATIC(BILINEAR, REFERENCE, "GR/BG", S_FILTER(SHARPEN, KERNEL, ZERO, 1),
                    S_FILTER(DENOISE, GAUSSIAN, SYMMETRIC, 2))),
      "static/bilinear/sharpening_filter/gaussian_denoising", L2L_BORDER_REFERENCE, 0, 0, 0 },
    { 1, DATA_MILD, 0, 1,
      STAGES(STATIC(BILINEAR, MIRROR, "BG/GR", S_FILTER(SHARPEN, UNSHARP, MIRROR, 4),
                    S_FILTER(DENOISE, MEDIAN, MIRROR, 1))),
      "static/bilinear/unsharp_masking/median_denoising", L2L_BORDER_MIRROR, 0, 0, 0 },
    { 1, DATA_MILD, 0, 1,
      STAGES(STATIC(MALVAR, MIRROR, "GB/RG", S_FILTER(SHARPEN, UNSHARP, MIRROR, 4),
                    S_FILTER(DENOISE, GAUSSIAN, MIRROR, 2))),
      "static/malvar2004/unsharp_masking/gaussian_denoising", L2L_BORDER_MIRROR, 0, 0, 0 },
    { 1, DATA_MILD, 0, 1,
      STAGES(STATIC(MALVAR, REFERENCE, "GR/BG", S_FILTER(SHARPEN, KERNEL, ZERO, 1),
                    S_FILTER(DENOISE, MEDIAN, SYMMETRIC, 1))),
      "static/malvar2004/sharpening_filter/median_denoising", L2L_BORDER_REFERENCE, 0, 0, 0 },
    { 1, DATA_MILD, 0, 1,
      STAGES(S_BLACK, S_BILINEAR(DEFAULT, XTRANS), S_COLOR,
             S_FILTER(DENOISE, GAUSSIAN, REPLICATE, 5), S_FILTER(SHARPEN, KERNEL, MIRROR, 2),
             S_OUTPUT(0.001)), NULL, 0, 0, 0, 0 },
    { 1, DATA_MILD, 0, 1,
      STAGES({ .kind = ORACLE_DEMOSAIC, .method = ORACLE_SUPERPIXEL, .channels = 3, .cfa = "GB/RG" },
             S_COLOR, S_FILTER(SHARPEN, UNSHARP, SYMMETRIC, 3), S_OUTPUT(0.01)),
      NULL, 0, 0, 0, 0 },
    { 1, DATA_MILD, 1, 1,
      STAGES(S_BLACK, S_LINEAR(ZERO, "GB/RG"), { .kind = ORACLE_COLOR_MATRIX, .extra = 1 },
             S_FILTER(DENOISE, KERNEL, ZERO, 2), S_FILTER(SHARPEN, KERNEL, REPLICATE, 1),
             S_FILTER(DENOISE, GAUSSIAN, MIRROR, 9), { .kind = ORACLE_ADDITIVE },
             { .kind = ORACLE_NORMALIZE, .method = ORACLE_GIVEN }), NULL, 0, 0, 0, 1.0 / 65535 },
    { 1, DATA_MILD, 1, 1, STAGES(S_MALVAR(DEFAULT, "BG/GR"), S_COLOR), NULL, 0, 0, 0, 0 },
    { 1, DATA_MILD, 1, 1, STAGES(S_MALVAR(ZERO, "RG/GB"), S_COLOR), NULL, 0, 0, 0, 0 },
    { 3, DATA_MILD, 0, 1,
      STAGES(S_FILTER(DENOISE, MEDIAN, SYMMETRIC, 2), { .kind = ORACLE_GAMMA, .extra = 1 },
             { .kind = ORACLE_WHITE_BALANCE }, S_FILTER(SHARPEN, KERNEL, ZERO, 1),
             { .kind = ORACLE_WHITE_BALANCE }), NULL, 0, 0, 0, 0 },
    { 3, DATA_MILD, 0, 20,
      STAGES(S_FILTER(DENOISE, GAUSSIAN, MIRROR, 2), S_NORM, S_FILTER(DENOISE, KERNEL, MIRROR, 1),
             S_COLOR), NULL, 0, 0, 0, 0 },
};
const int chain_row_count = sizeof chain_rows / sizeof *chain_rows;

const case_size case_sizes[] = {
    { 1, 1, 1, 0 },   { 2, 1, 5, 0 },   { 1, 4, 1, 0 },   { 1, 2, 2, 0 },   { 2, 3, 7, 0 },
    { 1, 8, 8, 0 },   { 1, 17, 33, 0 }, { 2, 40, 50, 0 }, { 2, 1, 1, 1 },   { 1, 5, 6, 1 },
    { 3, 13, 12, 1 }, { 1, 11, 19, 1 }, { 1, 9, 70, 1 },  { 1, 64, 64, 1 }, { 1, 97, 131, 1 }
};
const int case_size_count = sizeof case_sizes / sizeof *case_sizes;

void case_name(const case_row *row, char *text, size_t size) {
    static const char *const method[] = { "",         ".bilinear",   ".linear",
                                          ".superpixel", ".malvar2004", ".kernel",
                                          ".unsharp", ".gaussian",   ".median",
                                          ".given",   ".batch" };
    static const char *const border[] = { "",           " mirror", " symmetric",
                                          " replicate", " zero",   " reference" };
    const oracle_stage *s = row->stages;
    if (row->preset || row->count > 1) {
        snprintf(text, size, "%s of %d stages, from %s%s",
                 row->preset ? row->preset : "chain", row->count, library_kind_name(s->kind),
                 method[s->method]);
        return;
    }
    int filter = s->kind == ORACLE_SHARPEN || s->kind == ORACLE_DENOISE;
    snprintf(text, size, "%s%s%s%s r%d x%d data%d%s%.20s", library_kind_name(s->kind),
             method[s->method], filter ? s->each_channel ? " channels" : " luma" : "",
             border[s->border], s->radius, s->channels + s->extra, row->data, s->cfa ? " " : "",
             s->cfa ? s->cfa : "");
}

tolerance case_tolerance(const case_row *row) {
    /* Double: sums of a few products; elsewhere the power, and differences for the gradients.
       Sharpening: the gradient of unsharp's amount is the small difference of two sums. */
    static const tolerance by_kind[ORACLE_KINDS] = {
        [ORACLE_BLACK_LEVEL] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_DEMOSAIC] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_WHITE_BALANCE] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_COLOR_MATRIX] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_SHARPEN] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_DENOISE] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_CLIP] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_GAMMA] = { { 2e-6, 1e-10 }, { 1e-5, 1e-9 } },
        [ORACLE_ADDITIVE] = { { 2e-6, 1e-12 }, { 1e-5, 1e-9 } },
        [ORACLE_NORMALIZE] = { { 1e-5, 1e-10 }, { 1e-5, 1e-9 } },
    };
    static const tolerance chain = { { 1e-5, 1e-10 }, { 1e-5, 1e-9 } };
    return row->count > 1 ? chain : by_kind[row->stages->kind];
}
