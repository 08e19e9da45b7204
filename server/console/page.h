/*
 * page.h - a page of the console: its frame, and the lines a page function of the database
 * returns, as HTML.
 *
 * A line is (part, tone, link, key, up to eight cells): sql/support/ says which parts there are.
 * Lines of one part that follow each other share one list or table.
 */
#pragma once

#include "db.h"
#include "response.h"
#include "token.h"

enum { PAGE_CELLS = 8, PAGE_LABEL = 64 };

/* One page while it is written; borrowed texts live as long as the request. */
struct page {
    struct response *out;
    const char *path; /* which entry of the navigation this is */
    const char *title;
    const char *user; /* "" when nobody is known */
    const char *time_zone;
    const char *token;
    const char *more; /* what the link to the next lines repeats: "&outcome=...", escaped */
    void (*form)(struct page *page); /* what the part "form" stands for; or NULL */
    int open;                        /* the list or table that is open: see page.c */
    char section[PAGE_LABEL];
    char columns[PAGE_CELLS][PAGE_LABEL];
};

/* From the doctype to the title. */
void page_start(struct page *page);

/* A line of the database's, from columns part, tone, link, key, and eight cells. context is the
 * page. */
void page_line(void *context, const struct db_row *row);

/* A sentence of ours, with a tone: good, warn, bad or quiet. */
void page_say(struct page *page, const char *tone, const char *first, const char *then);

/* The hidden field every form carries. */
void page_token(struct page *page);

/* Closes what is open, and the page. */
void page_end(struct page *page);
