/*
 * call.c - see call.h.
 *
 * From the fields of a webhook to a question for the switchboard, and from its answer to
 * what the caller hears. Every path ends in HTTP 200 and valid XML (promise 3), and no path
 * guesses: without an answer from the database nobody is connected.
 */
#include "call.h"

#include <string.h>

#include "clock.h"
#include "event.h"
#include "fields.h"
#include "log.h"
#include "metrics.h"
#include "paths.h"
#include "reply.h"
#include "store.h"

/* The prompt that came with the answer, or the built-in one where there is none. */
static const struct prompt *prompt_or_builtin(const struct prompt *prompt, struct prompt *builtin,
                                              const char *event)
{
    if (prompt != NULL && prompt->words[0] != '\0')
        return prompt;
    prompt_builtin(builtin, event);
    return builtin;
}

/* Nobody is rung. */
static void refuse(struct response *response, const char *outcome, const struct prompt *prompt)
{
    struct prompt builtin;
    response_outcome(response, outcome);
    reply_prompt(response, prompt_or_builtin(prompt, &builtin, outcome));
}

/* With no hangup URL of its own, an application gets its hangup events at the answer URL
 * (Plivo documentation, "Account, Application"): the call is over, nobody is to ring. */
static bool is_hangup(const struct form *form)
{
    static const char *const over[] = {"completed", "busy",      "failed",
                                       "timeout",   "no-answer", "cancel"};
    if (form_equals(form, "Event", "Hangup"))
        return true;
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++)
        if (form_equals(form, "CallStatus", over[i]))
            return true;
    return false;
}

static enum db_status ask_answer(struct db *db, const void *inputs, void *answers, size_t count)
{
    return store_answer_calls(db, inputs, answers, count);
}

static enum db_status ask_code(struct db *db, const void *inputs, void *answers, size_t count)
{
    return store_answer_codes(db, inputs, answers, count);
}

static enum db_status ask_apologies(struct db *db, const void *inputs, void *answers, size_t count)
{
    (void)answers;
    return store_record_apologies(db, inputs, count);
}

static const struct question answer_question = {.name = "answer_calls",
                                                .input_size = sizeof(struct call),
                                                .answer_size = sizeof(struct call_answer),
                                                .ask = ask_answer};
static const struct question code_question = {.name = "answer_codes",
                                              .input_size = sizeof(struct entered_code),
                                              .answer_size = sizeof(struct call_answer),
                                              .ask = ask_code};
static const struct question apology_question = {.name = "record_apologies",
                                                 .input_size = sizeof(struct apology),
                                                 .answer_size = 0,
                                                 .ask = ask_apologies};
_Static_assert(sizeof(struct call) <= QUESTION_INPUT_BYTES, "a call fits a question");
_Static_assert(sizeof(struct entered_code) <= QUESTION_INPUT_BYTES, "so does a code");
_Static_assert(sizeof(struct call_answer) <= QUESTION_ANSWER_BYTES, "their answer fits too");
_Static_assert(sizeof(struct apology) <= QUESTION_INPUT_BYTES, "an apology fits a question");

/* Promise 4: what was decided without the database is written once it is back. */
static void apologise(struct service *service, const struct call *call, struct response *response)
{
    static struct log_limit limit;
    struct apology apology = {.dialled = call->dialled, .at_ms = clock_ms()};
    memcpy(apology.uuid, call->uuid, sizeof apology.uuid);
    if (!switchboard_post(service->switchboard, &apology_question, &apology)) {
        metrics_count(METRIC_RECORDS_LOST);
        log_event_limited(&limit, LOG_ERROR, "record_lost",
                          "what=apology reason=\"too many are waiting for the database\"");
    }
    refuse(response, "apologised", NULL);
}

/* The checks repeat what the database promises: showing a caller his own number, or none,
 * would be the one mistake nobody can take back. false: no memory for it. */
