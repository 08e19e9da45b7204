/* config.c - see config.h. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "secret.h"

enum kind { DATABASE, ADDRESS, INTEGER, LEVEL, TOKENS, URLS, YES_NO, PHONE };

struct setting {
    const char *name;
    enum kind kind;
    bool secret; /* never printed; may come from a file named by NAME_FILE */
    const char *fallback;
    long least, most; /* of an INTEGER */
    size_t offset;    /* of its field in struct config */
    const char *help;
};

#define FIELD(field) offsetof(struct config, field)

static const struct setting settings[] = {
    {"DATABASE_URL", DATABASE, true, "", 0, 0, FIELD(database_url),
     "PostgreSQL, as role masking_server: postgresql://masking_server:...@host/database"},
    {"LISTEN", ADDRESS, false, "127.0.0.1:5000", 0, 0, FIELD(listen),
     "IPv4 address and port to answer on; port 0 takes any free one"},
    {"METRICS_LISTEN", ADDRESS, false, "127.0.0.1:5001", 0, 0, FIELD(metrics_listen),
     "IPv4 address and port of /metrics, for Prometheus"},
    {"WORKERS", INTEGER, false, "64", 1, 4096, FIELD(workers),
     "most connections open at once, each served by a thread"},
    {"DATABASE_CONNECTIONS", INTEGER, false, "2", 1, CONFIG_DATABASE_CONNECTIONS_MAX,
     FIELD(database_connections),
     "connections to PostgreSQL for calls, each carrying many at a time"},
    {"ANSWER_DEADLINE_MS", INTEGER, false, "2000", 50, 30000, FIELD(answer_deadline_ms),
     "longest wait for the database before the caller hears an apology"},
    {"LOG_LEVEL", LEVEL, false, "info", 0, 0, FIELD(log_level), "error, warning, info or debug"},
    {"PLIVO_AUTH_TOKEN", TOKENS, true, "", 0, 0, FIELD(auth_tokens),
     "auth token of the Plivo account or subaccount; several with commas while rotating"},
    {"PLIVO_MAIN_AUTH_TOKEN", TOKENS, true, "", 0, 0, FIELD(main_auth_tokens),
     "auth token of the main account, where a subaccount owns the numbers"},
    {"PUBLIC_URL", URLS, false, "", 0, 0, FIELD(public_urls),
     "what Plivo dials, up to the path: https://calls.example.com; several with commas while "
     "moving"},
    {"ALLOW_UNSIGNED", YES_NO, false, "no", 0, 0, FIELD(allow_unsigned),
     "yes: answer without checking signatures, on a loopback address only"},
    {"RING_TIMEOUT", INTEGER, false, "25", 5, 120, FIELD(ring_timeout),
     "seconds until a call nobody answers is given up, before a mailbox takes it; needs "
     "PUBLIC_URL"},
    {"CONFIRM_CALLS", YES_NO, false, "no", 0, 0, FIELD(confirm_calls),
     "yes: who is called presses 1 to take the call, which no mailbox does; needs PUBLIC_URL"},
    {"CALLEE_EVENTS", YES_NO, false, "yes", 0, 0, FIELD(callee_events),
     "no: Plivo tells nothing of the callee's leg, half of a call's webhooks and of their cost"},
    {"CALL_TIME_LIMIT", INTEGER, false, "1800", 60, 86399, FIELD(call_time_limit),
     "seconds after which a connected call is ended; needs PUBLIC_URL"},
    {"RECORD_CALLS", YES_NO, false, "no", 0, 0, FIELD(record_calls),
     "yes: connected calls are recorded, and both sides are told; needs PUBLIC_URL"},
    {"SUPPORT_NUMBER", PHONE, false, "", 0, 0, FIELD(support_number),
     "phone that rings for callers who are on no order; without it they hear a sentence"},
    {"FORWARD_MEDIA", YES_NO, false, "no", 0, 0, FIELD(forward_media),
     "yes: pictures in messages are sent on, as links"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void *field(struct config *config, const struct setting *setting)
{
    return (char *)config + setting->offset;
}

void config_print_complaint(const char *name, const char *why)
{
    fprintf(stderr, "number-masking: %s: %s\n", name, why);
}

/* Who is told, and of how many there was to tell. */
struct problems {
    config_complaint *complain;
    int count;
};

static void complain(struct problems *problems, const char *name, const char *why)
{
    problems->complain(name, why);
    problems->count++;
}

/* One whole decimal number between least and most. */
static bool parse_integer(const char *text, long least, long most, long *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < least || value > most)
        return false;
    *out = value;
    return true;
}

/* "a.b.c.d:port". CivetWeb, as Debian builds it, has no IPv6. */
static const char *read_address(char out[CONFIG_ADDRESS], const char *text)
{
    static const char *const wanted = "must be an IPv4 address and a port, as 127.0.0.1:5000";
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN];
    struct in_addr address;
    long port;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return wanted;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    if (inet_pton(AF_INET, host, &address) != 1 || !parse_integer(colon + 1, 0, 65535, &port))
        return wanted;
    snprintf(out, CONFIG_ADDRESS, "%s:%ld", host, port);
    return NULL;
}

