/* request_test.c - request.h: looking headers up, and which bodies are forms. */
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void headers_are_found_in_any_case_and_the_first_counts(void **state)
{
    (void)state;
    const struct request request = {
        .headers = {{"Host", "a"}, {"X-One", "1"}, {"x-one", "2"}, {"Empty", ""}},
        .header_count = 4,
    };
    assert_string_equal(request_header(&request, "host"), "a");
    assert_string_equal(request_header(&request, "X-ONE"), "1");
    assert_string_equal(request_header(&request, "Empty"), "");
    assert_null(request_header(&request, "X-On"));
    assert_null(request_header(&request, "X-One-More"));
    assert_null(request_header(&request, ""));
}

static void no_header_is_read_beyond_the_count(void **state)
{
    (void)state;
    const struct request request = {.headers = {{"Host", "a"}, {"X-Old", "b"}}, .header_count = 1};
    assert_null(request_header(&request, "X-Old"));
}

static void a_form_is_known_by_its_content_type(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool is_form;
    } cases[] = {
        {"application/x-www-form-urlencoded", true},
        {"Application/X-WWW-Form-URLEncoded", true},
        {"application/x-www-form-urlencoded; charset=utf-8", true},
        {"application/x-www-form-urlencoded ;charset=utf-8", true},
        {"application/x-www-form-urlencoded-not", false},
        {"application/x-www-form-urlencode", false},
        {"multipart/form-data; boundary=x", false},
        {"application/json", false},
        {"text/plain; application/x-www-form-urlencoded", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct request request = {
            .headers = {{"content-type", cases[i].type}},
            .header_count = 1,
        };
        assert_int_equal(request_has_form(&request), cases[i].is_form);
    }
    const struct request without = {.header_count = 0};
    assert_false(request_has_form(&without));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_in_any_case_and_the_first_counts),
        cmocka_unit_test(no_header_is_read_beyond_the_count),
        cmocka_unit_test(a_form_is_known_by_its_content_type),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL) > 0;
}
