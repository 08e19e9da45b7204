/*
 * fuzz_request.c - any request, from the endpoints down to the edge of the database, which
 * is a stand-in here: whatever comes, the answer is one Plivo can read, the question asked
 * is in order, nobody is connected whom the database did not name, and a webhook without
 * a signature is refused before anybody is asked.
 *
 * The input: a line "outcome method path query", then header lines "Name: value", an empty
 * line, and the body.
 */
#include "endpoints.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "replay.h"
#include "reply.h"
#include "signer.h"
#include "store.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char token[] = "dG9rZW4tb2YtdGhlLWZ1enplcg";
static const struct number counterpart = {14155550123};

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* --- the stand-in for switchboard.c ------------------------------------ */

static struct {
    enum switchboard_status status;
    const char *outcome;
    int asked;
    struct call call;
} stand_in;

static bool is_number_or_none(struct number number)
{
    return number.value == 0 || (number.value >= 1000000 && number.value <= 999999999999999);
}

/* Or negative: a national number, its leading zero gone. */
static bool is_caller(struct number number)
{
    return is_number_or_none(number) ||
           (number.value <= -100000 && number.value >= -99999999999999);
}

static bool is_question(const struct question *question, const char *name, size_t input_size)
{
    must(strcmp(question->name, name) != 0 || question->input_size == input_size);
    return strcmp(question->name, name) == 0;
}

static void must_be_terminated(const char *text, size_t size)
{
    must(strnlen(text, size) < size);
}

/* Who asks, and whom he dialled, whatever the question is. */
static struct call read_question(const struct question *question, const void *input)
{
    struct call call = {0};
    if (is_question(question, "answer_calls", sizeof call)) {
        call = *(const struct call *)input;
    } else if (is_question(question, "answer_codes", sizeof(struct entered_code))) {
        const struct entered_code *code = input;
        must_be_terminated(code->code, sizeof code->code);
        must(code->attempt >= 1 && code->attempt <= 3);
        memcpy(call.uuid, code->uuid, sizeof call.uuid);
        call.caller = code->caller;
        call.dialled = code->dialled;
    } else if (is_question(question, "answer_messages", sizeof(struct message))) {
        const struct message *message = input;
        must_be_terminated(message->kind, sizeof message->kind);
        memcpy(call.uuid, message->uuid, sizeof call.uuid);
        call.caller = message->sender;
        call.dialled = message->dialled;
    } else if (is_question(question, "record_events", sizeof(struct call_event))) {
        const struct call_event *event = input;
        must_be_terminated(event->told, sizeof event->told);
        must(event->told[0] == '{' && event->told[strlen(event->told) - 1] == '}');
        memcpy(call.uuid, event->uuid, sizeof call.uuid);
        call.dialled = event->dialled;
    } else if (is_question(question, "record_apologies", sizeof(struct apology))) {
        const struct apology *apology = input;
        memcpy(call.uuid, apology->uuid, sizeof call.uuid);
        call.dialled = apology->dialled;
    } else if (is_question(question, "record_deliveries", sizeof(struct delivery))) {
        const struct delivery *delivery = input;
        must_be_terminated(delivery->status, sizeof delivery->status);
        must(delivery->part >= 1 && delivery->part <= delivery->parts && delivery->error >= 0);
        memcpy(call.uuid, delivery->uuid, sizeof call.uuid);
    } else {
        must(is_question(question, "find_prompts", sizeof(struct prompt_wanted)));
        const struct prompt_wanted *wanted = input;
        call.dialled = wanted->dialled;
        memcpy(call.uuid, wanted->uuid, sizeof call.uuid);
        must_be_terminated(call.uuid, sizeof call.uuid);
        must(call.uuid[0] == '\0' || id_is_valid(call.uuid));
        call.uuid[0] = '-';
    }
    must_be_terminated(call.uuid, sizeof call.uuid);
    must(call.uuid[0] != '\0');
    must(is_caller(call.caller) && is_number_or_none(call.dialled));
    return call;
}

enum switchboard_status switchboard_ask(struct switchboard *switchboard,
                                        const struct question *question, const void *input,
                                        void *answer, int64_t deadline_ms, unsigned *batch)
{
    (void)switchboard;
    must(deadline_ms > 0);
    stand_in.asked++;
    stand_in.call = read_question(question, input);
    if (stand_in.status != SWITCHBOARD_ANSWERED)
        return stand_in.status;
    if (batch != NULL)
        *batch = 1;
    if (question->answer_size == 0)
        return SWITCHBOARD_ANSWERED;
    if (question->answer_size == sizeof(struct prompt)) {
        *(struct prompt *)answer = (struct prompt){0};
        return SWITCHBOARD_ANSWERED;
    }
    must(question->answer_size == sizeof(struct call_answer));
    struct call_answer found = {.counterpart = {0}};
    bool connects = strcmp(stand_in.outcome, "connected") == 0;
    const char *outcome = stand_in.outcome;
    if (strcmp(question->name, "answer_messages") == 0) {
        outcome = connects ? "forwarded" : "unknown_sender";
        if (!connects)
            found.prompt = (struct prompt){.words = "Nobody is on this number."};
    }
    memcpy(found.outcome, outcome, strlen(outcome));
    if (connects)
        found.counterpart = counterpart;
    if (strcmp(outcome, "ask_code") == 0)
        found.digits = 6;
    memcpy(answer, &found, sizeof found);
    return SWITCHBOARD_ANSWERED;
}

