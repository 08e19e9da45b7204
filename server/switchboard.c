/* switchboard.c - see switchboard.h. */
#include "switchboard.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "store.h"

enum {
    BATCH_MAX = 256,   /* requests in one statement */
    POSTS_MAX = 16384, /* posted items kept while the database is away */
    POSTS_TURN = 16,   /* one batch in so many may be posts though requests are waiting */
    PING_MS = 400,     /* how often an idle connection is asked whether it is there */
    READY_MS = 1000,   /* the database counts as there this long after its last answer */
    LAST_MS = 20,      /* a request nearer to its deadline than this is not asked for */
    SILENT_MS = 500,   /* with nothing answered for this long, not everybody may wait */
    HELP_MS = 3,       /* a batch that takes longer than this is not waited for */
    BACKOFF_MS = 50,   /* first pause after a failure; doubles */
    BACKOFF_MAX_MS = 1000,
    CHORE_MS = 6000, /* a chore's statement: longer than the role's statement_timeout */
    STOP_MS = 3000,  /* how long stopping waits for posts to be written */
};

enum ticket_state {
    WAITING, /* in the queue */
    TAKEN,   /* in a batch; batch and place say where */
    DONE,    /* status is set and, with SWITCHBOARD_ANSWERED, the answer copied */
};

/* A request's place in the queue. It lives on the asking thread's stack; the queue and
 * the batches point to it only while that thread is inside switchboard_ask. */
struct ticket {
    struct ticket *next, *previous;
    const struct question *question;
    const void *input;
    void *answer;
    int64_t deadline_ms;
    _Atomic enum ticket_state state;
    enum switchboard_status status;
    struct batch *batch;
    size_t place;
    unsigned batch_size;
    sem_t *done;
};

struct post {
    const struct question *question;
    _Alignas(8) char input[QUESTION_INPUT_BYTES];
};

/* What one database thread works on. Inputs are copied out of the tickets, so a ticket
 * whose deadline has come can leave while the statement runs. */
struct batch {
    const struct question *question;
    size_t count;
    struct ticket *tickets[BATCH_MAX]; /* NULL: left, or a post */
    _Alignas(8) char inputs[BATCH_MAX * QUESTION_INPUT_BYTES];
    _Alignas(8) char answers[BATCH_MAX * QUESTION_ANSWER_BYTES];
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
    pthread_cond_t work;  /* something was queued or posted, or stopping */
    pthread_cond_t ended; /* stopping: for threads that pause, whom work does not concern */
    struct ticket *first, *last;
    size_t waiting;
    size_t asking, asking_max; /* tickets not done; how many may be while it is silent */
    int64_t progress_ms;       /* when a ticket was answered last, or waited for nobody */
    bool silent;               /* no ticket was answered since one's deadline came */
    struct post *posts;        /* a ring */
    size_t post_first, post_count;
    size_t posts_out; /* in batches; their places are kept, since they may come back */
    unsigned turn;    /* batches of requests since the last one of posts */
    bool stopping;
    int64_t stop_by_ms;
    enum schema schema;
    pthread_cond_t tried;        /* a thread tried to connect: schema is not UNTRIED any more */
    _Atomic int64_t answered_ms; /* clock_ms() of the database's last answer; 0: never */
    const struct config *config;
    int64_t began_ms[CONFIG_DATABASE_CONNECTIONS_MAX]; /* when each thread took its batch; 0: it has
                                                          none */
    pthread_t threads[CONFIG_DATABASE_CONNECTIONS_MAX];
    size_t thread_count;
};

/* ---- the queue; the lock is held ---- */

static void enqueue_last(struct switchboard *board, struct ticket *ticket)
{
    ticket->state = WAITING;
    ticket->next = NULL;
    ticket->previous = board->last;
    if (board->last != NULL)
        board->last->next = ticket;
    else
        board->first = ticket;
    board->last = ticket;
    board->waiting++;
}

static void enqueue_first(struct switchboard *board, struct ticket *ticket)
{
    ticket->state = WAITING;
    ticket->previous = NULL;
    ticket->next = board->first;
    if (board->first != NULL)
        board->first->previous = ticket;
    else
        board->last = ticket;
    board->first = ticket;
    board->waiting++;
}

static void dequeue(struct switchboard *board, struct ticket *ticket)
{
    if (ticket->previous != NULL)
        ticket->previous->next = ticket->next;
    else
        board->first = ticket->next;
    if (ticket->next != NULL)
        ticket->next->previous = ticket->previous;
    else
        board->last = ticket->previous;
    board->waiting--;
}

