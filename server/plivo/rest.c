#include "rest.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "signature.h"
#include "utf8.h"
#include "version.h"

enum {
    GAP_MS = 20,
    CONNECT_SECONDS = 10,
    ANSWER_SECONDS = 30,
    CALL_CONNECT_SECONDS = 5,
    URL_MAX_BYTES = 2048
};

struct rest {
    struct rest_options options;
    CURL *curl;
    char *text; /* the last answer: room for REST_ANSWER_MAX and the terminator */
    size_t length;
    int64_t next_ms; /* the next request not before */
    bool once;       /* the one at hand must not be sent twice, nor after begin_by */
    int64_t begin_by;
    bool sent;
    char error[CURL_ERROR_SIZE];
};

struct rest *rest_new(const struct rest_options *options)
{
    struct rest *rest = calloc(1, sizeof *rest);
    if (rest == NULL)
        return NULL;
    rest->options = *options;
    rest->text = malloc(REST_ANSWER_MAX + 1);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        rest->curl = curl_easy_init();
    if (rest->text == NULL || rest->curl == NULL) {
        rest_free(rest);
        return NULL;
    }
    return rest;
}

void rest_free(struct rest *rest)
{
    if (rest == NULL)
        return;
    curl_easy_cleanup(rest->curl);
    curl_global_cleanup();
    free(rest->text);
    free(rest);
}

static void sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

void rest_wait(const struct rest *rest, long seconds)
{
    sleep_ms(seconds * rest->options.second_ms);
}

/* An answer that finds no room is no answer: curl then reports an error. */
static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
    struct rest *rest = context;
    size_t length = size * count;
    if (rest->length + length > REST_ANSWER_MAX)
        return 0;
    memcpy(rest->text + rest->length, bytes, length);
    rest->length += length;
    return length;
}

/* What the database takes as text: "?" for what is no UTF-8, a blank for a control character. */
static void make_text(struct rest *rest)
{
    for (size_t i = 0; i < rest->length;) {
        size_t n = utf8_character(rest->text + i, rest->length - i);
        unsigned char byte = (unsigned char)rest->text[i];
        if (n == 0)
            rest->text[i] = '?';
        else if (n == 1 && (byte < 0x20 || byte == 0x7f))
            rest->text[i] = ' ';
        i += n == 0 ? 1 : n;
    }
    rest->text[rest->length] = '\0';
}

static void keep_distance(struct rest *rest)
{
    int64_t now = clock_ms();
    sleep_ms(rest->next_ms - now);
    rest->next_ms = (rest->next_ms > now ? rest->next_ms : now) + GAP_MS;
}

/* The connection stands, with its TLS, and the request would be sent now. */
static int before_sending(void *context, char *to, char *from, int to_port, int from_port)
{
    struct rest *rest = context;
    (void)to, (void)from, (void)to_port, (void)from_port;
    if (rest->once && (rest->sent || clock_boot_ms() > rest->begin_by))
        return CURL_PREREQFUNC_ABORT;
    rest->sent = true;
    return CURL_PREREQFUNC_OK;
}

