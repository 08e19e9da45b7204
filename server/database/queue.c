#include "queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

bool queue_init(struct queue *queue, size_t asking_max)
{
    *queue = (struct queue){.asking_max = asking_max};
    queue->posts = calloc(QUEUE_POSTS_MAX, sizeof *queue->posts);
    return queue->posts != NULL;
}

void queue_free(struct queue *queue)
{
    free(queue->posts);
    queue->posts = NULL;
}

/* ---- the list of tickets ---- */

static void enqueue_last(struct queue *queue, struct ticket *ticket)
{
    ticket->state = TICKET_WAITING;
    ticket->next = NULL;
    ticket->previous = queue->last;
    if (queue->last != NULL)
        queue->last->next = ticket;
    else
        queue->first = ticket;
    queue->last = ticket;
    queue->waiting++;
    queue->waiting_alone += ticket->alone;
}

static void enqueue_first(struct queue *queue, struct ticket *ticket)
{
    ticket->state = TICKET_WAITING;
    ticket->previous = NULL;
    ticket->next = queue->first;
    if (queue->first != NULL)
        queue->first->previous = ticket;
    else
        queue->last = ticket;
    queue->first = ticket;
    queue->waiting++;
    queue->waiting_alone += ticket->alone;
}

static void dequeue(struct queue *queue, struct ticket *ticket)
{
    if (ticket->previous != NULL)
        ticket->previous->next = ticket->next;
    else
        queue->first = ticket->next;
    if (ticket->next != NULL)
        ticket->next->previous = ticket->previous;
    else
        queue->last = ticket->previous;
    queue->waiting--;
    queue->waiting_alone -= ticket->alone;
}

/* ---- the ring of posts ---- */

/* The place behind the last one; its input is for the caller to fill. */
static struct post *append_post(struct queue *queue)
{
    return &queue->posts[(queue->post_first + queue->post_count++) % QUEUE_POSTS_MAX];
}

static struct post *prepend_post(struct queue *queue)
{
    queue->post_first = (queue->post_first + QUEUE_POSTS_MAX - 1) % QUEUE_POSTS_MAX;
    queue->post_count++;
    return &queue->posts[queue->post_first];
}

static struct post *remove_first_post(struct queue *queue)
{
    struct post *post = &queue->posts[queue->post_first];
    queue->post_first = (queue->post_first + 1) % QUEUE_POSTS_MAX;
    queue->post_count--;
    queue->posts_locked -= post->locked;
    return post;
}

static void fill_post(struct post *post, const struct question *question, const void *input,
                      int64_t posted_ms)
{
    post->posted_ms = posted_ms;
    post->question = question;
    post->alone = false;
    post->locked = false;
    memcpy(post->input, input, question->input_size);
}

bool queue_post(struct queue *queue, const struct question *question, const void *input,
                int64_t now_ms)
{
    if (queue->post_count + queue->posts_out >= QUEUE_POSTS_MAX)
        return false;
    fill_post(append_post(queue), question, input, now_ms);
    return true;
}

int64_t queue_oldest_post_ms(const struct queue *queue)
{
    int64_t oldest = 0;
    for (size_t i = 0; i < queue->post_count; i++) {
        int64_t posted = queue->posts[(queue->post_first + i) % QUEUE_POSTS_MAX].posted_ms;
        if (oldest == 0 || posted < oldest)
            oldest = posted;
    }
    return oldest;
}

/* ---- coming and leaving ---- */

/* Is the database silent while a part of the workers wait for it already? If all of them did,
 * new requests would find nobody to apologise. Connecting and pings tell nothing: they work
 * while a lock holds up every statement. */
static bool is_full(const struct queue *queue, int64_t now_ms)
{
    return queue->asking >= queue->asking_max &&
           (queue->silent || now_ms - queue->progress_ms >= QUEUE_SILENT_MS);
}

bool queue_enter(struct queue *queue, struct ticket *ticket, int64_t now_ms)
{
    if (is_full(queue, now_ms))
        return false;
    if (queue->asking++ == 0)
        queue->progress_ms = now_ms;
    ticket->alone = false;
    enqueue_last(queue, ticket);
    return true;
}

