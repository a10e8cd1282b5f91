/* The library's own powers in single precision, against the C library's in double: how many units
   in the last place gamma is off, on every instruction set. Takes a step between floats; 1 tries
   every one. */
#include "instruction_sets.h"

#include <float.h>
#include <math.h>

static const double gammas[] = { 1, 1.5, 2.2, 2.4, 3, 5 };

/* Which floats, and every how manieth of them. 2⁻³¹ to 2 is served by table, what is around it by
   logarithm. */
static const struct range {
    const char *name;
    float from, to;
    int sparse;
} ranges[] = {
    { "1e-5 to 1", 1e-5f, 1, 1 },
    { "2^-31 to 2", 0x1p-31f, 2, 1 },
    { "all that are positive", 0x1p-149f, FLT_MAX, 7 },
};

enum { COUNT = 4096, MOST_ULP = 4, SETS = L2L_ISA_NEON + 1, MOST_COEFS = 256 };

static double units_off(float y, double expected) {
    int exponent;
    frexp(expected, &exponent);
    return fabs((double)y - expected) / ldexp(1, exponent < -125 ? -149 : exponent - 24);
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

typedef struct worst {
    double error;
    float x;
} worst;

/* Powers of `count` floats on one instruction set. */
static void compare(l2l_isa isa, const l2l_node *node, const double *coefs, const float *x,
                    const double *expected, int count, worst *w) {
    const l2l_kernels *kernels = l2l_kernels_for(isa, L2L_F32);
    float own[MOST_COEFS], y[COUNT];
    kernels->coefs(own, coefs, node->coef_count);
    const void *src[] = { x };
    void *out[] = { y };
    const l2l_sweep sweep = {
        .node = node, .coefs = own, .src = src, .out = out, .count = count, .rows = 1
    };
    kernels->stages[node->kernel]->forward(&sweep);
    for (int i = 0; i < count; i++) {
        const double error = units_off(y[i], expected[i]);
        if (!(error <= w->error)) *w = (worst){ error, x[i] };
    }
}

static void sweep_range(const struct range *range, double gamma, const l2l_node *node, int step) {
    double coefs[MOST_COEFS], expected[COUNT];
    float x[COUNT];
    worst w[SETS] = { { 0, 0 } };
    node->row->prepare(node, 1, 1, &gamma, coefs);
    for (uint64_t bits = bits_of(range->from), end = bits_of(range->to); bits <= end;) {
        int count = 0;
        for (; count < COUNT && bits <= end; count++, bits += (uint64_t)(step * range->sparse)) {
            const uint32_t own = (uint32_t)bits;
            memcpy(&x[count], &own, sizeof own);
            expected[count] = pow((double)x[count], 1 / gamma);
        }
        for (int isa = L2L_ISA_BASELINE; isa < SETS; isa++)
            if (l2l_isa_available((l2l_isa)isa))
                compare((l2l_isa)isa, node, coefs, x, expected, count, &w[isa]);
    }
    printf("gamma %-3g  x %s:", gamma, range->name);
    for (int isa = L2L_ISA_BASELINE; isa < SETS; isa++) {
        if (!l2l_isa_available((l2l_isa)isa)) continue;
        printf("  %s %.3f at %a", l2l_isa_name((l2l_isa)isa), w[isa].error, (double)w[isa].x);
        failed += !(w[isa].error <= MOST_ULP);
    }
    printf("\n");
}

int main(int count, char **words) {
    const int step = count > 1 ? atoi(words[1]) : 307;
    const l2l_node node = node_of(L2L_GAMMA, NULL);
    if (step < 1 || node.coef_count > MOST_COEFS) return 2;
    for (size_t g = 0; g < sizeof gammas / sizeof *gammas; g++)
        for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
            sweep_range(&ranges[r], gammas[g], &node, step);
    if (failed) printf("%d are more than %d units in the last place off\n", failed, MOST_ULP);
    return failed != 0;
}
