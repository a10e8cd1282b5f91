/* The command line: one table says which options there are, for which commands, and what they take.
 */
#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

typedef enum option_kind { FLAG, TEXT, CHOICE, COUNT, SIZES, CROP } option_kind;

typedef struct option_row {
    const char *name;
    char letter; /* 0: none */
    option_kind kind;
    size_t offset;       /* in struct options */
    const char *takes;   /* CHOICE: the words, with '|' between them; else the help's placeholder */
    int64_t least, most; /* COUNT */
    int commands;
    const char *help;
} option_row;

enum {
    FOR_PIPELINE = FOR_DEVELOP | FOR_GRAD,
    FOR_RAW = FOR_PIPELINE | FOR_FIT,
    FOR_OPENING = FOR_RAW | FOR_INFO,
    FOR_COMPUTING = FOR_RAW | FOR_BENCH
};

#define AT(member) offsetof(struct options, member)
/* clang-format off */
static const option_row rows[] = {
    { "output", 'o', TEXT, AT(output), "PATH", 0, 0, FOR_RAW,
      "file or folder to write (develop: .png, .tif or .npy; many inputs: a folder)" },
    { "format", 0, CHOICE, AT(format), "png|tif|npy", 0, 0, FOR_DEVELOP,
      "what to write into a folder (default png)" },
    { "depth", 0, COUNT, AT(depth), "BITS", 8, 32, FOR_DEVELOP,
      "bits of a sample in pictures: 8, 16 (default) or, .tif only, 32 for floats" },
    { "preset", 0, TEXT, AT(preset), "NAME", 0, 0, FOR_PIPELINE | FOR_BENCH,
      "photo, lens2logit, or static/DEMOSAIC/SHARPEN/DENOISE" },
    { "demosaic", 0, CHOICE, AT(demosaic), "bilinear|linear|superpixel|malvar2004", 0, 0, FOR_RAW,
      "in place of the preset's method" },
    { "sharpen", 0, CHOICE, AT(sharpen), "none|sharpening_filter|unsharp_masking", 0, 0,
      FOR_PIPELINE, "in place of the preset's method" },
    { "denoise", 0, CHOICE, AT(denoise), "none|gaussian_denoising|median_denoising|kernel", 0, 0,
      FOR_RAW, "in place of the preset's method" },
    { "border", 0, CHOICE, AT(border), "mirror|symmetric|replicate|zero|reference", 0, 0,
      FOR_RAW, "what lies beyond the edge, for all stages (default: as the preset has it)" },
    { "plan", 0, TEXT, AT(plan), "FILE.json", 0, 0, FOR_PIPELINE,
      "a plan with its parameters, as `fit` writes it, in place of a preset" },
    { "camera", 0, TEXT, AT(camera), "microscopy|drone|FILE.json", 0, 0, FOR_PIPELINE,
      "camera constants in place of those of the file" },
    { "params", 0, TEXT, AT(params), "FILE.json", 0, 0, FOR_PIPELINE,
      "parameters that replace the plan's, by name" },
    { "exposure", 0, TEXT, AT(exposure), "auto|STOPS", 0, 0, FOR_PIPELINE,
      "brighten (white balance gains times 2^STOPS); auto: preset photo's default" },
    { "target", 0, TEXT, AT(target), "IMAGE", 0, 0, FOR_GRAD | FOR_FIT,
      "the image to come close to (.png .tif .jpg .npy)" },
    { "cotangent", 0, TEXT, AT(cotangent), "FILE.npy", 0, 0, FOR_GRAD,
      "the gradient at the image, (3,H,W), in place of a loss" },
    { "taps", 0, TEXT, AT(taps), "DIR", 0, 0, FOR_DEVELOP,
      "also write the output of every stage there, as .png and .npy" },
    { "no-stages", 0, FLAG, AT(no_stages), NULL, 0, 0, FOR_GRAD,
      "write no stages: only the image and the gradients of mosaic and parameters" },
    { "crop", 0, CROP, AT(crop), "LEFT,TOP,WIDTH,HEIGHT|WIDTHxHEIGHT", 0, 0, FOR_PIPELINE,
      "take this part of the visible mosaic only" },
    { "cfa", 0, TEXT, AT(cfa), "NAME", 0, 0, FOR_OPENING,
      "the colour-filter array of TIFF, PNG and NPY inputs (default RGGB)" },
    { "bits", 0, COUNT, AT(bits), "N", 1, 16, FOR_OPENING,
      "integer samples are divided by 2^N - 1 (default: the type's bits)" },
    { "geometry", 0, TEXT, AT(geometry), "WxH:TYPE:CFA:BLACK:WHITE", 0, 0, FOR_OPENING,
      "the input is a headerless dump; TYPE u8, u16le, u16be, p10, p12 or f32le" },
    { "dtype", 0, CHOICE, AT(dtype), "f32|f64", 0, 0, FOR_PIPELINE | FOR_BENCH,
      "arithmetic, and what .npy files hold (default f32)" },
    { "threads", 0, COUNT, AT(threads), "N", 1, 1024, FOR_COMPUTING,
      "threads that work at most (default: as many as processors)" },
    { "isa", 0, CHOICE, AT(isa), "best|baseline|avx2|avx512|neon", 0, 0, FOR_COMPUTING,
      "instruction set (default best)" },
    { "steps", 0, COUNT, AT(steps), "N", 1, 100000, FOR_FIT, "steps of Adam (default 400)" },
    { "size", 0, SIZES, AT(sizes), "WxH[,WxH...]", 0, 0, FOR_BENCH,
      "sizes of the mosaic, also given one by one (default: five from 64x64 to 6000x4000)" },
    { "input", 0, CHOICE, AT(input_dtype), "u8|u16|f32|raw10|raw12|bits10|bits12|bits14", 0, 0,
      FOR_BENCH, "what the input is made of (default: as --dtype)" },
    { "output", 0, CHOICE, AT(output_dtype), "u8|u16|f16|bf16|f32", 0, 0, FOR_BENCH,
      "what the image is made of (default: as --dtype)" },
    { "batch", 0, COUNT, AT(batch), "N", 1, 65536, FOR_BENCH, "mosaics in a call (default 1)" },
    { "repeat", 0, COUNT, AT(repeat), "N", 1, 1000, FOR_BENCH,
      "timed calls, of which the median counts (default: 5, and more if they are short)" },
    { "compare", 0, FLAG, AT(compare), NULL, 0, 0, FOR_BENCH,
      "also time PyTorch, OpenCV and NumPy, where python3 has them, beside preset lens2logit" },
    { "plot", 0, TEXT, AT(plot), "FILE.svg", 0, 0, FOR_BENCH,
      "also draw speed against size, and the roofline" },
    { "json", 0, FLAG, AT(json), NULL, 0, 0, FOR_BENCH, "print JSON, not a table" },
    { "quiet", 'q', FLAG, AT(quiet), NULL, 0, 0, FOR_COMPUTING, "no progress on stderr" },
};
/* clang-format on */
#undef AT
enum { ROWS = sizeof rows / sizeof rows[0] };

