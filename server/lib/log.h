/*
 * log.h - one line per event on standard error, key=value.
 *
 *   time=2026-11-24T05:50:00.123Z level=info event=listening address=127.0.0.1:5000
 *
 * Lines of several threads never mix, and none waits for standard error: see log_writer.h.
 * Control bytes in the values become "?", so nothing received can forge a line. Callers never pass
 * a whole phone number or a secret: number_print_redacted is for that.
 * All functions may be called from any thread; log_open before there are others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* "error", "warning", ...: the names of the levels, in the order of the enum. */
extern const char *const log_level_names[4];

/* Lines of a level above this one are not written. */
void log_open(enum log_level level);

/* event: one word. format: what follows it, "key=value key=value", or "". */
__attribute__((format(printf, 3, 4))) void log_event(enum log_level level, const char *event,
                                                     const char *format, ...);

/* Somebody else's text as a value between quotes: its quotes become single ones, its line ends
 * blanks. Returns out. */
const char *log_text(char *out, size_t size, const char *text);

/* At most one line of one kind in a while; the next line says how many were left out, or
 * log_tell_suppressed if none comes. One static struct per kind of line. */
struct log_limit {
    long seconds; /* how long the while is; 0 means 1 */
    long next;    /* not before this second */
    unsigned suppressed;
    enum log_level level; /* of the lines left out, and below that their event */
    const char *event;
    struct log_limit *next_untold; /* in the list of those with lines left out */
    bool is_untold;
};

/* Tells how many lines were left out of each kind whose while is over: else the last burst of
 * an attack would never be told of. For one thread that comes by now and then. */
void log_tell_suppressed(void);
__attribute__((format(printf, 4, 5))) void log_event_limited(struct log_limit *limit,
                                                             enum log_level level,
                                                             const char *event, const char *format,
                                                             ...);
