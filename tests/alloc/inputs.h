/* One small file of every kind that the library reads, made by the test itself. */
#ifndef TESTS_ALLOC_INPUTS_H
#define TESTS_ALLOC_INPUTS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>
#include <tiffio.h>

enum { INPUT_HEIGHT = 24, INPUT_WIDTH = 32, INPUT_SAMPLES = INPUT_HEIGHT * INPUT_WIDTH };
enum { INPUT_DNG, INPUT_TIFF, INPUT_PNG, INPUT_NPY, INPUT_DUMP, INPUT_COUNT };

typedef struct input_file {
    const char *name, *geometry;
    char path[64];
    unsigned char bytes[16384];
    size_t size;
} input_file;

static input_file inputs[INPUT_COUNT] = {
    [INPUT_DNG] = { .name = "dng" },
    [INPUT_TIFF] = { .name = "tiff" },
    [INPUT_PNG] = { .name = "png" },
    [INPUT_NPY] = { .name = "npy" },
    [INPUT_DUMP] = { .name = "dump", .geometry = "32x24:u16le:GBRG:64:4095" },
};

static bool write_tiff(const char *path, uint16_t *samples, bool dng) {
    uint16_t period[2] = { 2, 2 };
    uint8_t colors[4] = { 0, 1, 1, 2 }, version[4] = { 1, 4, 0, 0 };
    float matrix[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, neutral[3] = { 0.5f, 1, 0.7f };
    bool good = true;
    TIFF *tiff = TIFFOpen(path, "w");
    if (!tiff) return false;
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, INPUT_WIDTH);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, INPUT_HEIGHT);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, INPUT_HEIGHT);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, dng ? COMPRESSION_NONE : COMPRESSION_ADOBE_DEFLATE);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, dng ? PHOTOMETRIC_CFA : PHOTOMETRIC_MINISBLACK);
    if (dng) {
        TIFFSetField(tiff, TIFFTAG_MAKE, "Test");
        TIFFSetField(tiff, TIFFTAG_MODEL, "Mosaic");
        TIFFSetField(tiff, TIFFTAG_CFAREPEATPATTERNDIM, period);
        TIFFSetField(tiff, TIFFTAG_CFAPATTERN, 4, colors);
        TIFFSetField(tiff, TIFFTAG_DNGVERSION, version);
        TIFFSetField(tiff, TIFFTAG_UNIQUECAMERAMODEL, "Test Mosaic");
        TIFFSetField(tiff, TIFFTAG_COLORMATRIX1, 9, matrix);
        TIFFSetField(tiff, TIFFTAG_ASSHOTNEUTRAL, 3, neutral);
    }
    for (uint32_t y = 0; y < INPUT_HEIGHT; y++)
        good = TIFFWriteScanline(tiff, samples + y * INPUT_WIDTH, y, 0) == 1 && good;
    TIFFClose(tiff);
    return good;
}

static bool write_png(const char *path, const uint16_t *samples) {
    png_image image = { .version = PNG_IMAGE_VERSION,
                        .width = INPUT_WIDTH,
                        .height = INPUT_HEIGHT,
                        .format = PNG_FORMAT_LINEAR_Y };
    return png_image_write_to_file(&image, path, 0, samples, 0, NULL) != 0;
}

/* The samples as they are in memory, after a header of NumPy's where `npy`. */
static bool write_plain(const char *path, const uint16_t *samples, bool npy) {
    char header[129];
    FILE *file = fopen(path, "wb");
    if (!file) return false;
    snprintf(header, sizeof header, "%-117s\n",
             "{'descr': '<u2', 'fortran_order': False, "
             "'shape': (24, 32), }");
    if (npy) fprintf(file, "\x93NUMPY\x01%c\x76%c%s", 0, 0, header);
    fwrite(samples, sizeof *samples, INPUT_SAMPLES, file);
    return fclose(file) == 0;
}

static bool make_inputs(const char *folder) {
    uint16_t samples[INPUT_SAMPLES];
    for (int i = 0; i < INPUT_SAMPLES; i++) samples[i] = (uint16_t)(100 + i * 37 % 3000);
    for (int i = 0; i < INPUT_COUNT; i++) {
        input_file *in = &inputs[i];
        snprintf(in->path, sizeof in->path, "%s/input.%s", folder, in->name);
        bool good = i == INPUT_PNG    ? write_png(in->path, samples)
                    : i <= INPUT_TIFF ? write_tiff(in->path, samples, i == INPUT_DNG)
                                      : write_plain(in->path, samples, i == INPUT_NPY);
        FILE *file = good ? fopen(in->path, "rb") : NULL;
        if (!file) return false;
        in->size = fread(in->bytes, 1, sizeof in->bytes, file);
        fclose(file);
        if (in->size < 64 || in->size == sizeof in->bytes) return false;
    }
    return true;
}

static void remove_inputs(const char *folder) {
    for (int i = 0; i < INPUT_COUNT; i++) unlink(inputs[i].path);
    rmdir(folder);
}

#endif
