#include "virtual_time.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { FOR_EVER = -1 };

/* A thread that waits: for something (a condition, a semaphore, a thread's end), for a moment,
 * or for whichever comes first. */
struct sleeper {
    struct sleeper *next;
    const void *thing; /* NULL: only the moment */
    int64_t until_us;  /* or FOR_EVER */
    bool woken, timed_out;
    pthread_cond_t wake;
};

struct thread {
    struct thread *next;
    pthread_t id;
    void *(*run)(void *);
    void *argument;
    bool ended;
};

static struct {
    bool began;
    pthread_mutex_t lock;
    int64_t now_us;
    int running;           /* threads that do not wait */
    struct sleeper *first; /* in the order in which they began to wait */
    struct thread *threads;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The functions of the system that have the same names as those below. */
static struct {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int (*join)(pthread_t, void **);
    int (*cond_wait)(pthread_cond_t *, pthread_mutex_t *);
    int (*cond_signal)(pthread_cond_t *);
    int (*sem_post)(sem_t *);
} real;

static void *find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

__attribute__((constructor)) static void find_real(void)
{
    *(void **)&real.create = find("pthread_create");
    *(void **)&real.join = find("pthread_join");
    *(void **)&real.cond_wait = find("pthread_cond_wait");
    *(void **)&real.cond_signal = find("pthread_cond_signal");
    *(void **)&real.sem_post = find("sem_post");
}

void time_begin(void)
{
    world.began = true;
    world.now_us = 1000000000;
    world.running = 1;
}

/* ---- waiting and waking; the world's lock is held ---- */

static void wake(struct sleeper *sleeper, bool timed_out)
{
    sleeper->woken = true;
    sleeper->timed_out = timed_out;
    world.running++;
    real.cond_signal(&sleeper->wake);
}

/* Everybody waits: on to the next moment that somebody waits for. */
static void pass_time(void)
{
    struct sleeper *next = NULL;
    for (struct sleeper *s = world.first; s != NULL; s = s->next)
        if (!s->woken && s->until_us != FOR_EVER && (next == NULL || s->until_us < next->until_us))
            next = s;
    if (next == NULL) {
        fputs("virtual_time.c: every thread waits for something that nobody will do\n", stderr);
        abort();
    }
    if (next->until_us > world.now_us)
        world.now_us = next->until_us;
    wake(next, true);
}

/* Returns whether the moment came. */
static bool fall_asleep(const void *thing, int64_t until_us)
{
    struct sleeper self = {.thing = thing, .until_us = until_us};
    pthread_cond_init(&self.wake, NULL);
    struct sleeper **end = &world.first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = &self;
    if (--world.running == 0)
        pass_time();
    while (!self.woken)
        real.cond_wait(&self.wake, &world.lock);
    struct sleeper **place = &world.first;
    while (*place != &self)
        place = &(*place)->next;
    *place = self.next;
    pthread_cond_destroy(&self.wake);
    return self.timed_out;
}

/* Wakes who waits for it: the first one, or all. */
static void happen(const void *thing, bool to_all)
{
    for (struct sleeper *s = world.first; s != NULL; s = s->next)
        if (s->thing == thing && !s->woken) {
            wake(s, false);
            if (!to_all)
                return;
        }
}

static int64_t microseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_nsec / 1000;
}

/* ---- what the tests call ---- */

void time_sleep_until(int64_t ms)
{
    pthread_mutex_lock(&world.lock);
    if (ms * 1000 > world.now_us)
        fall_asleep(NULL, ms * 1000);
    pthread_mutex_unlock(&world.lock);
}

void time_sleep(int64_t ms)
{
    time_sleep_until(clock_ms() + ms);
}

/* ---- in the place of the system's functions ---- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC || !world.began)
        return (int)syscall(SYS_clock_gettime, clock, now);
    pthread_mutex_lock(&world.lock);
    now->tv_sec = world.now_us / 1000000;
    now->tv_nsec = world.now_us % 1000000 * 1000;
    pthread_mutex_unlock(&world.lock);
    return 0;
}

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    void *result = thread->run(thread->argument);
    pthread_mutex_lock(&world.lock);
    thread->ended = true;
    happen(thread, true);
    if (--world.running == 0)
        pass_time();
    pthread_mutex_unlock(&world.lock);
    return result;
}

int pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    if (!world.began)
        return real.create(id, attributes, run, argument);
    struct thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return EAGAIN;
    thread->run = run;
    thread->argument = argument;
    pthread_mutex_lock(&world.lock);
    world.running++;
    int result = real.create(&thread->id, attributes, run_thread, thread);
    *id = thread->id;
    thread->next = world.threads;
    world.threads = thread;
    pthread_mutex_unlock(&world.lock);
    return result;
}

int pthread_join(pthread_t id, void **result)
{
    if (world.began) {
        pthread_mutex_lock(&world.lock);
        struct thread **place = &world.threads;
        while (!pthread_equal((*place)->id, id))
            place = &(*place)->next;
        struct thread *thread = *place;
        if (!thread->ended)
            fall_asleep(thread, FOR_EVER);
        *place = thread->next;
        pthread_mutex_unlock(&world.lock);
        int joined = real.join(id, result);
        free(thread);
        return joined;
    }
    return real.join(id, result);
}

static int wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_us)
{
    pthread_mutex_lock(&world.lock);
    pthread_mutex_unlock(mutex);
    bool timed_out = fall_asleep(condition, until_us);
    pthread_mutex_unlock(&world.lock);
    pthread_mutex_lock(mutex);
    return timed_out ? ETIMEDOUT : 0;
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    return world.began ? wait_for(condition, mutex, FOR_EVER) : real.cond_wait(condition, mutex);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                           const struct timespec *until)
{
    (void)clock;
    return wait_for(condition, mutex, microseconds(until));
}

static int wake_for(const void *thing, bool to_all)
{
    pthread_mutex_lock(&world.lock);
    happen(thing, to_all);
    pthread_mutex_unlock(&world.lock);
    return 0;
}

int pthread_cond_signal(pthread_cond_t *condition)
{
    return wake_for(condition, false);
}

int pthread_cond_broadcast(pthread_cond_t *condition)
{
    return wake_for(condition, true);
}

int sem_post(sem_t *semaphore)
{
    pthread_mutex_lock(&world.lock);
    int result = real.sem_post(semaphore);
    happen(semaphore, false);
    pthread_mutex_unlock(&world.lock);
    return result;
}

static int take(sem_t *semaphore, int64_t until_us)
{
    bool timed_out = false, taken;
    pthread_mutex_lock(&world.lock);
    while (!(taken = sem_trywait(semaphore) == 0) && !timed_out)
        timed_out = fall_asleep(semaphore, until_us);
    pthread_mutex_unlock(&world.lock);
    if (!taken)
        errno = ETIMEDOUT;
    return taken ? 0 : -1;
}

int sem_wait(sem_t *semaphore)
{
    return take(semaphore, FOR_EVER);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    (void)clock;
    return take(semaphore, microseconds(until));
}
