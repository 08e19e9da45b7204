#include "users.h"

#include <arpa/inet.h>
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
    SOURCES = 1024,
    SOURCE = 8,          /* an IPv4 address, or an IPv6 network */
    FORGIVEN_MS = 60000, /* failures slow their source down for so long */
    SLOWEST_MS = 3000,
    MAC = 32,
};

struct user {
    char name[USER_NAME];
    char hash[HASH];
    bool is_first_of_kind; /* no line above has a hash that is computed in the same time */
    bool is_remembered;
    unsigned char remembered[MAC];
};

/* Where wrong passwords came from. */
struct source {
    unsigned char address[SOURCE];
    unsigned failures;
    int64_t failed_ms, free_ms; /* free_ms: when its next password is checked */
};

struct users {
    pthread_mutex_t lock; /* guards all below */
    char *path;
    struct user *list;
    size_t count;
    unsigned char key[MAC];
    int checking;
    struct source sources[SOURCES];
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

/* What stands before the salt says what a hash costs: "$5$rounds=9000", "$y$j9T", "$2b$12$". */
static size_t cost_length(const char *hash)
{
    if (strncmp(hash, "$2", 2) == 0)
        return 7;
    if (strncmp(hash, "$7$", 3) == 0)
        return 14;
    const char *at = hash + strlen(hash);
    for (int dollars = 0; at > hash && dollars < 2;)
        if (*--at == '$')
            dollars++;
    return (size_t)(at - hash);
}

static bool is_same_kind(const char *hash, const char *other)
{
    size_t length = cost_length(hash);
    return length == cost_length(other) && strlen(hash) == strlen(other) &&
           strncmp(hash, other, length) == 0;
}

static void find_kinds(struct user list[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t above = 0;
        while (above < i && !is_same_kind(list[above].hash, list[i].hash))
            above++;
        list[i].is_first_of_kind = above == i;
    }
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
    find_kinds(list, *count);
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

static struct user *find(struct user list[], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

/* Whoever was in stays in, unless the line changed. */
static void keep_remembered(struct user list[], size_t count, struct user former[],
                            size_t former_count)
{
    for (size_t i = 0; i < count; i++) {
        const struct user *before = find(former, former_count, list[i].name);
        if (before == NULL || strcmp(before->hash, list[i].hash) != 0)
            continue;
        list[i].is_remembered = before->is_remembered;
        memcpy(list[i].remembered, before->remembered, MAC);
    }
}

void users_reload(struct users *users)
{
    size_t count;
    struct user *list = read_users(users->path, &count);
    if (list == NULL)
        return;
    pthread_mutex_lock(&users->lock);
    keep_remembered(list, count, users->list, users->count);
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

/* ---- the brake on guessing ---- */

/* An IPv4 address; of IPv6 the network, since whoever has one address there has 2^64. What is
 * neither is one source. */
static void read_source(const char *text, unsigned char address[static SOURCE])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    unsigned char whole[16];
    memset(address, 0, SOURCE);
    if (inet_pton(AF_INET, text, address + 4) == 1 || inet_pton(AF_INET6, text, whole) != 1)
        return;
    if (memcmp(whole, mapped, sizeof mapped) == 0)
        memcpy(address + 4, whole + 12, 4);
    else
        memcpy(address, whole, SOURCE);
}

/* Under the lock. NULL when no wrong password came from there lately. */
static struct source *find_source(struct users *users, const unsigned char address[static SOURCE])
{
    for (size_t i = 0; i < SOURCES; i++) {
        struct source *source = &users->sources[i];
        if (source->failures > 0 && memcmp(source->address, address, SOURCE) == 0 &&
            clock_ms() - source->failed_ms <= FORGIVEN_MS)
            return source;
    }
    return NULL;
}

/* Under the lock: its place, or that of the source whose last failure is the longest ago. */
static void note_failure(struct users *users, const unsigned char address[static SOURCE])
{
    struct source *source = find_source(users, address);
    if (source == NULL) {
        source = &users->sources[0];
        for (size_t i = 1; i < SOURCES; i++)
            if (users->sources[i].failed_ms < source->failed_ms)
                source = &users->sources[i];
        *source = (struct source){.failures = 0};
        memcpy(source->address, address, SOURCE);
    }
    int64_t penalty = source->failures >= 5 ? SLOWEST_MS : 200 << source->failures;
    source->failures++;
    source->failed_ms = clock_ms();
    source->free_ms = source->failed_ms + (penalty < SLOWEST_MS ? penalty : SLOWEST_MS);
}

/*
 * Under the lock: may a password from there be checked now? Nobody waits for that, since a worker
 * that waits answers nobody. While a source is slowed down it has one password checked at a time,
 * and never the last place: that is for those who did nothing wrong.
 */
static bool start_check(struct users *users, const unsigned char address[static SOURCE])
{
    struct source *source = find_source(users, address);
    int places = source == NULL ? CHECKED_AT_ONCE : CHECKED_AT_ONCE - 1;
    if (users->checking >= places || (source != NULL && clock_ms() < source->free_ms))
        return false;
    users->checking++;
    if (source != NULL)
        source->free_ms = INT64_MAX; /* until this one is checked */
    return true;
}

/* Under the lock. */
static void end_check(struct users *users, const unsigned char address[static SOURCE], bool right)
{
    users->checking--;
    struct source *source = find_source(users, address);
    if (!right)
        note_failure(users, address);
    else if (source != NULL)
        source->free_ms = 0;
}

/* ---- one password ---- */

/*
 * What to compute for a name: of each kind of hash in the file one, the user's own where it is of
 * that kind. So a name costs the same time whether it is in the file or not, and whatever its hash
 * costs.
 */
struct work {
    char (*hashes)[HASH];
    size_t count, own; /* own: which of them is the user's; SIZE_MAX when none is */
};

/* Under the lock. */
static bool plan_work(struct users *users, const struct user *user, struct work *work)
{
    *work = (struct work){.hashes = calloc(users->count + 1, HASH)};
    if (work->hashes == NULL)
        return false;
    work->own = SIZE_MAX;
    for (size_t i = 0; i < users->count; i++) {
        const struct user *computed = &users->list[i];
        if (!computed->is_first_of_kind)
            continue;
        if (user != NULL && is_same_kind(user->hash, computed->hash)) {
            computed = user;
            work->own = work->count;
        }
        memcpy(work->hashes[work->count++], computed->hash, HASH);
    }
    return true;
}

static bool do_work(const struct work *work, const char *password)
{
    bool right = false;
    for (size_t i = 0; i < work->count; i++)
        if (is_right(password, work->hashes[i]) && i == work->own)
            right = true;
    return right;
}

static enum user_verdict check_slowly(struct users *users, const char *name, const char *password,
                                      const unsigned char address[static SOURCE])
{
    static struct log_limit limit;
    struct work work = {.count = 0};
    pthread_mutex_lock(&users->lock);
    const struct user *user = find(users->list, users->count, name);
    bool starts = start_check(users, address);
    if (starts && !plan_work(users, user, &work)) {
        end_check(users, address, true);
        starts = false;
    }
    pthread_mutex_unlock(&users->lock);
    if (!starts)
        return USER_BUSY;

    bool right = do_work(&work, password);

    pthread_mutex_lock(&users->lock);
    struct user *now = find(users->list, users->count, name);
    /* The file may have been read again meanwhile. */
    right = right && now != NULL && strcmp(now->hash, work.hashes[work.own]) == 0;
    if (right) {
        remembered_as(users, password, now->remembered);
        now->is_remembered = true;
    }
    end_check(users, address, right);
    pthread_mutex_unlock(&users->lock);
    free(work.hashes);
    if (!right)
        log_event_limited(&limit, LOG_WARNING, "login_failed", "what=password");
    return right ? USER_KNOWN : USER_WRONG;
}

enum user_verdict users_check(struct users *users, const char *authorization, const char *source,
                              char name[static USER_NAME])
{
    char text[CREDENTIALS];
    const char *password;
    unsigned char mac[MAC], address[SOURCE];
    if (!read_credentials(authorization, text, &password))
        return USER_MISSING;
    pthread_mutex_lock(&users->lock);
    remembered_as(users, password, mac);
    const struct user *user = find(users->list, users->count, text);
    bool known =
        user != NULL && user->is_remembered && CRYPTO_memcmp(user->remembered, mac, MAC) == 0;
    pthread_mutex_unlock(&users->lock);
    read_source(source, address);
    enum user_verdict verdict = known ? USER_KNOWN : check_slowly(users, text, password, address);
    if (verdict == USER_KNOWN)
        memcpy(name, text, strlen(text) + 1); /* read_credentials saw that it fits */
    explicit_bzero(text, sizeof text);
    return verdict;
}
