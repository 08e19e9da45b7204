/*
 * keyring.h - the auth tokens in force, and their replacement while requests run.
 *
 * Rotation without a restart: put the new token beside the old one into the file that
 * PLIVO_AUTH_TOKEN_FILE names, send SIGHUP, and take the old one out later.
 */
#pragma once

#include "config.h"
#include "must_check.h"
#include "signature.h"

struct keyring;

/* NULL when out of memory. Nothing of config is kept. */
MUST_CHECK struct keyring *keyring_new(const struct config *config);

/* Wipes the tokens. Nobody may be checking any more; keyring may be NULL. */
void keyring_free(struct keyring *keyring);

/* Does the service check signatures at all? It never changes while it runs. */
bool keyring_is_signing(const struct keyring *keyring);

/* See signature_check. Any thread. */
MUST_CHECK struct signature_verdict keyring_check(struct keyring *keyring,
                                                  const struct signed_request *request,
                                                  enum signature_versions versions);

/* Reads the settings again and puts their tokens in force. Bad settings are told as at the
 * start, and leave the old tokens in force. Logged either way. */
void keyring_reload(struct keyring *keyring);
