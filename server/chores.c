/* chores.c - see chores.h. */
#include "chores.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "store.h"

enum {
    PATIENCE_MS = 2000, /* a chore that waits longer for its turn is left for next time */
    AGAIN_MS = 500,     /* where a batch found work there may be more; calls come in between */
};

/* The chores as questions: nothing goes in, and how much there was to do (int) comes back. */

static enum db_status ask_gauges(struct db *db, const void *inputs, void *answers, size_t count)
{
    (void)inputs, (void)count;
    static __thread struct gauge gauges[GAUGES_MAX]; /* 42 KB: too much for a stack */
    size_t found;
    *(int *)answers = 0;
    enum db_status status = store_gauges(db, gauges, &found);
    if (status == DB_OK)
        metrics_set_gauges(gauges, found);
    return status;
}

static enum db_status ask_retention(struct db *db, const void *inputs, void *answers, size_t count)
{
    (void)inputs, (void)count;
    int *rows = answers;
    enum db_status status = store_retention_run(db, rows);
    if (status == DB_OK && *rows > 0)
        log_event(LOG_INFO, "numbers_forgotten", "rows=%d", *rows);
    return status;
}

static enum db_status ask_pending(struct db *db, const void *inputs, void *answers, size_t count)
{
    (void)inputs, (void)count;
    int *orders = answers;
    enum db_status status = store_assign_pending(db, orders);
    if (status == DB_OK && *orders > 0)
        log_event(LOG_INFO, "pending_orders_assigned", "orders=%d", *orders);
    return status;
}

static const struct chore {
    struct question question;
    int64_t every_ms;
} chores_table[] = {
    {{"assign_pending", 0, sizeof(int), ask_pending, true}, 5 * 1000},
    {{"gauges", 0, sizeof(int), ask_gauges, true}, 10 * 1000},
    {{"retention_run", 0, sizeof(int), ask_retention, true}, 60 * 1000},
};

enum { CHORES = sizeof chores_table / sizeof chores_table[0] };

struct chores {
    struct switchboard *switchboard;
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

static void *run(void *argument)
{
    struct chores *chores = argument;
    int64_t due[CHORES] = {0}; /* all of them soon after the start */
    size_t next = 0;
    while (wait_until(chores, due[next])) {
        const struct chore *chore = &chores_table[next];
        int found = 0;
        if (switchboard_ask(chores->switchboard, &chore->question, "", &found,
                            clock_ms() + PATIENCE_MS, NULL) != SWITCHBOARD_ANSWERED)
            metrics_count(METRIC_CHORES_FAILED);
        due[next] = clock_ms() + (found > 0 ? AGAIN_MS : chore->every_ms);
        for (size_t i = 0; i < CHORES; i++)
            if (due[i] < due[next])
                next = i;
    }
    return NULL;
}

struct chores *chores_start(struct switchboard *switchboard)
{
    struct chores *chores = calloc(1, sizeof *chores);
    if (chores == NULL)
        goto failed;
    chores->switchboard = switchboard;
    pthread_mutex_init(&chores->lock, NULL);
    pthread_cond_init(&chores->wake, NULL);
    if (pthread_create(&chores->thread, NULL, run, chores) != 0)
        goto failed;
    return chores;
failed:
    log_event(LOG_ERROR, "start_failed", "what=chores reason=\"out of memory or threads\"");
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
    free(chores);
}