bool switchboard_post(struct switchboard *switchboard, const struct question *question,
                      const void *input)
{
    (void)switchboard;
    (void)read_question(question, input);
    return true;
}

bool switchboard_is_ready(struct switchboard *switchboard)
{
    (void)switchboard;
    return stand_in.status == SWITCHBOARD_ANSWERED;
}

size_t switchboard_waiting(struct switchboard *switchboard)
{
    (void)switchboard;
    return 0;
}

size_t switchboard_posts(struct switchboard *switchboard, double *oldest_seconds)
{
    (void)switchboard;
    *oldest_seconds = 0;
    return 0;
}

/* --- from bytes to a request -------------------------------------------- */

static char *next_word(char **rest, const char *end)
{
    char *word = strsep(rest, end);
    if (*rest == NULL)
        *rest = word + strlen(word);
    return word;
}

static void choose_outcome(char letter)
{
    static const struct {
        char letter;
        enum switchboard_status status;
        const char *outcome;
    } choices[] = {
        {'c', SWITCHBOARD_ANSWERED, "connected"}, {'u', SWITCHBOARD_ANSWERED, "unknown_caller"},
        {'a', SWITCHBOARD_ANSWERED, "ask_code"},  {'n', SWITCHBOARD_ANSWERED, "new_outcome"},
        {'t', SWITCHBOARD_TIMEOUT, ""},           {'f', SWITCHBOARD_FULL, ""},
        {'r', SWITCHBOARD_REFUSED, ""},
    };
    memset(&stand_in, 0, sizeof stand_in);
    stand_in.outcome = "connected";
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        if (choices[i].letter == letter) {
            stand_in.status = choices[i].status;
            stand_in.outcome = choices[i].outcome;
        }
}

/* The text is cut up in place; the request borrows from it. */
static struct request read_request(char *text, size_t size)
{
    struct request request = {.received_us = clock_us()};
    char *rest = text, *line = next_word(&rest, "\n");
    choose_outcome(next_word(&line, " ")[0]);
    request.method = next_word(&line, " ");
    request.path = next_word(&line, " ");
    if (line[0] != '\0')
        request.query = line;
    while (request.header_count < REQUEST_HEADERS_MAX) {
        line = next_word(&rest, "\n");
        if (line[0] == '\0')
            break;
        struct request_header *header = &request.headers[request.header_count++];
        header->name = next_word(&line, ":");
        header->value = line + strspn(line, " ");
    }
    request.body_length = size - (size_t)(rest - text);
    request.body = rest;
    return request;
}

/* --- what must hold ------------------------------------------------------- */

static bool is_named(const xmlNode *node, const char *name)
{
    return node != NULL && xmlStrEqual(node->name, BAD_CAST name);
}

static void check_dial(xmlNode *dial)
{
    char wanted[NUMBER_TEXT], shown[NUMBER_TEXT];
    xmlChar *caller_id = xmlGetProp(dial, BAD_CAST "callerId");
    xmlChar *number = xmlNodeGetContent(dial->children);
    must(stand_in.asked == 1 && strcmp(stand_in.outcome, "connected") == 0);
    number_print(counterpart, wanted);
    number_print(stand_in.call.dialled, shown);
    must(is_named(dial->children, "Number") && xmlStrEqual(number, BAD_CAST wanted));
    must(shown[0] != '\0' && xmlStrEqual(caller_id, BAD_CAST shown));
    must(stand_in.call.caller.value != counterpart.value);
    xmlFree(number);
    xmlFree(caller_id);
}

static void check_message(xmlNode *message)
{
    char wanted[NUMBER_TEXT], shown[NUMBER_TEXT];
    xmlChar *src = xmlGetProp(message, BAD_CAST "src"), *dst = xmlGetProp(message, BAD_CAST "dst");
    must(stand_in.asked == 1);
    number_print(strcmp(stand_in.outcome, "connected") == 0 ? counterpart : stand_in.call.caller,
                 wanted);
    number_print(stand_in.call.dialled, shown);
    must(shown[0] != '\0' && xmlStrEqual(src, BAD_CAST shown));
    must(wanted[0] != '\0' && xmlStrEqual(dst, BAD_CAST wanted) && message->next == NULL);
    xmlFree(src);
    xmlFree(dst);
}

