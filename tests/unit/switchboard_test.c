/*
 * switchboard_test.c - switchboard.h, with a scripted database and a clock that only passes while
 * everybody waits: what becomes of a call while its neighbours, or the database, have trouble, and
 * which schemas it takes.
 */
#include "switchboard.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "interface.h"
#include "log.h"
#include "stand_in/db.h"
#include "stand_in/virtual_time.h"
#include "store.h"

enum { DEADLINE_MS = 2000, CALLS_MAX = 64 };

static enum db_status ask_answer(struct store *store, const void *inputs, void *answers,
                                 size_t count, int limit_ms)
{
    return store_answer_calls(store, inputs, answers, count, limit_ms);
}

static enum db_status ask_apologies(struct store *store, const void *inputs, void *answers,
                                    size_t count, int limit_ms)
{
    (void)answers;
    return store_record_apologies(store, inputs, count, limit_ms);
}

static const struct question answer_question = {"answer_calls", sizeof(struct call),
                                                sizeof(struct call_answer), ask_answer};
static const struct question apology_question = {"record_apologies", sizeof(struct apology), 0,
                                                 ask_apologies};

/* ---- callers ---- */

/* A call, on a thread of its own: when it comes, and what became of it. */
struct caller {
    struct switchboard *board;
    pthread_t thread;
    char uuid[ID_TEXT];
    int64_t comes_ms, answered_ms; /* by clock_ms() */
    enum switchboard_status status;
    struct call_answer answer;
};

static struct caller callers[CALLS_MAX];
static size_t caller_count;

static void *call(void *argument)
{
    struct caller *caller = argument;
    struct call call = {.caller = {14156660000}, .dialled = {14155550100}};
    snprintf(call.uuid, sizeof call.uuid, "%s", caller->uuid);
    time_sleep_until(caller->comes_ms);
    caller->status = switchboard_ask(caller->board, &answer_question, &call, &caller->answer,
                                     caller->comes_ms + DEADLINE_MS, NULL);
    caller->answered_ms = clock_ms();
    return NULL;
}

/* Somebody calls in so many milliseconds from now. */
static struct caller *calls(struct switchboard *board, const char *uuid, int64_t in_ms)
{
    struct caller *caller = &callers[caller_count++];
    *caller = (struct caller){.board = board, .comes_ms = clock_ms() + in_ms};
    snprintf(caller->uuid, sizeof caller->uuid, "%s", uuid);
    assert_int_equal(pthread_create(&caller->thread, NULL, call, caller), 0);
    return caller;
}

static void let_all_finish(void)
{
    for (size_t i = 0; i < caller_count; i++)
        pthread_join(callers[i].thread, NULL);
    caller_count = 0;
}

static int64_t waited(const struct caller *caller)
{
    return caller->answered_ms - caller->comes_ms;
}

static void assert_answered(const struct caller *caller)
{
    assert_int_equal(caller->status, SWITCHBOARD_ANSWERED);
    assert_string_equal(caller->answer.outcome, "connected");
    assert_int_equal(caller->answer.counterpart.value, stand_in_number(caller->uuid));
}

/* ---- a switchboard ---- */

static struct switchboard_options options = {
    .store = {.database_url = ""}, .answer_deadline_ms = DEADLINE_MS, .askers = 64};

static struct switchboard *start(int connections, stand_in_script *script)
{
    stand_in_start(script);
    options.connections = connections;
    struct switchboard *board = switchboard_start(&options);
    assert_non_null(board);
    assert_true(switchboard_schema_fits(board));
    time_sleep(10); /* all of them are connected */
    return board;
}

/* A statement takes a tenth of a millisecond and the clock shows whole ones. */
static void at_once(struct stand_in_turn *turn)
{
    turn->status = DB_OK;
}

static void a_call_is_answered(void **state)
{
    (void)state;
    struct switchboard *board = start(2, at_once);
    const struct caller *caller = calls(board, "call-1", 5);
    let_all_finish();
    assert_answered(caller);
    assert_int_equal(waited(caller), 0);
    switchboard_stop(board);
}

/* ---- a connection that is held up ---- */

static void first_hangs(struct stand_in_turn *turn)
{
    if (stand_in_asks(turn, "call-1"))
        turn->takes_ms = 1500;
}

