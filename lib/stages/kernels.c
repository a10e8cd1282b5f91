/* Which kernel table serves an instruction set and an arithmetic type. */
#include "stages/kernel.h"

#define DECLARE(isa)                           \
    extern const l2l_kernels l2l_kernels_f32_##isa; \
    extern const l2l_kernels l2l_kernels_f64_##isa;
#define ENTRY(isa) { &l2l_kernels_f32_##isa, &l2l_kernels_f64_##isa }

DECLARE(baseline)
#ifdef L2L_HAVE_avx2
DECLARE(avx2)
#endif
#ifdef L2L_HAVE_avx512
DECLARE(avx512)
#endif
#ifdef L2L_HAVE_neon
DECLARE(neon)
#endif

static const l2l_kernels *const tables[][2] = {
    [L2L_ISA_BASELINE] = ENTRY(baseline),
#ifdef L2L_HAVE_avx2
    [L2L_ISA_AVX2] = ENTRY(avx2),
#endif
#ifdef L2L_HAVE_avx512
    [L2L_ISA_AVX512] = ENTRY(avx512),
#endif
#ifdef L2L_HAVE_neon
    [L2L_ISA_NEON] = ENTRY(neon),
#endif
};

const l2l_kernels *l2l_kernels_for(l2l_isa isa, l2l_dtype real) {
    return tables[isa][real == L2L_F64];
}
