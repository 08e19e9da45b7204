/*
 * text.h - what somebody wrote, made fit to be sent on.
 *
 * A text passes as it was written, but for two things: bytes that neither XML nor a phone can
 * carry, and its length, for which Plivo has limits ("Messaging, API, Message": 1,600
 * characters of GSM 03.38, or 737 others). Nothing here keeps a text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { TEXT_GSM_MAX = 1600, TEXT_OTHER_MAX = 737, TEXT_GROWTH = 3 };

/* Copies a text to where TEXT_GROWTH times its length has room, and returns how many bytes that
 * made. Control characters, U+FFFE and U+FFFF are left out; what is no UTF-8, as half an emoji,
 * becomes one U+FFFD. */
size_t text_clean(const char *text, size_t length, char *to);

/* How a text is sent. */
struct text_cut {
    const char *rest; /* what is still to be sent */
    size_t length;
    bool is_gsm; /* the whole text can be written in GSM 03.38 */
};

void text_cut_start(struct text_cut *cut, const char *text, size_t length);

/* The next message's bytes: as many as one may have, up to a blank, which goes; where there is no
 * blank, between two characters. false: nothing is left. */
bool text_cut_next(struct text_cut *cut, const char **part, size_t *length);

/* How many messages a text becomes. */
int text_cut_count(const char *text, size_t length);

enum text_word { TEXT_OTHER, TEXT_STOP, TEXT_START };

/* Is it nothing but a word with which somebody tells a carrier to send him no more texts, or
 * texts again? */
enum text_word text_word(const char *text, size_t length);
