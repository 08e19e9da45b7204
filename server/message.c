/* message.c - see message.h. */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fields.h"
#include "log.h"
#include "outcome.h"
#include "paths.h"
#include "questions.h"
#include "reply.h"
#include "text.h"

/* ---- the text ---- */

/* Of what people write, odd bytes are dealt with further down. */
static bool has_text(const struct form *form, const char *name, struct form_text *text)
{
    enum form_status status = form_find_as_sent(form, name, text);
    return status != FORM_MISSING && status != FORM_REPEATED && text->length > 0;
}

static bool has_field(const struct form *form, const char *name, struct form_text *text)
{
    return form_find(form, name, text) == FORM_OK && text->length > 0;
}

/* In whatever case. */
static bool is_word(struct form_text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
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

/* What somebody sent, as it may be sent on. */
struct content {
    char *text; /* for free(); not terminated */
    size_t length;
    bool has_media;     /* there are pictures or the like ... */
    bool media_is_left; /* ... and not all of them are in the text, as links */
};

enum { MEDIA_MAX = 11 };

/* Plivo counts pictures from 0 in one place of its documentation, and from 1 in another. */
static void read_media(const struct form *form, bool with_media, struct form_text media[MEDIA_MAX],
                       struct content *content)
{
    struct form_text field;
    content->has_media =
        has_field(form, "MediaCount", &field) && !form_equals(form, "MediaCount", "0");
    content->media_is_left = content->has_media && !with_media;
    for (size_t i = 0; i < MEDIA_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "Media%zu", i);
        media[i].length = 0;
        if (!has_text(form, name, &field))
            continue;
        content->has_media = true;
        if (with_media && is_link(field))
            media[i] = field;
        else
            content->media_is_left = true;
    }
}

/* The text, and a line for each picture if those are sent on. false: out of memory. */
static bool read_content(const struct form *form, bool with_media, struct content *content)
{
    struct form_text body = {0}, media[MEDIA_MAX];
    *content = (struct content){0};
    if (!has_text(form, "Text", &body) && !has_text(form, "Body", &body))
        body.length = 0;
    read_media(form, with_media, media, content);
    size_t size = body.length * TEXT_GROWTH + 1;
    for (size_t i = 0; i < MEDIA_MAX; i++)
        size += media[i].length + 1;
    content->text = malloc(size);
    if (content->text == NULL)
        return false;
    content->length = text_clean(body.bytes, body.length, content->text);
    for (size_t i = 0; i < MEDIA_MAX; i++)
        if (media[i].length > 0) {
            if (content->length > 0)
                content->text[content->length++] = '\n';
            memcpy(content->text + content->length, media[i].bytes, media[i].length);
            content->length += media[i].length;
        }
    return true;
}

/* How programs write that there is nothing. */
static bool says_nothing(struct form_text value)
{
    size_t blanks = 0;
    while (blanks < value.length && value.bytes[blanks] == ' ')
        blanks++;
    return blanks == value.length || is_word(value, "null") || is_word(value, "none") ||
           is_word(value, "undefined");
}

/* A message without text: a picture, a voice or a place? WhatsApp's come without a Media field at
 * times. */
static bool is_of_media(const struct form *form)
{
    struct form_text type;
    return form_equals(form, "Type", "mms") ||
           (has_field(form, "ContentType", &type) && !says_nothing(type) &&
            !is_word(type, "text")) ||
           (has_field(form, "MimeType", &type) && !says_nothing(type) &&
            strncasecmp(type.bytes, "text/", type.length < 5 ? type.length : 5) != 0);
}

/* What it is, as answer_messages wants to know: somebody who opts out is talking to Plivo. */
static const char *kind_of(const struct form *form, const struct content *content)
{
    static const char *const intents[] = {"optout", "optin", "help"};
    static const char *const words[] = {
        [TEXT_OTHER] = NULL, [TEXT_STOP] = "optout", [TEXT_START] = "start"};
    struct form_text intent;
    if (has_text(form, "MessageIntent", &intent) && !says_nothing(intent)) {
        for (size_t i = 0; i < sizeof intents / sizeof intents[0]; i++)
            if (is_word(intent, intents[i]))
                return intents[i];
        return "intent";
    }
    const char *word = words[text_word(content->text, content->length)];
    if (word != NULL)
        return word;
    if (content->length > 0)
        return content->media_is_left ? "text_and_media" : "text";
    return content->has_media || is_of_media(form) ? "media" : "empty";
}

/* ---- the answer ---- */

/* The database could not be asked, and nothing is sent on a guess, not even to the sender: he
 * might be a number of the pool. Plivo sends it again after 60, 120 and 240 s. */
static void apologise(struct service *service, struct message *message, struct response *response)
{
    snprintf(message->kind, sizeof message->kind, "apologised");
    response_outcome(response, outcome_label(OUTCOME_MESSAGE_APOLOGISED));
    response_text(response, 503, "later\n");
    post_message(service, message);
}