static void take_ticket(struct switchboard *board, struct batch *batch, struct ticket *ticket)
{
    dequeue(board, ticket);
    ticket->state = TAKEN;
    ticket->batch = batch;
    ticket->place = batch->count;
    memcpy(batch->inputs + batch->count * batch->question->input_size, ticket->input,
           batch->question->input_size);
    batch->tickets[batch->count++] = ticket;
}

/* A ticket goes without an answer. What chores wait for says nothing about the calls. */
static void note_silence(struct switchboard *board, const struct ticket *ticket)
{
    if (ticket->question->is_chore)
        return;
    board->asking--;
    board->silent = true;
}

static void turn_away(struct switchboard *board, struct ticket *ticket)
{
    sem_t *done = ticket->done; /* once it is done the ticket is its asker's */
    dequeue(board, ticket);
    note_silence(board, ticket);
    ticket->status = SWITCHBOARD_TIMEOUT;
    atomic_store_explicit(&ticket->state, DONE, memory_order_release);
    sem_post(done);
}

/* Everyone who waits for what the first one waits for. Nobody's answer may be on its way to
 * the record while the deadline comes and the caller hears something else. */
static void take_tickets(struct switchboard *board, struct batch *batch)
{
    int64_t now = clock_ms();
    batch->question = board->first->question;
    for (struct ticket *ticket = board->first, *next; ticket != NULL && batch->count < BATCH_MAX;
         ticket = next) {
        next = ticket->next;
        if (ticket->deadline_ms - now < LAST_MS)
            turn_away(board, ticket);
        else if (ticket->question == batch->question)
            take_ticket(board, batch, ticket);
    }
}

/* The oldest posts of one kind. */
static void take_posts(struct switchboard *board, struct batch *batch)
{
    batch->question = board->posts[board->post_first].question;
    while (board->post_count > 0 && batch->count < BATCH_MAX &&
           board->posts[board->post_first].question == batch->question) {
        memcpy(batch->inputs + batch->count * batch->question->input_size,
               board->posts[board->post_first].input, batch->question->input_size);
        batch->tickets[batch->count++] = NULL;
        board->post_first = (board->post_first + 1) % POSTS_MAX;
        board->post_count--;
    }
    board->posts_out += batch->count;
    if (board->post_count == 0)
        board->post_first = 0; /* stays in the memory it has touched */
}

/* Posts that could not be written go back, oldest first again. */
static void return_posts(struct switchboard *board, const struct batch *batch)
{
    board->posts_out -= batch->count;
    for (size_t i = batch->count; i-- > 0;) {
        board->post_first = (board->post_first + POSTS_MAX - 1) % POSTS_MAX;
        struct post *post = &board->posts[board->post_first];
        post->question = batch->question;
        memcpy(post->input, batch->inputs + i * batch->question->input_size,
               batch->question->input_size);
        board->post_count++;
    }
}

/* ---- a batch; the lock is not held ---- */

/* Tells everyone in the batch who has not left. The semaphores are posted after the lock is
 * released, so a woken thread does not run into it. */
static void finish_batch(struct switchboard *board, struct batch *batch, bool posted,
                         const enum switchboard_status status[])
{
    sem_t *wake[BATCH_MAX];
    size_t waking = 0;
    size_t answer_size = batch->question->answer_size;
    pthread_mutex_lock(&board->lock);
    if (posted)
        board->posts_out -= batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        struct ticket *ticket = batch->tickets[i];
        if (ticket == NULL) { /* it left, or it was a post */
            if (posted && status[i] == SWITCHBOARD_REFUSED)
                metrics_count(METRIC_RECORDS_LOST);
            continue;
        }
        ticket->status = status[i];
        ticket->batch_size = (unsigned)batch->count;
        if (status[i] == SWITCHBOARD_ANSWERED && answer_size > 0)
            memcpy(ticket->answer, batch->answers + i * answer_size, answer_size);
        wake[waking++] = ticket->done;
        atomic_store_explicit(&ticket->state, DONE, memory_order_release);
    }
    if (waking > 0 && !batch->question->is_chore) {
        board->asking -= waking;
        board->progress_ms = clock_ms();
        board->silent = false;
    }
    pthread_mutex_unlock(&board->lock);
    for (size_t i = 0; i < waking; i++)
        sem_post(wake[i]);
}

