/*
 * replay_test.c - replay.h, with a clock of the tests' own: the two minutes, what is
 * forgotten when the memory is full, a plain model, and threads.
 */
#include "replay.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"

static enum replay_verdict check(struct replay_memory *memory, const char *nonce, int64_t now_ms)
{
    const struct replay_request request = {
        .nonce = nonce, .method = "POST", .path = "/answer", .body = "From=1", .body_length = 6};
    return replay_check(memory, &request, REPLAY_CALL_MS, now_ms);
}

static struct replay_memory *memory_of(size_t slots)
{
    struct replay_memory *memory = replay_new(slots);
    assert_non_null(memory);
    return memory;
}

static void a_nonce_may_come_again_for_two_minutes(void **state)
{
    (void)state;
    struct replay_memory *memory = memory_of(10);
    int64_t start = 5000;
    assert_int_equal(check(memory, "05429567804466091622", start), REPLAY_FIRST);
    assert_int_equal(check(memory, "05429567804466091622", start), REPLAY_AGAIN);
    assert_int_equal(check(memory, "05429567804466091622", start + 119999), REPLAY_AGAIN);
    assert_int_equal(check(memory, "05429567804466091622", start + 120000), REPLAY_AGAIN);
    assert_int_equal(check(memory, "05429567804466091622", start + 120001), REPLAY_LATE);
    assert_int_equal(check(memory, "05429567804466091622", start + 999999999), REPLAY_LATE);
    replay_free(memory);
}

static void nonces_are_told_apart(void **state)
{
    (void)state;
    struct replay_memory *memory = memory_of(10);
    const char *nonces[] = {
        "1", "2", "12", "1\t", "", "05429567804466091622", "05429567804466091623"};
    for (size_t i = 0; i < sizeof nonces / sizeof nonces[0]; i++)
        assert_int_equal(check(memory, nonces[i], 0), REPLAY_FIRST);
    for (size_t i = 0; i < sizeof nonces / sizeof nonces[0]; i++)
        assert_int_equal(check(memory, nonces[i], 0), REPLAY_AGAIN);
    replay_free(memory);
}

static void a_nonce_counts_for_one_request_only(void **state)
{
    (void)state;
    struct replay_memory *memory = memory_of(10);
    const struct replay_request first = {.nonce = "1",
                                         .method = "POST",
                                         .path = "/message",
                                         .query = "a=1",
                                         .body = "From=14156667777&Text=x",
                                         .body_length = 23};
    struct replay_request others[8];
    for (size_t i = 0; i < 8; i++)
        others[i] = first;
    others[0].method = "GET";
    others[1].path = "/messag";
    others[2].path = "/message/";
    others[3].query = NULL;
    others[4].query = "a=2";
    others[5].body_length = 22;
    others[6].body = "From=14156667778&Text=x";
    /* The same bytes in a row, cut elsewhere. */
    others[7].query = "a=";
    others[7].body = "1From=14156667777&Text=x";
    others[7].body_length = 24;
    assert_int_equal(replay_check(memory, &first, REPLAY_MESSAGE_MS, 0), REPLAY_FIRST);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(replay_check(memory, &others[i], REPLAY_MESSAGE_MS, 1), REPLAY_OTHER);
    assert_int_equal(replay_check(memory, &first, REPLAY_MESSAGE_MS, 600000), REPLAY_AGAIN);
    assert_int_equal(replay_check(memory, &first, REPLAY_MESSAGE_MS, 600001), REPLAY_LATE);
    for (size_t i = 0; i < 8; i++) {
        others[i].nonce = "2";
        assert_int_equal(replay_check(memory, &others[i], REPLAY_CALL_MS, 2),
                         i == 0 ? REPLAY_FIRST : REPLAY_OTHER);
    }
    replay_free(memory);
}

static void the_oldest_nonce_is_forgotten_when_full(void **state)
{
    (void)state;
    struct replay_memory *memory = memory_of(3);
    const int64_t late = REPLAY_CALL_MS + 10;
    assert_int_equal(check(memory, "a", 0), REPLAY_FIRST);
    assert_int_equal(check(memory, "b", 1), REPLAY_FIRST);
    assert_int_equal(check(memory, "c", 2), REPLAY_FIRST);
    /* To be seen again is not to be younger, and takes no other's place. */
    assert_int_equal(check(memory, "a", 3), REPLAY_AGAIN);
    assert_int_equal(check(memory, "a", late), REPLAY_LATE);
    assert_int_equal(check(memory, "d", late), REPLAY_FIRST);
    assert_int_equal(check(memory, "b", late), REPLAY_LATE);
    assert_int_equal(check(memory, "c", late), REPLAY_LATE);
    assert_int_equal(check(memory, "a", late), REPLAY_FIRST); /* as if never seen */
    assert_int_equal(check(memory, "b", late), REPLAY_FIRST); /* whose place "a" took */
    replay_free(memory);
}

