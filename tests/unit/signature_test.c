/*
 * signature_test.c - signature.h: the table tests/cases/signature.tsv, random
 * requests against the tests' own signer, replacing keys, and threads.
 */
#include "signature.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "signer.h"
#include "table.h"

/* --- the table -------------------------------------------------------- */

enum { TOKENS_MAX = 4 };

/* The settings of a row, those it is "like" included. */
struct row_request {
    struct signed_request request;
    const char *raw_body;
    size_t raw_body_length;
    enum signature_versions versions;
    const char *tokens[TOKENS_MAX], *main_tokens[TOKENS_MAX], *bases[TOKENS_MAX];
    size_t count, main_count;
};

static struct table cases;

static const char **member_named(struct row_request *row, const char *name)
{
    struct signed_request *request = &row->request;
    const struct {
        const char *name;
        const char **member;
    } members[] = {
        {"method", &request->method},     {"path", &request->path}, {"query", &request->query},
        {"body", &row->raw_body},         {"v3", &request->v3},     {"ma_v3", &request->ma_v3},
        {"v3_nonce", &request->v3_nonce}, {"v2", &request->v2},     {"ma_v2", &request->ma_v2},
        {"v2_nonce", &request->v2_nonce},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i].name, name) == 0)
            return members[i].member;
    fail_msg("no setting is named \"%s\"", name);
    return NULL;
}

static void read_row(const struct table_row *row, struct row_request *out);

static void read_row_named(const char *name, struct row_request *out)
{
    for (size_t i = 0; i < cases.count; i++)
        if (strcmp(cases.rows[i].cells[0].bytes, name) == 0) {
            read_row(&cases.rows[i], out);
            return;
        }
    fail_msg("no case is named \"%s\"", name);
}

static void add_token(const char *token, const char *tokens[], size_t *count)
{
    assert_true(*count < TOKENS_MAX);
    tokens[(*count)++] = token;
}

/* Cells are "name=value"; the name is compared with its length, the value stays. */
static void read_row(const struct table_row *row, struct row_request *out)
{
    size_t tokens = 0, main_tokens = 0, bases = 0;
    for (size_t i = 2; i < row->count; i++) {
        const char *cell = row->cells[i].bytes, *value = strchr(cell, '=');
        assert_non_null(value);
        char name[16];
        snprintf(name, sizeof name, "%.*s", (int)(value++ - cell), cell);
        if (strcmp(name, "like") == 0)
            read_row_named(value, out);
        else if (strcmp(name, "no") == 0 && strcmp(value, "token") == 0)
            out->count = 0;
        else if (strcmp(name, "no") == 0)
            *member_named(out, value) = NULL;
        else if (strcmp(name, "versions") == 0)
            out->versions = strcmp(value, "v3") == 0 ? SIGNATURE_V3_ONLY : SIGNATURE_V3_OR_V2;
        else if (strcmp(name, "token") == 0)
            add_token(value, out->tokens, &tokens);
        else if (strcmp(name, "main_token") == 0)
            add_token(value, out->main_tokens, &main_tokens);
        else if (strcmp(name, "base") == 0)
            add_token(value, out->bases, &bases);
        else
            *member_named(out, name) = value;
        if (strcmp(name, "body") == 0)
            out->raw_body_length = row->cells[i].length - strlen("body=");
    }
    out->count = tokens > 0 ? tokens : out->count;
    out->main_count = main_tokens > 0 ? main_tokens : out->main_count;
    out->request.bases = out->bases;
    out->request.base_count = bases > 0 ? bases : out->request.base_count;
}

static enum signature_status status_named(const char *name)
{
    if (strcmp(name, "valid") == 0)
        return SIGNATURE_VALID;
    if (strcmp(name, "missing") == 0)
        return SIGNATURE_MISSING;
    assert_string_equal(name, "wrong");
    return SIGNATURE_WRONG;
}

static void verdict_is_as_the_table_says(void **state)
{
    const struct table_row *cells = *state;
    struct row_request row = {.versions = SIGNATURE_V3_ONLY};
    struct form body = {.count = 0};
    char *storage = NULL;

    read_row(cells, &row);
    if (row.raw_body != NULL) {
        storage = exact_copy(row.raw_body, row.raw_body_length);
        assert_int_equal(form_decode(&body, row.raw_body, row.raw_body_length, storage), FORM_OK);
        row.request.body = &body;
    }
    struct signature_keys *keys =
        signature_keys_new(row.tokens, row.count, row.main_tokens, row.main_count);
    assert_non_null(keys);
    struct signature_verdict verdict = signature_check(keys, &row.request, row.versions);
    signature_keys_free(keys);
    free(storage);
    assert_int_equal(verdict.status, status_named(cells->cells[1].bytes));
}

/* --- random requests -------------------------------------------------- */

static const char token[] = "Zm9yLXVuaXQtdGVzdHMtb25seQ";

