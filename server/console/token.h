/*
 * token.h - what a form carries against posts from other sites.
 *
 * Browsers send Basic credentials along with every request, whoever's page made it; so a form
 * carries a keyed hash of user and hour, which another site cannot know. The key is made at start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "must_check.h"

enum { TOKEN = 65 }; /* 64 hexadecimal digits and the terminator */

/* Once, before any thread; false: no randomness. */
MUST_CHECK bool token_start(void);

void token_make(const char *user, char out[static TOKEN]);

/* Made for this user, in this hour or the one before? text need not be terminated. */
bool token_is_valid(const char *user, const char *text, size_t length);
