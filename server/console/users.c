#include "users.h"

#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "log.h"

enum {
    USERS_MAX = 256,
    HASH = 256,
    CREDENTIALS = 512, /* name:password, decoded */
    LINE = 512,
    CHECKED_AT_ONCE = 2,
    FORGIVEN_MS = 60000, /* failures slow others down for so long */
    SLOWEST_MS = 3000,
    MAC = 32,
};

struct user {
    char name[USER_NAME];
    char hash[HASH];
    bool is_remembered;
    unsigned char remembered[MAC];
};

struct users {
    pthread_mutex_t lock; /* guards all below */
    char *path;
    struct user *list;
    size_t count;
    unsigned char key[MAC];
    int checking;
    unsigned failures;
    int64_t failed_ms;
};

static bool is_name(const char *text, size_t length)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._@-";
    return length > 0 && length < USER_NAME && strspn(text, allowed) >= length;
}

/* A line that is not "name:crypt" lets nobody in, and is told of by its number. */
static bool read_user(struct user *user, char *line, unsigned number)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0' || line[0] == '#')
        return false;
    const char *colon = strchr(line, ':');
    if (colon == NULL || !is_name(line, (size_t)(colon - line)) || colon[1] != '$' ||
        strlen(colon + 1) >= HASH || strpbrk(colon + 1, ": \t") != NULL) {
        log_event(LOG_ERROR, "users_line_ignored", "line=%u reason=\"not name:crypt\"", number);
        return false;
    }
    *user = (struct user){0};
    memcpy(user->name, line, (size_t)(colon - line));
    snprintf(user->hash, sizeof user->hash, "%s", colon + 1);
    return true;
}

/* NULL when the file cannot be read, already logged. */
static struct user *read_users(const char *path, size_t *count)
{
    char line[LINE], reason[128];
    unsigned number = 0;
    struct user *list = calloc(USERS_MAX, sizeof *list);
    FILE *file = list == NULL ? NULL : fopen(path, "re");
    *count = 0;
    if (file == NULL) {
        log_event(LOG_ERROR, "users_unreadable", "setting=CONSOLE_USERS_FILE reason=\"%s\"",
                  strerror_r(errno, reason, sizeof reason));
        free(list);
        return NULL;
    }
    while (*count < USERS_MAX && fgets(line, sizeof line, file) != NULL)
        if (read_user(&list[*count], line, ++number))
            (*count)++;
    if (*count == USERS_MAX && fgets(line, sizeof line, file) != NULL)
        log_event(LOG_ERROR, "users_ignored", "from_line=%u reason=\"%d users at most\"",
                  number + 1, USERS_MAX);
    fclose(file);
    explicit_bzero(line, sizeof line);
    return list;
}

struct users *users_new(const char *path)
{
    struct users *users = calloc(1, sizeof *users);
    if (users == NULL)
        return NULL;
    pthread_mutex_init(&users->lock, NULL);
    users->path = strdup(path);
    users->list = users->path == NULL ? NULL : read_users(path, &users->count);
    if (users->list != NULL && users->count == 0)
        log_event(LOG_ERROR, "users_missing",
                  "setting=CONSOLE_USERS_FILE reason=\"names nobody\" hint=\"a line is name:crypt, "
                  "as mkpasswd makes it\"");
    if (users->count == 0 || RAND_bytes(users->key, sizeof users->key) != 1) {
        users_free(users);
        return NULL;
    }
    return users;
}

void users_free(struct users *users)
{
    if (users == NULL)
        return;
    pthread_mutex_destroy(&users->lock);
    free(users->list);
    free(users->path);
    free(users);
}

void users_reload(struct users *users)
{
    size_t count;
    struct user *list = read_users(users->path, &count);
    if (list == NULL)
        return;
    pthread_mutex_lock(&users->lock);
    free(users->list);
    users->list = list;
    users->count = count;
    pthread_mutex_unlock(&users->lock);
    log_event(LOG_INFO, "users_reloaded", "users=%zu", count);
}