static bool connect_call(const struct config *config, const struct call *call,
                         const struct call_answer *answer, bool records, struct response *response)
{
    struct prompt builtin;
    if (answer->counterpart.value == 0 || call->dialled.value == 0 ||
        answer->counterpart.value == call->caller.value ||
        answer->counterpart.value == call->dialled.value) {
        log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
        refuse(response, "malformed", NULL);
        return true;
    }
    const struct dial dial = {
        .proxy = call->dialled,
        .callee = answer->counterpart,
        .public_url = config->public_url,
        .ring_timeout = config->ring_timeout,
        .call_time_limit = config->call_time_limit,
        .announcement = records ? prompt_or_builtin(&answer->prompt, &builtin, "recorded") : NULL};
    response_outcome(response, answer->outcome);
    return reply_dial(response, &dial);
}

/* The answer as XML. attempt: which try at a code a question for one would be. false: no
 * memory for it. */
static bool give_answer(const struct config *config, const struct call *call,
                        const struct call_answer *answer, int attempt, struct response *response)
{
    struct prompt builtin;
    char caller[NUMBER_REDACTED];
    if (strcmp(answer->outcome, "connected") == 0)
        return connect_call(config, call, answer, config->record_calls, response);
    /* Helps whoever is asked "why did it not connect me?" to find the line. */
    number_print_redacted(call->caller, caller);
    response_note(response, "caller=%s", caller);
    if (strcmp(answer->outcome, "support") == 0) {
        return connect_call(config, call, answer, false, response);
    } else if (answer->digits > 0 && config->public_url[0] != '\0') {
        response_outcome(response, answer->outcome);
        reply_ask_code(response, prompt_or_builtin(&answer->prompt, &builtin, answer->outcome),
                       config->public_url, attempt, answer->digits);
    } else {
        refuse(response, answer->outcome, &answer->prompt);
    }
    return true;
}

/* Asks, gives the answer or the apology, and tells the log how that went. */
static void ask(struct service *service, const struct webhook *webhook,
                const struct question *question, const void *input, const struct call *call,
                int attempt, struct response *response)
{
    struct call_answer answer;
    if (service_ask(service, webhook, question, input, &answer, response)) {
        if (give_answer(service->config, call, &answer, attempt, response))
            return;
        response_note(response, "reason=out_of_memory");
    }
    apologise(service, call, response);
}

/* What every webhook of a caller's leg has. false: refused already. */
static bool read_call(const struct config *config, const struct form *form, struct call *call,
                      struct response *response)
{
    *call = (struct call){.support = config->support_number,
                          .may_ask = config->public_url[0] != '\0',
                          .records = config->record_calls};
    if (!fields_read_uuid(form, "CallUUID", call->uuid, response)) {
        refuse(response, "malformed", NULL);
        return false;
    }
    fields_note_uuid(call->uuid, "call", response);
    call->caller = fields_read_number(form, "From", response);
    call->dialled = fields_read_number(form, "To", response);
    return true;
}

void call_answer(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call call;
    if (is_hangup(webhook->form)) {
        event_hangup(service, webhook, response);
        return;
    }
    if (read_call(service->config, webhook->form, &call, response))
        ask(service, webhook, &answer_question, &call, &call, 1, response);
}

/* Digits only; anything else is a code that nobody has. */
static void read_code(const struct form *form, char code[CODE])
{
    struct form_text digits;
    code[0] = '\0';
    if (form_find(form, "Digits", &digits) != FORM_OK || digits.length >= CODE)
        return;
    for (size_t i = 0; i < digits.length; i++)
        if (digits.bytes[i] < '0' || digits.bytes[i] > '9')
            return;
    memcpy(code, digits.bytes, digits.length);
    code[digits.length] = '\0';
}

void call_enter_code(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    struct call call;
    struct entered_code entered = {0};
    if (!read_call(service->config, webhook->form, &call, response))
        return;
    memcpy(entered.uuid, call.uuid, sizeof entered.uuid);
    entered.caller = call.caller;
    entered.dialled = call.dialled;
    entered.attempt = webhook->request->path[strlen(PATH_CODE)] - '0'; /* as in endpoints.c */
    response_note(response, "attempt=%d", entered.attempt);
    read_code(webhook->form, entered.code);
    ask(service, webhook, &code_question, &entered, &call, entered.attempt + 1, response);
}
