/* prompt.c - see prompt.h. */
#include "prompt.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *event;
    const char *sentence;
} sentences[] = {
    {"unknown_caller", "Sorry, we found no order that belongs to your phone number. Goodbye."},
    {"no_caller_id", "Sorry, we can only connect calls that show their phone number. Please call "
                     "again without hiding it. Goodbye."},
    {"apologised",
     "Sorry, we cannot connect your call at the moment. Please try again in a minute."},
    {"ask_code",
     "We do not know your phone number. Please enter the code of your order, then press "
     "the hash key."},
    {"wrong_code", "That code is not right. Please enter it again, then press the hash key."},
    {"code_refused", "Sorry, we found no order with that code. Goodbye."},
    {"locked_out", "Too many wrong codes were entered from your phone. Please call again in an "
                   "hour. Goodbye."},
    {"recorded", "This call is recorded."},
    {"busy", "The person you are calling is on another call. Please try again in a few minutes. "
             "Goodbye."},
    {"no_answer", "Nobody answered. Please try again in a few minutes. Goodbye."},
    {"timeout", "The phone you are calling cannot be reached at the moment. Please try again "
                "later. Goodbye."},
    {"failed", "Your call could not be put through. Please try again later. Goodbye."},
};

static const char otherwise[] = "Sorry, this call cannot be connected. Goodbye.";

void prompt_builtin(struct prompt *prompt, const char *event)
{
    const char *sentence = otherwise;
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        if (strcmp(sentences[i].event, event) == 0)
            sentence = sentences[i].sentence;
    prompt->is_recording = false;
    snprintf(prompt->voice, sizeof prompt->voice, "WOMAN");
    snprintf(prompt->language, sizeof prompt->language, "en-US");
    snprintf(prompt->words, sizeof prompt->words, "%s", sentence);
}
