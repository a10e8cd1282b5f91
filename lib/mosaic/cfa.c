/* Colour-filter arrays: names, phase under cropping, and the colour of a site. */
#include <string.h>

#include "core/core.h"
#include "mosaic/mosaic.h"

static const char letters[] = "RGB";

/* Names that stand for a period, written as its rows. */
static const struct cfa_name {
    const char *name, *rows;
} names[] = {
    { "RGGB", "RG/GB" },
    { "BGGR", "BG/GR" },
    { "GRBG", "GR/BG" },
    { "GBRG", "GB/RG" },
    { "QUAD_RGGB", "RRGG/RRGG/GGBB/GGBB" },
    { "QUAD_BGGR", "BBGG/BBGG/GGRR/GGRR" },
    { "QUAD_GRBG", "GGRR/GGRR/BBGG/BBGG" },
    { "QUAD_GBRG", "GGBB/GGBB/RRGG/RRGG" },
    { "XTRANS", "GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG" },
    { "MONO", "G" },
};
enum { NAMES = sizeof names / sizeof names[0] };

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool same_name(const char *a, const char *b) {
    while (*a && upper(*a) == upper(*b)) a++, b++;
    return upper(*a) == upper(*b);
}

bool l2l_cfa_valid(const l2l_cfa *cfa) {
    if (cfa->width == 0 && cfa->height == 0) return true;
    if (cfa->width < 1 || cfa->width > L2L_CFA_MAX_PERIOD) return false;
    if (cfa->height < 1 || cfa->height > L2L_CFA_MAX_PERIOD) return false;
    for (int i = 0; i < cfa->width * cfa->height; i++)
        if (cfa->color[i] > 2) return false;
    return true;
}

l2l_cfa l2l_cfa_or_default(const l2l_cfa *cfa) {
    return cfa->width ? *cfa : (l2l_cfa){ 2, 2, { 0, 1, 1, 2 } };
}

/* Reads rows of letters with '/' between them; NULL, or what is wrong with them. */
static const char *parse_rows(const char *rows, l2l_cfa *cfa) {
    int count = 0, column = 0, seen = 0;
    *cfa = (l2l_cfa){ 0 };
    for (;; rows++) {
        if (*rows == '/' || !*rows) {
            if (cfa->height == 0) cfa->width = (uint8_t)column;
            if (column == 0 || column != cfa->width) return "its rows are not of one length";
            cfa->height++;
            column = 0;
            if (!*rows) break;
            if (cfa->height == L2L_CFA_MAX_PERIOD) return "it has more than 6 rows";
            continue;
        }
        const char *letter = strchr(letters, upper(*rows));
        if (!letter) return "it is no known name and has letters other than R, G and B";
        if (column++ == L2L_CFA_MAX_PERIOD) return "its rows have more than 6 letters";
        cfa->color[count++] = (uint8_t)(letter - letters);
        seen |= 1 << (letter - letters);
    }
    bool mono = count == 1 && seen == 1 << 1;
    return seen == 7 || mono ? NULL : "it lacks one of R, G and B";
}

l2l_status l2l_cfa_parse(l2l_context *context, const char *name, l2l_cfa *cfa) {
    if (!name || !cfa)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_cfa_parse: %s is NULL",
                        name ? "cfa" : "name");
    const char *rows = name;
    for (int i = 0; i < NAMES; i++)
        if (same_name(name, names[i].name)) rows = names[i].rows;
    l2l_cfa parsed;
    const char *wrong = parse_rows(rows, &parsed);
    if (wrong)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "colour-filter array \"%.60s\": %s", name,
                        wrong);
    *cfa = parsed;
    return L2L_OK;
}

/* Appends to a text of limited size, terminator included. */
static int put(char *text, int size, int at, char c) {
    if (at < size - 1) text[at++] = c;
    text[at] = 0;
    return at;
}

void l2l_cfa_name(const l2l_cfa *cfa, char *text, int size) {
    if (!text || size < 1) return;
    int at = 0;
    text[0] = 0;
    if (!cfa || !l2l_cfa_valid(cfa)) {
        put(text, size, at, '?');
        return;
    }
    l2l_cfa array = l2l_cfa_or_default(cfa);
    for (int i = 0; i < NAMES; i++) {
        l2l_cfa named;
        if (parse_rows(names[i].rows, &named) || memcmp(&named, &array, sizeof named)) continue;
        for (const char *c = names[i].name; *c; c++) at = put(text, size, at, *c);
        return;
    }
    for (int row = 0; row < array.height; row++) {
        if (row) at = put(text, size, at, '/');
        for (int column = 0; column < array.width; column++)
            at = put(text, size, at, letters[array.color[row * array.width + column]]);
    }
}

/* The remainder that is never negative. */
static int wrap(int64_t index, int period) {
    int remainder = (int)(index % period);
    return remainder < 0 ? remainder + period : remainder;
}

int l2l_cfa_color(const l2l_cfa *cfa, int64_t row, int64_t column) {
    if (!cfa || !cfa->width || !l2l_cfa_valid(cfa)) {
        l2l_cfa array = l2l_cfa_or_default(&(l2l_cfa){ 0 });
        return array.color[wrap(row, 2) * 2 + wrap(column, 2)];
    }
    return cfa->color[wrap(row, cfa->height) * cfa->width + wrap(column, cfa->width)];
}

l2l_cfa l2l_cfa_crop(const l2l_cfa *cfa, int64_t top, int64_t left) {
    l2l_cfa array = l2l_cfa_or_default(cfa && l2l_cfa_valid(cfa) ? cfa : &(l2l_cfa){ 0 });
    l2l_cfa cropped = { array.width, array.height, { 0 } };
    int first_row = wrap(top, array.height), first_column = wrap(left, array.width);
    for (int row = 0; row < array.height; row++)
        for (int column = 0; column < array.width; column++)
            cropped.color[row * array.width + column] =
                (uint8_t)l2l_cfa_color(&array, first_row + row, first_column + column);
    return cropped;
}
