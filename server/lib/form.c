/* form.c - a query string or form body as decoded fields. See form.h. */
#include "form.h"

#include <string.h>
#include <strings.h>

#include "utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_utf8(const char *text, size_t length)
{
    while (length > 0) {
        size_t step = utf8_character(text, length);
        if (step == 0)
            return false;
        text += step;
        length -= step;
    }
    return true;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
}

/*
 * Decodes from..end into to, which has room: a text never grows. The first
 * trouble of a field is kept: it is about the bytes as sent, later ones may
 * only follow from it.
 */
static struct form_text decode(const char *from, const char *end, char *to,
                               enum form_status *problem)
{
    struct form_text text = {.bytes = to};
    enum form_status found = FORM_OK;
    bool ascii = true;

    while (from < end) {
        char c = *from++;
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = end - from >= 2 ? hex_digit(from[0]) : -1;
            int low = high >= 0 ? hex_digit(from[1]) : -1;
            if (low >= 0) {
                c = (char)(high * 16 + low);
                from += 2;
            } else if (found == FORM_OK) {
                found = FORM_BAD_ESCAPE;
            }
        }
        if (is_control(c) && found == FORM_OK)
            found = FORM_CONTROL;
        ascii = ascii && (unsigned char)c < 0x80;
        *to++ = c;
    }
    text.length = (size_t)(to - text.bytes);
    if (!ascii && found == FORM_OK && !is_utf8(text.bytes, text.length))
        found = FORM_NOT_UTF8;
    if (*problem == FORM_OK)
        *problem = found;
    return text;
}

enum form_status form_decode(struct form *form, const char *raw, size_t length, char *storage)
{
    const char *end = length > 0 ? raw + length : raw;
    size_t count = form->count;

    for (const char *part = raw, *next; part < end; part = next) {
        const char *ampersand = memchr(part, '&', (size_t)(end - part));
        const char *stop = ampersand == NULL ? end : ampersand;
        next = ampersand == NULL ? end : ampersand + 1;
        if (stop == part)
            continue;
        if (count == FORM_FIELDS_MAX)
            return FORM_TOO_MANY_FIELDS;

        struct form_field *field = &form->fields[count++];
        const char *equals = memchr(part, '=', (size_t)(stop - part));
        field->problem = FORM_OK;
        field->name = decode(part, equals == NULL ? stop : equals, storage, &field->problem);
        storage += field->name.length;
        field->value = decode(equals == NULL ? stop : equals + 1, stop, storage, &field->problem);
        storage += field->value.length;
    }
    form->count = count;
    return FORM_OK;
}

static bool text_equals(struct form_text text, const char *other, size_t length)
{
    return text.length == length && memcmp(text.bytes, other, length) == 0;
}

enum form_status form_find_as_sent(const struct form *form, const char *name,
                                   struct form_text *value)
{
    const struct form_field *found = NULL;
    size_t length = strlen(name);

    *value = (struct form_text){.bytes = "", .length = 0};
    for (size_t i = 0; i < form->count; i++) {
        if (!text_equals(form->fields[i].name, name, length))
            continue;
        if (found != NULL)
            return FORM_REPEATED;
        found = &form->fields[i];
    }
    if (found == NULL)
        return FORM_MISSING;
    *value = found->value;
    return found->problem;
}

enum form_status form_find(const struct form *form, const char *name, struct form_text *value)
{
    enum form_status status = form_find_as_sent(form, name, value);
    if (status != FORM_OK)
        *value = (struct form_text){.bytes = "", .length = 0};
    return status;
}

struct form_text form_text_trimmed(struct form_text text)
{
    while (text.length > 0 && text.bytes[0] == ' ')
        text.bytes++, text.length--;
    while (text.length > 0 && text.bytes[text.length - 1] == ' ')
        text.length--;
    return text;
}

bool form_text_is(struct form_text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}

bool form_says(const struct form *form, const char *name, const char *word)
{
    struct form_text text;
    return form_find(form, name, &text) == FORM_OK && form_text_is(text, word);
}

const char *form_status_text(enum form_status status)
{
    switch (status) {
    case FORM_OK:
        return "is fine";
    case FORM_MISSING:
        return "is missing";
    case FORM_REPEATED:
        return "occurs twice";
    case FORM_BAD_ESCAPE:
        return "has a broken % escape";
    case FORM_CONTROL:
        return "has a control character";
    case FORM_NOT_UTF8:
        return "is not UTF-8";
    case FORM_TOO_MANY_FIELDS:
        return "has too many fields";
    }
    return "is unknown";
}
