/* signer.c - signs a request as Plivo would. See signer.h. */
#include "signer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

static void sign_text(const char *text, size_t length, const char *token, char out[SIGNER_TEXT])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (HMAC(EVP_sha256(), token, (int)strlen(token), (const unsigned char *)text, length, mac,
             &size) == NULL)
        abort();
    EVP_EncodeBlock((unsigned char *)out, mac, (int)size);
}

/* Does a field of the form come before another? By name, then by value. */
static bool is_before(const struct form_field *a, const struct form_field *b)
{
    const struct form_text *sides[2][2] = {{&a->name, &b->name}, {&a->value, &b->value}};
    for (int side = 0; side < 2; side++) {
        const struct form_text *left = sides[side][0], *right = sides[side][1];
        for (size_t i = 0; i < left->length && i < right->length; i++)
            if (left->bytes[i] != right->bytes[i])
                return (unsigned char)left->bytes[i] < (unsigned char)right->bytes[i];
        if (left->length != right->length)
            return left->length < right->length;
    }
    return false;
}

/* Writes the least field not yet written, until none is left. */
static void write_sorted(FILE *out, const struct form *form, const char *equals, const char *and)
{
    bool written[FORM_FIELDS_MAX] = {false};
    for (size_t n = 0; n < form->count; n++) {
        size_t least = FORM_FIELDS_MAX;
        for (size_t i = 0; i < form->count; i++)
            if (!written[i] &&
                (least == FORM_FIELDS_MAX || is_before(&form->fields[i], &form->fields[least])))
                least = i;
        written[least] = true;
        const struct form_field *field = &form->fields[least];
        fprintf(out, "%s", n > 0 ? and : "");
        fwrite(field->name.bytes, 1, field->name.length, out);
        fprintf(out, "%s", equals);
        fwrite(field->value.bytes, 1, field->value.length, out);
    }
}

void signer_v3(const struct signed_request *request, const char *token, char out[SIGNER_TEXT])
{
    const char *raw = request->query == NULL ? "" : request->query;
    char *storage = malloc(strlen(raw) + 1), *text = NULL;
    struct form query = {.count = 0};
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (storage == NULL || file == NULL ||
        form_decode(&query, raw, strlen(raw), storage) != FORM_OK)
        abort();
    bool body =
        strcmp(request->method, "POST") == 0 && request->body != NULL && request->body->count > 0;

    fprintf(file, "%s%s%s", request->bases[0], request->path, query.count > 0 || body ? "?" : "");
    write_sorted(file, &query, "=", "&");
    if (body) {
        fprintf(file, "%s", query.count > 0 ? "." : "");
        write_sorted(file, request->body, "", "");
    }
    fprintf(file, ".%s", request->v3_nonce);
    fclose(file);
    sign_text(text, length, token, out);
    free(text);
    free(storage);
}

void signer_v2(const struct signed_request *request, const char *token, char out[SIGNER_TEXT])
{
    char *text;
    int length = asprintf(&text, "%s%s%s", request->bases[0], request->path, request->v2_nonce);
    if (length < 0)
        abort();
    sign_text(text, (size_t)length, token, out);
    free(text);
}
