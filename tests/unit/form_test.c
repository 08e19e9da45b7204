/*
 * form_test.c - form.h: the table tests/cases/form.tsv, the lookups, and three
 * properties over random input: what is encoded decodes to itself, arbitrary
 * bytes decode as a plain model says, and UTF-8 is what iconv says it is.
 */
#include "form.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "table.h"

static const struct {
    const char *word;
    enum form_status status;
} words[] = {
    {"", FORM_OK},
    {"bad_escape", FORM_BAD_ESCAPE},
    {"control", FORM_CONTROL},
    {"not_utf8", FORM_NOT_UTF8},
};

static enum form_status status_named(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].status;
    fail_msg("no problem is named \"%s\"", word);
    return FORM_OK;
}

static void assert_text(struct form_text text, const char *bytes, size_t length)
{
    assert_int_equal(text.length, length);
    if (length > 0)
        assert_memory_equal(text.bytes, bytes, length);
}

/* Raw and decoded bytes in allocations of their exact size, so that a read or
 * write beyond them is seen by AddressSanitizer. */
struct decoded {
    char *raw, *storage;
    enum form_status status;
    struct form form;
};

static struct decoded decode_exactly(const char *raw, size_t length)
{
    struct decoded decoded = {.raw = exact_copy(raw, length), .storage = exact_copy(raw, length)};
    decoded.status = form_decode(&decoded.form, decoded.raw, length, decoded.storage);
    return decoded;
}

static void decoded_free(struct decoded *decoded)
{
    free(decoded->raw);
    free(decoded->storage);
}

static void decodes_as_the_table_says(void **state)
{
    const struct table_row *row = *state;
    const struct table_cell *cell = row->cells;
    size_t fields = (row->count - 2) / 3;
    assert_int_equal(row->count, 2 + 3 * fields);

    struct decoded decoded = decode_exactly(cell[1].bytes, cell[1].length);

    assert_int_equal(decoded.status, FORM_OK);
    assert_int_equal(decoded.form.count, fields);
    for (size_t i = 0; i < fields; i++) {
        const struct table_cell *expected = &cell[2 + 3 * i];
        assert_text(decoded.form.fields[i].name, expected[0].bytes, expected[0].length);
        assert_text(decoded.form.fields[i].value, expected[1].bytes, expected[1].length);
        assert_int_equal(decoded.form.fields[i].problem, status_named(expected[2].bytes));
    }
    decoded_free(&decoded);
}

static void finds_only_what_is_clean_and_single(void **state)
{
    (void)state;
    const char *raw = "From=1&to=2&Twice=3&Twice=4&Bad=%zz&Nul=%00&Latin=%e9&Empty=&T%6f=5&"
                      "Half=ok&Half=%zz&%zz=6";
    const struct {
        const char *name;
        enum form_status status;
        const char *value;
    } expected[] = {
        {"From", FORM_OK, "1"},       {"from", FORM_MISSING, ""},   {"Fro", FORM_MISSING, ""},
        {"From=", FORM_MISSING, ""},  {"", FORM_MISSING, ""},       {"To", FORM_OK, "5"},
        {"Twice", FORM_REPEATED, ""}, {"Bad", FORM_BAD_ESCAPE, ""}, {"Nul", FORM_CONTROL, ""},
        {"Latin", FORM_NOT_UTF8, ""}, {"Empty", FORM_OK, ""},       {"Half", FORM_REPEATED, ""},
        {"%zz", FORM_BAD_ESCAPE, ""},
    };
    struct decoded decoded = decode_exactly(raw, strlen(raw));
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct form_text value = {.bytes = "left over", .length = 9};
        assert_int_equal(form_find(&decoded.form, expected[i].name, &value), expected[i].status);
        assert_text(value, expected[i].value, strlen(expected[i].value));
    }
    decoded_free(&decoded);
}

static void equals_means_one_clean_equal_value(void **state)
{
    (void)state;
    const char *raw = "Event=Hangup&Empty=&Twice=x&Twice=x&Bad=%zz";
    struct decoded decoded = decode_exactly(raw, strlen(raw));
    const struct form *form = &decoded.form;
    assert_true(form_says(form, "Event", "Hangup"));
    assert_true(form_says(form, "Event", "hangUP"));
    assert_false(form_says(form, "Event", "Hang"));
    assert_false(form_says(form, "Event", "Hangups"));
    assert_true(form_says(form, "Empty", ""));
    assert_false(form_says(form, "Absent", ""));
    assert_false(form_says(form, "Twice", "x"));
    assert_false(form_says(form, "Bad", "%zz"));
    decoded_free(&decoded);
}

