/* typed_test.c - what people paste along is taken off, and what could be a number is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "typed.h"

static void assert_trimmed(const char *typed, const char *expected)
{
    struct form_text text = typed_trimmed((struct form_text){typed, strlen(typed)});
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.length);
}

static void blanks_of_every_script_are_taken_off(void **state)
{
    (void)state;
    assert_trimmed("A-1", "A-1");
    assert_trimmed("  A-1\t\r\n", "A-1");
    assert_trimmed("\u00a0A 1\u202f", "A 1");
    assert_trimmed("\u3000\u2003A-1\ufeff\u200b", "A-1");
    assert_trimmed("\u202a+49 171 1234567\u202c", "+49 171 1234567");
    assert_trimmed("\u00e9\u00e0", "\u00e9\u00e0"); /* whose last byte is that of a blank */
    assert_trimmed(" \u00a0\t", "");
    assert_trimmed("", "");
}

static void what_is_no_utf8_stays(void **state)
{
    (void)state;
    assert_trimmed("\xa0"
                   "A\xc2",
                   "\xa0"
                   "A\xc2");
    assert_trimmed("\x80\x80 ", "\x80\x80");
}

static void seven_digits_without_a_letter_could_be_a_number(void **state)
{
    static const char *const numbers[] = {
        "4156667",
        "+1 415-666-7777",
        "(415) 666.7777",
        "tel:+14156667777",
        "TEL:4156667777",
        "2026-11-29 19:42",
        "\u0661\u0664\u0661\u0665\u0666\u0666\u0667",
        "0,0,0,0,0,0,0",
    };
    static const char *const others[] = {"",     "415666", "A-4156667777", "4156667777x",
                                         "busy", "+34",    "2040",         "tel:"};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_true(typed_could_be_number(numbers[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(typed_could_be_number(others[i]));
}

static void a_time_in_digits_is_no_number(void **state)
{
    static const char *const times[] = {
        "2026-11-29",          "2026-11-29 19:42",       "2026-11-29T19:42:10.123456",
        "2026-11-29 19:42-05", "2026-11-29 19:42 +0530", "29.11.2026 19:42",
        "9.1.2026, 7:42",
    };
    static const char *const others[] = {
        "4156667777", "415-666-7777",          "2026-11-29 4156667777",
        "19:42",      "2026-11-29 +4915",      "4156-66-77777",
        "",           "2026-11-29 19:42+49171"};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        assert_true(typed_is_time(times[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(typed_is_time(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_of_every_script_are_taken_off),
        cmocka_unit_test(what_is_no_utf8_stays),
        cmocka_unit_test(seven_digits_without_a_letter_could_be_a_number),
        cmocka_unit_test(a_time_in_digits_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
