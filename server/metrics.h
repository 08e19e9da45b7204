/*
 * metrics.h - what happened so far, as numbers for Prometheus.
 *
 * Counting is a relaxed atomic addition: cheap, from any thread. Nothing here holds a phone
 * number, and no label comes from a request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "response.h"

enum metric {
    METRIC_SIGNATURES_REFUSED,
    METRIC_REPLAYS_REFUSED,
    METRIC_REQUESTS_REFUSED,  /* by the guards against malformed HTTP */
    METRIC_DATABASE_CONNECTS, /* connections made, the first ones included */
    METRIC_DATABASE_LOSSES,   /* connections lost while in use */
    METRIC_STATEMENTS_FAILED,
    METRIC_RECORDS_LOST,  /* apologies or events that no row tells of */
    METRIC_CHORES_FAILED, /* retention or gauges that could not run */
    METRIC_LOG_LINES_LOST,
    METRICS,
};

void metrics_count(enum metric metric);

/* One webhook answered: by its outcome, and how long it took. An outcome that is not in the
 * list of metrics.c counts as "other". */
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

/* Prometheus text format 0.0.4. waiting: requests in the switchboard's queue; ready: whether
 * the database answers. */
void metrics_write(struct response *response, size_t waiting, bool ready);
