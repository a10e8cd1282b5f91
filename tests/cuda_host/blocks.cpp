/* Shared memory, asynchronous copies, and blocks one after the other. */
#include "emulator.h"

#include <sys/mman.h>

__thread uint3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuemu {

/* ---------- shared memory ---------- */
static char *sh_alloc(size_t n, size_t al) {
#if defined(CUEMU_TSAN) /* one arena, its shadow reset before every block */
    state.ts_off = (state.ts_off + al - 1) / al * al;
    char *p = state.ts_arena + state.ts_off;
    state.ts_off += n;
    if (state.ts_off > TSAN_SHARED) {
        fprintf(stderr, "cuemu: arena full\n");
        abort();
    }
    return p;
#else
    void *p;
    if (posix_memalign(&p, al, n)) abort();
    return (char *)p;
#endif
}
void *shared_slot(const void *key, size_t n, size_t al, const char *name) {
    for (Slot &s : state.slots)
        if (s.key == key) return s.p;
    state.static_n += n;
    if (state.static_n > 48 * 1024)
        fail("static __shared__ total %zu > 48 KiB (at %s)", state.static_n, name);
    RuntimeWork rt;
    char *p = sh_alloc(n, al);
    fill_bytes(p, state.fill, n);
    state.slots.push_back({ key, n, p, name });
    return p;
}
void *dyn_shared() {
    if (!state.dyn) fail("dynamic shared memory used, but the launch gave 0 bytes");
    return state.dyn;
}
/* ---------- cp.async: really copied only when waited for ---------- */
void async_copy(void *d, const void *s, size_t n, const char *f, int l) {
    if (n != 4 && n != 8 && n != 16) fail("%s:%d: async copy of %zu bytes", f, l, n);
    if (((uintptr_t)d | (uintptr_t)s) & (n - 1))
        fail("%s:%d: misaligned async copy of %zu bytes", f, l, n);
    RuntimeWork rt;
    Thread &t = state.t[state.cur];
    t.cp.push_back({ d, s, n, t.grp });
}
void async_commit() {
    state.t[state.cur].grp++;
}
void async_wait(unsigned n) {
    Thread &t = state.t[state.cur];
    size_t k = 0;
    for (Copy &c : t.cp) {
        if (c.grp + n < t.grp) {
            memcpy(c.d, c.s, c.n);
            k++;
        } else
            break;
    }
    RuntimeWork rt;
    t.cp.erase(t.cp.begin(), t.cp.begin() + k);
}
/* ---------- launch ---------- */
#if defined(CUEMU_TSAN)
/* two sets of TSan fibers, used by alternate blocks: neighbours stay unordered, creation (slow) is
 * paid once */
static void *ts_fiber(int i) {
    auto &v = state.ts_fib[state.ts_set];
    while ((int)v.size() <= i) v.push_back(__tsan_create_fiber(0));
    return v[i];
}
#endif
static void run_block(unsigned long lin, dim3 gd) {
    blockIdx = { (unsigned)(lin % gd.x), (unsigned)(lin / gd.x % gd.y),
                 (unsigned)(lin / gd.x / gd.y) };
    state.nbar = state.ndone = 0;
    state.qh = state.qt = 0;
    std::fill(state.warp_n.begin(), state.warp_n.end(), 0);
#if defined(CUEMU_TSAN)
    state.slots.clear();
    state.static_n = 0;
    state.ts_off = 0;
    __tsan_java_free((unsigned long)state.ts_arena, TSAN_SHARED);
    __tsan_java_alloc((unsigned long)state.ts_arena, TSAN_SHARED);
    state.bar_obj = sh_alloc(16 + 8 * 64, 8);
    if (state.dyn_n) state.dyn = sh_alloc(state.dyn_n, 16);
#endif
    for (Slot &s : state.slots) fill_bytes(s.p, state.fill, s.n);
    if (state.dyn) fill_bytes(state.dyn, state.fill, state.dyn_n);
    if (state.order == SHUFFLE)
        for (int i = state.n - 1; i > 0; i--)
            std::swap(state.perm[i], state.perm[random_number() % (i + 1)]);
    for (int i = 0; i < state.n; i++) {
        Thread &t = state.t[i];
        t.st = NEW;
        t.c = nullptr;
        t.grp = 0;
        t.cp.clear();
        IF_TSAN(t.ts = ts_fiber(i));
    }
    IF_TSAN(__tsan_release(state.start_obj); state.ts_set ^= 1);
    for (int i : state.perm) q_push(i);
    int i = q_pop();
    state.t[i].c = get_fiber();
    state.curc = &state.mainc;
    set_cur(i);
    swap_to(state.t[i].c, false);
    landed();
    if (!state.failed && state.ndone != state.n) fail("deadlock");
}
void run_kernel(const char *name, dim3 gd, dim3 bd, size_t smem, std::function<void()> body) {
    if (state.failed) return;
    state.name = name;
    state.body = &body;
    state.n = bd.x * bd.y * bd.z;
    state.rng = state.seed * 2654435761u | 1;
    blockDim = { bd.x, bd.y, bd.z };
    gridDim = { gd.x, gd.y, gd.z };
    state.t.resize(state.n);
    state.warp_n.assign((state.n + 31) / 32, 0);
    state.perm.resize(state.n);
    state.static_n = 0;
    state.pool.reserve(4096);
    state.all.reserve(4096);
    unsigned cap = 1;
    while (cap < (unsigned)state.n) cap *= 2;
    state.q.resize(cap);
    state.qm = cap - 1;
    for (int i = 0; i < state.n; i++) {
        state.perm[i] = state.order == REVERSE ? state.n - 1 - i : i;
        state.t[i].idx = { i % bd.x, i / bd.x % bd.y, i / (bd.x * bd.y) };
    }
#if defined(CUEMU_TSAN)
    state.ts_main = __tsan_get_current_fiber();
    static long end_sync, start_sync;
    state.end_obj = &end_sync;
    state.start_obj = &start_sync;
    if (!state.ts_heap) {
        state.ts_heap = (char *)mmap(nullptr, TSAN_HEAP, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        __tsan_java_init((unsigned long)state.ts_heap, TSAN_HEAP);
        state.ts_arena = state.ts_heap;
        state.ts_top = TSAN_SHARED;
    }
#else
    if (smem) state.dyn = sh_alloc(smem, 16);
#endif
    state.dyn_n = smem;
    state.in_kernel = true;
    dev_access(true);
    unsigned long nb = (unsigned long)gd.x * gd.y * gd.z;
    std::vector<unsigned> bp(nb);
    for (unsigned long b = 0; b < nb; b++) bp[b] = state.order == REVERSE ? nb - 1 - b : b;
    if (state.order == SHUFFLE)
        for (unsigned long i = nb - 1; i > 0; i--) std::swap(bp[i], bp[random_number() % (i + 1)]);
    for (unsigned long b = 0; b < nb && !state.failed; b++) run_block(bp[b], gd);
    IF_TSAN(if (state.failed) for (Thread &t
                                   : state.t) if (t.st != DONE) {
        __tsan_switch_to_fiber(t.ts, 1);
        __tsan_release(state.end_obj);
        __tsan_switch_to_fiber(state.ts_main, 1);
    })
    IF_TSAN(__tsan_acquire(state.end_obj));
    if (state.failed) { /* abandoned fibers: give their stacks back clean */
        state.pool.clear();
        for (Fiber *c : state.all) {
#if defined(CUEMU_ASAN)
            __asan_unpoison_memory_region(c->base, c->size);
#endif
            c->fake = nullptr;
            state.pool.push_back(c);
        }
        state.reap = nullptr;
    }
    dev_access(false);
    state.in_kernel = false;
#if !defined(CUEMU_TSAN)
    for (Slot &s : state.slots) free(s.p);
    free(state.dyn);
#endif
    state.slots.clear();
    state.dyn = nullptr;
    state.dyn_n = 0;
}
} // namespace cuemu
