/*
 * metrics.h - what happened so far, as numbers for Prometheus: the counters of counters.h, what
 * is counted by outcome and by reason, and what the database told.
 *
 * Counting is cheap, from any thread. Nothing here holds a phone number of a party, and nothing
 * that a request says becomes a label. What the database knows is not counted here too: that would
 * begin anew with each process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

struct response;

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

/* One webhook answered: by its outcome, and how long it took. A word that is no label of
 * outcomes.def counts as "other". */
void metrics_count_answer(const char *outcome, int64_t microseconds);

/* What the database reports (masking.gauges()), GAUGES_MAX at most. Replaces all of them, and is
 * shown for ten minutes, unless it is told again. */
void metrics_set_gauges(const struct gauge gauges[], size_t count);

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
