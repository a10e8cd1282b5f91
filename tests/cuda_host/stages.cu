/* Gamma and the linear demosaic, forward and backward, out of the pixel math of lib/stages. */
#include "kernel.h"

#include "stages.h"
#include "stages/demosaic/demosaic.math.h"
#include "stages/gamma/gamma.math.h"
#include "stages/lanes.h"

enum { BAND = 32 }; /* rows that are summed in single precision: FLUSH_ROWS of lib/plan/tile.h */

/* ---- sums over tiles: job.c's fixed tree ---- */

__global__ void __launch_bounds__(64) reduce_tiles(double *sums, int64_t tiles, int width) {
    const int k = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (k >= width) return;
    for (int64_t step = 1; step < tiles; step *= 2)
        for (int64_t i = 0; i + step < tiles; i += 2 * step)
            sums[i * width + k] += sums[(i + step) * width + k];
}

/* ---- gamma ---- */

__device__ l2l_gamma_channel gamma_channel(const l2l_gamma_job &job, int c) {
    const float *coefs = job.coefs + (job.per_channel ? c * L2L_GAMMA_COEFS : 0);
    return l2l_gamma_channel_of(coefs, job.clipped != 0, job.lo, job.hi);
}

__global__ void __launch_bounds__(128)
    gamma_forward(l2l_gamma_job job, const float *__restrict__ src, float *__restrict__ dst) {
    const int64_t plane = job.height * job.width;
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    const int c = (int)blockIdx.y;
    if (i >= plane) return;
    const l2l_gamma_channel channel = gamma_channel(job, c);
    dst[c * plane + i] = l2l_gamma_forward_at(&channel, src[c * plane + i]);
}

/* A row of a tile in the channels that share a γ is one block's, a lane of its sum one thread's: first
   the whole groups of lanes of all channels, then what is left of each. */
__global__ void __launch_bounds__(L2L_LANES)
    gamma_backward(l2l_gamma_job job, l2l_tiles tiles, const float *__restrict__ src,
                   const float *__restrict__ grad_dst, float *__restrict__ grad_src,
                   double *__restrict__ row_sums) {
    L2L_SHARED(float, lanes, [L2L_LANES]);
    const int64_t y = blockIdx.x;
    const int count = job.per_channel ? job.channels : 1, k = (int)blockIdx.y;
    const int lane = (int)threadIdx.x, channels = job.per_channel ? 1 : job.channels;
    const int64_t first = blockIdx.z * tiles.width;
    const int64_t end = min(first + tiles.width, job.width);
    const int64_t whole = first + (end - first) / L2L_LANES * L2L_LANES;
    const l2l_gamma_channel channel = gamma_channel(job, k);
    float sum = 0.0f, term;
    for (int rest = 0; rest < 2; rest++)
        for (int c = k; c < k + channels; c++) {
            const int64_t row = (c * job.height + y) * job.width;
            const int64_t from = rest ? whole : first, to = rest ? end : whole;
            for (int64_t x = from + lane; x < to; x += L2L_LANES) {
                const float grad = grad_dst[row + x];
                grad_src[row + x] = l2l_gamma_backward_at(&channel, src[row + x], grad, &term);
                sum = L2L_FMA(grad, term, sum);
            }
        }
    lanes[lane] = sum;
    __syncthreads();
    if (lane == 0) row_sums[(blockIdx.z * job.height + y) * count + k] = l2l_lanes_total(lanes);
}

/* The sum over a tile, row after row. */
__global__ void gamma_tile_sums(l2l_gamma_job job, l2l_tiles tiles,
                                const double *__restrict__ row_sums, double *__restrict__ sums) {
    const int count = job.per_channel ? job.channels : 1, k = (int)threadIdx.x;
    const int64_t top = blockIdx.y * tiles.height;
    const int64_t bottom = min(top + tiles.height, job.height);
    double sum = 0.0;
    for (int64_t y = top; y < bottom; y++)
        sum += row_sums[(blockIdx.x * job.height + y) * count + k];
    sums[(blockIdx.y * tiles.across + blockIdx.x) * count + k] = sum;
}

