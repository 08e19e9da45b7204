/*
 * db.h - one PostgreSQL connection; the only libpq user.
 *
 * It connects, runs a named statement with array parameters, hands out the rows,
 * and turns every failure into one of the words below. A connection belongs to one
 * thread. No round trip blocks longer than the limit it is given: a server that does not
 * answer in time counts as away, and its connection is dropped. Connecting takes two
 * seconds at most for each host of the URL.
 *
 * Failures are logged here, once, with the statement's name and SQLSTATE, never
 * with its values or the server's DETAIL (which quotes them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db_array.h"
#include "must_check.h"

enum db_status {
    DB_OK,
    DB_LOCKED, /* nothing was done, because of a row that somebody else holds: lock, deadlock */
    DB_RETRY,  /* nothing was done, the same may work in a moment: no memory, no disk */
    DB_DOWN,   /* no connection (any more); what was sent may or may not have been done */
    DB_BROKEN, /* the statement cannot work with these values or this schema */
};

struct db;

/* Is this a connection string libpq can read? If not, why says what is wrong with it,
 * without quoting it. */
bool db_url_is_valid(const char *url, char *why, size_t size);

/* Not connected yet. url is copied. NULL when out of memory. */
MUST_CHECK struct db *db_new(const char *url);

/* Where the URL may change: read_url is asked before each connection, so that a rotated password
 * needs no restart. What it returns, allocated, takes the URL's place; NULL: none but that. It
 * is called on the thread that connects. */
void db_follow_url(struct db *db, char *(*read_url)(void));

/* Closes and releases; db may be NULL. */
void db_free(struct db *db);

/* DB_OK with a fresh connection, or DB_DOWN. Drops the old one first. The reason is
 * logged when it is news: the first failure, and then once a minute. */
MUST_CHECK enum db_status db_connect(struct db *db);

/* Drops the connection, if there is one. */
void db_disconnect(struct db *db);

/* Logs that the connection is of use, and how long there was none. For the caller to say, who
 * knows whether the schema fits too. */
void db_say_up(struct db *db);

bool db_is_connected(const struct db *db);

/* An empty round trip, of limit_ms at most. */
MUST_CHECK enum db_status db_ping(struct db *db, int limit_ms);

/* One row of a result, valid inside the callback only. */
struct db_row;
/* A column of another type than the function reads is an error: db_run says so in the end. NULL
 * reads as 0 or "". */
bool db_is_null(const struct db_row *row, int column);
int db_int(const struct db_row *row, int column);        /* column of type integer */
int64_t db_bigint(const struct db_row *row, int column); /* column of type bigint */
double db_float(const struct db_row *row, int column);   /* column of type double precision */
/* Column of type text, terminated; valid inside the callback only. */
const char *db_borrow(const struct db_row *row, int column);
/* Column of type text; cut to size - 1 bytes, always terminated. */
void db_text(const struct db_row *row, int column, char *out, size_t size);

/* A statement: a file of sql/, named as its store function. */
struct db_statement {
    const char *name;
    const char *sql;
    /* The names of the columns that are read, as their readers count them: "place outcome".
     * Others may stand between them, in a schema that is newer. NULL: those that come. */
    const char *columns;
};

enum { DB_PARAMETERS_MAX = 24, DB_COLUMNS_MAX = 16 };

/*
 * Runs the statement with these parameters ($1, $2, ...) and calls each for every row. Waits
 * for limit_ms at most, and as long again where it has to be prepared.
 * Prepared on first use; where a pooler loses prepared statements, sent whole instead.
 *
 * DB_OK: every row was handed out. Else the reason is logged, and each was not called; or it
 * was, and what it read means nothing, since a column was of another type.
 */
MUST_CHECK enum db_status db_run(struct db *db, const struct db_statement *statement,
                                 const struct db_array parameters[], size_t count, int limit_ms,
                                 void (*each)(void *context, const struct db_row *row),
                                 void *context);
