/* Runs stages.cu in the emulator, on several schedules, and asks for the same bits as the library
   gives on every instruction set with fused multiply-add. */
#include "kernel.h"

#include <cstring>
#include <vector>

#include "reference.h"

namespace {

int checks = 0, failures = 0;

/* Equal bits; NaN equals NaN. */
template <class T>
void compare(const char *name, const char *what, const char *isa, const std::vector<T> &a,
             const T *b) {
    checks++;
    for (size_t i = 0; i < a.size(); i++) {
        if (!memcmp(&a[i], &b[i], sizeof(T)) || (a[i] != a[i] && b[i] != b[i])) continue;
        printf("FAILED: %s, %s: [%zu] is %.17g, and with %s %.17g\n", name, what, i, (double)a[i],
               isa, (double)b[i]);
        failures++;
        return;
    }
}

/* Device memory of the emulator. */
template <class T>
struct Device {
    T *data = nullptr;
    size_t count;
    explicit Device(size_t n) : count(n) {
        cudaMalloc(&data, n * sizeof(T));
        cudaMemsetAsync(data, 0, n * sizeof(T), nullptr);
    }
    Device(const T *from, size_t n) : Device(n) {
        cudaMemcpyAsync(data, from, n * sizeof(T), cudaMemcpyHostToDevice, nullptr);
    }
    Device(const Device &) = delete;
    ~Device() { cudaFree(data); }
    void read(std::vector<T> &to) const {
        to.resize(count);
        cudaMemcpyAsync(to.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost, nullptr);
    }
};

struct Result {
    std::vector<float> dst, grad_src;
    std::vector<double> grad_params;
};

/* Waits for the kernels, and takes everything home. */
int finish(const l2l_reference &r, int error, const Device<float> &dst,
           const Device<float> &grad_src, const Device<double> *sums, Result &result) {
    std::vector<double> totals;
    dst.read(result.dst);
    grad_src.read(result.grad_src);
    if (sums) sums->read(totals);
    const int late = (int)cudaStreamSynchronize(nullptr);
    if (sums) {
        totals.resize((size_t)r.node.sum_count + totals.size());
        result.grad_params.resize((size_t)r.node.param_count);
        l2l_reference_unfold(&r, totals.data(), result.grad_params.data());
    }
    return error ? error : late;
}

int run_gamma(const l2l_reference &r, Result &result) {
    const size_t samples = (size_t)(r.channels * r.height * r.width);
    const int per_channel = r.node.attributes.gamma.per_channel;
    Device<float> coefs(r.coefs, (size_t)r.node.coef_count), src(r.src, samples),
        grad_dst(r.grad_dst, samples), dst(samples), grad_src(samples);
    Device<double> rows((size_t)(r.tiles.across * r.height * r.channels)),
        sums((size_t)(r.tiles.across * r.tiles.down * r.node.sum_count));
    const l2l_gamma_job job = { coefs.data, per_channel, r.channels,  r.height,
                                r.width,    r.clipped,   (float)r.lo, (float)r.hi };
    int error = l2l_cuda_gamma_forward(job, src.data, dst.data, nullptr);
    if (!error)
        error = l2l_cuda_gamma_backward(job, r.tiles, src.data, grad_dst.data, grad_src.data,
                                        rows.data, sums.data, nullptr);
    return finish(r, error, dst, grad_src, &sums, result);
}

int run_demosaic(const l2l_reference &r, Result &result) {
    const size_t samples = (size_t)(r.height * r.width);
    const l2l_sites sites = l2l_sites_of(&r.node, r.height, r.width);
    const size_t width = (size_t)(sites.rows * sites.columns * 3 * sites.taps);
    const size_t tiles = (size_t)(r.tiles.across * r.tiles.down),
                 bands = (size_t)r.tiles.height / 32 + 1;
    Device<float> coefs(r.coefs, (size_t)r.node.coef_count), src(r.src, samples),
        grad_dst(r.grad_dst, 3 * samples), dst(3 * samples), grad_src(samples);
    Device<double> band_sums(tiles * bands * width), sums(tiles * width);
    const l2l_demosaic_job job = { coefs.data, sites, r.node.border };
    int error = l2l_cuda_demosaic_forward(job, src.data, dst.data, nullptr);
    if (!error) error = l2l_cuda_demosaic_backward(job, grad_dst.data, grad_src.data, nullptr);
    if (!error && sites.uniform)
        error = l2l_cuda_demosaic_sums(job, r.tiles, src.data, grad_dst.data, band_sums.data,
                                       sums.data, nullptr);
    return finish(r, error, dst, grad_src, sites.uniform ? &sums : nullptr, result);
}

/* The instruction sets that the library's bits are the same on. */
const l2l_isa fused[] = { L2L_ISA_AVX2, L2L_ISA_AVX512, L2L_ISA_NEON };

struct Schedule {
    cuemu::Order order;
    unsigned seed;
    unsigned char poison;
    bool deferred;
};

const Schedule schedules[] = { { cuemu::FORWARD, 1, 0xff, false },
                               { cuemu::REVERSE, 1, 0x7f, true },
                               { cuemu::SHUFFLE, 1, 0x00, false },
                               { cuemu::SHUFFLE, 2, 0xff, true } };

uint32_t random_state = 1;

float uniform() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (float)(random_state >> 8) / 16777216.0f;
}

