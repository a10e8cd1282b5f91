/* The part of CUDA C++ that kernels use, for running them on the CPU. Threads of a block are
   fibers; blocks run one after the other. */
#ifndef L2L_CUDA_HOST_H
#define L2L_CUDA_HOST_H

/* Every standard header comes before the macros: libstdc++ itself says __noinline__. */
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __grid_constant__
/* deliberately no __shared__: a bare one is a compile error, so nobody bypasses L2L_SHARED */

#define CUEMU_V1(T, t)                                                                             \
    struct t##1 {                                                                                  \
        T x;                                                                                       \
    };                                                                                             \
    static inline t##1 make_##t##1(T x) {                                                          \
        return { x };                                                                              \
    }
#define CUEMU_V2(T, t)                                                                             \
    struct alignas(2 * sizeof(T)) t##2 {                                                           \
        T x, y;                                                                                    \
    };                                                                                             \
    static inline t##2 make_##t##2(T x, T y) {                                                     \
        return { x, y };                                                                           \
    }
#define CUEMU_V3(T, t)                                                                             \
    struct t##3 {                                                                                  \
        T x, y, z;                                                                                 \
    };                                                                                             \
    static inline t##3 make_##t##3(T x, T y, T z) {                                                \
        return { x, y, z };                                                                        \
    }
#define CUEMU_V4(T, t)                                                                             \
    struct alignas(4 * sizeof(T) > 16 ? 16 : 4 * sizeof(T)) t##4 {                                 \
        T x, y, z, w;                                                                              \
    };                                                                                             \
    static inline t##4 make_##t##4(T x, T y, T z, T w) {                                           \
        return { x, y, z, w };                                                                     \
    }
#define CUEMU_V(T, t) CUEMU_V1(T, t) CUEMU_V2(T, t) CUEMU_V3(T, t) CUEMU_V4(T, t)
CUEMU_V(float, float)
CUEMU_V(double, double)
CUEMU_V(int, int)
CUEMU_V(unsigned, uint) CUEMU_V(short, short) CUEMU_V(unsigned short, ushort)
    CUEMU_V(signed char, char) CUEMU_V(unsigned char, uchar) struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

extern __thread uint3 threadIdx, blockIdx; /* __thread, not thread_local: no init wrapper */
extern __thread uint3 blockDim, gridDim;
static const int warpSize = 32;

typedef struct cuemu_stream *cudaStream_t;
enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice,
    cudaMemcpyDefault
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
cudaError_t cudaMalloc_(void **p, size_t n);
template <class T>
cudaError_t cudaMalloc(T **p, size_t n) {
    return cudaMalloc_((void **)p, n);
}
template <class T>
cudaError_t cudaMallocAsync(T **p, size_t n, cudaStream_t) {
    return cudaMalloc_((void **)p, n);
}
cudaError_t cudaFree(void *p);
cudaError_t cudaFreeAsync(void *p, cudaStream_t s);
cudaError_t cudaMemcpyAsync(void *d, const void *s, size_t n, cudaMemcpyKind k, cudaStream_t st);
cudaError_t cudaMemsetAsync(void *d, int v, size_t n, cudaStream_t st);
cudaError_t cudaStreamSynchronize(cudaStream_t st);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
cudaError_t cudaFuncSetAttribute_(const void *f, int a, int v);
template <class F>
cudaError_t cudaFuncSetAttribute(F *f, cudaFuncAttribute a, int v) {
    return cudaFuncSetAttribute_((const void *)f, a, v);
}
template <class T, size_t N>
cudaError_t cudaMemcpyToSymbolAsync(T (&sym)[N], const void *s, size_t n, size_t off,
                                    cudaMemcpyKind k, cudaStream_t st) {
    return cudaMemcpyAsync((char *)sym + off, s, n, k, st);
}

