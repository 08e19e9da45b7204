#include "prompt.h"

#include <stdio.h>

#include "outcome.h"

void prompt_builtin(struct prompt *prompt, const char *event)
{
    prompt->is_recording = false;
    snprintf(prompt->voice, sizeof prompt->voice, "WOMAN");
    snprintf(prompt->language, sizeof prompt->language, "en-US");
    snprintf(prompt->words, sizeof prompt->words, "%s", outcome_sentence(event));
}
