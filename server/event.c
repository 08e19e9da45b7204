/* event.c - see event.h. */
#include "event.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fields.h"
#include "log.h"
#include "metrics.h"
#include "outcome.h"
#include "questions.h"
#include "reply.h"

/* ---- what is kept of which parameter, and how its value must look ---- */

enum shape {
    WORDS,   /* "Normal Hangup", "no-answer": letters and a little punctuation */
    DECIMAL, /* "0.00475", kept as it is */
    NUMBER,  /* "12", "12.4": a count of something, rounded */
    SWITCH,  /* "true", "false" */
    LINK,    /* "https://media.plivo.com/..." */
};

/* A parameter of Plivo's, and the column of masking.calls that keeps it. room: of its text, with
 * the terminator; a longer one is nothing that Plivo sends. */
struct parameter {
    const char *name;
    enum shape shape;
    size_t room;
    const char *column;
};

enum { AMOUNT = 24, PHRASE = 64, ADDRESS = 512 };

/* Everything that is not listed stays out of the database, above all From, To, DialBLegFrom
 * and DialBLegTo. */
static const struct parameter action_parameters[] = {
    {"DialStatus", WORDS, PHRASE, "dial_status"},
    {"DialRingStatus", SWITCH, AMOUNT, "dial_rang"},
    {"DialHangupCause", WORDS, PHRASE, "dial_cause"},
    {NULL, WORDS, 0, NULL},
};

static const struct parameter dial_parameters[] = {
    {"DialBLegDuration", NUMBER, AMOUNT, "callee_seconds"},
    {"DialBLegTotalCost", DECIMAL, AMOUNT, "callee_cost"},
    {"DialBLegHangupCauseName", WORDS, PHRASE, "callee_cause"},
    {"DialBLegHangupCauseCode", NUMBER, AMOUNT, "callee_code"},
    {"DialBLegHangupSource", WORDS, PHRASE, "callee_source"},
    {NULL, WORDS, 0, NULL},
};

static const struct parameter hangup_parameters[] = {
    {"Duration", NUMBER, AMOUNT, "caller_seconds"},
    {"TotalCost", DECIMAL, AMOUNT, "caller_cost"},
    {"HangupCauseName", WORDS, PHRASE, "caller_cause"},
    {"HangupCauseCode", NUMBER, AMOUNT, "caller_code"},
    {"HangupSource", WORDS, PHRASE, "caller_source"},
    {NULL, WORDS, 0, NULL},
};

static const struct parameter recording_parameters[] = {
    {"RecordUrl", LINK, ADDRESS, "recording_url"},
    {"RecordingDuration", NUMBER, AMOUNT, "recording_seconds"},
    {NULL, WORDS, 0, NULL},
};

/* Seven digits might be a phone number, and none of these texts has a reason to hold them. */
static bool holds_number(const char *text)
{
    int digits = 0;
    for (; *text != '\0'; text++)
        if (*text >= '0' && *text <= '9' && ++digits == 7)
            return true;
    return false;
}

static bool is_decimal(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    return whole > 0 && whole <= 9 && fraction <= 9 &&
           text[whole + (text[whole] == '.' ? 1 + fraction : 0)] == '\0';
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
    case DECIMAL:
    case NUMBER:
        return is_decimal(text);
    case SWITCH:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    case LINK:
        return is_link(text);
    }
    return false;
}

/* Adds "column": "value" to what the event tells. Neither needs escaping in JSON: no shape has a
 * quote, a backslash or a control character. */
static void tell(struct call_event *event, const char *column, const char *value)
{
    size_t length = strlen(event->told) - 1; /* without the closing brace */
    int added = snprintf(event->told + length, sizeof event->told - length, "%s\"%s\":\"%s\"}",
                         length == 1 ? "" : ",", column, value);
    if (added < 0 || (size_t)added >= sizeof event->told - length)
        memcpy(event->told + length, "}", 2); /* cannot be: see EVENT_TOLD */
}

static void tell_number(struct call_event *event, const char *column, long value)
{
    char text[AMOUNT];
    snprintf(text, sizeof text, "%ld", value);
    tell(event, column, text);
}

static void tell_true(struct call_event *event, const char *column)
{
    tell(event, column, "true");
}

/* A parameter's value as a text; false when it did not come or is empty, and, noted, when it is
 * longer than room or holds a NUL. */
static bool read_value(const struct form *form, const char *name, char *value, size_t room,
                       struct response *response)
{
    struct form_text text;
    if (form_find(form, name, &text) != FORM_OK || text.length == 0)
        return false;
    if (text.length >= room || memchr(text.bytes, '\0', text.length) != NULL) {
        response_note(response, "%s=\"%s\"", name,
                      text.length >= room ? "is too long" : "is unusual");
        return false;
    }
    memcpy(value, text.bytes, text.length);
    value[text.length] = '\0';
    return true;
}

/* Adds one parameter to the event, if it came, has a value and looks as it must. */
static void keep(struct call_event *event, const struct form *form,
                 const struct parameter *parameter, struct response *response)
{
    char value[ADDRESS];
    if (!read_value(form, parameter->name, value, parameter->room, response))
        return;
    if (!has_shape(value, parameter->shape))
        response_note(response, "%s=\"is unusual\"", parameter->name);
    else if (parameter->shape == NUMBER)
        tell_number(event, parameter->column, lround(strtod(value, NULL)));
    else
        tell(event, parameter->column, value);
}

/* Seconds of "2026-11-24 06:00:00" (or with a T between, or fractions after it) since some
 * Thursday, as if every day had 86,400 and the zone were UTC: only differences are used. */
