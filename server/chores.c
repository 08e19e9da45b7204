#include "chores.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "counters.h"
#include "log.h"
#include "metrics.h"
#include "store.h"

enum {
    LIMIT_MS = 6000, /* for a chore's statement: longer than the role's statement_timeout */
    AGAIN_MS = 500,  /* where a batch found work there may be more; others come in between */
};

static enum db_status run_gauges(struct store *store, int *found)
{
    static struct gauge gauges[GAUGES_MAX]; /* too much for a stack; one thread uses it */
    size_t count;
    enum db_status status = store_gauges(store, gauges, &count, LIMIT_MS);
    if (status == DB_OK)
        metrics_set_gauges(gauges, count);
    *found = 0; /* there is never more to do */
    return status;
}

static enum db_status run_retention(struct store *store, int *found)
{
    enum db_status status = store_retention_run(store, found, LIMIT_MS);
    if (status == DB_OK && *found > 0)
        log_event(LOG_INFO, "numbers_forgotten", "rows=%d", *found);
    return status;
}

static enum db_status run_pending(struct store *store, int *found)
{
    enum db_status status = store_assign_pending(store, found, LIMIT_MS);
    if (status == DB_OK && *found > 0)
        log_event(LOG_INFO, "pending_orders_assigned", "orders=%d", *found);
    return status;
}

/* For the console: it has no way to a server, and a refusal is nothing that a call's row tells. */
static enum db_status run_refusals(struct store *store, int *found)
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
    enum db_status status = store_record_refusals(store, since, REFUSALS, LIMIT_MS);
    for (size_t reason = 0; status == DB_OK && reason < REFUSALS; reason++)
        told[reason] += since[reason].count;
    return status;
}

static const struct chore {
    enum db_status (*run)(struct store *store, int *found); /* found: how much there was to do */
    int64_t every_ms;
} chores_table[] = {
    {run_pending, 5 * 1000},
    {run_gauges, 10 * 1000},
    {run_refusals, 10 * 1000},
    {run_retention, 60 * 1000},
};

enum { CHORES = sizeof chores_table / sizeof chores_table[0] };

struct chores {
    struct switchboard *switchboard;
    struct store store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

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
static bool is_connected(struct chores *chores)
{
    return db_is_connected(chores->store.db) ||
           (switchboard_is_ready(chores->switchboard) && db_connect(chores->store.db) == DB_OK);
}

static void *run(void *argument)
{
    struct chores *chores = argument;
    int64_t due[CHORES] = {0}; /* all of them soon after the start */
    size_t next = 0;
    while (wait_until(chores, due[next])) {
        const struct chore *chore = &chores_table[next];
        int found = 0;
        if (!is_connected(chores) || chore->run(&chores->store, &found) != DB_OK) {
            counters_count(COUNTER_CHORES_FAILED);
            found = 0;
        }
        due[next] = clock_ms() + (found > 0 ? AGAIN_MS : chore->every_ms);
        for (size_t i = 0; i < CHORES; i++)
            if (due[i] < due[next])
                next = i;
    }
    return NULL;
}

struct chores *chores_start(const struct store_options *options, struct switchboard *switchboard)
{
    struct chores *chores = calloc(1, sizeof *chores);
    if (chores == NULL)
        goto failed;
    chores->switchboard = switchboard;
    pthread_mutex_init(&chores->lock, NULL);
    pthread_cond_init(&chores->wake, NULL);
    if (!store_init(&chores->store, options) ||
        pthread_create(&chores->thread, NULL, run, chores) != 0)
        goto failed;
    return chores;
failed:
    log_event(LOG_ERROR, "start_failed", "what=chores reason=\"out of memory or threads\"");
    if (chores != NULL)
        store_free(&chores->store);
    free(chores);
    return NULL;
}

void chores_stop(struct chores *chores)
{
    if (chores == NULL)
        return;
    pthread_mutex_lock(&chores->lock);
    chores->stopping = true;
    pthread_cond_signal(&chores->wake);
    pthread_mutex_unlock(&chores->lock);
    pthread_join(chores->thread, NULL);
    pthread_cond_destroy(&chores->wake);
    pthread_mutex_destroy(&chores->lock);
    store_free(&chores->store);
    free(chores);
}
