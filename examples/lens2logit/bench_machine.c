/* The machine as bench sees it: arrays on huge pages, resident memory, and its two speed limits. */
#include "bench.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "say.h"
#include "tensor.h"

double bench_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- arrays ---- */

/* Mapped, not from malloc: given back when freed, so that the next row's peak is its own. */
static void *pages_new(size_t bytes) {
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
    madvise(pages, bytes, MADV_HUGEPAGE); /* a wish: systems without huge pages refuse it */
#endif
    return pages;
}

int64_t bench_tensor_bytes(const l2l_tensor *tensor) {
    const int last = tensor->ndim - 1;
    const int64_t group = l2l_dtype_group(tensor->dtype);
    const int64_t columns = (tensor->shape[last] + group - 1) / group * group;
    return tensor_count(tensor) / tensor->shape[last] *
           (int64_t)l2l_row_size(tensor->dtype, columns);
}

bool bench_tensor_new(l2l_tensor *tensor, l2l_dtype dtype, int ndim, const int64_t *shape) {
    memset(tensor, 0, sizeof *tensor);
    int64_t bytes = sizeof(double); /* at most, of an element */
    for (int i = 0; i < ndim; i++)
        if (shape[i] < 1 || __builtin_mul_overflow(bytes, shape[i], &bytes))
            return fail("an array of %lld rows and %lld columns cannot be held in memory",
                        (long long)shape[ndim > 1 ? ndim - 2 : 0], (long long)shape[ndim - 1]);
    *tensor = l2l_tensor_of(NULL, dtype, ndim, shape);
    bytes = bench_tensor_bytes(tensor);
    tensor->data = pages_new((size_t)bytes);
    if (!tensor->data) return fail("out of memory: %lld bytes are not to be had", (long long)bytes);
    memset(tensor->data, 0, (size_t)bytes); /* the first touch, before any clock starts */
    return true;
}

void bench_tensor_free(l2l_tensor *tensor) {
    if (tensor->data) munmap(tensor->data, (size_t)bench_tensor_bytes(tensor));
    memset(tensor, 0, sizeof *tensor);
}

/* The value as the type's bits; half precision without its rounding, which nobody measures. */
static void put(const l2l_tensor *tensor, int64_t i, double value) {
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    switch (tensor->dtype) {
    case L2L_U8:
        ((uint8_t *)tensor->data)[i] = (uint8_t)(255 * value);
        break;
    case L2L_U16:
        ((uint16_t *)tensor->data)[i] = (uint16_t)(65535 * value);
        break;
    case L2L_F16: /* sign, then exponent and mantissa with the other bias; values are normal */
        ((uint16_t *)tensor->data)[i] =
            (uint16_t)((bits >> 16 & 0x8000) | ((bits & 0x7fffffff) - ((127 - 15) << 23)) >> 13);
        break;
    case L2L_BF16:
        ((uint16_t *)tensor->data)[i] = (uint16_t)(bits >> 16);
        break;
    case L2L_F32:
        ((float *)tensor->data)[i] = single;
        break;
    case L2L_F64:
        ((double *)tensor->data)[i] = value;
        break;
    default: /* any byte is of packed samples */
        ((uint8_t *)tensor->data)[i] = (uint8_t)(255 * value);
        break;
    }
}

void bench_tensor_fill(const l2l_tensor *tensor, uint64_t seed) {
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    bool packed = l2l_dtype_group(tensor->dtype) > 1;
    int64_t count = packed ? bench_tensor_bytes(tensor) : tensor_count(tensor);
    for (int64_t i = 0; i < count; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        put(tensor, i, 0.05 + 0.9 * (double)(state >> 40) / 16777216.0);
    }
}

/* ---- resident memory, as Linux tells it ---- */

static int64_t status_bytes(const char *key) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long long kib = 0;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) kib = strtoll(line + strlen(key), NULL, 10);
    if (file) fclose(file);
    return kib * 1024;
}

int64_t bench_memory_now(void) {
    return status_bytes("VmRSS:");
}

int64_t bench_memory_peak(void) {
    return status_bytes("VmHWM:");
}

void bench_memory_forget(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return; /* the peak is then that of the run so far: never too small */
    fputs("5", file);
    fclose(file);
}

/* ---- what it can do ---- */

enum { ROUNDS = 9, COPY_BYTES = 256 << 20 };

