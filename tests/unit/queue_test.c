/*
 * queue_test.c - queue.h: who is next, who may wait, and what becomes of a batch, with a clock of
 * the test's own and nobody else about.
 */
#include "queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000, DEADLINE = NOW + 2000, ASKING_MAX = 4 };

static const struct question calls = {"calls", sizeof(int), sizeof(int), NULL};
static const struct question texts = {"texts", sizeof(int), sizeof(int), NULL};
static const struct question records = {"records", sizeof(int), 0, NULL};

static struct queue queue;
static struct batch batch, other;
static struct settled settled;
static int inputs[QUEUE_POSTS_MAX], answers[QUEUE_BATCH_MAX * 2];
static struct ticket tickets[QUEUE_BATCH_MAX * 2];

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < QUEUE_POSTS_MAX; i++)
        inputs[i] = i;
    memset(answers, 0, sizeof answers);
    memset(tickets, 0, sizeof tickets);
    return queue_init(&queue, ASKING_MAX) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    queue_free(&queue);
    return 0;
}

static bool enters(int i, const struct question *question, int64_t now)
{
    tickets[i] = (struct ticket){.question = question,
                                 .input = &inputs[i],
                                 .answer = &answers[i],
                                 .deadline_ms = now + DEADLINE - NOW};
    return queue_enter(&queue, &tickets[i], now);
}

static void enter(int i, const struct question *question)
{
    assert_true(enters(i, question, NOW));
}

static void post(int i, const struct question *question)
{
    assert_true(queue_post(&queue, question, &inputs[i], NOW));
}

/* The inputs of the batch, as "1 2 3". */
static const char *taken(const struct batch *from)
{
    static char text[8 * QUEUE_BATCH_MAX];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < from->count; i++) {
        int input;
        memcpy(&input, from->inputs + i * sizeof input, sizeof input);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%d",
                                   length == 0 ? "" : " ", input);
    }
    return text;
}

static const char *take_at(int64_t now)
{
    return queue_take(&queue, &batch, now) ? taken(&batch) : "nothing";
}

static const char *take(void)
{
    return take_at(NOW);
}

static void settle(enum batch_end end)
{
    queue_settle(&queue, &batch, end, NOW, &settled);
}

static void answer(void)
{
    for (size_t i = 0; i < batch.count; i++) {
        int number;
        memcpy(&number, batch.inputs + i * sizeof number, sizeof number);
        number += 100;
        memcpy(batch.answers + i * sizeof number, &number, sizeof number);
    }
    settle(BATCH_ANSWERED);
}

/* ---- tickets ---- */

static void everyone_who_waits_for_the_same_shares_a_batch(void **state)
{
    (void)state;
    enter(1, &calls);
    enter(2, &texts);
    enter(3, &calls);
    assert_string_equal(take(), "1 3");
    answer();
    assert_int_equal(settled.done_count, 2);
    assert_int_equal(answers[1], 101);
    assert_int_equal(answers[3], 103);
    assert_true(tickets[1].answered && tickets[3].answered);
    assert_int_equal(tickets[3].batch_size, 2);
    assert_string_equal(take(), "2");
    settle(BATCH_REFUSED);
    assert_false(tickets[2].answered);
    assert_int_equal(tickets[2].state, TICKET_DONE);
    assert_int_equal(answers[2], 0);
    assert_true(queue_is_empty(&queue));
    assert_string_equal(take(), "nothing");
}

static void a_batch_has_room_for_so_many(void **state)
{
    (void)state;
    queue.asking_max = 1000;
    for (int i = 0; i < QUEUE_BATCH_MAX + 2; i++)
        enter(i, &calls);
    (void)take();
    assert_int_equal(batch.count, QUEUE_BATCH_MAX);
    assert_int_equal(queue.waiting, 2);
    answer();
    assert_string_equal(take(), "256 257");
}

