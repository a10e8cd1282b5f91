/* Several items of work at once: on a few threads, within the machine's memory, told in order. */
#include "flight.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

struct item {
    bool done, good;
    int64_t bytes; /* that it holds of the room */
    char *told;
    size_t told_size;
};

struct flight {
    flight_body *body;
    void *user;
    int count;
    pthread_mutex_t mutex; /* guards all that follows but the threads, which the caller owns */
    pthread_cond_t changed;
    struct item *items;
    int next, first; /* the first item not yet begun, and the first not yet done */
    int64_t room;    /* bytes not yet taken; below zero where an item could not wait */
    int numbered;    /* workers that have their number */
    int threads;
    pthread_t thread[];
};

/* What a container may use; the machine's own memory is asked for otherwise. */
static const char *const limits[] = { "/sys/fs/cgroup/memory.max",
                                      "/sys/fs/cgroup/memory/memory.limit_in_bytes" };

/* A quarter of the memory that there is: the rest is for the system's copies of the files. */
static int64_t room_of_machine(void) {
    int64_t most = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        FILE *file = fopen(limits[i], "r");
        long long limit;
        if (file && fscanf(file, "%lld", &limit) == 1 && limit < most) most = limit;
        if (file) fclose(file);
    }
    return most / 4;
}

/* The mutex is held, if there are threads. */
static void finish(flight *f, int item, bool good) {
    f->items[item].done = true;
    f->items[item].good = good;
    f->room += f->items[item].bytes;
    while (f->first < f->count && f->items[f->first].done) f->first++;
    pthread_cond_broadcast(&f->changed);
}

static void *work(void *argument) {
    flight *f = argument;
    pthread_mutex_lock(&f->mutex);
    int worker = f->numbered++;
    while (f->next < f->count) {
        int item = f->next++;
        pthread_mutex_unlock(&f->mutex);
        /* Without memory for it, what is told is told at once. */
        FILE *told = open_memstream(&f->items[item].told, &f->items[item].told_size);
        say_aside(told);
        bool good = f->body(f->user, f, worker, item);
        say_aside(NULL);
        if (told) fclose(told);
        pthread_mutex_lock(&f->mutex);
        finish(f, item, good);
    }
    pthread_mutex_unlock(&f->mutex);
    return NULL;
}

/* As many as the system gives. Signals stay with the caller, who is not in the midst of a file. */
static void start_threads(flight *f, int count) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (f->threads < count && pthread_create(&f->thread[f->threads], NULL, work, f) == 0)
        f->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

flight *flight_begin(int workers, int count, flight_body *body, void *user) {
    flight *f = calloc(1, sizeof *f + (size_t)workers * sizeof f->thread[0]);
    struct item *items = calloc((size_t)count, sizeof *items);
    if (!f || !items) {
        free(f);
        free(items);
        fail("out of memory: no room for %d inputs", count);
        return NULL;
    }
    f->body = body;
    f->user = user;
    f->count = count;
    f->items = items;
    f->room = room_of_machine();
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (workers > 1) start_threads(f, workers);
    return f;
}

bool flight_wait(flight *f, int item) {
    struct item *asked = &f->items[item];
    if (!f->threads) finish(f, item, f->body(f->user, f, 0, item)); /* nobody else is there */
    pthread_mutex_lock(&f->mutex);
    while (!asked->done) pthread_cond_wait(&f->changed, &f->mutex);
    pthread_mutex_unlock(&f->mutex);
    if (asked->told) say_told(asked->told);
    free(asked->told);
    asked->told = NULL;
    return asked->good;
}

/* The first item under way never waits, so one always gets on. */
void flight_room(flight *f, int item, int64_t bytes) {
    pthread_mutex_lock(&f->mutex);
    while (f->first != item && bytes > f->room) pthread_cond_wait(&f->changed, &f->mutex);
    f->room -= bytes;
    f->items[item].bytes += bytes;
    pthread_mutex_unlock(&f->mutex);
}

void flight_end(flight *f) {
    for (int i = 0; i < f->threads; i++) pthread_join(f->thread[i], NULL);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->mutex);
    free(f->items);
    free(f);
}
