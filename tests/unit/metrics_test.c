/*
 * metrics_test.c - metrics.h: how long what the database told is shown, in time that passes at
 * once.
 */
#include "metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "response.h"
#include "stand_in/virtual_time.h"

static const char TOLD[] = "\nmasking_gauges_told_timestamp_seconds ";

/* What a scraper reads now; to be freed. */
static char *scraped(void)
{
    struct response response;
    const struct metrics_now now = {.workers = 1};
    response_init(&response);
    metrics_write(&response, &now);
    assert_int_equal(response.status, 200);
    char *text = strndup(response.body, response.length);
    assert_non_null(text);
    response_free(&response);
    return text;
}

static bool shows(const char *what)
{
    char *text = scraped();
    bool found = strstr(text, what) != NULL;
    free(text);
    return found;
}

static long long told(void)
{
    char *text = scraped();
    const char *value = strstr(text, TOLD);
    assert_non_null(value);
    long long seconds = strtoll(value + strlen(TOLD), NULL, 10);
    free(text);
    return seconds;
}

static void gauges_are_shown_while_they_are_told(void **state)
{
    (void)state;
    const struct gauge gauges[] = {
        {.name = "standby_missing", .value = 0},
        {.name = "pool_headroom", .labels = "prefix=\"1\"", .value = -2},
        {.name = "pool_headroom", .labels = "prefix=\"34\"", .value = 3}};
    time_begin();
    assert_int_equal(told(), 0);
    long long before = time(NULL);
    metrics_set_gauges(gauges, 3);
    assert_in_range(told(), before, time(NULL));
    assert_true(
        shows("\n# TYPE masking_pool_headroom gauge\nmasking_pool_headroom{prefix=\"1\"} -2\n"
              "masking_pool_headroom{prefix=\"34\"} 3\n"));
    time_sleep(600 * 1000);
    assert_true(shows("\nmasking_standby_missing 0\n"));
    metrics_set_gauges(gauges, 2);
    time_sleep(600 * 1000);
    assert_true(shows("masking_pool_headroom{prefix=\"1\"} -2\n"));
    assert_false(shows("prefix=\"34\""));
    time_sleep(1);
    assert_false(shows("masking_pool_headroom") || shows("masking_standby_missing"));
    assert_in_range(told(), before, time(NULL));
    metrics_set_gauges(gauges, 1);
    assert_true(shows("\nmasking_standby_missing 0\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gauges_are_shown_while_they_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
