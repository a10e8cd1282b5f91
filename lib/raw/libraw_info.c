/* Translates LibRaw's metadata: CFA phase, levels by position, gains, matrix, orientation. */
#include <math.h>
#include <string.h>

#include "raw/libraw_info.h"

enum { PATTERN_AT = 6, PATTERN_MAX = LIBRAW_CBLACK_SIZE - PATTERN_AT };

/* 0 red, 1 green, 2 blue; -1 for the colours of other arrays (CMYG, RGBE). */
static int color_of(const libraw_data_t *camera, int index) {
    const char *letter = index >= 0 && index < 4 ? strchr("RGB", camera->idata.cdesc[index]) : NULL;
    return letter && *letter ? (int)(letter - "RGB") : -1;
}

static bool xtrans_cfa(const libraw_data_t *camera, l2l_cfa *cfa) {
    cfa->width = cfa->height = 6;
    for (int i = 0; i < 36; i++) {
        int color = color_of(camera, camera->idata.xtrans[i / 6][i % 6]);
        if (color < 0) return false;
        cfa->color[i] = (uint8_t)color;
    }
    return true;
}

/* LibRaw keeps 16 sites, as eight rows of two. A Bayer array repeats its first four; a DNG's 4×4
   pattern lands there row by row, and is taken for quad-Bayer if its 2×2 blocks are of one colour.
   LibRaw makes odd margins even and shifts the sites along, by its idea of a period of 8×2: with an
   odd top margin the blocks fall apart, an odd left one would go unnoticed. */
static bool bayer_cfa(libraw_data_t *camera, l2l_cfa *cfa) {
    int site[16];
    bool bayer = true, quad = camera->idata.dng_version && !camera->sizes.left_margin;
    for (int i = 0; i < 16; i++) {
        site[i] = color_of(camera, libraw_COLOR(camera, i / 2, i % 2));
        if (site[i] < 0) return false;
        bayer = bayer && site[i] == site[i % 4];
    }
    for (int i = 0; i < 16; i++) quad = quad && site[i] == site[(i / 8 * 8) + (i % 4 / 2 * 2)];
    if (!bayer && !quad) return false;
    cfa->width = cfa->height = bayer ? 2 : 4;
    for (int i = 0; i < cfa->width * cfa->height; i++) cfa->color[i] = (uint8_t)site[i];
    return true;
}

bool l2l_libraw_cfa(libraw_data_t *camera, l2l_cfa *cfa) {
    *cfa = (l2l_cfa){ 0 };
    if (camera->idata.filters == 9) return xtrans_cfa(camera, cfa);
    if (camera->idata.filters >= 1000) return bayer_cfa(camera, cfa);
    if (camera->idata.filters || camera->idata.colors != 1) return false;
    *cfa = (l2l_cfa){ 1, 1, { 1 } };
    return true;
}

/* The index into LibRaw's levels: by colour, the second green apart. */
static int level_index(libraw_data_t *camera, unsigned row, unsigned column) {
    if (camera->idata.filters == 0) return 0;
    int index = camera->idata.filters == 9
                    ? libraw_COLOR(camera, (int)(row % 6), (int)(column % 6))
                    : libraw_COLOR(camera, (int)(row % 2), (int)(column % 2));
    return index >= 0 && index < 4 ? index : 0;
}

/* LibRaw adds three black levels: one for all, one by colour, one by position in a pattern. They
   become one for each position in the visible 2×2: exact for a pattern of period 1 or 2, the mean
   over a longer one. LibRaw rounds the levels of a DNG; its float pictures need them unrounded. */
