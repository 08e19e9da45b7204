/* fields.c - see fields.h. */
#include "fields.h"

#include <string.h>

/* Plivo's own ids are UUIDs. Others of the same alphabet are taken, in case that changes. */
bool fields_is_uuid(const char *text)
{
    static const char alphabet[] =
        "0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] != '\0' && text[strspn(text, alphabet)] == '\0';
}

static bool copy_uuid(struct form_text text, char out[CALL_UUID])
{
    out[0] = '\0';
    if (text.length == 0 || text.length >= CALL_UUID ||
        memchr(text.bytes, '\0', text.length) != NULL)
        return false;
    memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
    if (fields_is_uuid(out))
        return true;
    out[0] = '\0';
    return false;
}

bool fields_read_uuid(const struct form *form, const char *name, char out[CALL_UUID],
                      struct response *response)
{
    struct form_text text;
    enum form_status status = form_find(form, name, &text);
    if (status == FORM_OK && copy_uuid(text, out))
        return true;
    out[0] = '\0';
    response_note(response, "%s=\"%s\"", name,
                  status != FORM_OK ? form_status_text(status) : "is not an id");
    return false;
}

static bool is_uuid_shaped(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if ((shape[i] == '-') != (text[i] == '-') || text[i] == '_')
            return false;
    return true;
}

/* A text that is not shaped as a UUID stays out of the log: it might be a phone number. */
void fields_note_uuid(const char uuid[CALL_UUID], const char *label, struct response *response)
{
    response_note(response, "%s=%s", label, is_uuid_shaped(uuid) ? uuid : "(not-a-uuid)");
}

/* An honest sender's field has no other way to be wrong, so what is wrong is noted. */
static struct number read_number(const struct form *form, const char *name,
                                 bool parse(const char *text, size_t length, struct number *out),
                                 struct response *response)
{
    struct form_text text;
    struct number number = {0};
    enum form_status status = form_find(form, name, &text);
    if (status != FORM_OK)
        response_note(response, "%s=\"%s\"", name, form_status_text(status));
    else if (!parse(text.bytes, text.length, &number))
        response_note(response, "%s=\"%s\"", name,
                      text.length == 0 ? "is empty" : "is not a phone number");
    return number;
}

struct number fields_read_number(const struct form *form, const char *name,
                                 struct response *response)
{
    return read_number(form, name, number_parse, response);
}

struct number fields_read_caller(const struct form *form, struct response *response)
{
    struct number caller = read_number(form, "From", number_parse_caller, response);
    if (number_is_hidden(caller)) {
        caller.value = 0;
        response_note(response, "From=\"is hidden\"");
    }
    return caller;
}