void check(const char *name, l2l_reference &r) {
    const size_t pixels = (size_t)(r.height * r.width);
    const size_t ins = pixels * (size_t)r.channels, outs = r.kind == L2L_GAMMA ? ins : 3 * pixels;
    std::vector<float> src(ins), grad_dst(outs), dst(outs), grad_src(ins);
    for (float &x : src) x = 1.2f * uniform() - 0.1f;
    for (float &g : grad_dst) g = 2.0f * uniform() - 1.0f;
    if (r.kind == L2L_GAMMA && ins > 64) { /* beside what pictures have */
        const float odd[] = { 0.0f,   -0.0f,  1.0f,  1e-5f,  2.0f,     1.9999999f, 4.6566129e-10f,
                              1e-12f, 1e-40f, 3e38f, 100.0f, INFINITY, -INFINITY };
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) src[3 * i + 5] = odd[i];
        grad_dst[3 * 11 + 5] = 0.0f; /* infinity times a slope of 0 */
    }
    r.src = src.data(), r.grad_dst = grad_dst.data();
    r.dst = dst.data(), r.grad_src = grad_src.data();
    const char *error = l2l_reference_prepare(&r);
    for (const Schedule &s : schedules) {
        if (error) break;
        cuemu::reset();
        cuemu::schedule(s.order, s.seed, s.poison, s.deferred);
        Result result;
        const int rc = r.kind == L2L_GAMMA ? run_gamma(r, result) : run_demosaic(r, result);
        if (rc) error = cuemu::last_report();
        for (l2l_isa isa : fused) {
            if (error || !l2l_isa_available(isa)) continue;
            error = l2l_reference_run(&r, isa);
            if (error) break;
            compare(name, "forward", l2l_isa_name(isa), result.dst, r.dst);
            compare(name, "backward", l2l_isa_name(isa), result.grad_src, r.grad_src);
            compare(name, "parameters", l2l_isa_name(isa), result.grad_params, r.grad_params);
        }
    }
    if (error) printf("FAILED: %s: %s\n", name, error), failures++;
    free(r.coefs);
    r.coefs = nullptr;
}

struct Size {
    int64_t height, width;
    int tile_width, tile_height;
};

const Size sizes[] = { { 1, 1, 0, 0 }, { 1, 7, 0, 0 },   { 5, 1, 0, 0 },     { 2, 2, 0, 0 },
                       { 3, 5, 0, 0 }, { 17, 33, 0, 0 }, { 70, 83, 32, 48 }, { 40, 64, 16, 8 } };

void gamma_cases(double gamma, bool per_channel, bool clipped) {
    for (const Size &size : sizes) {
        char name[128];
        l2l_gamma attributes = L2L_GAMMA_INIT;
        l2l_reference r = {};
        attributes.per_channel = per_channel;
        r.kind = L2L_GAMMA, r.attributes = &attributes, r.channels = 3;
        r.clipped = clipped, r.lo = 1e-5, r.hi = 1.0;
        r.height = size.height, r.width = size.width;
        r.tile_width = size.tile_width, r.tile_height = size.tile_height;
        for (int c = 0; c < 3; c++) r.params[c] = gamma + 0.3 * c;
        snprintf(name, sizeof name, "gamma %g%s%s %lldx%lld", gamma,
                 per_channel ? " per channel" : "", clipped ? " clipped" : "",
                 (long long)size.height, (long long)size.width);
        check(name, r);
    }
}

void demosaic_cases(const char *order, l2l_border border, int radius) {
    for (const Size &size : sizes) {
        char name[128];
        l2l_demosaic attributes = L2L_DEMOSAIC_INIT;
        l2l_reference r = {};
        attributes.method = L2L_DEMOSAIC_LINEAR;
        attributes.border = border, attributes.radius = radius;
        attributes.cfa.height = attributes.cfa.width = 2;
        for (int i = 0; i < 4; i++)
            attributes.cfa.color[i] = order[i] == 'R' ? 0 : order[i] == 'G' ? 1 : 2;
        r.kind = L2L_DEMOSAIC, r.attributes = &attributes, r.channels = 1;
        r.height = size.height, r.width = size.width;
        r.tile_width = size.tile_width, r.tile_height = size.tile_height;
        for (double &weight : r.params) weight = (double)uniform() - 0.4;
        snprintf(name, sizeof name, "demosaic %s, border %d, radius %d, %lldx%lld", order,
                 (int)border, radius, (long long)size.height, (long long)size.width);
        check(name, r);
    }
}

} // namespace

int main() {
    if (!l2l_isa_available(L2L_ISA_AVX2) && !l2l_isa_available(L2L_ISA_NEON)) {
        puts("skipped: this processor has no fused multiply-add to compare with");
        return 77;
    }
    for (double gamma : { 2.2, 1.0, 0.45, 7.0 })
        for (int variant = 0; variant < 4; variant++)
            gamma_cases(gamma, variant & 1, (variant & 2) != 0);
    for (const char *order : { "RGGB", "BGGR", "GRBG", "GBRG" })
        for (l2l_border border : { L2L_BORDER_MIRROR, L2L_BORDER_ZERO })
            for (int radius = 1; radius <= 2; radius++) demosaic_cases(order, border, radius);
    printf("%d comparisons, %d failed\n", checks, failures);
    return failures != 0 || checks == 0;
}
