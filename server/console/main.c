/*
 * main.c - the operator's console: start and stop, top to bottom.
 *
 * A program of its own beside the server, on the same modules: the process that faces Plivo
 * gains no listener, no right and no library by it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http.h"
#include "log.h"
#include "log_writer.h"
#include "notify.h"
#include "process.h"
#include "screens.h"
#include "token.h"
#include "version.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_CANNOT_START = 1, /* port taken, users file unreadable: the log says which */
    EXIT_BAD_SETTINGS = 2,
};

enum { WORKERS = 16, LONGEST_PAGE_MS = 8000 };

static int print_help(void)
{
    puts(
        "usage: number-masking-console [--check | --help | --version]\n"
        "\n"
        "Pages for support and operations: why did this call not connect? It reads only. Settings\n"
        "come from the environment:\n");
    config_print_settings(stdout);
    puts(
        "\n"
        "SIGTERM and SIGINT finish the pages in hand, then stop. SIGHUP reads the users again.\n"
        "--check reads the settings and starts nothing.\n"
        "Exit status: 0 stopped as asked, 1 could not start (the log says why), 2 bad settings or\n"
        "arguments.");
    return EXIT_OK;
}

static void wait_for_stop(const sigset_t *signals, struct console *console)
{
    const struct timespec while_ = {.tv_sec = 1};
    for (;;) {
        int received = sigtimedwait(signals, NULL, &while_);
        if (received == SIGTERM || received == SIGINT) {
            log_event(LOG_INFO, "stopping", "signal=%s", received == SIGINT ? "INT" : "TERM");
            return;
        }
        if (received == SIGHUP && console->users != NULL)
            users_reload(console->users);
        kept_tidy(console->kept);
        log_tell_suppressed();
    }
}

static int serve(const struct config *config)
{
    int exit_code = EXIT_CANNOT_START;
    sigset_t signals = process_block_signals();
    log_writer_start();
    struct console console = {.config = config};
    const struct http_listener listener = {.name = "listening_console",
                                           .address = config->listen,
                                           .workers = WORKERS,
                                           .dispatch = screens_dispatch,
                                           .context = &console,
                                           .draining = &console.draining,
                                           .once = screens_fields};
    struct http *http = NULL;
    if (!token_start()) {
        log_event(LOG_ERROR, "start_failed", "what=random");
        goto out;
    }
    if (config->users_file[0] != '\0') {
        console.users = users_new(config->users_file);
        if (console.users == NULL)
            goto out;
    }
    console.asks = asks_new(config->database_url);
    console.kept = kept_new();
    if (console.asks == NULL || console.kept == NULL) {
        log_event(LOG_ERROR, "start_failed", "what=connections reason=\"out of memory\"");
        goto out;
    }
    http = http_start(&listener);
    if (http == NULL)
        goto out;
    log_event(LOG_INFO, "ready", "users=%s", console.users == NULL ? "loopback" : "file");
    notify_ready();
    wait_for_stop(&signals, &console);
    notify_stopping();
    atomic_store(&console.draining, true);
    http_stop(&http, 1, LONGEST_PAGE_MS);
    exit_code = EXIT_OK;
out:
    asks_free(console.asks);
    kept_free(console.kept);
    users_free(console.users);
    log_writer_stop();
    return exit_code;
}

int main(int argc, char *argv[])
{
    struct config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("number-masking-console %s\n", VERSION) < 0;
    bool only_check = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc > 1 && !only_check) {
        fputs("number-masking-console: takes no arguments; settings come from the environment, see "
              "--help\n",
              stderr);
        return EXIT_BAD_SETTINGS;
    }
    process_forbid_core_dumps();
    if (config_load(&config) > 0)
        return EXIT_BAD_SETTINGS;
    /* What libpq asks PostgreSQL for: the page functions show times in the session's zone. */
    setenv("PGTZ", config.time_zone, 1);
    log_open(config.log_level);
    int exit_code = only_check ? EXIT_OK : serve(&config);
    config_free(&config);
    return exit_code;
}
