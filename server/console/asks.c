#include "asks.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "secret.h"
#include "users.h"

enum {
    CONNECTIONS = 3,
    TURN_SECONDS = 3,
    ANSWER_MS = 4000, /* longer than the role's statement_timeout */
    AGAIN_MS = 1000,  /* after a failed attempt to connect the next one waits so long */
};

struct seat {
    struct db *db;
    bool is_taken;
    char user[USER_NAME];
};

struct asks {
    pthread_mutex_t lock; /* guards the seats' is_taken and user, and failed_ms */
    pthread_cond_t changed;
    struct seat seats[CONNECTIONS];
    int64_t failed_ms; /* when connecting failed; 0: it did not */
};

struct asks *asks_new(const char *database_url)
{
    struct asks *asks = calloc(1, sizeof *asks);
    if (asks == NULL)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&asks->lock, NULL);
    pthread_cond_init(&asks->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        asks->seats[i].db = db_new(database_url);
        if (asks->seats[i].db == NULL) {
            asks_free(asks);
            return NULL;
        }
        db_follow_url(asks->seats[i].db, secret_read_database_url);
    }
    return asks;
}

void asks_free(struct asks *asks)
{
    if (asks == NULL)
        return;
    for (size_t i = 0; i < CONNECTIONS; i++)
        db_free(asks->seats[i].db);
    pthread_cond_destroy(&asks->changed);
    pthread_mutex_destroy(&asks->lock);
    free(asks);
}

/* Under the lock: a free seat, unless this user has one; one that is connected if possible. */
static struct seat *free_seat(struct asks *asks, const char *user)
{
    struct seat *found = NULL;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct seat *seat = &asks->seats[i];
        if (seat->is_taken && strcmp(seat->user, user) == 0)
            return NULL;
        if (!seat->is_taken && (found == NULL || !db_is_connected(found->db)))
            found = seat;
    }
    return found;
}

struct seat *asks_take(struct asks *asks, const char *user)
{
    struct timespec until;
    struct seat *seat;
    int waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TURN_SECONDS;
    pthread_mutex_lock(&asks->lock);
    while ((seat = free_seat(asks, user)) == NULL && waited == 0)
        waited = pthread_cond_timedwait(&asks->changed, &asks->lock, &until);
    if (seat != NULL) {
        seat->is_taken = true;
        snprintf(seat->user, sizeof seat->user, "%s", user);
    }
    pthread_mutex_unlock(&asks->lock);
    return seat;
}

void asks_leave(struct asks *asks, struct seat *seat)
{
    pthread_mutex_lock(&asks->lock);
    seat->is_taken = false;
    pthread_cond_broadcast(&asks->changed);
    pthread_mutex_unlock(&asks->lock);
}

/* A page says at once that the database is away when another page has just found it so. */
static enum db_status reach(struct asks *asks, struct db *db)
{
    pthread_mutex_lock(&asks->lock);
    bool is_known_away = asks->failed_ms != 0 && clock_ms() - asks->failed_ms < AGAIN_MS;
    pthread_mutex_unlock(&asks->lock);
    if (is_known_away)
        return DB_DOWN;
    enum db_status status = db_connect(db);
    pthread_mutex_lock(&asks->lock);
    asks->failed_ms = status == DB_OK ? 0 : clock_ms();
    pthread_mutex_unlock(&asks->lock);
    return status;
}

struct question {
    const struct db_statement *statement;
    const struct db_array *texts;
    void (*each)(void *context, const struct db_row *row);
    void *context;
};

/* A connection that was left from earlier may be dead without knowing: then once more. */
static enum db_status ask(struct asks *asks, struct db *db, const struct question *q)
{
    bool was_connected = db_is_connected(db);
    enum db_status status = was_connected ? DB_OK : reach(asks, db);
    if (status == DB_OK)
        status = db_run(db, q->statement, q->texts, 1, ANSWER_MS, q->each, q->context);
    if (status == DB_DOWN && was_connected) {
        status = reach(asks, db);
        if (status == DB_OK)
            status = db_run(db, q->statement, q->texts, 1, ANSWER_MS, q->each, q->context);
    }
    return status;
}

static enum ask_status meaning(enum db_status status)
{
    if (status == DB_OK)
        return ASK_OK;
    if (status == DB_DOWN)
        return ASK_AWAY;
    if (status == DB_LOCKED)
        return ASK_LOCKED;
    return status == DB_RETRY ? ASK_FULL : ASK_BROKEN;
}

enum ask_status asks_run(struct asks *asks, struct seat *seat, const struct db_statement *statement,
                         const char *const texts[], size_t count,
                         void (*each)(void *context, const struct db_row *row), void *context)
{
    struct db_array array = {0};
    const struct question question = {statement, &array, each, context};
    db_array_start_text(&array);
    for (size_t i = 0; i < count; i++) {
        if (texts[i] == NULL)
            db_array_add_null(&array);
        else
            db_array_add_text(&array, texts[i]);
    }
    enum db_status status = ask(asks, seat->db, &question);
    db_array_free(&array);
    return meaning(status);
}