static const char *read_level(enum log_level *level, const char *text)
{
    for (size_t i = 0; i < 4; i++)
        if (strcmp(text, log_level_names[i]) == 0) {
            *level = (enum log_level)i;
            return NULL;
        }
    return "must be error, warning, info or debug";
}

static const char *read_tokens(struct config_list *list, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const char *token = text;
        text += length + (text[length] == ',');
        while (length > 0 && *token == ' ')
            token++, length--;
        while (length > 0 && token[length - 1] == ' ')
            length--;
        if (length == 0)
            return "must be one token, or several with commas between; one of them is empty";
        if (strcspn(token, " \t\r\n") < length)
            return "must have commas between the tokens, and no blank or line end in one";
        if (list->count == CONFIG_LIST_MAX)
            return "must be at most 16 tokens";
        list->items[list->count] = strndup(token, length);
        if (list->items[list->count++] == NULL)
            return "out of memory";
    }
    return NULL;
}

/* scheme://host[:port][/prefix], the part that every signed URL starts with. */
static const char *read_url(char **url, const char *text, size_t length)
{
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;
    if (scheme == 0 || length <= scheme || text[scheme] == '/')
        return "must start with https:// (or http://) and a host; several with commas between";
    if (strcspn(text, "?#@\" \t\r\n") < length)
        return "must not hold a query, fragment, user, quote or blank";
    while (text[length - 1] == '/')
        length--;
    *url = strndup(text, length);
    return *url == NULL ? "out of memory" : NULL;
}

static const char *read_urls(struct config *config, const char *text)
{
    struct config_list *list = &config->public_urls;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const char *problem = list->count == CONFIG_LIST_MAX
                                  ? "must be at most 16 URLs"
                                  : read_url(&list->items[list->count], text, length);
        if (problem != NULL)
            return problem;
        list->count++;
        text += length;
        if (*text == ',')
            text += 1 + strspn(text + 1, " ");
    }
    config->public_url = list->count > 0 ? list->items[0] : "";
    return NULL;
}

static const char *read_database(char **url, const char *text, char why[CONFIG_PROBLEM])
{
    if (text[0] == '\0')
        return "must be set";
    if (!db_url_is_valid(text, why, CONFIG_PROBLEM))
        return why;
    *url = strdup(text);
    return *url == NULL ? "out of memory" : NULL;
}

/* NULL, or what is wrong with the text. */
static const char *read_setting(struct config *config, const struct setting *setting,
                                const char *text, char why[CONFIG_PROBLEM])
{
    switch (setting->kind) {
    case DATABASE:
        return read_database((char **)field(config, setting), text, why);
    case ADDRESS:
        return read_address(field(config, setting), text);
    case INTEGER:
        if (parse_integer(text, setting->least, setting->most, field(config, setting)))
            return NULL;
        snprintf(why, CONFIG_PROBLEM, "must be a whole number from %ld to %ld", setting->least,
                 setting->most);
        return why;
    case LEVEL:
        return read_level(field(config, setting), text);
    case TOKENS:
        return read_tokens(field(config, setting), text);
    case URLS:
        return read_urls(config, text);
    case YES_NO:
        *(bool *)field(config, setting) = strcmp(text, "yes") == 0;
        return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0 ? NULL : "must be yes or no";
    case PHONE:
        return text[0] == '\0' || number_parse(text, strlen(text), field(config, setting))
                   ? NULL
                   : "must be a phone number with its country code";
    }
    return "unknown kind of setting";
}

/* Secrets that came in the environment, one place for each row of settings[]. The kernel
 * shows a process's first environment in /proc/PID/environ for as long as it runs, so they
 * are wiped there and kept here: SIGHUP loads all settings again. */
static struct kept {
    const char *place; /* of the wiped text in the environment */
    char *secret;
} kept_secrets[SETTINGS];

static void forget_secrets(void)
{
    for (size_t i = 0; i < SETTINGS; i++)
        secret_free(kept_secrets[i].secret);
    memset(kept_secrets, 0, sizeof kept_secrets);
}

static const char *kept_secret(const struct setting *setting)
{
    if (setting->kind == TOKENS)
        log_event(LOG_INFO, "setting_kept",
                  "setting=%s reason=\"came in the environment, which only a restart changes; "
                  "%s_FILE is read again\"",
                  setting->name, setting->name);
    return kept_secrets[setting - settings].secret;
}

