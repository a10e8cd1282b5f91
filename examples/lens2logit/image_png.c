/* PNG pictures of 8 and 16 bits, through libpng. */
#include "image.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "say.h"

/* What libpng's callbacks share with us. */
typedef struct png_state {
    jmp_buf escape;
    char message[160];
    FILE *file;
    const unsigned char *bytes; /* reading: what is left of the file */
    size_t size;
} png_state;

static void on_error(png_structp png, png_const_charp message) {
    png_state *state = png_get_error_ptr(png);
    snprintf(state->message, sizeof state->message, "%s", message);
    longjmp(state->escape, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void on_write(png_structp png, png_bytep bytes, size_t size) {
    png_state *state = png_get_io_ptr(png);
    if (fwrite(bytes, 1, size, state->file) != size) png_error(png, strerror(errno));
}

static void on_flush(png_structp png) {
    (void)png;
}

static void on_read(png_structp png, png_bytep bytes, size_t size) {
    png_state *state = png_get_io_ptr(png);
    if (size > state->size) png_error(png, "the file ends early");
    memcpy(bytes, state->bytes, size);
    state->bytes += size;
    state->size -= size;
}

static bool little_endian(void) {
    return *(const unsigned char *)&(const int){ 1 } == 1;
}

/* The part that libpng may leave by longjmp: it owns nothing. */
static bool encode(png_structp png, png_infop info, png_state *state, const l2l_tensor *picture) {
    if (setjmp(state->escape)) return false;
    bool wide = picture->dtype == L2L_U16;
    png_set_write_fn(png, state, on_write, on_flush);
    png_set_IHDR(png, info, (png_uint_32)picture->shape[2], (png_uint_32)picture->shape[1],
                 wide ? 16 : 8, picture->shape[0] == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    /* Noise never repeats: in photographs a search for longer matches than runs makes files larger,
       for it spoils the statistics of single bytes, and takes three times as long. */
    png_set_compression_strategy(png, Z_RLE);
    png_set_compression_level(png, 1);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_AVG);
    png_write_info(png, info);
    if (wide && little_endian()) png_set_swap(png);
    size_t row_bytes = (size_t)picture->stride[1] * l2l_dtype_size(picture->dtype);
    for (int64_t y = 0; y < picture->shape[1]; y++)
        png_write_row(png, (png_const_bytep)picture->data + (size_t)y * row_bytes);
    png_write_end(png, NULL);
    return true;
}

bool png_write(const char *path, const l2l_tensor *picture) {
    output out;
    if (!output_open(&out, path)) return false;
    png_state state = { .file = out.file, .message = "out of memory" };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done = info && encode(png, info, &state, picture);
    png_destroy_write_struct(&png, &info);
    return done ? output_commit(&out) : output_fail(&out, state.message);
}

/* Up to the size of what is to come; then, with rows, the pixels. */
static bool decode_head(png_structp png, png_infop info, png_state *state) {
    if (setjmp(state->escape)) return false;
    png_set_read_fn(png, state, on_read);
    png_set_user_limits(png, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    if (little_endian()) png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
}

static bool decode_rows(png_structp png, png_state *state, png_bytepp rows) {
    if (setjmp(state->escape)) return false;
    png_read_image(png, rows);
    return true;
}

static bool decode(png_structp png, png_infop info, png_state *state, l2l_tensor *picture) {
    if (!decode_head(png, info, state)) return false;
    int64_t height = png_get_image_height(png, info), width = png_get_image_width(png, info);
    bool wide = png_get_bit_depth(png, info) == 16;
    if (!picture_new(picture, wide ? L2L_U16 : L2L_U8, 3, height, width)) return false;
    size_t row_bytes = (size_t)picture->stride[1] * l2l_dtype_size(picture->dtype);
    png_bytepp rows = malloc((size_t)height * sizeof *rows);
    for (int64_t y = 0; rows && y < height; y++)
        rows[y] = (png_bytep)picture->data + (size_t)y * row_bytes;
    bool done = rows && decode_rows(png, state, rows);
    free(rows);
    if (!done) tensor_free(picture);
    return done;
}

bool png_read(const char *path, const void *bytes, size_t size, l2l_tensor *picture) {
    png_state state = { .bytes = bytes, .size = size, .message = "out of memory" };
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done = info && decode(png, info, &state, picture);
    png_destroy_read_struct(&png, &info, NULL);
    return done ? true : fail("cannot read '%s': %s", path, state.message);
}
