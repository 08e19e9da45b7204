/* reply.c - see reply.h. */
#include "reply.h"

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
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

void reply_dial(struct response *response, struct number proxy, struct number callee)
{
    char proxy_text[NUMBER_TEXT], callee_text[NUMBER_TEXT];
    struct document document;
    number_print(proxy, proxy_text);
    number_print(callee, callee_text);
    start(&document);
    open_element(&document, "Dial");
    attribute(&document, "callerId", proxy_text);
    open_element(&document, "Number");
    text(&document, callee_text);
    close_element(&document);
    close_element(&document);
    finish(&document, response);
}

void reply_speak(struct response *response, const char *sentence)
{
    struct document document;
    start(&document);
    open_element(&document, "Speak");
    attribute(&document, "voice", "WOMAN");
    attribute(&document, "language", "en-US");
    text(&document, sentence);
    close_element(&document);
    open_element(&document, "Hangup");
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
