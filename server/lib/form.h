/*
 * form.h - a query string or form body as decoded fields.
 *
 * The strict decoder for application/x-www-form-urlencoded. It decodes the whole
 * text once and marks each field that no honest sender would produce, instead of
 * refusing the text: a strange CallerName must not cost a caller the call. The
 * lookups below hand out clean fields only, so a handler sees checked values or
 * an error by name. Names compare byte by byte, case-sensitively, decoded.
 *
 * A struct form borrows from the buffer given to form_decode; it is valid as
 * long as that buffer, owns nothing, and belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "must_check.h"

enum { FORM_FIELDS_MAX = 128 };

enum form_status {
    FORM_OK,
    FORM_MISSING,         /* no such field */
    FORM_REPEATED,        /* the name occurs twice: which one counts is a guess */
    FORM_BAD_ESCAPE,      /* "%" without two hexadecimal digits */
    FORM_CONTROL,         /* NUL or a control byte other than tab, CR, LF */
    FORM_NOT_UTF8,        /* the decoded bytes are not UTF-8 */
    FORM_TOO_MANY_FIELDS, /* more than FORM_FIELDS_MAX: nothing was decoded */
};

struct form_text {
    const char *bytes; /* not terminated */
    size_t length;
};

struct form_field {
    struct form_text name;
    struct form_text value;
    enum form_status problem; /* FORM_OK, or the first trouble in name or value */
};

struct form {
    struct form_field fields[FORM_FIELDS_MAX]; /* as received, in order */
    size_t count;
};

/*
 * Splits raw at "&" and each part at its first "=", decodes "+" and "%XX", and
 * appends the fields to *form (set count to 0 first), so a query and a body may
 * be read into one form. A part without "=" has an empty value; empty parts are
 * skipped. A bad escape stays in the text as it came, and marks its field.
 *
 * storage receives the decoded bytes and must hold at least length bytes.
 *
 * FORM_OK, or FORM_TOO_MANY_FIELDS with *form unchanged.
 */
MUST_CHECK enum form_status form_decode(struct form *form, const char *raw, size_t length,
                                        char *storage);

/*
 * The one clean value of a name.
 *
 * FORM_OK: *value is set, perhaps to an empty text. Else *value is empty, and the
 * result says what is wrong with that field.
 */
MUST_CHECK enum form_status form_find(const struct form *form, const char *name,
                                      struct form_text *value);

/* The same for what people write: *value is set also where its bytes are in trouble (FORM_CONTROL,
 * FORM_NOT_UTF8, FORM_BAD_ESCAPE), and the caller makes something of them. */
MUST_CHECK enum form_status form_find_as_sent(const struct form *form, const char *name,
                                              struct form_text *value);

/* Without the blanks at both ends. */
struct form_text form_text_trimmed(struct form_text text);

/* Does the text say this word of Plivo's, in whatever case? */
bool form_text_is(struct form_text text, const char *word);

/* Does the field exist, clean, once, and say this word? */
bool form_says(const struct form *form, const char *name, const char *word);

/* For people: "occurs twice", "has a broken % escape", ... */
const char *form_status_text(enum form_status status);
