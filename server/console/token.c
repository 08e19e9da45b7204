#include "token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

enum { KEY = 32, HOUR_MS = 3600000 };

static unsigned char key[KEY];

bool token_start(void)
{
    return RAND_bytes(key, sizeof key) == 1;
}

static void make(const char *user, int64_t hour, char out[static TOKEN])
{
    char text[128];
    unsigned char mac[KEY];
    unsigned length = sizeof mac;
    int size = snprintf(text, sizeof text, "%lld %s", (long long)hour, user);
    HMAC(EVP_sha256(), key, sizeof key, (const unsigned char *)text,
         size < (int)sizeof text ? (size_t)size : sizeof text - 1, mac, &length);
    for (size_t i = 0; i < sizeof mac; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

void token_make(const char *user, char out[static TOKEN])
{
    make(user, clock_ms() / HOUR_MS, out);
}

bool token_is_valid(const char *user, const char *text, size_t length)
{
    char expected[TOKEN];
    int64_t hour = clock_ms() / HOUR_MS;
    for (int64_t tried = hour; tried >= hour - 1; tried--) {
        make(user, tried, expected);
        if (length == TOKEN - 1 && CRYPTO_memcmp(expected, text, length) == 0)
            return true;
    }
    return false;
}
