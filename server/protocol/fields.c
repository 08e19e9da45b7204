#include "fields.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ROOM_MAX = 512 };

static enum form_status look_up(const struct field *field, const struct form *form,
                                const char *name, struct form_text *text)
{
    return field->shape == FIELD_WRITTEN ? form_find_as_sent(form, name, text)
                                         : form_find(form, name, text);
}

/* Under its one name or the other: *name is where it was found, or looked for last. */
static enum form_status find(const struct field *field, const struct form *form,
                             struct form_text *text, const char **name)
{
    *name = field->name;
    enum form_status status = look_up(field, form, *name, text);
    if (field->otherwise == NULL || text->length > 0)
        return status;
    *name = field->otherwise;
    return look_up(field, form, *name, text);
}

/* ---- shapes ---- */

/* Seven digits might be a phone number, and no text of this shape has a reason to hold them. */
static bool holds_number(const char *text)
{
    int digits = 0;
    for (; *text != '\0'; text++)
        if (*text >= '0' && *text <= '9' && ++digits == 7)
            return true;
    return false;
}

/* "0.00475", or as programs write amounts: "+0.5", ".5", "5e-05". Below 1e9, the column's room. */
static bool is_decimal(const char *text)
{
    static const char digits[] = "0123456789";
    const char *at = text + (*text == '+');
    size_t whole = strspn(at, digits);
    at += whole;
    size_t fraction = *at == '.' ? strspn(at + 1, digits) : 0;
    at += *at == '.' ? 1 + fraction : 0;
    if (whole + fraction > 0 && (*at == 'e' || *at == 'E')) {
        at += 1 + (at[1] == '+' || at[1] == '-');
        size_t exponent = strspn(at, digits);
        if (exponent < 1 || exponent > 2)
            return false;
        at += exponent;
    }
    return whole + fraction > 0 && *at == '\0' && strtod(text, NULL) < 1e9;
}

static bool is_link(const char *text)
{
    if (strncasecmp(text, "https://", 8) != 0 && strncasecmp(text, "http://", 7) != 0)
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("\"<>\\", *text) != NULL)
            return false;
    return true;
}

static bool read_time(const char *text, int64_t *seconds)
{
    struct tm time = {0};
    if ((strptime(text, "%Y-%m-%d %H:%M:%S", &time) == NULL &&
         strptime(text, "%Y-%m-%dT%H:%M:%S", &time) == NULL) ||
        time.tm_year < 2000 - 1900 || time.tm_year > 2099 - 1900)
        return false;
    *seconds = timegm(&time);
    return true;
}

static bool has_shape(const char *text, enum field_shape shape)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789 _-.,:()/&'";
    switch (shape) {
    case FIELD_WORDS:
    case FIELD_WORD:
        return text[strspn(text, letters)] == '\0' && !holds_number(text);
    case FIELD_DECIMAL:
    case FIELD_COUNT:
        return is_decimal(text);
    case FIELD_SWITCH:
        return strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
    case FIELD_LINK:
        return is_link(text);
    default:
        return false;
    }
}

/* ---- one field ---- */

static void read_id(const struct field *field, const char *name, enum form_status status,
                    struct form_text text, char *id, struct response *response)
{
    bool fits = text.length < ID_TEXT && memchr(text.bytes, '\0', text.length) == NULL;
    if (status == FORM_OK && text.length > 0 && fits) {
        memcpy(id, text.bytes, text.length);
        id[text.length] = '\0';
    }
    if (id_is_valid(id)) {
        response_note(response, "%s=%s", field->label, id_is_uuid(id) ? id : "(not-a-uuid)");
        return;
    }
    id[0] = '\0';
    response_note(response, "%s=\"%s\"", name,
                  status != FORM_OK ? form_status_text(status) : "is not an id");
}

/* An honest sender's number has no other way to be wrong, so what is wrong is noted. */
static void read_number(const struct field *field, enum form_status status, struct form_text text,
                        struct number *number, struct response *response)
{
    bool parsed = status == FORM_OK && (field->shape == FIELD_CALLER
                                            ? number_parse_caller(text.bytes, text.length, number)
                                            : number_parse(text.bytes, text.length, number));
    if (status != FORM_OK)
        response_note(response, "%s=\"%s\"", field->name, form_status_text(status));
    else if (!parsed)
        response_note(response, "%s=\"%s\"", field->name,
                      text.length == 0 ? "is empty" : "is not a phone number");
    else if (field->shape == FIELD_CALLER && number_is_hidden(*number)) {
        response_note(response, "%s=\"is hidden\"", field->name);
        number->value = 0;
    }
}

static void read_digits(const struct field *field, struct form_text text, char *digits)
{
    if (text.length >= field->room)
        return;
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return;
    memcpy(digits, text.bytes, text.length);
    digits[text.length] = '\0';
}

static void read_shaped(const struct field *field, const char *name, struct form_text text,
                        void *into, struct response *response)
{
    char value[ROOM_MAX];
    text = form_text_trimmed(text);
    size_t room = field->room < sizeof value ? field->room : sizeof value;
    if (text.length >= room) {
        response_note(response, "%s=\"is too long\"", name);
        return;
    }
    memcpy(value, text.bytes, text.length);
    value[text.length] = '\0';
    if (text.length == 0)
        return;
    bool is_whole = strlen(value) == text.length;
    if (is_whole && field->shape == FIELD_TIME && read_time(value, into))
        return;
    if (is_whole && field->shape != FIELD_TIME && has_shape(value, field->shape))
        memcpy(into, &text, sizeof text);
    else
        response_note(response, "%s=\"is unusual\"", name);
}

static void read_field(const struct field *field, const struct form *form, void *into,
                       struct response *response)
{
    struct form_text text;
    const char *name;
    enum form_status status = find(field, form, &text, &name);
    switch (field->shape) {
    case FIELD_ID:
        read_id(field, name, status, text, into, response);
        return;
    case FIELD_NUMBER:
    case FIELD_CALLER:
        read_number(field, status, text, into, response);
        return;
    case FIELD_DIGITS:
        if (status == FORM_OK)
            read_digits(field, text, into);
        return;
    case FIELD_PLAIN:
        if (status == FORM_OK)
            memcpy(into, &text, sizeof text);
        return;
    case FIELD_WRITTEN:
        if (status != FORM_MISSING && status != FORM_REPEATED)
            memcpy(into, &text, sizeof text);
        return;
    default:
        if (status == FORM_OK && text.length > 0)
            read_shaped(field, name, text, into, response);
        return;
    }
}

void fields_read(const struct field table[], const struct form *form, void *into,
                 struct response *response)
{
    for (const struct field *field = table; field->name != NULL; field++)
        read_field(field, form, (char *)into + field->offset, response);
}