static void return_batch(struct switchboard *board, struct batch *batch, bool posted)
{
    pthread_mutex_lock(&board->lock);
    if (posted)
        return_posts(board, batch);
    for (size_t i = batch->count; i-- > 0;)
        if (batch->tickets[i] != NULL)
            enqueue_first(board, batch->tickets[i]);
    pthread_cond_signal(&board->work);
    pthread_mutex_unlock(&board->lock);
}

static void note_answer(struct switchboard *board)
{
    atomic_store_explicit(&board->answered_ms, clock_ms(), memory_order_relaxed);
}

/* Does anybody still want this element's answer? If not, it must not go on record either. */
static bool is_wanted(struct switchboard *board, const struct batch *batch, size_t i, bool posted)
{
    if (posted)
        return true;
    pthread_mutex_lock(&board->lock);
    const struct ticket *ticket = batch->tickets[i];
    bool wanted = ticket != NULL && ticket->deadline_ms - clock_ms() >= LAST_MS;
    pthread_mutex_unlock(&board->lock);
    return wanted;
}

/*
 * One element that the database cannot work with must not spoil its neighbours: each is
 * asked for on its own. Returns DB_OK when every element has its status, else what to do
 * with the whole batch (asking an element twice is harmless).
 */
static enum db_status ask_one_by_one(struct switchboard *board, struct db *db, struct batch *batch,
                                     bool posted, enum switchboard_status status[])
{
    const struct question *question = batch->question;
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_wanted(board, batch, i, posted)) {
            status[i] = SWITCHBOARD_TIMEOUT;
            continue;
        }
        enum db_status result = question->ask(db, batch->inputs + i * question->input_size,
                                              batch->answers + i * question->answer_size, 1);
        if (result == DB_DOWN || result == DB_RETRY)
            return result;
        note_answer(board);
        status[i] = result == DB_OK ? SWITCHBOARD_ANSWERED : SWITCHBOARD_REFUSED;
    }
    return DB_OK;
}

static enum db_status ask_batch(struct switchboard *board, struct db *db, struct batch *batch,
                                bool posted, enum switchboard_status status[])
{
    enum db_status result = batch->question->ask(db, batch->inputs, batch->answers, batch->count);
    if (!batch->question->is_chore)
        metrics_count_batch(batch->count);
    if (result == DB_OK || result == DB_BROKEN)
        note_answer(board);
    if (result == DB_BROKEN && batch->count > 1)
        return ask_one_by_one(board, db, batch, posted, status);
    if (result == DB_DOWN || result == DB_RETRY)
        return result;
    for (size_t i = 0; i < batch->count; i++)
        status[i] = result == DB_OK ? SWITCHBOARD_ANSWERED : SWITCHBOARD_REFUSED;
    return DB_OK;
}

/* ---- the database threads ---- */

static void wait_until(struct switchboard *board, pthread_cond_t *condition, int64_t until_ms)
{
    struct timespec time = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_cond_clockwait(condition, &board->lock, CLOCK_MONOTONIC, &time);
}

static bool has_work(const struct switchboard *board)
{
    return board->first != NULL || board->post_count > 0;
}

/* After stopping began: nothing left, or no time left to write it. */
static bool must_end(const struct switchboard *board)
{
    return board->stopping && (!has_work(board) || clock_ms() >= board->stop_by_ms);
}

enum duty { WORK, PING, END };

/* Somebody waits for a request, so requests go first; but under a load that never pauses
 * posts must get their turn too, or they would pile up until some are lost. */
static bool is_posts_turn(struct switchboard *board)
{
    if (board->post_count > 0 && (board->first == NULL || board->turn >= POSTS_TURN)) {
        board->turn = 0;
        return true;
    }
    board->turn++;
    return false;
}

/*
 * Will a connection be free in a moment? Then what waits is left to it: one large batch costs
 * the database less than two small ones, and one thread's waking less than two. The other
 * connections are for when that one is held up. The lock is held.
 */
static bool somebody_comes(const struct switchboard *board)
{
    int64_t now = clock_ms();
    for (size_t i = 0; i < board->thread_count; i++)
        if (board->began_ms[i] != 0 && now - board->began_ms[i] < HELP_MS)
            return true;
    return false;
}

static bool may_work(const struct switchboard *board)
{
    return has_work(board) && (board->stopping || !somebody_comes(board));
}

