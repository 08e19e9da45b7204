/*
 * signature.h - is this request really from Plivo?
 *
 * Checks Plivo's webhook signatures (Plivo documentation: "Voice, Concepts,
 * Signature validation" for V3, "Messaging, Concepts, Signature validation" for
 * V2; where the prose and Plivo's official SDKs disagree, the SDKs' test vectors
 * decide). It knows nothing of HTTP servers: the caller hands over the parts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "form.h"
#include "must_check.h"

enum signature_status {
    SIGNATURE_VALID,
    SIGNATURE_MISSING, /* no signature header of an accepted kind, or no nonce */
    SIGNATURE_WRONG,   /* none of the listed values was made with our tokens */
    SIGNATURE_FAILED,  /* could not be computed: out of memory; not logged here */
};

/* What was found, and by what. The nonce is that of the signature which was checked: any other
 * in the request is one that anybody may change. */
struct signature_verdict {
    enum signature_status status;
    int version;       /* 3 or 2: of the signature that is there; 0 when none is */
    const char *nonce; /* borrowed from the request; NULL when none counts */
};

/* The auth tokens whose signatures count. Immutable once made; any thread. */
struct signature_keys;

/*
 * tokens: the auth tokens of the account or subaccount that owns the number
 * (X-Plivo-Signature-V3, -V2). main_tokens: those of the main account
 * (X-Plivo-Signature-Ma-V3, -Ma-V2). Both are copied. Several of each may be
 * active while a token is rotated. Empty ones are left out: anybody could sign
 * with them. NULL when out of memory.
 *
 * To rotate, make new keys and free the old ones once no thread checks with them;
 * each thread's contexts follow at its next check.
 */
MUST_CHECK struct signature_keys *signature_keys_new(const char *const tokens[], size_t count,
                                                     const char *const main_tokens[],
                                                     size_t main_count);

/* Wipes the tokens. No thread may be inside signature_check with these keys. A
 * thread that has used them keeps MAC contexts made from them until it checks with
 * other keys or ends. */
void signature_keys_free(struct signature_keys *keys);

/* What was signed, as received: nothing decoded. All borrowed
 * for the length of the call; a header that is absent is NULL. */
struct signed_request {
    const char *const *bases; /* what the path may have been appended to, without trailing
                               * slash: the settings' PUBLIC_URLs */
    size_t base_count;
    const char *method;      /* "GET" or "POST" */
    const char *path;        /* raw, from the first "/"; no query */
    const char *query;       /* raw, without "?"; NULL or "" when absent */
    const struct form *body; /* decoded form body; NULL when there is none */
    const char *v3;          /* X-Plivo-Signature-V3 */
    const char *ma_v3;       /* X-Plivo-Signature-Ma-V3 */
    const char *v3_nonce;    /* X-Plivo-Signature-V3-Nonce */
    const char *v2;          /* X-Plivo-Signature-V2 */
    const char *ma_v2;       /* X-Plivo-Signature-Ma-V2 */
    const char *v2_nonce;    /* X-Plivo-Signature-V2-Nonce */
};

/* Which versions count: V2 does not cover parameters, so only a webhook that
 * Plivo signs with nothing better may allow it. V3 wins where both are present. */
enum signature_versions { SIGNATURE_V3_ONLY, SIGNATURE_V3_OR_V2 };

/* What the header fields alone say, before there is a body: SIGNATURE_MISSING, or SIGNATURE_WRONG
 * while nothing has been computed. */
MUST_CHECK struct signature_verdict signature_claim(const struct signed_request *request,
                                                    enum signature_versions versions);

/*
 * Signed for any of the bases counts. Constant time in the comparison, whatever the lengths.
 * Thread-safe: each thread keeps its own keyed MAC contexts, released when the thread ends.
 *
 * Also SIGNATURE_WRONG, whoever signed it: a method other than GET and POST, a
 * GET with body fields (its signature does not cover them), more than
 * FORM_FIELDS_MAX fields in the query, a nonce longer than 64 characters or with
 * others than letters, digits, "-" and "_". So a valid nonce is fit to be
 * remembered against replays.
 */
MUST_CHECK struct signature_verdict signature_check(const struct signature_keys *keys,
                                                    const struct signed_request *request,
                                                    enum signature_versions versions);

enum { SIGNATURE_TEXT = 45 }; /* a signature in base64, and the terminator */

/*
 * Signs a GET of a URL without a query as Plivo would (X-Plivo-Signature-V3), for those who ask
 * the server what Plivo asks. nonce: as above. false: could not be computed, out holds nothing.
 */
MUST_CHECK bool signature_make_v3(const char *token, const char *url, const char *nonce,
                                  char out[static SIGNATURE_TEXT]);
