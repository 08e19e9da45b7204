/* text_test.c - text.h: odd bytes, cutting, and words for carriers. */
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

static void assert_cleaned(const char *text, size_t length, const char *expected)
{
    char *to = malloc(length * TEXT_GROWTH + 1);
    size_t size = text_clean(text, length, to);
    to[size] = '\0';
    assert_string_equal(to, expected);
    free(to);
}

#define CLEANED(text, expected) assert_cleaned(text, sizeof text - 1, expected)

static void odd_bytes_are_left_out_or_replaced(void **state)
{
    (void)state;
    CLEANED("", "");
    CLEANED("plain\ttext\r\n", "plain\ttext\r\n");
    CLEANED("a\0b\fc\x1b\x7f", "abc");
    CLEANED("\xEF\xBF\xBE\xEF\xBF\xBF", "");
    CLEANED("half \xED\xA0\xBD", "half \xEF\xBF\xBD");
    CLEANED("caf\xE9", "caf\xEF\xBF\xBD");
    CLEANED("\xF0\x9F\x8D\x95 whole", "\xF0\x9F\x8D\x95 whole");
    CLEANED("\xFF", "\xEF\xBF\xBD");
}

/* The parts, with a bar between. */
static void assert_cut(const char *text, const char *expected)
{
    struct text_cut cut;
    const char *part;
    size_t length, size = 0;
    char *joined = calloc(1, 2 * strlen(text) + 16);
    int count = 0;
    text_cut_start(&cut, text, strlen(text));
    while (text_cut_next(&cut, &part, &length)) {
        if (count++ > 0)
            joined[size++] = '|';
        memcpy(joined + size, part, length);
        size += length;
    }
    assert_string_equal(joined, expected);
    assert_int_equal(text_cut_count(text, strlen(text)), count);
    free(joined);
}

/* A text of so many of the letter, between the others; three of them at once. */
static const char *filled(const char *before, int count, const char *letter, const char *after)
{
    static char buffers[3][20000];
    static int next;
    char *buffer = buffers[next++ % 3], *end = buffer;
    end = stpcpy(end, before);
    for (int i = 0; i < count; i++)
        end = stpcpy(end, letter);
    stpcpy(end, after);
    return buffer;
}

static void long_texts_are_cut_at_blanks(void **state)
{
    (void)state;
    assert_cut("", "");
    assert_cut("short", "short");
    assert_cut(filled("", 1600, "x", ""), filled("", 1600, "x", ""));
    assert_cut(filled("", 1600, "x", " "), filled("", 1600, "x", ""));
    assert_cut(filled("", 1600, "x", "\r\nnext"), filled("", 1600, "x", "|next"));
    assert_cut(filled("first ", 1599, "x", ""), filled("first|", 1599, "x", ""));
    assert_cut(filled(" ", 1600, "x", ""), filled(" ", 1599, "x", "|x"));
    assert_cut(filled("", 1600, "x", "y"), filled("", 1600, "x", "|y"));
}

static void letters_count_as_plivo_counts_them(void **state)
{
    (void)state;
    assert_cut(filled("", 800, "\xE2\x82\xAC", ""), filled("", 800, "\xE2\x82\xAC", ""));
    assert_cut(filled("", 800, "[", "]"), filled("", 800, "[", "|]"));
    assert_cut(filled("", 737, "\xD0\xB6", ""), filled("", 737, "\xD0\xB6", ""));
    assert_cut(filled("", 737, "\xD0\xB6", "x"), filled("", 737, "\xD0\xB6", "|x"));
    /* As UTF-16 an emoji is two. */
    assert_cut(filled("", 368, "\xF0\x9F\x8D\x95", "x"), filled("", 368, "\xF0\x9F\x8D\x95", "x"));
    assert_cut(filled("", 368, "\xF0\x9F\x8D\x95", "xy"),
               filled("", 368, "\xF0\x9F\x8D\x95", "x|y"));
    assert_cut(filled("`", 736, "x", "y"), filled("`", 736, "x", "|y"));
}

static void what_changes_a_letter_stays_with_it(void **state)
{
    (void)state;
    /* e and an acute accent; a thumb and its colour. */
    assert_cut(filled("\xD0\xB6", 735, "x", "e\xCC\x81"),
               filled("\xD0\xB6", 735, "x", "|e\xCC\x81"));
    assert_cut(filled("", 735, "\xD0\xB6", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD"),
               filled("", 735, "\xD0\xB6", "|\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD"));
}

static void random_texts_lose_nothing(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "word ",        "x",   "\n", " ", "\xD0\xB6", "\xF0\x9F\x8D\x95", "\xCC\x81",
        "\xE2\x82\xAC", "\r\n"};
    for (unsigned seed = 0; seed < 200; seed++) {
        char text[16000], *end = text;
        unsigned luck = seed;
        for (int i = 0; i < 2500; i++) {
            luck = luck * 1103515245 + 12345;
            end = stpcpy(end, pieces[(luck >> 16) % (seed % 9 + 1)]);
        }
        struct text_cut cut;
        const char *part, *at = text;
        size_t length;
        text_cut_start(&cut, text, (size_t)(end - text));
        while (text_cut_next(&cut, &part, &length)) {
            assert_true(length > 0);
            assert_true(part - at <= 2 && strspn(at, " \n\r") >= (size_t)(part - at));
            for (size_t i = 0; i < length;) {
                size_t step = utf8_character(part + i, length - i);
                assert_true(step > 0);
                i += step;
            }
            at = part + length;
        }
        assert_true(strspn(at, " \n\r") == (size_t)(end - at));
    }
}

static void words_for_carriers(void **state)
{
    (void)state;
    assert_int_equal(text_word("STOP", 4), TEXT_STOP);
    assert_int_equal(text_word(" stop all.\n", 11), TEXT_STOP);
    assert_int_equal(text_word("\"Quit\"", 6), TEXT_STOP);
    assert_int_equal(text_word("Start", 5), TEXT_START);
    assert_int_equal(text_word("unstop!", 7), TEXT_START);
    assert_int_equal(text_word("stop it", 7), TEXT_OTHER);
    assert_int_equal(text_word("yes", 3), TEXT_OTHER);
    assert_int_equal(text_word("", 0), TEXT_OTHER);
    assert_int_equal(text_word("...", 3), TEXT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_bytes_are_left_out_or_replaced),
        cmocka_unit_test(long_texts_are_cut_at_blanks),
        cmocka_unit_test(letters_count_as_plivo_counts_them),
        cmocka_unit_test(what_changes_a_letter_stays_with_it),
        cmocka_unit_test(random_texts_lose_nothing),
        cmocka_unit_test(words_for_carriers),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL) > 0;
}
