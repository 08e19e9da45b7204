/*
 * signature.c - is this request really from Plivo? See signature.h.
 *
 * The signed text is built once and run through one HMAC-SHA256 for each token.
 * Every thread keeps a keyed MAC context for each token: to restart one costs a
 * third of making it (and nothing shared is touched).
 */
#include "signature.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

enum {
    MAC_BYTES = 32,
    MAC_TEXT = 44, /* in base64 */
    NONCE_MAX = 64,
};

struct signature_keys {
    uint64_t generation; /* differs between any two keys ever made */
    EVP_MAC *hmac;
    size_t count;
    size_t main_count;
    char *tokens[]; /* count of the account's, then main_count of the main account's */
};

/* --- the contexts of a thread ---------------------------------------- */

struct thread_macs {
    uint64_t generation; /* of the keys they were made from */
    size_t count;
    EVP_MAC_CTX *contexts[];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_slot;
static bool has_thread_slot;

static void thread_macs_free(void *memory)
{
    struct thread_macs *macs = memory;
    if (macs == NULL)
        return;
    for (size_t i = 0; i < macs->count; i++)
        EVP_MAC_CTX_free(macs->contexts[i]);
    free(macs);
}

static void make_thread_slot(void)
{
    has_thread_slot = pthread_key_create(&thread_slot, thread_macs_free) == 0;
}

static EVP_MAC_CTX *keyed_context(EVP_MAC *hmac, const char *token)
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    if (context == NULL)
        return NULL;
    if (!EVP_MAC_init(context, (const unsigned char *)token, strlen(token), parameters)) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static struct thread_macs *thread_macs_new(const struct signature_keys *keys)
{
    size_t count = keys->count + keys->main_count;
    struct thread_macs *macs = calloc(1, sizeof *macs + count * sizeof macs->contexts[0]);
    if (macs == NULL)
        return NULL;
    macs->generation = keys->generation;
    for (; macs->count < count; macs->count++) {
        macs->contexts[macs->count] = keyed_context(keys->hmac, keys->tokens[macs->count]);
        if (macs->contexts[macs->count] == NULL) {
            thread_macs_free(macs);
            return NULL;
        }
    }
    return macs;
}

/* This thread's contexts for these keys. The generation decides, not the address
 * of the keys: new keys may lie where freed ones did. */
static struct thread_macs *thread_macs(const struct signature_keys *keys)
{
    struct thread_macs *macs = pthread_getspecific(thread_slot);
    if (macs != NULL && macs->generation == keys->generation)
        return macs;

    pthread_setspecific(thread_slot, NULL);
    thread_macs_free(macs);
    macs = thread_macs_new(keys);
    if (macs != NULL && pthread_setspecific(thread_slot, macs) != 0) {
        thread_macs_free(macs);
        return NULL;
    }
    return macs;
}

/* --- keys ------------------------------------------------------------ */

/* Copies the tokens behind those already there and counts them in *count. */
static bool add_tokens(struct signature_keys *keys, const char *const tokens[], size_t given,
                       size_t *count)
{
    for (size_t i = 0; i < given; i++) {
        if (tokens[i][0] == '\0') /* with which anybody could sign */
            continue;
        char *copy = strdup(tokens[i]);
        if (copy == NULL)
            return false;
        keys->tokens[keys->count + keys->main_count] = copy;
        (*count)++;
    }
    return true;
}

struct signature_keys *signature_keys_new(const char *const tokens[], size_t count,
                                          const char *const main_tokens[], size_t main_count)
{
    static atomic_uint_fast64_t generations;
    struct signature_keys *keys;

    pthread_once(&once, make_thread_slot);
    if (!has_thread_slot)
        return NULL;
    keys = calloc(1, sizeof *keys + (count + main_count) * sizeof keys->tokens[0]);
    if (keys == NULL)
        return NULL;
    keys->generation = atomic_fetch_add(&generations, 1) + 1;
    keys->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (keys->hmac == NULL || !add_tokens(keys, tokens, count, &keys->count) ||
        !add_tokens(keys, main_tokens, main_count, &keys->main_count)) {
        signature_keys_free(keys);
        return NULL;
    }
    return keys;
}

void signature_keys_free(struct signature_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count + keys->main_count; i++) {
        OPENSSL_cleanse(keys->tokens[i], strlen(keys->tokens[i]));
        free(keys->tokens[i]);
    }
    EVP_MAC_free(keys->hmac);
    free(keys);
}

/* --- the signed text ------------------------------------------------- */

struct text {
    char *bytes;
    size_t length;
};