/* What every request has; the rest is for the caller to add. */
static void prepare(struct rest *rest, const char *url, struct curl_slist *headers)
{
    long second_ms = rest->options.second_ms;
    curl_easy_reset(rest->curl);
    rest->error[0] = '\0';
    rest->length = 0;
    rest->once = rest->sent = false;
    rest->begin_by = INT64_MAX;
    curl_easy_setopt(rest->curl, CURLOPT_URL, url);
    curl_easy_setopt(rest->curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(rest->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(rest->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_SECONDS * second_ms);
    curl_easy_setopt(rest->curl, CURLOPT_TIMEOUT_MS, ANSWER_SECONDS * second_ms);
    curl_easy_setopt(rest->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(rest->curl, CURLOPT_USERAGENT, "number-masking-plivo/" VERSION);
    curl_easy_setopt(rest->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(rest->curl, CURLOPT_ERRORBUFFER, rest->error);
    curl_easy_setopt(rest->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(rest->curl, CURLOPT_WRITEDATA, rest);
    curl_easy_setopt(rest->curl, CURLOPT_PREREQFUNCTION, before_sending);
    curl_easy_setopt(rest->curl, CURLOPT_PREREQDATA, rest);
}

static struct rest_answer perform(struct rest *rest)
{
    struct rest_answer answer = {.text = rest->text};
    keep_distance(rest);
    CURLcode result = curl_easy_perform(rest->curl);
    if (result == CURLE_OK) {
        curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, &answer.status);
    } else {
        const char *why = rest->error[0] == '\0' ? curl_easy_strerror(result) : rest->error;
        rest->length = strlen(why);
        memcpy(rest->text, why, rest->length);
    }
    make_text(rest);
    answer.sent = rest->sent;
    return answer;
}

static struct rest_answer failed(struct rest *rest, const char *why)
{
    rest->length = strlen(why);
    memcpy(rest->text, why, rest->length + 1);
    return (struct rest_answer){.text = rest->text};
}

/* false: out of memory, or the path is too long. */
static bool prepare_plivo(struct rest *rest, const char *path, struct curl_slist **headers)
{
    const struct rest_options *options = &rest->options;
    char url[URL_MAX_BYTES];
    int length =
        snprintf(url, sizeof url, "%s/v1/Account/%s/%s", options->api, options->auth_id, path);
    *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (*headers == NULL || length < 0 || (size_t)length >= sizeof url) {
        curl_slist_free_all(*headers);
        return false;
    }
    prepare(rest, url, *headers);
    curl_easy_setopt(rest->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(rest->curl, CURLOPT_USERNAME, options->auth_id);
    curl_easy_setopt(rest->curl, CURLOPT_PASSWORD, options->auth_token);
    return true;
}

/* Not on a connection that was kept: where that turns out to be closed, libcurl sends again. */
static void send_once(struct rest *rest)
{
    rest->once = true;
    curl_easy_setopt(rest->curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(rest->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static const char cannot_be_made[] = "the request could not be made";

struct rest_answer rest_ask_plivo(struct rest *rest, const char *method, const char *path,
                                  const char *body, bool once)
{
    struct curl_slist *headers;
    if (!prepare_plivo(rest, path, &headers))
        return failed(rest, cannot_be_made);
    if (once)
        send_once(rest);
    if (strcmp(method, "POST") == 0)
        curl_easy_setopt(rest->curl, CURLOPT_POSTFIELDS, body);
    struct rest_answer answer = perform(rest);
    curl_slist_free_all(headers);
    return answer;
}

struct rest_answer rest_place_call(struct rest *rest, const char *body, int64_t begin_by,
                                   int64_t end_by)
{
    struct curl_slist *headers;
    int64_t left_ms = end_by - clock_boot_ms();
    if (left_ms <= 0)
        return failed(rest, "it is too late");
    if (!prepare_plivo(rest, "Call/", &headers))
        return failed(rest, cannot_be_made);
    send_once(rest);
    rest->begin_by = begin_by;
    curl_easy_setopt(rest->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(rest->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     CALL_CONNECT_SECONDS * rest->options.second_ms);
    curl_easy_setopt(rest->curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
    struct rest_answer answer = perform(rest);
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

struct rest_answer rest_ask_door(struct rest *rest, const char *path, bool forged)
{
    char url[URL_MAX_BYTES], nonce[21], signature[SIGNATURE_TEXT], line[128];
    int length = snprintf(url, sizeof url, "%s%s", rest->options.public_url, path);
    make_nonce(nonce);
    if (length < 0 || (size_t)length >= sizeof url ||
        !signature_make_v3(forged ? nonce : rest->options.auth_token, url, nonce, signature))
        return failed(rest, "the request could not be signed");
    snprintf(line, sizeof line, "X-Plivo-Signature-V3: %s", signature);
    struct curl_slist *headers = curl_slist_append(NULL, line), *more;
    snprintf(line, sizeof line, "X-Plivo-Signature-V3-Nonce: %s", nonce);
    more = headers == NULL ? NULL : curl_slist_append(headers, line);
    if (more == NULL) {
        curl_slist_free_all(headers);
        return failed(rest, "out of memory");
    }
    prepare(rest, url, headers);
    struct rest_answer answer = perform(rest);
    curl_slist_free_all(headers);
    return answer;
}
