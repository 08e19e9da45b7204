#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "outcome.h"
#include "paths.h"
#include "reply.h"
#include "text.h"

enum { MEDIA_MAX = 11, PLACE = 64 };

struct message_fields {
    char uuid[ID_TEXT];
    struct number sender, dialled;
    struct form_text text, intent, type, content_type, mime_type, media_count;
    struct form_text button, reaction, latitude, longitude;
    struct form_text media[MEDIA_MAX];
};
_Static_assert(sizeof(struct message_fields) <= WEBHOOK_FIELDS_BYTES, "a webhook has room for it");

#define FIELD(field) offsetof(struct message_fields, field)

/* Plivo counts pictures from 0 in one place of its documentation, and from 1 in another. It names
 * no fields for what WhatsApp has beside text and media; these are called as WhatsApp calls them.
 */
const struct field message_forward_fields[] = {
    {"MessageUUID", FIELD_ID, FIELD(uuid), .label = "message"},
    {"From", FIELD_CALLER, FIELD(sender)},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {"Text", FIELD_WRITTEN, FIELD(text), .otherwise = "Body"},
    {"MessageIntent", FIELD_WRITTEN, FIELD(intent)},
    {"Type", FIELD_PLAIN, FIELD(type)},
    {"ContentType", FIELD_PLAIN, FIELD(content_type)},
    {"MimeType", FIELD_PLAIN, FIELD(mime_type)},
    {"ButtonText", FIELD_WRITTEN, FIELD(button), .otherwise = "ButtonTitle"},
    {"Reaction", FIELD_WRITTEN, FIELD(reaction), .otherwise = "ReactionEmoji"},
    {"Latitude", FIELD_PLAIN, FIELD(latitude), .otherwise = "LocationLatitude"},
    {"Longitude", FIELD_PLAIN, FIELD(longitude), .otherwise = "LocationLongitude"},
    {"MediaCount", FIELD_PLAIN, FIELD(media_count)},
    {"Media0", FIELD_WRITTEN, FIELD(media[0])},
    {"Media1", FIELD_WRITTEN, FIELD(media[1])},
    {"Media2", FIELD_WRITTEN, FIELD(media[2])},
    {"Media3", FIELD_WRITTEN, FIELD(media[3])},
    {"Media4", FIELD_WRITTEN, FIELD(media[4])},
    {"Media5", FIELD_WRITTEN, FIELD(media[5])},
    {"Media6", FIELD_WRITTEN, FIELD(media[6])},
    {"Media7", FIELD_WRITTEN, FIELD(media[7])},
    {"Media8", FIELD_WRITTEN, FIELD(media[8])},
    {"Media9", FIELD_WRITTEN, FIELD(media[9])},
    {"Media10", FIELD_WRITTEN, FIELD(media[10])},
    {NULL},
};

struct status_fields {
    struct form_text status, error;
};

const struct field message_status_fields[] = {
    {"Status", FIELD_PLAIN, offsetof(struct status_fields, status)},
    {"ErrorCode", FIELD_PLAIN, offsetof(struct status_fields, error)},
    {NULL},
};

/* ---- the text ---- */

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
    bool has_place;     /* one is in the text, as a link */
    bool has_media;     /* there are pictures or the like ... */
    bool media_is_left; /* ... and not all of them are in the text, as links */
};

static bool is_sent_on(struct form_text media, bool with_media)
{
    return with_media && is_link(media);
}

static void look_at_media(const struct message_fields *fields, bool with_media,
                          struct content *content)
{
    content->has_media = fields->media_count.length > 0 && !form_text_is(fields->media_count, "0");
    content->media_is_left = content->has_media && !with_media;
    for (size_t i = 0; i < MEDIA_MAX; i++)
        if (fields->media[i].length > 0) {
            content->has_media = true;
            if (!is_sent_on(fields->media[i], with_media))
                content->media_is_left = true;
        }
}

