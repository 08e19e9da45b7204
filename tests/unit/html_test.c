/* html_test.c - nothing of anybody's becomes markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "html.h"

static void assert_written(const struct response *out, const char *expected)
{
    assert_int_equal(out->length, strlen(expected));
    assert_memory_equal(out->body, expected, out->length);
}

static void text_is_escaped(void **state)
{
    struct response out;
    (void)state;
    response_init(&out);
    html_text(&out, "<script>alert('\"&\"')</script>");
    assert_written(&out, "&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;");
    response_free(&out);
}

static void control_characters_are_shown_as_such(void **state)
{
    struct response out;
    (void)state;
    response_init(&out);
    html_text(&out, "a\x01"
                    "b\nc\td\x1b");
    assert_written(&out, "a\xef\xbf\xbd"
                         "b\nc\td\xef\xbf\xbd");
    response_free(&out);
}

static void a_query_value_has_no_special_character(void **state)
{
    struct response out;
    (void)state;
    response_init(&out);
    html_query(&out, "A-1&x=\"<\xc3\xa9 #%");
    assert_written(&out, "A-1%26x%3D%22%3C%C3%A9%20%23%25");
    response_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(control_characters_are_shown_as_such),
        cmocka_unit_test(a_query_value_has_no_special_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
