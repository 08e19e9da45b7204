#include "switchboard.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "counters.h"
#include "interface.h"
#include "log.h"
#include "store.h"

enum {
    PING_MS = 400,   /* how often an idle connection is asked whether it is there */
    READY_MS = 1000, /* the database counts as there this long after its last answer */
    HELP_MS = 3,     /* a batch that takes longer than this is not waited for */
    BACKOFF_MS = 50, /* first pause after a failure; doubles */
    BACKOFF_MAX_MS = 1000,
    STOP_MS = 3000, /* how long stopping waits for posts to be written */
};

/* What is known of the database's schema. */
enum schema {
    SCHEMA_UNTRIED, /* no thread has come back from its first attempt */
    SCHEMA_UNSEEN,  /* the database was away each time */
    SCHEMA_WRONG,   /* not the one this binary was built for: nothing is asked */
    SCHEMA_FITS,    /* it fitted once; a later migration is warned about, no more */
};

struct switchboard {
    pthread_mutex_t lock;
    pthread_cond_t work;  /* there is something to do for an idle thread, or stopping */
    pthread_cond_t ended; /* stopping: for threads that pause, whom work does not concern */
    struct queue queue;
    bool stopping;
    int64_t stop_by_ms;
    enum schema schema;
    pthread_cond_t tried;        /* a thread tried to connect: schema is not UNTRIED any more */
    _Atomic int64_t answered_ms; /* clock_ms() of the database's last answer; 0: never */
    struct switchboard_options options;
    int64_t began_ms[SWITCHBOARD_CONNECTIONS_MAX]; /* when each thread took its batch; 0: it
                                                          has none */
    size_t watching; /* idle threads that look at the clock for what waits: see next_duty */
    pthread_t threads[SWITCHBOARD_CONNECTIONS_MAX];
    size_t thread_count;
};

/* One thread of the switchboard, and what only that thread uses. */
struct thread {
    struct switchboard *board;
    struct store store;
    int64_t *began_ms; /* the board's field for this thread */
    struct batch batch;
    struct settled settled;
};

/* ---- a batch; the lock is not held ---- */

static void note_answer(struct switchboard *board)
{
    atomic_store_explicit(&board->answered_ms, clock_ms(), memory_order_relaxed);
}

/* How long a round trip may take: no caller waits longer. */
static int limit_ms(const struct switchboard *board)
{
    return (int)board->options.answer_deadline_ms;
}

static enum batch_end end_of(enum db_status status, const struct batch *batch)
{
    switch (status) {
    case DB_OK:
        return BATCH_ANSWERED;
    case DB_BROKEN:
        return batch->count == 1 ? BATCH_REFUSED : BATCH_APART;
    case DB_LOCKED:
        return BATCH_APART;
    case DB_RETRY:
    case DB_DOWN:
        break;
    }
    return BATCH_BACK;
}

/* Asks for the batch and settles it. The semaphores are posted after the lock is released, so a
 * woken thread does not run into it. Returns DB_DOWN or DB_RETRY where this thread should pause. */
static enum db_status work(struct thread *thread)
{
    struct switchboard *board = thread->board;
    struct batch *batch = &thread->batch;
    struct settled *settled = &thread->settled;
    enum db_status status = batch->question->ask(&thread->store, batch->inputs, batch->answers,
                                                 batch->count, limit_ms(board));
    counters_observe(DISTRIBUTION_BATCHES, (int64_t)batch->count);
    if (status == DB_OK || status == DB_BROKEN)
        note_answer(board);
    pthread_mutex_lock(&board->lock);
    queue_settle(&board->queue, batch, end_of(status, batch), clock_ms(), settled);
    bool goes_on = status != DB_DOWN && status != DB_RETRY;
    if (!goes_on)
        pthread_cond_signal(&board->work); /* another thread may be luckier with what went back */
    pthread_mutex_unlock(&board->lock);
    for (size_t i = 0; i < settled->done_count; i++)
        sem_post(&settled->done[i]->done);
    for (size_t i = 0; i < settled->lost; i++)
        counters_count(COUNTER_RECORDS_LOST);
    return goes_on ? DB_OK : status;
}

