/*
 * settings.h - what number-masking-plivo is told: settings of the environment, and arguments.
 *
 * Secrets come from the environment or from files, never from arguments, which every user of the
 * machine can read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "must_check.h"

enum { SETTINGS_NUMBERS_MAX = 1000 };

struct settings {
    char *database_url;
    char *auth_id;
    char *auth_token;
    char *public_url;   /* no trailing slash */
    char *fallback_url; /* "" when unset */
    char *api;          /* no trailing slash */
    long second_ms;     /* how long a second of waiting is */

    const char *command; /* "connect", "check" or "disconnect" */
    bool all, yes, fix, now;
    const char *app;
    const char *prefix; /* NULL: by country */
    /* Digits, or in take the name of an application; borrowed from numbers_text or argv. */
    const char *numbers[SETTINGS_NUMBERS_MAX];
    size_t number_count;
    const char *take[SETTINGS_NUMBERS_MAX];
    size_t take_count;
    char *digits; /* where the digits are kept */
    size_t digits_used;
};

/*
 * Reads arguments and environment. 0, and *settings is complete; free it with settings_free. Else
 * the number of problems, each already printed to standard error, never with a secret.
 */
MUST_CHECK int settings_load(struct settings *settings, int argc, char *argv[]);

/* Wipes the secrets, then releases. */
void settings_free(struct settings *settings);

/* For --help. */
void settings_print(FILE *out);
