/* fields_test.c - fields.h: the table tests/cases/fields.tsv, and times. */
#include "fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"

/* Room for the field of any shape. */
union into {
    char id[ID_TEXT];
    char digits[16];
    struct number number;
    struct form_text text;
    int64_t seconds;
};

static const char *const shapes[] = {
    [FIELD_ID] = "id",          [FIELD_NUMBER] = "number", [FIELD_CALLER] = "caller",
    [FIELD_WORDS] = "words",    [FIELD_WORD] = "word",     [FIELD_DECIMAL] = "decimal",
    [FIELD_COUNT] = "count",    [FIELD_SWITCH] = "switch", [FIELD_LINK] = "link",
    [FIELD_TIME] = "time",      [FIELD_DIGITS] = "digits", [FIELD_PLAIN] = "plain",
    [FIELD_WRITTEN] = "written"};

static enum field_shape shape_of(const char *word)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i], word) == 0)
            return (enum field_shape)i;
    fail_msg("no shape is called %s", word);
    return FIELD_PLAIN;
}

/* Reads F of the form; note is for NOTE bytes. */
enum { NOTE = RESPONSE_NOTE };
static void read_one(enum field_shape shape, const char *otherwise, const char *raw, char *storage,
                     union into *into, char note[NOTE])
{
    const struct field table[] = {{"F", shape, 0, .otherwise = otherwise, .label = "id",
                                   .room = shape == FIELD_TIME ? 40 : 16},
                                  {NULL}};
    struct form form = {.count = 0};
    struct response response;
    response_init(&response);
    memset(into, 0, sizeof *into);
    assert_int_equal(form_decode(&form, raw, strlen(raw), storage), FORM_OK);
    fields_read(table, &form, into, &response);
    snprintf(note, NOTE, "%s", response.note);
    response_free(&response);
}

/* What the field holds, as the table writes it. */
static void print(enum field_shape shape, const union into *into, char text[256])
{
    text[0] = '\0';
    if (shape == FIELD_ID)
        snprintf(text, 256, "%s", into->id);
    else if (shape == FIELD_DIGITS)
        snprintf(text, 256, "%s", into->digits);
    else if (shape == FIELD_NUMBER || shape == FIELD_CALLER)
        number_print(into->number, text);
    else if (into->text.length > 0)
        snprintf(text, 256, "%.*s", (int)into->text.length, into->text.bytes);
}

static void reads_as_the_table_says(void **state)
{
    const struct table_row *row = *state;
    assert_int_equal(row->count, 5);
    enum field_shape shape = shape_of(row->cells[1].bytes);
    bool has_other = shape == FIELD_ID || shape == FIELD_WRITTEN;
    char *raw = exact_copy(row->cells[2].bytes, row->cells[2].length + 1);
    char *storage = malloc(row->cells[2].length + 1);
    char note[NOTE], text[256];
    union into into;
    read_one(shape, has_other ? "G" : NULL, raw, storage, &into, note);
    print(shape, &into, text);
    assert_string_equal(text, row->cells[3].bytes);
    assert_string_equal(note, row->cells[4].bytes);
    free(storage);
    free(raw);
}

/* Only the difference of two times of one event means something: Plivo's zone is somebody's. */
static void times_differ_by_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        int64_t since; /* 2026-11-24 06:00:00; -1: no time */
    } cases[] = {
        {"F=2026-11-24+06%3A00%3A00", 0},
        {"F=2026-11-24T06%3A00%3A42", 42},
        {"F=2026-11-25+06%3A00%3A00.123456", 86400},
        {"F=1999-11-24+06%3A00%3A00", -1},
        {"F=24.11.2026+06%3A00", -1},
        {"F=2026-11-24+06%3A00%3A00.00000000000000000000000000", -1},
    };
    char storage[128], note[NOTE];
    union into first, into;
    read_one(FIELD_TIME, NULL, cases[0].form, storage, &first, note);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_one(FIELD_TIME, NULL, cases[i].form, storage, &into, note);
        assert_int_equal(note[0] == '\0', cases[i].since >= 0);
        assert_true(into.seconds == (cases[i].since < 0 ? 0 : first.seconds + cases[i].since));
    }
}

static void words_are_known_in_any_case(void **state)
{
    (void)state;
    assert_true(form_text_is((struct form_text){"OptOut", 6}, "optout"));
    assert_false(form_text_is((struct form_text){"OptOut", 5}, "optout"));
    assert_false(form_text_is((struct form_text){NULL, 0}, "optout"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_differ_by_seconds),
        cmocka_unit_test(words_are_known_in_any_case),
    };
    struct table table = table_read("fields.tsv");
    int failed = table_run("fields.tsv", &table, 0, reads_as_the_table_says);
    table_free(&table);
    failed += cmocka_run_group_tests_name("fields", tests, NULL, NULL);
    return failed > 0;
}
