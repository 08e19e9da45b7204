/*
 * signer.h - signs a request as Plivo would: the tests' own side of the check.
 *
 * Written after Plivo's description, on purpose unlike server/lib/signature.c: plain
 * string building, slow sorting, one-shot HMAC. Unit tests and fuzz targets hold
 * the two against each other.
 */
#pragma once

#include "signature.h"

enum { SIGNER_TEXT = 45 }; /* 44 characters of base64 and the terminator */

/* The V3 signature of the request (its first base, its v3_nonce) under a token. */
void signer_v3(const struct signed_request *request, const char *token, char out[SIGNER_TEXT]);

/* The V2 signature, over base, path and v2_nonce. */
void signer_v2(const struct signed_request *request, const char *token, char out[SIGNER_TEXT]);
