/* Runs samples.cu on several schedules, all of them or the one that is named. */
#include "kernel.h"

#include <vector>
#include <string>
extern "C" {
int l2l_cuda_blur5(const float *, float *, int, int, cudaStream_t);
int l2l_cuda_sum(const float *, float *, int, int, cudaStream_t);
int l2l_cuda_rowscan(const float *, float *, int, int, size_t, cudaStream_t);
int l2l_cuda_vec(const float *, float *, int, int, cudaStream_t);
int l2l_cuda_scale4(float *, float, cudaStream_t);
int l2l_cuda_hist(const unsigned char *, unsigned *, int, int, cudaStream_t);
}
#ifndef BUG
#define BUG 0
#endif

static int bad = 0;
struct Cfg {
    cuemu::Order o;
    unsigned seed;
    unsigned char fill;
    bool defer;
};
static const Cfg cfgs[] = { { cuemu::FORWARD, 1, 0xff, false },
                            { cuemu::REVERSE, 1, 0xff, true },
                            { cuemu::SHUFFLE, 1, 0x7f, false },
                            { cuemu::SHUFFLE, 2, 0x00, true } };
typedef std::vector<float> V;
template <class F>
static void check(const char *name, const V &ref, float tol, F f) {
    V first;
    const char *why = nullptr;
    int k = 0;
    for (const Cfg &c : cfgs) {
        cuemu::reset();
        cuemu::schedule(c.o, c.seed, c.fill, c.defer);
        V out(ref.size());
        int rc = f(out);
        if (rc) {
            why = "error code";
            break;
        }
        for (size_t i = 0; i < out.size(); i++)
            if (!(std::fabs(out[i] - ref[i]) <= tol)) {
                why = "wrong value";
                break;
            }
        if (why) break;
        if (first.empty())
            first = out;
        else if (memcmp(first.data(), out.data(), out.size() * 4)) {
            why = "schedules differ";
            break;
        }
        k++;
    }
    printf("%-10s %s", name, why ? "FAIL: " : "ok");
    if (why) printf("%s (schedule %d)", why, k), bad++;
    puts("");
}
#define CK(e)                                                                                      \
    do {                                                                                           \
        int r_ = (e);                                                                              \
        if (r_) return r_;                                                                         \
    } while (0)