namespace cuemu {
enum Order { FORWARD, REVERSE, SHUFFLE };
void schedule(Order o, unsigned seed, unsigned char fill,
              bool defer); /* applies to later launches */
const char *last_report(); /* text of the last detected error */
void reset();
enum Op { SYNCWARP, SHFL_IDX, SHFL_UP, SHFL_DOWN, SHFL_XOR, BALLOT, ANY, ALL, RADD, RMIN, RMAX };
void barrier(const char *f, int l);
int barrier_red(int p, int op, const char *f, int l);
uint64_t warp_op(Op op, unsigned mask, uint64_t v, int arg, int width, const char *f, int l);
void *shared_slot(const void *key, size_t n, size_t al, const char *name);
void *dyn_shared();
void async_copy(void *d, const void *s, size_t n, const char *f, int l);
void async_commit();
void async_wait(unsigned n);
[[gnu::format(printf, 1, 2)]] void fail(const char *fmt, ...);
void fence();
void launch(const void *fn, const char *name, dim3 g, dim3 b, size_t smem, cudaStream_t st,
            std::function<void()> body);

template <class... P, class... A>
void launch_t(void (*k)(P...), const char *name, dim3 g, dim3 b, size_t smem, cudaStream_t st,
              A &&...a) {
    static_assert(((std::is_trivially_copyable_v<P>)&&...),
                  "kernel parameters must be trivially copyable");
    std::tuple<P...> args(static_cast<P>(a)...); /* copied at launch time, like the real thing */
    launch((const void *)k, name, g, b, smem, st, [k, args] { std::apply(k, args); });
}
template <class T>
uint64_t enc(T v) {
    static_assert(sizeof(T) <= 8, "");
    uint64_t u = 0;
    memcpy(&u, &v, sizeof v);
    return u;
}
template <class T>
T dec(uint64_t u) {
    T v;
    memcpy(&v, &u, sizeof v);
    return v;
}
template <class T>
T shfl(Op o, unsigned m, T v, int a, int w, const char *f, int l) {
    return dec<T>(warp_op(o, m, enc(v), a, w, f, l));
}
struct W {
    int w;
    W(int x = 32) : w(x) {}
};
} // namespace cuemu
#define CUEMU_HERE __FILE__, __LINE__
#define L2L_KERNEL(...) __VA_ARGS__
#define L2L_LAUNCH(k, g, b, smem, st, ...)                                                         \
    cuemu::launch_t((k), #k, (g), (b), (smem), (st), __VA_ARGS__)
/* one slot per textual declaration per instantiation; T(&)[..] keeps array bounds visible to UBSan
 */
#define L2L_SHARED(T, name, dims)                                                                  \
    static const char cuemu_key_##name = 0;                                                        \
    using cuemu_type_##name = T dims;                                                              \
    cuemu_type_##name &name = *static_cast<cuemu_type_##name *>(cuemu::shared_slot(                \
        &cuemu_key_##name, sizeof(cuemu_type_##name), alignof(T) < 16 ? 16 : alignof(T), #name))
#define L2L_DYN_SHARED(T, name) T *name = static_cast<T *>(cuemu::dyn_shared())

#define __syncthreads() cuemu::barrier(CUEMU_HERE)
#define __syncthreads_count(p) cuemu::barrier_red(!!(p), 0, CUEMU_HERE)
#define __syncthreads_and(p) cuemu::barrier_red(!!(p), 1, CUEMU_HERE)
#define __syncthreads_or(p) cuemu::barrier_red(!!(p), 2, CUEMU_HERE)
#define CUEMU_1(a, ...) a
#define __syncwarp(...)                                                                            \
    ((void)cuemu::warp_op(cuemu::SYNCWARP, CUEMU_1(__VA_ARGS__ __VA_OPT__(, ) 0xffffffffu), 0, 0,  \
                          32, CUEMU_HERE))
#define __shfl_sync(m, v, a, ...)                                                                  \
    cuemu::shfl(cuemu::SHFL_IDX, m, v, a, cuemu::W{ __VA_ARGS__ }.w, CUEMU_HERE)
#define __shfl_up_sync(m, v, a, ...)                                                               \
    cuemu::shfl(cuemu::SHFL_UP, m, v, a, cuemu::W{ __VA_ARGS__ }.w, CUEMU_HERE)
#define __shfl_down_sync(m, v, a, ...)                                                             \
    cuemu::shfl(cuemu::SHFL_DOWN, m, v, a, cuemu::W{ __VA_ARGS__ }.w, CUEMU_HERE)
#define __shfl_xor_sync(m, v, a, ...)                                                              \
    cuemu::shfl(cuemu::SHFL_XOR, m, v, a, cuemu::W{ __VA_ARGS__ }.w, CUEMU_HERE)
#define __ballot_sync(m, p) ((unsigned)cuemu::warp_op(cuemu::BALLOT, m, !!(p), 0, 32, CUEMU_HERE))
#define __any_sync(m, p) ((int)cuemu::warp_op(cuemu::ANY, m, !!(p), 0, 32, CUEMU_HERE))
#define __all_sync(m, p) ((int)cuemu::warp_op(cuemu::ALL, m, !!(p), 0, 32, CUEMU_HERE))
#define __reduce_add_sync(m, v)                                                                    \
    ((decltype(v))cuemu::warp_op(cuemu::RADD, m, (uint32_t)(v), 0, 32, CUEMU_HERE))
#define __pipeline_memcpy_async(d, s, n) cuemu::async_copy(d, s, n, CUEMU_HERE)
#define __pipeline_commit() cuemu::async_commit()
#define __pipeline_wait_prior(n) cuemu::async_wait(n)
#define __threadfence()                                                                            \
    cuemu::fence() /* gcc: atomic_thread_fence is not supported with -fsanitize=thread; atomics    \
                      here are acq_rel instead */
#define __threadfence_block() cuemu::fence()

template <class T>
static inline T __ldg(const T *p) {
    return *p;
}
template <class T>
static inline T cuemu_rmw(T *p, T (*f)(T, T), T v) {
    T o, n;
    __atomic_load(p, &o, __ATOMIC_ACQUIRE);
    do n = f(o, v);
    while (!__atomic_compare_exchange(p, &o, &n, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return o;
}
template <class T>
static inline T atomicAdd(T *p, std::common_type_t<T> v) {
    return cuemu_rmw<T>(
        p, [](T a, T b) { return (T)(a + b); }, v);
}
template <class T>
static inline T atomicMax(T *p, std::common_type_t<T> v) {
    return cuemu_rmw<T>(
        p, [](T a, T b) { return a > b ? a : b; }, v);
}
template <class T>
static inline T atomicMin(T *p, std::common_type_t<T> v) {
    return cuemu_rmw<T>(
        p, [](T a, T b) { return a < b ? a : b; }, v);
}
template <class T>
static inline T atomicExch(T *p, std::common_type_t<T> v) {
    return cuemu_rmw<T>(
        p, [](T, T b) { return b; }, v);
}
template <class T>
static inline T atomicCAS(T *p, std::common_type_t<T> c, std::common_type_t<T> v) {
    T e = c;
    __atomic_compare_exchange(p, &e, &v, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    return e;
}

static inline float rsqrtf(float x) {
    return 1.0f / sqrtf(x);
}
static inline float cuemu_expf(float x) {
    return expf(x);
}
static inline float cuemu_exp10f(float x) {
    return powf(10.f, x);
}
static inline float cuemu_logf(float x) {
    return logf(x);
}
static inline float cuemu_log2f(float x) {
    return log2f(x);
}
static inline float cuemu_powf(float x, float y) {
    return exp2f(y * log2f(x));
} /* NaN for x<0, like the device one */
static inline float cuemu_sinf(float x) {
    return sinf(x);
}
static inline float cuemu_cosf(float x) {
    return cosf(x);
}
static inline float cuemu_fdividef(float a, float b) {
    return a / b;
}
static inline float cuemu_frcp_rn(float a) {
    return 1.0f / a;
}
static inline float cuemu_fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}
static inline float cuemu_fmul_rn(float a, float b) {
    volatile float r = a * b;
    return r;
}
static inline float cuemu_fadd_rn(float a, float b) {
    volatile float r = a + b;
    return r;
}
static inline float cuemu_saturatef(float x) {
    return x != x ? 0.f : x < 0.f ? 0.f : x > 1.f ? 1.f : x;
}
static inline int cuemu_float2int_rn(float x) {
    return (int)lrintf(x);
}
static inline int cuemu_float_as_int(float x) {
    return cuemu::dec<int>(cuemu::enc(x));
}
static inline float cuemu_int_as_float(int x) {
    return cuemu::dec<float>(cuemu::enc(x));
}
static inline int cuemu_popc(unsigned x) {
    return __builtin_popcount(x);
}
static inline int cuemu_ffs(int x) {
    return __builtin_ffs(x);
}
static inline int cuemu_clz(int x) {
    return x ? __builtin_clz(x) : 32;
}
/* glibc already declares __expf, __powf, ... : map by macro, after all includes */
#define __expf cuemu_expf
#define __exp10f cuemu_exp10f
#define __logf cuemu_logf
#define __log2f cuemu_log2f
#define __powf cuemu_powf
#define __sinf cuemu_sinf
#define __cosf cuemu_cosf
#define __fdividef cuemu_fdividef
#define __frcp_rn cuemu_frcp_rn
#define __fmaf_rn cuemu_fmaf_rn
#define __fmul_rn cuemu_fmul_rn
#define __fadd_rn cuemu_fadd_rn
#define __saturatef cuemu_saturatef
#define __float2int_rn cuemu_float2int_rn
#define __float_as_int cuemu_float_as_int
#define __int_as_float cuemu_int_as_float
#define __popc cuemu_popc
#define __ffs cuemu_ffs
#define __clz cuemu_clz
#define CUEMU_MM(T)                                                                                \
    static inline T min(T a, T b) {                                                                \
        return b < a ? b : a;                                                                      \
    }                                                                                              \
    static inline T max(T a, T b) {                                                                \
        return a < b ? b : a;                                                                      \
    }
CUEMU_MM(int)
CUEMU_MM(unsigned)
CUEMU_MM(long)
CUEMU_MM(unsigned long) CUEMU_MM(long long)
    CUEMU_MM(unsigned long long) static inline float min(float a, float b) {
    return fminf(a, b);
}
static inline float max(float a, float b) {
    return fmaxf(a, b);
}
#endif