static void fill_black(libraw_data_t *camera, bool is_float, double black[4]) {
    const libraw_colordata_t *color = &camera->color;
    const libraw_dng_levels_t *dng = &color->dng_levels;
    unsigned rows = color->cblack[4], columns = color->cblack[5];
    if (!rows || !columns || (uint64_t)rows * columns > PATTERN_MAX) rows = columns = 0;
    unsigned period = camera->idata.filters == 9 ? 6 : 1;
    unsigned height = 2 * period * (rows ? rows : 1), width = 2 * period * (columns ? columns : 1);
    double sum[4] = { 0 };
    for (unsigned row = 0; row < height; row++)
        for (unsigned column = 0; column < width; column++) {
            int index = level_index(camera, row, column);
            unsigned cell =
                rows ? PATTERN_AT + row % rows * columns + column % columns : LIBRAW_CBLACK_SIZE;
            double level = is_float ? (double)dng->dng_fblack + (double)dng->dng_fcblack[index]
                                    : (double)color->black + color->cblack[index];
            if (cell < LIBRAW_CBLACK_SIZE)
                level += is_float ? (double)dng->dng_fcblack[cell] : color->cblack[cell];
            sum[row % 2 * 2 + column % 2] += level;
        }
    for (int i = 0; i < 4; i++) black[i] = sum[i] / ((double)height * width / 4);
}

/* As shot, or else what LibRaw knows of the camera in daylight; green is 1. */
static void fill_gain(const libraw_data_t *camera, l2l_raw_info *info) {
    const float *as_shot = camera->color.cam_mul, *daylight = camera->color.pre_mul;
    const float *gain = as_shot[0] > 0 && as_shot[1] > 0 && as_shot[2] > 0 ? as_shot : daylight;
    bool known = gain == as_shot || !camera->rawdata.ioparams.raw_color;
    if (camera->idata.colors != 3 || !known || !(gain[1] > 0)) return;
    info->has_gain = 1;
    for (int i = 0; i < 3; i++) info->gain[i] = (double)gain[i] / (double)gain[1];
}

static void fill_matrix(const libraw_data_t *camera, l2l_raw_info *info) {
    if (camera->idata.colors != 3 || camera->rawdata.ioparams.raw_color) return;
    info->has_matrix = 1;
    for (int i = 0; i < 9; i++) info->matrix[i] = (double)camera->color.rgb_cam[i / 3][i % 3];
}

/* LibRaw's flip has a bit each for mirrored columns, mirrored rows and transposed, in this order;
   some old files have degrees instead. */
static int exif_orientation(int flip) {
    static const uint8_t exif[8] = { 1, 2, 4, 3, 5, 8, 6, 7 };
    switch (flip) {
    case 90:
        return 6;
    case 180:
        return 3;
    case 270:
        return 8;
    default:
        return flip >= 0 && flip < 8 ? exif[flip] : 1;
    }
}

#define COPY_TEXT(dst, src) l2l_raw_copy_text(dst, sizeof(dst), src, sizeof(src))

void l2l_libraw_fill_info(libraw_data_t *camera, l2l_raw_info *info) {
    const libraw_image_sizes_t *sizes = &camera->sizes;
    bool is_float = camera->rawdata.float_image != NULL;
    COPY_TEXT(info->make, camera->idata.make);
    COPY_TEXT(info->model, camera->idata.model);
    COPY_TEXT(info->software, camera->idata.software);
    info->width = sizes->width;
    info->height = sizes->height;
    info->raw_width = sizes->raw_width;
    info->raw_height = sizes->raw_height;
    info->top = sizes->top_margin;
    info->left = sizes->left_margin;
    fill_black(camera, is_float, info->black);
    unsigned dng_white = camera->color.dng_levels.dng_whitelevel[0];
    info->white = !is_float ? camera->color.maximum : dng_white ? dng_white : 1.0;
    info->bits = is_float ? 0 : l2l_raw_bits(info->white);
    fill_gain(camera, info);
    fill_matrix(camera, info);
    info->orientation = exif_orientation(sizes->flip);
    info->iso = (double)camera->other.iso_speed;
    info->shutter_s = (double)camera->other.shutter;
    info->aperture = (double)camera->other.aperture;
    info->focal_mm = (double)camera->other.focal_len;
    info->timestamp = camera->other.timestamp > 0 ? camera->other.timestamp : 0;
}

#undef COPY_TEXT
