/* Threads: every index exactly once, whoever runs it, with our pool and with the host's. */
#define _DEFAULT_SOURCE
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/counting_allocator.h"
#include "core/core.h"

enum { MOST = 16 };

static const int thread_counts[] = { 1, 2, 7, 16 };

static l2l_context *context_with(int threads, const l2l_parallel *parallel) {
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.threads = threads;
    o.parallel = parallel;
    l2l_context *context;
    ck_assert_int_eq(l2l_context_create(&o, &context), L2L_OK);
    return context;
}

typedef struct job {
    l2l_context *context;
    atomic_int next;   /* items handed out */
    int items;         /* of them in all */
    int calls[MOST];   /* of the body, by index: plain, so that a data race is one */
    long sums[MOST];   /* of the items, by index */
    atomic_int errors; /* scratch that somebody else wrote to */
} job;

/* Works as the library's own bodies do: items from a counter, results and scratch by index. */
static void take_items(void *argument, int index) {
    job *self = argument;
    self->calls[index]++;
    int *mine = l2l_scratch(self->context, index, 64 * sizeof *mine);
    if (!mine) {
        self->errors++;
        return;
    }
    mine[0] = index;
    for (int item; (item = atomic_fetch_add(&self->next, 1)) < self->items;) {
        self->sums[index] += item;
        if (mine[0] != index) self->errors++;
    }
}

static void run_job(l2l_context *context, int count, int items) {
    job work = { .context = context, .items = items };
    l2l_parallel_run(context, count, take_items, &work);
    long sum = 0;
    for (int i = 0; i < MOST; i++) {
        ck_assert_int_eq(work.calls[i], i < count);
        sum += work.sums[i];
    }
    ck_assert_int_eq(sum, (long)items * (items - 1) / 2);
    ck_assert_int_eq(work.errors, 0);
}

START_TEST(every_index_runs_once) {
    int threads = thread_counts[_i];
    l2l_context *context = context_with(threads, NULL);
    ck_assert_int_eq(l2l_context_threads(context), threads);
    for (int repeat = 0; repeat < 300; repeat++)
        for (int count = 0; count <= threads; count++) run_job(context, count, count ? 100 : 0);
    l2l_context_destroy(context);
}
END_TEST

/* Nobody returns before `expected` are inside: passes only if so many threads work at once. */
typedef struct meeting {
    atomic_int inside;
    int expected;
} meeting;

static void meet(void *argument, int index) {
    (void)index;
    meeting *self = argument;
    atomic_fetch_add(&self->inside, 1);
    while (atomic_load(&self->inside) < self->expected) usleep(100);
}

START_TEST(threads_really_work_at_once) {
    int threads = thread_counts[_i];
    l2l_context *context = context_with(threads, NULL);
    for (int repeat = 0; repeat < 3; repeat++) {
        meeting work = { 0, threads };
        l2l_parallel_run(context, threads, meet, &work);
        ck_assert_int_eq(work.inside, threads);
        usleep(2000); /* long enough for the workers to fall asleep */
    }
    l2l_context_destroy(context);
}
END_TEST

START_TEST(unused_contexts_have_no_threads_to_join) {
    for (int i = 0; i < 100; i++) {
        l2l_context *context = context_with(16, NULL);
        if (i % 2) run_job(context, 1, 10);
        l2l_context_destroy(context);
    }
}
END_TEST

START_TEST(contexts_come_and_go) {
    for (int i = 0; i < 50; i++) {
        l2l_context *context = context_with(7, NULL);
        run_job(context, 7, 1000);
        l2l_context_destroy(context);
    }
}
END_TEST

static void *own_context(void *argument) {
    (void)argument;
    l2l_context *context = context_with(3, NULL);
    for (int i = 0; i < 200; i++) run_job(context, 3, 50);
    l2l_context_destroy(context);
    return NULL;
}

START_TEST(contexts_run_side_by_side) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, own_context, NULL), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}
END_TEST

typedef struct host {
    int runs, last_count;
} host;

static void host_backwards(void *user, int count, void (*body)(void *, int), void *argument) {
    host *self = user;
    self->runs++;
    self->last_count = count;
    for (int i = count - 1; i >= 0; i--) body(argument, i);
}

START_TEST(a_host_pool_is_used_instead) {
    host pool = { 0, 0 };
    l2l_parallel parallel = { host_backwards, &pool, 5 };
    l2l_context *context = context_with(2, &parallel);
    ck_assert_int_eq(l2l_context_threads(context), 5);
    run_job(context, 5, 100);
    ck_assert_int_eq(pool.runs, 1);
    ck_assert_int_eq(pool.last_count, 5);
    run_job(context, 3, 100);
    ck_assert_int_eq(pool.runs, 2);
    ck_assert_int_eq(pool.last_count, 3);
    l2l_context_destroy(context);
}
END_TEST

typedef struct host_call {
    void (*body)(void *, int);
    void *argument;
    int index;
} host_call;

static void *host_thread(void *argument) {
    host_call *call = argument;
    call->body(call->argument, call->index);
    return NULL;
}

static void host_threads(void *user, int count, void (*body)(void *, int), void *argument) {
    (void)user;
    pthread_t threads[MOST];
    host_call calls[MOST];
    for (int i = 0; i < count; i++) {
        calls[i] = (host_call){ body, argument, i };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, host_thread, &calls[i]), 0);
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

START_TEST(a_host_pool_may_use_any_threads) {
    l2l_parallel parallel = { host_threads, NULL, 16 };
    l2l_context *context = context_with(0, &parallel);
    for (int count = 2; count <= 16; count++) run_job(context, count, 1000);
    l2l_context_destroy(context);
}
END_TEST

#ifndef __SANITIZE_THREAD__ /* which does not follow threads made after a fork */
/* A data loader forks: the child has the context but not the pool's threads. */
START_TEST(a_forked_child_may_go_on) {
    l2l_context *context = context_with(4, NULL);
    meeting before = { 0, 4 };
    l2l_parallel_run(context, 4, meet, &before);
    usleep(20000);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(20);
        meeting work = { 0, 4 };
        l2l_parallel_run(context, 4, meet, &work);
        l2l_context_destroy(context);
        _exit(work.inside == 4 ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    run_job(context, 4, 100);
    l2l_context_destroy(context);
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *cases = tcase_create("threads");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, every_index_runs_once, 0, 4);
    tcase_add_loop_test(cases, threads_really_work_at_once, 0, 4);
    tcase_add_test(cases, unused_contexts_have_no_threads_to_join);
    tcase_add_test(cases, contexts_come_and_go);
    tcase_add_test(cases, contexts_run_side_by_side);
    tcase_add_test(cases, a_host_pool_is_used_instead);
    tcase_add_test(cases, a_host_pool_may_use_any_threads);
#ifndef __SANITIZE_THREAD__
    tcase_add_test(cases, a_forked_child_may_go_on);
#endif
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