static void a_call_beside_a_hanging_one_gets_the_other_connection(void **state)
{
    (void)state;
    for (int after = 0; after < 20; after++) {
        struct switchboard *board = start(2, first_hangs);
        const struct caller *first = calls(board, "call-1", 5);
        const struct caller *second = calls(board, "call-2", 6 + after);
        const struct caller *third = calls(board, "call-3", 7 + after);
        let_all_finish();
        assert_answered(first);
        assert_answered(second);
        assert_answered(third);
        assert_true(waited(second) <= 3);
        assert_true(waited(third) <= 3);
        switchboard_stop(board);
    }
}

/* ---- rows that somebody holds ---- */

enum { LOCK_TIMEOUT_MS = 500 };

/* call-1's row is locked all the time. */
static void first_is_locked(struct stand_in_turn *turn)
{
    if (stand_in_asks(turn, "call-1")) {
        turn->takes_ms = LOCK_TIMEOUT_MS;
        turn->status = DB_LOCKED;
    }
}

static void a_locked_row_spoils_no_neighbour(void **state)
{
    (void)state;
    struct switchboard *board = start(1, first_is_locked);
    char uuid[ID_TEXT];
    const struct caller *bystanders[40];
    const struct caller *locked = calls(board, "call-1", 5);
    for (int i = 0; i < 40; i++) {
        snprintf(uuid, sizeof uuid, "call-%d", i + 2);
        bystanders[i] = calls(board, uuid, i < 20 ? 5 : 100);
    }
    let_all_finish();
    for (int i = 0; i < 40; i++)
        assert_answered(bystanders[i]);
    assert_int_equal(locked->status, SWITCHBOARD_TIMEOUT);
    assert_int_equal(waited(locked), DEADLINE_MS);
    switchboard_stop(board);
}

static int written;

static void counts_apologies(struct stand_in_turn *turn)
{
    first_is_locked(turn);
    if (turn->status == DB_OK && strcmp(turn->statement, "record_apologies") == 0)
        written += (int)turn->count;
}

static void a_locked_post_gives_way(void **state)
{
    (void)state;
    struct switchboard *board = start(1, counts_apologies);
    written = 0;
    for (int i = 1; i <= 600; i++) {
        struct apology apology = {.at_ms = clock_ms()};
        snprintf(apology.uuid, sizeof apology.uuid, "call-%d", i);
        assert_true(switchboard_post(board, &apology_question, &apology));
    }
    time_sleep(5000);
    assert_int_equal(written, 599);
    switchboard_stop(board);
}

/* ---- a database that is slow, or gone ---- */

static int asked;

/* The first statement about a call is done, and its answer lost with the connection. */
static void loses_the_first_answer(struct stand_in_turn *turn)
{
    if (stand_in_asks(turn, "call-1") && asked++ == 0) {
        turn->takes_ms = 5;
        turn->status = DB_DOWN;
    }
}

static void a_lost_connection_is_made_again_and_the_batch_asked_for_again(void **state)
{
    (void)state;
    asked = 0;
    struct switchboard *board = start(1, loses_the_first_answer);
    const struct caller *caller = calls(board, "call-1", 5);
    const struct caller *other = calls(board, "call-2", 7); /* while the first is lost */
    let_all_finish();
    assert_answered(caller);
    assert_answered(other);
    assert_int_equal(asked, 2);
    assert_true(waited(caller) < 100);
    switchboard_stop(board);
}

static void takes_just_too_long(struct stand_in_turn *turn)
{
    if (stand_in_asks(turn, "call-1"))
        turn->takes_ms = DEADLINE_MS - 1;
}

static void an_answer_after_the_deadline_is_nobodys(void **state)
{
    (void)state;
    struct switchboard *board = start(1, takes_just_too_long);
    const struct caller *first = calls(board, "call-1", 5);
    const struct caller *late = calls(board, "call-2", 6); /* its turn comes when 2 ms are left */
    let_all_finish();
    assert_answered(first);
    assert_int_equal(late->status, SWITCHBOARD_TIMEOUT);
    assert_int_equal(waited(late), DEADLINE_MS);
    switchboard_stop(board);
}

static _Atomic bool away;

static void is_away_sometimes(struct stand_in_turn *turn)
{
    if (away)
        turn->status = DB_DOWN;
}

