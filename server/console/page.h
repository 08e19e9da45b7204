/*
 * page.h - a page of the console: its frame, and the lines a page function of the database
 * returns, as HTML.
 *
 * A line is (part, tone, link, key, up to eight cells): sql/support/ says which parts there are.
 * Lines of one part that follow each other share one list or table.
 */
#pragma once

#include <stdbool.h>

#include "bars.h"
#include "db.h"
#include "response.h"
#include "token.h"

enum { PAGE_CELLS = 8, PAGE_LABEL = 64 };

/* One page while it is written; borrowed texts live as long as the request. What is not set is 0.
 */
struct page {
    struct response *out;
    const char *path; /* which entry of the navigation this is */
    const char *title;
    const char *user; /* "" when nobody is known */
    const char *time_zone;
    const char *token;
    void (*form)(void *context); /* the screen's form and what stands above it; or NULL */
    void (*more)(void *context); /* what the link to the next lines repeats; or NULL */
    void *context;               /* of both */
    const char *asked_number;    /* a number that was asked for; or NULL */
    bool number_is_ours;         /* the database has shown it: it is no party's */
    bool has_begun, has_form;
    int open; /* the list or table that is open: see page.c */
    char section[PAGE_LABEL];
    char columns[PAGE_CELLS][PAGE_LABEL];
    char linked[PAGE_LABEL]; /* to what the cells of one column lead, and of which; 0: none */
    size_t linked_column;
    struct bars bars;
};

/* The page begins anew. Its head is written with the first line or sentence, which may say what
 * the page is about. */
void page_start(struct page *page);

/* A line of the database's, from columns part, tone, link, key, and eight cells. context is the
 * page. */
void page_line(void *context, const struct db_row *row);

/* A sentence of ours, with a tone: good, warn, bad or quiet. */
void page_say(struct page *page, const char *tone, const char *first, const char *then);

/* The hidden field every form carries. */
void page_token(struct page *page);

/* Closes what is open, adds the form unless it stands somewhere already, and closes the page. */
void page_end(struct page *page);
