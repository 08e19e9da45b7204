/*
 * asks.h - the console's own few connections to the database.
 *
 * One question at a time for each user, three for all of them: however fast somebody clicks, the
 * database has little of it, and calls go through other connections.
 */
#pragma once

#include "db.h"
#include "must_check.h"

enum ask_status {
    ASK_OK,
    ASK_BUSY,   /* no connection is free: see asks_take */
    ASK_LOCKED, /* the database gave the question up: a lock, or its time limit */
    ASK_FULL,   /* the database has no memory or no disk for it now */
    ASK_AWAY,   /* the database does not answer, or refuses the console's login */
    ASK_BROKEN, /* its schema is not the one this console was built for */
};

struct asks;
struct seat;

MUST_CHECK struct asks *asks_new(const char *database_url);
void asks_free(struct asks *asks);

/* A connection for this user, or NULL: their earlier question, or everybody's, took too long. Any
 * thread; waits three seconds at most for its turn. asks_leave gives it back. */
MUST_CHECK struct seat *asks_take(struct asks *asks, const char *user);
void asks_leave(struct asks *asks, struct seat *seat);

/* Runs the statement with the texts as $1 (NULL: an SQL NULL) and hands out the rows. */
MUST_CHECK enum ask_status asks_run(struct asks *asks, struct seat *seat,
                                    const struct db_statement *statement, const char *const texts[],
                                    size_t count,
                                    void (*each)(void *context, const struct db_row *row),
                                    void *context);
