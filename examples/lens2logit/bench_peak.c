/* The most floating-point operations that a thread can do: chains of multiply-adds in registers.
   Built with contraction, so that each is one instruction where the instruction set has it. */
#include "bench.h"

/* As many chains as hide the latency of a multiply-add on two ports. The multiplier keeps the
   values where they are, far from anything slow. */
#define PEAK(NAME, TARGET, TYPE, BYTES)                                                            \
    TARGET static double NAME(int64_t rounds) {                                                    \
        typedef TYPE lanes __attribute__((vector_size(BYTES)));                                    \
        enum { CHAINS = 10, LANES = BYTES / sizeof(TYPE) };                                        \
        volatile TYPE half = (TYPE)0.5;                                                            \
        lanes a[CHAINS], b = { 0 };                                                                \
        b += half;                                                                                 \
        for (int i = 0; i < CHAINS; i++) a[i] = b + (TYPE)i;                                       \
        for (int64_t r = 0; r < rounds; r++)                                                       \
            for (int i = 0; i < CHAINS; i++) a[i] = a[i] * b + b;                                  \
        for (int i = 1; i < CHAINS; i++) a[0] += a[i];                                             \
        half = a[0][0]; /* keeps the loop */                                                       \
        return 2.0 * (double)rounds * CHAINS * LANES;                                              \
    }

PEAK(plain_f32, , float, 16)
PEAK(plain_f64, , double, 16)
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,prefer-vector-width=512")))
PEAK(avx2_f32, AVX2, float, 32)
PEAK(avx2_f64, AVX2, double, 32)
PEAK(avx512_f32, AVX512, float, 64)
PEAK(avx512_f64, AVX512, double, 64)
#undef AVX2
#undef AVX512
#endif
#undef PEAK

double bench_peak_run(l2l_isa isa, l2l_dtype arithmetic, int64_t rounds) {
    bool is_double = arithmetic == L2L_F64;
#if defined(__x86_64__)
    if (isa == L2L_ISA_AVX2) return (is_double ? avx2_f64 : avx2_f32)(rounds);
    if (isa == L2L_ISA_AVX512) return (is_double ? avx512_f64 : avx512_f32)(rounds);
#else
    (void)isa;
#endif
    return (is_double ? plain_f64 : plain_f32)(rounds);
}
