/* One scene in four Bayer orders develops to one picture, and black level and white balance agree
   with the stage outputs that the scene's author published. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

enum { WIDTH = 768, HEIGHT = 512, PIXELS = WIDTH * HEIGHT, FULL = 16383, BLOCK = 64 };

static const char *const orders[4] = { "rggb", "bggr", "grbg", "gbrg" };
/* The author's own gains; the files carry them rounded to four digits. */
static const double gains[3] = { 1.94921875, 1.0, 1.34375 };

static int passed, failed;

static void check(bool good, const char *what, double value, double allowed) {
    good ? passed++ : failed++;
    printf("%s: %s: %.4g, allowed %.4g\n", good ? "passed" : "FAILED", what, value, allowed);
}

static void must(l2l_context *context, l2l_status status, const char *what) {
    if (status == L2L_OK) return;
    printf("FAILED: %s: %s: %s\n%d passed, %d failed\n", what, l2l_status_name(status),
           l2l_context_error(context), passed, failed + 1);
    exit(1);
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) exit(2);
    return memory;
}

static l2l_raw *open_raw(l2l_context *context, const char *data, const char *name) {
    char path[1024];
    l2l_raw *raw;
    snprintf(path, sizeof path, "%s/isp-nikon-d750/%s", data, name);
    must(context, l2l_raw_open_file(context, path, NULL, &raw), path);
    return raw;
}

static void test_info(const l2l_raw_info *info, const char *order) {
    l2l_cfa cfa;
    double worst = fabs(info->white - 15520);
    must(NULL, l2l_cfa_parse(NULL, order, &cfa), order);
    check(memcmp(&cfa, &info->cfa, sizeof cfa) == 0, order, 0, 0);
    for (int i = 0; i < 4; i++) worst = fmax(worst, fabs(info->black[i] - 600));
    check(worst == 0, "levels, counts off", worst, 0);
    worst = 0;
    for (int c = 0; c < 3; c++) worst = fmax(worst, fabs(info->gain[c] - gains[c]));
    check(worst < 2e-4, "gains, off", worst, 2e-4);
}

/* The static pipeline with what the file says; image is (3,H,W). */
static void develop(l2l_context *context, const l2l_raw *raw, float *image) {
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_tensor mosaic = l2l_raw_mosaic(raw);
    l2l_tensor picture = l2l_image(image, L2L_F32, 3, HEIGHT, WIDTH);
    double values[32];
    l2l_plan *plan;
    options.cfa = info->cfa;
    options.rescale = 1;
    options.white = info->white;
    must(context,
         l2l_plan_preset(context, "static/bilinear/sharpening_filter/gaussian_denoising", &options,
                         &plan),
         "plan");
    l2l_tensor params = l2l_vector(values, L2L_F64, l2l_plan_param_count(plan));
    if (params.shape[0] > 32) exit(2);
    must(context, l2l_plan_default_params(context, plan, &params), "default parameters");
    must(context, l2l_plan_set_slice(context, plan, &params, "black_level.level", info->black, 4),
         "black level");
    must(context, l2l_plan_set_slice(context, plan, &params, "white_balance.gain", info->gain, 3),
         "gains");
    must(context,
         l2l_plan_set_slice(context, plan, &params, "color_matrix.matrix", info->matrix, 9),
         "matrix");
    must(context, l2l_plan_forward(context, plan, &params, &mosaic, &picture, NULL), "forward");
    l2l_plan_destroy(plan);
}

static double mean(const float *plane, int top, int left, int height, int width) {
    double sum = 0;
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) sum += (double)plane[y * WIDTH + x];
    return sum / (height * (double)width);
}

/* Mean colours, and the mean of every 64 × 64 block, which a wrong phase or a flip would change.
   The files place the samples of a 2 × 2 cell differently, so that edges move by a pixel. */
static void test_one_picture(l2l_context *context, const char *data) {
    float *image[4];
    char name[64];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "nikon_d750_rose_%s.dng", orders[i]);
        l2l_raw *raw = open_raw(context, data, name);
        image[i] = allocate(3 * PIXELS, sizeof(float));
        test_info(l2l_raw_get_info(raw), orders[i]);
        develop(context, raw, image[i]);
        l2l_raw_close(raw);
    }
    for (int i = 1; i < 4; i++) {
        double worst = 0, worst_block = 0;
        for (int c = 0; c < 3; c++) {
            const float *a = image[0] + c * PIXELS, *b = image[i] + c * PIXELS;
            double all = mean(a, 0, 0, HEIGHT, WIDTH);
            worst = fmax(worst, fabs(mean(b, 0, 0, HEIGHT, WIDTH) / all - 1));
            for (int y = 0; y < HEIGHT; y += BLOCK)
                for (int x = 0; x < WIDTH; x += BLOCK)
                    worst_block = fmax(worst_block, fabs(mean(b, y, x, BLOCK, BLOCK) -
                                                         mean(a, y, x, BLOCK, BLOCK)));
        }
        snprintf(name, sizeof name, "%s against rggb: mean colours", orders[i]);
        check(worst <= 0.02, name, worst, 0.02);
        snprintf(name, sizeof name, "%s against rggb: means of blocks", orders[i]);
        check(worst_block <= 0.04, name, worst_block, 0.04);
    }
    for (int i = 0; i < 4; i++) free(image[i]);
}

