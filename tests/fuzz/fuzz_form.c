/* fuzz_form.c - form_decode on any bytes, from and into buffers of their exact size: the
 * fields fill the storage, clean ones are clean, and what is found was there once. */
#include "form.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool is_printable(struct form_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
            return false;
    }
    return true;
}

static size_t append_encoded(char *out, struct form_text text, char end)
{
    for (size_t i = 0; i < text.length; i++)
        snprintf(out + 3 * i, 4, "%%%02x", (unsigned)(unsigned char)text.bytes[i]);
    out[3 * text.length] = end;
    return 3 * text.length + 1;
}

/* Every byte escaped, the fields decode to themselves, and then no escape is bad. */
static void check_round_trip(const struct form *form, size_t size)
{
    static struct form again;
    char *raw = malloc(3 * size + 2 * FORM_FIELDS_MAX + 1);
    size_t used = 0;
    must(raw != NULL);
    for (size_t i = 0; i < form->count; i++) {
        used += append_encoded(raw + used, form->fields[i].name, '=');
        used += append_encoded(raw + used, form->fields[i].value, '&');
    }
    char *storage = malloc(used + 1);
    again.count = 0;
    must(storage != NULL && form_decode(&again, raw, used, storage) == FORM_OK);
    must(again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *a = &form->fields[i], *b = &again.fields[i];
        must(a->name.length == b->name.length && a->value.length == b->value.length);
        must(memcmp(a->name.bytes, b->name.bytes, a->name.length) == 0);
        must(memcmp(a->value.bytes, b->value.bytes, a->value.length) == 0);
        must(a->problem == b->problem || a->problem == FORM_BAD_ESCAPE);
    }
    free(storage);
    free(raw);
}

static void check_find(const struct form *form, const char *name)
{
    struct form_text value;
    size_t times = 0;
    for (size_t i = 0; i < form->count; i++)
        times += form->fields[i].name.length == strlen(name) &&
                 memcmp(form->fields[i].name.bytes, name, strlen(name)) == 0;
    enum form_status status = form_find(form, name, &value);
    must((times == 0) == (status == FORM_MISSING));
    must((times > 1) == (status == FORM_REPEATED));
    must(status != FORM_OK || is_printable(value));
    must(status == FORM_OK || value.length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct form form;
    char *storage = malloc(size > 0 ? size : 1);
    must(storage != NULL);
    form.count = 0;
    enum form_status status = form_decode(&form, (const char *)data, size, storage);
    must(status == FORM_OK || (status == FORM_TOO_MANY_FIELDS && form.count == 0));
    const char *next = storage;
    for (size_t i = 0; i < form.count; i++) {
        const struct form_field *field = &form.fields[i];
        must(field->name.bytes == next && field->value.bytes == next + field->name.length);
        next = field->value.bytes + field->value.length;
        must(field->problem != FORM_OK ||
             (is_printable(field->name) && is_printable(field->value)));
    }
    must(next <= storage + size);
    check_round_trip(&form, size);
    check_find(&form, "From");
    check_find(&form, "a");
    check_find(&form, "");
    free(storage);
    return 0;
}