static void put(struct text *text, const char *bytes, size_t length)
{
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_string(struct text *text, const char *string)
{
    put(text, string, strlen(string));
}

static int compare_texts(struct form_text a, struct form_text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.bytes, b.bytes, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_fields(const void *left, const void *right)
{
    const struct form_field *a = *(const struct form_field *const *)left;
    const struct form_field *b = *(const struct form_field *const *)right;
    int order = compare_texts(a->name, b->name);
    return order != 0 ? order : compare_texts(a->value, b->value);
}

/* The fields sorted by the bytes of name and value, as name EQUALS value, AND
 * between them. Decoded bytes: a field with a problem is signed as it stands. */
static void put_fields(struct text *text, const struct form *form, const char *equals,
                       const char *and)
{
    const struct form_field *sorted[FORM_FIELDS_MAX] = {NULL};
    for (size_t i = 0; i < form->count; i++)
        sorted[i] = &form->fields[i];
    qsort((void *)sorted, form->count, sizeof sorted[0], compare_fields);
    for (size_t i = 0; i < form->count; i++) {
        if (i > 0)
            put_string(text, and);
        put(text, sorted[i]->name.bytes, sorted[i]->name.length);
        put_string(text, equals);
        put(text, sorted[i]->value.bytes, sorted[i]->value.length);
    }
}

/* Enough for the fields and what stands around each. */
static size_t fields_size(const struct form *form)
{
    size_t size = 0;
    for (size_t i = 0; i < form->count; i++)
        size += form->fields[i].name.length + form->fields[i].value.length + 2;
    return size;
}

/*
 * base path [ "?" [query] ["."] [body] ] "." nonce
 *
 * The "?" stands there as soon as there is a parameter of either kind, the first
 * "." only between both kinds. Plivo's prose says otherwise, its SDKs' vectors
 * (tests/cases/signature.tsv) do not.
 */
static void put_v3(struct text *text, const char *base, const struct signed_request *request,
                   const struct form *query, const struct form *body)
{
    text->length = 0;
    put_string(text, base);
    put_string(text, request->path);
    if (query->count + body->count > 0)
        put_string(text, "?");
    put_fields(text, query, "=", "&");
    if (query->count > 0 && body->count > 0)
        put_string(text, ".");
    put_fields(text, body, "", "");
    put_string(text, ".");
    put_string(text, request->v3_nonce);
}

static void put_v2(struct text *text, const char *base, const struct signed_request *request)
{
    text->length = 0;
    put_string(text, base);
    put_string(text, request->path);
    put_string(text, request->v2_nonce);
}

/* --- the check ------------------------------------------------------- */

/*
 * Letters, digits, "-" and "_" only (Plivo's are decimal). Nothing in the signed
 * text marks where the nonce begins: were a "." allowed, a captured request
 * could be sent again with the tail of its last value as part of a fresh nonce.
 */
static bool is_nonce(const char *nonce)
{
    size_t length = strspn(nonce, "0123456789"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    return length > 0 && length <= NONCE_MAX && nonce[length] == '\0';
}

/* Is expected one of the values of a comma list? Every value is compared, in
 * full, so that the time taken tells nothing but the lengths. As text, so there
 * is one spelling only: base64 could write the same bytes in four ways. */
static bool is_listed(const char *list, const char expected[MAC_TEXT])
{
    bool found = false;
    while (*list != '\0') {
        list += strspn(list, ", \t");
        size_t length = strcspn(list, ", \t");
        if (length == MAC_TEXT && CRYPTO_memcmp(list, expected, MAC_TEXT) == 0)
            found = true;
        list += length;
    }
    return found;
}

static bool sign(EVP_MAC_CTX *context, const struct text *text, char out[MAC_TEXT + 1])
{
    unsigned char mac[MAC_BYTES];
    size_t length;
    if (!EVP_MAC_init(context, NULL, 0, NULL) ||
        !EVP_MAC_update(context, (const unsigned char *)text->bytes, text->length) ||
        !EVP_MAC_final(context, mac, &length, sizeof mac))
        return false;
    EVP_EncodeBlock((unsigned char *)out, mac, MAC_BYTES);
    return true;
}

/* list: values made with the tokens; main_list: with the main account's. */
static enum signature_status check_text(const struct signature_keys *keys, const struct text *text,
                                        const char *list, const char *main_list)
{
    const struct thread_macs *macs = thread_macs(keys);
    if (macs == NULL)
        return SIGNATURE_FAILED;

    enum signature_status status = SIGNATURE_WRONG;
    for (size_t i = 0; i < macs->count; i++) {
        const char *candidates = i < keys->count ? list : main_list;
        char expected[MAC_TEXT + 1];
        if (candidates == NULL)
            continue;
        if (!sign(macs->contexts[i], text, expected))
            return SIGNATURE_FAILED;
        if (is_listed(candidates, expected))
            status = SIGNATURE_VALID;
    }
    return status;
}

static size_t longest_base(const struct signed_request *request)
{
    size_t longest = 0;
    for (size_t i = 0; i < request->base_count; i++) {
        size_t length = strlen(request->bases[i]);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static enum signature_status check_v3(const struct signature_keys *keys,
                                      const struct signed_request *request)
{
    static const struct form no_fields;
    const struct form *body = request->body == NULL ? &no_fields : request->body;
    size_t raw_length = request->query == NULL ? 0 : strlen(request->query);
    struct form query = {.count = 0};

    if (!is_nonce(request->v3_nonce))
        return SIGNATURE_WRONG;
    if (strcmp(request->method, "GET") == 0) {
        if (body->count > 0) /* which the signature of a GET would not cover */
            return SIGNATURE_WRONG;
    } else if (strcmp(request->method, "POST") != 0) {
        return SIGNATURE_WRONG;
    }

    char *decoded = malloc(raw_length + 1);
    struct text text = {.bytes = NULL};
    enum signature_status status = SIGNATURE_FAILED;
    if (decoded == NULL)
        goto out;
    status = SIGNATURE_WRONG;
    if (form_decode(&query, request->query, raw_length, decoded) != FORM_OK)
        goto out;
    text.bytes = malloc(longest_base(request) + strlen(request->path) + fields_size(&query) +
                        fields_size(body) + NONCE_MAX + 3);
    if (text.bytes == NULL)
        status = SIGNATURE_FAILED;
    for (size_t i = 0; i < request->base_count && status == SIGNATURE_WRONG; i++) {
        put_v3(&text, request->bases[i], request, &query, body);
        status = check_text(keys, &text, request->v3, request->ma_v3);
    }
out:
    free(text.bytes);
    free(decoded);
    return status;
}

static enum signature_status check_v2(const struct signature_keys *keys,
                                      const struct signed_request *request)
{
    if (!is_nonce(request->v2_nonce))
        return SIGNATURE_WRONG;

    struct text text = {
        .bytes = malloc(longest_base(request) + strlen(request->path) + NONCE_MAX),
    };
    enum signature_status status = text.bytes == NULL ? SIGNATURE_FAILED : SIGNATURE_WRONG;
    for (size_t i = 0; i < request->base_count && status == SIGNATURE_WRONG; i++) {
        put_v2(&text, request->bases[i], request);
        status = check_text(keys, &text, request->v2, request->ma_v2);
    }
    free(text.bytes);
    return status;
}

struct signature_verdict signature_claim(const struct signed_request *request,
                                         enum signature_versions versions)
{
    bool has_v2 = request->v2 != NULL || request->ma_v2 != NULL;
    struct signature_verdict verdict = {SIGNATURE_MISSING, has_v2 ? 2 : 0, NULL};
    if (request->v3 != NULL || request->ma_v3 != NULL)
        verdict = (struct signature_verdict){SIGNATURE_WRONG, 3, request->v3_nonce};
    else if (versions == SIGNATURE_V3_OR_V2 && has_v2)
        verdict = (struct signature_verdict){SIGNATURE_WRONG, 2, request->v2_nonce};
    if (verdict.nonce == NULL)
        verdict.status = SIGNATURE_MISSING;
    return verdict;
}

struct signature_verdict signature_check(const struct signature_keys *keys,
                                         const struct signed_request *request,
                                         enum signature_versions versions)
{
    struct signature_verdict verdict = signature_claim(request, versions);
    if (verdict.status != SIGNATURE_MISSING)
        verdict.status = verdict.version == 3 ? check_v3(keys, request) : check_v2(keys, request);
    return verdict;
}

/* --- making one -------------------------------------------------------- */

bool signature_make_v3(const char *token, const char *url, const char *nonce,
                       char out[static SIGNATURE_TEXT])
{
    struct text text = {.bytes = malloc(strlen(url) + 1 + strlen(nonce))};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac == NULL ? NULL : keyed_context(hmac, token);
    bool made = false;
    if (text.bytes != NULL && context != NULL) {
        put_string(&text, url);
        put_string(&text, ".");
        put_string(&text, nonce);
        made = sign(context, &text, out);
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    free(text.bytes);
    return made;
}
