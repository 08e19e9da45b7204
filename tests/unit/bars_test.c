/* bars_test.c - the picture of a day: what is drawn how tall, and that everything is said too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bars.h"

static struct bars bars;

/* The caller frees it. */
static char *drawn(void)
{
    struct response out;
    response_init(&out);
    bars_write(&bars, &out);
    char *text = strndup(out.body, out.length);
    response_free(&out);
    assert_non_null(text);
    return text;
}

static void add(const char *hour, const char *answered, const char *apologised,
                const char *day_before)
{
    bars_add(&bars, (const char *[]){hour, answered, "0", "0", "0", apologised, "0", day_before});
}

static void the_tallest_bar_reaches_the_top_of_the_scale(void **state)
{
    (void)state;
    bars_start(&bars, "Calls today", "Few.");
    add("00", "400", "0", "100");
    add("01", "200", "0", "0");
    char *text = drawn();
    assert_non_null(strstr(
        text, "class=\"answered\" x=\"7.00%\" y=\"16.0\" width=\"36.00%\" height=\"180.0\""));
    assert_non_null(strstr(
        text, "class=\"answered\" x=\"57.00%\" y=\"106.0\" width=\"36.00%\" height=\"90.0\""));
    assert_non_null(
        strstr(text, "class=\"day_before\" x1=\"0.00%\" x2=\"50.00%\" y1=\"151.0\" y2=\"151.0\""));
    free(text);
}

static void one_call_among_thousands_is_seen(void **state)
{
    (void)state;
    bars_start(&bars, "Calls today", "Many.");
    add("00", "3999", "1", "0");
    char *text = drawn();
    assert_non_null(strstr(
        text, "class=\"apologised\" x=\"14.00%\" y=\"13.0\" width=\"72.00%\" height=\"3.0\""));
    assert_non_null(strstr(
        text,
        "<title>00:00: 4000 calls, 3999 answered, 1 heard an apology; the day before 0</title>"));
    free(text);
}

static void everything_is_said_in_words_too(void **state)
{
    (void)state;
    bars_start(&bars, "<Calls>", "\"Few\" & <b>");
    add("<i>", "12", "3", "20");
    add("15", "1", "0", "7");
    char *text = drawn();
    assert_non_null(strstr(text, "aria-label=\"&quot;Few&quot; &amp; &lt;b&gt;\""));
    assert_non_null(strstr(text, "<strong>13 </strong>answered"));
    assert_non_null(strstr(text, "<strong>27 </strong>the day before, all"));
    assert_non_null(
        strstr(text, "<td>12</td><td>0</td><td>0</td><td>0</td><td>3</td><td>0</td><td>20</td>"));
    assert_null(strstr(text, "<i>"));
    assert_null(strstr(text, "<b>"));
    assert_null(strstr(text, "style="));
    free(text);
}

static void odd_counts_break_nothing(void **state)
{
    static const char *const counts[] = {"", "-5", "x", "99999999999999999999", "1e9"};
    (void)state;
    bars_start(&bars, "", "");
    free(drawn());
    for (int i = 0; i < BARS_HOURS + 5; i++)
        add("23", counts[i % 5], counts[(i + 1) % 5], counts[(i + 2) % 5]);
    assert_int_equal(bars.count, BARS_HOURS);
    char *text = drawn();
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tallest_bar_reaches_the_top_of_the_scale),
        cmocka_unit_test(one_call_among_thousands_is_seen),
        cmocka_unit_test(everything_is_said_in_words_too),
        cmocka_unit_test(odd_counts_break_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
