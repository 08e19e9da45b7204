/*
 * metrics.h - what happened so far, as numbers for Prometheus.
 *
 * Counting is a relaxed atomic addition: cheap, from any thread. Nothing here holds a phone
 * number of a party; of what a request says only the proxy number of one that Plivo signed
 * becomes a label.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "number.h"

struct response;

enum metric {
    METRIC_REQUESTS_REFUSED,  /* by the guards against malformed HTTP */
    METRIC_PATHS_UNKNOWN,     /* 404 */
    METRIC_METHODS_REFUSED,   /* 405 */
    METRIC_FORMS_REFUSED,     /* more fields than a signature is checked over */
    METRIC_DATABASE_CONNECTS, /* connections made, the first ones included */
    METRIC_DATABASE_LOSSES,   /* connections lost while in use */
    METRIC_STATEMENTS_FAILED,
    METRIC_RECORDS_LOST,  /* apologies or events that no row tells of */
    METRIC_CHORES_FAILED, /* retention or gauges that could not run */
    METRIC_LOG_LINES_LOST,
    METRICS,
};

void metrics_count(enum metric metric);

/* Why the signature of a webhook did not count. */
enum signature_refusal {
    REFUSAL_MISSING,  /* there is none of an accepted version */
    REFUSAL_WRONG,    /* not made with our tokens, for our URLs */
    REFUSAL_REPLAYED, /* its nonce came so long ago that this is not Plivo trying again */
    REFUSAL_CHANGED,  /* its nonce came with another request */
    REFUSALS,
};

/* "missing", "wrong", ...: for metrics and log. */
extern const char *const metrics_refusal_names[REFUSALS];

/* One webhook refused; version: 3 or 2, or 0 without a signature. */
void metrics_count_refusal(enum signature_refusal reason, int version);

/* How many since the start, of all versions. */
uint64_t metrics_refusals(enum signature_refusal reason);

/* A webhook whose signature was valid; proxy: whose number it was about, as it was dialled; of
 * value 0 when that is not sure. The last 1,000 numbers that came are told apart. */
void metrics_saw_webhook(struct number proxy);

/* One webhook answered: by its outcome, and how long it took. A word that is no label of
 * outcomes.def counts as "other". */
void metrics_count_answer(const char *outcome, int64_t microseconds);

/* One statement asked for so many requests. */
void metrics_count_batch(size_t requests);

/* A value that the database reports (masking.gauges()): name and labels are Prometheus text,
 * made by that function. */
enum { GAUGES_MAX = 256, GAUGE_NAME = 64, GAUGE_LABELS = 96 };
struct gauge {
    char name[GAUGE_NAME];
    char labels[GAUGE_LABELS]; /* prefix="1415", or empty */
    double value;
};

/* Replaces all of them. */
void metrics_set_gauges(const struct gauge gauges[], size_t count);

/* One statement answered or given up by the database, and how long that took. */
void metrics_count_statement(int64_t microseconds);

/* What others know at the moment of asking. */
struct metrics_now {
    size_t waiting;             /* requests in the switchboard's queue */
    size_t posts;               /* records that wait to be written ... */
    double oldest_post_seconds; /* ... and how long the oldest of them does */
    bool ready;                 /* the database answers */
    int busy;                   /* workers with a request in hand */
    long workers;
};

/* Prometheus text format 0.0.4. */
void metrics_write(struct response *response, const struct metrics_now *now);