/* "Basic bmFtZTpwYXNzd29yZA==" as two texts. */
static bool read_credentials(const char *header, char text[CREDENTIALS], const char **password)
{
    static const char scheme[] = "Basic ";
    unsigned char decoded[CREDENTIALS + 3];
    size_t length = header == NULL ? 0 : strlen(header);
    if (length < sizeof scheme || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *encoded = header + sizeof scheme - 1;
    size_t encoded_length = length - (sizeof scheme - 1);
    if (encoded_length % 4 != 0 || encoded_length / 4 * 3 >= CREDENTIALS)
        return false;
    int bytes = EVP_DecodeBlock(decoded, (const unsigned char *)encoded, (int)encoded_length);
    if (bytes <= 0)
        return false;
    memcpy(text, decoded, (size_t)bytes); /* the padding's bytes are NUL */
    text[bytes] = '\0';
    explicit_bzero(decoded, sizeof decoded);
    char *colon = strchr(text, ':');
    if (colon == NULL || !is_name(text, (size_t)(colon - text)))
        return false;
    *colon = '\0';
    *password = colon + 1;
    return true;
}

static struct user *find(struct users *users, const char *name)
{
    for (size_t i = 0; i < users->count; i++)
        if (strcmp(users->list[i].name, name) == 0)
            return &users->list[i];
    return NULL;
}

static void remembered_as(const struct users *users, const char *password,
                          unsigned char out[static MAC])
{
    unsigned length = MAC;
    HMAC(EVP_sha256(), users->key, MAC, (const unsigned char *)password, strlen(password), out,
         &length);
}

static bool is_right(const char *password, const char *hash)
{
    struct crypt_data *data = calloc(1, sizeof *data); /* 32 KiB: too large for a worker's stack */
    const char *made = data == NULL ? NULL : crypt_r(password, hash, data);
    bool right = made != NULL && strlen(made) == strlen(hash) && made[0] == '$' &&
                 CRYPTO_memcmp(made, hash, strlen(hash)) == 0;
    if (data != NULL)
        explicit_bzero(data, sizeof *data);
    free(data);
    return right;
}

static void wait_ms(int64_t ms)
{
    const struct timespec span = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&span, NULL);
}

/* Under the lock: how long the next check waits. */
static int64_t penalty(struct users *users)
{
    if (clock_ms() - users->failed_ms > FORGIVEN_MS)
        users->failures = 0;
    if (users->failures == 0)
        return 0;
    int64_t ms = users->failures > 5 ? SLOWEST_MS : 100 << users->failures;
    return ms < SLOWEST_MS ? ms : SLOWEST_MS;
}

/* Who is not in the file costs as much time as who is: a stranger learns no names. */
static enum user_verdict check_slowly(struct users *users, const char *name, const char *password)
{
    static struct log_limit limit;
    unsigned char mac[MAC];
    char hash[HASH] = "";
    pthread_mutex_lock(&users->lock);
    if (users->checking >= CHECKED_AT_ONCE) {
        pthread_mutex_unlock(&users->lock);
        return USER_BUSY;
    }
    users->checking++;
    int64_t wait = penalty(users);
    const struct user *user = find(users, name);
    bool exists = user != NULL;
    if (!exists && users->count > 0)
        user = &users->list[0];
    if (user != NULL)
        memcpy(hash, user->hash, sizeof hash);
    pthread_mutex_unlock(&users->lock);

    wait_ms(wait);
    bool right = is_right(password, hash) && exists;

    pthread_mutex_lock(&users->lock);
    users->checking--;
    struct user *now = find(users, name); /* the file may have been read again */
    right = right && now != NULL && strcmp(now->hash, hash) == 0;
    if (right) {
        remembered_as(users, password, mac);
        memcpy(now->remembered, mac, MAC);
        now->is_remembered = true;
    } else {
        users->failures++;
        users->failed_ms = clock_ms();
    }
    pthread_mutex_unlock(&users->lock);
    if (!right)
        log_event_limited(&limit, LOG_WARNING, "login_failed", "waited_ms=%d", (int)wait);
    return right ? USER_KNOWN : USER_WRONG;
}

enum user_verdict users_check(struct users *users, const char *authorization,
                              char name[static USER_NAME])
{
    char text[CREDENTIALS];
    const char *password;
    unsigned char mac[MAC];
    if (!read_credentials(authorization, text, &password))
        return USER_MISSING;
    pthread_mutex_lock(&users->lock);
    remembered_as(users, password, mac);
    const struct user *user = find(users, text);
    bool known =
        user != NULL && user->is_remembered && CRYPTO_memcmp(user->remembered, mac, MAC) == 0;
    pthread_mutex_unlock(&users->lock);
    enum user_verdict verdict = known ? USER_KNOWN : check_slowly(users, text, password);
    if (verdict == USER_KNOWN)
        memcpy(name, text, strlen(text) + 1); /* read_credentials saw that it fits */
    explicit_bzero(text, sizeof text);
    return verdict;
}