static void a_query_and_a_body_share_one_form(void **state)
{
    (void)state;
    struct form form = {.count = 0};
    char storage[16];
    struct form_text value;
    assert_int_equal(form_decode(&form, "a=1&b=2", 7, storage), FORM_OK);
    assert_int_equal(form_decode(&form, "b=3&c=4", 7, storage + 7), FORM_OK);
    assert_int_equal(form.count, 4);
    assert_true(form_says(&form, "a", "1"));
    assert_true(form_says(&form, "c", "4"));
    assert_int_equal(form_find(&form, "b", &value), FORM_REPEATED);
}

static void no_text_has_no_fields(void **state)
{
    (void)state;
    struct form form = {.count = 0};
    assert_int_equal(form_decode(&form, NULL, 0, NULL), FORM_OK);
    assert_int_equal(form.count, 0);
}

static void too_many_fields_leave_the_form_unchanged(void **state)
{
    (void)state;
    char raw[2 * (FORM_FIELDS_MAX + 1)], storage[sizeof raw];
    memset(raw, '&', sizeof raw);
    for (size_t i = 0; i < sizeof raw; i += 2)
        raw[i] = 'a';

    struct form form = {.count = 0};
    assert_int_equal(form_decode(&form, raw, sizeof raw, storage), FORM_TOO_MANY_FIELDS);
    assert_int_equal(form.count, 0);
    assert_int_equal(form_decode(&form, raw, sizeof raw - 2, storage), FORM_OK);
    assert_int_equal(form.count, FORM_FIELDS_MAX);
    assert_int_equal(form_decode(&form, "&&", 2, storage), FORM_OK);
    assert_int_equal(form_decode(&form, "b", 1, storage), FORM_TOO_MANY_FIELDS);
    assert_int_equal(form.count, FORM_FIELDS_MAX);
    assert_text(form.fields[FORM_FIELDS_MAX - 1].name, "a", 1);
}

static void every_status_has_its_own_words(void **state)
{
    (void)state;
    for (int i = FORM_OK; i <= FORM_TOO_MANY_FIELDS; i++)
        for (int j = FORM_OK; j < i; j++)
            assert_string_not_equal(form_status_text((enum form_status)i),
                                    form_status_text((enum form_status)j));
}

/* --- properties ------------------------------------------------------- */

static size_t encode(const char *text, size_t length, char *out)
{
    const char *hex = random_below(2) ? "0123456789ABCDEF" : "0123456789abcdef";
    char *to = out;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == ' ' && random_below(2)) {
            *to++ = '+';
        } else if (memchr("&=%+", c, 4) != NULL || random_below(4) == 0) {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        } else {
            *to++ = (char)c;
        }
    }
    return (size_t)(to - out);
}

static void what_is_encoded_decodes_to_itself(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char plain[8][2][12], raw[8 * (2 * 36 + 2)];
        size_t lengths[8][2], used = 0, count = random_below(9);
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                raw[used++] = '&';
            for (int side = 0; side < 2; side++) {
                lengths[i][side] = random_below(13);
                for (size_t j = 0; j < lengths[i][side]; j++)
                    plain[i][side][j] = (char)random_below(256);
                used += encode(plain[i][side], lengths[i][side], raw + used);
                if (side == 0)
                    raw[used++] = '=';
            }
        }
        struct decoded decoded = decode_exactly(raw, used);
        assert_int_equal(decoded.status, FORM_OK);
        assert_int_equal(decoded.form.count, count);
        for (size_t i = 0; i < count; i++) {
            assert_text(decoded.form.fields[i].name, plain[i][0], lengths[i][0]);
            assert_text(decoded.form.fields[i].value, plain[i][1], lengths[i][1]);
        }
        decoded_free(&decoded);
    }
}