extern "C" int l2l_cuda_gamma_forward(l2l_gamma_job job, const float *src, float *dst,
                                      void *stream) {
    const dim3 grid((unsigned)((job.height * job.width + 127) / 128), (unsigned)job.channels);
    L2L_LAUNCH(gamma_forward, grid, 128, 0, (cudaStream_t)stream, job, src, dst);
    return (int)cudaPeekAtLastError();
}

extern "C" int l2l_cuda_gamma_backward(l2l_gamma_job job, l2l_tiles tiles, const float *src,
                                       const float *grad_dst, float *grad_src, double *row_sums,
                                       double *sums, void *stream) {
    const int count = job.per_channel ? job.channels : 1;
    const dim3 rows((unsigned)job.height, (unsigned)count, (unsigned)tiles.across);
    const dim3 grid((unsigned)tiles.across, (unsigned)tiles.down);
    cudaStream_t queue = (cudaStream_t)stream;
    L2L_LAUNCH(gamma_backward, rows, L2L_LANES, 0, queue, job, tiles, src, grad_dst, grad_src,
               row_sums);
    L2L_LAUNCH(gamma_tile_sums, grid, count, 0, queue, job, tiles, row_sums, sums);
    L2L_LAUNCH(reduce_tiles, 1, 64, 0, queue, sums, tiles.across * tiles.down, count);
    return (int)cudaPeekAtLastError();
}

/* ---- demosaic ---- */

enum { TILE_X = 32, TILE_Y = 8, REACH = 2, SIDE = 2 * REACH + 1 }; /* of a block; largest radius */

/* The sample at (y, x), which may lie beyond the border. */
__device__ float extended(const l2l_demosaic_job &job, const float *src, int64_t y, int64_t x) {
    const int64_t row = l2l_extend(job.border, y, job.sites.height);
    const int64_t column = l2l_extend(job.border, x, job.sites.width);
    return row < 0 || column < 0 ? 0.0f : src[row * job.sites.width + column];
}

__global__ void __launch_bounds__(TILE_X *TILE_Y)
    demosaic_forward(l2l_demosaic_job job, const float *__restrict__ src, float *__restrict__ dst) {
    enum { ROWS = TILE_Y + 2 * REACH, COLUMNS = TILE_X + 2 * REACH };
    L2L_SHARED(float, tile, [ROWS][COLUMNS]);
    const l2l_sites &s = job.sites;
    const int64_t y0 = (int64_t)blockIdx.y * TILE_Y, x0 = (int64_t)blockIdx.x * TILE_X;
    const int thread = (int)(threadIdx.y * TILE_X + threadIdx.x), r = s.radius;
    for (int i = thread; i < ROWS * COLUMNS; i += TILE_X * TILE_Y) {
        const int ty = i / COLUMNS, tx = i % COLUMNS;
        tile[ty][tx] = extended(job, src, y0 + ty - REACH, x0 + tx - REACH);
    }
    __syncthreads();
    const int64_t y = y0 + threadIdx.y, x = x0 + threadIdx.x;
    if (y >= s.height || x >= s.width) return;
    const void *rows[SIDE];
    for (int k = 0; k < 2 * r + 1; k++) rows[k] = tile[(int)threadIdx.y + REACH - r + k];
    const float *tap = job.coefs + l2l_site_offset(&s, l2l_site_row(&s, y), l2l_site_column(&s, x));
    for (int o = 0; o < 3; o++)
        dst[(o * s.height + y) * s.width + x] =
            l2l_demosaic_value(&s, tap + o * s.taps, rows, (int)threadIdx.x + REACH);
}

/* The k-th index that the border rule may map to q: q itself, then those beyond both ends. Returns
   whether it does. */
