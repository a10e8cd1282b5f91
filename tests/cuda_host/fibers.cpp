/* Switching between the fibers that run the threads of a block. */
#include "emulator.h"

#include <sys/mman.h>

namespace cuemu {
State &state = *new State;

/* ---------- context switch ---------- */
#if !defined(CUEMU_UCONTEXT)
extern "C" void cuemu_switch(void **save, void *to);
__asm__(".text\n.p2align 4\n.globl cuemu_switch\n.hidden cuemu_switch\n.type "
        "cuemu_switch,@function\ncuemu_switch:\n"
        "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
        "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
        "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n.size "
        "cuemu_switch,.-cuemu_switch\n");
#endif
void fill_bytes(char *p, unsigned char v, size_t n) {
#if defined(CUEMU_TSAN)
    for (volatile char *q = p; n--; q++)
        *q = (char)v; /* libtsan intercepts memset even from uninstrumented code */
#else
    memset(p, v, n);
#endif
}
static void enter_new(Fiber *c) {
#if defined(CUEMU_UCONTEXT)
    getcontext(&c->u);
    c->u.uc_stack.ss_sp = c->base;
    c->u.uc_stack.ss_size = c->size;
    c->u.uc_link = nullptr;
    makecontext(&c->u, fiber_main, 0);
#else
    void **sp = (void **)(c->base + c->size - c->color);
    *--sp = nullptr; /* fake return address: rsp%16==8 at entry of fiber_main */
    *--sp = (void *)fiber_main;
    for (int i = 0; i < 6; i++) *--sp = nullptr;
    c->sp = sp;
#endif
}
Fiber *get_fiber() {
    RuntimeWork rt;
    Fiber *c;
    if (!state.pool.empty()) {
        c = state.pool.back();
        state.pool.pop_back();
    } else {
        c = new Fiber;
        c->size = STACK;
#if defined(CUEMU_TSAN)
        char *m = state.ts_heap + state.ts_top;
        state.ts_top += STACK + 4096;
#else
        char *m = (char *)mmap(nullptr, STACK + 4096, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
#endif
        mprotect(m, 4096, PROT_NONE); /* guard page: device recursion / big locals fault here */
        c->base = m + 4096;
        c->color =
            state.all.size() % 61 * 64; /* same page offset everywhere would thrash one L1 set */
        state.all.push_back(c);
    }
    enter_new(c);
    return c;
}
void swap_to(Fiber *to, bool dying) {
    Fiber *from = state.curc;
    state.curc = to;
#if defined(CUEMU_ASAN)
    __sanitizer_start_switch_fiber(dying ? nullptr : &from->fake, to->base, to->size);
#endif
    (void)dying;
#if defined(CUEMU_UCONTEXT)
    swapcontext(&from->u, &to->u);
#else
    cuemu_switch(&from->sp, to->sp);
#endif
#if defined(CUEMU_ASAN)
    const void *ob;
    size_t os;
    __sanitizer_finish_switch_fiber(from->fake, &ob, &os);
    if (from == &state.mainc) {
    }
#endif
}
void to_main(bool dying) {
    IF_TSAN(__tsan_switch_to_fiber(state.ts_main, 1));
    if (dying) state.reap = state.curc;
    swap_to(&state.mainc, dying);
    landed();
}
/* current thread blocks: go on with the next one */
void block_here() {
    int me = state.cur;
    if (q_empty())
        to_main(false);
    else {
        int i = q_pop();
        Thread &t = state.t[i];
        if (t.st == NEW) t.c = get_fiber();
        set_cur(i);
        if (i != me) swap_to(t.c, false); /* the one that came last may be the first to go on */
        landed();
    }
    state.cur = me;
    state.t[me].st = RUN;
    threadIdx = state.t[me].idx;
}
void fiber_main() {
#if defined(CUEMU_ASAN)
    const void *ob;
    size_t os;
    __sanitizer_finish_switch_fiber(nullptr, &ob, &os);
    if (!state.mainc.base) {
        state.mainc.base = (char *)ob;
        state.mainc.size = os;
    }
#endif
    landed();
    for (;;) {
        IF_TSAN(__tsan_acquire(state.start_obj);)
        IF_TSAN(char *top = (char *)__builtin_frame_address(
                    0); /* this stack now belongs to this thread alone */
                __tsan_java_alloc(((unsigned long)top - 8192) & ~15ul, 8192));
        (*state.body)();
        Thread &t = state.t[state.cur];
        if (!t.cp.empty()) fail("thread exits with %zu un-waited async copies", t.cp.size());
        t.st = DONE;
        state.ndone++;
        IF_TSAN(__tsan_release(state.end_obj));
        if (state.nbar && state.nbar + state.ndone == state.n)
            fail("barrier divergence: %d threads exited while %d wait", state.ndone, state.nbar);
        if (q_empty()) {
            to_main(true);
            continue;
        }
        int i = q_pop();
        Thread &n = state.t[i];
        if (n.st == NEW) {
            n.c = state.curc;
            set_cur(i);
            continue;
        } /* fast path: no stack switch at all */
        set_cur(i);
        state.reap = state.curc;
        swap_to(n.c, true);
        landed();
    }
}
} // namespace cuemu
