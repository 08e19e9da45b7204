#include "kept.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "users.h"

struct entry {
    char handle[KEPT_HANDLE]; /* "": the place is free */
    char user[USER_NAME];
    const char *screen;
    char *values[KEPT_FIELDS];
    enum kept_problem problem;
    char *page; /* NULL: not made yet */
    size_t page_length;
    int64_t since_ms;
    uint64_t turn; /* the lower, the older */
};

struct kept {
    pthread_mutex_t lock; /* guards all below */
    struct entry entries[KEPT_MAX];
    uint64_t turns;
};

struct kept *kept_new(void)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept != NULL)
        pthread_mutex_init(&kept->lock, NULL);
    return kept;
}

static void wipe(char *text, size_t length)
{
    if (text != NULL)
        explicit_bzero(text, length);
    free(text);
}

static void let_go(struct entry *entry)
{
    for (size_t i = 0; i < KEPT_FIELDS; i++)
        if (entry->values[i] != NULL)
            wipe(entry->values[i], strlen(entry->values[i]));
    wipe(entry->page, entry->page_length);
    explicit_bzero(entry, sizeof *entry);
}

void kept_free(struct kept *kept)
{
    if (kept == NULL)
        return;
    for (size_t i = 0; i < KEPT_MAX; i++)
        let_go(&kept->entries[i]);
    pthread_mutex_destroy(&kept->lock);
    free(kept);
}

/* Under the lock. */
static void tidy(struct kept *kept)
{
    int64_t now = clock_ms();
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct entry *entry = &kept->entries[i];
        if (entry->handle[0] != '\0' && now - entry->since_ms >= KEPT_MS)
            let_go(entry);
    }
}

void kept_tidy(struct kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    tidy(kept);
    pthread_mutex_unlock(&kept->lock);
}

/* Under the lock; NULL: not there, over, or somebody else's. */
static struct entry *find(struct kept *kept, const char *user, const char *handle,
                          const char *screen)
{
    tidy(kept);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct entry *entry = &kept->entries[i];
        if (handle[0] != '\0' && strcmp(entry->handle, handle) == 0 &&
            strcmp(entry->user, user) == 0 && entry->screen == screen)
            return entry;
    }
    return NULL;
}

/* Under the lock: a free place, or that of this user's oldest where they have many, or of the
 * oldest of all. */
static struct entry *take_place(struct kept *kept, const char *user)
{
    struct entry *free_one = NULL, *oldest = NULL, *oldest_own = NULL;
    size_t own = 0;
    tidy(kept);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct entry *entry = &kept->entries[i];
        if (entry->handle[0] == '\0') {
            free_one = entry;
            continue;
        }
        if (oldest == NULL || entry->turn < oldest->turn)
            oldest = entry;
        if (strcmp(entry->user, user) != 0)
            continue;
        own++;
        if (oldest_own == NULL || entry->turn < oldest_own->turn)
            oldest_own = entry;
    }
    struct entry *place = own >= KEPT_OF_USER ? oldest_own : free_one != NULL ? free_one : oldest;
    let_go(place);
    return place;
}

static const char *text_of(const struct entry *entry, size_t field)
{
    return entry->values[field] == NULL ? "" : entry->values[field];
}

static bool is_same(const struct entry *entry, const char *user, const struct kept_asked *asked)
{
    if (entry->handle[0] == '\0' || entry->page != NULL || strcmp(entry->user, user) != 0 ||
        entry->screen != asked->screen || entry->problem != asked->problem)
        return false;
    for (size_t i = 0; i < KEPT_FIELDS; i++)
        if (strcmp(text_of(entry, i), asked->values[i]) != 0)
            return false;
    return true;
}

/* Under the lock. */
static struct entry *find_same(struct kept *kept, const char *user, const struct kept_asked *asked)
{
    tidy(kept);
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (is_same(&kept->entries[i], user, asked))
            return &kept->entries[i];
    return NULL;
}

static bool make_handle(char handle[static KEPT_HANDLE])
{
    unsigned char bytes[(KEPT_HANDLE - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(handle + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* Under the lock. false: nothing is kept. */
static bool fill(struct entry *entry, const char *user, const struct kept_asked *asked)
{
    bool filled = make_handle(entry->handle);
    for (size_t i = 0; i < KEPT_FIELDS && filled; i++) {
        if (asked->values[i][0] == '\0')
            continue;
        entry->values[i] = strdup(asked->values[i]);
        filled = entry->values[i] != NULL;
    }
    snprintf(entry->user, sizeof entry->user, "%s", user);
    entry->screen = asked->screen;
    entry->problem = asked->problem;
    if (!filled)
        let_go(entry);
    return filled;
}

bool kept_ask(struct kept *kept, const char *user, const struct kept_asked *asked,
              char handle[static KEPT_HANDLE])
{
    pthread_mutex_lock(&kept->lock);
    struct entry *entry = find_same(kept, user, asked);
    if (entry == NULL) {
        struct entry *place = take_place(kept, user);
        entry = fill(place, user, asked) ? place : NULL;
    }
    if (entry != NULL) {
        entry->since_ms = clock_ms();
        entry->turn = ++kept->turns;
        memcpy(handle, entry->handle, KEPT_HANDLE);
    }
    pthread_mutex_unlock(&kept->lock);
    return entry != NULL;
}

bool kept_find(struct kept *kept, const char *user, const char *handle, const char *screen,
               struct kept_asked *asked)
{
    pthread_mutex_lock(&kept->lock);
    const struct entry *entry = find(kept, user, handle, screen);
    if (entry != NULL) {
        asked->screen = screen;
        asked->problem = entry->problem;
        for (size_t i = 0; i < KEPT_FIELDS; i++)
            snprintf(asked->values[i], KEPT_FIELD, "%s", text_of(entry, i));
    }
    pthread_mutex_unlock(&kept->lock);
    return entry != NULL;
}

bool kept_page(struct kept *kept, const char *user, const char *handle, const char *screen,
               struct response *out)
{
    pthread_mutex_lock(&kept->lock);
    const struct entry *entry = find(kept, user, handle, screen);
    bool found = entry != NULL && entry->page != NULL &&
                 response_append(out, entry->page, entry->page_length);
    pthread_mutex_unlock(&kept->lock);
    return found;
}

void kept_answer(struct kept *kept, const char *user, const char *handle, const char *screen,
                 const struct response *page)
{
    pthread_mutex_lock(&kept->lock);
    struct entry *entry = find(kept, user, handle, screen);
    if (entry != NULL && entry->page == NULL && page->length > 0 && page->length <= KEPT_PAGE_MAX) {
        entry->page = malloc(page->length);
        if (entry->page != NULL) {
            memcpy(entry->page, page->body, page->length);
            entry->page_length = page->length;
        }
    }
    pthread_mutex_unlock(&kept->lock);
}
