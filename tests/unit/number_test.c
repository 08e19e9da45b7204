/* number_test.c - number.h: the table tests/cases/number.tsv, and printing. */
#include "number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"

static void parses_as_the_table_says(void **state)
{
    const struct table_row *row = *state;
    assert_int_equal(row->count, 3);
    const char *expected = row->cells[1].bytes;
    char *text = exact_copy(row->cells[0].bytes, row->cells[0].length);
    struct number number = {.value = -1};
    char printed[NUMBER_TEXT];

    bool good = number_parse(text, row->cells[0].length, &number);
    free(text);

    assert_int_equal(good, expected[0] != '\0');
    assert_int_equal(good, number.value != 0);
    number_print(number, printed);
    assert_string_equal(printed, expected);
}

static void no_text_is_no_number(void **state)
{
    (void)state;
    struct number number = {.value = -1};
    assert_false(number_parse(NULL, 0, &number));
    assert_int_equal(number.value, 0);
}

static void reads_no_further_than_the_length(void **state)
{
    (void)state;
    struct number number;
    assert_true(number_parse("14156667777anything", 11, &number));
    assert_true(number.value == 14156667777);
}

static void what_is_printed_parses_to_the_same_number(void **state)
{
    (void)state;
    const int64_t values[] = {1000000, 14156667777, 14155550100, 999999999999999};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct number number = {.value = values[i]}, again;
        char printed[NUMBER_TEXT];
        number_print(number, printed);
        assert_true(number_parse(printed, strlen(printed), &again));
        assert_true(again.value == values[i]);
    }
}

static void a_caller_may_be_national(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"02071234567", -2071234567},
                 {"(020) 7123-4567", -2071234567},
                 {"14156667777", 14156667777},
                 {"+02071234567", 0},
                 {"0", 0},
                 {"0123456", -123456},
                 {"012345", 0},
                 {"012345678901234", -12345678901234},
                 {"0123456789012345", 0},
                 {"anonymous", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct number number = {.value = 1};
        bool good = number_parse_caller(cases[i].text, strlen(cases[i].text), &number);
        assert_true(number.value == cases[i].value);
        assert_int_equal(good, number.value != 0);
    }
}

static void redacted_shows_two_digits_only(void **state)
{
    (void)state;
    char printed[NUMBER_REDACTED];
    number_print_redacted((struct number){14156667778}, printed);
    assert_string_equal(printed, "**78");
    number_print_redacted((struct number){14156667700}, printed);
    assert_string_equal(printed, "**00");
    number_print_redacted((struct number){999999999999909}, printed);
    assert_string_equal(printed, "**09");
    number_print_redacted((struct number){0}, printed);
    assert_string_equal(printed, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_is_no_number),
        cmocka_unit_test(reads_no_further_than_the_length),
        cmocka_unit_test(what_is_printed_parses_to_the_same_number),
        cmocka_unit_test(a_caller_may_be_national),
        cmocka_unit_test(redacted_shows_two_digits_only),
    };
    struct table table = table_read("number.tsv");
    int failed = table_run("number.tsv", &table, 2, parses_as_the_table_says);
    table_free(&table);
    failed += cmocka_run_group_tests_name("number", tests, NULL, NULL);
    return failed > 0;
}