/* ---- the database threads ---- */

static void wait_until(struct switchboard *board, pthread_cond_t *condition, int64_t until_ms)
{
    struct timespec time = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_cond_clockwait(condition, &board->lock, CLOCK_MONOTONIC, &time);
}

/* After stopping began: nothing left, or no time left to write it. */
static bool must_end(const struct switchboard *board)
{
    return board->stopping && (queue_is_empty(&board->queue) || clock_ms() >= board->stop_by_ms);
}

enum duty { WORK, PING, END };

/*
 * Until when a connection can be expected to be free in a moment: a thread took a batch less than
 * HELP_MS ago, and most batches take less. 0: there is no such thread. Until then the queue is
 * left to that thread: one large batch costs the database less than two small ones, and one
 * thread's waking less than two. The other connections are for when that batch is held up. The
 * lock is held.
 */
static int64_t free_soon_until(const struct switchboard *board, int64_t now)
{
    int64_t until = 0;
    for (int i = 0; i < board->options.connections; i++)
        if (board->began_ms[i] != 0 && now - board->began_ms[i] < HELP_MS &&
            until < board->began_ms[i] + HELP_MS)
            until = board->began_ms[i] + HELP_MS;
    return until;
}

/*
 * A worker has added something to the queue: wakes a database thread if one is needed. The lock
 * is held. With database threads A and B:
 *
 *   1. A takes a batch; B has nothing to do and sleeps.
 *   2. A worker adds a ticket 1 ms later, and wakes B, which becomes the watcher: B sleeps until
 *      A has had its HELP_MS. Workers that add more meanwhile find a watcher, and wake nobody.
 *   3. Either A comes back first, takes the tickets, and B finds nothing when it wakes; or A's
 *      batch is held up, and B takes the tickets.
 */
static void call_for_help(struct switchboard *board)
{
    if (board->watching == 0 || free_soon_until(board, clock_ms()) == 0)
        pthread_cond_signal(&board->work);
}

/* Nothing to do for this thread until then, or until it is woken. The lock is held. */
static void idle(struct switchboard *board, bool watches, int64_t until)
{
    board->watching += watches;
    wait_until(board, &board->work, until);
    board->watching -= watches;
}

/* What to do next; waits until there is something. A batch is taken with WORK. */
static enum duty next_duty(struct thread *thread)
{
    struct switchboard *board = thread->board;
    int64_t now = clock_ms(), ping_at = now + PING_MS;
    enum duty duty;
    pthread_mutex_lock(&board->lock);
    *thread->began_ms = 0;
    for (;; now = clock_ms()) {
        bool has_work = queue_has_work(&board->queue, now);
        int64_t soon_until = board->stopping ? 0 : free_soon_until(board, now);
        if (must_end(board)) {
            duty = END;
            break;
        }
        if (has_work && soon_until == 0 && queue_take(&board->queue, &thread->batch, now)) {
            duty = WORK;
            *thread->began_ms = now;
            if (queue_has_work(&board->queue, now))
                call_for_help(board);
            break;
        }
        if (now >= ping_at) {
            duty = PING;
            break;
        }
        idle(board, has_work, has_work && soon_until < ping_at ? soon_until : ping_at);
    }
    pthread_mutex_unlock(&board->lock);
    return duty;
}

/* false when the switchboard is stopping and its time is up. */
static bool pause_after_failure(struct switchboard *board, int64_t *backoff)
{
    int64_t until = clock_ms() + *backoff;
    pthread_mutex_lock(&board->lock);
    /* Not on work: its signal wakes one thread, and that must be one which can work. */
    while (!must_end(board) && clock_ms() < until)
        wait_until(board, &board->ended, until);
    bool ends = must_end(board);
    pthread_mutex_unlock(&board->lock);
    *backoff = *backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : *backoff * 2;
    return !ends;
}

/* Servers that run while a migration adds to the schema must go on (the functions they call
 * are still there), so only the first look decides. */
