/* Shared by the tests of raw input: a context that counts its memory, files made on the spot, and a
   writer of small DNGs with any tags, sound or hostile. */
#ifndef L2L_TESTS_RAW_FIXTURES_H
#define L2L_TESTS_RAW_FIXTURES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lens2logit/lens2logit.h>

#define MAYBE_UNUSED __attribute__((unused))

/* ---- a context whose allocator counts, and fails at the nth request ---- */

typedef struct ledger {
    long live_blocks, requests, fail_at; /* fail_at < 0: never */
    size_t live_bytes;
} ledger;

static void *ledger_allocate(void *user, size_t size, size_t alignment) {
    ledger *book = user;
    void *memory;
    if (book->requests++ == book->fail_at) return NULL;
    if (posix_memalign(&memory, alignment < sizeof(void *) ? sizeof(void *) : alignment, size))
        return NULL;
    book->live_blocks++;
    book->live_bytes += size;
    return memory;
}

static void ledger_release(void *user, void *memory, size_t size) {
    ledger *book = user;
    book->live_blocks--;
    book->live_bytes -= size;
    free(memory);
}

static MAYBE_UNUSED l2l_context *counted_context(ledger *book) {
    *book = (ledger){ 0, 0, -1, 0 };
    l2l_allocator allocator = { ledger_allocate, ledger_release, book };
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    options.allocator = &allocator;
    options.threads = 1;
    l2l_context *context;
    ck_assert_int_eq(l2l_context_create(&options, &context), L2L_OK);
    return context;
}

/* ---- files ---- */

typedef struct blob {
    unsigned char *bytes;
    size_t size;
} blob;

static MAYBE_UNUSED blob read_blob(const char *path) {
    blob b = { NULL, 0 };
    FILE *file = fopen(path, "rb");
    if (!file) return b;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    b.size = (size_t)ftell(file);
    rewind(file);
    b.bytes = malloc(b.size + 1);
    ck_assert_ptr_nonnull(b.bytes);
    ck_assert_uint_eq(fread(b.bytes, 1, b.size, file), b.size);
    fclose(file);
    return b;
}

