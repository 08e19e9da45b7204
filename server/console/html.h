/*
 * html.h - HTML into a response. What is not our own markup passes through html_text.
 *
 * Out of memory turns the response into a 503 and cuts it short.
 */
#pragma once

#include "response.h"

/* Markup, written in our sources. */
void html(struct response *out, const char *markup);

/* Anything, between tags or in an attribute between double quotes: & < > " ' as entities,
 * control characters as U+FFFD. */
void html_text(struct response *out, const char *text);

/* Anything, as a value in the query of a link. */
void html_query(struct response *out, const char *text);
