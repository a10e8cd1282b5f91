/* Launches and the part of the CUDA runtime that tests use. */
#include "emulator.h"

namespace cuemu {

void dev_access(bool on) {
#if defined(CUEMU_ASAN)
    for (auto &d : state.dev) {
        if (on)
            __asan_unpoison_memory_region(d.first, d.second);
        else
            __asan_poison_memory_region(d.first, d.second);
    }
#endif
    (void)on;
}

void enqueue(cudaStream_t st, std::function<void()> f) {
    if (state.defer)
        state.pend[st].push_back(std::move(f));
    else
        f();
}
void launch(const void *fn, const char *name, dim3 gd, dim3 bd, size_t smem, cudaStream_t st,
            std::function<void()> body) {
    auto it = state.max_dyn.find(fn);
    size_t lim = it == state.max_dyn.end() ? 48 * 1024 : it->second;
    if (!gd.x || !gd.y || !gd.z || gd.x > 0x7fffffffu || gd.y > 65535 || gd.z > 65535 || !bd.x ||
        !bd.y || !bd.z || bd.z > 64 || (unsigned long)bd.x * bd.y * bd.z > 1024 || smem > lim) {
        state.err = smem > lim ? cudaErrorInvalidValue : cudaErrorInvalidConfiguration;
        state.report = std::string("[cuemu] bad launch configuration of ") + name;
        fprintf(stderr, "%s\n", state.report.c_str());
        return;
    }
    enqueue(st, [=] { run_kernel(name, gd, bd, smem, body); });
}
void fence() {}
void schedule(Order o, unsigned s, unsigned char f, bool d) {
    state.order = o;
    state.seed = s ? s : 1;
    state.fill = f;
    state.defer = d;
}
const char *last_report() {
    return state.report.c_str();
}
void reset() {
    state.err = cudaSuccess;
    state.failed = false;
    state.report.clear();
}
} // namespace cuemu

using namespace cuemu;

cudaError_t cudaMalloc_(void **p, size_t n) {
    char *q = (char *)aligned_alloc(256, (n + 255) / 256 * 256);
    if (!q) return cudaErrorMemoryAllocation;
    memset(q, state.fill, n);
    size_t r = (n + 255) / 256 * 256;
#if defined(CUEMU_ASAN)
    if (r > n) __asan_poison_memory_region(q + (n + 7) / 8 * 8, r - (n + 7) / 8 * 8);
#endif
    (void)r;
    state.dev[q] = n;
    dev_access(false);
    *p = q;
    return cudaSuccess;
}
cudaError_t cudaFree(void *p) {
    if (!p) return cudaSuccess;
    auto it = state.dev.find((char *)p);
    if (it == state.dev.end()) return cudaErrorInvalidValue;
#if defined(CUEMU_ASAN)
    __asan_unpoison_memory_region(p, (it->second + 255) / 256 * 256);
#endif
    state.dev.erase(it);
    free(p);
    return cudaSuccess;
}
cudaError_t cudaFreeAsync(void *p, cudaStream_t st) {
    enqueue(st, [=] { cudaFree(p); });
    return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void *d, const void *s, size_t n, cudaMemcpyKind, cudaStream_t st) {
    enqueue(st, [=] {
        dev_access(true);
        memcpy(d, s, n);
        dev_access(false);
    });
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void *d, int v, size_t n, cudaStream_t st) {
    enqueue(st, [=] {
        dev_access(true);
        memset(d, v, n);
        dev_access(false);
    });
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t st) {
    auto q = std::move(state.pend[st]);
    state.pend[st].clear();
    for (auto &f : q) f();
    return state.err;
}
cudaError_t cudaGetLastError() {
    cudaError_t e = state.err;
    if (!state.failed) state.err = cudaSuccess;
    return e;
}
cudaError_t cudaPeekAtLastError() {
    return state.err;
}
cudaError_t cudaFuncSetAttribute_(const void *f, int, int v) {
    if (v > 227 * 1024) return cudaErrorInvalidValue;
    state.max_dyn[f] = v;
    return cudaSuccess;
}
