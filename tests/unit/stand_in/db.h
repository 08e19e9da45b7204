/*
 * db.h - a database of a test's own: stands in for server/lib/db.c.
 *
 * Each round trip of each connection asks the test's function how it ends and how long it takes;
 * rows come by themselves. With virtual_time.h a lost connection, a late answer or a row that
 * somebody has locked is one line of a unit test. What a round trip must not take longer than
 * is kept as db.c keeps it: past its limit the connection is lost.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../../server/lib/db.h"

enum { STAND_IN_ELEMENTS = 512, STAND_IN_TEXT = 64 };

/* A round trip, as the test sees it. */
struct stand_in_turn {
    const char *statement; /* its name; "connect" and "ping" are round trips too */
    size_t count;          /* elements of the first parameter, if that is an array of texts */
    char elements[STAND_IN_ELEMENTS][STAND_IN_TEXT];
    int64_t began_ms; /* by clock_ms() */
    int limit_ms;
    /* For the test to say: how it ends (DB_OK, unless it says otherwise), after how long. */
    enum db_status status;
    int64_t takes_ms;
    /* The interfaces that the schema serves; the binary's newest, unless it says otherwise. */
    int oldest, newest;
};

/* Called on the thread of the connection, by one at a time. */
typedef void stand_in_script(struct stand_in_turn *turn);

/* Before the first db_connect. */
void stand_in_start(stand_in_script *script);

/* Does the round trip ask about this element? */
int stand_in_asks(const struct stand_in_turn *turn, const char *element);

/* The number that the answer about an element holds: "call-17" has 14150000017. */
int64_t stand_in_number(const char *element);
