/*
 * requests.h - the questions that number-masking-plivo place asks of the database: who is to be
 * rung now, and what became of it. What may be placed and what Plivo's answers mean is decided
 * there, in sql/requests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "db.h"
#include "must_check.h"
#include "rest.h"

enum { REQUEST_ID = 64, REQUEST_BODY = 8192, REQUEST_STATE = 32 };

struct taken {
    char request_id[REQUEST_ID]; /* "": nothing is to be placed now */
    char body[REQUEST_BODY];     /* JSON, as POST Call/ takes it */
    int wait_ms;                 /* until asked again */
    bool stands_by;              /* another one places */
};

/* With nothing in hand: what was taken before and not reported becomes unknown. */
MUST_CHECK enum db_status requests_take(struct db *db, int64_t placer, const struct config *config,
                                        struct taken *taken);

/* state: what the request is in by now, for the log. */
MUST_CHECK enum db_status requests_report(struct db *db, int64_t placer, const char *request_id,
                                          const struct rest_answer *answer,
                                          char state[REQUEST_STATE]);

/* Another one may take over at once. */
MUST_CHECK enum db_status requests_leave(struct db *db, int64_t placer);
