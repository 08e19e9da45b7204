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
#include "log.h"
#include "metrics.h"
#include "number.h"
#include "reply.h"
#include "store.h"

/* What a caller hears, by outcome. The outcomes are those of masking.answer_calls, and a few
 * that are decided here. */
static const struct {
    const char *outcome;
    const char *sentence;
} sentences[] = {
    {"unknown_caller", "Sorry, we found no order that belongs to your phone number. Goodbye."},
    {"no_caller_id", "Sorry, we can only connect calls that show their phone number. Please call "
                     "again without hiding it. Goodbye."},
    {"malformed", "Sorry, this call cannot be connected. Goodbye."},
    {"apologised",
     "Sorry, we cannot connect your call at the moment. Please try again in a minute."},
};

static const char *sentence_for(const char *outcome)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        if (strcmp(sentences[i].outcome, outcome) == 0)
            return sentences[i].sentence;
    return "Sorry, this call cannot be connected. Goodbye.";
}

static void refuse(struct response *response, const char *outcome)
{
    response_outcome(response, outcome);
    reply_speak(response, sentence_for(outcome));
}

/* Plivo's own ids are UUIDs. Others of the same alphabet are taken, in case that changes, but
 * a text that is not shaped as a UUID stays out of the log: it might be a phone number. */
static bool read_uuid(struct form_text text, char uuid[CALL_UUID])
{
    static const char alphabet[] =
        "0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (text.length == 0 || text.length >= CALL_UUID)
        return false;
    memcpy(uuid, text.bytes, text.length);
    uuid[text.length] = '\0';
    return strspn(uuid, alphabet) == text.length;
}

static bool is_uuid_shaped(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if ((shape[i] == '-') != (text[i] == '-') || (text[i] != '-' && strchr("_", text[i])))
            return false;
    return true;
}

/* A number field: absent, withheld and unreadable all mean "no number"; an honest sender's
 * field has no other way to be wrong, so what is wrong is noted for the log. */
static struct number read_number(const struct form *form, const char *name,
                                 struct response *response)
{
    struct form_text text;
    struct number number = {0};
    enum form_status status = form_find(form, name, &text);
    if (status != FORM_OK)
        response_note(response, "%s=\"%s\"", name, form_status_text(status));
    else if (!number_parse(text.bytes, text.length, &number))
        response_note(response, "%s=\"%s\"", name,
                      text.length == 0 ? "is empty" : "is not a phone number");
    return number;
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
_Static_assert(sizeof(struct call) <= QUESTION_BYTES, "a call fits a question");
_Static_assert(sizeof(struct apology) <= QUESTION_BYTES, "an apology fits a question");

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
    refuse(response, "apologised");
}

/* The answer as XML. The last two checks repeat what the database promises: showing a caller
 * his own number, or none, would be the one mistake nobody can take back. false: no memory for it.
 */
static bool give_answer(const struct call *call, const struct call_answer *answer,
                        struct response *response)
{
    if (strcmp(answer->outcome, "connected") != 0) {
        refuse(response, answer->outcome);
    } else if (answer->counterpart.value == 0 || call->dialled.value == 0 ||
               answer->counterpart.value == call->caller.value ||
               answer->counterpart.value == call->dialled.value) {
        log_event(LOG_ERROR, "impossible_answer", "what=counterpart");
        refuse(response, "malformed");
    } else {
        response_outcome(response, "connected");
        return reply_dial(response, call->dialled, answer->counterpart);
    }
    return true;
}

void call_answer(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call call = {0};
    struct form_text uuid;
    if (is_hangup(webhook->form)) {
        response_outcome(response, "hangup_event");
        reply_empty(response);
        return;
    }
    enum form_status status = form_find(webhook->form, "CallUUID", &uuid);
    if (status != FORM_OK || !read_uuid(uuid, call.uuid)) {
        response_note(response, "CallUUID=\"%s\"",
                      status != FORM_OK ? form_status_text(status) : "is not an id");
        refuse(response, "malformed");
        return;
    }
    response_note(response, "call=%s", is_uuid_shaped(call.uuid) ? call.uuid : "(not-a-uuid)");
    call.caller = read_number(webhook->form, "From", response);
    call.dialled = read_number(webhook->form, "To", response);

    struct call_answer answer;
    unsigned batch = 0;
    int64_t deadline = webhook->request->received_us / 1000 + service->config->answer_deadline_ms;
    switch (
        switchboard_ask(service->switchboard, &answer_question, &call, &answer, deadline, &batch)) {
    case SWITCHBOARD_ANSWERED:
        response_note(response, "batch=%u", batch);
        if (give_answer(&call, &answer, response))
            return;
        response_note(response, "reason=out_of_memory");
        break;
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
