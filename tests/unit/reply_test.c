/*
 * reply_test.c - reply.h: every reply against the schema of Plivo's answers, what it says,
 * and what happens to characters that XML gives a meaning. The schema itself is checked
 * with the table tests/cases/plivo-response.tsv.
 */
#include "reply.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outcome.h"
#include "table.h"

static xmlRelaxNG *schema;

static void load_schema(void)
{
    xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt("server/tools/plivo/response.rng");
    schema = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
    if (schema == NULL)
        exit(2);
}

static void keep_quiet(void *context, const char *format, ...)
{
    (void)context;
    (void)format;
}

static bool is_valid(xmlDoc *document)
{
    xmlRelaxNGValidCtxt *validator = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidErrors(validator, keep_quiet, keep_quiet, NULL);
    int result = xmlRelaxNGValidateDoc(validator, document);
    xmlRelaxNGFreeValidCtxt(validator);
    return result == 0;
}

static xmlDoc *read_xml(const char *text, size_t length)
{
    return xmlReadMemory(text, (int)length, "answer.xml", NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR);
}

static void schema_judges_as_the_table_says(void **state)
{
    const struct table_row *row = *state;
    assert_int_equal(row->count, 3);
    xmlDoc *document = read_xml(row->cells[2].bytes, row->cells[2].length);
    assert_non_null(document);
    bool valid = is_valid(document);
    xmlFreeDoc(document);
    assert_string_equal(valid ? "valid" : "invalid", row->cells[1].bytes);
}

/* A response as the web server would send it: complete, valid, in Plivo's type. */
static xmlDoc *answer_of(const struct response *response)
{
    assert_int_equal(response->status, 200);
    assert_string_equal(response->content_type, "application/xml");
    assert_memory_equal(response->body, "<?xml", 5);
    xmlDoc *document = read_xml(response->body, response->length);
    assert_non_null(document);
    assert_true(is_valid(document));
    return document;
}

static void assert_xpath(xmlDoc *document, const char *expression, const char *expected)
{
    xmlXPathContext *context = xmlXPathNewContext(document);
    xmlXPathObject *found = xmlXPathEvalExpression(BAD_CAST expression, context);
    xmlChar *text = xmlXPathCastToString(found);
    assert_string_equal((const char *)text, expected);
    xmlFree(text);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
}

static const struct number proxy = {14155550100}, callee = {14156667778};

/* Plivo's default would be the caller's name, and that is often the number again. */
static void every_dial_with_a_public_url_names_the_proxy_number(void **state)
{
    (void)state;
    struct response response;
    struct prompt prompt = {.voice = "WOMAN", .language = "en-US", .words = "Recorded"};
    const struct prompt *announcements[] = {NULL, &prompt};
    for (size_t i = 0; i < 2; i++) {
        const struct dial dial = {.proxy = proxy,
                                  .callee = callee,
                                  .public_url = "https://m.example.com",
                                  .ring_timeout = 25,
                                  .call_time_limit = 1800,
                                  .callee_events = true,
                                  .announcement = announcements[i]};
        response_init(&response);
        assert_true(reply_dial(&response, &dial));
        xmlDoc *document = answer_of(&response);
        assert_xpath(document, "string(//Dial/@callerName)", "14155550100");
        xmlFreeDoc(document);
        response_free(&response);
    }
}

static void what_is_heard_first_comes_first(void **state)
{
    (void)state;
    struct response response;
    struct prompt greeting = {.is_recording = true, .words = "https://cdn.example.com/a.mp3"};
    struct prompt announcement = {.voice = "WOMAN", .language = "en-US", .words = "Recorded"};
    const struct dial dial = {.proxy = proxy,
                              .callee = callee,
                              .public_url = "https://m.example.com",
                              .ring_timeout = 25,
                              .call_time_limit = 1800,
                              .greeting = &greeting,
                              .announcement = &announcement,
                              .greets_callee = "0a-1"};
    response_init(&response);
    assert_true(reply_dial(&response, &dial));
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "string(/Response/*[1][self::Play])", "https://cdn.example.com/a.mp3");
    assert_xpath(document, "string(/Response/*[2][self::Speak])", "Recorded");
    assert_xpath(document, "name(/Response/*[4])", "Dial");
    assert_xpath(document, "substring-before(//Dial/@confirmSound, '#')",
                 "https://m.example.com/recording/announcement/0a-1");
    xmlFreeDoc(document);
    response_free(&response);
}

static bool dial(struct response *response, struct number from, struct number to)
{
    const struct dial dial = {.proxy = from, .callee = to, .public_url = ""};
    return reply_dial(response, &dial);
}

static void speak(struct response *response, const char *sentence)
{
    struct prompt prompt = {.voice = "WOMAN", .language = "en-US"};
    snprintf(prompt.words, sizeof prompt.words, "%s", sentence);
    reply_prompt(response, &prompt);
}

static void dial_shows_the_proxy_and_rings_the_callee(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    assert_true(dial(&response, proxy, callee));
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "string(/Response/Dial/@callerId)", "14155550100");
    assert_xpath(document, "string(/Response/Dial/Number)", "14156667778");
    assert_xpath(document, "count(//*)", "3");
    xmlFreeDoc(document);
    response_free(&response);
}

static void dial_holds_the_longest_numbers(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    assert_true(dial(&response, (struct number){999999999999999}, (struct number){1000000}));
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "string(/Response/Dial/@callerId)", "999999999999999");
    assert_xpath(document, "string(/Response/Dial/Number)", "1000000");
    xmlFreeDoc(document);
    response_free(&response);
}

