/* web.c - see web.h. */
#include "web.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "signature.h"
#include "version.h"

enum { GAP_MS = 20, CONNECT_SECONDS = 10, ANSWER_SECONDS = 30, URL_MAX_BYTES = 2048 };

struct web {
    const struct settings *settings;
    CURL *curl;
    char *text; /* the last answer: room for WEB_ANSWER_MAX and the terminator */
    size_t length;
    int64_t next_ms; /* the next request not before */
    char error[CURL_ERROR_SIZE];
};

struct web *web_new(const struct settings *settings)
{
    struct web *web = calloc(1, sizeof *web);
    if (web == NULL)
        return NULL;
    web->settings = settings;
    web->text = malloc(WEB_ANSWER_MAX + 1);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        web->curl = curl_easy_init();
    if (web->text == NULL || web->curl == NULL) {
        web_free(web);
        return NULL;
    }
    return web;
}

void web_free(struct web *web)
{
    if (web == NULL)
        return;
    curl_easy_cleanup(web->curl);
    curl_global_cleanup();
    free(web->text);
    free(web);
}

static void sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

void web_wait(const struct web *web, long seconds)
{
    sleep_ms(seconds * web->settings->second_ms);
}

/* An answer that finds no room is no answer: curl then reports an error. */
static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
    struct web *web = context;
    size_t length = size * count;
    if (web->length + length > WEB_ANSWER_MAX)
        return 0;
    memcpy(web->text + web->length, bytes, length);
    web->length += length;
    return length;
}

/* How many bytes the UTF-8 sequence here has; 0 when it is none. */
static size_t sequence(const unsigned char *bytes, size_t length)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } kinds[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t n = 1; n <= 4 && n <= length; n++) {
        if ((bytes[0] & kinds[n - 1].mask) != kinds[n - 1].lead)
            continue;
        uint32_t point = bytes[0] & (unsigned char)~kinds[n - 1].mask;
        for (size_t i = 1; i < n; i++) {
            if ((bytes[i] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (bytes[i] & 0x3f);
        }
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        return point < kinds[n - 1].least || point > 0x10ffff || surrogate ? 0 : n;
    }
    return 0;
}

/* What the database takes as text: "?" for what is no UTF-8, a blank for a control character. */
static void make_text(struct web *web)
{
    unsigned char *bytes = (unsigned char *)web->text;
    for (size_t i = 0; i < web->length;) {
        size_t n = sequence(bytes + i, web->length - i);
        if (n == 0)
            bytes[i] = '?';
        else if (n == 1 && (bytes[i] < 0x20 || bytes[i] == 0x7f))
            bytes[i] = ' ';
        i += n == 0 ? 1 : n;
    }
    web->text[web->length] = '\0';
}

static void keep_distance(struct web *web)
{
    int64_t now = clock_ms();
    sleep_ms(web->next_ms - now);
    web->next_ms = (web->next_ms > now ? web->next_ms : now) + GAP_MS;
}

/* What every request has; the rest is for the caller to add. */
static void prepare(struct web *web, const char *url, struct curl_slist *headers)
{
    long second_ms = web->settings->second_ms;
    curl_easy_reset(web->curl);
    web->error[0] = '\0';
    web->length = 0;
    curl_easy_setopt(web->curl, CURLOPT_URL, url);
    curl_easy_setopt(web->curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(web->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(web->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_SECONDS * second_ms);
    curl_easy_setopt(web->curl, CURLOPT_TIMEOUT_MS, ANSWER_SECONDS * second_ms);
    curl_easy_setopt(web->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(web->curl, CURLOPT_USERAGENT, "number-masking-plivo/" VERSION);
    curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(web->curl, CURLOPT_ERRORBUFFER, web->error);
    curl_easy_setopt(web->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(web->curl, CURLOPT_WRITEDATA, web);
}

static struct web_answer perform(struct web *web)
{
    struct web_answer answer = {.text = web->text};
    keep_distance(web);
    CURLcode result = curl_easy_perform(web->curl);
    if (result == CURLE_OK) {
        curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &answer.status);
    } else {
        const char *why = web->error[0] == '\0' ? curl_easy_strerror(result) : web->error;
        web->length = strlen(why);
        memcpy(web->text, why, web->length);
    }
    make_text(web);
    return answer;
}

static struct web_answer failed(struct web *web, const char *why)
{
    web->length = strlen(why);
    memcpy(web->text, why, web->length + 1);
    return (struct web_answer){.text = web->text};
}

struct web_answer web_ask_plivo(struct web *web, const char *method, const char *path,
                                const char *body, bool once)
{
    const struct settings *settings = web->settings;
    char url[URL_MAX_BYTES];
    int length =
        snprintf(url, sizeof url, "%s/v1/Account/%s/%s", settings->api, settings->auth_id, path);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (headers == NULL || length < 0 || (size_t)length >= sizeof url) {
        curl_slist_free_all(headers);
        return failed(web, "the request could not be made");
    }
    prepare(web, url, headers);
    curl_easy_setopt(web->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(web->curl, CURLOPT_USERNAME, settings->auth_id);
    curl_easy_setopt(web->curl, CURLOPT_PASSWORD, settings->auth_token);
    curl_easy_setopt(web->curl, CURLOPT_FRESH_CONNECT, once ? 1L : 0L);
    if (strcmp(method, "POST") == 0)
        curl_easy_setopt(web->curl, CURLOPT_POSTFIELDS, body);
    struct web_answer answer = perform(web);
    curl_slist_free_all(headers);
    return answer;
}

/* Twenty decimal digits, as Plivo's are. */
static void make_nonce(char nonce[21])
{
    unsigned char random[20];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        memset(random, (int)(clock_us() & 0xff), sizeof random);
    for (size_t i = 0; i < 20; i++)
        nonce[i] = (char)('0' + random[i] % 10);
    nonce[20] = '\0';
}

struct web_answer web_ask_door(struct web *web, const char *path, bool forged)
{
    char url[URL_MAX_BYTES], nonce[21], signature[SIGNATURE_TEXT], line[128];
    int length = snprintf(url, sizeof url, "%s%s", web->settings->public_url, path);
    make_nonce(nonce);
    if (length < 0 || (size_t)length >= sizeof url ||
        !signature_make_v3(forged ? nonce : web->settings->auth_token, url, nonce, signature))
        return failed(web, "the request could not be signed");
    snprintf(line, sizeof line, "X-Plivo-Signature-V3: %s", signature);
    struct curl_slist *headers = curl_slist_append(NULL, line), *more;
    snprintf(line, sizeof line, "X-Plivo-Signature-V3-Nonce: %s", nonce);
    more = headers == NULL ? NULL : curl_slist_append(headers, line);
    if (more == NULL) {
        curl_slist_free_all(headers);
        return failed(web, "out of memory");
    }
    prepare(web, url, headers);
    struct web_answer answer = perform(web);
    curl_slist_free_all(headers);
    return answer;
}
