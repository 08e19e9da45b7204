#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db.h"
#include "log.h"
#include "number.h"
#include "secret.h"

void settings_complain(struct settings_problems *problems, const char *name, const char *why)
{
    problems->complain(name, why);
    if (problems->count < SETTINGS_MAX)
        problems->names[problems->count] = name;
    problems->count++;
}

bool settings_is_good(const struct settings_problems *problems, const char *name)
{
    for (int i = 0; i < problems->count && i < SETTINGS_MAX; i++)
        if (strcmp(problems->names[i], name) == 0)
            return false;
    return true;
}

/* ---- readers ---- */

static const char *keep(char **field, const char *text, size_t length)
{
    *field = strndup(text, length);
    return *field == NULL ? "out of memory" : NULL;
}

const char *setting_text(void *field, const char *text, const struct setting *setting,
                         char why[SETTINGS_WHY])
{
    (void)setting;
    (void)why;
    return keep(field, text, strlen(text));
}

const char *setting_database(void *field, const char *text, const struct setting *setting,
                             char why[SETTINGS_WHY])
{
    if (text[0] == '\0')
        return "must be set";
    return db_url_is_valid(text, why, SETTINGS_WHY) ? setting_text(field, text, setting, why) : why;
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

const char *setting_integer(void *field, const char *text, const struct setting *setting,
                            char why[SETTINGS_WHY])
{
    if (parse_integer(text, setting->least, setting->most, field))
        return NULL;
    snprintf(why, SETTINGS_WHY, "must be a whole number from %ld to %ld", setting->least,
             setting->most);
    return why;
}

/* CivetWeb, as Debian builds it, has no IPv6. */
const char *setting_address(void *field, const char *text, const struct setting *setting,
                            char why[SETTINGS_WHY])
{
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN] = "";
    struct in_addr address;
    long port = 0;
    bool has_port = parse_integer(colon == NULL ? text : colon + 1, 0, 65535, &port);
    if (colon != NULL && (size_t)(colon - text) < sizeof host)
        memcpy(host, text, (size_t)(colon - text));
    if (has_port && inet_pton(AF_INET, host, &address) == 1) {
        snprintf(field, SETTINGS_ADDRESS, "%s:%ld", host, port);
        return NULL;
    }
    /* "5610" is a port, and most likely meant to be one. */
    if (has_port)
        snprintf(why, SETTINGS_WHY, "must be an IPv4 address and a port, as 127.0.0.1:%ld", port);
    else
        snprintf(why, SETTINGS_WHY, "must be an IPv4 address and a port%s%s",
                 setting->fallback[0] == '\0' ? "" : ", as ", setting->fallback);
    return why;
}

const char *setting_level(void *field, const char *text, const struct setting *setting,
                          char why[SETTINGS_WHY])
{
    (void)setting;
    (void)why;
    for (size_t i = 0; i < 4; i++)
        if (strcmp(text, log_level_names[i]) == 0) {
            *(enum log_level *)field = (enum log_level)i;
            return NULL;
        }
    return "must be error, warning, info or debug";
}

const char *setting_word(void *field, const char *text, const struct setting *setting,
                         char why[SETTINGS_WHY])
{
    size_t length = 0;
    for (int i = 0; setting->words[i] != NULL; i++)
        if (strcmp(text, setting->words[i]) == 0) {
            *(int *)field = i;
            return NULL;
        }
    for (int i = 0; setting->words[i] != NULL && length < SETTINGS_WHY; i++) {
        const char *before = i == 0 ? "must be " : setting->words[i + 1] == NULL ? " or " : ", ";
        length += (size_t)snprintf(why + length, SETTINGS_WHY - length, "%s%s", before,
                                   setting->words[i]);
    }
    return why;
}

const char *setting_yes_no(void *field, const char *text, const struct setting *setting,
                           char why[SETTINGS_WHY])
{
    (void)setting;
    (void)why;
    *(bool *)field = strcmp(text, "yes") == 0;
    return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0 ? NULL : "must be yes or no";
}

const char *setting_phone(void *field, const char *text, const struct setting *setting,
                          char why[SETTINGS_WHY])
{
    (void)setting;
    (void)why;
    return text[0] == '\0' || number_parse(text, strlen(text), field)
               ? NULL
               : "must be a phone number with its country code";
}

const char *setting_tokens(void *field, const char *text, const struct setting *setting,
                           char why[SETTINGS_WHY])
{
    struct settings_list *list = field;
    (void)setting;
    (void)why;
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
        if (list->count == SETTINGS_LIST_MAX)
            return "must be at most 16 tokens";
        if (keep(&list->items[list->count], token, length) != NULL)
            return "out of memory";
        list->count++;
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
        return "must start with https:// (or http://) and a host";
    if (strcspn(text, "?#@\"\\ \t\r\n") < length)
        return "must not hold a query, fragment, user, quote, backslash or blank";
    while (text[length - 1] == '/')
        length--;
    return keep(url, text, length);
}

const char *setting_url(void *field, const char *text, const struct setting *setting,
                        char why[SETTINGS_WHY])
{
    if (text[0] == '\0')
        return setting_text(field, text, setting, why);
    return strchr(text, ',') == NULL ? read_url(field, text, strlen(text)) : "must be one URL";
}

