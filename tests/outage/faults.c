/*
 * faults.c - preloaded into a server or PostgreSQL: memory that runs out, clocks that jump.
 *
 * What happens now is in a file that the test writes while the server runs: struct faults,
 * "one of so many allocations fails" (0: none), the seconds by which the clock of the day
 * is off, what failed, and the seconds by which the clock since boot is off. Only malloc,
 * calloc and realloc of threads other than the first fail: who runs out of memory while
 * starting may say so and exit.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static struct faults {
    _Atomic int64_t fails_one_of;
    _Atomic int64_t clock_off;
    _Atomic int64_t failed; /* how many allocations did: for the test to read */
    _Atomic int64_t uptime_off;
} none, *faults = &none;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("FAULTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    faults = map;
    close(fd);
}

static int fails(void)
{
    static _Atomic uint64_t count;
    int64_t one_of = faults->fails_one_of;
    if (one_of == 0 || syscall(SYS_gettid) == getpid())
        return 0;
    /* A scrambled counter: no rhythm that always hits the same caller. */
    uint64_t number = atomic_fetch_add(&count, 1) * 0x9e3779b97f4a7c15u >> 20;
    if (number % (uint64_t)one_of != 0)
        return 0;
    faults->failed++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += faults->clock_off;
    else if (clock == CLOCK_MONOTONIC)
        now->tv_sec += faults->uptime_off;
    return result;
}

/* What PostgreSQL asks. */
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