bool queue_leave(struct queue *queue, struct ticket *ticket)
{
    if (ticket->state == TICKET_DONE)
        return false;
    if (ticket->state == TICKET_WAITING)
        dequeue(queue, ticket);
    else
        ticket->batch->tickets[ticket->place] = NULL;
    queue->asking--;
    /* Who is asked for alone waits for a lock of his own: that tells nothing of the others. */
    if (!ticket->alone)
        queue->silent = true;
    return true;
}

/* ---- who is next ---- */

enum next { NOTHING, TOGETHER, ALONE, POSTS };

/* The first ticket of that kind which is not too near to its deadline. */
static struct ticket *first_ticket(const struct queue *queue, bool alone, int64_t now_ms)
{
    if ((alone ? queue->waiting_alone : queue->waiting - queue->waiting_alone) == 0)
        return NULL;
    for (struct ticket *ticket = queue->first; ticket != NULL; ticket = ticket->next)
        if (ticket->alone == alone && ticket->deadline_ms - now_ms >= QUEUE_LAST_MS)
            return ticket;
    return NULL;
}

static bool has_posts(const struct queue *queue, int64_t now_ms)
{
    return queue->post_count > queue->posts_locked ||
           (queue->posts_locked > 0 && now_ms >= queue->locked_until_ms);
}

/*
 * Somebody waits for a ticket, so tickets go first; but under a load that never pauses posts
 * must get their turn too, or they would pile up until some are lost. Tickets that are asked
 * for alone take turns with the others: each of them may be held up by a lock.
 */
static enum next what_is_next(const struct queue *queue, int64_t now_ms)
{
    bool posts = has_posts(queue, now_ms);
    bool together = first_ticket(queue, false, now_ms) != NULL;
    if (posts && queue->posts_wait >= QUEUE_POSTS_TURN)
        return POSTS;
    if (together && (queue->alone_last || queue->waiting_alone == 0))
        return TOGETHER;
    if (first_ticket(queue, true, now_ms) != NULL)
        return ALONE;
    return together ? TOGETHER : posts ? POSTS : NOTHING;
}

bool queue_has_work(const struct queue *queue, int64_t now_ms)
{
    return what_is_next(queue, now_ms) != NOTHING;
}

bool queue_is_empty(const struct queue *queue)
{
    return queue->first == NULL && queue->post_count == 0;
}

static void take_ticket(struct queue *queue, struct batch *batch, struct ticket *ticket)
{
    dequeue(queue, ticket);
    ticket->state = TICKET_TAKEN;
    ticket->batch = batch;
    ticket->place = batch->count;
    memcpy(batch->inputs + batch->count * batch->question->input_size, ticket->input,
           batch->question->input_size);
    batch->tickets[batch->count++] = ticket;
}

static void take_tickets(struct queue *queue, struct batch *batch, bool alone, int64_t now_ms)
{
    size_t most = alone ? 1 : QUEUE_BATCH_MAX;
    struct ticket *ticket = first_ticket(queue, alone, now_ms), *next;
    batch->alone = alone;
    for (; ticket != NULL && batch->count < most; ticket = next) {
        next = ticket->next;
        if (batch->count == 0)
            batch->question = ticket->question;
        if (ticket->question == batch->question && ticket->alone == alone &&
            ticket->deadline_ms - now_ms >= QUEUE_LAST_MS)
            take_ticket(queue, batch, ticket);
    }
    queue->alone_last = alone;
    queue->posts_wait++;
}

static void take_post(struct queue *queue, struct batch *batch)
{
    const struct post *post = remove_first_post(queue);
    memcpy(batch->inputs + batch->count * batch->question->input_size, post->input,
           batch->question->input_size);
    batch->posted_ms[batch->count] = post->posted_ms;
    batch->tickets[batch->count++] = NULL;
}

/* The oldest posts of one kind; or one, if that must be alone. */
static void take_posts(struct queue *queue, struct batch *batch, int64_t now_ms)
{
    const struct post *first;
    while ((first = &queue->posts[queue->post_first])->locked && now_ms < queue->locked_until_ms) {
        const struct post *last = remove_first_post(queue); /* it has time */
        struct post *again = append_post(queue);
        memmove(again, last, sizeof *again);
        queue->posts_locked++;
    }
    batch->question = first->question;
    batch->alone = first->alone;
    do {
        take_post(queue, batch);
        first = &queue->posts[queue->post_first];
    } while (!batch->alone && queue->post_count > 0 && batch->count < QUEUE_BATCH_MAX &&
             first->question == batch->question && !first->alone);
    batch->posted = true;
    queue->posts_out += batch->count;
    queue->posts_wait = 0;
    if (queue->post_count == 0)
        queue->post_first = 0; /* stays in the memory it has touched */
}

