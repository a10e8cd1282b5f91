/* Mode flat: a flat field stays flat through every demosaicing, at every phase and small size. */
#include "modes.h"

#include <math.h>
#include <string.h>
#include <stdio.h>

static const char *const patterns[] = { "RG/GB", "RRGG/RRGG/GGBB/GGBB",
                                        "GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG", "G" };

/* The pattern as seen after `top` rows and `left` columns. */
static void shift(const char *pattern, int top, int left, char *text) {
    int height, width;
    oracle_cfa_period(pattern, &height, &width);
    for (int y = 0; y < height; y++, *text++ = y < height ? '/' : 0)
        for (int x = 0; x < width; x++) *text++ = "RGB"[oracle_color(pattern, y + top, x + left)];
}

/* Taps of Bayer are powers of two and add up without rounding; the other weights are divided. */
static void flat_case(const options *o, const oracle_stage *stage, int h, int w, double value) {
    case_row row = { 1, DATA_PLAIN, 1, 1, 1, stage, NULL, L2L_BORDER_DEFAULT, 0, 0, 0 };
    int bayer = strlen(stage->cfa) == 5;
    problem p = problem_new(&row, 1, h, w, L2L_F64, 1);
    for (int i = 0; i < h * w; i++) p.samples[i] = value;
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int precision = 0; precision < 2; precision++) {
            setup s = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
            s.default_params = 1;
            outcome out = run_forward(&p, &s);
            double error = out.trouble[0] ? INFINITY : 0;
            for (size_t i = 0; i < oracle_size(&p.image[1]) && !out.trouble[0]; i++)
                error = fmax(error, fabs(out.image[i] - value) / value);
            double limit = bayer && value == 1 ? 0 : 4 * dtype_epsilon(s.src);
            report(&row, isa, -1, error, limit, "flat %g of %dx%d, %s", value, h, w,
                   l2l_dtype_name(s.src));
            outcome_free(&out);
        }
    problem_free(&p);
}

static void flat_sizes(const options *o, const oracle_stage *stage) {
    int height, width, bayer = strlen(stage->cfa) == 5;
    oracle_cfa_period(stage->cfa, &height, &width);
    int more = bayer ? o->slow ? 16 : 6 : o->slow ? 8 : 2;
    for (int h = height; h <= height + more; h++)
        for (int w = width; w <= width + more; w++) {
            flat_case(o, stage, h, w, 1);
            flat_case(o, stage, h, w, dtype_round(L2L_F32, 0.3));
        }
    flat_case(o, stage, 41, 67, 1);
}

void mode_flat(const options *o) {
    report_begin("flat");
    if (o->stage && strcmp(o->stage, "demosaic") != 0) return;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        int height, width, bayer = i == 0;
        oracle_cfa_period(patterns[i], &height, &width);
        for (int phase = 0; phase < height * width; phase++) {
            char text[64];
            shift(patterns[i], phase / width, phase % width, text);
            oracle_stage stage = { .kind = ORACLE_DEMOSAIC,
                                   .method = ORACLE_BILINEAR,
                                   .radius = 1,
                                   .channels = 3,
                                   .cfa = text };
            flat_sizes(o, &stage);
            if (!bayer) continue; /* the other methods are for Bayer, or trained for it */
            stage.method = ORACLE_MALVAR2004;
            flat_sizes(o, &stage);
            stage.method = ORACLE_LINEAR;
            flat_sizes(o, &stage);
            stage.method = ORACLE_SUPERPIXEL;
            flat_sizes(o, &stage);
            stage.channels = 4;
            flat_sizes(o, &stage);
        }
    }
    report_end();
}
