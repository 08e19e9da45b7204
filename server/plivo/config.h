/*
 * config.h - what number-masking-plivo is told: settings of the environment, and arguments.
 *
 * Secrets come from the environment or from files, never from arguments, which every user of the
 * machine can read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "log.h"
#include "must_check.h"
#include "settings.h"

enum { CONFIG_NUMBERS_MAX = 1000 };

struct config {
    char *database_url;
    char *auth_id;
    struct settings_list auth_tokens; /* the first one counts; there is one */
    struct settings_list public_urls; /* no trailing slash; the first one counts; there is one */
    char *fallback_url;               /* "" when unset */
    char *api;                        /* no trailing slash */
    long second_ms;                   /* how long a second of waiting is */
    long ring_timeout;                /* of place: seconds that the first phone rings */
    enum log_level log_level;         /* of place */

    const char *command; /* "connect", "check", "disconnect" or "place" */
    bool all, yes, fix, now;
    const char *app;
    const char *prefix; /* NULL: by country */
    /* Digits, or in take the name of an application; borrowed from digits or argv. */
    const char *numbers[CONFIG_NUMBERS_MAX];
    size_t number_count;
    const char *take[CONFIG_NUMBERS_MAX];
    size_t take_count;
    char *digits; /* where the digits are kept */
    size_t digits_used;
};

/*
 * Reads arguments and environment. 0, and *config is complete; free it with config_free. Else
 * the number of problems, each already printed to standard error, never with a secret.
 */
MUST_CHECK int config_load(struct config *config, int argc, char *argv[]);

/* Wipes the secrets, then releases. */
void config_free(struct config *config);

/* For --help. */
void config_print_settings(FILE *out);
