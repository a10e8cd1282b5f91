/* Threads: the host's parallel-for, or a pool of our own whose workers sleep when idle.

   Indices are handed out one at a time to whoever is free, the caller included. A call so small
   that the caller is done before a worker has woken up therefore never waits for one, and with
   fewer workers than asked for the result is the same. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "core/context_internal.h"

struct l2l_pool {
    size_t size; /* bytes of this struct and its array */
    pid_t process;
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t wake, done;
    void (*body)(void *argument, int index);
    void *argument;
    int next, count; /* indices not yet handed out: [next, count) */
    int running;     /* indices handed out or waiting, not finished */
    bool stop;
    int workers;
    pthread_t worker[];
};

int l2l_processor_count(void) {
    cpu_set_t set;
    long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                             : sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > L2L_MAX_THREADS ? L2L_MAX_THREADS : (int)count;
}

/* Runs indices as long as there are any. The mutex is held on entry and on return. */
static void take_indices(l2l_pool *pool) {
    while (pool->next < pool->count) {
        int index = pool->next++;
        void (*body)(void *, int) = pool->body;
        void *argument = pool->argument;
        pthread_mutex_unlock(&pool->mutex);
        body(argument, index);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->running == 0) pthread_cond_signal(&pool->done);
    }
}

static void *work(void *argument) {
    l2l_pool *pool = argument;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stop) {
        take_indices(pool);
        if (!pool->stop) pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Starts up to `count` workers; it is no error if the system gives fewer. Signals stay with the
   host's threads. */
static void start_workers(l2l_pool *pool, int count) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->workers < count &&
           pthread_create(&pool->worker[pool->workers], NULL, work, pool) == 0) {
        pool->workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static l2l_pool *pool_create(l2l_context *context) {
    size_t size = sizeof(l2l_pool) + (size_t)(context->threads - 1) * sizeof(pthread_t);
    l2l_pool *pool = l2l_allocate(&context->allocator, size);
    if (!pool) return NULL;
    pool->size = size;
    pool->process = getpid();
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    start_workers(pool, context->threads - 1);
    return pool;
}

void l2l_pool_destroy(l2l_context *context) {
    l2l_pool *pool = context->pool;
    if (!pool) return;
    /* A forked child has the pool but not its threads: nobody to join, and the locks are as the
       other threads left them. */
    if (pool->process == getpid()) {
        pthread_mutex_lock(&pool->mutex);
        pool->stop = true;
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
        for (int i = 0; i < pool->workers; i++) pthread_join(pool->worker[i], NULL);
        pthread_cond_destroy(&pool->done);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->mutex);
    }
    l2l_release(&context->allocator, pool, pool->size);
    context->pool = NULL;
}

static void pool_run(l2l_pool *pool, int count, void (*body)(void *, int), void *argument) {
    pthread_mutex_lock(&pool->mutex);
    pool->body = body;
    pool->argument = argument;
    pool->next = 0;
    pool->count = pool->running = count;
    pthread_cond_broadcast(&pool->wake);
    take_indices(pool);
    while (pool->running > 0) pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void l2l_parallel_run(l2l_context *context, int count, void (*body)(void *argument, int index),
                      void *argument) {
    if (count > 1 && context->parallel.run) {
        context->parallel.run(context->parallel.user, count, body, argument);
        return;
    }
    if (count > 1 && context->threads > 1) {
        if (context->pool && context->pool->process != getpid()) l2l_pool_destroy(context);
        if (!context->pool) context->pool = pool_create(context);
        if (context->pool) {
            pool_run(context->pool, count, body, argument);
            return;
        }
    }
    for (int i = 0; i < count; i++) body(argument, i);
}