static void who_is_near_his_deadline_is_not_asked_for(void **state)
{
    (void)state;
    enter(1, &calls);
    enter(2, &calls);
    tickets[1].deadline_ms = NOW + QUEUE_LAST_MS;
    assert_false(queue_has_work(&queue, DEADLINE - QUEUE_LAST_MS + 1));
    assert_string_equal(take_at(DEADLINE - QUEUE_LAST_MS + 1), "nothing");
    assert_string_equal(take_at(NOW + 1), "2");
    assert_false(queue_is_empty(&queue)); /* he leaves by himself */
    assert_true(queue_leave(&queue, &tickets[1]));
    assert_true(queue_is_empty(&queue));
}

static void who_has_left_is_not_told(void **state)
{
    (void)state;
    enter(1, &calls);
    enter(2, &calls);
    assert_string_equal(take(), "1 2");
    assert_true(queue_leave(&queue, &tickets[1]));
    answer();
    assert_int_equal(settled.done_count, 1);
    assert_int_equal(answers[1], 0);
    assert_int_equal(answers[2], 102);
    assert_false(queue_leave(&queue, &tickets[2])); /* done by now */
}

static void what_was_not_asked_for_is_first_again(void **state)
{
    (void)state;
    enter(1, &calls);
    enter(2, &calls);
    enter(3, &calls);
    assert_string_equal(take(), "1 2 3");
    enter(4, &calls);
    assert_true(queue_leave(&queue, &tickets[2]));
    settle(BATCH_BACK);
    assert_string_equal(take(), "1 3 4");
}

static void a_batch_that_fails_is_asked_for_one_by_one(void **state)
{
    (void)state;
    enter(1, &calls);
    enter(2, &calls);
    enter(3, &calls);
    assert_string_equal(take(), "1 2 3");
    settle(BATCH_APART);
    assert_string_equal(take(), "1");
    settle(BATCH_APART); /* it was that one: the others do not wait for it again */
    assert_string_equal(take(), "2");
    answer();
    assert_string_equal(take(), "3");
    answer();
    assert_string_equal(take(), "1");
    settle(BATCH_BACK); /* and stays alone */
    enter(4, &calls);
    assert_string_equal(take(), "4");
    answer();
    assert_string_equal(take(), "1");
}

static void new_ones_take_turns_with_those_that_are_alone(void **state)
{
    (void)state;
    enter(1, &calls);
    enter(2, &calls);
    assert_string_equal(take(), "1 2");
    settle(BATCH_APART);
    queue.asking_max = 1000;
    enter(3, &texts);
    enter(4, &calls);
    assert_string_equal(take(), "1");
    assert_string_equal(take(), "3");
    assert_string_equal(take(), "2");
    assert_string_equal(take(), "4");
}

/* ---- fullness ---- */

static void while_it_is_silent_only_some_may_wait(void **state)
{
    (void)state;
    for (int i = 0; i < ASKING_MAX; i++)
        enter(i, &calls);
    assert_true(enters(4, &calls, NOW + QUEUE_SILENT_MS - 1)); /* nobody was kept waiting yet */
    assert_false(enters(5, &calls, NOW + QUEUE_SILENT_MS));
    (void)take();
    queue_settle(&queue, &batch, BATCH_ANSWERED, NOW + QUEUE_SILENT_MS, &settled);
    for (int i = 10; i < 16; i++)
        assert_true(enters(i, &calls, NOW + QUEUE_SILENT_MS));
    assert_true(queue_leave(&queue, &tickets[10])); /* a deadline came */
    assert_false(enters(20, &calls, NOW + QUEUE_SILENT_MS));
}

static void who_waits_for_a_lock_of_his_own_tells_nothing_of_the_others(void **state)
{
    (void)state;
    for (int i = 0; i < ASKING_MAX + 2; i++)
        enter(i, &calls);
    (void)take();
    queue_settle(&queue, &batch, BATCH_APART, NOW, &settled);
    assert_true(queue_leave(&queue, &tickets[0])); /* its deadline came */
    assert_true(enters(20, &calls, NOW));
}

