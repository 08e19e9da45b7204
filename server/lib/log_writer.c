#include "log_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "counters.h"

enum {
    BUFFER_BYTES = 262144, /* over a thousand lines */
    GATHER_MS = 2,         /* a system call and a waking serve all lines of this while */
    STOP_MS = 1000,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;  /* a line after none, or stopping */
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER; /* the thread has written the last line */
static pthread_t thread;
static bool running; /* the thread exists and has not ended */
static bool stopping, idle;
static unsigned lost;             /* lines left out, not told of yet */
static unsigned told_in_buffer;   /* lines left out, told of by what is to be written */
static char buffer[BUFFER_BYTES]; /* a ring */
static size_t first, used;

/* Standard error may be shared with somebody who made it non-blocking. */
static bool wait_for_room(void)
{
    struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&error, 1, -1) >= 0 || errno == EINTR;
}

/* Returns how many bytes were not taken: standard error is gone, or its disk is full. */
static size_t write_whole(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(STDERR_FILENO, bytes, length);
        if (wrote < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room())))
            continue;
        if (wrote <= 0)
            break;
        bytes += wrote;
        length -= (size_t)wrote;
    }
    return length;
}

/* The lock is held. Lines that found nobody to take them; told: what those among them told of,
 * which now has to be told again. */
static void lose_lines(const char *bytes, size_t length, unsigned told)
{
    lost += told;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\n') {
            lost++;
            counters_count(COUNTER_LOG_LINES_LOST);
        }
}

/* The lock is held. */
static void copy_in(const char *line, size_t length)
{
    size_t end = (first + used) % BUFFER_BYTES;
    size_t head = length < BUFFER_BYTES - end ? length : BUFFER_BYTES - end;
    memcpy(buffer + end, line, head);
    memcpy(buffer, line + head, length - head);
    used += length;
}

/* The lock is held, but not while writing. */
static void write_some(void)
{
    size_t length = used < BUFFER_BYTES - first ? used : BUFFER_BYTES - first;
    const char *bytes = buffer + first;
    unsigned told = told_in_buffer;
    told_in_buffer = 0;
    pthread_mutex_unlock(&lock);
    size_t left = write_whole(bytes, length);
    pthread_mutex_lock(&lock);
    if (left > 0)
        lose_lines(bytes + length - left, left, told);
    used -= length;
    first = used == 0 ? 0 : (first + length) % BUFFER_BYTES; /* 0: touches no more memory */
}

static void gather(void)
{
    const struct timespec time = {0, GATHER_MS * 1000000L};
    pthread_mutex_unlock(&lock);
    nanosleep(&time, NULL);
    pthread_mutex_lock(&lock);
}

static void *run(void *unused)
{
    pthread_mutex_lock(&lock);
    while (used > 0 || !stopping) {
        idle = used == 0;
        if (idle) {
            pthread_cond_wait(&work, &lock);
            continue;
        }
        if (!stopping)
            gather();
        write_some();
    }
    running = false;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&lock);
    return unused;
}

void log_writer_start(void)
{
    pthread_mutex_lock(&lock);
    running = pthread_create(&thread, NULL, run, NULL) == 0;
    pthread_mutex_unlock(&lock);
}

unsigned log_writer_put(const char *line, size_t length, unsigned told)
{
    unsigned untold = 0;
    pthread_mutex_lock(&lock);
    if (!running) {
        (void)write_whole(line, length);
    } else if (used + length <= BUFFER_BYTES) {
        copy_in(line, length);
        told_in_buffer += told;
        if (told == 0) {
            untold = lost;
            lost = 0;
        }
        if (idle)
            pthread_cond_signal(&work);
        idle = false;
    } else if (told > 0) {
        lost += told;
    } else {
        lost++;
        counters_count(COUNTER_LOG_LINES_LOST);
    }
    pthread_mutex_unlock(&lock);
    return untold;
}

void log_writer_stop(void)
{
    int64_t until = clock_ms() + STOP_MS;
    const struct timespec time = {until / 1000, until % 1000 * 1000000};
    pthread_mutex_lock(&lock);
    bool started = running;
    stopping = true;
    pthread_cond_signal(&work);
    while (running && clock_ms() < until)
        pthread_cond_clockwait(&ended, &lock, CLOCK_MONOTONIC, &time);
    bool has_ended = !running; /* else it hangs in its write, and ends with the process */
    pthread_mutex_unlock(&lock);
    if (started && has_ended)
        pthread_join(thread, NULL);
}
