/* Small kernels that use each device of the emulator; BUG injects one of 18 errors. */
#include "kernel.h"
#ifndef BUG
#define BUG 0
#endif
#define TX 32
#define TY 8
#define R 2
struct Img {
    const float *p;
    int w, h, stride;
};
__constant__ float k5[5] = { 1.f / 16, 4.f / 16, 6.f / 16, 4.f / 16, 1.f / 16 };

template <int RAD>
__global__ void __launch_bounds__(TX *TY) blur(Img in, float *__restrict__ out, int ostride) {
    L2L_SHARED(float, tile, [TY + 2 * RAD][TX + 2 * RAD]);
    const int x0 = blockIdx.x * TX - RAD, y0 = blockIdx.y * TY - RAD;
    const int tid = threadIdx.y * TX + threadIdx.x;
#if BUG == 4
    if ((int)(blockIdx.y * TY + threadIdx.y) >= in.h) return;
#endif
    for (int i = tid; i < (TY + 2 * RAD) * (TX + 2 * RAD); i += TX * TY) {
        int ty = i / (TX + 2 * RAD), tx = i % (TX + 2 * RAD);
        int y = min(max(y0 + ty, 0), in.h - 1), x = min(max(x0 + tx, 0), in.w - 1);
#if BUG == 2
        y = max(y0 + ty, 0);
        x = max(x0 + tx, 0);
#endif
#if BUG == 3
        tile[0][i + 1] = in.p[y * in.stride + x];
#elif BUG == 8
        tile[ty][tx + (tx == TX + 2 * RAD - 1)] = in.p[y * in.stride + x];
#else
        tile[ty][tx] = in.p[y * in.stride + x];
#endif
    }
#if BUG == 9
    if (threadIdx.x < 16)
        __syncthreads();
    else
        __syncthreads();
#elif BUG != 1
    __syncthreads();
#endif
    const int x = blockIdx.x * TX + threadIdx.x, y = blockIdx.y * TY + threadIdx.y;
    if (x >= in.w || y >= in.h) return;
    float s = 0.f;
#pragma unroll
    for (int j = -RAD; j <= RAD; j++)
#pragma unroll
        for (int i = -RAD; i <= RAD; i++)
            s = fmaf(k5[j + 2] * k5[i + 2], tile[threadIdx.y + RAD + j][threadIdx.x + RAD + i], s);
    out[y * ostride + x] = s;
}
extern "C" int l2l_cuda_blur5(const float *in, float *out, int w, int h, cudaStream_t st) {
    dim3 g((w + TX - 1) / TX, (h + TY - 1) / TY), b(TX, TY);
    Img im = { in, w, h, w };
    L2L_LAUNCH(blur<2>, g, b, 0, st, im, out, w);
    return (int)cudaGetLastError();
}

__device__ __forceinline__ float warp_sum(float v) {
#pragma unroll
    for (int o = 16; o; o >>= 1) v += __shfl_down_sync(0xffffffffu, v, o);
    return v;
}
__global__ void __launch_bounds__(256)
    block_sum(const float *__restrict__ in, float *__restrict__ part, int n) {
    L2L_SHARED(float, ws, [8]);
    float s = 0.f;
#if BUG == 6
    int i0 = blockIdx.x * 256 + threadIdx.x;
    if (i0 >= n) return;
    s = in[i0];
#else
    for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += 256 * gridDim.x) s += in[i];
#endif
    s = warp_sum(s);
    if ((threadIdx.x & 31) == 0) ws[threadIdx.x >> 5] = s;
    __syncthreads();
    if (threadIdx.x < 32) {
        s = threadIdx.x < 8 ? ws[threadIdx.x] : 0.f;
        s = warp_sum(s);
#if BUG == 10
        if (threadIdx.x == 0) part[0] += s;
#else
        if (threadIdx.x == 0) part[blockIdx.x] = s;
#endif
    }
}
extern "C" int l2l_cuda_sum(const float *in, float *part, int nblk, int n, cudaStream_t st) {
    L2L_LAUNCH(block_sum, nblk, 256, 0, st, in, part, n);
    return (int)cudaGetLastError();
}

// dynamic shared, a tile reused in a loop, vector loads, warp-level exchange, cp.async
__global__ void rowscan(const float *__restrict__ in, float *__restrict__ out, int w) {
    L2L_DYN_SHARED(float, buf); // blockDim.x floats, 128 threads
    const float *row = in + blockIdx.x * w;
    float carry = 0.f;
    for (int c = 0; c < w; c += blockDim.x) {
        int x = c + threadIdx.x;
#if BUG == 13
        buf[threadIdx.x] = x < w ? row[x] : 0.f;
        if (threadIdx.x & 1)
            buf[threadIdx.x] += buf[threadIdx.x - 1]; // warp-synchronous assumption
#else
        buf[threadIdx.x] = x < w ? row[x] : 0.f;
#endif
        __syncthreads();
        for (int o = 1; o < (int)blockDim.x; o <<= 1) {
            float v = threadIdx.x >= (unsigned)o ? buf[threadIdx.x - o] : 0.f;
            __syncthreads();
            buf[threadIdx.x] += v;
            __syncthreads();
        }
        if (x < w) out[blockIdx.x * w + x] = carry + buf[threadIdx.x];
        carry += buf[blockDim.x - 1];
#if BUG != 5
        __syncthreads();
#endif
    }
}
extern "C" int l2l_cuda_rowscan(const float *in, float *out, int w, int h, size_t smem,
                                cudaStream_t st) {
    L2L_LAUNCH(rowscan, h, 128, smem, st, in, out, w);
    return (int)cudaGetLastError();
}
__global__ void __launch_bounds__(64)
    vec_async(const float4 *__restrict__ in, float *__restrict__ out, int off) {
    L2L_SHARED(float4, st, [64]);
    const float4 *src = (const float4 *)((const float *)in + off) + blockIdx.x * 64;
    __pipeline_memcpy_async(&st[threadIdx.x], src + threadIdx.x, 16);
    __pipeline_commit();
#if BUG != 11
    __pipeline_wait_prior(0);
#endif
    __syncthreads();
    float4 v = st[63 - threadIdx.x];
    out[blockIdx.x * 64 + threadIdx.x] = v.x + v.y + v.z + v.w;
#if BUG == 11
    __pipeline_wait_prior(0);
#endif
}
__global__ void scale4(float4 *p, float s) {
    float4 v = p[threadIdx.x];
    v.x *= s;
    v.y *= s;
    v.z *= s;
    v.w *= s;
    p[threadIdx.x] = v;
}
extern "C" int l2l_cuda_vec(const float *in, float *out, int nblk, int off, cudaStream_t st) {
    L2L_LAUNCH(vec_async, nblk, 64, 0, st, (const float4 *)in, out, off);
    return (int)cudaGetLastError();
}
extern "C" int l2l_cuda_scale4(float *p, float s, cudaStream_t st) {
    L2L_LAUNCH(scale4, 1, 16, 0, st, (float4 *)p, s);
    return (int)cudaGetLastError();
}
__global__ void hist(const unsigned char *__restrict__ in, unsigned *__restrict__ bins, int n) {
    L2L_SHARED(unsigned, h, [256]);
    h[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256)
        atomicAdd(&h[in[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], h[threadIdx.x]);
}
extern "C" int l2l_cuda_hist(const unsigned char *in, unsigned *bins, int nblk, int n,
                             cudaStream_t st) {
    L2L_LAUNCH(hist, nblk, 256, 0, st, in, bins, n);
    return (int)cudaGetLastError();
}