static struct signature_keys *keys_of(const char *a_token)
{
    struct signature_keys *keys = signature_keys_new(&a_token, 1, NULL, 0);
    assert_non_null(keys);
    return keys;
}

static enum signature_status status_of(const struct signature_keys *keys,
                                       const struct signed_request *request,
                                       enum signature_versions versions)
{
    return signature_check(keys, request, versions).status;
}

struct random_request {
    char path[24], query[64], body[64], nonce[24], signature[SIGNER_TEXT];
    char storage[64];
    struct form form;
    struct signed_request request;
};

static void random_text(char *out, size_t most, const char *letters)
{
    size_t length = random_below((uint32_t)most);
    for (size_t i = 0; i < length; i++)
        out[i] = letters[random_below((uint32_t)strlen(letters))];
    out[length] = '\0';
}

static void read_body(struct random_request *it)
{
    it->form.count = 0;
    assert_int_equal(form_decode(&it->form, it->body, strlen(it->body), it->storage), FORM_OK);
}

static void random_request(struct random_request *it)
{
    bool post = random_below(3) > 0;
    random_text(it->path + 1, sizeof it->path - 1, "/abAB.%-");
    it->path[0] = '/';
    random_text(it->query, random_below(2) ? sizeof it->query : 1, "&&==aaAb%2B+.\xc3\xa9");
    random_text(it->body, post ? sizeof it->body : 1, "&&==aaAb%2B+.\xc3\xa9");
    random_text(it->nonce + 1, sizeof it->nonce - 1, "0123456789");
    it->nonce[0] = '7';
    read_body(it);
    static const char *const base = "https://mask.example.com";
    it->request = (struct signed_request){
        .bases = &base,
        .base_count = 1,
        .method = post ? "POST" : "GET",
        .path = it->path,
        .query = it->query,
        .body = &it->form,
        .v3 = it->signature,
        .v3_nonce = it->nonce,
    };
}

/* Changes one byte; false where there is none. */
static bool change_byte(char *text)
{
    size_t length = strlen(text);
    if (length == 0)
        return false;
    size_t place = random_below((uint32_t)length);
    text[place] = text[place] == '0' ? '1' : '0';
    return true;
}

static void random_requests_are_valid_until_one_byte_changes(void **state)
{
    (void)state;
    struct signature_keys *keys = keys_of(token);
    static struct random_request it;
    int refused = 0;
    for (int round = 0; round < 20000; round++) {
        random_request(&it);
        signer_v3(&it.request, token, it.signature);
        assert_int_equal(status_of(keys, &it.request, SIGNATURE_V3_ONLY), SIGNATURE_VALID);

        char *parts[] = {it.path, it.query, it.body, it.nonce, it.signature};
        if (!change_byte(parts[random_below(5)]))
            continue;
        read_body(&it);
        /* "a=1" and "a1=" read differently but are signed alike: ask the signer. */
        char changed[SIGNER_TEXT];
        signer_v3(&it.request, token, changed);
        bool same = strcmp(changed, it.signature) == 0;
        assert_int_equal(status_of(keys, &it.request, SIGNATURE_V3_ONLY),
                         same ? SIGNATURE_VALID : SIGNATURE_WRONG);
        refused += !same;
    }
    assert_true(refused > 10000);
    signature_keys_free(keys);
}

static void random_v2_requests_are_valid_until_one_byte_changes(void **state)
{
    (void)state;
    struct signature_keys *keys = keys_of(token);
    static struct random_request it;
    for (int round = 0; round < 5000; round++) {
        random_request(&it);
        it.request.v3 = NULL;
        it.request.v2 = it.signature;
        it.request.v2_nonce = it.nonce;
        signer_v2(&it.request, token, it.signature);
        assert_int_equal(status_of(keys, &it.request, SIGNATURE_V3_OR_V2), SIGNATURE_VALID);
        char *parts[] = {it.path, it.nonce, it.signature};
        change_byte(parts[random_below(3)]);
        assert_int_equal(status_of(keys, &it.request, SIGNATURE_V3_OR_V2), SIGNATURE_WRONG);
    }
    signature_keys_free(keys);
}

static void a_verdict_carries_the_nonce_that_was_checked(void **state)
{
    (void)state;
    struct signature_keys *keys = keys_of(token);
    static struct random_request it;
    char v2[SIGNER_TEXT];
    random_request(&it);
    it.request.v2_nonce = "22";
    signer_v2(&it.request, token, v2);
    it.request.v2 = v2;
    signer_v3(&it.request, token, it.signature);
    /* Both are there and right: V3 wins, for it covers more. */
    struct signature_verdict verdict = signature_check(keys, &it.request, SIGNATURE_V3_OR_V2);
    assert_int_equal(verdict.status, SIGNATURE_VALID);
    assert_int_equal(verdict.version, 3);
    assert_ptr_equal(verdict.nonce, it.nonce);
    it.signature[0] = it.signature[0] == 'x' ? 'y' : 'x';
    verdict = signature_check(keys, &it.request, SIGNATURE_V3_OR_V2);
    assert_int_equal(verdict.status, SIGNATURE_WRONG);
    assert_int_equal(verdict.version, 3);
    it.request.v3 = NULL;
    verdict = signature_check(keys, &it.request, SIGNATURE_V3_OR_V2);
    assert_int_equal(verdict.status, SIGNATURE_VALID);
    assert_int_equal(verdict.version, 2);
    assert_ptr_equal(verdict.nonce, it.request.v2_nonce);
    verdict = signature_check(keys, &it.request, SIGNATURE_V3_ONLY);
    assert_int_equal(verdict.status, SIGNATURE_MISSING);
    assert_int_equal(verdict.version, 2);
    assert_null(verdict.nonce);
    it.request.v2 = NULL;
    assert_int_equal(signature_check(keys, &it.request, SIGNATURE_V3_OR_V2).version, 0);
    signature_keys_free(keys);
}

