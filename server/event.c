/* event.c - see event.h. */
#include "event.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fields.h"
#include "log.h"
#include "metrics.h"
#include "outcome.h"
#include "questions.h"
#include "reply.h"

/* ---- which parameters are kept, and how their values must look ---- */

enum shape {
    WORDS,  /* "Normal Hangup", "no-answer": letters and a little punctuation */
    AMOUNT, /* "12", "0.00475" */
    TIME,   /* "2026-11-24 06:00:00" */
    LINK,   /* "https://media.plivo.com/..." */
};

struct parameter {
    const char *name;
    enum shape shape;
};

/* Everything that is not listed stays out of the database, above all From, To, DialBLegFrom
 * and DialBLegTo. */
static const struct parameter action_parameters[] = {
    {"DialStatus", WORDS}, {"DialRingStatus", WORDS}, {"DialHangupCause", WORDS}, {NULL, WORDS}};

static const struct parameter dial_parameters[] = {{"DialBLegDuration", AMOUNT},
                                                   {"DialBLegBillDuration", AMOUNT},
                                                   {"DialBLegTotalCost", AMOUNT},
                                                   {"DialBLegHangupCauseName", WORDS},
                                                   {"DialBLegHangupCauseCode", AMOUNT},
                                                   {"DialBLegHangupSource", WORDS},
                                                   {"StartTime", TIME},
                                                   {"AnswerTime", TIME},
                                                   {"EndTime", TIME},
                                                   {NULL, WORDS}};

static const struct parameter hangup_parameters[] = {
    {"CallStatus", WORDS},       {"Duration", AMOUNT},    {"BillDuration", AMOUNT},
    {"TotalCost", AMOUNT},       {"HangupCause", WORDS},  {"HangupCauseName", WORDS},
    {"HangupCauseCode", AMOUNT}, {"HangupSource", WORDS}, {"StartTime", TIME},
    {"AnswerTime", TIME},        {"EndTime", TIME},       {NULL, WORDS}};

static const struct parameter recording_parameters[] = {
    {"RecordUrl", LINK}, {"RecordingDuration", AMOUNT}, {NULL, WORDS}};

/* Seven digits might be a phone number, and none of these texts has a reason to hold them. */
static bool holds_number(const char *text)
{
    int digits = 0;
    for (; *text != '\0'; text++)
        if (*text >= '0' && *text <= '9' && ++digits == 7)
            return true;
    return false;
}

static bool is_amount(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    return whole > 0 && whole <= 9 && fraction <= 9 &&
           text[whole + (text[whole] == '.' ? 1 + fraction : 0)] == '\0';
}

static bool is_time(const char *text)
{
    static const char shape[] = "0000-00-00 00:00:00";
    if (strlen(text) < sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    return text[strspn(text, "0123456789-: .")] == '\0';
}

static bool is_link(const char *text)
{
    if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("\"<>\\", *text) != NULL)
            return false;
    return true;
}

static bool has_shape(const char *text, enum shape shape)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789 _-.,:()/&'";
    switch (shape) {
    case WORDS:
        return text[strspn(text, letters)] == '\0' && !holds_number(text);
    case AMOUNT:
        return is_amount(text);
    case TIME:
        return is_time(text);
    case LINK:
        return is_link(text);
    }
    return false;
}

/* Adds one parameter to the event, if it came, has a value and looks as it must. */
static void keep(struct call_event *event, const struct form *form,
                 const struct parameter *parameter, struct response *response)
{
    struct form_text text;
    char value[EVENT_VALUE];
    if (form_find(form, parameter->name, &text) != FORM_OK || text.length == 0)
        return;
    if (text.length >= sizeof value) {
        response_note(response, "%s=\"is too long\"", parameter->name);
        return;
    }
    memcpy(value, text.bytes, text.length);
    value[text.length] = '\0';
    if (strlen(value) != text.length || !has_shape(value, parameter->shape))
        response_note(response, "%s=\"is unusual\"", parameter->name);
    else if (!call_event_add(event, parameter->name, value))
        response_note(response, "%s=\"does not fit\"", parameter->name);
}

/* ---- writing an event ---- */

/* Waits until the event is written, so that Plivo's 200 means that it is; when the database
 * does not take it by the deadline, it is kept and written as soon as it does. *prompt is
 * what the caller is to hear, or empty. */
static void record(struct service *service, const struct webhook *webhook,
                   const struct call_event *event, struct prompt *prompt, struct response *response)
{
    static struct log_limit limit;
    prompt->words[0] = '\0';
    switch (ask_event(service, webhook, event, prompt, response)) {
    case SWITCHBOARD_ANSWERED:
        return;
    case SWITCHBOARD_REFUSED:
        metrics_count(METRIC_RECORDS_LOST);
        log_event_limited(&limit, LOG_ERROR, "record_lost",
                          "what=record_events reason=\"the database refused it\"");
        return;
    case SWITCHBOARD_TIMEOUT:
    case SWITCHBOARD_FULL:
        response_note(response, "kept=for_later");
        post_event(service, event);
        return;
    }
}