/* Of 64 workers 16 may wait for a silent database; the others stay free to say so. */
static void who_calls_while_it_is_away_hears_so_in_time(void **state)
{
    (void)state;
    struct switchboard *board = start(2, is_away_sometimes);
    away = true;
    for (int i = 0; i < 16; i++)
        calls(board, "call-1", i);
    const struct caller *one_more = calls(board, "call-1", 600);
    let_all_finish();
    for (int i = 0; i < 16; i++) {
        assert_int_equal(callers[i].status, SWITCHBOARD_TIMEOUT);
        assert_int_equal(waited(&callers[i]), DEADLINE_MS);
    }
    assert_int_equal(one_more->status, SWITCHBOARD_FULL);
    assert_int_equal(waited(one_more), 0);
    assert_false(switchboard_is_ready(board));
    away = false;
    time_sleep(1100); /* the longest pause between attempts to connect */
    assert_true(switchboard_is_ready(board));
    const struct caller *back = calls(board, "call-2", 0);
    let_all_finish();
    assert_answered(back);
    switchboard_stop(board);
}

static int ping_limit_ms, pings;

static void pings_hang(struct stand_in_turn *turn)
{
    if (strcmp(turn->statement, "ping") == 0) {
        pings++;
        ping_limit_ms = turn->limit_ms;
        turn->takes_ms = 60000;
    }
}

static void a_silent_connection_is_given_up_after_the_deadline(void **state)
{
    (void)state;
    pings = 0;
    struct switchboard *board = start(1, pings_hang);
    time_sleep(400 + DEADLINE_MS + 500);
    assert_int_equal(ping_limit_ms, DEADLINE_MS);
    assert_true(pings >= 1);
    switchboard_stop(board);
}

/* Everything works but one element, and always. */
static void poison(struct stand_in_turn *turn)
{
    if (stand_in_asks(turn, "call-13"))
        turn->status = DB_BROKEN;
}

static void a_poisoned_call_spoils_no_neighbour(void **state)
{
    (void)state;
    struct switchboard *board = start(1, poison);
    char uuid[ID_TEXT];
    for (int i = 1; i <= 30; i++) {
        snprintf(uuid, sizeof uuid, "call-%d", i);
        calls(board, uuid, 5);
    }
    size_t count = caller_count;
    let_all_finish();
    for (size_t i = 0; i < count; i++)
        if (strcmp(callers[i].uuid, "call-13") == 0)
            assert_int_equal(callers[i].status, SWITCHBOARD_REFUSED);
        else
            assert_answered(&callers[i]);
    switchboard_stop(board);
}

static struct {
    int oldest, newest;
    bool fits;
} served[] = {
    {INTERFACE_OLDEST - 1, INTERFACE_OLDEST - 1, false}, /* was not migrated yet */
    {INTERFACE_OLDEST - 1, INTERFACE_OLDEST, true},
    {INTERFACE_OLDEST - 1, INTERFACE_NEWEST + 1, true},
    {INTERFACE_NEWEST, INTERFACE_NEWEST + 1, true}, /* newer, and keeps what this binary calls */
    {INTERFACE_NEWEST + 1, INTERFACE_NEWEST + 1, false},
};
static size_t serves;

static void serve(struct stand_in_turn *turn)
{
    turn->oldest = served[serves].oldest;
    turn->newest = served[serves].newest;
}

static void a_schema_fits_that_serves_an_interface_of_this_binary(void **state)
{
    (void)state;
    stand_in_start(serve);
    options.connections = 1;
    for (serves = 0; serves < sizeof served / sizeof *served; serves++) {
        struct switchboard *board = switchboard_start(&options);
        assert_non_null(board);
        assert_int_equal(switchboard_schema_fits(board), served[serves].fits);
        switchboard_stop(board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered),
        cmocka_unit_test(a_call_beside_a_hanging_one_gets_the_other_connection),
        cmocka_unit_test(a_locked_row_spoils_no_neighbour),
        cmocka_unit_test(a_locked_post_gives_way),
        cmocka_unit_test(a_lost_connection_is_made_again_and_the_batch_asked_for_again),
        cmocka_unit_test(an_answer_after_the_deadline_is_nobodys),
        cmocka_unit_test(who_calls_while_it_is_away_hears_so_in_time),
        cmocka_unit_test(a_silent_connection_is_given_up_after_the_deadline),
        cmocka_unit_test(a_poisoned_call_spoils_no_neighbour),
        cmocka_unit_test(a_schema_fits_that_serves_an_interface_of_this_binary),
    };
    time_begin();
    log_open(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
