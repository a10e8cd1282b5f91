/* Reads the NPY files of the goldens: little-endian numbers in C order, handed out as double. */
#ifndef TESTS_GOLDEN_NPY_H
#define TESTS_GOLDEN_NPY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct npy {
    int ndim;
    int64_t shape[4], count;
    double *values; /* NULL: the file is not there or not understood */
} npy;

static double npy_value(const unsigned char *bytes, char kind, int size) {
    float f;
    double d;
    uint16_t u;
    if (kind == 'f' && size == 8) return memcpy(&d, bytes, 8), d;
    if (kind == 'f') return memcpy(&f, bytes, 4), (double)f;
    return memcpy(&u, bytes, 2), (double)u;
}

/* "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 40, 56), }" */
static int npy_header(const char *text, char *kind, int *size, npy *array) {
    const char *descr = strstr(text, "'descr': '<"), *shape = strstr(text, "'shape': (");
    if (!descr || !shape || !strstr(text, "'fortran_order': False")) return 0;
    if (sscanf(descr + 11, "%c%d", kind, size) != 2) return 0;
    if (!(*kind == 'f' && (*size == 4 || *size == 8)) && !(*kind == 'u' && *size == 2)) return 0;
    array->count = 1;
    shape += 10;
    for (char *end; array->ndim < 4; shape = end + strspn(end, ", ")) {
        long long extent = strtoll(shape, &end, 10);
        if (end == shape) break;
        array->shape[array->ndim++] = extent;
        array->count *= extent;
    }
    return array->ndim > 0 && array->count > 0;
}

static npy npy_read(const char *path) {
    npy array = { 0, { 1, 1, 1, 1 }, 0, NULL };
    unsigned char start[10], *bytes = NULL;
    char header[1024] = "", kind = 0;
    int size = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return array;
    if (fread(start, 1, 10, file) == 10 && memcmp(start, "\x93NUMPY\x01", 7) == 0) {
        size_t length = start[8] + 256u * start[9];
        if (length < sizeof header && fread(header, 1, length, file) == length &&
            npy_header(header, &kind, &size, &array)) {
            size_t count = (size_t)array.count;
            bytes = malloc(count * (size_t)size);
            array.values = malloc(count * sizeof(double));
            if (!bytes || !array.values || fread(bytes, (size_t)size, count, file) != count) {
                free(array.values);
                array.values = NULL;
            }
            for (size_t i = 0; array.values && i < count; i++)
                array.values[i] = npy_value(bytes + i * (size_t)size, kind, size);
        }
    }
    free(bytes);
    fclose(file);
    return array;
}

#endif
