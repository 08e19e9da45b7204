/*
 * main.c - start and stop, top to bottom; nothing else.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chores.h"
#include "config.h"
#include "endpoints.h"
#include "http.h"
#include "keyring.h"
#include "log.h"
#include "log_writer.h"
#include "notify.h"
#include "process.h"
#include "reply.h"
#include "service.h"
#include "switchboard.h"
#include "version.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_CANNOT_START = 1, /* port taken, out of memory, wrong schema: the log says which */
    EXIT_BAD_SETTINGS = 2,
};

static int print_help(void)
{
    puts("usage: number-masking [--check | --help | --version]\n"
         "\n"
         "Answers Plivo's call webhooks: connects a customer and a delivery agent by a proxy\n"
         "number, so that neither learns the other's. Settings come from the environment:\n");
    config_print_settings(stdout);
    puts("\n"
         "SIGTERM and SIGINT finish the requests in hand, then stop. SIGHUP reads the auth tokens\n"
         "again, from the files that the ..._FILE settings name. --check reads the settings and\n"
         "starts nothing. Exit status: 0 stopped as asked, 1 could not start (the log says why),\n"
         "2 bad settings or arguments.");
    return EXIT_OK;
}

/* SIGHUP reads the secrets again; the other two end the wait. Nothing here may block: nobody
 * else hears a signal. */
static void wait_for_stop(const sigset_t *signals, struct keyring *keyring)
{
    const struct timespec while_ = {.tv_sec = 1};
    for (;;) {
        int received = sigtimedwait(signals, NULL, &while_);
        if (received == SIGHUP) {
            keyring_reload(keyring);
        } else if (received == SIGTERM || received == SIGINT) {
            log_event(LOG_INFO, "stopping", "signal=%s", received == SIGINT ? "INT" : "TERM");
            return;
        }
        log_tell_suppressed();
    }
}

static int serve(const struct config *config)
{
    int exit_code = EXIT_CANNOT_START;
    struct chores *chores;
    struct http *servers[2];
    sigset_t signals = process_block_signals();
    log_writer_start();
    reply_start();
    struct service service = {.config = config};
    const struct switchboard_options database = service_database(config);
    service.switchboard = switchboard_start(&database);
    if (service.switchboard == NULL)
        goto out_reply;
    service.keyring = keyring_new(config);
    if (service.keyring == NULL) {
        log_event(LOG_ERROR, "start_failed", "what=keyring reason=\"out of memory\"");
        goto out_switchboard;
    }
    if (!switchboard_schema_fits(service.switchboard))
        goto out_keyring;
    service.replays = replay_new(REPLAY_SLOTS);
    chores = chores_start(&database.store, service.switchboard, service_longest_call(config));
    if (service.replays == NULL)
        log_event(LOG_ERROR, "start_failed", "what=replays reason=\"out of memory\"");
    if (service.replays == NULL || chores == NULL)
        goto out_chores;
    const struct http_listener public = {"listening",        config->listen, config->workers,
                                         endpoints_dispatch, &service,       &service.draining,
                                         reply_start_thread, &service.busy,  endpoints_fields};
    const struct http_listener internal = {
        "listening_metrics", config->metrics_listen, 4,   endpoints_dispatch_metrics, &service,
        &service.draining,   reply_start_thread,     NULL};
    servers[0] = http_start(&public);
    if (servers[0] == NULL)
        goto out_chores;
    /* Calls matter more than numbers about them: a taken port is logged, no more. */
    servers[1] = http_start(&internal);
    if (servers[1] == NULL)
        log_event(LOG_WARNING, "metrics_off", "address=%s hint=\"set METRICS_LISTEN\"",
                  config->metrics_listen);
    log_event(LOG_INFO, "ready", "signatures=%s",
              keyring_is_signing(service.keyring) ? "on" : "off");
    notify_ready();
    wait_for_stop(&signals, service.keyring);
    notify_stopping();
    atomic_store(&service.draining, true);
    http_stop(servers, 2, config->answer_deadline_ms);
    exit_code = EXIT_OK;
out_chores:
    chores_stop(chores);
    replay_free(service.replays);
out_keyring:
    keyring_free(service.keyring);
out_switchboard:
    switchboard_stop(service.switchboard);
out_reply:
    reply_stop();
    log_writer_stop();
    return exit_code;
}

int main(int argc, char *argv[])
{
    struct config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("number-masking %s\n", VERSION) < 0;
    bool only_check = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc > 1 && !only_check) {
        fputs("number-masking: takes no arguments; settings come from the environment, see "
              "--help\n",
              stderr);
        return EXIT_BAD_SETTINGS;
    }
    process_forbid_core_dumps();
    if (config_load(&config, config_print_complaint) > 0)
        return EXIT_BAD_SETTINGS;
    log_open(config.log_level);
    int exit_code = only_check ? EXIT_OK : serve(&config);
    config_free(&config);
    return exit_code;
}
