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
    ASK_BUSY,   /* this user's earlier question, or everybody's, took too long */
    ASK_SLOW,   /* the database gave the question up: a lock, or its time limit */
    ASK_AWAY,   /* the database does not answer, or refuses the console's login */
    ASK_BROKEN, /* its schema is not the one this console was built for */
};

struct asks;

MUST_CHECK struct asks *asks_new(const char *database_url);
void asks_free(struct asks *asks);

/* Runs the statement for this user with its texts as $1 (NULL: an SQL NULL) and hands out the
 * rows. Any thread; waits three seconds at most for its turn. */
MUST_CHECK enum ask_status asks_run(struct asks *asks, const char *user,
                                    const struct db_statement *statement, const char *const texts[],
                                    size_t count,
                                    void (*each)(void *context, const struct db_row *row),
                                    void *context);
