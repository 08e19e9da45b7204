/* reply.c - see reply.h. */
#include "reply.h"

#include <libxml/entities.h>
#include <libxml/parser.h>
#include <string.h>

static const char apology[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Response><Speak voice=\"WOMAN\" language=\"en-US\">Sorry, we cannot connect your call at the "
    "moment. Please try again in a minute.</Speak><Hangup/></Response>\n";

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

static void escaped(struct document *document, const char *value)
{
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

bool reply_dial(struct response *response, struct number proxy, struct number callee)
{
    char proxy_text[NUMBER_TEXT], callee_text[NUMBER_TEXT];
    struct document document;
    number_print(proxy, proxy_text);
    number_print(callee, callee_text);
    start(&document, response);
    open_element(&document, "Dial");
    attribute(&document, "callerId", proxy_text);
    open_element(&document, "Number");
    text(&document, callee_text);
    close_element(&document);
    close_element(&document);
    return finish(&document);
}

void reply_speak(struct response *response, const char *sentence)
{
    struct document document;
    start(&document, response);
    open_element(&document, "Speak");
    attribute(&document, "voice", "WOMAN");
    attribute(&document, "language", "en-US");
    text(&document, sentence);
    close_element(&document);
    open_element(&document, "Hangup");
    close_element(&document);
    (void)finish(&document);
}

void reply_empty(struct response *response)
{
    struct document document;
    start(&document, response);
    (void)finish(&document);
}

void reply_apology(struct response *response)
{
    _Static_assert(sizeof apology <= RESPONSE_INLINE, "the apology needs no memory");
    memcpy(response->body, apology, sizeof apology - 1);
    response->length = sizeof apology - 1;
    response->status = 200;
    response->content_type = "application/xml";
}