/* "52.520008", no more than so many degrees either way. */
static bool read_degrees(struct form_text text, double most, double *degrees)
{
    char digits[24];
    text = form_text_trimmed(text);
    if (text.length == 0 || text.length >= sizeof digits)
        return false;
    memcpy(digits, text.bytes, text.length);
    digits[text.length] = '\0';
    char *end = digits;
    *degrees = strtod(digits, &end);
    return strspn(digits, "+-.0123456789eE") == text.length && *end == '\0' &&
           fabs(*degrees) <= most;
}

/* A link to the place that was sent, which is made here: nothing of it is the sender's but two
 * numbers. false: none was. */
static bool print_place(const struct message_fields *fields, char link[static PLACE])
{
    double latitude, longitude;
    if (!read_degrees(fields->latitude, 90, &latitude) ||
        !read_degrees(fields->longitude, 180, &longitude))
        return false;
    /* Zeros are how programs write that there is none, too. */
    if (latitude == 0 && longitude == 0 && !form_text_is(fields->content_type, "location"))
        return false;
    snprintf(link, PLACE, "https://maps.google.com/?q=%.6f,%.6f", latitude, longitude);
    return true;
}

static void add_line(struct content *content, const char *line, size_t length)
{
    if (content->length > 0)
        content->text[content->length++] = '\n';
    memcpy(content->text + content->length, line, length);
    content->length += length;
}

/* How programs write that there is nothing. */
static bool says_nothing(struct form_text value)
{
    value = form_text_trimmed(value);
    return value.length == 0 || form_text_is(value, "null") || form_text_is(value, "none") ||
           form_text_is(value, "undefined");
}

/* What they wrote or, in WhatsApp, what stands on the button that they pressed, or how they reacted
 * to a message. */
static struct form_text words_of(const struct message_fields *fields)
{
    if (fields->text.length > 0)
        return fields->text;
    struct form_text words = says_nothing(fields->button) ? fields->reaction : fields->button;
    if (says_nothing(words))
        words.length = 0;
    return words;
}

/* The text, a line for a place, and one for each picture if those are sent on. false: out of
 * memory. */
static bool read_content(const struct message_fields *fields, bool with_media,
                         struct content *content)
{
    char place[PLACE];
    struct form_text words = words_of(fields);
    *content = (struct content){0};
    look_at_media(fields, with_media, content);
    size_t size = words.length * TEXT_GROWTH + 1 + sizeof place;
    for (size_t i = 0; i < MEDIA_MAX; i++)
        size += fields->media[i].length + 1;
    content->text = malloc(size);
    if (content->text == NULL)
        return false;
    if (words.length > 0)
        content->length = text_clean(words.bytes, words.length, content->text);
    content->has_place = print_place(fields, place);
    if (content->has_place)
        add_line(content, place, strlen(place));
    for (size_t i = 0; i < MEDIA_MAX; i++)
        if (fields->media[i].length > 0 && is_sent_on(fields->media[i], with_media))
            add_line(content, fields->media[i].bytes, fields->media[i].length);
    return true;
}

static bool begins_with(struct form_text text, const char *word)
{
    size_t length = strlen(word);
    return text.length >= length && strncasecmp(text.bytes, word, length) == 0;
}

/* What is in a message beside words, by its types: an outcome that answer_messages knows. NULL:
 * they do not say. WhatsApp's come without a Media field at times. */
