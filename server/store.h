/*
 * store.h - the questions this service asks of the database.
 *
 * One function per question, one file in sql/ per function. Nothing here shows
 * libpq, and nothing runs arbitrary SQL: a new question is a new function. The
 * functions run on a database thread of the switchboard, each with the connection
 * and the scratch memory of that thread, for a whole batch in one round trip.
 *
 * DB_OK: the answers are filled, answers[i] for inputs[i]. Anything else: already
 * logged, and the answers are untouched.
 */
#pragma once

#include <stddef.h>

#include "db.h"
#include "metrics.h"
#include "number.h"

enum { CALL_UUID = 65 }; /* 64 characters and the terminator; Plivo sends 36 */

/* What the database sees of a call: who rings, and which proxy number was dialled. */
struct call {
    char uuid[CALL_UUID];
    struct number caller;
    struct number dialled;
};

enum { OUTCOME = 32 };

/* outcome: "connected" with the number to ring, or the word for why not, as recorded in
 * masking.calls (see the comment on that column). */
struct call_answer {
    char outcome[OUTCOME];
    struct number counterpart;
};

/* Who is to ring? Routes and records each call; see sql/answer_calls.sql. */
MUST_CHECK enum db_status store_answer_calls(struct db *db, const struct call calls[],
                                             struct call_answer answers[], size_t count);

/* A call that heard "sorry" because the database could not be asked in time. */
struct apology {
    char uuid[CALL_UUID];
    struct number dialled;
    int64_t at_ms; /* clock_ms() of the apology */
};

/* Puts apologies on record once the database is back; see sql/record_apologies.sql. */
MUST_CHECK enum db_status store_record_apologies(struct db *db, const struct apology apologies[],
                                                 size_t count);

/* What the database tells the metrics: at most GAUGES_MAX of them, *count are filled. */
MUST_CHECK enum db_status store_gauges(struct db *db, struct gauge gauges[GAUGES_MAX],
                                       size_t *count);

/* One batch of what is past its retention; *rows tells how many lost their numbers. */
MUST_CHECK enum db_status store_retention_run(struct db *db, int *rows);

/* Gives waiting orders proxy numbers that are free by now; *orders tells how many. */
MUST_CHECK enum db_status store_assign_pending(struct db *db, int *orders);

enum { SCHEMA_CHANGE = 64 };

/* The state of the schema: how many migrations, and the last one's name. */
struct schema_version {
    int changes;
    char latest[SCHEMA_CHANGE];
};

MUST_CHECK enum db_status store_schema_version(struct db *db, struct schema_version *version);

/* The schema this binary was built for. */
extern const struct schema_version store_schema_wanted;

/* Releases what this thread's questions keep between batches. */
void store_thread_stop(void);
