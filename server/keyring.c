#include "keyring.h"

#include <pthread.h>
#include <stdlib.h>

#include "log.h"

struct keyring {
    pthread_rwlock_t lock; /* read while checking, so that old keys can be freed at once */
    struct signature_keys *keys;
    bool signing;
};

static struct signature_keys *make_keys(const struct config *config)
{
    return signature_keys_new(
        (const char *const *)config->auth_tokens.items, config->auth_tokens.count,
        (const char *const *)config->main_auth_tokens.items, config->main_auth_tokens.count);
}

struct keyring *keyring_new(const struct config *config)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL)
        return NULL;
    keyring->signing = !config->allow_unsigned;
    keyring->keys = make_keys(config);
    if (keyring->keys == NULL) {
        free(keyring);
        return NULL;
    }
    pthread_rwlock_init(&keyring->lock, NULL);
    return keyring;
}

void keyring_free(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    signature_keys_free(keyring->keys);
    pthread_rwlock_destroy(&keyring->lock);
    free(keyring);
}

bool keyring_is_signing(const struct keyring *keyring)
{
    return keyring->signing;
}

struct signature_verdict keyring_check(struct keyring *keyring,
                                       const struct signed_request *request,
                                       enum signature_versions versions)
{
    pthread_rwlock_rdlock(&keyring->lock);
    struct signature_verdict verdict = signature_check(keyring->keys, request, versions);
    pthread_rwlock_unlock(&keyring->lock);
    return verdict;
}

static void log_complaint(const char *name, const char *why)
{
    log_event(LOG_ERROR, "bad_setting", "setting=%s reason=\"%s\"", name, why);
}

void keyring_reload(struct keyring *keyring)
{
    struct config config;
    if (!keyring->signing) {
        log_event(LOG_INFO, "reload_skipped", "reason=\"signatures are off\"");
        return;
    }
    if (config_load(&config, log_complaint) > 0) {
        log_event(LOG_ERROR, "reload_failed", "reason=\"bad settings; the old tokens stay\"");
        return;
    }
    size_t count = config.auth_tokens.count + config.main_auth_tokens.count;
    struct signature_keys *fresh = count == 0 ? NULL : make_keys(&config);
    config_free(&config);
    if (fresh == NULL) {
        log_event(LOG_ERROR, "reload_failed", "reason=\"%s; the old tokens stay\"",
                  count == 0 ? "no token" : "out of memory");
        return;
    }
    pthread_rwlock_wrlock(&keyring->lock);
    struct signature_keys *old = keyring->keys;
    keyring->keys = fresh;
    pthread_rwlock_unlock(&keyring->lock);
    signature_keys_free(old);
    log_event(LOG_INFO, "reloaded", "tokens=%zu", count);
}