/* A piece of work that is split evenly among threads. */
struct work {
    void (*body)(struct work *);
    pthread_t thread;
    char *dst;
    const char *src;
    size_t bytes;
    const struct bench_setup *setup;
    int64_t rounds;
    double operations;
};

static void *work_main(void *argument) {
    struct work *work = argument;
    work->body(work);
    return NULL;
}

/* Runs all parts at once, the first on this thread; how long it took, or 0 for no thread. */
static double work_run(struct work *parts, int count) {
    double start = bench_seconds();
    int begun = 1;
    while (begun < count &&
           pthread_create(&parts[begun].thread, NULL, work_main, &parts[begun]) == 0)
        begun++;
    parts[0].body(&parts[0]);
    for (int i = 1; i < begun; i++) pthread_join(parts[i].thread, NULL);
    return begun == count ? bench_seconds() - start : 0;
}

/* The fastest of several rounds after one that does not count: a limit is what the machine does at
   its best. 0: told. */
static double work_fastest(struct work *parts, int count) {
    double fastest = INFINITY;
    for (int round = -1; round < ROUNDS; round++) {
        double time = work_run(parts, count);
        if (!(time > 0)) return fail("cannot start %d threads", count);
        if (round >= 0 && time < fastest) fastest = time;
    }
    return fastest;
}

/* Stores past the caches, as the library stores large images: the line that is written need not be
   read first. */
static void copy_part(struct work *work) {
#if defined(__x86_64__)
    const __m128i *src = (const __m128i *)(const void *)work->src;
    __m128i *dst = (__m128i *)(void *)work->dst;
    for (size_t i = 0; i < work->bytes / sizeof *src; i += 4) {
        __m128i a = _mm_load_si128(src + i), b = _mm_load_si128(src + i + 1);
        __m128i c = _mm_load_si128(src + i + 2), d = _mm_load_si128(src + i + 3);
        _mm_stream_si128(dst + i, a);
        _mm_stream_si128(dst + i + 1, b);
        _mm_stream_si128(dst + i + 2, c);
        _mm_stream_si128(dst + i + 3, d);
    }
    _mm_sfence();
#elif defined(__aarch64__)
    for (size_t i = 0; i < work->bytes; i += 32)
        __asm__ volatile("ldp q0, q1, [%0]\n\tstnp q0, q1, [%1]"
                         :
                         : "r"(work->src + i), "r"(work->dst + i)
                         : "v0", "v1", "memory");
#else
    memcpy(work->dst, work->src, work->bytes);
#endif
}

static bool measure_copy(struct bench_setup *setup, struct work *parts) {
    char *src = pages_new(COPY_BYTES), *dst = pages_new(COPY_BYTES);
    double time = 0;
    if (src && dst) {
        memset(src, 1, COPY_BYTES);
        memset(dst, 2, COPY_BYTES);
        size_t each = COPY_BYTES / (size_t)setup->threads / 64 * 64;
        for (int i = 0; i < setup->threads; i++)
            parts[i] = (struct work){ .body = copy_part,
                                      .src = src + (size_t)i * each,
                                      .dst = dst + (size_t)i * each,
                                      .bytes = each };
        time = work_fastest(parts, setup->threads);
        setup->copy_speed = 2.0 * (double)each * setup->threads / time;
    } else {
        fail("out of memory: no %d bytes to measure the speed of copying with", 2 * COPY_BYTES);
    }
    if (src) munmap(src, COPY_BYTES);
    if (dst) munmap(dst, COPY_BYTES);
    return time > 0;
}

static void peak_part(struct work *work) {
    work->operations = bench_peak_run(work->setup->isa, work->setup->arithmetic, work->rounds);
}

static bool measure_peak(struct bench_setup *setup, struct work *parts) {
    for (int i = 0; i < setup->threads; i++)
        parts[i] = (struct work){ .body = peak_part, .setup = setup, .rounds = 1000000 };
    double time = work_fastest(parts, setup->threads);
    setup->peak_speed = parts[0].operations * setup->threads / time;
    return time > 0;
}

bool bench_machine(struct bench_setup *setup) {
    struct work *parts = calloc((size_t)setup->threads, sizeof *parts);
    bool done = parts ? measure_copy(setup, parts) && measure_peak(setup, parts)
                      : fail("out of memory for %d threads", setup->threads);
    free(parts);
    return done;
}