static void check_answer(const struct response *response)
{
    xmlDoc *document = xmlReadMemory(response->body, (int)response->length, "answer.xml", NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOBLANKS);
    must(document != NULL);
    xmlNode *root = xmlDocGetRootElement(document);
    must(is_named(root, "Response"));
    if (is_named(root->children, "Dial"))
        check_dial(root->children);
    else if (is_named(root->children, "Message"))
        check_message(root->children);
    else
        must(root->children == NULL || is_named(root->children, "Speak") ||
             is_named(root->children, "GetDigits"));
    must(response->outcome[0] != '\0');
    xmlFreeDoc(document);
}

static int dispatch(struct service *service, struct request *request)
{
    struct response response;
    response_init(&response);
    endpoints_dispatch(service, request, &response);
    int status = response.status;
    bool is_xml = strcmp(response.content_type, "application/xml") == 0;
    must(status == 200 || status == 403 || status == 404 || status == 405 || status == 503);
    must(!is_xml || status == 200);
    if (is_xml)
        check_answer(&response);
    must(strnlen(response.note, RESPONSE_NOTE) < RESPONSE_NOTE);
    response_free(&response);
    return status;
}

static void sign(const struct service *service, struct request *request,
                 char signature[SIGNER_TEXT])
{
    static struct form body;
    char *storage = malloc(request->body_length + 1);
    bool post = strcmp(request->method, "POST") == 0;
    body.count = 0;
    must(storage != NULL);
    if (post && request_has_form(request))
        must(form_decode(&body, request->body, request->body_length, storage) == FORM_OK);
    const struct signed_request signing = {
        .bases = &service->config->public_url,
        .base_count = 1,
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .body = post ? &body : NULL,
        .v3_nonce = "05429567804466091622",
    };
    signer_v3(&signing, token, signature);
    free(storage);
}

static bool fits_a_form(const char *text, size_t length)
{
    static struct form form;
    char *storage = malloc(length + 1);
    form.count = 0;
    must(storage != NULL);
    bool fits = form_decode(&form, text, length, storage) == FORM_OK;
    free(storage);
    return fits;
}

/* A webhook is refused as it came; signed in front of all other headers it is answered as
 * without signatures. */
static void check_signing(struct service *service, struct request *request, int unsigned_status,
                          int unsigned_asked)
{
    char signature[SIGNER_TEXT];
    stand_in.asked = 0;
    int status = dispatch(service, request);
    must(stand_in.asked == 0);
    if (status != 403)
        must(status == unsigned_status); /* no webhook: never signed */
    bool fits = fits_a_form(request->body, request->body_length) &&
                (request->query == NULL || fits_a_form(request->query, strlen(request->query)));
    if (status != 403 || request->header_count > REQUEST_HEADERS_MAX - 2 || !fits)
        return;
    sign(service, request, signature);
    memmove(&request->headers[2], &request->headers[0],
            request->header_count * sizeof request->headers[0]);
    request->headers[0] = (struct request_header){"X-Plivo-Signature-V3", signature};
    request->headers[1] =
        (struct request_header){"X-Plivo-Signature-V3-Nonce", "05429567804466091622"};
    request->header_count += 2;
    must(dispatch(service, request) == unsigned_status);
    must(stand_in.asked == unsigned_asked);
}

static struct service open_service, signing_service;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char no_url[] = "", url[] = "https://mask.example.com";
    static struct config open_config = {.public_url = no_url, .allow_unsigned = true};
    static struct config signing_config = {.public_urls = {.items = {url}, .count = 1},
                                           .public_url = url};
    (void)argc;
    (void)argv;
    open_config.answer_deadline_ms = signing_config.answer_deadline_ms = 2000;
    signing_config.auth_tokens.items[0] = (char *)(uintptr_t)token;
    signing_config.auth_tokens.count = 1;
    open_service.config = &open_config;
    open_service.keyring = keyring_new(&open_config);
    signing_service.config = &signing_config;
    signing_service.keyring = keyring_new(&signing_config);
    must(open_service.keyring != NULL && signing_service.keyring != NULL);
    log_open(LOG_ERROR);
    reply_start();
    reply_start_thread();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    /* A fresh memory for each input: all are signed with the same nonce. */
    signing_service.replays = replay_new(4);
    must(signing_service.replays != NULL);
    struct request request = read_request(text, size);
    int status = dispatch(&open_service, &request);
    must(status != 403);
    check_signing(&signing_service, &request, status, stand_in.asked);
    replay_free(signing_service.replays);
    free(text);
    return 0;
}
