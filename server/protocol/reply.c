#include "reply.h"

#include <libxml/entities.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outcome.h"
#include "paths.h"
#include "text.h"

/* Around a sentence in which XML needs nothing escaped. */
static const char apology[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Response><Speak voice=\"WOMAN\" language=\"en-US\">%s</Speak><Hangup/></Response>\n";

static const char nothing[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>\n";

/* libxml2 prints its complaints to standard error, which is the log. Here it can only
 * complain of memory, and every failure is dealt with. */
__attribute__((format(printf, 2, 3))) static void ignore_message(void *context, const char *format,
                                                                 ...)
{
    (void)context;
    (void)format;
}

static void ignore_error(void *context, xmlErrorPtr error)
{
    (void)context;
    (void)error;
}

void reply_start(void)
{
    LIBXML_TEST_VERSION
    xmlInitParser();
}

void reply_start_thread(void)
{
    xmlSetGenericErrorFunc(NULL, ignore_message);
    xmlSetStructuredErrorFunc(NULL, ignore_error);
}

void reply_stop(void)
{
    xmlCleanupParser();
}

/*
 * A document being written, straight into the response. ok turns false at the first failure
 * and stays so, which lets the verbs below read as the XML they make.
 *
 * libxml2 escapes, and does not write: its text writer of 2.9 goes on when it finds no memory,
 * and leaves out what it had none for. A Dial came out without its caller ID that way.
 */
struct document {
    struct response *response;
    const char *open[8]; /* elements not closed yet */
    size_t depth;
    bool in_tag; /* the last one's start tag can still take attributes */
    bool ok;
};

static void raw(struct document *document, const char *xml)
{
    document->ok = document->ok && response_append(document->response, xml, strlen(xml));
}

/* Numbers and plain sentences have nothing to escape, and need no memory then. */
static void escaped(struct document *document, const char *value)
{
    if (strpbrk(value, "<>&\"\r") == NULL) {
        raw(document, value);
        return;
    }
    xmlChar *text = xmlEncodeSpecialChars(NULL, BAD_CAST value);
    if (text == NULL)
        document->ok = false;
    else
        raw(document, (const char *)text);
    xmlFree(text);
}

static void end_tag_start(struct document *document)
{
    if (document->in_tag)
        raw(document, ">");
    document->in_tag = false;
}

static void open_element(struct document *document, const char *name)
{
    end_tag_start(document);
    raw(document, "<");
    raw(document, name);
    document->open[document->depth++] = name;
    document->in_tag = true;
}

static void close_element(struct document *document)
{
    const char *name = document->open[--document->depth];
    if (document->in_tag) {
        raw(document, "/>");
    } else {
        raw(document, "</");
        raw(document, name);
        raw(document, ">");
    }
    document->in_tag = false;
}

static void attribute(struct document *document, const char *name, const char *value)
{
    raw(document, " ");
    raw(document, name);
    raw(document, "=\"");
    escaped(document, value);
    raw(document, "\"");
}

static void text(struct document *document, const char *value)
{
    end_tag_start(document);
    escaped(document, value);
}

static void start(struct document *document, struct response *response)
{
    *document = (struct document){.response = response, .ok = true};
    response->length = 0;
    raw(document, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    open_element(document, "Response");
}

/* false: out of memory, and the response is the apology. */
static bool finish(struct document *document)
{
    close_element(document);
    raw(document, "\n");
    document->response->status = 200;
    document->response->content_type = "application/xml";
    if (!document->ok)
        reply_apology(document->response);
    return document->ok;
}

static void attribute_number(struct document *document, const char *name, long value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%ld", value);
    attribute(document, name, digits);
}

/* A webhook of ours, as Plivo reaches it: Plivo takes no relative URL here. more: "" or the
 * fragment below. */
static void attribute_url(struct document *document, const char *name, const char *public_url,
                          const char *path, const char *more)
{
    raw(document, " ");
    raw(document, name);
    raw(document, "=\"");
    escaped(document, public_url);
    escaped(document, path);
    escaped(document, more);
    raw(document, "\"");
}

/* How Plivo is to call us about a call: up to three times more, whatever went wrong, 5xx included,
 * which it does not try again by itself ("Voice, Concepts, Callback configurations"). It is never
 * sent, and not signed. */
static const char again[] = "#rc=3&rp=all";

/* What the callee hears may be about an order: then its URL says which call it is. */
static void attribute_announcement(struct document *document, const struct dial *dial)
{
    char path[sizeof PATH_ANNOUNCEMENT + 65] = PATH_ANNOUNCEMENT;
    if (dial->greets_callee != NULL)
        snprintf(path, sizeof path, PATH_ANNOUNCEMENT "/%.64s", dial->greets_callee);
    attribute_url(document, "confirmSound", dial->public_url, path, again);
}

static void dial_element(struct document *document, const struct dial *dial)
{
    char proxy[NUMBER_TEXT], callee[NUMBER_TEXT];
    number_print(dial->proxy, proxy);
    number_print(dial->callee, callee);
    open_element(document, "Dial");
    attribute(document, "callerId", proxy);
    if (dial->public_url[0] != '\0') {
        attribute_url(document, "action", dial->public_url, PATH_DIAL_ACTION, again);
        attribute(document, "method", "POST");
        if (dial->callee_events) {
            attribute_url(document, "callbackUrl", dial->public_url, PATH_DIAL_EVENT, again);
            attribute(document, "callbackMethod", "POST");
        }
        attribute_number(document, "timeout", dial->ring_timeout);
        attribute_number(document, "timeLimit", dial->call_time_limit);
        /* Plivo's default is the caller's name, and that is often the number again. */
        attribute(document, "callerName", proxy);
    }
    if (dial->announcement != NULL || dial->confirms || dial->greets_callee != NULL)
        attribute_announcement(document, dial);
    if (dial->confirms) {
        attribute(document, "confirmKey", "1"); /* as the sentences of press_key say */
        attribute(document, "confirmTimeout", "10");
    }
    open_element(document, "Number");
    text(document, callee);
    close_element(document);
    close_element(document);
}

static void prompt_element(struct document *document, const struct prompt *prompt)
{
    open_element(document, prompt->is_recording ? "Play" : "Speak");
    if (!prompt->is_recording) {
        attribute(document, "voice", prompt->voice);
        attribute(document, "language", prompt->language);
    }
    text(document, prompt->words);
    close_element(document);
}

/* Plivo wants it before the Dial whose answer starts it. */
static void record_element(struct document *document, const struct dial *dial)
{
    open_element(document, "Record");
    attribute(document, "startOnDialAnswer", "true");
    attribute(document, "redirect", "false");
    attribute_number(document, "maxLength", dial->call_time_limit);
    attribute_url(document, "callbackUrl", dial->public_url, PATH_RECORDING, again);
    attribute(document, "callbackMethod", "POST");
    close_element(document);
}

bool reply_dial(struct response *response, const struct dial *dial)
{
    struct document document;
    start(&document, response);
    if (dial->greeting != NULL)
        prompt_element(&document, dial->greeting);
    if (dial->announcement != NULL) {
        prompt_element(&document, dial->announcement);
        record_element(&document, dial);
    }
    dial_element(&document, dial);
    return finish(&document);
}

void reply_announcement(struct response *response, const struct prompt prompts[], size_t count)
{
    struct document document;
    start(&document, response);
    for (size_t i = 0; i < count; i++)
        prompt_element(&document, &prompts[i]);
    (void)finish(&document);
}

void reply_ask_keys(struct response *response, const struct prompt *prompt, const struct keys *keys)
{
    struct document document;
    start(&document, response);
    open_element(&document, "GetDigits");
    attribute_url(&document, "action", keys->public_url, keys->path, again);
    attribute(&document, "method", "POST");
    attribute(&document, "timeout", "10");
    attribute_number(&document, "numDigits", keys->count);
    attribute(&document, "validDigits", keys->valid);
    attribute(&document, "finishOnKey", "#");
    attribute(&document, "retries", "2");
    attribute(&document, "log", "false");
    prompt_element(&document, prompt);
    close_element(&document);
    open_element(&document, "Hangup");
    close_element(&document);
    (void)finish(&document);
}

void reply_prompt(struct response *response, const struct prompt *prompt)
{
    struct document document;
    start(&document, response);
    prompt_element(&document, prompt);
    open_element(&document, "Hangup");
    close_element(&document);
    (void)finish(&document);
}

static void open_message(struct document *document, struct number from, struct number to)
{
    char src[NUMBER_TEXT], dst[NUMBER_TEXT];
    number_print(from, src);
    number_print(to, dst);
    open_element(document, "Message");
    attribute(document, "src", src);
    attribute(document, "dst", dst);
}

/* Plivo signs the path of what it calls about messages, and no query: so what the event is about
 * stands in the path. Its own tries again are enough here: after 60, 120 and 240 s. */
static void attribute_status(struct document *document, const struct texts *texts, int part,
                             int parts)
{
    char path[sizeof PATH_MESSAGE_STATUS + 96];
    snprintf(path, sizeof path, PATH_MESSAGE_STATUS "%.64s/%d/%d/", texts->id, part, parts);
    attribute_url(document, "callbackUrl", texts->public_url, path, "");
    attribute(document, "callbackMethod", "POST");
}

static void forwarded_elements(struct document *document, const struct texts *texts)
{
    struct text_cut cut;
    const char *words;
    size_t length;
    int part = 0, parts = text_cut_count(texts->text, texts->length);
    text_cut_start(&cut, texts->text, texts->length);
    while (text_cut_next(&cut, &words, &length)) {
        char *copy = strndup(words, length);
        if (copy == NULL) {
            document->ok = false;
            return;
        }
        open_message(document, texts->shows, texts->receiver);
        if (texts->public_url[0] != '\0')
            attribute_status(document, texts, ++part, parts);
        text(document, copy);
        close_element(document);
        free(copy);
    }
}

bool reply_texts(struct response *response, const struct texts *texts)
{
    struct document document;
    start(&document, response);
    if (texts->receiver.value != 0)
        forwarded_elements(&document, texts);
    if (texts->sender.value != 0) {
        open_message(&document, texts->dialled, texts->sender);
        text(&document, texts->notice);
        close_element(&document);
    }
    if (finish(&document))
        return true;
    reply_empty(response);
    return false;
}

/* Needs no memory, so it cannot fail. */
void reply_empty(struct response *response)
{
    _Static_assert(sizeof nothing <= RESPONSE_INLINE, "nothing needs no memory");
    memcpy(response->body, nothing, sizeof nothing - 1);
    response->length = sizeof nothing - 1;
    response->status = 200;
    response->content_type = "application/xml";
}

void reply_apology(struct response *response)
{
    /* A quarter of what every response has room for: reply_test looks. */
    response->length = (size_t)snprintf(response->body, RESPONSE_INLINE, apology,
                                        outcome_sentence(outcome_event(OUTCOME_APOLOGISED)));
    response->status = 200;
    response->content_type = "application/xml";
}