__device__ bool image_of(l2l_border border, int64_t q, int64_t extent, int radius, int k,
                         int64_t *image) {
    *image = k == 0 ? q : k <= radius ? -k : extent - 1 + (k - radius);
    return k == 0 || l2l_extend(border, *image, extent) == q;
}

/* What the images of a sample gather lies up to this far from it. */
enum {
    GRAD_REACH = 3 * REACH,
    GRAD_ROWS = TILE_Y + 2 * GRAD_REACH,
    GRAD_COLUMNS = TILE_X + 2 * GRAD_REACH
};

__global__ void __launch_bounds__(TILE_X *TILE_Y)
    demosaic_backward(l2l_demosaic_job job, const float *__restrict__ grad_dst,
                      float *__restrict__ grad_src) {
    L2L_SHARED(float, tile, [3][GRAD_ROWS][GRAD_COLUMNS]);
    const l2l_sites &s = job.sites;
    const int64_t y0 = (int64_t)blockIdx.y * TILE_Y, x0 = (int64_t)blockIdx.x * TILE_X;
    const int thread = (int)(threadIdx.y * TILE_X + threadIdx.x), r = s.radius;
    for (int i = thread; i < 3 * GRAD_ROWS * GRAD_COLUMNS; i += TILE_X * TILE_Y) {
        const int o = i / (GRAD_ROWS * GRAD_COLUMNS), at = i % (GRAD_ROWS * GRAD_COLUMNS);
        const int ty = at / GRAD_COLUMNS, tx = at % GRAD_COLUMNS;
        const int64_t y = y0 + ty - GRAD_REACH, x = x0 + tx - GRAD_REACH;
        const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
        tile[o][ty][tx] = inside ? grad_dst[(o * s.height + y) * s.width + x] : 0.0f;
    }
    __syncthreads();
    const int64_t y = y0 + threadIdx.y, x = x0 + threadIdx.x;
    if (y >= s.height || x >= s.width) return;
    float total = 0.0f;
    for (int kx = 0; kx <= 2 * r; kx++) {
        int64_t image_x, image_y;
        if (!image_of(job.border, x, s.width, r, kx, &image_x)) continue;
        float sum = 0.0f;
        for (int ky = 0; ky <= 2 * r; ky++) {
            if (!image_of(job.border, y, s.height, r, ky, &image_y)) continue;
            const void *rows[3 * SIDE];
            for (int k = 0; k < 3 * (2 * r + 1); k++)
                rows[k] = tile[k / (2 * r + 1)][image_y - y0 + GRAD_REACH - r + k % (2 * r + 1)];
            const float gathered = l2l_demosaic_grad(&s, job.coefs, rows, image_y, image_x,
                                                     (int)(image_x - x0) + GRAD_REACH);
            sum = ky == 0 ? gathered : sum + gathered;
        }
        total = kx == 0 ? sum : total + sum;
    }
    grad_src[y * s.width + x] = total;
}

/* A block sums a band of a tile for one output; a thread one lane of one tap, for even rows and for
   odd ones. */