/* The word of the setting with which the path of a URL ends, in whatever case; or NULL. */
static const char *ends_with_word(const char *url, const struct setting *setting)
{
    const char *path = strchr(strstr(url, "://") + 3, '/');
    for (size_t i = 0; path != NULL && setting->words != NULL && setting->words[i] != NULL; i++) {
        size_t length = strlen(path), word = strlen(setting->words[i]);
        if (word > 1 && setting->words[i][word - 1] == '/')
            word--;
        if (length >= word && strncasecmp(path + length - word, setting->words[i], word) == 0)
            return setting->words[i];
    }
    return NULL;
}

const char *setting_urls(void *field, const char *text, const struct setting *setting,
                         char why[SETTINGS_WHY])
{
    struct settings_list *list = field;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const char *problem = list->count == SETTINGS_LIST_MAX
                                  ? "must be at most 16 URLs"
                                  : read_url(&list->items[list->count], text, length);
        if (problem != NULL) {
            snprintf(why, SETTINGS_WHY, "%s; several have commas between", problem);
            return why;
        }
        const char *end = ends_with_word(list->items[list->count++], setting);
        if (end != NULL) {
            snprintf(why, SETTINGS_WHY, "must end before %s: that is what Plivo dials behind it",
                     end);
            return why;
        }
        text += length;
        if (*text == ',')
            text += 1 + strspn(text + 1, " ");
    }
    return NULL;
}

void settings_free_list(struct settings_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        secret_free(list->items[i]);
    list->count = 0;
}

/* ---- secrets that came in the environment ---- */

static struct kept {
    const struct setting *setting;
    const char *place; /* of the wiped text in the environment */
    char *secret;
} kept_secrets[8];

static void forget_secrets(void)
{
    for (size_t i = 0; i < sizeof kept_secrets / sizeof kept_secrets[0]; i++)
        secret_free(kept_secrets[i].secret);
    memset(kept_secrets, 0, sizeof kept_secrets);
}

/* The setting's place, or a new one; NULL when there is none left. */
static struct kept *place_of(const struct setting *setting)
{
    for (size_t i = 0; i < sizeof kept_secrets / sizeof kept_secrets[0]; i++)
        if (kept_secrets[i].setting == setting || kept_secrets[i].setting == NULL) {
            kept_secrets[i].setting = setting;
            return &kept_secrets[i];
        }
    return NULL;
}

static const char *kept_secret(const struct kept *kept)
{
    if (kept->setting->read == setting_tokens)
        log_event(LOG_INFO, "setting_kept",
                  "setting=%s reason=\"came in the environment, which only a restart changes; "
                  "%s_FILE is read again\"",
                  kept->setting->name, kept->setting->name);
    return kept->secret;
}

/* As getenv, for a secret. */
static const char *take_secret(const struct setting *setting)
{
    static bool will_forget;
    struct kept *kept = place_of(setting);
    char *text = getenv(setting->name);
    if (!will_forget)
        will_forget = atexit(forget_secrets) == 0;
    if (text == NULL || kept == NULL)
        return text;
    if (text[0] == '\0')
        return text == kept->place ? kept_secret(kept) : text;
    char *copy = strdup(text);
    if (copy == NULL)
        return text;
    secret_free(kept->secret);
    kept->place = text;
    kept->secret = copy;
    explicit_bzero(text, strlen(text));
    return copy;
}

/* ---- loading ---- */

/* Told by the file's variable, kept by the setting's. */
static void complain_of_file(struct settings_problems *problems, const struct setting *setting,
                             const char *file_name, const char *why)
{
    settings_complain(problems, file_name, why);
    if (problems->count <= SETTINGS_MAX)
        problems->names[problems->count - 1] = setting->name;
}

static void load(const struct setting *setting, void *field, struct settings_problems *problems)
{
    char why[SETTINGS_WHY], file_name[64];
    const char *problem = NULL;
    char *secret = NULL;
    const char *text = setting->secret ? take_secret(setting) : getenv(setting->name);
    snprintf(file_name, sizeof file_name, "%s_FILE", setting->name);
    const char *path = setting->secret ? getenv(file_name) : NULL;

    if (path != NULL && path[0] != '\0') {
        if (text != NULL && text[0] != '\0')
            complain_of_file(problems, setting, file_name,
                             "is set, and so is the setting itself; keep one");
        text = secret = secret_read_file(path, &problem);
        if (problem != NULL) {
            complain_of_file(problems, setting, file_name, problem);
            return;
        }
    }
    /* An empty variable is how compose files say "unset". */
    if (text == NULL || text[0] == '\0')
        text = setting->fallback;
    problem = setting->read(field, text, setting, why);
    if (problem != NULL)
        settings_complain(problems, setting->name, problem);
    secret_free(secret);
}

void settings_load(const struct setting table[], size_t count, void *into,
                   struct settings_problems *problems)
{
    for (size_t i = 0; i < count; i++)
        load(&table[i], (char *)into + table[i].offset, problems);
}

void settings_print(FILE *out, const struct setting table[], size_t count, int width)
{
    for (size_t i = 0; i < count; i++) {
        const struct setting *setting = &table[i];
        fprintf(out, "  %-*s %s", width, setting->name, setting->help);
        if (setting->fallback[0] != '\0')
            fprintf(out, " (default %s)", setting->fallback);
        if (setting->secret)
            fprintf(out, "; or %s_FILE names a file that holds it", setting->name);
        fputc('\n', out);
    }
}
