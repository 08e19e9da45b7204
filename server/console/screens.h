/*
 * screens.h - what the console answers to which request.
 *
 * The table in screens.c is the whole HTTP surface. Who asks is found out here, before any
 * screen, and each form's token is checked, so no screen can forget it.
 */
#pragma once

#include "asks.h"
#include "config.h"
#include "kept.h"
#include "request.h"
#include "response.h"
#include "users.h"

/* One per process, made by main; outlives http. */
struct console {
    const struct config *config;
    struct users *users; /* NULL: whoever reaches the loopback address may look */
    struct asks *asks;
    struct kept *kept;
    _Atomic bool draining;
};

/* For struct http_listener: the fields that are read here. */
extern const char *const screens_fields[];

/* console is a struct console. Always leaves a complete response. Any worker thread. */
void screens_dispatch(void *console, struct request *request, struct response *response);
