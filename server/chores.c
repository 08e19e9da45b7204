#include "chores.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "counters.h"
#include "log.h"
#include "metrics.h"
#include "store.h"

enum {
    LIMIT_MS = 6000,  /* for a chore's statement: longer than the role's statement_timeout */
    AGAIN_MS = 500,   /* where a batch found work there may be more; others come in between */
    FAILED_MS = 5000, /* at least, after a failure: what failed would fail again */
    FEED_MS = 250,
};

/* One of the threads, with what it does by turns. */
struct line {
    struct chores *chores;
    struct store store;
    const struct chore *table;
    size_t count;
    pthread_t thread;
    bool is_running;
};

struct chores {
    struct switchboard *switchboard;
    long longest_call;
    struct line lines[2];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

struct chore {
    /* found: how much there was to do */
    enum db_status (*run)(struct line *line, int *found);
    int64_t every_ms;
};

enum { CHORES_MAX = 4 }; /* in one line */

static enum db_status run_gauges(struct line *line, int *found)
{
    static struct gauge gauges[GAUGES_MAX]; /* too much for a stack; one thread uses it */
    size_t count;
    enum db_status status = store_gauges(&line->store, gauges, &count, LIMIT_MS);
    if (status == DB_OK)
        metrics_set_gauges(gauges, count);
    *found = 0; /* there is never more to do */
    return status;
}

static enum db_status run_retention(struct line *line, int *found)
{
    enum db_status status = store_retention_run(&line->store, found, LIMIT_MS);
    if (status == DB_OK && *found > 0)
        log_event(LOG_INFO, "numbers_forgotten", "rows=%d", *found);
    return status;
}

static enum db_status run_pending(struct line *line, int *found)
{
    enum db_status status = store_assign_pending(&line->store, found, LIMIT_MS);
    if (status == DB_OK && *found > 0)
        log_event(LOG_INFO, "pending_orders_assigned", "orders=%d", *found);
    return status;
}

/* For the console: it has no way to a server, and a refusal is nothing that a call's row tells. */
static enum db_status run_refusals(struct line *line, int *found)
{
    static uint64_t told[REFUSALS]; /* one thread uses it */
    struct refused since[REFUSALS];
    uint64_t sum = 0;
    *found = 0;
    for (size_t reason = 0; reason < REFUSALS; reason++) {
        since[reason].reason = metrics_refusal_names[reason];
        since[reason].count = metrics_refusals((enum signature_refusal)reason) - told[reason];
        sum += since[reason].count;
    }
    if (sum == 0)
        return DB_OK;
    enum db_status status = store_record_refusals(&line->store, since, REFUSALS, LIMIT_MS);
    for (size_t reason = 0; status == DB_OK && reason < REFUSALS; reason++)
        told[reason] += since[reason].count;
    return status;
}

static enum db_status run_feed(struct line *line, int *found)
{
    return store_feed_run(&line->store, line->chores->longest_call, found, LIMIT_MS);
}

static const struct chore by_turns[CHORES_MAX] = {
    {run_pending, 5 * 1000},
    {run_gauges, 10 * 1000},
    {run_refusals, 10 * 1000},
    {run_retention, 60 * 1000},
};
/* The order system is not to wait for a piece of retention. */
static const struct chore feed[] = {{run_feed, FEED_MS}};

/* false when it is time to end. */
static bool wait_until(struct chores *chores, int64_t until_ms)
{
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_mutex_lock(&chores->lock);
    while (!chores->stopping && clock_ms() < until_ms)
        pthread_cond_clockwait(&chores->wake, &chores->lock, CLOCK_MONOTONIC, &until);
    bool goes_on = !chores->stopping;
    pthread_mutex_unlock(&chores->lock);
    return goes_on;
}

/* Calls first: while they find no database, nor will this. */
static bool is_connected(struct line *line)
{
    return db_is_connected(line->store.db) ||
           (switchboard_is_ready(line->chores->switchboard) && db_connect(line->store.db) == DB_OK);
}

/* When it is this chore's turn again. */
static int64_t do_chore(struct line *line, const struct chore *chore)
{
    int found = 0;
    if (!is_connected(line) || chore->run(line, &found) != DB_OK) {
        counters_count(COUNTER_CHORES_FAILED);
        return clock_ms() + (chore->every_ms < FAILED_MS ? FAILED_MS : chore->every_ms);
    }
    return clock_ms() + (found > 0 && chore->every_ms > AGAIN_MS ? AGAIN_MS : chore->every_ms);
}

static void *run(void *argument)
{
    struct line *line = argument;
    int64_t due[CHORES_MAX] = {0}; /* all of them soon after the start */
    size_t next = 0;
    while (wait_until(line->chores, due[next])) {
        due[next] = do_chore(line, &line->table[next]);
        for (size_t i = 0; i < line->count; i++)
            if (due[i] < due[next])
                next = i;
    }
    return NULL;
}

static bool start_line(struct chores *chores, struct line *line,
                       const struct store_options *options, const struct chore *table, size_t count)
{
    line->chores = chores;
    line->table = table;
    line->count = count;
    line->is_running =
        store_init(&line->store, options) && pthread_create(&line->thread, NULL, run, line) == 0;
    return line->is_running;
}

struct chores *chores_start(const struct store_options *options, struct switchboard *switchboard,
                            long longest_call)
{
    struct chores *chores = calloc(1, sizeof *chores);
    if (chores != NULL) {
        chores->switchboard = switchboard;
        chores->longest_call = longest_call;
        pthread_mutex_init(&chores->lock, NULL);
        pthread_cond_init(&chores->wake, NULL);
        if (start_line(chores, &chores->lines[0], options, by_turns, CHORES_MAX) &&
            start_line(chores, &chores->lines[1], options, feed, 1))
            return chores;
    }
    log_event(LOG_ERROR, "start_failed", "what=chores reason=\"out of memory or threads\"");
    chores_stop(chores);
    return NULL;
}

void chores_stop(struct chores *chores)
{
    if (chores == NULL)
        return;
    pthread_mutex_lock(&chores->lock);
    chores->stopping = true;
    pthread_cond_broadcast(&chores->wake);
    pthread_mutex_unlock(&chores->lock);
    for (size_t i = 0; i < sizeof chores->lines / sizeof chores->lines[0]; i++) {
        if (chores->lines[i].is_running)
            pthread_join(chores->lines[i].thread, NULL);
        store_free(&chores->lines[i].store);
    }
    pthread_cond_destroy(&chores->wake);
    pthread_mutex_destroy(&chores->lock);
    free(chores);
}
