/*
 * users.h - who may look at the console: a file of name:crypt lines, and HTTP's Basic.
 *
 * A password that was right is remembered, as a keyed hash, until its line changes: only a new one
 * costs crypt(3), which is slow on purpose. Who is in notices nothing of others' guessing; who
 * comes later is slowed down only by failures from the same source.
 */
#pragma once

#include "must_check.h"

enum { USER_NAME = 65 }; /* letters, digits, ".", "_", "@" and "-" */

enum user_verdict {
    USER_KNOWN,
    USER_MISSING, /* no Authorization, or not Basic */
    USER_WRONG,
    USER_BUSY, /* not checked, as too many are, or some failed there: it may work in a moment */
};

struct users;

/* NULL when the file cannot be read or names nobody; the log says why. */
MUST_CHECK struct users *users_new(const char *path);
void users_free(struct users *users);

/* Reads the file again, for SIGHUP; who is no longer in it gets in no longer, and whose line is as
 * it was stays in. A file that cannot be read changes nothing. */
void users_reload(struct users *users);

/* authorization: the header, or NULL. source: the address that it comes from, as text. name is set
 * when the verdict is USER_KNOWN. Any thread. */
MUST_CHECK enum user_verdict users_check(struct users *users, const char *authorization,
                                         const char *source, char name[static USER_NAME]);
