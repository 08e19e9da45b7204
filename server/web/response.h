/*
 * response.h - one HTTP response, filled by an endpoint and sent by http.c.
 *
 * http.c owns it: response_init before the endpoint, response_free after sending.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "must_check.h"

enum { RESPONSE_INLINE = 1024, RESPONSE_NOTE = 256, RESPONSE_LOCATION = 512 };

struct response {
    int status;
    const char *content_type; /* static text */
    const char *allow;        /* for 405: the methods; else NULL */
    const char *headers;      /* static text: more header lines, each with its line end; or "" */
    const char *endpoint;     /* static text for the log: which endpoint answered */
    char outcome[32];         /* of a webhook, for log and metrics; "" elsewhere */
    char note[RESPONSE_NOTE]; /* more key=value for the log line; no whole phone number */
    char *body;               /* small, or on the heap once it has grown */
    size_t length;
    size_t capacity;
    char small[RESPONSE_INLINE];

    char location[RESPONSE_LOCATION]; /* for 303: where to, in printable ASCII; else "" */
};

void response_init(struct response *response);
void response_free(struct response *response);

/* false when out of memory: the body is then unchanged. */
MUST_CHECK bool response_append(struct response *response, const char *bytes, size_t length);

/* Status and a short plain text, replacing what the body held. */
void response_text(struct response *response, int status, const char *text);

/* What the webhook decided: a word. */
void response_outcome(struct response *response, const char *outcome);

/* Appends to the log line. */
__attribute__((format(printf, 2, 3))) void response_note(struct response *response,
                                                         const char *format, ...);
