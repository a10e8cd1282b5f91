/* Which instruction sets kernels were compiled for and which of them this processor runs. */
#include "core/core.h"

#ifdef L2L_HAVE_avx2
#include <cpuid.h>

/* Asked of the processor itself: not every compiler's __builtin_cpu_supports knows the name. */
static bool has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

static bool runs_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

#ifdef L2L_HAVE_avx512 /* never without AVX2 */
static bool runs_avx512(void) {
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif
#endif

const char *l2l_isa_name(l2l_isa isa) {
    static const char *const names[] = {
        [L2L_ISA_BEST] = "best",     [L2L_ISA_BASELINE] = "baseline", [L2L_ISA_AVX2] = "avx2",
        [L2L_ISA_AVX512] = "avx512", [L2L_ISA_NEON] = "neon",
    };
    size_t index = (size_t)isa;
    return index < sizeof names / sizeof *names ? names[index] : "unknown";
}

int l2l_isa_available(l2l_isa isa) {
    switch (isa) {
    case L2L_ISA_BEST:
    case L2L_ISA_BASELINE:
        return 1;
#ifdef L2L_HAVE_avx2
    case L2L_ISA_AVX2:
        return runs_avx2();
#endif
#ifdef L2L_HAVE_avx512
    case L2L_ISA_AVX512:
        return runs_avx512();
#endif
#ifdef L2L_HAVE_neon
    case L2L_ISA_NEON:
        return 1; /* every 64-bit ARM has it */
#endif
    default:
        return 0;
    }
}