bool queue_take(struct queue *queue, struct batch *batch, int64_t now_ms)
{
    enum next next = what_is_next(queue, now_ms);
    batch->count = 0;
    batch->posted = false;
    if (next == POSTS)
        take_posts(queue, batch, now_ms);
    else if (next != NOTHING)
        take_tickets(queue, batch, next == ALONE, now_ms);
    return next != NOTHING;
}

/* ---- what becomes of a batch ---- */

static const void *input_of(const struct batch *batch, size_t i)
{
    return batch->inputs + i * batch->question->input_size;
}

static void return_posts(struct queue *queue, const struct batch *batch)
{
    for (size_t i = batch->count; i-- > 0;) {
        struct post *post = prepend_post(queue);
        fill_post(post, batch->question, input_of(batch, i), batch->posted_ms[i]);
        post->alone = batch->alone;
    }
}

/* What may be in trouble gives way to everything else; what surely is, for a while. */
static void set_posts_apart(struct queue *queue, const struct batch *batch, int64_t now_ms)
{
    bool locked = batch->count == 1;
    for (size_t i = 0; i < batch->count; i++) {
        struct post *post = append_post(queue);
        fill_post(post, batch->question, input_of(batch, i), batch->posted_ms[i]);
        post->alone = true;
        post->locked = locked;
    }
    if (locked) {
        queue->posts_locked++;
        queue->locked_until_ms = now_ms + QUEUE_LOCKED_PAUSE_MS;
    }
}

static void settle_posts(struct queue *queue, const struct batch *batch, enum batch_end end,
                         int64_t now_ms, struct settled *settled)
{
    queue->posts_out -= batch->count;
    if (end == BATCH_BACK)
        return_posts(queue, batch);
    else if (end == BATCH_APART)
        set_posts_apart(queue, batch, now_ms);
    else if (end == BATCH_REFUSED)
        settled->lost = batch->count;
}

static void finish(struct batch *batch, size_t i, bool answered, struct settled *settled)
{
    struct ticket *ticket = batch->tickets[i];
    size_t size = batch->question->answer_size;
    ticket->answered = answered;
    ticket->batch_size = (unsigned)batch->count;
    if (answered && size > 0)
        memcpy(ticket->answer, batch->answers + i * size, size);
    settled->done[settled->done_count++] = ticket;
    atomic_store_explicit(&ticket->state, TICKET_DONE, memory_order_release);
}

static void return_tickets(struct queue *queue, struct batch *batch)
{
    for (size_t i = batch->count; i-- > 0;)
        if (batch->tickets[i] != NULL)
            enqueue_first(queue, batch->tickets[i]);
}

static void set_tickets_apart(struct queue *queue, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->tickets[i] != NULL) {
            batch->tickets[i]->alone = true;
            enqueue_last(queue, batch->tickets[i]);
        }
}

static void settle_tickets(struct queue *queue, struct batch *batch, enum batch_end end,
                           int64_t now_ms, struct settled *settled)
{
    if (end == BATCH_BACK)
        return_tickets(queue, batch);
    else if (end == BATCH_APART)
        set_tickets_apart(queue, batch);
    else
        for (size_t i = 0; i < batch->count; i++)
            if (batch->tickets[i] != NULL)
                finish(batch, i, end == BATCH_ANSWERED, settled);
    if (settled->done_count > 0) {
        queue->asking -= settled->done_count;
        queue->progress_ms = now_ms;
        queue->silent = false;
    }
}

void queue_settle(struct queue *queue, struct batch *batch, enum batch_end end, int64_t now_ms,
                  struct settled *settled)
{
    settled->done_count = settled->lost = 0;
    if (batch->posted)
        settle_posts(queue, batch, end, now_ms, settled);
    else
        settle_tickets(queue, batch, end, now_ms, settled);
}