static bool read_time(const struct form *form, const char *name, int64_t *seconds,
                      struct response *response)
{
    char text[40];
    struct tm time = {0};
    if (!read_value(form, name, text, sizeof text, response))
        return false;
    if ((strptime(text, "%Y-%m-%d %H:%M:%S", &time) == NULL &&
         strptime(text, "%Y-%m-%dT%H:%M:%S", &time) == NULL) ||
        time.tm_year < 2000 - 1900 || time.tm_year > 2099 - 1900) {
        response_note(response, "%s=\"is unusual\"", name);
        return false;
    }
    *seconds = timegm(&time);
    return true;
}

/*
 * Adds how long a leg rang: from its start to its answer or its end. Plivo's times are in the time
 * zone of somebody's console, so only the difference of two times of one event is right; where
 * summer time begins or ends between the two it is not, and nothing rings for an hour. Returns
 * whether the leg was answered.
 */
static bool keep_ringing(struct call_event *event, const struct form *form, const char *column,
                         struct response *response)
{
    int64_t started, taken, ended;
    bool has_start = read_time(form, "StartTime", &started, response);
    bool has_end = read_time(form, "EndTime", &ended, response);
    bool answered = read_time(form, "AnswerTime", &taken, response);
    if (has_start && (answered || has_end)) {
        int64_t rang = (answered ? taken : ended) - started;
        if (rang >= 0 && rang <= 3000)
            tell_number(event, column, (long)rang);
    }
    return answered;
}

/* ---- writing an event ---- */

/* Waits until the event is written, so that Plivo's 200 means that it is; when the database
 * does not take it by the deadline, it is kept and written as soon as it does; where even that
 * cannot be, the response is 503. *prompt is
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
        if (post_event(service, event))
            response_note(response, "kept=for_later");
        else
            response_text(response, 503, "later\n"); /* Plivo tells it again */
        return;
    }
}

/* What all events share. false when there is no telling which call it is about: then there
 * is nothing to write, and nothing to add to what Plivo knows. */
static bool start_event(struct call_event *event, const struct webhook *webhook,
                        const struct parameter parameters[], struct response *response)
{
    const struct form *form = webhook->form;
    struct form_text text;
    /* DialALegUUID is the caller's leg beyond doubt; where it is absent CallUUID is. */
    const char *name = form_find(form, "DialALegUUID", &text) == FORM_OK && text.length > 0
                           ? "DialALegUUID"
                           : "CallUUID";
    *event = (struct call_event){.told = "{}"};
    if (!fields_read_uuid(form, name, event->uuid, response))
        return false;
    fields_note_uuid(event->uuid, "call", response);
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
    if (start_event(&event, webhook, action_parameters, response)) {
        event.says = outcome_event(end)[0] == '\0' ? NULL : outcome_event(end);
        if (service->config->confirm_calls && end == OUTCOME_DIAL_COMPLETED)
            tell_true(&event, "callee_confirmed");
        record(service, webhook, &event, &prompt, response);
    }
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
    if (!start_event(&event, webhook, dial_parameters, response))
        return;
    bool has_ended = strcmp(kind, "dial_hangup") == 0;
    bool answered =
        !has_ended || keep_ringing(&event, webhook->form, "callee_rang_seconds", response);
    if (answered)
        tell_true(&event, "callee_answered");
    if (has_ended)
        tell_true(&event, "callee_ended");
    /* Plivo connects only whoever pressed the key. */
    if (service->config->confirm_calls && strcmp(kind, "dial_connected") == 0)
        tell_true(&event, "callee_confirmed");
    record(service, webhook, &event, &prompt, response);
}

void event_hangup(struct service *service, const struct webhook *webhook, struct response *response)
{
    struct call_event event;
    struct prompt prompt;
    response_outcome(response, outcome_label(OUTCOME_HANGUP_EVENT));
    reply_empty(response);
    if (!start_event(&event, webhook, hangup_parameters, response))
        return;
    (void)keep_ringing(&event, webhook->form, "caller_rang_seconds", response);
    tell_true(&event, "caller_ended");
    record(service, webhook, &event, &prompt, response);
}

void event_recording(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    struct call_event event;
    struct prompt prompt;
    response_outcome(response, outcome_label(OUTCOME_RECORDING));
    reply_empty(response);
    if (start_event(&event, webhook, recording_parameters, response))
        record(service, webhook, &event, &prompt, response);
}

/* The callee's leg comes from the proxy number, so that decides his language too. Without a
 * database the English sentence must do: nobody may be recorded unawares. */
static void find_sentence(struct service *service, const struct webhook *webhook,
                          enum outcome outcome, struct prompt *prompt, struct response *response)
{
    struct prompt_wanted wanted = {.dialled = fields_read_number(webhook->form, "From", response)};
    snprintf(wanted.event, sizeof wanted.event, "%s", outcome_event(outcome));
    *prompt = (struct prompt){0};
    if (ask_prompt(service, webhook, &wanted, prompt, response) != SWITCHBOARD_ANSWERED ||
        prompt->words[0] == '\0')
        prompt_builtin(prompt, wanted.event);
}

void event_announcement(struct service *service, const struct webhook *webhook,
                        struct response *response)
{
    struct prompt prompts[2];
    size_t count = 0;
    response_outcome(response, outcome_label(OUTCOME_ANNOUNCEMENT));
    if (service->config->record_calls || !service->config->confirm_calls)
        find_sentence(service, webhook, OUTCOME_ANNOUNCEMENT, &prompts[count++], response);
    if (service->config->confirm_calls)
        find_sentence(service, webhook, OUTCOME_CONFIRMATION, &prompts[count++], response);
    reply_announcement(response, prompts, count);
}
