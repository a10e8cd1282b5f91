/* JPEG pictures (read only), through libjpeg. */
#include "image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

#include "say.h"

typedef struct jpeg_state {
    struct jpeg_error_mgr manager; /* first: libjpeg hands back a pointer to it */
    jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
} jpeg_state;

static void on_error(j_common_ptr jpeg) {
    jpeg_state *state = (jpeg_state *)jpeg->err;
    jpeg->err->format_message(jpeg, state->message);
    longjmp(state->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level) {
    (void)jpeg;
    (void)level;
}

/* What may be left by longjmp: the picture, made by the caller between head and rows. */
static bool decode_head(struct jpeg_decompress_struct *jpeg, jpeg_state *state, const void *bytes,
                        size_t size) {
    if (setjmp(state->escape)) return false;
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, bytes, (unsigned long)size);
    jpeg_read_header(jpeg, TRUE);
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    return true;
}

static bool decode_rows(struct jpeg_decompress_struct *jpeg, jpeg_state *state,
                        const l2l_tensor *picture) {
    if (setjmp(state->escape)) return false;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = (JSAMPROW)picture->data + jpeg->output_scanline * picture->stride[1];
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

bool jpeg_read(const char *path, const void *bytes, size_t size, l2l_tensor *picture) {
    jpeg_state state = { .message = "out of memory" };
    struct jpeg_decompress_struct jpeg = { .err = jpeg_std_error(&state.manager) };
    state.manager.error_exit = on_error;
    state.manager.emit_message = on_message;
    bool done = decode_head(&jpeg, &state, bytes, size) && jpeg.output_components == 3 &&
                picture_new(picture, L2L_U8, 3, jpeg.output_height, jpeg.output_width);
    if (done && !decode_rows(&jpeg, &state, picture)) {
        tensor_free(picture);
        done = false;
    }
    jpeg_destroy_decompress(&jpeg);
    return done ? true : fail("cannot read '%s': %s", path, state.message);
}