/* --- keys and threads ------------------------------------------------- */

static void a_thread_follows_when_keys_are_replaced(void **state)
{
    (void)state;
    static struct random_request it;
    random_request(&it);
    signer_v3(&it.request, "token-0", it.signature);
    /* Freed memory is given out again, so most of these keys share an address:
     * the thread must not take the next for the one before. */
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "token-%d", i % 2);
        struct signature_keys *keys = keys_of(name);
        assert_int_equal(status_of(keys, &it.request, SIGNATURE_V3_ONLY),
                         i % 2 == 0 ? SIGNATURE_VALID : SIGNATURE_WRONG);
        signature_keys_free(keys);
    }
}

static void two_sets_of_keys_can_be_used_in_turn(void **state)
{
    (void)state;
    static struct random_request it;
    random_request(&it);
    signer_v3(&it.request, "new", it.signature);
    const char *both[] = {"old", "new"};
    struct signature_keys *old = keys_of("old"), *rotating = signature_keys_new(both, 2, both, 1);
    assert_non_null(rotating);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(status_of(old, &it.request, SIGNATURE_V3_ONLY), SIGNATURE_WRONG);
        assert_int_equal(status_of(rotating, &it.request, SIGNATURE_V3_ONLY), SIGNATURE_VALID);
    }
    signature_keys_free(old);
    signature_keys_free(rotating);
}

static void keys_need_no_token_and_may_be_absent(void **state)
{
    (void)state;
    static struct random_request it;
    random_request(&it);
    signer_v3(&it.request, "", it.signature);
    const char *empty[] = {"", ""};
    struct signature_keys *none = signature_keys_new(NULL, 0, NULL, 0);
    struct signature_keys *blank = signature_keys_new(empty, 2, empty, 2);
    assert_non_null(none);
    assert_non_null(blank);
    it.request.ma_v3 = it.signature;
    assert_int_equal(status_of(none, &it.request, SIGNATURE_V3_OR_V2), SIGNATURE_WRONG);
    assert_int_equal(status_of(blank, &it.request, SIGNATURE_V3_OR_V2), SIGNATURE_WRONG);
    signature_keys_free(none);
    signature_keys_free(blank);
    signature_keys_free(NULL);
}

struct checker {
    pthread_t thread;
    const struct signature_keys *keys;
    const struct signed_request *request;
    int valid;
};

static void *check_often(void *argument)
{
    struct checker *checker = argument;
    for (int i = 0; i < 1000; i++)
        checker->valid +=
            status_of(checker->keys, checker->request, SIGNATURE_V3_ONLY) == SIGNATURE_VALID;
    return NULL;
}

/* Under ThreadSanitizer: no data race. Under AddressSanitizer: nothing is lost
 * when the threads end, which is when their contexts go. */
static void threads_share_keys(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    static struct random_request it;
    struct checker checkers[THREADS];
    struct signature_keys *keys = keys_of(token);
    random_request(&it);
    signer_v3(&it.request, token, it.signature);
    for (int i = 0; i < THREADS; i++) {
        checkers[i] = (struct checker){.keys = keys, .request = &it.request};
        assert_int_equal(pthread_create(&checkers[i].thread, NULL, check_often, &checkers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(checkers[i].thread, NULL), 0);
        assert_int_equal(checkers[i].valid, 1000);
    }
    signature_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_requests_are_valid_until_one_byte_changes),
        cmocka_unit_test(random_v2_requests_are_valid_until_one_byte_changes),
        cmocka_unit_test(a_verdict_carries_the_nonce_that_was_checked),
        cmocka_unit_test(a_thread_follows_when_keys_are_replaced),
        cmocka_unit_test(two_sets_of_keys_can_be_used_in_turn),
        cmocka_unit_test(keys_need_no_token_and_may_be_absent),
        cmocka_unit_test(threads_share_keys),
    };
    cases = table_read("signature.tsv");
    int failed = table_run("signature.tsv", &cases, 0, verdict_is_as_the_table_says);
    table_free(&cases);
    failed += cmocka_run_group_tests_name("signature", tests, NULL, NULL);
    return failed > 0;
}
