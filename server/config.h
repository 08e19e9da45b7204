/*
 * config.h - the settings, read once from the environment.
 *
 * The table in config.c is the one list of settings: name, reader, default, help.
 * --help prints it and a test compares it with docs/settings.md. Settings travel down
 * from main as a const struct. The environment is read by settings.c for this table, by notify.c
 * (systemd's socket) and by secret.c (a file that is read again), and by nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "log.h"
#include "must_check.h"
#include "number.h"
#include "settings.h"

struct config {
    char *database_url;
    char listen[SETTINGS_ADDRESS]; /* "127.0.0.1:5000", IPv4 */
    bool listen_is_loopback;
    char metrics_listen[SETTINGS_ADDRESS];
    long workers;
    long database_connections;
    long answer_deadline_ms;
    enum log_level log_level;
    struct settings_list auth_tokens;      /* V3 and V2 signatures */
    struct settings_list main_auth_tokens; /* Ma-V3 and Ma-V2 signatures */
    struct settings_list public_urls;      /* no trailing slash; none when unset */
    const char *public_url;                /* the first of them, or "" */
    bool allow_unsigned;
    long ring_timeout;    /* seconds */
    long call_time_limit; /* seconds */
    bool confirm_calls;
    bool callee_events;
    bool record_calls;
    struct number support_number;
    bool forward_media;
};

/* Prints a problem to standard error, which may block: for the start, when nobody calls yet. */
void config_print_complaint(const char *name, const char *why);

/*
 * Reads every setting and checks how they go together.
 *
 * 0, and *config is complete; free it with config_free. Else the number of
 * problems, each of which complain was told; *config then holds nothing.
 */
MUST_CHECK int config_load(struct config *config, settings_complaint *complain);

/* Wipes the secrets, then releases. */
void config_free(struct config *config);

/* The table, for --help. */
void config_print_settings(FILE *out);