/* The last checks repeat what the database promises, as for calls. false: no memory for it. */
static bool give_answer(const struct config *config, const struct message *message,
                        const struct call_answer *answer, const struct content *content,
                        struct response *response)
{
    enum outcome outcome = outcome_of(OUTCOME_OF_MESSAGES, answer->outcome);
    struct texts texts = {
        .proxy = message->dialled, .public_url = config->public_url, .id = message->uuid};
    response_outcome(response, outcome_label(outcome));
    if (outcome == OUTCOME_OTHER)
        response_note(response, "message=%s", answer->outcome);
    if (answer->counterpart.value != 0) {
        if (outcome == OUTCOME_MESSAGE_FORWARDED && message->dialled.value != 0 &&
            answer->counterpart.value != message->sender.value &&
            answer->counterpart.value != message->dialled.value) {
            texts.receiver = answer->counterpart;
            texts.text = content->text;
            texts.length = content->length;
        } else {
            log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
            return true;
        }
    }
    if (answer->prompt.words[0] != '\0' && !answer->prompt.is_recording &&
        message->sender.value != 0 && message->sender.value != message->dialled.value) {
        texts.sender = message->sender;
        texts.notice = answer->prompt.words;
    }
    return reply_texts(response, &texts);
}

static void answer_message(struct service *service, const struct webhook *webhook,
                           struct message *message, const struct content *content,
                           struct response *response)
{
    struct call_answer answer;
    if (ask_message(service, webhook, message, &answer, response) == SWITCHBOARD_ANSWERED &&
        outcome_of(OUTCOME_OF_MESSAGES, answer.outcome) != OUTCOME_MESSAGE_APOLOGISED) {
        if (give_answer(service->config, message, &answer, content, response))
            return;
        response_note(response, "reason=out_of_memory");
    }
    apologise(service, message, response);
}

void message_forward(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    struct message message = {0};
    struct content content;
    const struct form *form = webhook->form;
    reply_empty(response);
    if (!fields_read_uuid(form, "MessageUUID", message.uuid, response)) {
        response_outcome(response, outcome_label(OUTCOME_MESSAGE_MALFORMED));
        return;
    }
    fields_note_uuid(message.uuid, "message", response);
    message.sender = fields_read_caller(form, response);
    message.dialled = fields_read_number(form, "To", response);
    message.ask = service_new_ask();
    if (!read_content(form, service->config->forward_media, &content)) {
        log_event(LOG_ERROR, "out_of_memory", "what=message");
        apologise(service, &message, response);
        return;
    }
    snprintf(message.kind, sizeof message.kind, "%s", kind_of(form, &content));
    answer_message(service, webhook, &message, &content, response);
    free(content.text);
}

/* ---- what became of it ---- */

/*
 * "/message/status/ID/PART/PARTS/", as reply_texts writes it. A V2 signature covers the path and
 * the nonce, with nothing between them: the last "/", which no nonce has, tells where the path
 * ends. Else a captured request could be sent again with the first digit of its nonce behind PARTS.
 */
static bool read_status_path(const char *path, struct delivery *delivery)
{
    char *end;
    path += strlen(PATH_MESSAGE_STATUS);
    size_t length = strcspn(path, "/");
    if (length == 0 || length >= sizeof delivery->uuid || path[length] != '/')
        return false;
    memcpy(delivery->uuid, path, length);
    delivery->uuid[length] = '\0';
    if (!fields_is_uuid(delivery->uuid))
        return false;
    delivery->part = (int)strtol(path + length + 1, &end, 10);
    if (*end != '/')
        return false;
    delivery->parts = (int)strtol(end + 1, &end, 10);
    return strcmp(end, "/") == 0 && delivery->part >= 1 && delivery->part <= delivery->parts &&
           delivery->parts <= 1000;
}

static void read_status(const struct form *form, struct delivery *delivery)
{
    static const char *const known[] = {"queued",      "sent",   "delivered",
                                        "undelivered", "failed", "read"};
    struct form_text field;
    snprintf(delivery->status, sizeof delivery->status, "other");
    if (form_find(form, "Status", &field) == FORM_OK)
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (is_word(field, known[i]))
                snprintf(delivery->status, sizeof delivery->status, "%s", known[i]);
    delivery->error = 0;
    if (form_find(form, "ErrorCode", &field) == FORM_OK && field.length <= 6)
        for (size_t i = 0; i < field.length && field.bytes[i] >= '0' && field.bytes[i] <= '9'; i++)
            delivery->error = delivery->error * 10 + (field.bytes[i] - '0');
}

void message_status(struct service *service, const struct webhook *webhook,
                    struct response *response)
{
    struct delivery delivery;
    reply_empty(response);
    response_outcome(response, outcome_label(OUTCOME_MESSAGE_STATUS));
    if (!read_status_path(webhook->request->path, &delivery))
        return;
    fields_note_uuid(delivery.uuid, "message", response);
    read_status(webhook->form, &delivery);
    response_note(response, "status=%s", delivery.status);
    /* Plivo tells it again; nobody waits for it meanwhile. */
    enum switchboard_status status = ask_delivery(service, webhook, &delivery, response);
    if (status != SWITCHBOARD_ANSWERED && status != SWITCHBOARD_REFUSED)
        response_text(response, 503, "later\n");
}
