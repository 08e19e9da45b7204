/*
 * request.h - one HTTP request as the endpoints see it.
 *
 * http.c fills it and owns all it points to; everything is borrowed until the
 * handler returns. Texts are as received: nothing is decoded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "must_check.h"
#include "response.h"

struct unread;

enum { REQUEST_HEADERS_MAX = 50 };

struct request_header {
    const char *name;
    const char *value;
};

struct request {
    const char *method;
    const char *path;        /* raw, without the query; for endpoints with single slashes */
    const char *signed_path; /* for endpoints: raw, as it was signed */
    const char *query;       /* raw; NULL when the URL has none */
    struct request_header headers[REQUEST_HEADERS_MAX];
    size_t header_count;
    const char *body; /* "" until request_read_body() */
    size_t body_length;
    const char *sender;  /* the other end's address, as text: perhaps a proxy's */
    int64_t received_us; /* clock_us() when its head had been read: deadlines count from it */

    /* How http.c reads the body; NULL when it is here already. */
    bool (*read_body)(struct request *request, struct response *response);
    struct unread *unread;
};

/* Waits for the body, as long as its sender takes: ask first who that is. false: the response says
 * why there is none. A body that nobody asks for stays unread, and its connection is closed. */
MUST_CHECK bool request_read_body(struct request *request, struct response *response);

/* The first header of that name, case-insensitively, or NULL. */
const char *request_header(const struct request *request, const char *name);

/* Is the body application/x-www-form-urlencoded, by its Content-Type? */
bool request_has_form(const struct request *request);