static void silence_ends_when_nobody_waits(void **state)
{
    (void)state;
    for (int i = 0; i < ASKING_MAX; i++)
        enter(i, &calls);
    for (int i = 0; i < ASKING_MAX; i++)
        assert_true(queue_leave(&queue, &tickets[i]));
    for (int i = 0; i < ASKING_MAX; i++)
        assert_true(enters(i, &calls, NOW + 5000));
    assert_false(enters(9, &calls, NOW + 5000));
}

/* ---- posts ---- */

static void posts_are_written_when_nobody_waits(void **state)
{
    (void)state;
    post(10, &records);
    post(11, &records);
    post(12, &calls);
    enter(1, &calls);
    assert_string_equal(take(), "1");
    assert_false(batch.posted);
    answer();
    assert_string_equal(take(), "10 11");
    assert_true(batch.posted);
    answer();
    assert_int_equal(settled.done_count, 0);
    assert_string_equal(take(), "12");
    settle(BATCH_REFUSED);
    assert_int_equal(settled.lost, 1);
    assert_true(queue_is_empty(&queue));
}

static void posts_get_their_turn_under_load(void **state)
{
    (void)state;
    post(10, &records);
    for (int i = 0; i < QUEUE_POSTS_TURN; i++) {
        enter(1, &calls);
        assert_string_equal(take(), "1");
        answer();
    }
    enter(1, &calls);
    assert_string_equal(take(), "10");
}

static void posts_that_come_back_are_the_oldest(void **state)
{
    (void)state;
    post(10, &records);
    post(11, &records);
    assert_string_equal(take(), "10 11");
    post(12, &records);
    settle(BATCH_BACK);
    assert_string_equal(take(), "10 11 12");
}

static void so_many_posts_are_kept_and_their_places_too(void **state)
{
    (void)state;
    for (int i = 0; i < QUEUE_POSTS_MAX; i++)
        post(i, &records);
    assert_false(queue_post(&queue, &records, &inputs[0], NOW));
    (void)take();
    assert_false(queue_post(&queue, &records, &inputs[0], NOW)); /* these may come back */
    settle(BATCH_APART);
    (void)take();
    answer();
    for (int i = 0; i < QUEUE_BATCH_MAX; i++)
        post(i, &records);
    assert_false(queue_post(&queue, &records, &inputs[0], NOW));
}

static void a_locked_post_gives_way(void **state)
{
    (void)state;
    post(10, &records);
    post(11, &records);
    assert_string_equal(take(), "10 11");
    post(12, &records);
    settle(BATCH_APART);
    assert_string_equal(take(), "12"); /* not to blame for anything */
    answer();
    assert_string_equal(take(), "10");
    settle(BATCH_APART); /* locked */
    assert_string_equal(take(), "11");
    answer();
    assert_string_equal(take(), "nothing");
    assert_false(queue_has_work(&queue, NOW + QUEUE_LOCKED_PAUSE_MS - 1));
    assert_false(queue_is_empty(&queue));
    post(13, &records);
    post(14, &records);
    assert_string_equal(take(), "13 14");
    answer();
    assert_string_equal(take_at(NOW + QUEUE_LOCKED_PAUSE_MS), "10");
    answer();
    assert_true(queue_is_empty(&queue));
    assert_int_equal(queue.posts_locked, 0);
}

/* ---- anything, in any order ---- */

/* Two batches at a time, whose ends come by chance: every ticket that did not leave is done in
 * the end, every post is written once, and the counts are right. */
