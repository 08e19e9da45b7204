/*
 * main.c - start and stop, top to bottom; nothing else.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "config.h"
#include "endpoints.h"
#include "http.h"
#include "log.h"
#include "notify.h"
#include "reply.h"
#include "service.h"
#include "signature.h"
#include "switchboard.h"
#include "version.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_CANNOT_START = 1, /* port taken, out of memory, wrong schema: the log says which */
    EXIT_BAD_SETTINGS = 2,
};

static int print_help(void)
{
    puts("usage: number-masking [--help | --version]\n"
         "\n"
         "Answers Plivo's call webhooks: connects a customer and a delivery agent by a proxy\n"
         "number, so that neither learns the other's. Settings come from the environment:\n");
    config_print_settings(stdout);
    puts("\n"
         "SIGTERM and SIGINT finish the requests in hand, then stop. Exit status: 0 stopped as\n"
         "asked, 1 could not start (the log says why), 2 bad settings or arguments.");
    return EXIT_OK;
}

/* A core file would hold auth tokens and phone numbers. */
static void forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/* Before any thread exists, so that all of them leave these to wait_for_stop. */
static sigset_t block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

static void wait_for_stop(const sigset_t *signals)
{
    int received = 0;
    while (sigwait(signals, &received) != 0)
        ;
    log_event(LOG_INFO, "stopping", "signal=%s", received == SIGINT ? "INT" : "TERM");
}

static bool load_keys(const struct config *config, struct signature_keys **keys)
{
    *keys = NULL;
    if (config->allow_unsigned)
        return true;
    *keys = signature_keys_new(
        (const char *const *)config->auth_tokens.items, config->auth_tokens.count,
        (const char *const *)config->main_auth_tokens.items, config->main_auth_tokens.count);
    return *keys != NULL;
}

static int serve(const struct config *config)
{
    int exit_code = EXIT_CANNOT_START;
    struct signature_keys *keys;
    struct http *servers[2];
    sigset_t signals = block_signals();
    reply_start();
    struct service service = {.config = config};
    service.switchboard = switchboard_start(config);
    if (service.switchboard == NULL)
        goto out_reply;
    if (!load_keys(config, &keys)) {
        log_event(LOG_ERROR, "start_failed", "what=signatures reason=\"out of memory\"");
        goto out_switchboard;
    }
    service.keys = keys;
    if (!switchboard_schema_fits(service.switchboard))
        goto out_keys;
    const struct http_listener public = {"listening", config->listen, config->workers,
                                         endpoints_dispatch};
    const struct http_listener internal = {"listening_metrics", config->metrics_listen, 4,
                                           endpoints_dispatch_metrics};
    servers[0] = http_start(&service, &public);
    if (servers[0] == NULL)
        goto out_keys;
    /* Calls matter more than numbers about them: a taken port is logged, no more. */
    servers[1] = http_start(&service, &internal);
    notify_ready();
    wait_for_stop(&signals);
    notify_stopping();
    atomic_store(&service.draining, true);
    http_stop(servers, 2);
    exit_code = EXIT_OK;
out_keys:
    signature_keys_free(keys);
out_switchboard:
    switchboard_stop(service.switchboard);
out_reply:
    reply_stop();
    return exit_code;
}

int main(int argc, char *argv[])
{
    struct config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("number-masking %s\n", VERSION) < 0;
    if (argc > 1) {
        fputs("number-masking: takes no arguments; settings come from the environment, see "
              "--help\n",
              stderr);
        return EXIT_BAD_SETTINGS;
    }
    forbid_core_dumps();
    if (config_load(&config) > 0)
        return EXIT_BAD_SETTINGS;
    log_open(config.log_level);
    int exit_code = serve(&config);
    config_free(&config);
    return exit_code;
}