static enum schema note_schema(struct switchboard *board, enum schema seen)
{
    pthread_mutex_lock(&board->lock);
    if (board->schema != SCHEMA_FITS)
        board->schema = seen;
    seen = board->schema;
    pthread_cond_broadcast(&board->tried);
    pthread_mutex_unlock(&board->lock);
    return seen;
}

static enum db_status connect_and_check(struct switchboard *board, struct store *store)
{
    bool fits = false;
    enum schema seen = SCHEMA_UNSEEN;
    enum db_status status = db_connect(store->db);
    if (status == DB_OK)
        status = interface_ask(store->db, "masking_server", limit_ms(board), &fits);
    if (status == DB_OK || status == DB_BROKEN)
        seen = fits ? SCHEMA_FITS : SCHEMA_WRONG;
    if (seen == SCHEMA_FITS)
        note_answer(board); /* before anybody is told that it fits */
    if (note_schema(board, seen) == SCHEMA_FITS && status == DB_OK) {
        db_say_up(store->db);
        return DB_OK;
    }
    db_disconnect(store->db);
    return DB_DOWN;
}

bool switchboard_schema_fits(struct switchboard *board)
{
    pthread_mutex_lock(&board->lock);
    while (board->schema == SCHEMA_UNTRIED)
        pthread_cond_wait(&board->tried, &board->lock);
    bool fits = board->schema != SCHEMA_WRONG;
    pthread_mutex_unlock(&board->lock);
    return fits;
}

static enum db_status ping(struct thread *thread)
{
    enum db_status status = db_ping(thread->store.db, limit_ms(thread->board));
    if (status == DB_OK)
        note_answer(thread->board);
    return status;
}

static void *run(void *argument)
{
    struct thread *thread = argument;
    int64_t backoff = BACKOFF_MS;
    for (;;) {
        enum db_status status;
        if (!db_is_connected(thread->store.db)) {
            status = connect_and_check(thread->board, &thread->store);
        } else {
            enum duty duty = next_duty(thread);
            if (duty == END)
                break;
            status = duty == WORK ? work(thread) : ping(thread);
        }
        if (status == DB_OK)
            backoff = BACKOFF_MS;
        else if (!pause_after_failure(thread->board, &backoff))
            break;
    }
    store_free(&thread->store);
    free(thread);
    return NULL;
}

static bool start_thread(struct switchboard *board)
{
    struct thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return false;
    thread->board = board;
    thread->began_ms = &board->began_ms[board->thread_count];
    if (!store_init(&thread->store, &board->options.store) ||
        pthread_create(&board->threads[board->thread_count], NULL, run, thread) != 0) {
        store_free(&thread->store);
        free(thread);
        return false;
    }
    board->thread_count++;
    return true;
}

struct switchboard *switchboard_start(const struct switchboard_options *options)
{
    struct switchboard *board = calloc(1, sizeof *board);
    if (board == NULL)
        goto failed;
    board->options = *options;
    pthread_mutex_init(&board->lock, NULL);
    pthread_cond_init(&board->work, NULL);
    pthread_cond_init(&board->ended, NULL);
    pthread_cond_init(&board->tried, NULL);
    /* The other workers stay free to apologise. Rounded up: with one worker, it waits. */
    if (!queue_init(&board->queue, (size_t)(options->askers + 3) / 4))
        goto failed;
    while (board->thread_count < (size_t)options->connections)
        if (!start_thread(board))
            goto failed;
    return board;
failed:
    log_event(LOG_ERROR, "start_failed", "what=switchboard reason=\"out of memory or threads\"");
    if (board != NULL)
        switchboard_stop(board);
    return NULL;
}