static const char *named_by_type(const struct message_fields *fields)
{
    static const struct {
        const char *type, *kind;
    } types[] = {{"image", "picture"},   {"picture", "picture"}, {"sticker", "sticker"},
                 {"video", "video"},     {"audio", "voice"},     {"voice", "voice"},
                 {"document", "file"},   {"file", "file"},       {"location", "place"},
                 {"contact", "contact"}, {"contacts", "contact"}},
      mimes[] = {{"image/", "picture"},     {"video/", "video"},         {"audio/", "voice"},
                 {"text/vcard", "contact"}, {"text/x-vcard", "contact"}, {"application/", "file"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (form_text_is(fields->content_type, types[i].type))
            return types[i].kind;
    for (size_t i = 0; i < sizeof mimes / sizeof mimes[0]; i++)
        if (begins_with(fields->mime_type, mimes[i].type))
            return mimes[i].kind;
    return NULL;
}

/* Does a message without words and without media claim to have more in it than words? A reaction
 * may be taken back, which leaves nothing. */
static bool claims_more(const struct message_fields *fields)
{
    struct form_text type = fields->content_type, mime = fields->mime_type;
    return form_text_is(fields->type, "mms") ||
           (!says_nothing(type) && !form_text_is(type, "text") &&
            !form_text_is(type, "reaction")) ||
           (!says_nothing(mime) && !begins_with(mime, "text/"));
}

/* What is in it and not sent on, as above; "media": something. NULL: nothing. */
static const char *left_of(const struct message_fields *fields, const struct content *content)
{
    const char *named = named_by_type(fields);
    if (content->has_media)
        return !content->media_is_left ? NULL : named != NULL ? named : "media";
    if (content->has_place)
        return NULL;
    if (named == NULL && content->length == 0 && claims_more(fields))
        return "media";
    return named;
}

/* What it is, as answer_messages wants to know: somebody who opts out is talking to Plivo, by text
 * message only. */
static void print_kind(const struct message_fields *fields, const struct content *content,
                       char kind[static MESSAGE_KIND])
{
    static const char *const intents[] = {"optout", "optin", "help"};
    static const char *const words[] = {
        [TEXT_OTHER] = "text", [TEXT_STOP] = "stop", [TEXT_START] = "start"};
    const char *left = left_of(fields, content), *said = "intent";
    if (!says_nothing(fields->intent)) {
        for (size_t i = 0; i < sizeof intents / sizeof intents[0]; i++)
            if (form_text_is(fields->intent, intents[i]))
                said = intents[i];
        snprintf(kind, MESSAGE_KIND, "%s", said);
    } else if (content->length == 0) {
        snprintf(kind, MESSAGE_KIND, "%s", left == NULL ? "empty" : left);
    } else if (left != NULL) {
        snprintf(kind, MESSAGE_KIND, "text_and_%s", left);
    } else if (form_text_is(fields->type, "whatsapp")) {
        snprintf(kind, MESSAGE_KIND, "text");
    } else {
        snprintf(kind, MESSAGE_KIND, "%s", words[text_word(content->text, content->length)]);
    }
}

/* ---- the answer ---- */

/* The database could not be asked, and nothing is sent on a guess, not even to the sender: he
 * might be a number of the pool. Plivo sends it again after 60, 120 and 240 s. */
static void apologise(struct service *service, struct message *message, struct response *response)
{
    snprintf(message->kind, sizeof message->kind, "apologised");
    response_outcome(response, outcome_label(OUTCOME_MESSAGE_APOLOGISED));
    response_text(response, 503, "later\n");
    post_message(service->switchboard, message);
}

/* Repeats what the database promises, as for calls: a text comes from no number of a party. */
static bool may_send_on(const struct message *message, struct number receiver, struct number shows)
{
    return receiver.value > 0 && shows.value > 0 && shows.value != receiver.value &&
           shows.value != message->sender.value && message->dialled.value != 0 &&
           receiver.value != message->sender.value && receiver.value != message->dialled.value;
}

/* false: no memory for it. */
static bool give_answer(const struct config *config, const struct message *message,
                        const struct call_answer *answer, const struct content *content,
                        struct response *response)
{
    enum outcome outcome = outcome_of(OUTCOME_OF_MESSAGES, answer->outcome);
    struct texts texts = {.dialled = message->dialled,
                          .shows = answer->shows.value != 0 ? answer->shows : message->dialled,
                          .public_url = config->public_url,
                          .id = message->uuid};
    response_outcome(response, outcome_label(outcome));
    if (outcome == OUTCOME_OTHER)
        response_note(response, "message=%s", answer->outcome);
    if (answer->counterpart.value != 0) {
        if (outcome != OUTCOME_MESSAGE_FORWARDED ||
            !may_send_on(message, answer->counterpart, texts.shows)) {
            log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
            return true;
        }
        texts.receiver = answer->counterpart;
        texts.text = content->text;
        texts.length = content->length;
    }
    if (answer->prompt.words[0] != '\0' && !answer->prompt.is_recording) {
        if (message->sender.value > 0 && message->dialled.value > 0 &&
            message->sender.value != message->dialled.value) {
            texts.sender = message->sender;
            texts.notice = answer->prompt.words;
        } else {
            response_note(response,
                          "notice=unsendable"); /* a national number, as number.h says, or none */
        }
    }
    return reply_texts(response, &texts);
}

static void answer_message(struct service *service, const struct webhook *webhook,
                           struct message *message, const struct content *content,
                           struct response *response)
{
    struct call_answer answer;
    struct asking asking = service_asking(service, webhook);
    if (service_note(response, &asking, ask_message(&asking, message, &answer)) ==
            SWITCHBOARD_ANSWERED &&
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
    const struct message_fields *fields = webhook->fields;
    struct message message = {
        .sender = fields->sender, .dialled = fields->dialled, .ask = service_new_ask()};
    struct content content;
    reply_empty(response);
    if (fields->uuid[0] == '\0') {
        response_outcome(response, outcome_label(OUTCOME_MESSAGE_MALFORMED));
        return;
    }
    memcpy(message.uuid, fields->uuid, sizeof message.uuid);
    if (!read_content(fields, service->config->forward_media, &content)) {
        log_event(LOG_ERROR, "out_of_memory", "what=message");
        apologise(service, &message, response);
        return;
    }
    print_kind(fields, &content, message.kind);
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
    if (!id_is_valid(delivery->uuid))
        return false;
    delivery->part = (int)strtol(path + length + 1, &end, 10);
    if (*end != '/')
        return false;
    delivery->parts = (int)strtol(end + 1, &end, 10);
    return strcmp(end, "/") == 0 && delivery->part >= 1 && delivery->part <= delivery->parts &&
           delivery->parts <= 1000;
}

static void read_status(const struct status_fields *fields, struct delivery *delivery)
{
    static const char *const known[] = {"queued", "sent",     "delivered", "undelivered",
                                        "failed", "rejected", "read"};
    struct form_text error = fields->error;
    snprintf(delivery->status, sizeof delivery->status, "other");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (form_text_is(fields->status, known[i]))
            snprintf(delivery->status, sizeof delivery->status, "%s", known[i]);
    delivery->error = 0;
    if (error.length <= 6)
        for (size_t i = 0; i < error.length && error.bytes[i] >= '0' && error.bytes[i] <= '9'; i++)
            delivery->error = delivery->error * 10 + (error.bytes[i] - '0');
}

void message_status(struct service *service, const struct webhook *webhook,
                    struct response *response)
{
    struct delivery delivery;
    struct asking asking = service_asking(service, webhook);
    reply_empty(response);
    response_outcome(response, outcome_label(OUTCOME_MESSAGE_STATUS));
    if (!read_status_path(webhook->request->path, &delivery))
        return;
    response_note(response, "message=%s",
                  id_is_uuid(delivery.uuid) ? delivery.uuid : "(not-a-uuid)");
    read_status(webhook->fields, &delivery);
    response_note(response, "status=%s", delivery.status);
    /* Plivo tells it again; nobody waits for it meanwhile. */
    enum switchboard_status status =
        service_note(response, &asking, ask_delivery(&asking, &delivery));
    if (status != SWITCHBOARD_ANSWERED && status != SWITCHBOARD_REFUSED)
        response_text(response, 503, "later\n");
}
