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
#include "reply.h"
#include "store.h"

/* Nobody is rung. What the caller hears comes with the answer, if there was one. */
static void refuse(struct response *response, const char *outcome, const struct prompt *prompt)
{
    struct prompt builtin;
    response_outcome(response, outcome);
    if (prompt == NULL || prompt->words[0] == '\0') {
        prompt_builtin(&builtin, outcome);
        prompt = &builtin;
    }
    reply_prompt(response, prompt);
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

static enum db_status ask_apologies(struct db *db, const void *inputs, void *answers, size_t count)
{
    (void)answers;
    return store_record_apologies(db, inputs, count);
}

static const struct question answer_question = {"answer_calls", sizeof(struct call),
                                                sizeof(struct call_answer), ask_answer};
static const struct question apology_question = {"record_apologies", sizeof(struct apology), 0,
                                                 ask_apologies};
_Static_assert(sizeof(struct call) <= QUESTION_INPUT_BYTES, "a call fits a question");
_Static_assert(sizeof(struct call_answer) <= QUESTION_ANSWER_BYTES, "its answer fits too");
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

/* The answer as XML. The last two checks repeat what the database promises: showing a caller
 * his own number, or none, would be the one mistake nobody can take back. */
static void give_answer(const struct config *config, const struct call *call,
                        const struct call_answer *answer, struct response *response)
{
    if (strcmp(answer->outcome, "connected") != 0) {
        refuse(response, answer->outcome, &answer->prompt);
    } else if (answer->counterpart.value == 0 || call->dialled.value == 0 ||
               answer->counterpart.value == call->caller.value ||
               answer->counterpart.value == call->dialled.value) {
        log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
        refuse(response, "malformed", NULL);
    } else {
        const struct dial dial = {.proxy = call->dialled,
                                  .callee = answer->counterpart,
                                  .public_url = config->public_url,
                                  .ring_timeout = config->ring_timeout,
                                  .call_time_limit = config->call_time_limit};
        response_outcome(response, "connected");
        reply_dial(response, &dial);
    }
}

void call_answer(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call call = {0};
    if (is_hangup(webhook->form)) {
        event_hangup(service, webhook, response);
        return;
    }
    if (!fields_read_uuid(webhook->form, "CallUUID", call.uuid, response)) {
        refuse(response, "malformed", NULL);
        return;
    }
    fields_note_uuid(call.uuid, "call", response);
    call.caller = fields_read_number(webhook->form, "From", response);
    call.dialled = fields_read_number(webhook->form, "To", response);

    struct call_answer answer;
    unsigned batch = 0;
    int64_t deadline = webhook->request->received_us / 1000 + service->config->answer_deadline_ms;
    switch (
        switchboard_ask(service->switchboard, &answer_question, &call, &answer, deadline, &batch)) {
    case SWITCHBOARD_ANSWERED:
        response_note(response, "batch=%u", batch);
        give_answer(service->config, &call, &answer, response);
        return;
    case SWITCHBOARD_TIMEOUT:
        response_note(response, "reason=timeout");
        break;
    case SWITCHBOARD_FULL:
        response_note(response, "reason=queue_full");
        break;
    case SWITCHBOARD_REFUSED:
        response_note(response, "reason=database_refused");
        break;
    }
    apologise(service, &call, response);
}