void switchboard_stop(struct switchboard *board)
{
    pthread_mutex_lock(&board->lock);
    board->stopping = true;
    board->stop_by_ms = clock_ms() + STOP_MS;
    pthread_cond_broadcast(&board->work);
    pthread_cond_broadcast(&board->ended);
    pthread_mutex_unlock(&board->lock);
    for (size_t i = 0; i < board->thread_count; i++)
        pthread_join(board->threads[i], NULL);
    if (board->queue.post_count > 0)
        log_event(LOG_ERROR, "records_lost", "count=%zu reason=\"database away while stopping\"",
                  board->queue.post_count);
    pthread_cond_destroy(&board->tried);
    pthread_cond_destroy(&board->ended);
    pthread_cond_destroy(&board->work);
    pthread_mutex_destroy(&board->lock);
    queue_free(&board->queue);
    free(board);
}

/* ---- for the workers ---- */

static bool enter(struct switchboard *board, struct ticket *ticket)
{
    pthread_mutex_lock(&board->lock);
    bool enters = queue_enter(&board->queue, ticket, clock_ms());
    if (enters)
        call_for_help(board);
    pthread_mutex_unlock(&board->lock);
    return enters;
}

/* The deadline has come. Leaves the queue or the batch, unless the answer is there by now. */
static bool leave(struct switchboard *board, struct ticket *ticket)
{
    pthread_mutex_lock(&board->lock);
    bool left = queue_leave(&board->queue, ticket);
    pthread_mutex_unlock(&board->lock);
    return left;
}

/* Until it is done, or the deadline has come and it has left. false: it has left. */
static bool wait_for_answer(struct switchboard *board, struct ticket *ticket)
{
    const int64_t ms = ticket->deadline_ms;
    const struct timespec deadline = {ms / 1000, ms % 1000 * 1000000};
    int waited;
    while ((waited = sem_clockwait(&ticket->done, CLOCK_MONOTONIC, &deadline)) != 0 &&
           errno == EINTR)
        ;
    if (waited != 0) {
        if (leave(board, ticket))
            return false;
        /* Answered between the deadline and the lock: the post is on its way. */
        while (sem_wait(&ticket->done) != 0)
            ;
    }
    /* The semaphore has ordered this thread behind the answer. ThreadSanitizer does not know
     * sem_clockwait, but it understands this. */
    (void)atomic_load_explicit(&ticket->state, memory_order_acquire);
    return true;
}

enum switchboard_status switchboard_ask(struct switchboard *board, const struct question *question,
                                        const void *input, void *answer, int64_t deadline_ms,
                                        unsigned *batch)
{
    enum switchboard_status status = SWITCHBOARD_FULL;
    struct ticket ticket = {
        .question = question, .input = input, .answer = answer, .deadline_ms = deadline_ms};
    sem_init(&ticket.done, 0, 0);
    if (enter(board, &ticket)) {
        if (!wait_for_answer(board, &ticket))
            status = SWITCHBOARD_TIMEOUT;
        else
            status = ticket.answered ? SWITCHBOARD_ANSWERED : SWITCHBOARD_REFUSED;
        if (batch != NULL)
            *batch = ticket.batch_size;
    }
    sem_destroy(&ticket.done);
    return status;
}

bool switchboard_post(struct switchboard *board, const struct question *question, const void *input)
{
    pthread_mutex_lock(&board->lock);
    bool room = queue_post(&board->queue, question, input, clock_ms());
    if (room)
        call_for_help(board);
    pthread_mutex_unlock(&board->lock);
    return room;
}

bool switchboard_is_ready(struct switchboard *board)
{
    int64_t answered = atomic_load_explicit(&board->answered_ms, memory_order_relaxed);
    return answered != 0 && clock_ms() - answered < READY_MS;
}

size_t switchboard_waiting(struct switchboard *board)
{
    pthread_mutex_lock(&board->lock);
    size_t waiting = board->queue.waiting;
    pthread_mutex_unlock(&board->lock);
    return waiting;
}

size_t switchboard_posts(struct switchboard *board, double *oldest_seconds)
{
    pthread_mutex_lock(&board->lock);
    size_t count = board->queue.post_count;
    int64_t oldest = queue_oldest_post_ms(&board->queue);
    pthread_mutex_unlock(&board->lock);
    *oldest_seconds = oldest == 0 ? 0 : (double)(clock_ms() - oldest) / 1000.0;
    return count;
}