/* The author's output is floor(clip(y, 0, 1) · 16383) for y of our stage. */
static void test_black_level(l2l_context *context, const char *data) {
    l2l_raw *raw = open_raw(context, data, "nikon_d750_rose_rggb.dng");
    l2l_raw *want =
        open_raw(context, data, "expected/DSC_1339_768x512_rggb_out_black_level_correction.png");
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    l2l_black_level attributes = { sizeof attributes, 1, info->white };
    double levels[4], worst = 0;
    double *values = allocate(PIXELS, sizeof(double));
    l2l_tensor params = l2l_vector(levels, L2L_F64, 4), mosaic = l2l_raw_mosaic(raw);
    l2l_tensor stage = l2l_image(values, L2L_F64, 1, HEIGHT, WIDTH);
    l2l_tensor expected = l2l_raw_mosaic(want);
    memcpy(levels, info->black, sizeof levels);
    must(context, l2l_black_level_forward(context, &attributes, &params, &mosaic, &stage),
         "black level");
    for (int y = 0; y < HEIGHT; y++) {
        const uint16_t *row = (const uint16_t *)expected.data + y * expected.stride[0];
        for (int x = 0; x < WIDTH; x++) {
            double value = fmin(fmax(values[y * WIDTH + x], 0), 1) * FULL;
            worst = fmax(worst, fabs(value - row[x]));
        }
    }
    check(worst <= 1 + 1e-9, "black level, counts off", worst, 1);
    free(values);
    l2l_raw_close(raw);
    l2l_raw_close(want);
}

/* Bilinear demosaicing keeps every sample in the channel of its colour, so that our white balance
   can be read off at the sites of the mosaic. The author's input is his corrected mosaic. */
static void test_white_balance(l2l_context *context, const char *data) {
    l2l_raw *raw =
        open_raw(context, data, "expected/DSC_1339_768x512_rggb_out_bad_pixel_correction.png");
    l2l_raw *want = open_raw(context, data,
                             "expected/DSC_1339_768x512_rggb_out_channel_gain_white_balance.png");
    float *rgb = allocate(3 * PIXELS, sizeof(float)),
          *balanced = allocate(3 * PIXELS, sizeof(float));
    double gain[3], worst = 0;
    l2l_tensor mosaic = l2l_raw_mosaic(raw), expected = l2l_raw_mosaic(want);
    l2l_tensor src = l2l_image(rgb, L2L_F32, 3, HEIGHT, WIDTH);
    l2l_tensor dst = l2l_image(balanced, L2L_F32, 3, HEIGHT, WIDTH);
    l2l_tensor params = l2l_vector(gain, L2L_F64, 3);
    l2l_cfa cfa;
    memcpy(gain, gains, sizeof gain);
    must(context, l2l_cfa_parse(context, "RGGB", &cfa), "RGGB");
    must(context, l2l_demosaic_forward(context, NULL, NULL, &mosaic, &src), "demosaic");
    must(context, l2l_white_balance_forward(context, NULL, &params, &src, &dst), "white balance");
    for (int y = 0; y < HEIGHT; y++) {
        const uint16_t *row = (const uint16_t *)expected.data + y * expected.stride[0];
        for (int x = 0; x < WIDTH; x++) {
            double value = (double)balanced[l2l_cfa_color(&cfa, y, x) * PIXELS + y * WIDTH + x];
            worst = fmax(worst, fabs(value - row[x]));
        }
    }
    check(worst <= 2, "white balance, counts off", worst, 2);
    free(rgb);
    free(balanced);
    l2l_raw_close(raw);
    l2l_raw_close(want);
}

int main(void) {
    const char *data = getenv("L2L_TEST_DATA");
    l2l_context *context;
    char path[1024];
    FILE *file = NULL;
    if (data) {
        snprintf(path, sizeof path, "%s/isp-nikon-d750/nikon_d750_rose_rggb.dng", data);
        file = fopen(path, "rb");
    }
    if (!file) {
        printf("skipped: isp-nikon-d750 is not in the folder L2L_TEST_DATA (%s)\n",
               data ? data : "not set");
        return 77;
    }
    fclose(file);
    must(NULL, l2l_context_create(NULL, &context), "context");
    test_one_picture(context, data);
    test_black_level(context, data);
    test_white_balance(context, data);
    l2l_context_destroy(context);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