/* What all events share. false when there is no telling which call it is about: then there
 * is nothing to write, and nothing to add to what Plivo knows. */
static bool start_event(struct call_event *event, const char *kind, const struct webhook *webhook,
                        const struct parameter parameters[], struct response *response)
{
    const struct form *form = webhook->form;
    struct form_text text;
    /* DialALegUUID is the caller's leg beyond doubt; where it is absent CallUUID is. */
    const char *name = form_find(form, "DialALegUUID", &text) == FORM_OK && text.length > 0
                           ? "DialALegUUID"
                           : "CallUUID";
    memset(event, 0, sizeof *event);
    if (!fields_read_uuid(form, name, event->uuid, response))
        return false;
    fields_note_uuid(event->uuid, "call", response);
    snprintf(event->kind, sizeof event->kind, "%s", kind);
    event->dialled = fields_read_number(form, "To", response);
    for (; parameters->name != NULL; parameters++)
        keep(event, form, parameters, response);
    return true;
}

/* ---- the webhooks ---- */

/* How ringing ended; a status that the list does not have counts as failed. */
static enum outcome find_dial_end(const struct form *form)
{
    struct form_text text;
    char status[16] = "";
    if (form_find(form, "DialStatus", &text) == FORM_OK && text.length < sizeof status)
        memcpy(status, text.bytes, text.length);
    enum outcome end = outcome_of(OUTCOME_OF_DIAL_STATUS, status);
    return end == OUTCOME_OTHER ? OUTCOME_DIAL_FAILED : end;
}

void event_dial_action(struct service *service, const struct webhook *webhook,
                       struct response *response)
{
    struct call_event event;
    struct prompt prompt = {0};
    enum outcome end = find_dial_end(webhook->form);
    response_outcome(response, outcome_label(end));
    if (start_event(&event, "action", webhook, action_parameters, response))
        record(service, webhook, &event, &prompt, response);
    if (outcome_event(end)[0] == '\0') {
        reply_empty(response);
        return;
    }
    if (prompt.words[0] == '\0')
        prompt_builtin(&prompt, outcome_event(end));
    reply_prompt(response, &prompt);
}

/* "answer", "connected", "hangup": sometimes as DialAction, always as the end of Event. */
static const char *dial_kind(const struct form *form)
{
    static const struct {
        const char *action, *event, *kind;
    } kinds[] = {{"answer", "DialAnswer", "dial_answer"},
                 {"connected", "DialConnected", "dial_connected"},
                 {"hangup", "DialHangup", "dial_hangup"}};
    struct form_text action = {0}, event = {0};
    bool has_action = form_find(form, "DialAction", &action) == FORM_OK;
    bool has_event = form_find(form, "Event", &event) == FORM_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if ((has_action && action.length == strlen(kinds[i].action) &&
             strncasecmp(action.bytes, kinds[i].action, action.length) == 0) ||
            (has_event && event.length == strlen(kinds[i].event) &&
             strncasecmp(event.bytes, kinds[i].event, event.length) == 0))
            return kinds[i].kind;
    return NULL;
}

void event_dial(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call_event event;
    struct prompt prompt;
    const char *kind = dial_kind(webhook->form);
    response_outcome(response, outcome_label(OUTCOME_DIAL_EVENT));
    reply_empty(response);
    if (kind == NULL)
        return; /* keys pressed, or something new: nothing to record */
    response_note(response, "kind=%s", kind);
    if (start_event(&event, kind, webhook, dial_parameters, response))
        record(service, webhook, &event, &prompt, response);
}

void event_hangup(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call_event event;
    struct prompt prompt;
    response_outcome(response, outcome_label(OUTCOME_HANGUP_EVENT));
    reply_empty(response);
    if (start_event(&event, "hangup", webhook, hangup_parameters, response))
        record(service, webhook, &event, &prompt, response);
}

void event_recording(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    struct call_event event;
    struct prompt prompt;
    response_outcome(response, outcome_label(OUTCOME_RECORDING));
    reply_empty(response);
    if (start_event(&event, "recording", webhook, recording_parameters, response))
        record(service, webhook, &event, &prompt, response);
}

/* The callee's leg comes from the proxy number, so that decides his language too. Without a
 * database the English sentence must do: nobody may be recorded unawares. */
void event_announcement(struct service *service, const struct webhook *webhook,
                        struct response *response)
{
    struct prompt_wanted wanted = {.dialled = fields_read_number(webhook->form, "From", response)};
    struct prompt prompt = {0};
    snprintf(wanted.event, sizeof wanted.event, "%s", outcome_event(OUTCOME_ANNOUNCEMENT));
    response_outcome(response, outcome_label(OUTCOME_ANNOUNCEMENT));
    if (ask_prompt(service, webhook, &wanted, &prompt, response) != SWITCHBOARD_ANSWERED ||
        prompt.words[0] == '\0')
        prompt_builtin(&prompt, wanted.event);
    reply_announcement(response, &prompt);
}
