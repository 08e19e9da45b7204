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
#include "outcome.h"
#include "paths.h"
#include "questions.h"
#include "reply.h"

/* The prompt that came with the answer, or the built-in one where there is none. */
static const struct prompt *prompt_or_builtin(const struct prompt *prompt, struct prompt *builtin,
                                              const char *event)
{
    if (prompt != NULL && prompt->words[0] != '\0')
        return prompt;
    prompt_builtin(builtin, event);
    return builtin;
}

/* Nobody is rung: outcome, which need not be one that this server knows, says why. */
static void turn_away(struct response *response, const char *outcome, const struct prompt *prompt)
{
    struct prompt builtin;
    response_outcome(response, outcome);
    reply_prompt(response, prompt_or_builtin(prompt, &builtin, outcome));
}

/* The same without the database: the built-in sentence is spoken. */
static void refuse(struct response *response, enum outcome outcome)
{
    turn_away(response, outcome_label(outcome), NULL);
}

/* With no hangup URL of its own, an application gets its hangup events at the answer URL
 * (Plivo documentation, "Account, Application"): the call is over, nobody is to ring. */
bool call_is_over(const struct form *form)
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

/* Promise 4: what was decided without the database is written once it is back. */
static void apologise(struct service *service, const struct call *call, struct response *response)
{
    struct apology apology = {.dialled = call->dialled, .ask = call->ask, .at_ms = clock_ms()};
    memcpy(apology.uuid, call->uuid, sizeof apology.uuid);
    post_apology(service, &apology);
    refuse(response, OUTCOME_APOLOGISED);
}

/* The checks repeat what the database promises: showing a caller his own number, or none,
 * would be the one mistake nobody can take back. false: no memory for it. */
static bool connect_call(const struct config *config, const struct call *call,
                         const struct call_answer *answer, bool is_support,
                         struct response *response)
{
    struct prompt builtin;
    struct number shows = answer->shows.value != 0 ? answer->shows : call->dialled;
    if (answer->counterpart.value == 0 || shows.value == answer->counterpart.value ||
        shows.value == call->caller.value || call->dialled.value == 0 ||
        answer->counterpart.value == call->caller.value ||
        answer->counterpart.value == call->dialled.value) {
        log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
        refuse(response, OUTCOME_MALFORMED);
        return true;
    }
    const struct dial dial = {
        .proxy = shows,
        .callee = answer->counterpart,
        .public_url = config->public_url,
        .ring_timeout = config->ring_timeout,
        .call_time_limit = config->call_time_limit,
        .callee_events = config->callee_events,
        .confirms = config->confirm_calls && !is_support,
        .announcement =
            config->record_calls && !is_support
                ? prompt_or_builtin(&answer->prompt, &builtin, outcome_event(OUTCOME_ANNOUNCEMENT))
                : NULL};
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
    enum outcome outcome = outcome_of(OUTCOME_OF_CALLS, answer->outcome);
    if (outcome == OUTCOME_CONNECTED)
        return connect_call(config, call, answer, false, response);
    /* Helps whoever is asked "why did it not connect me?" to find the line. */
    number_print_redacted(call->caller, caller);
    response_note(response, "caller=%s", caller);
    if (outcome == OUTCOME_SUPPORT)
        return connect_call(config, call, answer, true, response);
    if (answer->digits > 0 && config->public_url[0] != '\0') {
        response_outcome(response, answer->outcome);
        reply_ask_code(response, prompt_or_builtin(&answer->prompt, &builtin, answer->outcome),
                       config->public_url, attempt, answer->digits);
    } else {
        turn_away(response, answer->outcome, &answer->prompt);
    }
    return true;
}

/* Gives the answer, if there is one, or the apology. */
static void conclude(struct service *service, enum switchboard_status status,
                     const struct call *call, const struct call_answer *answer, int attempt,
                     struct response *response)
{
    if (status == SWITCHBOARD_ANSWERED) {
        if (give_answer(service->config, call, answer, attempt, response))
            return;
        response_note(response, "reason=out_of_memory");
    }
    apologise(service, call, response);
}

/* What every webhook of a caller's leg has. false: refused already. */
static bool read_call(const struct form *form, struct call *call, struct response *response)
{
    *call = (struct call){.ask = service_new_ask()};
    if (!fields_read_uuid(form, "CallUUID", call->uuid, response)) {
        refuse(response, OUTCOME_MALFORMED);
        return false;
    }
    fields_note_uuid(call->uuid, "call", response);
    call->caller = fields_read_caller(form, response);
    call->dialled = fields_read_number(form, "To", response);
    return true;
}

void call_answer(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call call;
    struct call_answer answer;
    if (call_is_over(webhook->form)) {
        event_hangup(service, webhook, response);
        return;
    }
    if (read_call(webhook->form, &call, response))
        conclude(service, ask_call(service, webhook, &call, &answer, response), &call, &answer, 1,
                 response);
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
    struct call_answer answer;
    struct entered_code entered = {0};
    if (!read_call(webhook->form, &call, response))
        return;
    memcpy(entered.uuid, call.uuid, sizeof entered.uuid);
    entered.caller = call.caller;
    entered.dialled = call.dialled;
    entered.ask = call.ask;
    entered.attempt = webhook->request->path[strlen(PATH_CODE)] - '0'; /* as in endpoints.c */
    response_note(response, "attempt=%d", entered.attempt);
    read_code(webhook->form, entered.code);
    conclude(service, ask_code(service, webhook, &entered, &answer, response), &call, &answer,
             entered.attempt + 1, response);
}