int main(int argc, char **argv) {
    std::string only = argc > 1 ? argv[1] : "";
    auto want = [&](const char *n) { return only.empty() || only == n; };
    const int w = 75, h = 37, n = w * h;
    V in(n);
    for (int i = 0; i < n; i++) in[i] = (float)((i * 7919) % 1009) / 1009.f;
    cudaStream_t st = nullptr;
    auto dev = [&](const V &src, int m) {
        float *p;
        cudaMalloc(&p, (size_t)m * 4);
        cudaMemcpyAsync(p, src.data(), (size_t)m * 4, cudaMemcpyHostToDevice, st);
        return p;
    };
    auto finish = [&](V &out, float *o, float *i) {
        cudaMemcpyAsync(out.data(), o, out.size() * 4, cudaMemcpyDeviceToHost, st);
#if BUG != 16
        int e = cudaStreamSynchronize(st);
#else
        int e = 0;
        V early = out;
#endif
#if BUG == 14
        out[0] = o[0];
#endif
        cudaFreeAsync(o, st);
        cudaFreeAsync(i, st);
        cudaStreamSynchronize(st);
#if BUG == 16
        out = early;
#endif
        return e;
    };
    if (want("blur5")) {
        V ref(n);
        const float k[5] = { 1, 4, 6, 4, 1 };
        auto cl = [](int v, int m) { return v < 0 ? 0 : v >= m ? m - 1 : v; };
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                double s = 0;
                for (int j = -2; j <= 2; j++)
                    for (int i = -2; i <= 2; i++)
                        s += k[j + 2] * k[i + 2] / 256. * in[cl(y + j, h) * w + cl(x + i, w)];
                ref[y * w + x] = (float)s;
            }
        check("blur5", ref, 1e-5f, [&](V &o) {
            float *a = dev(in, n), *b;
            cudaMalloc(&b, n * 4);
            CK(l2l_cuda_blur5(a, b, w, h, st));
            return finish(o, b, a);
        });
    }
    if (want("sum")) {
        double s = 0;
        for (float v : in) s += v;
        V ref(1, (float)s);
        check("sum", ref, 1e-1f, [&](V &o) {
            float *a = dev(in, n), *b;
            int nb = BUG == 6 ? (n + 255) / 256 : 5;
            cudaMalloc(&b, nb * 4);
            cudaMemsetAsync(b, 0, nb * 4, st);
            CK(l2l_cuda_sum(a, b, nb, n, st));
            V p(nb);
            int e = finish(p, b, a);
            o[0] = 0;
            for (float v : p) o[0] += v;
            return e;
        });
    }
    if (want("rowscan")) {
        V ref(n);
        for (int y = 0; y < h; y++) {
            double s = 0;
            for (int x = 0; x < w; x++) ref[y * w + x] = (float)(s += in[y * w + x]);
        }
        /* use one row of n so that the tile is reused */
        double s = 0;
        for (int i = 0; i < n; i++) ref[i] = (float)(s += in[i]);
        check("rowscan", ref, 0.05f, [&](V &o) {
            float *a = dev(in, n), *b;
            cudaMalloc(&b, n * 4);
            CK(l2l_cuda_rowscan(a, b, n, 1,
                                BUG == 12   ? 0
                                : BUG == 15 ? 60000
                                : BUG == 17 ? 508
                                            : 512,
                                st));
            return finish(o, b, a);
        });
    }
    if (want("vec")) {
        V ref(128);
        for (int b = 0; b < 2; b++)
            for (int t = 0; t < 64; t++) {
                float s = 0;
                for (int c = 0; c < 4; c++) s += in[b * 256 + (63 - t) * 4 + c + (BUG == 7)];
                ref[b * 64 + t] = s;
            }
        check("vec", ref, 1e-5f, [&](V &o) {
            float *a = dev(in, 513), *b;
            cudaMalloc(&b, 128 * 4);
            CK(l2l_cuda_vec(a, b, 2, BUG == 7, st));
            return finish(o, b, a);
        });
    }
    if (want("scale4")) {
        V ref(64);
        for (int i = 0; i < 64; i++) ref[i] = 2 * in[i + (BUG == 18)];
        check("scale4", ref, 0, [&](V &o) {
            float *a = dev(in, 65), *z;
            cudaMalloc(&z, 4);
            CK(l2l_cuda_scale4(a + (BUG == 18), 2.f, st));
            V t(65);
            int e = finish(t, a, z);
            memcpy(o.data(), &t[BUG == 18], 256);
            return e;
        });
    }
    if (want("hist")) {
        V ref(256, 0.f);
        std::vector<unsigned char> b(n);
        for (int i = 0; i < n; i++) {
            b[i] = i * 31 % 251;
            ref[b[i]]++;
        }
        check("hist", ref, 0, [&](V &o) {
            unsigned char *d;
            unsigned *c;
            cudaMalloc(&d, n);
            cudaMalloc(&c, 1024);
            cudaMemcpyAsync(d, b.data(), n, cudaMemcpyHostToDevice, st);
            cudaMemsetAsync(c, 0, 1024, st);
            CK(l2l_cuda_hist(d, c, 3, n, st));
            std::vector<unsigned> u(256);
            cudaMemcpyAsync(u.data(), c, 1024, cudaMemcpyDeviceToHost, st);
            int e = cudaStreamSynchronize(st);
            for (int i = 0; i < 256; i++) o[i] = u[i];
            cudaFree(d);
            cudaFree(c);
            return e;
        });
    }
    printf("%d failed\n", bad);
    return bad != 0;
}
