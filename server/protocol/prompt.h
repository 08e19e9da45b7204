/*
 * prompt.h - one thing people hear.
 *
 * The sentences are rows of masking.prompts and arrive with the answers of the database.
 * Here are those for when it has none to give: because it is away, or because somebody
 * deleted the row.
 */
#pragma once

#include <stdbool.h>

enum { PROMPT_WORDS = 1001, PROMPT_VOICE = 40, PROMPT_LANGUAGE = 12 };

struct prompt {
    bool is_recording;        /* words is the URL of a recording */
    char voice[PROMPT_VOICE]; /* of a sentence: as Plivo names voices */
    char language[PROMPT_LANGUAGE];
    char words[PROMPT_WORDS]; /* UTF-8; "": there is no prompt, and the rest means nothing */
};

/* The English sentence for an event of masking.prompts; for any other event, that the call
 * cannot be connected. */
void prompt_builtin(struct prompt *prompt, const char *event);