static void nothing_is_lost_or_done_twice(void **state)
{
    (void)state;
    enum { ROUNDS = 200000, POSTS = 4096, TICKETS = 64 };
    static int written[POSTS];
    int posted = 0, entered = 0, left = 0, done = 0, lost = 0;
    bool inside[TICKETS] = {false};
    struct batch *hands[] = {&batch, &other};
    bool full[2] = {false, false};
    int64_t now = NOW;
    unsigned seed = 1;
    queue.asking_max = 1000;
    memset(written, 0, sizeof written);
    for (int round = 0; round < ROUNDS || posted < POSTS; round++) {
        int what = rand_r(&seed) % 8, i = rand_r(&seed) % TICKETS, hand = rand_r(&seed) % 2;
        now += rand_r(&seed) % 10;
        if (what < 2 && !inside[i]) {
            inside[i] = enters(i, rand_r(&seed) % 3 == 0 ? &texts : &calls, now);
            entered += inside[i];
        } else if (what == 2 && inside[i] && rand_r(&seed) % 4 == 0) {
            if (queue_leave(&queue, &tickets[i])) {
                left++;
                inside[i] = false;
            }
        } else if (what == 3 && posted < POSTS) {
            post(posted++, &records);
        } else if (what > 3 && !full[hand]) {
            full[hand] = queue_take(&queue, hands[hand], now);
        } else if (what > 3) {
            enum batch_end end = (enum batch_end)(rand_r(&seed) % 4);
            if (end == BATCH_REFUSED && hands[hand]->count > 1)
                end = BATCH_APART;
            for (size_t k = 0; k < hands[hand]->count && hands[hand]->posted; k++)
                if (end == BATCH_ANSWERED || end == BATCH_REFUSED)
                    written[*(int *)(hands[hand]->inputs + k * sizeof(int))]++;
            queue_settle(&queue, hands[hand], end, now, &settled);
            full[hand] = false;
            for (size_t k = 0; k < settled.done_count; k++)
                inside[settled.done[k] - tickets] = false;
            done += (int)settled.done_count;
            lost += (int)settled.lost;
        }
    }
    for (int hand = 0; hand < 2; hand++)
        if (full[hand])
            queue_settle(&queue, hands[hand], BATCH_BACK, now, &settled);
    for (int i = 0; i < TICKETS; i++)
        if (inside[i])
            left += queue_leave(&queue, &tickets[i]);
    assert_int_equal(entered, left + done);
    assert_int_equal(queue.asking, 0);
    assert_int_equal(queue.waiting, 0);
    assert_int_equal(queue.waiting_alone, 0);
    now += QUEUE_LOCKED_PAUSE_MS;
    while (queue_take(&queue, &batch, now)) {
        for (size_t k = 0; k < batch.count; k++)
            written[*(int *)(batch.inputs + k * sizeof(int))]++;
        answer();
    }
    for (int i = 0; i < POSTS; i++)
        assert_int_equal(written[i], 1);
    assert_true(queue_is_empty(&queue));
    assert_int_equal(queue.posts_out, 0);
    assert_int_equal(queue.posts_locked, 0);
    assert_true(lost > 0 && done > 1000 && left > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everyone_who_waits_for_the_same_shares_a_batch),
        TEST(a_batch_has_room_for_so_many),
        TEST(who_is_near_his_deadline_is_not_asked_for),
        TEST(who_has_left_is_not_told),
        TEST(what_was_not_asked_for_is_first_again),
        TEST(a_batch_that_fails_is_asked_for_one_by_one),
        TEST(new_ones_take_turns_with_those_that_are_alone),
        TEST(while_it_is_silent_only_some_may_wait),
        TEST(who_waits_for_a_lock_of_his_own_tells_nothing_of_the_others),
        TEST(silence_ends_when_nobody_waits),
        TEST(posts_are_written_when_nobody_waits),
        TEST(posts_get_their_turn_under_load),
        TEST(posts_that_come_back_are_the_oldest),
        TEST(so_many_posts_are_kept_and_their_places_too),
        TEST(a_locked_post_gives_way),
        TEST(nothing_is_lost_or_done_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
