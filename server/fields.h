/*
 * fields.h - the fields of a webhook that several of them share, as checked values.
 *
 * form.h decodes; here a text becomes an id or a number, and what is wrong with it is
 * noted for the request's log line, never with its value.
 */
#pragma once

#include "form.h"
#include "must_check.h"
#include "number.h"
#include "response.h"
#include "store.h"

/* An id of Plivo's: false, noted and *out empty, when it is missing or of another alphabet. */
MUST_CHECK bool fields_read_uuid(const struct form *form, const char *name, char out[CALL_UUID],
                                 struct response *response);

/* Is it made of the letters of Plivo's ids? */
bool fields_is_uuid(const char *text);

/* Puts the id on the log line, as call=... (or what label says). */
void fields_note_uuid(const char uuid[CALL_UUID], const char *label, struct response *response);

/* Absent, withheld and unreadable all mean "no number"; why is noted. */
struct number fields_read_number(const struct form *form, const char *name,
                                 struct response *response);

/* The same of From, where that is who calls: it may be a national number (see number.h), and what
 * stands for a hidden one means "no number" too. */
struct number fields_read_caller(const struct form *form, struct response *response);
