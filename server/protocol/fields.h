/*
 * fields.h - the parameters of a webhook as checked values, by a table of name and shape.
 *
 * form.h decodes; here every parameter that an endpoint needs is found, checked and put into the
 * endpoint's struct before its handler runs. What is wrong with one is noted for the request's
 * log line, by its name and never with its value.
 */
#pragma once

#include <stddef.h>

#include "form.h"
#include "id.h"
#include "number.h"
#include "response.h"

/* How a value must look, and the type of field it fills. A value that is absent or looks otherwise
 * leaves its field as it is: zeros. Texts borrow from the form. */
enum field_shape {
    /* Noted when absent or of another shape. */
    FIELD_ID,     /* char[ID_TEXT]; what came is noted too, as label=... */
    FIELD_NUMBER, /* struct number: absent, withheld and unreadable all mean "no number" */
    FIELD_CALLER, /* struct number: the same of who calls, whose number may be a national one (see
                     number.h); what stands for a hidden one means "no number" too */
    /* Noted when of another shape or longer than room. */
    FIELD_WORDS,   /* struct form_text, "Normal Hangup": letters, a little punctuation, no number */
    FIELD_WORD,    /* the same, "no-answer": one that is compared; however it is spelt, record it in
                      lower case */
    FIELD_DECIMAL, /* struct form_text, "0.00475" */
    FIELD_COUNT,   /* struct form_text, "12" or "12.4": a decimal of which the fraction is noise */
    FIELD_SWITCH,  /* struct form_text, "true" or "false", in whatever case */
    FIELD_LINK,    /* struct form_text, "https://media.plivo.com/..." */
    FIELD_TIME,    /* int64_t: seconds since some Thursday, as if every day had 86,400 and the zone
                      were UTC, of "2026-11-24 06:00:00" (or with a T between, or fractions after
                      it): only differences mean something */
    /* Never noted. */
    FIELD_DIGITS,  /* char[room], digits only: else the field stays empty */
    FIELD_PLAIN,   /* struct form_text: any */
    FIELD_WRITTEN, /* struct form_text: what people write, odd bytes and all */
};

struct field {
    const char *name;
    enum field_shape shape;
    size_t offset;         /* of the field in the endpoint's struct */
    const char *otherwise; /* the name to look for where that one is absent or empty; or NULL */
    const char *label;     /* of FIELD_ID: its name on the log line */
    size_t room;           /* of the shapes that have one: with the terminator */
    const char *column;    /* of masking.calls, where an event is told it (event.c); else NULL */
};

/* Reads the table's fields, up to a row without a name, into the endpoint's struct, which was
 * zeroed. */
void fields_read(const struct field table[], const struct form *form, void *into,
                 struct response *response);
