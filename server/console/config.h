/*
 * config.h - the console's settings, read once from the environment.
 *
 * The table in config.c is the one list of them; --help prints it. Who may look decides where
 * the console may listen, and a combination that would show it to strangers is refused at start.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "log.h"
#include "must_check.h"
#include "settings.h"

/* What stands between the console and people elsewhere. */
enum behind {
    BEHIND_NOTHING,  /* a loopback address: who reaches it has a shell here, or an SSH tunnel */
    BEHIND_TLS,      /* a proxy that ends TLS, and says so in X-Forwarded-Proto */
    BEHIND_LOOPBACK, /* a container's address, published on its host's loopback only */
};

struct config {
    char *database_url;
    char listen[SETTINGS_ADDRESS];
    bool listen_is_loopback;
    int behind;       /* enum behind */
    char *users_file; /* "" when there are no users */
    char *time_zone;
    enum log_level log_level;
};

/* 0, and *config is complete; free it with config_free. Else the number of problems, each
 * already printed to standard error by the setting's name, never with a secret. */
MUST_CHECK int config_load(struct config *config);
void config_free(struct config *config);
void config_print_settings(FILE *out);
