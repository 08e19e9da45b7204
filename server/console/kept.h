/*
 * kept.h - what was asked that must not stand in a URL, and the page that answered it.
 *
 * A form with phone numbers leads to an address with a handle instead of them. The handle is its
 * user's alone. Behind it, in memory and for ten minutes, stands what was typed and, once it has
 * been made, the page: going back or loading it again asks the database nothing. Whatever goes is
 * overwritten first.
 */
#pragma once

#include "must_check.h"
#include "response.h"

enum {
    KEPT_HANDLE = 33, /* 32 hexadecimal digits and the terminator */
    KEPT_FIELDS = 8,
    KEPT_FIELD = 1024,         /* a field's text, with the terminator */
    KEPT_MAX = 64,             /* of all users; the oldest goes */
    KEPT_OF_USER = 16,         /* of one of them */
    KEPT_PAGE_MAX = 256 << 10, /* a page beyond that is made again each time */
    KEPT_MS = 600000,
};

/* What is wrong with what was posted: the page that the handle leads to says so. */
enum kept_problem {
    KEPT_FINE,
    KEPT_UNREADABLE, /* a field that no text field sends */
    KEPT_OUTDATED,   /* it went on from what is no longer kept */
};

/* What was asked. */
struct kept_asked {
    const char *screen;                   /* static text, compared by its address */
    char values[KEPT_FIELDS][KEPT_FIELD]; /* of its fields; "": nothing */
    enum kept_problem problem;
};

struct kept;

MUST_CHECK struct kept *kept_new(void);
void kept_free(struct kept *kept);

/* Keeps what a user asks, and makes the handle; of the same question without a page, gives the
 * handle that it has. false: no memory, or no randomness. Any thread, as all below. */
MUST_CHECK bool kept_ask(struct kept *kept, const char *user, const struct kept_asked *asked,
                         char handle[static KEPT_HANDLE]);

/* Is there such a handle, of this user and for this screen? Then *asked is what was asked. */
MUST_CHECK bool kept_find(struct kept *kept, const char *user, const char *handle,
                          const char *screen, struct kept_asked *asked);

/* Puts the page, if there is one already, into out's body. */
MUST_CHECK bool kept_page(struct kept *kept, const char *user, const char *handle,
                          const char *screen, struct response *out);

/* This is the page. Where there is one already, or no room, that changes nothing. */
void kept_answer(struct kept *kept, const char *user, const char *handle, const char *screen,
                 const struct response *page);

/* Lets go what is over. To be called now and then. */
void kept_tidy(struct kept *kept);
