/* Barriers, shuffles and votes, and the errors that are found in their use. */
#include "emulator.h"

namespace cuemu {

/* ---------- errors ---------- */
static std::string where() {
    std::map<std::string, int> m;
    static const char *opn[] = { "__syncwarp", "shfl", "shfl_up", "shfl_down", "shfl_xor", "ballot",
                                 "any",        "all",  "reduce",  "reduce",    "reduce" };
    for (int i = 0; i < state.n; i++) {
        Thread &t = state.t[i];
        std::string k;
        if (t.st == DONE)
            k = "exited";
        else if (t.st == BAR)
            k = std::string("at __syncthreads ") + t.file + ":" + std::to_string(t.line);
        else if (t.st == WARP) {
            char b[16];
            snprintf(b, sizeof b, "%08x", t.mask);
            k = std::string("at ") + opn[t.op] + " mask " + b + " " + t.file + ":" +
                std::to_string(t.line);
        } else
            k = "runnable";
        m[k]++;
    }
    std::string r;
    for (auto &e : m) r += "\n    " + std::to_string(e.second) + " threads " + e.first;
    return r;
}
void fail(const char *fmt, ...) {
    IF_TSAN(__tsan_switch_to_fiber(state.ts_main, 1));
    char b[512], c[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(b, sizeof b, fmt, ap);
    va_end(ap);
    snprintf(c, sizeof c, "[cuemu] kernel %s block (%u,%u,%u) thread (%u,%u,%u): ", state.name,
             blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
    state.report = std::string(c) + b + where();
    state.err = cudaErrorLaunchFailure;
    state.failed = true;
    fprintf(stderr, "%s\n", state.report.c_str());
    if (getenv("CUEMU_ABORT")) abort();
    if (state.curc != &state.mainc) {
        to_main(false);
        abort();
    } /* never resumed */
}
/* ---------- collectives ---------- */
static void wake(int i) {
    state.t[i].st = READY;
    q_push(i);
}
static void bar_common(const char *f, int l) {
    Thread &t = state.t[state.cur];
    t.file = f;
    t.line = l;
    IF_TSAN(char *bo = (char *)state.bar_obj + 8 * (state.bar_par & 1); __tsan_release(
                bo)); /* parity: a fast thread arrives at k+1 before a slow one leaves k */
    t.st = BAR;
    state.nbar++;
    if (state.nbar + state.ndone == state.n) {
        if (state.ndone)
            fail("barrier divergence: %d threads exited while %d wait", state.ndone, state.nbar);
        for (int i = 0; i < state.n; i++)
            if (state.t[i].line != l || strcmp(state.t[i].file, f))
                fail("barrier divergence: threads meet at different __syncthreads");
        state.nbar = 0;
        state.bar_par++;
        if (state.order == SHUFFLE)
            for (int i = state.n - 1; i > 0; i--)
                std::swap(state.perm[i], state.perm[random_number() % (i + 1)]);
        int c = 0;
        for (int i = 0; i < state.n; i++) c += state.t[i].red;
        state.red_c = c;
        for (int i : state.perm) wake(i);
    }
    block_here();
    IF_TSAN(__tsan_acquire(bo));
}
void barrier(const char *f, int l) {
    state.t[state.cur].red = 0;
    bar_common(f, l);
}
int barrier_red(int p, int op, const char *f, int l) {
    state.t[state.cur].red = p;
    bar_common(f, l);
    int c = state.red_c;
    return op == 0 ? c : op == 1 ? c == state.n : c > 0;
}
uint64_t warp_op(Op op, unsigned mask, uint64_t v, int arg, int width, const char *f, int l) {
    int me = state.cur, w = me >> 5, lane = me & 31, base = w << 5;
    Thread &t = state.t[me];
    t.file = f;
    t.line = l;
    t.op = op;
    t.mask = mask;
    t.val = v;
    t.arg = arg;
    t.width = width;
    t.st = WARP;
    if (!(mask >> lane & 1))
        fail("warp op %s:%d: calling lane %d is not in mask %08x", f, l, lane, mask);
    if (op >= SHFL_IDX && op <= SHFL_XOR && (width < 1 || width > 32 || (width & (width - 1))))
        fail("shuffle width %d", width);
    if (base + 32 > state.n && mask >> (state.n - base))
        fail("warp op %s:%d: mask %08x names lanes the block does not have (block of %d)", f, l,
             mask, state.n);
    if (++state.warp_n[w] >= __builtin_popcount(mask)) {
        bool all = true;
        for (unsigned m = mask; m; m &= m - 1) {
            int L = __builtin_ctz(m), i = base + L;
            if (i >= state.n)
                fail("warp op %s:%d: mask %08x names lane %d, which the block does not have", f, l,
                     mask, L);
            Thread &o = state.t[i];
            if (o.st == DONE)
                fail("warp op %s:%d: mask %08x names lane %d, which has exited", f, l, mask, L);
            if (o.st != WARP || o.mask != mask || o.op != op || o.line != l || strcmp(o.file, f)) {
                all = false;
                break;
            }
        }
        if (all) {
            unsigned bal = 0;
            uint32_t sum = 0;
            for (unsigned m = mask; m; m &= m - 1) {
                int L = __builtin_ctz(m);
                if (state.t[base + L].val) bal |= 1u << L;
                sum += (uint32_t)state.t[base + L].val;
            }
            for (unsigned m = mask; m; m &= m - 1) {
                int L = __builtin_ctz(m);
                Thread &o = state.t[base + L];
                int seg = L & ~(o.width - 1), s = L;
                switch (op) {
                case SHFL_IDX:
                    s = seg + (o.arg & (o.width - 1));
                    break;
                case SHFL_UP:
                    s = L - o.arg < seg ? L : L - o.arg;
                    break;
                case SHFL_DOWN:
                    s = L + o.arg >= seg + o.width ? L : L + o.arg;
                    break;
                case SHFL_XOR:
                    s = L ^ o.arg;
                    if (s >= seg + o.width) s = L;
                    break;
                default:
                    break;
                }
                if (op >= SHFL_IDX && op <= SHFL_XOR) {
                    if (!(mask >> s & 1))
                        fail("shuffle %s:%d: lane %d reads lane %d, which is not in mask %08x", f,
                             l, L, s, mask);
                    o.res = state.t[base + s].val;
                } else
                    o.res = op == BALLOT ? bal
                            : op == ANY  ? bal != 0
                            : op == ALL  ? bal == mask
                            : op == RADD ? sum
                                         : 0;
            }
            state.warp_n[w] -= __builtin_popcount(mask);
#if defined(CUEMU_TSAN)
            if (op ==
                SYNCWARP) { /* orders memory among the named lanes; shuffles and votes do not */
                char *o = (char *)state.bar_obj + 16 + 8 * w;
                for (int pass = 0; pass < 2; pass++)
                    for (unsigned m = mask; m; m &= m - 1) {
                        __tsan_switch_to_fiber(state.t[base + __builtin_ctz(m)].ts, 1);
                        if (pass)
                            __tsan_acquire(o);
                        else
                            __tsan_release(o);
                    }
                __tsan_switch_to_fiber(t.ts, 1);
                __tsan_java_free((unsigned long)o, 8);
                __tsan_java_alloc((unsigned long)o, 8);
            }
#endif
            for (unsigned m = mask; m;) {
                int L = state.order == REVERSE ? 31 - __builtin_clz(m) : __builtin_ctz(m);
                wake(base + L);
                m &= ~(1u << L);
            }
        }
    }
    block_here();
    return t.res;
}
} // namespace cuemu