/* The number of edits that turn a into b, for "did you mean". */
static int distance(const char *a, size_t a_length, const char *b) {
    enum { LONGEST = 32 };
    size_t b_length = strlen(b);
    if (a_length >= LONGEST || b_length >= LONGEST) return LONGEST;
    int row[LONGEST + 1];
    for (size_t j = 0; j <= b_length; j++) row[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_length];
}

static int unknown_option(const char *name, size_t length, int command) {
    const option_row *nearest = NULL;
    int least = 4; /* further off is no hint */
    for (int i = 0; i < ROWS; i++) {
        int edits = distance(name, length, rows[i].name);
        if ((rows[i].commands & command) && edits < least) {
            least = edits;
            nearest = &rows[i];
        }
    }
    if (nearest)
        return usage("unknown option '--%.*s': did you mean --%s?", (int)length, name,
                     nearest->name);
    return usage("unknown option '--%.*s'", (int)length, name);
}

static bool is_choice(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (const char *word = choices; length; word++) {
        size_t end = strcspn(word, "|");
        if (end == length && strncmp(word, value, length) == 0) return true;
        word += end;
        if (!*word) break;
    }
    return false;
}

/* A non-negative decimal number; moves *text past it. */
static bool read_number(const char **text, int64_t *number) {
    if (**text < '0' || **text > '9') return false;
    char *end;
    errno = 0;
    long long value = strtoll(*text, &end, 10);
    if (errno) return false;
    *text = end;
    *number = value;
    return true;
}

/* A size at the beginning of *text, which is moved past it. */
static bool read_size(const char **text, size_option *size) {
    if (!read_number(text, &size->width) || (**text != 'x' && **text != 'X')) return false;
    (*text)++;
    return read_number(text, &size->height) && size->width > 0 && size->height > 0;
}

/* One, or several with commas between them, after those there are. */
static bool read_sizes(const char *text, sizes_option *sizes) {
    do {
        if (sizes->count == SIZES_MOST || !read_size(&text, &sizes->at[sizes->count++]))
            return false;
    } while (*text == ',' && text++);
    return !*text;
}

