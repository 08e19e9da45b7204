/* config.c - the tool's settings and arguments. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "secret.h"

enum { APP_MAX = 60 };

static const char words[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

static void print_complaint(const char *name, const char *why)
{
    fprintf(stderr, "number-masking-plivo: %s: %s\n", name, why);
}

/* ---- environment ---- */

/* It becomes part of every path. */
static const char *read_auth_id(void *field, const char *text, const struct setting *setting,
                                char why[SETTINGS_WHY])
{
    return text[0] == '\0' || strspn(text, words) < strlen(text)
               ? "must be set, and be letters and digits"
               : setting_text(field, text, setting, why);
}

static const char *read_tokens(void *field, const char *text, const struct setting *setting,
                               char why[SETTINGS_WHY])
{
    return text[0] == '\0' ? "must be set" : setting_tokens(field, text, setting, why);
}

static const char *read_public_url(void *field, const char *text, const struct setting *setting,
                                   char why[SETTINGS_WHY])
{
    return text[0] == '\0' ? "must start with https:// (or http://) and a host"
                           : setting_urls(field, text, setting, why);
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t length = strlen(hosts[i]);
        if (strncmp(url, hosts[i], length) == 0 && strchr(":/", url[length]) != NULL)
            return true;
    }
    return false;
}

/* The token goes there. */
static const char *read_api(void *field, const char *text, const struct setting *setting,
                            char why[SETTINGS_WHY])
{
    return strncmp(text, "https://", 8) != 0 && !is_loopback(text)
               ? "must be https, or on loopback"
               : setting_url(field, text, setting, why);
}

#define FIELD(field) offsetof(struct config, field)

/* What it puts behind PUBLIC_URL, as Plivo's URLs. (The server refuses all paths of its own.) */
static const char *const endpoint_paths[] = {"/answer", "/hangup", "/message", NULL};

