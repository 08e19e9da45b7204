#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log_writer.h"

enum { LINE_MAX_BYTES = 1024 };

const char *const log_level_names[4] = {"error", "warning", "info", "debug"};

static enum log_level threshold = LOG_INFO;

void log_open(enum log_level level)
{
    threshold = level;
}

/* snprintf returns what it would have written; this is what it did write. */
static size_t written(int result, size_t room)
{
    if (result < 0)
        return 0;
    return (size_t)result < room ? (size_t)result : room - 1;
}

/* "time=2026-11-24T05:50:00": made once a second per thread, since every line has it. */
static const char *second_text(time_t second)
{
    static __thread time_t made_for;
    static __thread char text[32];
    if (second != made_for || text[0] == '\0') {
        struct tm utc;
        gmtime_r(&second, &utc);
        strftime(text, sizeof text, "time=%Y-%m-%dT%H:%M:%S", &utc);
        made_for = second;
    }
    return text;
}

/* Returns the length. */
__attribute__((format(printf, 4, 0))) static size_t
compose_line(char line[LINE_MAX_BYTES], enum log_level level, const char *event, const char *format,
             va_list values, unsigned suppressed)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    size_t length = written(snprintf(line, LINE_MAX_BYTES, "%s.%03ldZ level=%s event=%s",
                                     second_text(now.tv_sec), now.tv_nsec / 1000000,
                                     log_level_names[level], event),
                            LINE_MAX_BYTES);
    if (format[0] != '\0' && length < LINE_MAX_BYTES - 2) {
        line[length++] = ' ';
        length += written(vsnprintf(line + length, LINE_MAX_BYTES - length, format, values),
                          LINE_MAX_BYTES - length);
    }
    if (suppressed > 0)
        length +=
            written(snprintf(line + length, LINE_MAX_BYTES - length, " suppressed=%u", suppressed),
                    LINE_MAX_BYTES - length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[length++] = '\n';
    return length;
}

__attribute__((format(printf, 2, 3))) static void tell_lost(unsigned lost, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list values;
    va_start(values, format);
    size_t length = compose_line(line, LOG_ERROR, "log_lines_lost", format, values, 0);
    va_end(values);
    (void)log_writer_put(line, length, lost);
}

__attribute__((format(printf, 3, 0))) static void write_line(enum log_level level,
                                                             const char *event, const char *format,
                                                             va_list values, unsigned suppressed)
{
    char line[LINE_MAX_BYTES];
    size_t length = compose_line(line, level, event, format, values, suppressed);
    unsigned lost = log_writer_put(line, length, 0);
    if (lost > 0)
        tell_lost(lost, "count=%u hint=\"standard error took no more\"", lost);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if (level > threshold)
        return;
    va_list values;
    va_start(values, format);
    write_line(level, event, format, values, 0);
    va_end(values);
}

const char *log_text(char *out, size_t size, const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0' && length + 1 < size; length++) {
        char byte = text[length];
        if (byte == '"')
            byte = '\'';
        else if (byte == '\n' || byte == '\r' || byte == '\t')
            byte = ' ';
        out[length] = byte;
    }
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
    return out;
}

static pthread_mutex_t limits_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_limit *untold; /* those that left lines out, and were not told of since */

static long now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* The lock is held. Counts a line that is not written; or returns true, and how many were not
 * since the last that was. */
static bool may_write(struct log_limit *limit, unsigned *suppressed)
{
    long now = now_seconds();
    *suppressed = limit->suppressed;
    if (now < limit->next) {
        limit->suppressed++;
        if (!limit->is_untold) {
            limit->is_untold = true;
            limit->next_untold = untold;
            untold = limit;
        }
        return false;
    }
    limit->next = now + (limit->seconds > 0 ? limit->seconds : 1);
    limit->suppressed = 0;
    return true;
}

void log_event_limited(struct log_limit *limit, enum log_level level, const char *event,
                       const char *format, ...)
{
    unsigned suppressed;
    if (level > threshold)
        return;
    pthread_mutex_lock(&limits_lock);
    limit->level = level;
    limit->event = event;
    bool first = may_write(limit, &suppressed);
    pthread_mutex_unlock(&limits_lock);
    if (!first)
        return;
    va_list values;
    va_start(values, format);
    write_line(level, event, format, values, suppressed);
    va_end(values);
}

/* The lock is held. The next kind whose while is over, out of the list; NULL when there is none.
 * One whose lines were told of by the line after them is only taken out. */
static struct log_limit *take_untold(void)
{
    long now = now_seconds();
    for (struct log_limit **link = &untold; *link != NULL;) {
        struct log_limit *limit = *link;
        if (limit->suppressed > 0 && now < limit->next) {
            link = &limit->next_untold;
            continue;
        }
        *link = limit->next_untold;
        limit->is_untold = false;
        if (limit->suppressed > 0)
            return limit;
    }
    return NULL;
}

void log_tell_suppressed(void)
{
    pthread_mutex_lock(&limits_lock);
    for (struct log_limit *limit; (limit = take_untold()) != NULL;) {
        log_event(limit->level, limit->event, "suppressed=%u", limit->suppressed);
        limit->suppressed = 0;
    }
    pthread_mutex_unlock(&limits_lock);
}
