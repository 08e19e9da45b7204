/*
 * queue.h - who waits for the database, who is next, and what becomes of a batch.
 *
 * The rules of the switchboard, and nothing else: no thread, no lock, no clock and no database.
 * The switchboard's threads call it one at a time (they hold the switchboard's lock) and say
 * what time it is. There are two kinds of elements:
 *
 *   a ticket   stands for a worker that waits for an answer until its deadline;
 *   a post     is something to be written, for which nobody waits.
 *
 * A batch is taken, asked for, and settled. What shared a statement that failed because of one
 * of its elements is asked for alone from then on, element by element: so the one in trouble
 * spoils no neighbour, and whom it has delayed once it does not delay again.
 */
#pragma once

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "must_check.h"

struct store;

/* Inputs and answers are copied by value; none is larger than this. Each question copies
 * its own sizes only, so a large one makes no small one slower. */
enum { QUESTION_INPUT_BYTES = 1280, QUESTION_ANSWER_BYTES = 2304 };

/* One kind of question. One static const each; the address is its identity. */
struct question {
    const char *name;
    size_t input_size;
    size_t answer_size; /* 0: nothing comes back */
    /* Asks for count inputs, lying one behind the other; fills as many answers. On a
     * database thread. See store.h for the results. */
    enum db_status (*ask)(struct store *store, const void *inputs, void *answers, size_t count,
                          int limit_ms);
};

enum {
    QUEUE_BATCH_MAX = 256,        /* elements of one statement */
    QUEUE_POSTS_MAX = 16384,      /* posts that are kept while the database is away */
    QUEUE_POSTS_TURN = 16,        /* one batch in so many may be posts though tickets wait */
    QUEUE_LAST_MS = 20,           /* a ticket nearer to its deadline than this is not asked for */
    QUEUE_SILENT_MS = 500,        /* with nothing answered for this long, not everybody may wait */
    QUEUE_LOCKED_PAUSE_MS = 2000, /* how long a post whose row is locked is left alone */
};

enum ticket_state {
    TICKET_WAITING, /* in the queue */
    TICKET_TAKEN,   /* in a batch; batch and place say where */
    TICKET_DONE,    /* settled; if it is answered, the answer is copied */
};

/* A worker's place in the queue. It lives on that thread's stack; the queue and the batches
 * point to it only between queue_enter and queue_leave, or until it is done. */
struct ticket {
    const struct question *question;
    const void *input;
    void *answer;
    int64_t deadline_ms;
    _Atomic enum ticket_state state;
    bool answered;       /* when done: else the database cannot answer this input */
    unsigned batch_size; /* when done: how many shared the statement */
    bool alone;          /* it shared a statement that failed */
    struct ticket *next, *previous;
    struct batch *batch;
    size_t place;
    sem_t done; /* the switchboard's: what the worker waits for */
};

/* How asking for a batch ended. */
enum batch_end {
    BATCH_BACK,     /* nobody knows: back to where they were, to be asked for again */
    BATCH_APART,    /* it failed because of one of its elements: each is asked for alone */
    BATCH_ANSWERED, /* every element has its answer */
    BATCH_REFUSED,  /* the database cannot answer it, and it was one element */
};

/* What one database thread works on. Inputs are copied out of the tickets, so a worker whose
 * deadline has come can leave while the statement runs. */
struct batch {
    const struct question *question;
    bool posted; /* its elements are posts */
    bool alone;  /* it is one element that shared a statement which failed */
    size_t count;
    struct ticket *tickets[QUEUE_BATCH_MAX]; /* NULL: it left, or it is a post */
    int64_t posted_ms[QUEUE_BATCH_MAX];      /* of posts: when each was posted */
    _Alignas(8) char inputs[QUEUE_BATCH_MAX * QUESTION_INPUT_BYTES];
    _Alignas(8) char answers[QUEUE_BATCH_MAX * QUESTION_ANSWER_BYTES];
};

/* What came of a batch: whom to wake, and how many posts the database refused. */
struct settled {
    size_t done_count, lost;
    struct ticket *done[QUEUE_BATCH_MAX];
};

struct post {
    const struct question *question;
    bool alone;  /* it shared a statement that failed */
    bool locked; /* it was asked for alone, and that failed too */
    int64_t posted_ms;
    _Alignas(8) char input[QUESTION_INPUT_BYTES];
};

struct queue {
    struct ticket *first, *last; /* waiting */
    size_t waiting;
    size_t waiting_alone;      /* of those, how many are to be asked for alone */
    size_t asking, asking_max; /* tickets not done; how many may be while it is silent */
    int64_t progress_ms;       /* when a ticket was answered last, or waited for nobody */
    bool silent;               /* no ticket was answered since one's deadline came */
    bool alone_last;           /* the last batch of tickets was one that is asked for alone */
    struct post *posts;        /* a ring */
    size_t post_first, post_count;
    size_t posts_locked;     /* of those, how many are locked */
    int64_t locked_until_ms; /* these are left alone until then */
    size_t posts_out;        /* in batches; their places are kept, since they may come back */
    unsigned posts_wait;     /* batches of tickets since the last one of posts */
};

/* asking_max: how many may wait while the database is silent. false: out of memory. */
MUST_CHECK bool queue_init(struct queue *queue, size_t asking_max);
void queue_free(struct queue *queue);

/* A ticket joins at the end. false: the database is silent and enough wait for it already; then
 * nothing has happened. */
MUST_CHECK bool queue_enter(struct queue *queue, struct ticket *ticket, int64_t now_ms);

/* A ticket's deadline has come. false: it is done by now. */
MUST_CHECK bool queue_leave(struct queue *queue, struct ticket *ticket);

/* false: there are too many already, and this one is not kept. */
MUST_CHECK bool queue_post(struct queue *queue, const struct question *question, const void *input,
                           int64_t now_ms);

/* When the oldest post that waits was posted; 0: none waits. */
int64_t queue_oldest_post_ms(const struct queue *queue);

/* Is there something that queue_take would take now? */
bool queue_has_work(const struct queue *queue, int64_t now_ms);

/* Nothing waits, in time or too late. */
bool queue_is_empty(const struct queue *queue);

/* Fills the batch with what is next: everyone who waits for what the first one waits for.
 * Nobody's answer may be on its way to the record while the deadline comes and the caller hears
 * something else: who is near his deadline is not taken. false: there is nothing. */
MUST_CHECK bool queue_take(struct queue *queue, struct batch *batch, int64_t now_ms);

/* Each element of the batch that has not left goes where the batch's end says. */
void queue_settle(struct queue *queue, struct batch *batch, enum batch_end end, int64_t now_ms,
                  struct settled *settled);
