/*
 * number.h - a phone number: parse, print, print redacted.
 *
 * One value type without ownership. The digits of E.164 are kept as an integer,
 * as in the database (bigint): at most 15 digits and never a leading zero, so
 * nothing is lost. Every function is pure and may be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NUMBER_TEXT = 16,    /* 15 digits and the terminator */
    NUMBER_REDACTED = 5, /* "**78" and the terminator */
};

/* value 0 means "no number": withheld, a SIP address, or not a phone number. Of a caller it may be
 * negative: a national number, without its one leading zero. */
struct number {
    int64_t value;
};

/*
 * Reads one number in the notation the order system may use too: an optional
 * leading "+" or "00" (not both), then 7 to 15 digits not starting with 0.
 * Spaces, dots, dashes (Unicode's too), round and square brackets are ignored wherever they
 * stand, and so are marks that nobody sees, as those of writing direction.
 * Anything else (letters, SIP URIs, "anonymous", national format with a leading
 * 0, tabs, other scripts' digits) is refused: false, and *out holds no number.
 *
 * text need not be terminated; text may be NULL if length is 0.
 */
bool number_parse(const char *text, size_t length, struct number *out);

/*
 * The same for who calls: some networks send the national form, with one leading zero. The
 * database reads it with the country of the number dialled; *out is negative then.
 */
bool number_parse_caller(const char *text, size_t length, struct number *out);

/* Is it one of the words with which carriers say that a caller hides his number, spelt on a
 * telephone's keys? 266696687 is ANONYMOUS; no phone has such a number. */
bool number_is_hidden(struct number number);

/* E.164 digits without "+", terminated. "" when there is no number. */
void number_print(struct number number, char out[static NUMBER_TEXT]);

/* The only form in which a log line may show a number: "**" and the last two
 * digits, or "none". */
void number_print_redacted(struct number number, char out[static NUMBER_REDACTED]);
