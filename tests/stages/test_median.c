/* The median of windows: every window of two levels, which proves a network of comparisons, and
   windows with NaN, infinities and zeros of both signs, bit by bit. Takes a number; more than 1
   tries only such a part of all windows. */
#include "instruction_sets.h"

#include <math.h>

#include "stages/denoise/median.math.h"

enum { REACH = 2, SIDE = 2 * REACH + 1, PAD = 16, COLUMNS = 4096, ROOM = PAD + COLUMNS + 2 * PAD };

static double memory[SIDE + 2][ROOM];

/* The medians of `count` windows in rows of `memory`, and the indices, in its last two rows. */
static void run(const l2l_kernels *kernels, l2l_dtype dtype, int radius, int count) {
    l2l_denoise attributes = L2L_DENOISE_INIT;
    attributes.method = L2L_DENOISE_MEDIAN;
    attributes.radius = radius;
    attributes.space = L2L_SPACE_CHANNELS;
    const l2l_node node = node_of(L2L_DENOISE, &attributes);
    const size_t size = l2l_dtype_size(dtype);
    const void *src[SIDE];
    void *out[2];
    for (int k = 0; k < SIDE; k++) src[k] = (char *)memory[k] + PAD * size;
    for (int k = 0; k < 2; k++) out[k] = (char *)memory[SIDE + k] + PAD * size;
    const l2l_sweep sweep = { .node = &node, .src = src, .out = out, .count = count, .rows = 1 };
    kernels->stages[node.kernel]->forward(&sweep);
}

static double sample(l2l_dtype dtype, int radius, int i, int k) {
    const int side = 2 * radius + 1;
    return get(memory[k / side], dtype, PAD + i - radius + k % side);
}

/* By counting: the first sample that has at most half of the others on either side of it. */
static int position(l2l_dtype dtype, int radius, int i) {
    const int window = (2 * radius + 1) * (2 * radius + 1);
    for (int k = 0; k < window; k++)
        if (isnan(sample(dtype, radius, i, k))) return k;
    for (int k = 0; k < window; k++) {
        int below = 0, above = 0;
        for (int j = 0; j < window; j++) {
            below += sample(dtype, radius, i, j) < sample(dtype, radius, i, k);
            above += sample(dtype, radius, i, j) > sample(dtype, radius, i, k);
        }
        if (below <= window / 2 && above <= window / 2) return k;
    }
    return -1;
}

static void check(const char *isa, l2l_dtype dtype, int radius, int i, int k, double value) {
    const double is = get(memory[SIDE], dtype, PAD + i), at = get(memory[SIDE + 1], dtype, PAD + i);
    if (same_bits(is, value) && at == k) return;
    fail("%s %s radius %d: %g at %g instead of %g at %d", isa, l2l_dtype_name(dtype), radius, is,
         at, value, k);
}

/* ---- windows of two levels ---- */

enum { BITS = SIDE * SIDE };

/* Columns of five bits of a sequence in which each state of 25 bits but zero occurs once
   (x²⁵ + x³ + 1): so in a row of them does every window. */
static unsigned next_column(unsigned *state) {
    for (int bit = 0; bit < SIDE; bit++)
        *state = (*state << 1 | ((*state >> 24 ^ *state >> 2) & 1)) & ((1u << BITS) - 1);
    return *state & ((1u << SIDE) - 1);
}

static void check_levels(const char *isa, l2l_dtype dtype, int radius, int count,
                         const unsigned *columns) {
    const int side = 2 * radius + 1, window = side * side;
    for (int i = 0; i < count; i++) {
        int ones = 0, first = 0;
        for (int k = 0; k < side; k++)
            ones += __builtin_popcount(columns[i + k] & ((1u << side) - 1));
        const unsigned level = ones > window / 2;
        while ((columns[i + first % side] >> first / side & 1) != level) first++;
        check(isa, dtype, radius, i, first, level);
    }
}

static int part = 1;

static void two_levels(const char *isa, l2l_dtype dtype, const l2l_kernels *kernels) {
    unsigned columns[COLUMNS + SIDE] = { 0 }, state = 1;
    const int all = (1 << BITS) / part, wanted = dtype == L2L_F32 ? all : all / 16;
    for (int done = 0; done <= wanted; done += COLUMNS) {
        memmove(columns, columns + COLUMNS, (SIDE - 1) * sizeof *columns);
        for (int i = SIDE - 1; i < COLUMNS + SIDE - 1; i++) columns[i] = next_column(&state);
        for (int radius = done < 4 * COLUMNS ? 1 : 2; radius <= 2; radius++) {
            for (int i = 0; i < COLUMNS + 2 * radius; i++)
                for (int k = 0; k < SIDE; k++)
                    put(memory[k], dtype, PAD - radius + i, columns[i] >> k & 1);
            run(kernels, dtype, radius, COLUMNS);
            check_levels(isa, dtype, radius, COLUMNS, columns);
        }
    }
}

/* ---- anything ---- */

static double anything(unsigned *seed, int nan_in) {
    static const double values[] = {
        -INFINITY, -1, -0.25, -0.0, 0.0, 0.0, -0.0, 0.25, 1, INFINITY
    };
    *seed = *seed * 1664525u + 1013904223u;
    if (nan_in && (*seed >> 8) % (unsigned)nan_in == 0)
        return *seed >> 31 ? nan("0x1230000000") : -nan("0x4560000000");
    return values[(*seed >> 24) % 10];
}

/* The text for one pixel, which is in float here, says the same. */
static void check_text(int radius, int i, int k, double value) {
    const void *rows[SIDE];
    float is, at;
    for (int r = 0; r < SIDE; r++) rows[r] = (float *)memory[r] + PAD;
    l2l_median_choose(rows, radius, i, &is, &at);
    l2l_median_choose_nan(rows, radius, i, &is, &at);
    if (!same_bits((double)is, value) || (int)at != k)
        fail("one pixel, radius %d: %g at %g instead of %g at %d", radius, is, at, value, k);
}

static void special_values(const char *isa, l2l_dtype dtype, const l2l_kernels *kernels) {
    enum { COUNT = 500 };
    unsigned seed = 7;
    for (int round = 0; round < 24; round++) {
        const int radius = 1 + round % 2;
        for (int k = 0; k < SIDE; k++)
            for (int i = 0; i < COUNT + 2 * REACH; i++)
                put(memory[k], dtype, PAD - REACH + i, anything(&seed, round / 2 % 4 * 20));
        run(kernels, dtype, radius, COUNT);
        for (int i = 0; i < COUNT; i++) {
            const int k = position(dtype, radius, i);
            double value = sample(dtype, radius, i, k);
            if (value == 0) value = 0; /* of either sign */
            check(isa, dtype, radius, i, k, value);
            if (dtype == L2L_F32) check_text(radius, i, k, value);
        }
    }
}

int main(int count, char **words) {
    if (count > 1) part = atoi(words[1]);
    if (part < 1) return 2;
    on_every_set(two_levels);
    on_every_set(special_values);
    if (failed) printf("%d failed\n", failed);
    return failed != 0;
}