static MAYBE_UNUSED void write_blob(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

/* A path in a folder of this process's own, which the caller removes with remove_temporary. */
static char temporary_folder[64];

static MAYBE_UNUSED const char *temporary(const char *name) {
    static char path[128];
    if (!temporary_folder[0]) {
        snprintf(temporary_folder, sizeof temporary_folder, "/tmp/l2l-raw-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(temporary_folder));
    }
    snprintf(path, sizeof path, "%s/%s", temporary_folder, name);
    return path;
}

static MAYBE_UNUSED void remove_temporary(const char *name) {
    unlink(temporary(name));
    if (rmdir(temporary_folder) == 0) temporary_folder[0] = 0;
}

/* Of Debian's package rawtran-doc; L2L_SAMPLE_RAW says where it lies if not here. */
#define CANON_30D "/usr/share/doc/rawtran/IMG_5952.CR2"

/* A real file: of the folder L2L_TEST_DATA, or by its absolute path. Says so where it is missing.
 */
static MAYBE_UNUSED blob real_file(const char *name) {
    char path[512];
    const char *folder = getenv("L2L_TEST_DATA");
    const char *sample = getenv("L2L_SAMPLE_RAW");
    blob none = { NULL, 0 };
    if (sample && sample[0] && strcmp(name, CANON_30D) == 0) name = sample;
    if (name[0] == '/')
        snprintf(path, sizeof path, "%s", name);
    else if (folder)
        snprintf(path, sizeof path, "%s/%s", folder, name);
    else {
        printf("skipped: %s (L2L_TEST_DATA is not set)\n", name);
        return none;
    }
    blob b = read_blob(path);
    if (!b.bytes) printf("skipped: %s (no such file)\n", path);
    return b;
}

/* ---- DNGs ---- */

enum {
    DNG_BYTE = 1,
    DNG_ASCII = 2,
    DNG_SHORT = 3,
    DNG_LONG = 4,
    DNG_RATIONAL = 5,
    DNG_SRATIONAL = 10
};
enum { DNG_MAX_TAGS = 40, DNG_MAX_VALUES = 64 };

/* Values are numbers (for rationals: numerator and denominator in turn) or a text. */
typedef struct dng_tag {
    uint16_t tag, type;
    uint32_t count;
    int64_t values[DNG_MAX_VALUES];
    const char *text;
} dng_tag;

/* A little-endian TIFF with one IFD; the samples are (row · width + column) · step + base, u16, or
   packed into `bits`, most significant first; rows then take whole bytes. */
typedef struct dng {
    dng_tag tags[DNG_MAX_TAGS];
    int count;
    uint32_t width, height, samples;
    unsigned base, step;
    uint32_t bits; /* 0: 16 */
} dng;

static MAYBE_UNUSED dng_tag *dng_find(dng *d, uint16_t tag) {
    for (int i = 0; i < d->count; i++)
        if (d->tags[i].tag == tag) return &d->tags[i];
    return NULL;
}

/* Adds a tag, or replaces it. */
static MAYBE_UNUSED void dng_set(dng *d, uint16_t tag, uint16_t type, uint32_t count,
                                 const int64_t *values) {
    dng_tag *slot = dng_find(d, tag);
    ck_assert(slot || d->count < DNG_MAX_TAGS);
    if (!slot) slot = &d->tags[d->count++];
    *slot = (dng_tag){ tag, type, count, { 0 }, NULL };
    uint32_t numbers = count * (type == DNG_RATIONAL || type == DNG_SRATIONAL ? 2 : 1);
    ck_assert_uint_le(numbers, DNG_MAX_VALUES);
    for (uint32_t i = 0; i < numbers; i++) slot->values[i] = values[i];
}

static MAYBE_UNUSED void dng_set_one(dng *d, uint16_t tag, uint16_t type, int64_t value) {
    dng_set(d, tag, type, 1, &value);
}

static MAYBE_UNUSED void dng_set_text(dng *d, uint16_t tag, const char *text) {
    dng_set_one(d, tag, DNG_ASCII, 0);
    dng_find(d, tag)->text = text;
    dng_find(d, tag)->count = (uint32_t)strlen(text) + 1;
}

static MAYBE_UNUSED void dng_set_cfa(dng *d, int64_t period, const char *letters) {
    int64_t pattern[36];
    for (int i = 0; i < period * period; i++) pattern[i] = strchr("RGB", letters[i]) - "RGB";
    dng_set(d, 33421, DNG_SHORT, 2, (int64_t[]){ period, period });
    dng_set(d, 33422, DNG_BYTE, (uint32_t)(period * period), pattern);
}

/* A sound RGGB DNG of 16-bit samples, black 100, white 4000. */
static MAYBE_UNUSED dng dng_new(uint32_t width, uint32_t height) {
    dng d = { .width = width, .height = height, .samples = 1, .base = 100, .step = 1 };
    dng_set_one(&d, 254, DNG_LONG, 0);
    dng_set_one(&d, 256, DNG_LONG, width);
    dng_set_one(&d, 257, DNG_LONG, height);
    dng_set_one(&d, 258, DNG_SHORT, 16);
    dng_set_one(&d, 259, DNG_SHORT, 1);
    dng_set_one(&d, 262, DNG_SHORT, 32803);
    dng_set_text(&d, 271, "Maker");
    dng_set_text(&d, 272, "Model");
    dng_set_one(&d, 273, DNG_LONG, 0); /* set when written */
    dng_set_one(&d, 274, DNG_SHORT, 1);
    dng_set_one(&d, 277, DNG_SHORT, 1);
    dng_set_one(&d, 278, DNG_LONG, height);
    dng_set_one(&d, 279, DNG_LONG, 0); /* set when written */
    dng_set_cfa(&d, 2, "RGGB");
    dng_set(&d, 50706, DNG_BYTE, 4, (int64_t[]){ 1, 4, 0, 0 });
    dng_set_text(&d, 50708, "Maker Model");
    dng_set(&d, 50710, DNG_BYTE, 3, (int64_t[]){ 0, 1, 2 });
    dng_set_one(&d, 50714, DNG_LONG, 100);
    dng_set_one(&d, 50717, DNG_LONG, 4000);
    dng_set(&d, 50721, DNG_SRATIONAL, 9,
            (int64_t[]){ 9, 10, -3, 10, -1, 10, -4, 10, 12, 10, 2, 10, -1, 10, 2, 10, 7, 10 });
    dng_set(&d, 50728, DNG_RATIONAL, 3, (int64_t[]){ 1, 2, 1, 1, 2, 3 });
    return d;
}

static int dng_compare(const void *a, const void *b) {
    return ((const dng_tag *)a)->tag - ((const dng_tag *)b)->tag;
}

static size_t dng_unit(uint16_t type) {
    return type == DNG_SHORT ? 2 : type == DNG_LONG ? 4 : type >= DNG_RATIONAL ? 8 : 1;
}

static void dng_put(unsigned char *at, int64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) at[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

static void dng_put_values(unsigned char *at, const dng_tag *tag) {
    size_t width = tag->type == DNG_SHORT ? 2 : dng_unit(tag->type) == 1 ? 1 : 4;
    size_t numbers = tag->count * (dng_unit(tag->type) == 8 ? 2 : 1);
    if (tag->text)
        memcpy(at, tag->text, tag->count);
    else
        for (size_t i = 0; i < numbers; i++) dng_put(at + i * width, tag->values[i], width);
}

static MAYBE_UNUSED blob dng_write(dng *d) {
    size_t pixels = (size_t)d->width * d->height * d->samples, at = 8;
    size_t data = 8 + 2 + 12 * (size_t)d->count + 4, extra = data;
    size_t size = d->bits ? pixels * d->bits / 8 : 2 * pixels;
    for (int i = 0; i < d->count; i++)
        if (d->tags[i].count * dng_unit(d->tags[i].type) > 4)
            data += (d->tags[i].count * dng_unit(d->tags[i].type) + 3) / 4 * 4;
    blob b = { calloc(1, data + size), data + size };
    ck_assert_ptr_nonnull(b.bytes);
    dng_find(d, 273)->values[0] = (int64_t)data;
    dng_find(d, 279)->values[0] = (int64_t)size;
    qsort(d->tags, (size_t)d->count, sizeof d->tags[0], dng_compare);
    memcpy(b.bytes, "II*\0\10\0\0\0", 8);
    dng_put(b.bytes + at, d->count, 2);
    at += 2;
    for (int i = 0; i < d->count; i++, at += 12) {
        const dng_tag *tag = &d->tags[i];
        size_t bytes = tag->count * dng_unit(tag->type);
        dng_put(b.bytes + at, tag->tag, 2);
        dng_put(b.bytes + at + 2, tag->type, 2);
        dng_put(b.bytes + at + 4, tag->count, 4);
        if (bytes <= 4)
            dng_put_values(b.bytes + at + 8, tag);
        else {
            dng_put(b.bytes + at + 8, (int64_t)extra, 4);
            dng_put_values(b.bytes + extra, tag);
            extra += (bytes + 3) / 4 * 4;
        }
    }
    for (size_t i = 0; i < pixels && !d->bits; i++)
        dng_put(b.bytes + data + 2 * i, (int64_t)(d->base + i * d->step), 2);
    for (size_t i = 0; i < pixels * d->bits; i++) { /* bit by bit */
        size_t value = d->base + i / d->bits * d->step;
        if (value >> (d->bits - 1 - i % d->bits) & 1)
            b.bytes[data + i / 8] |= (unsigned char)(0x80 >> i % 8);
    }
    return b;
}

#endif