/* What to do next. A batch is taken with WORK. */
static enum duty next_duty(struct switchboard *board, struct batch *batch, int64_t *began_ms,
                           bool *posted)
{
    enum duty duty = PING;
    batch->count = 0;
    pthread_mutex_lock(&board->lock);
    *began_ms = 0;
    if (!may_work(board) && !board->stopping)
        wait_until(board, &board->work, clock_ms() + PING_MS);
    if (must_end(board)) {
        duty = END;
    } else if (may_work(board)) {
        *posted = is_posts_turn(board);
        if (*posted)
            take_posts(board, batch);
        else
            take_tickets(board, batch);
        if (batch->count > 0) {
            duty = WORK;
            *began_ms = clock_ms();
        }
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

static enum schema compare_schema(const struct schema_version *found)
{
    static struct log_limit limit = {.seconds = 60};
    if (found->changes == store_schema_wanted.changes &&
        strcmp(found->latest, store_schema_wanted.latest) == 0)
        return SCHEMA_FITS;
    log_event_limited(
        &limit, LOG_ERROR, "schema_differs",
        "wanted=%d wanted_latest=%s found=%d found_latest=%s hint=\"%s\"",
        store_schema_wanted.changes, store_schema_wanted.latest, found->changes, found->latest,
        found->changes > store_schema_wanted.changes ? "the database is newer: update this server"
                                                     : "run make migrate for this database");
    return SCHEMA_WRONG;
}

/* Not even the function that tells the version can be called. */
static enum schema miss_schema(void)
{
    static struct log_limit limit = {.seconds = 60};
    log_event_limited(
        &limit, LOG_ERROR, "schema_unreadable",
        "wanted=%d wanted_latest=%s hint=\"was make migrate run for this database, and "
        "is the role of DATABASE_URL masking_server?\"",
        store_schema_wanted.changes, store_schema_wanted.latest);
    return SCHEMA_WRONG;
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

static enum db_status connect_and_check(struct switchboard *board, struct db *db)
{
    struct schema_version found = {0};
    enum schema seen = SCHEMA_UNSEEN;
    enum db_status status = db_connect(db);
    if (status == DB_OK)
        status = store_schema_version(db, &found);
    if (status == DB_OK)
        seen = compare_schema(&found);
    else if (status == DB_BROKEN)
        seen = miss_schema();
    if (note_schema(board, seen) == SCHEMA_FITS && status == DB_OK) {
        db_say_up(db);
        note_answer(board);
        return DB_OK;
    }
    db_disconnect(db);
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

static enum db_status work(struct switchboard *board, struct db *db, struct batch *batch,
                           bool posted)
{
    enum switchboard_status status[BATCH_MAX];
    db_set_limit(db, batch->question->is_chore ? CHORE_MS : (int)board->config->answer_deadline_ms);
    enum db_status result = ask_batch(board, db, batch, posted, status);
    if (result == DB_OK)
        finish_batch(board, batch, posted, status);
    else
        return_batch(board, batch, posted);
    return result;
}

struct thread {
    struct switchboard *board;
    struct db *db;
    int64_t *began_ms; /* the board's field for this thread */
    struct batch batch;
};

static void *run(void *argument)
{
    struct thread *thread = argument;
    struct switchboard *board = thread->board;
    int64_t backoff = BACKOFF_MS;
    for (;;) {
        enum db_status status = DB_OK;
        bool posted = false;
        if (!db_is_connected(thread->db)) {
            status = connect_and_check(board, thread->db);
        } else {
            enum duty duty = next_duty(board, &thread->batch, thread->began_ms, &posted);
            if (duty == END)
                break;
            status = duty == WORK ? work(board, thread->db, &thread->batch, posted)
                                  : db_ping(thread->db);
            if (duty == PING && status == DB_OK)
                note_answer(board);
        }
        if (status == DB_OK)
            backoff = BACKOFF_MS;
        else if (!pause_after_failure(board, &backoff))
            break;
    }
    db_free(thread->db);
    store_thread_stop();
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
    thread->db = db_new(board->config->database_url, (int)board->config->answer_deadline_ms);
    if (thread->db == NULL ||
        pthread_create(&board->threads[board->thread_count], NULL, run, thread) != 0) {
        db_free(thread->db);
        free(thread);
        return false;
    }
    board->thread_count++;
    return true;
}

struct switchboard *switchboard_start(const struct config *config)
{
    struct switchboard *board = calloc(1, sizeof *board);
    if (board == NULL)
        goto failed;
    board->config = config;
    pthread_mutex_init(&board->lock, NULL);
    pthread_cond_init(&board->work, NULL);
    pthread_cond_init(&board->ended, NULL);
    pthread_cond_init(&board->tried, NULL);
    /* The other workers stay free to apologise. Rounded up: with one worker, it waits. */
    board->asking_max = (size_t)(config->workers + 3) / 4;
    board->posts = calloc(POSTS_MAX, sizeof *board->posts);
    if (board->posts == NULL)
        goto failed;
    while (board->thread_count < (size_t)config->database_connections)
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
    if (board->post_count > 0)
        log_event(LOG_ERROR, "records_lost", "count=%zu reason=\"database away while stopping\"",
                  board->post_count);
    pthread_cond_destroy(&board->tried);
    pthread_cond_destroy(&board->ended);
    pthread_cond_destroy(&board->work);
    pthread_mutex_destroy(&board->lock);
    free(board->posts);
    free(board);
}

/* ---- for the workers ---- */

/* Is the database silent while a quarter of the workers wait for it already? If all of them
 * did, new requests would find nobody to apologise. Connecting and pings tell nothing: they
 * work while a lock holds up every statement. The board's lock is held. */
static bool is_full(const struct switchboard *board)
{
    return board->asking >= board->asking_max &&
           (board->silent || clock_ms() - board->progress_ms >= SILENT_MS);
}

static bool enter(struct switchboard *board, struct ticket *ticket)
{
    pthread_mutex_lock(&board->lock);
    bool is_chore = ticket->question->is_chore;
    bool enters = is_chore || !is_full(board);
    if (enters) {
        if (!is_chore && board->asking++ == 0)
            board->progress_ms = clock_ms();
        enqueue_last(board, ticket);
        if (!somebody_comes(board))
            pthread_cond_signal(&board->work);
    }
    pthread_mutex_unlock(&board->lock);
    return enters;
}

/* The deadline has come. Leaves the queue or the batch, unless the answer is there by now. */
static bool leave(struct switchboard *board, struct ticket *ticket)
{
    pthread_mutex_lock(&board->lock);
    bool done = ticket->state == DONE;
    if (ticket->state == WAITING)
        dequeue(board, ticket);
    else if (ticket->state == TAKEN)
        ticket->batch->tickets[ticket->place] = NULL;
    if (!done)
        note_silence(board, ticket);
    pthread_mutex_unlock(&board->lock);
    return !done;
}

enum switchboard_status switchboard_ask(struct switchboard *board, const struct question *question,
                                        const void *input, void *answer, int64_t deadline_ms,
                                        unsigned *batch)
{
    sem_t done;
    struct ticket ticket = {.question = question,
                            .input = input,
                            .answer = answer,
                            .deadline_ms = deadline_ms,
                            .done = &done};
    sem_init(&done, 0, 0);
    if (!enter(board, &ticket)) {
        sem_destroy(&done);
        return SWITCHBOARD_FULL;
    }
    const struct timespec deadline = {deadline_ms / 1000, deadline_ms % 1000 * 1000000};
    int waited;
    while ((waited = sem_clockwait(&done, CLOCK_MONOTONIC, &deadline)) != 0 && errno == EINTR)
        ;
    if (waited != 0) {
        if (leave(board, &ticket)) {
            sem_destroy(&done);
            return SWITCHBOARD_TIMEOUT;
        }
        /* Answered between the deadline and the lock: the post is on its way. */
        while (sem_wait(&done) != 0)
            ;
    }
    /* The semaphore has ordered this thread behind the answer. ThreadSanitizer does not know
     * sem_clockwait, but it understands this. */
    (void)atomic_load_explicit(&ticket.state, memory_order_acquire);
    sem_destroy(&done);
    if (batch != NULL)
        *batch = ticket.batch_size;
    return ticket.status;
}

bool switchboard_post(struct switchboard *board, const struct question *question, const void *input)
{
    pthread_mutex_lock(&board->lock);
    bool room = board->post_count + board->posts_out < POSTS_MAX;
    if (room) {
        struct post *post = &board->posts[(board->post_first + board->post_count) % POSTS_MAX];
        post->question = question;
        memcpy(post->input, input, question->input_size);
        board->post_count++;
        pthread_cond_signal(&board->work);
    }
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
    size_t waiting = board->waiting;
    pthread_mutex_unlock(&board->lock);
    return waiting;
}
