/* reply.c - see reply.h. */
#include "reply.h"

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <string.h>

static const char apology[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Response><Speak voice=\"WOMAN\" language=\"en-US\">Sorry, we cannot connect your call at the "
    "moment. Please try again in a minute.</Speak><Hangup/></Response>\n";

void reply_start(void)
{
    LIBXML_TEST_VERSION
    xmlInitParser();
}

void reply_stop(void)
{
    xmlCleanupParser();
}

/* A document being written. ok turns false at the first failure and stays so, which
 * lets the verbs below read as the XML they make. */
struct document {
    xmlBufferPtr buffer;
    xmlTextWriterPtr writer;
    bool ok;
};

static void check(struct document *document, int result)
{
    document->ok = document->ok && result >= 0;
}

static void open_element(struct document *document, const char *name)
{
    if (document->ok)
        check(document, xmlTextWriterStartElement(document->writer, BAD_CAST name));
}

static void close_element(struct document *document)
{
    if (document->ok)
        check(document, xmlTextWriterEndElement(document->writer));
}

static void attribute(struct document *document, const char *name, const char *value)
{
    if (document->ok)
        check(document,
              xmlTextWriterWriteAttribute(document->writer, BAD_CAST name, BAD_CAST value));
}

static void text(struct document *document, const char *value)
{
    if (document->ok)
        check(document, xmlTextWriterWriteString(document->writer, BAD_CAST value));
}

static void start(struct document *document)
{
    document->buffer = xmlBufferCreate();
    document->writer =
        document->buffer == NULL ? NULL : xmlNewTextWriterMemory(document->buffer, 0);
    document->ok = document->writer != NULL;
    if (document->ok)
        check(document, xmlTextWriterStartDocument(document->writer, NULL, "UTF-8", NULL));
    open_element(document, "Response");
}

static void finish(struct document *document, struct response *response)
{
    if (document->ok)
        check(document, xmlTextWriterEndDocument(document->writer));
    if (document->writer != NULL)
        xmlFreeTextWriter(document->writer); /* flushes into the buffer */
    response->length = 0;
    response->status = 200;
    response->content_type = "application/xml";
    if (!document->ok ||
        !response_append(response, (const char *)xmlBufferContent(document->buffer),
                         (size_t)xmlBufferLength(document->buffer)))
        reply_apology(response);
    if (document->buffer != NULL)
        xmlBufferFree(document->buffer);
}

static void attribute_number(struct document *document, const char *name, long value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%ld", value);
    attribute(document, name, digits);
}

/* A webhook of ours, as Plivo reaches it: Plivo takes no relative URL here. */
static void attribute_url(struct document *document, const char *name, const char *public_url,
                          const char *path)
{
    if (document->ok)
        check(document, xmlTextWriterWriteFormatAttribute(document->writer, BAD_CAST name, "%s%s",
                                                          public_url, path));
}

static void dial_element(struct document *document, const struct dial *dial)
{
    char proxy[NUMBER_TEXT], callee[NUMBER_TEXT];
    number_print(dial->proxy, proxy);
    number_print(dial->callee, callee);
    open_element(document, "Dial");
    attribute(document, "callerId", proxy);
    if (dial->public_url[0] != '\0') {
        attribute_url(document, "action", dial->public_url, "/dial/action");
        attribute(document, "method", "POST");
        attribute_url(document, "callbackUrl", dial->public_url, "/dial/event");
        attribute(document, "callbackMethod", "POST");
        attribute_number(document, "timeout", dial->ring_timeout);
        attribute_number(document, "timeLimit", dial->call_time_limit);
    }
    if (dial->announcement != NULL)
        attribute_url(document, "confirmSound", dial->public_url, "/recording/announcement");
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
    attribute_url(document, "callbackUrl", dial->public_url, "/recording");
    attribute(document, "callbackMethod", "POST");
    close_element(document);
}

void reply_dial(struct response *response, const struct dial *dial)
{
    struct document document;
    start(&document);
    if (dial->announcement != NULL) {
        prompt_element(&document, dial->announcement);
        record_element(&document, dial);
    }
    dial_element(&document, dial);
    finish(&document, response);
}

void reply_announcement(struct response *response, const struct prompt *prompt)
{
    struct document document;
    start(&document);
    prompt_element(&document, prompt);
    finish(&document, response);
}

void reply_ask_code(struct response *response, const struct prompt *prompt, const char *public_url,
                    int attempt, int digits)
{
    char path[24];
    struct document document;
    snprintf(path, sizeof path, "/code/%d", attempt);
    start(&document);
    open_element(&document, "GetDigits");
    attribute_url(&document, "action", public_url, path);
    attribute(&document, "method", "POST");
    attribute(&document, "timeout", "10");
    attribute_number(&document, "numDigits", digits);
    attribute(&document, "validDigits", "0123456789");
    attribute(&document, "finishOnKey", "#");
    attribute(&document, "retries", "2");
    attribute(&document, "log", "false");
    prompt_element(&document, prompt);
    close_element(&document);
    open_element(&document, "Hangup");
    close_element(&document);
    finish(&document, response);
}

void reply_prompt(struct response *response, const struct prompt *prompt)
{
    struct document document;
    start(&document);
    prompt_element(&document, prompt);
    open_element(&document, "Hangup");
    close_element(&document);
    finish(&document, response);
}

void reply_message(struct response *response, struct number proxy, struct number receiver,
                   const char *words)
{
    char src[NUMBER_TEXT], dst[NUMBER_TEXT];
    struct document document;
    number_print(proxy, src);
    number_print(receiver, dst);
    start(&document);
    open_element(&document, "Message");
    attribute(&document, "src", src);
    attribute(&document, "dst", dst);
    text(&document, words);
    close_element(&document);
    finish(&document, response);
}

void reply_empty(struct response *response)
{
    struct document document;
    start(&document);
    finish(&document, response);
}

void reply_apology(struct response *response)
{
    _Static_assert(sizeof apology <= RESPONSE_INLINE, "the apology needs no memory");
    memcpy(response->body, apology, sizeof apology - 1);
    response->length = sizeof apology - 1;
    response->status = 200;
    response->content_type = "application/xml";
}
