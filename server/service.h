/*
 * service.h - what every endpoint may use, and what it is given.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "keyring.h"
#include "questions.h"
#include "replay.h"
#include "request.h"
#include "response.h"
#include "switchboard.h"

/* One per process, made by main; outlives http. */
struct service {
    const struct config *config;
    struct keyring *keyring;
    struct replay_memory *replays;
    struct switchboard *switchboard;
    atomic_int busy;       /* workers of the public listener with a request in hand */
    _Atomic bool draining; /* SIGTERM came: the load balancer should look elsewhere */
};

/* A request as an endpoint sees it: the raw one, and its parameters as the endpoint's own struct
 * (endpoints.def says by which table). Parameters come from the body of a POST and from the query
 * of a GET, never from both: one of the one must not pass for one of the other. */
struct webhook {
    const struct request *request;
    const void *fields;
};

enum { WEBHOOK_FIELDS_BYTES = 512 }; /* room for the largest of those structs */

/* Fills the response. Runs on a worker thread. */
typedef void endpoint_handler(struct service *service, const struct webhook *webhook,
                              struct response *response);

/* What the switchboard is told of the settings. Borrows from them. */
struct switchboard_options service_database(const struct config *config);

/* Seconds from Plivo's first question about a call to when it must have ended. */
long service_longest_call(const struct config *config);

/* For the questions of this webhook, which must be answered by the deadline. */
struct asking service_asking(const struct service *service, const struct webhook *webhook);

/* Tells the request's log line how a question went. Returns status. */
enum switchboard_status service_note(struct response *response, const struct asking *asking,
                                     enum switchboard_status status);

/* A number for one time that Plivo asks: random, so that no other ask of any server has it. */
int64_t service_new_ask(void);