static void speak_says_the_sentence_and_hangs_up(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    speak(&response, "Sorry, goodbye.");
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "string(/Response/Speak)", "Sorry, goodbye.");
    assert_xpath(document, "name(/Response/*[2])", "Hangup");
    assert_xpath(document, "count(/Response/*)", "2");
    assert_xpath(document, "count(//Number)", "0");
    xmlFreeDoc(document);
    response_free(&response);
}

static void what_is_spoken_stays_text(void **state)
{
    (void)state;
    const char *sentences[] = {
        "Tom & Jerry",
        "</Speak><Dial><Number>14156667778</Number></Dial><Speak>",
        "\"quoted\" and 'quoted'",
        "&lt; &amp;amp; &#60;",
        "]]>",
        "<!-- --> <?xml?> <![CDATA[",
        "Zo\xc3\xab M\xc3\xbcller \xf0\x9f\x8d\x95",
    };
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        struct response response;
        response_init(&response);
        speak(&response, sentences[i]);
        xmlDoc *document = answer_of(&response);
        assert_xpath(document, "string(/Response/Speak)", sentences[i]);
        assert_xpath(document, "count(//*)", "3");
        xmlFreeDoc(document);
        response_free(&response);
    }
}

static void the_longest_sentence_outgrows_the_inline_buffer(void **state)
{
    (void)state;
    char sentence[PROMPT_WORDS];
    struct response response;
    memset(sentence, 'a', sizeof sentence - 1);
    sentence[sizeof sentence - 1] = '\0';
    response_init(&response);
    speak(&response, sentence);
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "string(/Response/Speak)", sentence);
    xmlFreeDoc(document);
    response_free(&response);
}

static void empty_is_a_response_without_elements(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    reply_empty(&response);
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "count(//*)", "1");
    xmlFreeDoc(document);
    response_free(&response);
}

static void the_apology_speaks_and_hangs_up(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    reply_apology(&response);
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "string(/Response/Speak)", outcome_sentence("apologised"));
    assert_xpath(document, "name(/Response/*[last()])", "Hangup");
    assert_true(response.length < RESPONSE_INLINE / 2); /* from memory that is always there */
    xmlFreeDoc(document);
    response_free(&response);
}

static void a_later_reply_replaces_an_earlier_one(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    response_text(&response, 403, "forbidden\n");
    assert_true(dial(&response, proxy, callee));
    reply_empty(&response);
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "count(//*)", "1");
    xmlFreeDoc(document);
    assert_true(dial(&response, proxy, callee));
    reply_apology(&response);
    document = answer_of(&response);
    assert_xpath(document, "count(//Number)", "0");
    xmlFreeDoc(document);
    response_free(&response);
}

/* cmocka's assertions work on its own thread only, so this one counts. */
static void *reply_often(void *argument)
{
    int *good = argument;
    struct response response;
    reply_start_thread();
    for (int i = 0; i < 200; i++) {
        response_init(&response);
        *good += dial(&response, proxy, callee);
        response_free(&response);
    }
    return NULL;
}

static void a_text_and_what_its_writer_is_told_come_from_different_numbers(void **state)
{
    (void)state;
    struct response response;
    const struct texts texts = {.dialled = {14155550101},
                                .shows = proxy,
                                .receiver = callee,
                                .text = "hello",
                                .length = 5,
                                .sender = {14156667777},
                                .notice = "no pictures",
                                .public_url = "",
                                .id = "m"};
    response_init(&response);
    assert_true(reply_texts(&response, &texts));
    xmlDoc *document = answer_of(&response);
    assert_xpath(document, "concat(//Message[1]/@src, ' ', //Message[1]/@dst, ' ', //Message[1])",
                 "14155550100 14156667778 hello");
    assert_xpath(document, "concat(//Message[2]/@src, ' ', //Message[2]/@dst, ' ', //Message[2])",
                 "14155550101 14156667777 no pictures");
    xmlFreeDoc(document);
    response_free(&response);
}

static void threads_reply_at_once(void **state)
{
    (void)state;
    pthread_t threads[8];
    int good[8] = {0};
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reply_often, &good[i]), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(good[i], 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dial_shows_the_proxy_and_rings_the_callee),
        cmocka_unit_test(dial_holds_the_longest_numbers),
        cmocka_unit_test(speak_says_the_sentence_and_hangs_up),
        cmocka_unit_test(what_is_spoken_stays_text),
        cmocka_unit_test(the_longest_sentence_outgrows_the_inline_buffer),
        cmocka_unit_test(empty_is_a_response_without_elements),
        cmocka_unit_test(every_dial_with_a_public_url_names_the_proxy_number),
        cmocka_unit_test(what_is_heard_first_comes_first),
        cmocka_unit_test(the_apology_speaks_and_hangs_up),
        cmocka_unit_test(a_later_reply_replaces_an_earlier_one),
        cmocka_unit_test(a_text_and_what_its_writer_is_told_come_from_different_numbers),
        cmocka_unit_test(threads_reply_at_once),
    };
    reply_start();
    reply_start_thread();
    load_schema();
    struct table table = table_read("plivo-response.tsv");
    int failed = table_run("plivo-response.tsv", &table, 0, schema_judges_as_the_table_says);
    table_free(&table);
    failed += cmocka_run_group_tests_name("reply", tests, NULL, NULL);
    xmlRelaxNGFree(schema);
    reply_stop();
    return failed > 0;
}
