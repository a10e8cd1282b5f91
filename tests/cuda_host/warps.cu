/* Shuffles, votes and the last block of a grid: expected values on every schedule. */
#include "kernel.h"
__global__ void warp_t(int *o) {
    int l = threadIdx.x & 31, t = threadIdx.x;
    int a = __shfl_down_sync(0xffffffffu, l, 3, 8); // segmented
    int b = __shfl_xor_sync(0xffffffffu, l * 10, 5);
    int c = __shfl_sync(0xffffffffu, l, 7, 16);
    int d = __shfl_up_sync(0xffffffffu, l, 1);
    unsigned e = __ballot_sync(0xffffffffu, l % 3 == 0);
    int f = 0;
    if (l < 8) {
        f = l;
        for (int k = 4; k; k >>= 1) f += __shfl_xor_sync(0xffu, f, k);
    } // divergent, partial mask
    else if (l < 24) {
        f = l;
        for (int k = 8; k; k >>= 1) f += __shfl_sync(0x00ffff00u, f, 8 + ((l - 8) ^ k));
    }
    __syncwarp();
    int g = __syncthreads_count(t % 5 == 0),
        h = __any_sync(0xffffffffu, l == 4) + 2 * __all_sync(0xffffffffu, l < 31);
    double dd = __shfl_sync(0xffffffffu, (double)l * .5, 9);
    int *p = o + (blockIdx.x * blockDim.x + t) * 10;
    p[0] = a;
    p[1] = b;
    p[2] = c;
    p[3] = d;
    p[4] = (int)e;
    p[5] = f;
    p[6] = g;
    p[7] = h;
    p[8] = (int)(dd * 2);
    p[9] = min(t, 3) + (int)__saturatef(2.f);
}
extern "C" int run_warp(int *o, int nb, int nt) {
    L2L_LAUNCH(warp_t, nb, nt, 0, 0, o);
    return (int)cudaGetLastError();
}
__global__ void last_block(unsigned *cnt, const float *in, float *part,
                           float *out) { // threadfence reduction
    L2L_SHARED(int, last, [1]);
    if (threadIdx.x == 0) {
        part[blockIdx.x] = in[blockIdx.x];
        __threadfence();
        last[0] = atomicAdd(cnt, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (last[0] && threadIdx.x == 0) {
        float s = 0;
        for (unsigned i = 0; i < gridDim.x; i++) s += part[i];
        out[0] = s;
    }
}
extern "C" int run_last(unsigned *c, const float *in, float *p, float *o, int nb) {
    L2L_LAUNCH(last_block, nb, 64, 0, 0, c, in, p, o);
    return (int)cudaGetLastError();
}
#ifndef __CUDACC__
#include <vector>
int main() {
    int bad = 0;
    for (int ord = 0; ord < 3; ord++)
        for (int nt : { 32, 96, 1024 }) {
            cuemu::reset();
            cuemu::schedule((cuemu::Order)ord, 7, 0xff, false);
            int *d;
            cudaMalloc(&d, (size_t)3 * nt * 40);
            std::vector<int> o(3 * nt * 10);
            if (run_warp(d, 3, nt)) bad++;
            cudaMemcpyAsync(o.data(), d, o.size() * 4, cudaMemcpyDeviceToHost, 0);
            cudaFree(d);
            for (int t = 0; t < 3 * nt; t++) {
                int l = t % 32, tt = t % nt, *p = &o[t * 10];
                unsigned e = 0;
                for (int i = 0; i < 32; i += 3) e |= 1u << i;
                int exp[10] = { l % 8 + 3 < 8 ? l + 3 : l,
                                (l ^ 5) * 10,
                                (l & 16) + 7,
                                l ? l - 1 : 0,
                                (int)e,
                                p[5],
                                (nt + 4) / 5,
                                1,
                                9,
                                (tt < 3 ? tt : 3) + 1 };
                if (l < 8) exp[5] = 28;
                if (l >= 8 && l < 24) exp[5] = 248;
                if (l >= 24) exp[5] = 0;
                for (int k = 0; k < 10; k++)
                    if (p[k] != exp[k]) {
                        if (bad++ < 5)
                            printf("ord %d nt %d t %d k %d: %d != %d\n", ord, nt, t, k, p[k],
                                   exp[k]);
                    }
            }
            unsigned *c;
            float *in, *pt, *out, r = 0;
            cudaMalloc(&c, 4);
            cudaMalloc(&in, 80);
            cudaMalloc(&pt, 80);
            cudaMalloc(&out, 4);
            cudaMemsetAsync(c, 0, 4, 0);
            std::vector<float> h(20, 1.5f);
            cudaMemcpyAsync(in, h.data(), 80, cudaMemcpyHostToDevice, 0);
            if (run_last(c, in, pt, out, 20)) bad++;
            cudaMemcpyAsync(&r, out, 4, cudaMemcpyDeviceToHost, 0);
            if (r != 30.f) {
                printf("last %g\n", r);
                bad++;
            }
            cudaFree(c);
            cudaFree(in);
            cudaFree(pt);
            cudaFree(out);
        }
    printf("self: %d bad\n", bad);
    return bad != 0;
}
#endif