static const struct setting settings[] = {
    {"PLIVO_AUTH_ID", read_auth_id, "", FIELD(auth_id),
     "Auth ID of the account or subaccount that owns the numbers"},
    {"PLIVO_AUTH_TOKEN", read_tokens, "", FIELD(auth_tokens),
     "its auth token, as the server has it (of several with commas, the first)", .secret = true},
    {"PUBLIC_URL", read_public_url, "", FIELD(public_urls),
     "what Plivo dials, as the server has it (of several, the first)", .words = endpoint_paths},
    {"DATABASE_URL", setting_database, "", FIELD(database_url),
     "PostgreSQL, as role masking_plivo (place: masking_caller): "
     "postgresql://masking_plivo:...@host/database",
     .secret = true},
    {"PLIVO_FALLBACK_URL", setting_url, "", FIELD(fallback_url),
     "where Plivo asks what to do with a call when the service is away; not required"},
    {"RING_TIMEOUT", setting_integer, "25", FIELD(ring_timeout),
     "place: seconds until a first phone that nobody answers is given up, as the server has it",
     .least = 5, .most = 120},
    {"PLACER_LOG_LEVEL", setting_level, "info", FIELD(log_level),
     "place: error, warning, info or debug"},
    {"PLIVO_API", read_api, "https://api.plivo.com", FIELD(api),
     "for tests: another address of Plivo's API; http on loopback only"},
    {"PLIVO_SECOND_MS", setting_integer, "1000", FIELD(second_ms),
     "for tests: how many milliseconds a second is when something is waited for", .least = 1,
     .most = 1000},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* ---- arguments ---- */

/* Keeps the digits of a phone number; NULL when it is none. */
static const char *keep_digits(struct config *config, const char *text)
{
    struct number number;
    if (!number_parse(text, strlen(text), &number) ||
        config->digits_used == 2 * (size_t)CONFIG_NUMBERS_MAX)
        return NULL;
    char *digits = config->digits + NUMBER_TEXT * config->digits_used++;
    number_print(number, digits);
    return digits;
}

static void add_number(struct config *config, const char *text, const char *list[], size_t *count,
                       struct settings_problems *problems)
{
    const char *digits = keep_digits(config, text);
    bool name = digits == NULL && list == config->take && text[0] != '\0' &&
                strspn(text, words) == strlen(text);
    if (digits == NULL && !name)
        settings_complain(problems, text[0] == '\0' ? "(empty)" : "an argument",
                          "must be a phone number with its country code");
    else if (*count < CONFIG_NUMBERS_MAX)
        list[(*count)++] = digits == NULL ? text : digits;
    else
        settings_complain(problems, "numbers", "are too many: use --all");
}

/* The value of an option that has one: "--app NAME". */
static const char *value_of(char *argv[], int *i, struct settings_problems *problems)
{
    if (argv[*i + 1] == NULL) {
        settings_complain(problems, argv[*i], "needs a value");
        return "";
    }
    return argv[++*i];
}

static void read_option(struct config *config, char *argv[], int *i,
                        struct settings_problems *problems)
{
    const char *option = argv[*i];
    bool connect = strcmp(config->command, "connect") == 0;
    bool check = strcmp(config->command, "check") == 0;
    bool place = strcmp(config->command, "place") == 0;
    bool disconnect = !connect && !check && !place;
    if (connect && strcmp(option, "--all") == 0)
        config->all = true;
    else if (connect && strcmp(option, "--take") == 0)
        add_number(config, value_of(argv, i, problems), config->take, &config->take_count,
                   problems);
    else if (connect && strcmp(option, "--app") == 0)
        config->app = value_of(argv, i, problems);
    else if (connect && strcmp(option, "--prefix") == 0)
        config->prefix = value_of(argv, i, problems);
    else if ((connect || disconnect) && strcmp(option, "--yes") == 0)
        config->yes = true;
    else if (check && strcmp(option, "--fix") == 0)
        config->fix = true;
    else if (disconnect && strcmp(option, "--now") == 0)
        config->now = true;
    else if (connect && option[0] != '-')
        add_number(config, option, config->numbers, &config->number_count, problems);
    else
        settings_complain(problems, config->command,
                          "does not take one of the arguments; see --help");
}

static void read_arguments(struct config *config, int argc, char *argv[],
                           struct settings_problems *problems)
{
    static const char *const commands[] = {"connect", "check", "disconnect", "place"};
    config->app = "number-masking";
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i]) == 0)
            config->command = commands[i];
    if (config->command == NULL) {
        settings_complain(problems, "usage",
                          "number-masking-plivo connect | check | disconnect | place; see --help");
        return;
    }
    for (int i = 2; i < argc; i++)
        read_option(config, argv, &i, problems);
    size_t app = strlen(config->app);
    if (app == 0 || app > APP_MAX || strspn(config->app, words) < app)
        settings_complain(problems, "--app", "must be letters, digits, _ and -");
    if (config->prefix != NULL && (strlen(config->prefix) > 15 ||
                                   strspn(config->prefix, "0123456789") < strlen(config->prefix)))
        settings_complain(problems, "--prefix", "must be the first digits of phone numbers, or ''");
}

int config_load(struct config *config, int argc, char *argv[])
{
    struct settings_problems problems = {.complain = print_complaint};
    *config = (struct config){.digits = calloc(2 * CONFIG_NUMBERS_MAX, NUMBER_TEXT)};
    if (config->digits == NULL)
        settings_complain(&problems, "memory", "there is none");
    else
        read_arguments(config, argc, argv, &problems);
    if (problems.count == 0)
        settings_load(settings, SETTINGS, config, &problems);
    if (problems.count > 0)
        config_free(config);
    return problems.count;
}

void config_free(struct config *config)
{
    settings_free_list(&config->auth_tokens);
    settings_free_list(&config->public_urls);
    secret_free(config->database_url);
    free(config->auth_id);
    free(config->fallback_url);
    free(config->api);
    free(config->digits);
    *config = (struct config){0};
}

void config_print_settings(FILE *out)
{
    settings_print(out, settings, SETTINGS, 19);
}
