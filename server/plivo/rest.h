/*
 * rest.h - one request over HTTP; the only libcurl user.
 *
 * Two places are asked: Plivo's API, with the account's credentials, and our own front door,
 * signed as Plivo signs. Redirects are not followed. Requests are kept 20 ms apart, so that there
 * are never more than 251 in any 5 s: Plivo refuses those beyond 300.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "must_check.h"

struct rest;

/* All borrowed for as long as the struct rest lives. */
struct rest_options {
    const char *api; /* scheme and host of Plivo's API, without a slash at the end */
    const char *auth_id, *auth_token;
    const char *public_url; /* our own front door, without a slash at the end */
    long second_ms;         /* how long a second of waiting is */
};

/* NULL when out of memory. */
MUST_CHECK struct rest *rest_new(const struct rest_options *options);
void rest_free(struct rest *rest);

/* status 0: there was no answer, and text says why. text: UTF-8 without control characters other
 * than blanks, at most REST_ANSWER_MAX bytes; valid until the next request. */
enum { REST_ANSWER_MAX = 1 << 20 };
struct rest_answer {
    long status;
    const char *text;
    bool sent; /* false: not one byte of the request went out; what it asks was not done */
};

/* path: what comes after "/v1/Account/ID/". body: JSON, "" for none. once: it must not be sent
 * twice, as libcurl does by itself when a connection that it kept turns out to be closed. */
struct rest_answer rest_ask_plivo(struct rest *rest, const char *method, const char *path,
                                  const char *body, bool once);

/* POSTs to Call/, as a request that must not be sent twice. By clock_boot_ms() it begins by
 * begin_by, or is not sent, and is over by end_by. */
struct rest_answer rest_place_call(struct rest *rest, const char *body, int64_t begin_by,
                                   int64_t end_by);

/* A GET of PUBLIC_URL and path, signed; forged: with a token that nobody has. */
struct rest_answer rest_ask_door(struct rest *rest, const char *path, bool forged);

/* Waits so many seconds. */
void rest_wait(const struct rest *rest, long seconds);
