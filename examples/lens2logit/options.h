/* The command line: one table says which options there are, for which commands, and what they take.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Commands as bits, so that an option can belong to several. */
enum { FOR_INFO = 1, FOR_DEVELOP = 2, FOR_GRAD = 4, FOR_FIT = 8, FOR_BENCH = 16 };

typedef struct size_option {
    int64_t width, height;
} size_option;

enum { SIZES_MOST = 32 };
typedef struct sizes_option { /* in the order given */
    size_option at[SIZES_MOST];
    int64_t count;
} sizes_option;

typedef struct crop_option {
    int64_t left, top, width, height; /* width 0: not given */
    bool middle;                      /* the middle of the mosaic, at most of this size */
} crop_option;

/* What was asked for; NULL or 0 where nothing was. */
struct options {
    const char *output, *format, *preset, *demosaic, *sharpen, *denoise, *plan;
    const char *camera, *params, *exposure, *border, *dtype, *isa, *taps;
    const char *cfa, *geometry, *target, *cotangent, *plot, *input_dtype, *output_dtype;
    int64_t threads, bits, depth, batch, steps, repeat;
    sizes_option sizes;
    crop_option crop;
    bool quiet, json, no_stages, compare;
    const char *const *inputs;
    int input_count;
};

/* Reads argv (after the command's name); inputs are moved to its front. EXIT_OK or EXIT_USAGE. */
int options_parse(struct options *options, int command, int argc, char **argv);

/* Prints the options of a command on stdout. */
void options_help(int command);

#endif
