/*
 * users.h - who may look at the console: a file of name:crypt lines, and HTTP's Basic.
 *
 * A password that was right is remembered, as a keyed hash, until the file is read again: only a
 * new one costs crypt(3), which is slow on purpose. Two are checked at a time and each one waits
 * longer after failures, so that guessing is slow while whoever is logged in notices nothing.
 */
#pragma once

#include "must_check.h"

enum { USER_NAME = 65 }; /* letters, digits, ".", "_", "@" and "-" */

enum user_verdict {
    USER_KNOWN,
    USER_MISSING, /* no Authorization, or not Basic */
    USER_WRONG,
    USER_BUSY, /* too many are being checked: the same may work in a moment */
};

struct users;

/* NULL when the file cannot be read or names nobody; the log says why. */
MUST_CHECK struct users *users_new(const char *path);
void users_free(struct users *users);

/* Reads the file again, for SIGHUP; who is no longer in it gets in no longer. A file that cannot
 * be read changes nothing. */
void users_reload(struct users *users);

/* authorization: the header, or NULL. name is set when the verdict is USER_KNOWN. Any thread. */
MUST_CHECK enum user_verdict users_check(struct users *users, const char *authorization,
                                         char name[static USER_NAME]);
