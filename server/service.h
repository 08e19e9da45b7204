/*
 * service.h - what every endpoint may use, and what it is given.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "form.h"
#include "keyring.h"
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

/* A request as an endpoint sees it: the raw one, and its decoded fields. Fields come from
 * the body of a POST and from the query of a GET, never from both: a field of the one must
 * not pass for a field of the other. */
struct webhook {
    const struct request *request;
    const struct form *form;
};

/* Fills the response. Runs on a worker thread. */
typedef void endpoint_handler(struct service *service, const struct webhook *webhook,
                              struct response *response);

/* When the webhook must be answered, in clock_ms(). */
int64_t service_deadline_ms(const struct service *service, const struct webhook *webhook);

/* A number for one time that Plivo asks: random, so that no other ask of any server has it. */
int64_t service_new_ask(void);
