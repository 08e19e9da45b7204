/* response_test.c - response.h: a body that grows, texts that replace it, and a note and an
 * outcome that never outgrow their room. */
#include "response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_fresh_response_is_an_error_without_body(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    assert_int_equal(response.status, 500);
    assert_int_equal(response.length, 0);
    assert_null(response.allow);
    assert_string_equal(response.outcome, "");
    assert_string_equal(response.note, "");
    response_free(&response);
}

static void a_body_grows_byte_by_byte_and_in_leaps(void **state)
{
    (void)state;
    struct response response;
    char *leap = calloc(1, 100000);
    response_init(&response);
    for (size_t i = 0; i < 3 * RESPONSE_INLINE; i++)
        assert_true(response_append(&response, &"0123456789"[i % 10], 1));
    assert_true(response_append(&response, leap, 100000));
    assert_int_equal(response.length, 3 * RESPONSE_INLINE + 100000);
    for (size_t i = 0; i < 3 * RESPONSE_INLINE; i++)
        assert_int_equal(response.body[i], '0' + (int)(i % 10));
    assert_memory_equal(response.body + (size_t)3 * RESPONSE_INLINE, leap, 100000);
    response_free(&response);
    response_free(&response); /* twice is harmless */
    free(leap);
}

static void a_text_replaces_the_body_however_long_it_was(void **state)
{
    (void)state;
    struct response response;
    char long_body[2 * RESPONSE_INLINE] = {0};
    response_init(&response);
    assert_true(response_append(&response, long_body, sizeof long_body));
    response.content_type = "application/xml";
    response_text(&response, 404, "not found\n");
    assert_int_equal(response.status, 404);
    assert_int_equal(response.length, strlen("not found\n"));
    assert_memory_equal(response.body, "not found\n", response.length);
    assert_string_equal(response.content_type, "text/plain; charset=utf-8");
    response_free(&response);
}

static void a_text_is_cut_to_what_always_fits(void **state)
{
    (void)state;
    struct response response;
    char text[2 * RESPONSE_INLINE];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    response_init(&response);
    response_text(&response, 200, text);
    assert_int_equal(response.length, RESPONSE_INLINE);
    response_free(&response);
}

static void notes_are_joined_and_cut(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    response_note(&response, "a=%d", 1);
    response_note(&response, "b=%s", "2");
    assert_string_equal(response.note, "a=1 b=2");
    for (int i = 0; i < 100; i++)
        response_note(&response, "number-%d=%s", i, "value");
    assert_in_range(strlen(response.note), RESPONSE_NOTE - 40, RESPONSE_NOTE - 1);
    response_free(&response);
}

static void an_outcome_is_cut(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    response_outcome(&response, "connected");
    assert_string_equal(response.outcome, "connected");
    response_outcome(&response, "an_outcome_longer_than_there_is_room_for_in_it");
    assert_int_equal(strlen(response.outcome), sizeof response.outcome - 1);
    response_free(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_response_is_an_error_without_body),
        cmocka_unit_test(a_body_grows_byte_by_byte_and_in_leaps),
        cmocka_unit_test(a_text_replaces_the_body_however_long_it_was),
        cmocka_unit_test(a_text_is_cut_to_what_always_fits),
        cmocka_unit_test(notes_are_joined_and_cut),
        cmocka_unit_test(an_outcome_is_cut),
    };
    return cmocka_run_group_tests_name("response", tests, NULL, NULL) > 0;
}
