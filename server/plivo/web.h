/*
 * web.h - one request over HTTP; the only libcurl user.
 *
 * Two places are asked: Plivo's API, with the account's credentials, and our own front door,
 * signed as Plivo signs. Redirects are not followed. Requests are kept 20 ms apart, so that there
 * are never more than 251 in any 5 s: Plivo refuses those beyond 300.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "must_check.h"
#include "settings.h"

struct web;

/* settings are borrowed for as long as the struct lives. NULL when out of memory. */
MUST_CHECK struct web *web_new(const struct settings *settings);
void web_free(struct web *web);

/* status 0: there was no answer, and text says why. text: UTF-8 without control characters other
 * than blanks, at most WEB_ANSWER_MAX bytes; valid until the next request. */
enum { WEB_ANSWER_MAX = 1 << 20 };
struct web_answer {
    long status;
    const char *text;
};

/* path: what comes after "/v1/Account/ID/". body: JSON, "" for none. once: it must not be sent
 * twice, as libcurl does by itself when a connection that it kept turns out to be closed. */
struct web_answer web_ask_plivo(struct web *web, const char *method, const char *path,
                                const char *body, bool once);

/* A GET of PUBLIC_URL and path, signed; forged: with a token that nobody has. */
struct web_answer web_ask_door(struct web *web, const char *path, bool forged);

/* Waits so many seconds. */
void web_wait(const struct web *web, long seconds);
