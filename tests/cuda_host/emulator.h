/* The state of the emulator and what its parts offer each other. The emulator's own sources are
   compiled without -fsanitize=thread even where the kernels are not. */
#ifndef L2L_EMULATOR_H
#define L2L_EMULATOR_H

#include "cuda_host.h"

#include <algorithm>
#include <cstdarg>
#include <map>
#include <string>
#include <vector>

#if !defined(__x86_64__) && !defined(CUEMU_UCONTEXT)
#define CUEMU_UCONTEXT
#endif
#if defined(CUEMU_UCONTEXT)
#include <ucontext.h>
#endif
#if defined(CUEMU_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(CUEMU_TSAN)
extern "C" {
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void *);
void __tsan_switch_to_fiber(void *, unsigned);
void __tsan_acquire(void *);
void __tsan_release(void *);
void __tsan_java_init(unsigned long, unsigned long);
void __tsan_java_alloc(unsigned long, unsigned long);
void __tsan_java_free(unsigned long, unsigned long);
}
#define IF_TSAN(x) x
#else
#define IF_TSAN(x)
#endif

namespace cuemu {
const size_t STACK = 128 << 10, TSAN_HEAP = 512ul << 20, TSAN_SHARED = 64 << 10;
/* A stack, and where on it to go on. */
struct Fiber {
    size_t color = 0; /* equal offsets in a page would share one set of the cache */
#if defined(CUEMU_UCONTEXT)
    ucontext_t u;
#else
    void *sp = nullptr;
#endif
    char *base = nullptr;
    size_t size = 0;
    void *fake = nullptr; /* the address sanitizer's stack */
};
enum Status : uint8_t { NEW, READY, RUN, BAR, WARP, DONE };
/* An asynchronous copy: done when it is waited for. */
struct Copy {
    void *d;
    const void *s;
    size_t n;
    unsigned grp;
};
/* A thread of the block that runs. */
struct Thread {
    Status st;
    Fiber *c;
    uint3 idx;
    const char *file;
    int line;
    int red; /* the predicate of a barrier that counts */
    Op op;
    unsigned mask;
    uint64_t val, res;
    int arg, width;
    unsigned grp = 0;
    std::vector<Copy> cp;
    void *ts = nullptr;
};
/* A static shared array. */
struct Slot {
    const void *key;
    size_t n;
    char *p;
    const char *name;
};

struct State {
    Order order = FORWARD;
    unsigned seed = 1;
    unsigned char fill = 0xff;
    bool defer = false;
    unsigned rng;
    std::string report;
    cudaError_t err = cudaSuccess;
    bool failed = false, in_kernel = false;
    std::vector<Thread> t;
    std::vector<int> warp_n;
    std::vector<int> perm, q;
    unsigned qh = 0, qt = 0, qm = 0; /* ring: a thread is queued at most once */
    int n = 0, cur = -1, nbar = 0, ndone = 0;
    int red_c, red_n;
    std::vector<Fiber *> pool, all;
    Fiber mainc;
    Fiber *curc = nullptr;
    Fiber *reap = nullptr;
    std::function<void()> *body = nullptr;
    const char *name = "";
    std::vector<Slot> slots;
    char *dyn = nullptr;
    size_t dyn_n = 0;
    size_t static_n = 0;
    std::map<const void *, int> max_dyn;
    std::map<char *, size_t> dev;
    std::map<cudaStream_t, std::vector<std::function<void()>>> pend;
    void *ts_main = nullptr;
    char *ts_heap = nullptr, *ts_arena = nullptr;
    size_t ts_top = 0, ts_off = 0;
    void *bar_obj = nullptr, *end_obj = nullptr, *start_obj = nullptr;
    int ts_set = 0;
    unsigned bar_par = 0;
    std::vector<void *> ts_fib[2];
};

extern State &state; /* never destroyed: no noise at exit */

inline unsigned random_number() {
    state.rng ^= state.rng << 13;
    state.rng ^= state.rng >> 17;
    state.rng ^= state.rng << 5;
    return state.rng;
}

/* runtime work (malloc, memcpy ...) done on behalf of a device thread must not be charged to it */
struct RuntimeWork {
#if defined(CUEMU_TSAN)
    void *prev;
    RuntimeWork() {
        prev = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(state.ts_main, 1);
    }
    ~RuntimeWork() {
        __tsan_switch_to_fiber(prev, 1);
    }
#else
    RuntimeWork() {}
    ~RuntimeWork() {}
#endif
};

/* after any switch lands, recycle the fiber that just died */
inline void landed() {
    if (state.reap) {
        state.pool.push_back(state.reap);
        state.reap = nullptr;
    }
}

inline void set_cur(int i) {
    Thread &t = state.t[i];
    state.cur = i;
    t.st = RUN;
    threadIdx = t.idx;
    IF_TSAN(__tsan_switch_to_fiber(t.ts, 1));
}
inline bool q_empty() {
    return state.qh == state.qt;
}
inline int q_pop() {
    return state.q[state.qh++ & state.qm];
}
inline void q_push(int i) {
    state.q[state.qt++ & state.qm] = i;
}

/* fibers.cpp: threads of a block are fibers, and each hands on to the next one in the queue. */
void fill_bytes(char *p, unsigned char v, size_t n);
Fiber *get_fiber();
void swap_to(Fiber *to, bool dying);
void to_main(bool dying);
void block_here();
void fiber_main();

/* runtime.cpp: makes device memory accessible (to kernels and copies), or not (to the host). */
void dev_access(bool on);
void enqueue(cudaStream_t st, std::function<void()> f);

/* blocks.cpp */
void run_kernel(const char *name, dim3 gd, dim3 bd, size_t smem, std::function<void()> body);
} // namespace cuemu

#endif
