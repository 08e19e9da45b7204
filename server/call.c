/*
 * call.c - see call.h.
 *
 * From the fields of a webhook to a question for the switchboard, and from its answer to
 * what the caller hears. Every path ends in HTTP 200 and valid XML (promise 3), and no path
 * guesses: without an answer from the database nobody is connected.
 */
#include "call.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "outcome.h"
#include "paths.h"
#include "questions.h"
#include "reply.h"

/* What both webhooks are given; the answer URL gets no code. */
struct call_fields {
    char uuid[ID_TEXT];
    struct number caller, dialled;
    char code[CODE]; /* "": none, or one that nobody has */
};
_Static_assert(sizeof(struct call_fields) <= WEBHOOK_FIELDS_BYTES, "a webhook has room for it");

#define FIELD(field) offsetof(struct call_fields, field)

const struct field call_answer_fields[] = {
    {"CallUUID", FIELD_ID, FIELD(uuid), .label = "call"},
    {"From", FIELD_CALLER, FIELD(caller)},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {NULL},
};

const struct field call_code_fields[] = {
    {"CallUUID", FIELD_ID, FIELD(uuid), .label = "call"},
    {"From", FIELD_CALLER, FIELD(caller)},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {"Digits", FIELD_DIGITS, FIELD(code), .room = CODE},
    {NULL},
};

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

void call_refuse(struct response *response, enum outcome outcome)
{
    turn_away(response, outcome_label(outcome), NULL);
}

/* Promise 4: what was decided without the database is written once it is back. */
static void apologise(struct service *service, const struct call *call, struct response *response)
{
    struct apology apology = {.dialled = call->dialled, .ask = call->ask, .at_ms = clock_ms()};
    memcpy(apology.uuid, call->uuid, sizeof apology.uuid);
    post_apology(service->switchboard, &apology);
    call_refuse(response, OUTCOME_APOLOGISED);
}

/* The checks repeat what the database promises: showing a caller his own number, or none,
 * would be the one mistake nobody can take back. false: no memory for it. */
static bool connect_call(const struct config *config, const struct call *call,
                         const struct call_answer *answer, bool is_support,
                         struct response *response)
{
    struct prompt builtin;
    struct number shows = answer->shows.value != 0 ? answer->shows : call->dialled;
    bool greets = config->public_url[0] != '\0'; /* without it this is the tutorial's XML */
    if (answer->counterpart.value <= 0 || shows.value <= 0 ||
        shows.value == answer->counterpart.value || shows.value == call->caller.value ||
        call->dialled.value == 0 || answer->counterpart.value == call->caller.value ||
        answer->counterpart.value == call->dialled.value) {
        log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
        call_refuse(response, OUTCOME_MALFORMED);
        return true;
    }
    const struct dial dial = {
        .proxy = shows,
        .callee = answer->counterpart,
        .public_url = config->public_url,
        .ring_timeout = config->ring_timeout,
        .call_time_limit = config->call_time_limit,
        .callee_events = config->callee_events,
        .greeting = greets && answer->greeting.words[0] != '\0' ? &answer->greeting : NULL,
        .confirms = config->confirm_calls && !is_support,
        .greets_callee = greets && answer->greets_callee ? call->uuid : NULL,
        .announcement =
            config->record_calls && !is_support
                ? prompt_or_builtin(&answer->prompt, &builtin, outcome_event(OUTCOME_ANNOUNCEMENT))
                : NULL};
    response_outcome(response, answer->outcome);
    return reply_dial(response, &dial);
}

/* The answer as XML. keys: where to what is pressed goes, if the answer asks for it. false: no
 * memory for it. */
static bool give_answer(const struct config *config, const struct call *call,
                        const struct call_answer *answer, struct keys keys,
                        struct response *response)
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
        keys.public_url = config->public_url;
        keys.count = answer->digits;
        reply_ask_keys(response, prompt_or_builtin(&answer->prompt, &builtin, answer->outcome),
                       &keys);
    } else {
        turn_away(response, answer->outcome, &answer->prompt);
    }
    return true;
}

void call_conclude(struct service *service, enum switchboard_status status, const struct call *call,
                   const struct call_answer *answer, struct keys keys, struct response *response)
{
    if (status == SWITCHBOARD_ANSWERED) {
        if (give_answer(service->config, call, answer, keys, response))
            return;
        response_note(response, "reason=out_of_memory");
    }
    apologise(service, call, response);
}

/* The same for a call that may be asked for a code. attempt: which try that would be. */
static void conclude(struct service *service, enum switchboard_status status,
                     const struct call *call, const struct call_answer *answer, int attempt,
                     struct response *response)
{
    char path[sizeof PATH_CODE + 12];
    snprintf(path, sizeof path, PATH_CODE "%d", attempt);
    call_conclude(service, status, call, answer, (struct keys){.path = path, .valid = "0123456789"},
                  response);
}

/* false: refused already, as nobody can tell which call it is. */
static bool start_call(const struct call_fields *fields, struct call *call,
                       struct response *response)
{
    *call = (struct call){
        .caller = fields->caller, .dialled = fields->dialled, .ask = service_new_ask()};
    memcpy(call->uuid, fields->uuid, sizeof call->uuid);
    if (call->uuid[0] == '\0')
        call_refuse(response, OUTCOME_MALFORMED);
    return call->uuid[0] != '\0';
}

void call_answer(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call call;
    struct call_answer answer;
    struct asking asking = service_asking(service, webhook);
    if (start_call(webhook->fields, &call, response))
        conclude(service, service_note(response, &asking, ask_call(&asking, &call, &answer)), &call,
                 &answer, 1, response);
}

void call_enter_code(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    const struct call_fields *fields = webhook->fields;
    struct call call;
    struct call_answer answer;
    struct entered_code entered = {0};
    struct asking asking = service_asking(service, webhook);
    if (!start_call(fields, &call, response))
        return;
    memcpy(entered.uuid, call.uuid, sizeof entered.uuid);
    memcpy(entered.code, fields->code, sizeof entered.code);
    entered.caller = call.caller;
    entered.dialled = call.dialled;
    entered.ask = call.ask;
    entered.attempt = webhook->request->path[strlen(PATH_CODE)] - '0'; /* as in endpoints.def */
    response_note(response, "attempt=%d", entered.attempt);
    conclude(service, service_note(response, &asking, ask_code(&asking, &entered, &answer)), &call,
             &answer, entered.attempt + 1, response);
}
