/*
 * fuzz_signature.c - signature_check on any request: without the token nothing passes, and
 * what the tests' own signer signs does.
 *
 * The input is a line each for method, path, query, nonce and the header's value; what is
 * left is the form body. The token is none that a fuzzer could sign with.
 */
#include "signature.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signer.h"

static const char token[] = "dG9rZW4tb2YtdGhlLWZ1enplcg";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* Cuts the next line off; a NUL ends it early, as it would a header. */
static char *next_line(char **rest)
{
    char *line = strsep(rest, "\n");
    if (*rest == NULL)
        *rest = line + strlen(line);
    return line;
}

static bool has_good_nonce(const char *nonce)
{
    size_t length = strlen(nonce);
    for (size_t i = 0; i < length; i++)
        if (strchr("-_", nonce[i]) == NULL && !(nonce[i] >= '0' && nonce[i] <= '9') &&
            !(nonce[i] >= 'a' && nonce[i] <= 'z') && !(nonce[i] >= 'A' && nonce[i] <= 'Z'))
            return false;
    return length >= 1 && length <= 64;
}

static enum signature_status check(const char *key, const struct signed_request *request)
{
    struct signature_keys *keys = signature_keys_new(&key, 1, NULL, 0);
    must(keys != NULL);
    struct signature_verdict verdict = signature_check(keys, request, SIGNATURE_V3_OR_V2);
    signature_keys_free(keys);
    return verdict.status;
}

static void check_v3(struct signed_request request)
{
    static struct form query;
    char *storage = malloc(strlen(request.query) + 1), signature[SIGNER_TEXT];
    query.count = 0;
    must(storage != NULL);
    bool fits = form_decode(&query, request.query, strlen(request.query), storage) == FORM_OK;
    bool get = strcmp(request.method, "GET") == 0, post = strcmp(request.method, "POST") == 0;
    free(storage);
    must(check(token, &request) == SIGNATURE_WRONG);
    if (!fits)
        return;
    signer_v3(&request, token, signature);
    request.v3 = signature;
    bool good = has_good_nonce(request.v3_nonce) && (post || (get && request.body->count == 0));
    must(check(token, &request) == (good ? SIGNATURE_VALID : SIGNATURE_WRONG));
    must(check("another token", &request) == SIGNATURE_WRONG);
}

static void check_v2(struct signed_request request)
{
    char signature[SIGNER_TEXT];
    request.v2 = request.v3;
    request.v2_nonce = request.v3_nonce;
    request.v3 = NULL;
    must(check(token, &request) == SIGNATURE_WRONG);
    signer_v2(&request, token, signature);
    request.v2 = signature;
    must(check(token, &request) ==
         (has_good_nonce(request.v2_nonce) ? SIGNATURE_VALID : SIGNATURE_WRONG));
    must(check("another token", &request) == SIGNATURE_WRONG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct form body;
    char *copy = malloc(size + 1), *rest = copy;
    must(copy != NULL);
    memcpy(copy, data, size);
    copy[size] = '\0';
    static const char *const base = "https://mask.example.com";
    struct signed_request request = {.bases = &base, .base_count = 1, .body = &body};
    request.method = next_line(&rest);
    request.path = next_line(&rest);
    request.query = next_line(&rest);
    request.v3_nonce = next_line(&rest);
    request.v3 = next_line(&rest);

    size_t left = size - (size_t)(rest - copy);
    char *storage = malloc(left + 1);
    body.count = 0;
    must(storage != NULL);
    if (form_decode(&body, rest, left, storage) == FORM_OK) {
        check_v3(request);
        check_v2(request);
    }
    free(storage);
    free(copy);
    return 0;
}
