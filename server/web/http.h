/*
 * http.h - the web server: guards, request in, response out, one log line, drain.
 *
 * The only CivetWeb user. CivetWeb 1.15 (Debian 12) and 1.16 (Debian 13) have parsing hazards
 * that this file closes before an endpoint sees a request; TLS and slow clients are the business of
 * the proxy in front (see server/deploy/haproxy).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "must_check.h"
#include "request.h"
#include "response.h"

struct http;

/* What to listen on, with how many threads, and who answers. All borrowed until http_stop. */
struct http_listener {
    const char *name;    /* for the log */
    const char *address; /* IPv4 address and port; port 0 for any */
    long workers;
    void (*dispatch)(void *context, struct request *request, struct response *response);
    void *context;                /* handed to dispatch */
    const _Atomic bool *draining; /* true: the process is stopping, connections are closed */
    void (*start_thread)(void);   /* on each thread, before its first request; or NULL */
    atomic_int *busy;             /* how many workers have a request in hand; or NULL */
    /* The fields by whose value dispatch decides anything, up to a NULL; or NULL: a request that
     * has one of them twice is refused, since somebody else may go by the other. */
    const char *const *once;
};

/* Listens and serves on its own threads. NULL when it cannot, already logged. Signals that
 * main waits for must be blocked before. */
MUST_CHECK struct http *http_start(const struct http_listener *listener);

/* Refuses new connections, lets the requests in hand finish, ends the threads: for all
 * servers of the process at once. deadline_ms: how long a request may take. Set
 * *draining before. NULLs are skipped. */
void http_stop(struct http *const servers[], size_t count, int64_t deadline_ms);
