/* config.c - the console's settings, and how they go together. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "secret.h"

/* CONSOLE_LISTEN has no default: where it is not set, nobody wants a console. */
static const char *read_listen(void *field, const char *text, const struct setting *setting,
                               char why[SETTINGS_WHY])
{
    return text[0] == '\0' ? "must be set, as 127.0.0.1:5080; without it there is no console"
                           : setting_address(field, text, setting, why);
}

/* Where this machine has no list of zones the database is the one to say whether it is one. */
static const char *read_time_zone(void *field, const char *text, const struct setting *setting,
                                  char why[SETTINGS_WHY])
{
    static const char zones[] = "/usr/share/zoneinfo";
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    char path[128];
    struct stat status;
    int length = snprintf(path, sizeof path, "%s/%s", zones, text);
    bool is_name = text[0] >= 'A' && text[strspn(text, allowed)] == '\0' &&
                   length < (int)sizeof path && text[strlen(text) - 1] != '/';
    bool has_list = stat(zones, &status) == 0;
    if (!is_name || (has_list && (stat(path, &status) != 0 || S_ISDIR(status.st_mode))))
        return "must be a time zone by its name, as Europe/Berlin";
    return setting_text(field, text, setting, why);
}

static const char *const behind_words[] = {"nothing", "tls", "loopback", NULL}; /* as enum behind */

#define FIELD(field) offsetof(struct config, field)

static const struct setting settings[] = {
    {"DATABASE_URL", setting_database, "", FIELD(database_url),
     "PostgreSQL, as role masking_console: postgresql://masking_console:...@host/database",
     .secret = true},
    {"CONSOLE_LISTEN", read_listen, "", FIELD(listen),
     "IPv4 address and port, as 127.0.0.1:5080; port 0 takes any free one"},
    {"CONSOLE_USERS_FILE", setting_text, "", FIELD(users_file),
     "who may look: one name:crypt a line (mkpasswd makes them); without it loopback only"},
    {"CONSOLE_BEHIND", setting_word, "nothing", FIELD(behind),
     "what stands before an address beyond loopback: tls (a proxy that sends X-Forwarded-Proto: "
     "https and X-Forwarded-For), or loopback (a container published on its host's loopback)",
     .words = behind_words},
    {"CONSOLE_TIME_ZONE", read_time_zone, "UTC", FIELD(time_zone),
     "the zone times are shown and typed in, as Europe/Berlin"},
    {"CONSOLE_LOG_LEVEL", setting_level, "info", FIELD(log_level), "error, warning, info or debug"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void print_complaint(const char *name, const char *why)
{
    fprintf(stderr, "number-masking-console: %s: %s\n", name, why);
}

/* A console that strangers could reach does not start. */
static void check_who_may_look(const struct config *config, struct settings_problems *problems)
{
    bool has_users = config->users_file != NULL && config->users_file[0] != '\0';
    bool is_beyond = config->listen[0] != '\0' && !config->listen_is_loopback;
    if (is_beyond && !has_users)
        settings_complain(problems, "CONSOLE_USERS_FILE",
                          "must be set while CONSOLE_LISTEN is not a loopback address (127.0.0.1)");
    if (is_beyond && config->behind == BEHIND_NOTHING)
        settings_complain(
            problems, "CONSOLE_BEHIND",
            "must be tls while CONSOLE_LISTEN is not a loopback address: passwords would "
            "travel in the clear");
    if (config->behind == BEHIND_TLS && !has_users)
        settings_complain(
            problems, "CONSOLE_USERS_FILE",
            "must be set with CONSOLE_BEHIND=tls: who comes by that proxy must say who it is");
}

int config_load(struct config *config)
{
    struct settings_problems problems = {.complain = print_complaint};
    *config = (struct config){0};
    settings_load(settings, SETTINGS, config, &problems);
    config->listen_is_loopback = strncmp(config->listen, "127.", 4) == 0;
    check_who_may_look(config, &problems);
    if (problems.count > 0)
        config_free(config);
    return problems.count;
}

void config_free(struct config *config)
{
    secret_free(config->database_url);
    free(config->users_file);
    free(config->time_zone);
    *config = (struct config){0};
}

void config_print_settings(FILE *out)
{
    settings_print(out, settings, SETTINGS, 20);
}