__global__ void __launch_bounds__(L2L_LANES *SIDE *SIDE)
    demosaic_band_sums(l2l_demosaic_job job, l2l_tiles tiles, int bands,
                       const float *__restrict__ src, const float *__restrict__ grad_dst,
                       double *__restrict__ band_sums) {
    L2L_SHARED(float, lanes, [2][SIDE * SIDE][L2L_LANES]);
    const l2l_sites &s = job.sites;
    const int lane = (int)threadIdx.x, tap = (int)threadIdx.y, o = (int)blockIdx.z;
    const int side = 2 * s.radius + 1, band = (int)blockIdx.x, index = (int)blockIdx.y;
    const int64_t left = index % tiles.across * tiles.width,
                  top = index / tiles.across * tiles.height;
    const int64_t right = min(left + tiles.width, s.width), first = top + (int64_t)band * BAND;
    const int64_t bottom = min(min(first + BAND, top + tiles.height), s.height);
    float sum[2] = { 0.0f, 0.0f };
    for (int64_t y = first; y < bottom; y++)
        for (int64_t x = left + lane; x < right; x += L2L_LANES) {
            const float sample =
                extended(job, src, y + tap / side - s.radius, x + tap % side - s.radius);
            const int row = l2l_site_row(&s, y);
            sum[row] = L2L_FMA(grad_dst[(o * s.height + y) * s.width + x], sample, sum[row]);
        }
    for (int row = 0; row < 2; row++) lanes[row][tap][lane] = sum[row];
    __syncthreads();
    if (lane >= s.rows) return;
    double total[2];
    l2l_lanes_by_parity(lanes[lane][tap], total);
    double *out = band_sums + ((int64_t)index * bands + band) * s.rows * s.columns * 3 * s.taps;
    for (int column = 0; column < s.columns; column++)
        out[l2l_site_offset(&s, lane, column) + o * s.taps + tap] = total[column];
}

/* The sum over a tile, band after band. */
__global__ void __launch_bounds__(64)
    demosaic_tile_sums(const double *__restrict__ band_sums, int bands, int width,
                       double *__restrict__ sums) {
    const int k = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (k >= width) return;
    double sum = 0.0;
    for (int b = 0; b < bands; b++) sum += band_sums[((int64_t)blockIdx.y * bands + b) * width + k];
    sums[(int64_t)blockIdx.y * width + k] = sum;
}

static dim3 demosaic_grid(const l2l_sites &s) {
    return dim3((unsigned)((s.width + TILE_X - 1) / TILE_X),
                (unsigned)((s.height + TILE_Y - 1) / TILE_Y));
}

extern "C" int l2l_cuda_demosaic_forward(l2l_demosaic_job job, const float *src, float *dst,
                                         void *stream) {
    if (job.sites.radius > REACH) return (int)cudaErrorInvalidValue;
    L2L_LAUNCH(demosaic_forward, demosaic_grid(job.sites), dim3(TILE_X, TILE_Y), 0,
               (cudaStream_t)stream, job, src, dst);
    return (int)cudaPeekAtLastError();
}

extern "C" int l2l_cuda_demosaic_backward(l2l_demosaic_job job, const float *grad_dst,
                                          float *grad_src, void *stream) {
    if (job.sites.radius > REACH) return (int)cudaErrorInvalidValue;
    L2L_LAUNCH(demosaic_backward, demosaic_grid(job.sites), dim3(TILE_X, TILE_Y), 0,
               (cudaStream_t)stream, job, grad_dst, grad_src);
    return (int)cudaPeekAtLastError();
}

extern "C" int l2l_cuda_demosaic_sums(l2l_demosaic_job job, l2l_tiles tiles, const float *src,
                                      const float *grad_dst, double *band_sums, double *sums,
                                      void *stream) {
    const l2l_sites &s = job.sites;
    if (s.radius > REACH || !s.uniform || s.rows > 2 || s.columns > 2)
        return (int)cudaErrorInvalidValue;
    const int bands = (int)((tiles.height + BAND - 1) / BAND),
              width = s.rows * s.columns * 3 * s.taps;
    const unsigned count = (unsigned)(tiles.across * tiles.down),
                   groups = (unsigned)(width + 63) / 64;
    cudaStream_t queue = (cudaStream_t)stream;
    L2L_LAUNCH(demosaic_band_sums, dim3((unsigned)bands, count, 3), dim3(L2L_LANES, s.taps), 0,
               queue, job, tiles, bands, src, grad_dst, band_sums);
    L2L_LAUNCH(demosaic_tile_sums, dim3(groups, count), 64, 0, queue, band_sums, bands, width,
               sums);
    L2L_LAUNCH(reduce_tiles, groups, 64, 0, queue, sums, (int64_t)count, width);
    return (int)cudaPeekAtLastError();
}
