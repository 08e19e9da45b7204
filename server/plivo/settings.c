/* settings.c - see settings.h. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "number.h"
#include "secret.h"

enum { APP_MAX = 60 };

static const char words[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

static const struct {
    const char *name, *help;
} table[] = {
    {"PLIVO_AUTH_ID", "Auth ID of the account or subaccount that owns the numbers"},
    {"PLIVO_AUTH_TOKEN",
     "its auth token, as the server has it (of several with commas, the first)"},
    {"PUBLIC_URL", "what Plivo dials, as the server has it (of several, the first)"},
    {"DATABASE_URL",
     "PostgreSQL, as role masking_plivo: postgresql://masking_plivo:...@host/database"},
    {"PLIVO_FALLBACK_URL",
     "where Plivo asks what to do with a call when the service is away; not required"},
    {"PLIVO_API", "for tests: another address than https://api.plivo.com; http on loopback only"},
    {"PLIVO_SECOND_MS", "for tests: how long a second is when something is waited for (1000)"},
};

static void complain(int *problems, const char *name, const char *why)
{
    fprintf(stderr, "number-masking-plivo: %s: %s\n", name, why);
    (*problems)++;
}

/* ---- environment ---- */

/* NAME, or the content of the file that NAME_FILE names. */
static char *load_secret(const char *name, int *problems)
{
    char file_name[64];
    snprintf(file_name, sizeof file_name, "%s_FILE", name);
    const char *path = getenv(file_name);
    const char *why = "out of memory";
    char *text = path == NULL || path[0] == '\0' ? secret_take(name) : secret_read_file(path, &why);
    if (text == NULL)
        complain(problems, file_name, why);
    else if (text[0] == '\0')
        complain(problems, name, "must be set");
    return text;
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

/* scheme://host..., the first of a comma list, without the slash at the end. */
static char *load_url(const char *name, const char *fallback, int *problems)
{
    const char *text = getenv(name);
    if (text == NULL || text[0] == '\0')
        text = fallback;
    size_t length = strcspn(text, ",");
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;
    if (scheme == 0 || length == scheme || text[scheme] == '/')
        complain(problems, name, "must start with https:// (or http://) and a host");
    else if (strcspn(text, "?#@\"\\ \t\r\n") < length)
        complain(problems, name, "must not hold a query, fragment, user, quote or blank");
    while (length > 0 && text[length - 1] == '/')
        length--;
    return strndup(text, length);
}

static void load_environment(struct settings *settings, int *problems)
{
    char why[160];
    const char *id = getenv("PLIVO_AUTH_ID"), *second = getenv("PLIVO_SECOND_MS");
    const char *fallback = getenv("PLIVO_FALLBACK_URL");
    settings->auth_token = load_secret("PLIVO_AUTH_TOKEN", problems);
    if (settings->auth_token != NULL) {
        size_t length = strcspn(settings->auth_token, ", ");
        explicit_bzero(settings->auth_token + length, strlen(settings->auth_token + length));
    }
    settings->database_url = load_secret("DATABASE_URL", problems);
    if (settings->database_url != NULL && settings->database_url[0] != '\0' &&
        !db_url_is_valid(settings->database_url, why, sizeof why))
        complain(problems, "DATABASE_URL", why);
    settings->public_url = load_url("PUBLIC_URL", "", problems);
    settings->api = load_url("PLIVO_API", "https://api.plivo.com", problems);
    /* The token goes there. */
    if (settings->api != NULL && strncmp(settings->api, "https://", 8) != 0 &&
        !is_loopback(settings->api))
        complain(problems, "PLIVO_API", "must be https, or on loopback");
    settings->fallback_url = fallback == NULL || fallback[0] == '\0'
                                 ? strdup("")
                                 : load_url("PLIVO_FALLBACK_URL", "", problems);
    settings->auth_id = strdup(id == NULL ? "" : id);
    /* It becomes part of every path. */
    if (id == NULL || id[0] == '\0' || strspn(id, words) < strlen(id))
        complain(problems, "PLIVO_AUTH_ID", "must be set, and be letters and digits");
    settings->second_ms = second == NULL || second[0] == '\0' ? 1000 : strtol(second, NULL, 10);
    if (settings->second_ms < 1 || settings->second_ms > 1000)
        complain(problems, "PLIVO_SECOND_MS", "must be a whole number from 1 to 1000");
}

/* ---- arguments ---- */

/* Keeps the digits of a phone number; NULL when it is none. */
static const char *keep_digits(struct settings *settings, const char *text)
{
    struct number number;
    if (!number_parse(text, strlen(text), &number) ||
        settings->digits_used == 2 * (size_t)SETTINGS_NUMBERS_MAX)
        return NULL;
    char *digits = settings->digits + NUMBER_TEXT * settings->digits_used++;
    number_print(number, digits);
    return digits;
}

static void add_number(struct settings *settings, const char *text, const char *list[],
                       size_t *count, int *problems)
{
    const char *digits = keep_digits(settings, text);
    bool name = digits == NULL && list == settings->take && text[0] != '\0' &&
                strspn(text, words) == strlen(text);
    if (digits == NULL && !name)
        complain(problems, text[0] == '\0' ? "(empty)" : "an argument",
                 "must be a phone number with its country code");
    else if (*count < SETTINGS_NUMBERS_MAX)
        list[(*count)++] = digits == NULL ? text : digits;
    else
        complain(problems, "numbers", "are too many: use --all");
}

/* The value of an option that has one: "--app NAME". */
static const char *value_of(char *argv[], int *i, int *problems)
{
    if (argv[*i + 1] == NULL) {
        complain(problems, argv[*i], "needs a value");
        return "";
    }
    return argv[++*i];
}

static void read_option(struct settings *settings, char *argv[], int *i, int *problems)
{
    const char *option = argv[*i];
    bool connect = strcmp(settings->command, "connect") == 0;
    bool check = strcmp(settings->command, "check") == 0;
    if (connect && strcmp(option, "--all") == 0)
        settings->all = true;
    else if (connect && strcmp(option, "--take") == 0)
        add_number(settings, value_of(argv, i, problems), settings->take, &settings->take_count,
                   problems);
    else if (connect && strcmp(option, "--app") == 0)
        settings->app = value_of(argv, i, problems);
    else if (connect && strcmp(option, "--prefix") == 0)
        settings->prefix = value_of(argv, i, problems);
    else if (!check && strcmp(option, "--yes") == 0)
        settings->yes = true;
    else if (check && strcmp(option, "--fix") == 0)
        settings->fix = true;
    else if (!check && !connect && strcmp(option, "--now") == 0)
        settings->now = true;
    else if (connect && option[0] != '-')
        add_number(settings, option, settings->numbers, &settings->number_count, problems);
    else
        complain(problems, settings->command, "does not take one of the arguments; see --help");
}

static void read_arguments(struct settings *settings, int argc, char *argv[], int *problems)
{
    static const char *const commands[] = {"connect", "check", "disconnect"};
    settings->app = "number-masking";
    for (size_t i = 0; argc > 1 && i < 3; i++)
        if (strcmp(argv[1], commands[i]) == 0)
            settings->command = commands[i];
    if (settings->command == NULL) {
        complain(problems, "usage",
                 "number-masking-plivo connect | check | disconnect; see --help");
        return;
    }
    for (int i = 2; i < argc; i++)
        read_option(settings, argv, &i, problems);
    size_t app = strlen(settings->app);
    if (app == 0 || app > APP_MAX || strspn(settings->app, words) < app)
        complain(problems, "--app", "must be letters, digits, _ and -");
    if (settings->prefix != NULL &&
        (strlen(settings->prefix) > 15 ||
         strspn(settings->prefix, "0123456789") < strlen(settings->prefix)))
        complain(problems, "--prefix", "must be the first digits of phone numbers, or ''");
}

int settings_load(struct settings *settings, int argc, char *argv[])
{
    int problems = 0;
    *settings = (struct settings){.digits = calloc(2 * SETTINGS_NUMBERS_MAX, NUMBER_TEXT)};
    if (settings->digits == NULL)
        complain(&problems, "memory", "there is none");
    else
        read_arguments(settings, argc, argv, &problems);
    if (problems == 0)
        load_environment(settings, &problems);
    if (problems == 0 && (settings->public_url == NULL || settings->api == NULL ||
                          settings->auth_id == NULL || settings->fallback_url == NULL))
        complain(&problems, "memory", "there is none");
    if (problems > 0)
        settings_free(settings);
    return problems;
}

void settings_free(struct settings *settings)
{
    secret_free(settings->auth_token);
    secret_free(settings->database_url);
    free(settings->auth_id);
    free(settings->public_url);
    free(settings->fallback_url);
    free(settings->api);
    free(settings->digits);
    *settings = (struct settings){0};
}

void settings_print(FILE *out)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        fprintf(out, "  %-19s %s\n", table[i].name, table[i].help);
}
