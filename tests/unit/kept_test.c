/* kept_test.c - a handle is its user's and its screen's alone, and all of it goes in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "kept.h"
#include "stand_in/virtual_time.h"

static const char why[] = "why", calls[] = "calls";
static struct kept_asked found;

static void ask(struct kept *kept, const char *user, const char *number,
                char handle[static KEPT_HANDLE])
{
    struct kept_asked asked = {.screen = why};
    snprintf(asked.values[0], KEPT_FIELD, "%s", number);
    assert_true(kept_ask(kept, user, &asked, handle));
    assert_int_equal(strspn(handle, "0123456789abcdef"), KEPT_HANDLE - 1);
}

static bool is_kept(struct kept *kept, const char *user, const char *handle)
{
    return kept_find(kept, user, handle, why, &found);
}

static void answer(struct kept *kept, const char *user, const char *handle, const char *words)
{
    struct response page;
    response_init(&page);
    response_text(&page, 200, words);
    kept_answer(kept, user, handle, why, &page);
    response_free(&page);
}

static void assert_page(struct kept *kept, const char *user, const char *handle, const char *words)
{
    struct response out;
    response_init(&out);
    assert_int_equal(kept_page(kept, user, handle, why, &out), words != NULL);
    assert_int_equal(out.length, words == NULL ? 0 : strlen(words));
    if (words != NULL)
        assert_memory_equal(out.body, words, out.length);
    response_free(&out);
}

static void what_was_asked_is_its_users_alone(void **state)
{
    char handle[KEPT_HANDLE];
    struct kept *kept = kept_new();
    (void)state;
    ask(kept, "anna", "14156667777", handle);
    assert_true(is_kept(kept, "anna", handle));
    assert_string_equal(found.values[0], "14156667777");
    assert_string_equal(found.values[1], "");
    assert_false(is_kept(kept, "bob", handle));
    assert_false(kept_find(kept, "anna", handle, calls, &found));
    assert_false(is_kept(kept, "anna", ""));
    handle[0] = handle[0] == '0' ? '1' : '0';
    assert_false(is_kept(kept, "anna", handle));
    kept_free(kept);
}

static void a_page_is_made_once(void **state)
{
    char handle[KEPT_HANDLE], again[KEPT_HANDLE];
    struct kept *kept = kept_new();
    (void)state;
    ask(kept, "anna", "14156667777", handle);
    assert_page(kept, "anna", handle, NULL);
    ask(kept, "anna", "14156667777", again);
    assert_string_equal(again, handle);
    answer(kept, "bob", handle, "forged");
    answer(kept, "anna", handle, "first");
    answer(kept, "anna", handle, "second");
    assert_page(kept, "anna", handle, "first");
    assert_page(kept, "bob", handle, NULL);
    ask(kept, "anna", "14156667777", again); /* asked once more is a look of its own */
    assert_string_not_equal(again, handle);
    kept_free(kept);
}

static void a_page_that_is_too_large_is_not_kept(void **state)
{
    static char much[KEPT_PAGE_MAX + 1];
    char handle[KEPT_HANDLE];
    struct response page;
    struct kept *kept = kept_new();
    (void)state;
    ask(kept, "anna", "1", handle);
    response_init(&page);
    assert_true(response_append(&page, much, sizeof much));
    kept_answer(kept, "anna", handle, why, &page);
    response_free(&page);
    assert_page(kept, "anna", handle, NULL);
    assert_true(is_kept(kept, "anna", handle));
    kept_free(kept);
}

static void all_of_it_goes_after_its_time(void **state)
{
    char handle[KEPT_HANDLE];
    struct kept *kept = kept_new();
    (void)state;
    time_begin();
    ask(kept, "anna", "14156667777", handle);
    answer(kept, "anna", handle, "page");
    time_sleep(KEPT_MS - 1);
    assert_page(kept, "anna", handle, "page");
    time_sleep(1);
    kept_tidy(kept);
    assert_page(kept, "anna", handle, NULL);
    assert_false(is_kept(kept, "anna", handle));
    kept_free(kept);
}

static void one_user_pushes_out_their_own_oldest(void **state)
{
    char first[KEPT_HANDLE], second[KEPT_HANDLE], bobs[KEPT_HANDLE], handle[KEPT_HANDLE],
        number[16];
    struct kept *kept = kept_new();
    (void)state;
    ask(kept, "bob", "1", bobs);
    ask(kept, "anna", "1", first);
    ask(kept, "anna", "2", second);
    for (int i = 3; i <= KEPT_OF_USER + 1; i++) {
        snprintf(number, sizeof number, "%d", i);
        ask(kept, "anna", number, handle);
    }
    assert_false(is_kept(kept, "anna", first));
    assert_true(is_kept(kept, "anna", second));
    assert_true(is_kept(kept, "bob", bobs));
    kept_free(kept);
}

static void many_users_push_out_the_oldest_of_all(void **state)
{
    char first[KEPT_HANDLE], second[KEPT_HANDLE], handle[KEPT_HANDLE], user[16];
    struct kept *kept = kept_new();
    (void)state;
    ask(kept, "anna", "1", first);
    ask(kept, "bob", "1", second);
    for (int i = 0; i < KEPT_MAX - 1; i++) {
        snprintf(user, sizeof user, "user-%d", i);
        ask(kept, user, "1", handle);
    }
    assert_false(is_kept(kept, "anna", first));
    assert_true(is_kept(kept, "bob", second));
    kept_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_is_its_users_alone),
        cmocka_unit_test(a_page_is_made_once),
        cmocka_unit_test(a_page_that_is_too_large_is_not_kept),
        cmocka_unit_test(one_user_pushes_out_their_own_oldest),
        cmocka_unit_test(many_users_push_out_the_oldest_of_all),
        cmocka_unit_test(all_of_it_goes_after_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