/* The decoder once more, as plainly as possible: one byte at a time, by strtoul. */
static size_t plain_decode(const char *raw, size_t length, char *out, bool *bad)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char two[3] = {0};
        if (raw[i] == '%' && i + 2 < length)
            memcpy(two, raw + i + 1, 2);
        if (raw[i] == '%' && strspn(two, "0123456789abcdefABCDEF") == 2) {
            out[used++] = (char)strtoul(two, NULL, 16);
            i += 2;
            continue;
        }
        *bad = *bad || raw[i] == '%';
        out[used++] = raw[i] == '+' ? ' ' : raw[i];
    }
    return used;
}

static void any_bytes_decode_as_the_plain_model_says(void **state)
{
    (void)state;
    static const char letters[] = "&&==%%%%++ab09AFgG\0\t\x7f\xc3\xa9\xff";
    for (int round = 0; round < 50000; round++) {
        char raw[40], name[40], value[40];
        size_t length = random_below(sizeof raw + 1), field = 0;
        for (size_t i = 0; i < length; i++)
            raw[i] = letters[random_below(sizeof letters - 1)];
        struct decoded decoded = decode_exactly(raw, length);
        assert_int_equal(decoded.status, FORM_OK);
        for (size_t start = 0, end; start < length; start = end + 1) {
            for (end = start; end < length && raw[end] != '&';)
                end++;
            if (end == start)
                continue;
            size_t equals = start;
            while (equals < end && raw[equals] != '=')
                equals++;
            bool bad = false;
            size_t name_length = plain_decode(raw + start, equals - start, name, &bad);
            size_t skip = equals < end ? 1 : 0;
            size_t value_length =
                plain_decode(raw + equals + skip, end - equals - skip, value, &bad);
            assert_true(field < decoded.form.count);
            const struct form_field *got = &decoded.form.fields[field++];
            assert_text(got->name, name, name_length);
            assert_text(got->value, value, value_length);
            if (bad)
                assert_int_not_equal(got->problem, FORM_OK);
        }
        assert_int_equal(field, decoded.form.count);
        decoded_free(&decoded);
    }
}

static bool iconv_accepts(iconv_t converter, char *text, size_t length)
{
    char out[64];
    char *to = out;
    size_t room = sizeof out;
    iconv(converter, NULL, NULL, NULL, NULL);
    return iconv(converter, &text, &length, &to, &room) != (size_t)-1;
}

static void utf8_is_what_iconv_says(void **state)
{
    (void)state;
    /* Leading bytes at the edges of each form, and what may follow them. */
    static const char letters[] = "a\x7e\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed"
                                  "\xee\xef\xf0\xf1\xf3\xf4\xf5\xff\xbf\x80\x80\x90\xbf";
    iconv_t converter = iconv_open("UTF-32LE", "UTF-8");
    assert_true(converter != (iconv_t)-1);
    int good = 0;
    for (int round = 0; round < 200000; round++) {
        char raw[1 + 6];
        size_t length = 1 + random_below(sizeof raw - 1);
        raw[0] = '=';
        for (size_t i = 1; i <= length; i++)
            raw[i] = random_below(8) ? letters[random_below(sizeof letters - 1)]
                                     : (char)(0x80 + random_below(128));
        struct decoded decoded = decode_exactly(raw, length + 1);
        bool accepted = iconv_accepts(converter, raw + 1, length);
        assert_int_equal(decoded.form.fields[0].problem, accepted ? FORM_OK : FORM_NOT_UTF8);
        good += accepted;
        decoded_free(&decoded);
    }
    assert_in_range(good, 1000, 199000); /* both answers were tried */
    iconv_close(converter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_only_what_is_clean_and_single),
        cmocka_unit_test(equals_means_one_clean_equal_value),
        cmocka_unit_test(a_query_and_a_body_share_one_form),
        cmocka_unit_test(no_text_has_no_fields),
        cmocka_unit_test(too_many_fields_leave_the_form_unchanged),
        cmocka_unit_test(every_status_has_its_own_words),
        cmocka_unit_test(what_is_encoded_decodes_to_itself),
        cmocka_unit_test(any_bytes_decode_as_the_plain_model_says),
        cmocka_unit_test(utf8_is_what_iconv_says),
    };
    struct table table = table_read("form.tsv");
    int failed = table_run("form.tsv", &table, 0, decodes_as_the_table_says);
    table_free(&table);
    failed += cmocka_run_group_tests_name("form", tests, NULL, NULL);
    return failed > 0;
}
