#include "config.h"

#include <string.h>

#include "paths.h"
#include "secret.h"
#include "switchboard.h"

#define FIELD(field) offsetof(struct config, field)

static const char *const endpoint_paths[] = {
#define ENDPOINT(name, path, ...) path,
#include "endpoints.def"
#undef ENDPOINT
    NULL};

static const struct setting settings[] = {
    {"DATABASE_URL", setting_database, "", FIELD(database_url),
     "PostgreSQL, as role masking_server: postgresql://masking_server:...@host/database",
     .secret = true},
    {"LISTEN", setting_address, "127.0.0.1:5000", FIELD(listen),
     "IPv4 address and port to answer on; port 0 takes any free one"},
    {"METRICS_LISTEN", setting_address, "127.0.0.1:5001", FIELD(metrics_listen),
     "IPv4 address and port of /metrics, for Prometheus"},
    {"WORKERS", setting_integer, "64", FIELD(workers),
     "most connections open at once, each served by a thread", .least = 1, .most = 4096},
    {"DATABASE_CONNECTIONS", setting_integer, "2", FIELD(database_connections),
     "connections to PostgreSQL for calls, each carrying many at a time", .least = 1,
     .most = SWITCHBOARD_CONNECTIONS_MAX},
    {"ANSWER_DEADLINE_MS", setting_integer, "2000", FIELD(answer_deadline_ms),
     "longest wait for the database before the caller hears an apology", .least = 50,
     .most = 30000},
    {"LOG_LEVEL", setting_level, "info", FIELD(log_level), "error, warning, info or debug"},
    {"PLIVO_AUTH_TOKEN", setting_tokens, "", FIELD(auth_tokens),
     "auth token of the Plivo account or subaccount; several with commas while rotating",
     .secret = true},
    {"PLIVO_MAIN_AUTH_TOKEN", setting_tokens, "", FIELD(main_auth_tokens),
     "auth token of the main account, where a subaccount owns the numbers", .secret = true},
    {"PUBLIC_URL", setting_urls, "", FIELD(public_urls),
     "what Plivo dials, up to the path: https://calls.example.com; several with commas while "
     "moving",
     .words = endpoint_paths},
    {"ALLOW_UNSIGNED", setting_yes_no, "no", FIELD(allow_unsigned),
     "yes: answer without checking signatures, on a loopback address only"},
    {"RING_TIMEOUT", setting_integer, "25", FIELD(ring_timeout),
     "seconds until a call nobody answers is given up, before a mailbox takes it; needs "
     "PUBLIC_URL",
     .least = 5, .most = 120},
    {"CONFIRM_CALLS", setting_yes_no, "no", FIELD(confirm_calls),
     "yes: who is called presses 1 to take the call, which no mailbox does; needs PUBLIC_URL"},
    {"CALLEE_EVENTS", setting_yes_no, "yes", FIELD(callee_events),
     "no: Plivo tells nothing of the callee's leg, half of a call's webhooks and of their cost"},
    {"CALL_TIME_LIMIT", setting_integer, "1800", FIELD(call_time_limit),
     "seconds after which a connected call is ended; needs PUBLIC_URL", .least = 60, .most = 86399},
    {"RECORD_CALLS", setting_yes_no, "no", FIELD(record_calls),
     "yes: connected calls are recorded, and both sides are told; needs PUBLIC_URL"},
    {"SUPPORT_NUMBER", setting_phone, "", FIELD(support_number),
     "phone that rings for callers who reach nobody; without it they hear a sentence"},
    {"FORWARD_MEDIA", setting_yes_no, "no", FIELD(forward_media),
     "yes: pictures in messages are sent on, as links"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

void config_print_complaint(const char *name, const char *why)
{
    fprintf(stderr, "number-masking: %s: %s\n", name, why);
}

/* Promise 6, strangers get nothing: no way to start by accident without signatures. A field
 * that is still empty here had a problem of its own, which was told. */
static void check_signing(const struct config *config, struct settings_problems *problems)
{
    bool signing = config->auth_tokens.count + config->main_auth_tokens.count > 0;
    if (signing && config->allow_unsigned)
        settings_complain(
            problems, "ALLOW_UNSIGNED",
            "must not be yes while PLIVO_AUTH_TOKEN is set: signatures would be pointless");
    if (signing && config->public_url != NULL && config->public_url[0] == '\0')
        settings_complain(problems, "PUBLIC_URL",
                          "must be set with PLIVO_AUTH_TOKEN: Plivo signs the URL that it dials");
    if (!signing && !config->allow_unsigned)
        settings_complain(
            problems, "PLIVO_AUTH_TOKEN",
            "must be set, or ALLOW_UNSIGNED=yes to try the service out without Plivo");
    if (!signing && config->allow_unsigned && config->listen[0] != '\0' &&
        !config->listen_is_loopback)
        settings_complain(problems, "LISTEN",
                          "must be a loopback address (127.0.0.1) while ALLOW_UNSIGNED=yes");
}

/* Recording without telling, or without a place to tell its end, is worse than none; so is a key
 * that nobody is told of. */
static void check_recording(const struct config *config, struct settings_problems *problems)
{
    if (config->record_calls && config->public_url != NULL && config->public_url[0] == '\0')
        settings_complain(
            problems, "RECORD_CALLS",
            "must not be yes without PUBLIC_URL: that is where Plivo asks what to announce");
    if (config->confirm_calls && config->public_url != NULL && config->public_url[0] == '\0')
        settings_complain(
            problems, "CONFIRM_CALLS",
            "must not be yes without PUBLIC_URL: that is where Plivo asks what to say");
}

int config_load(struct config *config, settings_complaint *complain)
{
    struct settings_problems problems = {.complain = complain};
    *config = (struct config){0};
    settings_load(settings, SETTINGS, config, &problems);
    if (settings_is_good(&problems, "PUBLIC_URL"))
        config->public_url = config->public_urls.count > 0 ? config->public_urls.items[0] : "";
    config->listen_is_loopback = strncmp(config->listen, "127.", 4) == 0;
    check_signing(config, &problems);
    check_recording(config, &problems);
    if (problems.count > 0)
        config_free(config);
    return problems.count;
}

void config_free(struct config *config)
{
    settings_free_list(&config->auth_tokens);
    settings_free_list(&config->main_auth_tokens);
    settings_free_list(&config->public_urls);
    secret_free(config->database_url);
    *config = (struct config){0};
}

void config_print_settings(FILE *out)
{
    settings_print(out, settings, SETTINGS, 22);
}
