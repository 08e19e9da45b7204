/* message.c - see message.h. */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fields.h"
#include "log.h"
#include "outcome.h"
#include "questions.h"
#include "reply.h"

/* ---- the text ---- */

/* What XML cannot carry and the form lets through: U+FFFE and U+FFFF. */
static bool fits_xml(struct form_text text)
{
    for (size_t i = 0; i + 2 < text.length; i++)
        if (memcmp(text.bytes + i, "\xEF\xBF\xBE", 3) == 0 ||
            memcmp(text.bytes + i, "\xEF\xBF\xBF", 3) == 0)
            return false;
    return true;
}

static bool has_field(const struct form *form, const char *name, struct form_text *text)
{
    return form_find(form, name, text) == FORM_OK && text->length > 0;
}

static bool is_link(struct form_text text)
{
    if (text.length < 9 || strncasecmp(text.bytes, "https://", 8) != 0)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] <= ' ' || text.bytes[i] > '~')
            return false;
    return true;
}

/* The text to send on, the caller's to free, terminated: what was written, and a line for
 * each picture if those are sent on. "" when there is nothing; NULL when out of memory. Plivo
 * counts pictures from 0 in one place of its documentation, and from 1 in another. */
static char *text_to_send(const struct form *form, bool with_media)
{
    enum { MEDIA_MAX = 11 };
    struct form_text body = {0}, media[MEDIA_MAX] = {{0}};
    if (!has_field(form, "Text", &body) && !has_field(form, "Body", &body))
        body.length = 0;
    if (!fits_xml(body))
        body.length = 0;
    size_t size = body.length + 1;
    for (size_t i = 0; with_media && i < MEDIA_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "Media%zu", i);
        if (!has_field(form, name, &media[i]) || !is_link(media[i]))
            media[i].length = 0;
        size += media[i].length + 1;
    }
    char *text = malloc(size), *end = text;
    if (text == NULL)
        return NULL;
    if (body.length > 0)
        memcpy(end, body.bytes, body.length);
    end += body.length;
    for (size_t i = 0; i < MEDIA_MAX; i++)
        if (media[i].length > 0) {
            if (end != text)
                *end++ = '\n';
            memcpy(end, media[i].bytes, media[i].length);
            end += media[i].length;
        }
    *end = '\0';
    return text;
}

/* A text, or why it is not to be sent on: somebody who opts out is talking to Plivo. */
static const char *kind_of(const struct form *form, const char *text)
{
    static const char *const intents[] = {"optout", "optin", "help"};
    struct form_text intent;
    if (has_field(form, "MessageIntent", &intent)) {
        for (size_t i = 0; i < sizeof intents / sizeof intents[0]; i++)
            if (intent.length == strlen(intents[i]) &&
                strncasecmp(intent.bytes, intents[i], intent.length) == 0)
                return intents[i];
        return "intent";
    }
    return text[0] == '\0' ? "media" : "text";
}

/* ---- the answer ---- */

/* The database could not be asked, and nothing is sent on a guess, not even to the sender:
 * it might be a number of the pool. */
static void apologise(struct service *service, struct message *message, struct response *response)
{
    snprintf(message->kind, sizeof message->kind, "apologised");
    response_outcome(response, outcome_label(OUTCOME_MESSAGE_APOLOGISED));
    post_message(service, message);
}

/* The last checks repeat what the database promises, as for calls. false: no memory for it. */
static bool give_answer(const struct message *message, const struct call_answer *answer,
                        const char *text, struct response *response)
{
    enum outcome outcome = outcome_of(OUTCOME_OF_MESSAGES, answer->outcome);
    response_outcome(response, outcome_label(outcome));
    if (outcome == OUTCOME_OTHER)
        response_note(response, "message=%s", answer->outcome);
    if (answer->counterpart.value != 0) {
        if (outcome == OUTCOME_MESSAGE_FORWARDED && message->dialled.value != 0 &&
            answer->counterpart.value != message->sender.value &&
            answer->counterpart.value != message->dialled.value)
            return reply_message(response, message->dialled, answer->counterpart, text);
        log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
    } else if (answer->prompt.words[0] != '\0' && !answer->prompt.is_recording) {
        return reply_message(response, message->dialled, message->sender, answer->prompt.words);
    }
    return true;
}

static void answer_message(struct service *service, const struct webhook *webhook,
                           struct message *message, const char *text, struct response *response)
{
    struct call_answer answer;
    if (ask_message(service, webhook, message, &answer, response) == SWITCHBOARD_ANSWERED) {
        if (give_answer(message, &answer, text, response))
            return;
        response_note(response, "reason=out_of_memory");
    }
    apologise(service, message, response);
}

void message_forward(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    struct message message = {0};
    const struct form *form = webhook->form;
    reply_empty(response);
    if (!fields_read_uuid(form, "MessageUUID", message.uuid, response)) {
        response_outcome(response, outcome_label(OUTCOME_MESSAGE_MALFORMED));
        return;
    }
    fields_note_uuid(message.uuid, "message", response);
    message.sender = fields_read_number(form, "From", response);
    message.dialled = fields_read_number(form, "To", response);
    message.ask = service_new_ask();
    char *text = text_to_send(form, service->config->forward_media);
    if (text == NULL) {
        log_event(LOG_ERROR, "out_of_memory", "what=message");
        apologise(service, &message, response);
        return;
    }
    snprintf(message.kind, sizeof message.kind, "%s", kind_of(form, text));
    answer_message(service, webhook, &message, text, response);
    free(text);
}
