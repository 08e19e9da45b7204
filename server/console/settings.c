/* settings.c - see settings.h. */
#include "settings.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db.h"
#include "secret.h"

enum { PROBLEM = 160 };

static const struct {
    const char *name, *fallback, *help;
} table[] = {
    {"DATABASE_URL", "",
     "PostgreSQL, as role masking_console; DATABASE_URL_FILE names a file that holds it"},
    {"CONSOLE_LISTEN", "", "IPv4 address and port, as 127.0.0.1:5080; port 0 takes any free one"},
    {"CONSOLE_USERS_FILE", "",
     "who may look: one name:crypt a line (mkpasswd makes them); without it loopback only"},
    {"CONSOLE_BEHIND", "nothing",
     "what stands before an address beyond loopback: tls (a proxy that sends X-Forwarded-Proto: "
     "https), or loopback (a container published on its host's loopback)"},
    {"CONSOLE_TIME_ZONE", "UTC", "the zone times are shown and typed in, as Europe/Berlin"},
    {"CONSOLE_LOG_LEVEL", "info", "error, warning, info or debug"},
};

static void complain(int *problems, const char *name, const char *why)
{
    fprintf(stderr, "number-masking-console: %s: %s\n", name, why);
    (*problems)++;
}

static const char *value_of(const char *name)
{
    const char *value = getenv(name);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].name, name) == 0 && (value == NULL || value[0] == '\0'))
            return table[i].fallback;
    return value;
}

static void load_database(struct settings *settings, int *problems)
{
    char why[PROBLEM] = "must be set";
    const char *path = getenv("DATABASE_URL_FILE"), *unread = "out of memory";
    settings->database_url = path == NULL || path[0] == '\0' ? secret_take("DATABASE_URL")
                                                             : secret_read_file(path, &unread);
    if (settings->database_url == NULL)
        complain(problems, "DATABASE_URL_FILE", unread);
    else if (settings->database_url[0] == '\0' ||
             !db_url_is_valid(settings->database_url, why, sizeof why))
        complain(problems, "DATABASE_URL", why);
}

/* "a.b.c.d:port". CivetWeb, as Debian builds it, has no IPv6. */
static bool read_address(struct settings *settings, const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN], *end;
    struct in_addr address;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || colon[1] == '\0')
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    long port = strtol(colon + 1, &end, 10);
    if (inet_pton(AF_INET, host, &address) != 1 || *end != '\0' || port < 0 || port > 65535)
        return false;
    snprintf(settings->listen, sizeof settings->listen, "%s:%ld", host, port);
    settings->listen_is_loopback = strncmp(host, "127.", 4) == 0;
    return true;
}

static void load_listen(struct settings *settings, int *problems)
{
    static const char *const words[] = {"nothing", "tls", "loopback"};
    const char *listen = value_of("CONSOLE_LISTEN"), *behind = value_of("CONSOLE_BEHIND");
    if (listen[0] == '\0')
        complain(problems, "CONSOLE_LISTEN",
                 "must be set, as 127.0.0.1:5080; without it there is no console");
    else if (!read_address(settings, listen))
        complain(problems, "CONSOLE_LISTEN",
                 "must be an IPv4 address and a port, as 127.0.0.1:5080");
    for (size_t i = 0; i < 3; i++)
        if (strcmp(words[i], behind) == 0) {
            settings->behind = (enum behind)i;
            return;
        }
    complain(problems, "CONSOLE_BEHIND", "must be nothing, tls or loopback");
}

static void load_level(struct settings *settings, int *problems)
{
    const char *text = value_of("CONSOLE_LOG_LEVEL");
    for (size_t i = 0; i < 4; i++)
        if (strcmp(text, log_level_names[i]) == 0) {
            settings->log_level = (enum log_level)i;
            return;
        }
    complain(problems, "CONSOLE_LOG_LEVEL", "must be error, warning, info or debug");
}

/* Is it a zone? Where this machine has no list of them the database is the one to say so. */
static void load_time_zone(struct settings *settings, int *problems)
{
    static const char zones[] = "/usr/share/zoneinfo";
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    char path[128];
    settings->time_zone = strdup(value_of("CONSOLE_TIME_ZONE"));
    const char *zone = settings->time_zone == NULL ? "" : settings->time_zone;
    int length = snprintf(path, sizeof path, "%s/%s", zones, zone);
    bool is_name = zone[0] >= 'A' && zone[strspn(zone, allowed)] == '\0' &&
                   length < (int)sizeof path && zone[strlen(zone) - 1] != '/';
    struct stat status;
    bool has_list = stat(zones, &status) == 0;
    if (!is_name || (has_list && (stat(path, &status) != 0 || S_ISDIR(status.st_mode))))
        complain(problems, "CONSOLE_TIME_ZONE",
                 "must be a time zone by its name, as Europe/Berlin");
}

/* A console that strangers could reach does not start. */
static void check_who_may_look(const struct settings *settings, int *problems)
{
    bool has_users = settings->users_file != NULL && settings->users_file[0] != '\0';
    bool is_beyond = settings->listen[0] != '\0' && !settings->listen_is_loopback;
    if (is_beyond && !has_users)
        complain(problems, "CONSOLE_USERS_FILE",
                 "must be set while CONSOLE_LISTEN is not a loopback address (127.0.0.1)");
    if (is_beyond && settings->behind == BEHIND_NOTHING)
        complain(problems, "CONSOLE_BEHIND",
                 "must be tls while CONSOLE_LISTEN is not a loopback address: passwords would "
                 "travel in the clear");
    if (settings->behind == BEHIND_TLS && !has_users)
        complain(problems, "CONSOLE_USERS_FILE",
                 "must be set with CONSOLE_BEHIND=tls: who comes by that proxy must say who it is");
}

int settings_load(struct settings *settings)
{
    int problems = 0;
    *settings = (struct settings){0};
    load_database(settings, &problems);
    load_listen(settings, &problems);
    load_level(settings, &problems);
    load_time_zone(settings, &problems);
    settings->users_file = strdup(value_of("CONSOLE_USERS_FILE"));
    if (settings->users_file == NULL || settings->time_zone == NULL)
        complain(&problems, "memory", "is out");
    check_who_may_look(settings, &problems);
    if (problems > 0)
        settings_free(settings);
    return problems;
}

void settings_free(struct settings *settings)
{
    secret_free(settings->database_url);
    free(settings->users_file);
    free(settings->time_zone);
    *settings = (struct settings){0};
}

void settings_print(FILE *out)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        fprintf(out, "  %-20s %s", table[i].name, table[i].help);
        if (table[i].fallback[0] != '\0')
            fprintf(out, " (default %s)", table[i].fallback);
        fputc('\n', out);
    }
}
