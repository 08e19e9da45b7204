/*
 * counters.h - what happened so far, counted where it happens.
 *
 * Counting is a relaxed atomic addition: cheap, from any thread. Nothing here knows what a counter
 * is for or how it is shown; metrics.h reads them for Prometheus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum counter {
    COUNTER_REQUESTS_REFUSED,  /* by the guards against malformed HTTP */
    COUNTER_PATHS_UNKNOWN,     /* 404 */
    COUNTER_METHODS_REFUSED,   /* 405 */
    COUNTER_FORMS_REFUSED,     /* more fields than a signature is checked over */
    COUNTER_DATABASE_CONNECTS, /* connections made, the first ones included */
    COUNTER_DATABASE_LOSSES,   /* connections lost while in use */
    COUNTER_STATEMENTS_FAILED,
    COUNTER_RECORDS_LOST,  /* apologies or events that no row tells of */
    COUNTER_CHORES_FAILED, /* background statements that could not run */
    COUNTER_LOG_LINES_LOST,
    COUNTER_METRICS_LEFT_OUT, /* values that the metrics had no room for */
    COUNTERS,
};

void counters_count(enum counter counter);
uint64_t counters_read(enum counter counter);

/* Values whose distribution matters, not only their number. */
enum distribution {
    DISTRIBUTION_ANSWERS,    /* microseconds from a webhook's head to its response */
    DISTRIBUTION_STATEMENTS, /* microseconds from a statement to its result */
    DISTRIBUTION_BATCHES,    /* requests that shared one statement */
    DISTRIBUTIONS,
};

void counters_observe(enum distribution distribution, int64_t value);

/* How many values were at most bounds[i], and more than the bound before it; the last of buckets
 * has those above all bounds. */
enum { DISTRIBUTION_BUCKETS_MAX = 16 };
struct distributed {
    const int64_t *bounds; /* static */
    size_t bound_count;
    uint64_t buckets[DISTRIBUTION_BUCKETS_MAX];
    uint64_t sum;
};

void counters_read_distribution(enum distribution distribution, struct distributed *out);
