/*
 * settings.h - the console's settings, read once from the environment.
 *
 * The table in settings.c is the one list of them; --help prints it. Who may look decides where
 * the console may listen, and a combination that would show it to strangers is refused at start.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "log.h"
#include "must_check.h"

enum { SETTINGS_ADDRESS = 32 };

/* What stands between the console and people elsewhere. */
enum behind {
    BEHIND_NOTHING,  /* a loopback address: who reaches it has a shell here, or an SSH tunnel */
    BEHIND_TLS,      /* a proxy that ends TLS, and says so in X-Forwarded-Proto */
    BEHIND_LOOPBACK, /* a container's address, published on its host's loopback only */
};

struct settings {
    char *database_url;
    char listen[SETTINGS_ADDRESS];
    bool listen_is_loopback;
    enum behind behind;
    char *users_file; /* "" when there are no users */
    char *time_zone;
    enum log_level log_level;
};

/* 0, and *settings is complete; free it with settings_free. Else the number of problems, each
 * already printed to standard error by the setting's name, never with a secret. */
MUST_CHECK int settings_load(struct settings *settings);
void settings_free(struct settings *settings);
void settings_print(FILE *out);