/* As getenv, for a secret. */
static const char *take_secret(const struct setting *setting)
{
    struct kept *kept = &kept_secrets[setting - settings];
    char *text = getenv(setting->name);
    if (text == NULL || text[0] == '\0')
        return text != NULL && text == kept->place ? kept_secret(setting) : text;
    char *copy = strdup(text);
    if (copy == NULL)
        return text;
    secret_free(kept->secret);
    *kept = (struct kept){.place = text, .secret = copy};
    explicit_bzero(text, strlen(text));
    return copy;
}

static void load_setting(struct config *config, const struct setting *setting,
                         struct problems *problems)
{
    char why[CONFIG_PROBLEM], file_name[64];
    const char *problem = NULL;
    char *secret = NULL;
    const char *text = setting->secret ? take_secret(setting) : getenv(setting->name);
    snprintf(file_name, sizeof file_name, "%s_FILE", setting->name);
    const char *path = setting->secret ? getenv(file_name) : NULL;

    if (path != NULL && path[0] != '\0') {
        if (text != NULL && text[0] != '\0')
            complain(problems, file_name, "is set, and so is the setting itself; keep one");
        text = secret = secret_read_file(path, &problem);
        if (problem != NULL) {
            complain(problems, file_name, problem);
            return;
        }
    }
    /* An empty variable is how compose files say "unset". */
    if (text == NULL || text[0] == '\0')
        text = setting->fallback;
    problem = read_setting(config, setting, text, why);
    if (problem != NULL)
        complain(problems, setting->name, problem);
    secret_free(secret);
}

/* Promise 6, strangers get nothing: no way to start by accident without signatures. A field
 * that is still empty here had a problem of its own, which was told. */
static void check_signing(const struct config *config, struct problems *problems)
{
    bool signing = config->auth_tokens.count + config->main_auth_tokens.count > 0;
    if (signing && config->allow_unsigned)
        complain(problems, "ALLOW_UNSIGNED",
                 "must not be yes while PLIVO_AUTH_TOKEN is set: signatures would be pointless");
    if (signing && config->public_url != NULL && config->public_url[0] == '\0')
        complain(problems, "PUBLIC_URL",
                 "must be set with PLIVO_AUTH_TOKEN: Plivo signs the URL that it dials");
    if (!signing && !config->allow_unsigned)
        complain(problems, "PLIVO_AUTH_TOKEN",
                 "must be set, or ALLOW_UNSIGNED=yes to try the service out without Plivo");
    if (!signing && config->allow_unsigned && config->listen[0] != '\0' &&
        !config->listen_is_loopback)
        complain(problems, "LISTEN",
                 "must be a loopback address (127.0.0.1) while ALLOW_UNSIGNED=yes");
}

/* Recording without telling, or without a place to tell its end, is worse than none; so is a key
 * that nobody is told of. */
static void check_recording(const struct config *config, struct problems *problems)
{
    if (config->record_calls && config->public_url != NULL && config->public_url[0] == '\0')
        complain(problems, "RECORD_CALLS",
                 "must not be yes without PUBLIC_URL: that is where Plivo asks what to announce");
    if (config->confirm_calls && config->public_url != NULL && config->public_url[0] == '\0')
        complain(problems, "CONFIRM_CALLS",
                 "must not be yes without PUBLIC_URL: that is where Plivo asks what to say");
}

int config_load(struct config *config, config_complaint *complaint)
{
    static bool will_forget;
    struct problems problems = {.complain = complaint};
    if (!will_forget)
        will_forget = atexit(forget_secrets) == 0;
    *config = (struct config){0};
    for (size_t i = 0; i < SETTINGS; i++)
        load_setting(config, &settings[i], &problems);
    config->listen_is_loopback = strncmp(config->listen, "127.", 4) == 0;
    check_signing(config, &problems);
    check_recording(config, &problems);
    if (problems.count > 0)
        config_free(config);
    return problems.count;
}

static void free_list(const struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        secret_free(list->items[i]);
}

void config_free(struct config *config)
{
    free_list(&config->auth_tokens);
    free_list(&config->main_auth_tokens);
    free_list(&config->public_urls);
    secret_free(config->database_url);
    *config = (struct config){0};
}

void config_print_settings(FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        fprintf(out, "  %-22s %s", setting->name, setting->help);
        if (setting->fallback[0] != '\0')
            fprintf(out, " (default %s)", setting->fallback);
        if (setting->secret)
            fprintf(out, "; or %s_FILE names a file that holds it", setting->name);
        fputc('\n', out);
    }
}