static void one_slot_remembers_one_nonce(void **state)
{
    (void)state;
    struct replay_memory *memory = memory_of(1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(check(memory, "a", 0), REPLAY_FIRST);
        assert_int_equal(check(memory, "a", 0), REPLAY_AGAIN);
        assert_int_equal(check(memory, "b", 0), REPLAY_FIRST);
    }
    replay_free(memory);
    replay_free(NULL);
}

static void the_real_size_remembers_as_many_as_it_says(void **state)
{
    (void)state;
    struct replay_memory *memory = memory_of(REPLAY_SLOTS);
    char nonce[24];
    for (int i = 0; i <= REPLAY_SLOTS; i++) {
        snprintf(nonce, sizeof nonce, "%020d", i);
        assert_int_equal(check(memory, nonce, i), REPLAY_FIRST);
    }
    snprintf(nonce, sizeof nonce, "%020d", 1);
    assert_int_equal(check(memory, nonce, REPLAY_SLOTS), REPLAY_LATE);
    snprintf(nonce, sizeof nonce, "%020d", REPLAY_SLOTS);
    assert_int_equal(check(memory, nonce, REPLAY_SLOTS), REPLAY_AGAIN);
    snprintf(nonce, sizeof nonce, "%020d", 0);
    assert_int_equal(check(memory, nonce, REPLAY_SLOTS), REPLAY_FIRST);
    replay_free(memory);
}

/* The same, as plainly as possible: a list of the last different nonces. */
struct model {
    struct {
        uint32_t nonce;
        int64_t first_ms;
    } seen[64];
    size_t size, used;
};

static enum replay_verdict model_check(struct model *model, uint32_t nonce, int64_t now_ms)
{
    for (size_t i = 0; i < model->used; i++)
        if (model->seen[i].nonce == nonce)
            return now_ms - model->seen[i].first_ms > REPLAY_CALL_MS ? REPLAY_LATE : REPLAY_AGAIN;
    if (model->used == model->size)
        memmove(&model->seen[0], &model->seen[1], --model->used * sizeof model->seen[0]);
    model->seen[model->used].nonce = nonce;
    model->seen[model->used++].first_ms = now_ms;
    return REPLAY_FIRST;
}

static void answers_as_the_plain_model_does(void **state)
{
    (void)state;
    int verdicts[3] = {0};
    for (int round = 0; round < 300; round++) {
        struct model model = {.size = 1 + random_below(64)};
        struct replay_memory *memory = memory_of(model.size);
        uint32_t nonces = 1 + random_below(2 * (uint32_t)model.size);
        int64_t now_ms = 0;
        for (int i = 0; i < 500; i++) {
            uint32_t nonce = random_below(nonces);
            char text[16];
            now_ms += random_below(20000);
            snprintf(text, sizeof text, "%u", nonce);
            enum replay_verdict verdict = check(memory, text, now_ms);
            assert_int_equal(verdict, model_check(&model, nonce, now_ms));
            verdicts[verdict]++;
        }
        replay_free(memory);
    }
    for (int i = 0; i < 3; i++)
        assert_true(verdicts[i] > 1000);
}

enum { THREADS = 8, SHARED_NONCES = 2000 };

struct caller {
    pthread_t thread;
    struct replay_memory *memory;
    int first, again;
};

static void *call(void *argument)
{
    struct caller *caller = argument;
    for (int i = 0; i < SHARED_NONCES; i++) {
        char nonce[16];
        snprintf(nonce, sizeof nonce, "%d", i);
        enum replay_verdict verdict = check(caller->memory, nonce, 0);
        caller->first += verdict == REPLAY_FIRST;
        caller->again += verdict == REPLAY_AGAIN;
    }
    return NULL;
}

static void of_many_threads_one_is_first(void **state)
{
    (void)state;
    struct caller callers[THREADS];
    struct replay_memory *memory = memory_of(SHARED_NONCES);
    int first = 0, again = 0;
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.memory = memory};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        first += callers[i].first;
        again += callers[i].again;
    }
    assert_int_equal(first, SHARED_NONCES);
    assert_int_equal(again, (THREADS - 1) * SHARED_NONCES);
    replay_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_may_come_again_for_two_minutes),
        cmocka_unit_test(nonces_are_told_apart),
        cmocka_unit_test(a_nonce_counts_for_one_request_only),
        cmocka_unit_test(the_oldest_nonce_is_forgotten_when_full),
        cmocka_unit_test(one_slot_remembers_one_nonce),
        cmocka_unit_test(the_real_size_remembers_as_many_as_it_says),
        cmocka_unit_test(answers_as_the_plain_model_does),
        cmocka_unit_test(of_many_threads_one_is_first),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL) > 0;
}
