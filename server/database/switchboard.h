/*
 * switchboard.h - many waiting requests, one statement.
 *
 * Natural batching: a database thread takes every request that is waiting for the
 * same question (often just one), asks the database once for all of them, hands each
 * its answer, and looks again. Alone, a request costs one round trip; under load one
 * round trip and one commit serve dozens. The threads own the connections, one each,
 * and everything about keeping them: connecting again, pinging, trying again.
 *
 * A request that is not answered by its deadline leaves; nothing it wrote is touched
 * afterwards. A lost connection puts its batch back in the queue: the statements are
 * idempotent, so asking again is safe when it is unknown whether a commit happened.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "must_check.h"
#include "queue.h"
#include "store.h"

struct switchboard;

enum { SWITCHBOARD_CONNECTIONS_MAX = 64 };

struct switchboard_options {
    struct store_options store;
    long connections;        /* each with a thread; at most SWITCHBOARD_CONNECTIONS_MAX */
    long askers;             /* how many threads may ask at once */
    long answer_deadline_ms; /* how long a round trip may take: no caller waits longer */
};

enum switchboard_status {
    SWITCHBOARD_ANSWERED,
    SWITCHBOARD_TIMEOUT, /* the deadline came, or is too near to ask */
    SWITCHBOARD_FULL,    /* the database is silent and enough are waiting: answered at once */
    SWITCHBOARD_REFUSED, /* the database cannot answer this input (DB_BROKEN) */
};

/*
 * Starts the threads; they connect on their own. NULL when out of memory or threads,
 * already logged. What the options point to must outlive the switchboard.
 */
MUST_CHECK struct switchboard *switchboard_start(const struct switchboard_options *options);

/* Writes what was posted, if the database takes it within a few seconds, and ends the
 * threads. Nobody may be asking any more. */
void switchboard_stop(struct switchboard *switchboard);

/*
 * Waits for the answer until clock_ms() reaches deadline_ms. Any thread but the
 * switchboard's own. *answer is written only with SWITCHBOARD_ANSWERED; *batch, if not
 * NULL, then tells how many shared the statement.
 */
MUST_CHECK enum switchboard_status switchboard_ask(struct switchboard *switchboard,
                                                   const struct question *question,
                                                   const void *input, void *answer,
                                                   int64_t deadline_ms, unsigned *batch);

/*
 * Leaves something to be written as soon as the database takes it, and does not wait.
 * false when too much is left already: it is lost, and the caller says so.
 */
MUST_CHECK bool switchboard_post(struct switchboard *switchboard, const struct question *question,
                                 const void *input);

/* Did the database answer within the last second? */
bool switchboard_is_ready(struct switchboard *switchboard);

/* Requests in the queue at this moment. */
size_t switchboard_waiting(struct switchboard *switchboard);

/* How many posts wait, and for how many seconds the oldest of them does. */
size_t switchboard_posts(struct switchboard *switchboard, double *oldest_seconds);

/*
 * Waits until a thread has tried to connect for the first time. false when it found a
 * schema other than the one this binary was built for, already logged: do not start.
 * A database that is away is no reason not to start.
 */
MUST_CHECK bool switchboard_schema_fits(struct switchboard *switchboard);