static bool read_crop(const char *text, crop_option *crop) {
    size_option middle;
    const char *rest = text;
    if (read_size(&rest, &middle) && !*rest) {
        *crop = (crop_option){ 0, 0, middle.width, middle.height, true };
        return true;
    }
    int64_t *parts[] = { &crop->left, &crop->top, &crop->width, &crop->height };
    for (int i = 0; i < 4; i++) {
        if (i && *text++ != ',') return false;
        if (!read_number(&text, parts[i])) return false;
    }
    return !*text && crop->width > 0 && crop->height > 0;
}

static int set_option(struct options *o, const option_row *row, const char *value) {
    void *place = (char *)o + row->offset;
    switch (row->kind) {
    case FLAG:
        *(bool *)place = true;
        return EXIT_OK;
    case TEXT:
        if (!*value) return usage("--%s: the value is empty, %s expected", row->name, row->takes);
        *(const char **)place = value;
        return EXIT_OK;
    case CHOICE:
        if (!is_choice(row->takes, value))
            return usage("--%s: '%s' is none of %s", row->name, value, row->takes);
        *(const char **)place = value;
        return EXIT_OK;
    case COUNT: {
        int64_t number;
        const char *rest = value;
        if (!read_number(&rest, &number) || *rest || number < row->least || number > row->most)
            return usage("--%s: '%s' is not a whole number from %lld to %lld", row->name, value,
                         (long long)row->least, (long long)row->most);
        *(int64_t *)place = number;
        return EXIT_OK;
    }
    case SIZES:
        if (!read_sizes(value, place))
            return usage("--%s: '%s' is not WIDTHxHEIGHT, or at most %d of them with commas",
                         row->name, value, SIZES_MOST);
        return EXIT_OK;
    case CROP:
        if (!read_crop(value, place))
            return usage("--%s: '%s' is not %s", row->name, value, row->takes);
        return EXIT_OK;
    }
    return EXIT_OK;
}

/* The command's row of that name, or, if there is none, another command's. */
static const option_row *find_row(const char *argument, size_t length, int command) {
    bool is_long = argument[1] == '-';
    const option_row *found = NULL;
    for (int i = 0; i < ROWS; i++) {
        bool same = is_long ? strlen(rows[i].name) == length - 2 &&
                                  strncmp(rows[i].name, argument + 2, length - 2) == 0
                            : length == 2 && rows[i].letter == argument[1];
        if (same && (rows[i].commands & command)) return &rows[i];
        if (same && !found) found = &rows[i];
    }
    return found;
}

/* Takes argv[*index], an option, and its value, which may be the next argument. */
static int take_option(struct options *o, int command, int argc, char **argv, int *index) {
    const char *argument = argv[*index];
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    const option_row *row = find_row(argument, length, command);
    if (!row) {
        size_t dashes = argument[1] == '-' ? 2 : 1;
        return unknown_option(argument + dashes, length - dashes, command);
    }
    if (!(row->commands & command)) return usage("--%s is no option of this command", row->name);
    if (row->kind == FLAG && value) return usage("--%s takes no value", row->name);
    if (row->kind != FLAG && !value) {
        if (*index + 1 >= argc) return usage("--%s: %s is missing", row->name, row->takes);
        value = argv[++*index];
    }
    return set_option(o, row, value);
}

int options_parse(struct options *o, int command, int argc, char **argv) {
    memset(o, 0, sizeof *o);
    bool only_inputs = false;
    int count = 0;
    for (int i = 0; i < argc; i++) {
        if (!only_inputs && strcmp(argv[i], "--") == 0) {
            only_inputs = true;
        } else if (!only_inputs && argv[i][0] == '-' && argv[i][1]) {
            int code = take_option(o, command, argc, argv, &i);
            if (code != EXIT_OK) return code;
        } else {
            if (!argv[i][0]) return usage("an input's name is empty");
            argv[count++] = argv[i];
        }
    }
    o->inputs = (const char *const *)argv;
    o->input_count = count;
    return EXIT_OK;
}

void options_help(int command) {
    for (int i = 0; i < ROWS; i++) {
        if (!(rows[i].commands & command)) continue;
        char left[96];
        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].takes ? " " : "",
                 rows[i].takes ? rows[i].takes : "");
        char letter[5] = "    ";
        if (rows[i].letter) snprintf(letter, sizeof letter, "-%c, ", rows[i].letter);
        printf("  %s%s\n          %s\n", letter, left, rows[i].help);
    }
}
