#include "event.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "log.h"
#include "outcome.h"
#include "paths.h"
#include "reply.h"

/* ---- what is read, and what is kept of it ---- */

enum { TOLD_MAX = 8, AMOUNT = 24, TIME = 40, PHRASE = 64, ADDRESS = 512 };

/* Plivo's times are in the time zone of somebody's console, so only the difference of two times of
 * one event is right; 0: did not come. */
struct event_fields {
    char uuid[ID_TEXT];
    struct number dialled;
    struct form_text action, event, status, direction, from;
    int64_t started, taken, ended;
    struct form_text told[TOLD_MAX]; /* what a column of masking.calls keeps */
};
_Static_assert(sizeof(struct event_fields) <= WEBHOOK_FIELDS_BYTES, "a webhook has room for it");

#define FIELD(field) offsetof(struct event_fields, field)
/* A place that told does not have does not compile: divided by zero. */
#define TOLD(place) FIELD(told[(place) / ((place) < TOLD_MAX)])

/* Everything that is not listed stays out of the database, above all From, To, DialBLegFrom
 * and DialBLegTo. DialALegUUID is the caller's leg beyond doubt; where it is absent CallUUID is. */
const struct field event_action_fields[] = {
    {"DialALegUUID", FIELD_ID, FIELD(uuid), .otherwise = "CallUUID", .label = "call"},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {"From", FIELD_PLAIN, FIELD(from)},
    {"Direction", FIELD_PLAIN, FIELD(direction)},
    {"DialStatus", FIELD_WORD, FIELD(status), .room = PHRASE, .column = "dial_status"},
    {"DialRingStatus", FIELD_SWITCH, TOLD(0), .room = AMOUNT, .column = "dial_rang"},
    {"DialHangupCause", FIELD_WORDS, TOLD(1), .room = PHRASE, .column = "dial_cause"},
    {NULL},
};

const struct field event_dial_fields[] = {
    {"DialALegUUID", FIELD_ID, FIELD(uuid), .otherwise = "CallUUID", .label = "call"},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {"From", FIELD_PLAIN, FIELD(from)},
    {"Direction", FIELD_PLAIN, FIELD(direction)},
    {"StartTime", FIELD_TIME, FIELD(started), .room = TIME},
    {"AnswerTime", FIELD_TIME, FIELD(taken), .room = TIME},
    {"EndTime", FIELD_TIME, FIELD(ended), .room = TIME},
    {"DialAction", FIELD_PLAIN, FIELD(action)},
    {"Event", FIELD_PLAIN, FIELD(event)},
    {"DialBLegDuration", FIELD_COUNT, TOLD(0), .room = AMOUNT, .column = "callee_seconds"},
    {"DialBLegTotalCost", FIELD_DECIMAL, TOLD(1), .room = AMOUNT, .column = "callee_cost"},
    {"DialBLegHangupCauseName", FIELD_WORDS, TOLD(2), .room = PHRASE, .column = "callee_cause"},
    {"DialBLegHangupCauseCode", FIELD_COUNT, TOLD(3), .room = AMOUNT, .column = "callee_code"},
    {"DialBLegHangupSource", FIELD_WORDS, TOLD(4), .room = PHRASE, .column = "callee_source"},
    {NULL},
};

const struct field event_hangup_fields[] = {
    {"DialALegUUID", FIELD_ID, FIELD(uuid), .otherwise = "CallUUID", .label = "call"},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {"From", FIELD_PLAIN, FIELD(from)},
    {"Direction", FIELD_PLAIN, FIELD(direction)},
    {"CallStatus", FIELD_WORD, FIELD(status), .room = PHRASE},
    {"StartTime", FIELD_TIME, FIELD(started), .room = TIME},
    {"AnswerTime", FIELD_TIME, FIELD(taken), .room = TIME},
    {"EndTime", FIELD_TIME, FIELD(ended), .room = TIME},
    {"Duration", FIELD_COUNT, TOLD(0), .room = AMOUNT, .column = "caller_seconds"},
    {"TotalCost", FIELD_DECIMAL, TOLD(1), .room = AMOUNT, .column = "caller_cost"},
    {"HangupCauseName", FIELD_WORDS, TOLD(2), .room = PHRASE, .column = "caller_cause"},
    {"HangupCauseCode", FIELD_COUNT, TOLD(3), .room = AMOUNT, .column = "caller_code"},
    {"HangupSource", FIELD_WORDS, TOLD(4), .room = PHRASE, .column = "caller_source"},
    {NULL},
};

const struct field event_recording_fields[] = {
    {"DialALegUUID", FIELD_ID, FIELD(uuid), .otherwise = "CallUUID", .label = "call"},
    {"To", FIELD_NUMBER, FIELD(dialled)},
    {"From", FIELD_PLAIN, FIELD(from)},
    {"Direction", FIELD_PLAIN, FIELD(direction)},
    {"RecordUrl", FIELD_LINK, TOLD(0), .room = ADDRESS, .column = "recording_url"},
    {"RecordingDuration", FIELD_COUNT, TOLD(1), .room = AMOUNT, .column = "recording_seconds"},
    {NULL},
};

/* The callee's leg comes from the proxy number, so that decides his language too. */
const struct field event_announcement_fields[] = {
    {"From", FIELD_NUMBER, FIELD(dialled)},
    {NULL},
};

/* Adds "column": "value" to what the event tells. Neither needs escaping in JSON: no shape has a
 * quote, a backslash or a control character. */
static void tell(struct call_event *event, const char *column, const char *value, size_t length)
{
    size_t told = strlen(event->told) - 1; /* without the closing brace */
    int added = snprintf(event->told + told, sizeof event->told - told, "%s\"%s\":\"%.*s\"}",
                         told == 1 ? "" : ",", column, (int)length, value);
    if (added < 0 || (size_t)added >= sizeof event->told - told)
        memcpy(event->told + told, "}", 2); /* cannot be: see EVENT_TOLD */
}

static void tell_word(struct call_event *event, const char *column, struct form_text text)
{
    char word[PHRASE];
    size_t length = text.length < sizeof word ? text.length : sizeof word;
    for (size_t i = 0; i < length; i++)
        word[i] = (char)tolower((unsigned char)text.bytes[i]);
    tell(event, column, word, length);
}

static void tell_number(struct call_event *event, const char *column, long value)
{
    char text[AMOUNT];
    snprintf(text, sizeof text, "%ld", value);
    tell(event, column, text, strlen(text));
}

static void tell_true(struct call_event *event, const char *column)
{
    tell(event, column, "true", 4);
}

static void tell_rounded(struct call_event *event, const char *column, struct form_text text)
{
    char value[AMOUNT];
    snprintf(value, sizeof value, "%.*s", (int)text.length, text.bytes);
    tell_number(event, column, lround(strtod(value, NULL)));
}

/* Tells how long a leg rang: from its start to its answer or its end. Where summer time begins or
 * ends between the two that is wrong, and nothing rings for an hour. */
static void tell_ringing(struct call_event *event, const struct event_fields *fields,
                         const char *column)
{
    int64_t until = fields->taken != 0 ? fields->taken : fields->ended;
    int64_t rang = until - fields->started;
    if (fields->started != 0 && until != 0 && rang >= 0 && rang <= 3000)
        tell_number(event, column, (long)rang);
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
    struct asking asking = service_asking(service, webhook);
    prompt->words[0] = '\0';
    switch (service_note(response, &asking, ask_event(&asking, event, prompt))) {
    case SWITCHBOARD_ANSWERED:
        return;
    case SWITCHBOARD_REFUSED:
        counters_count(COUNTER_RECORDS_LOST);
        log_event_limited(&limit, LOG_ERROR, "record_lost",
                          "what=record_events reason=\"the database refused it\"");
        return;
    case SWITCHBOARD_TIMEOUT:
    case SWITCHBOARD_FULL:
        if (post_event(service->switchboard, event))
            response_note(response, "kept=for_later");
        else
            response_text(response, 503, "later\n"); /* Plivo tells it again */
        return;
    }
}

/* The number of ours: of a call that we placed it is From, and To somebody's phone. */
static struct number number_of_ours(const struct webhook *webhook)
{
    const struct event_fields *fields = webhook->fields;
    struct number number = {0};
    if (!form_text_is(fields->direction, "outbound") &&
        strncmp(webhook->request->path, PATH_REQUEST, strlen(PATH_REQUEST)) != 0)
        return fields->dialled;
    (void)number_parse(fields->from.bytes, fields->from.length, &number);
    return number;
}

/* What all events share. false when there is no telling which call it is about: then there
 * is nothing to write, and nothing to add to what Plivo knows. */
static bool start_event(struct call_event *event, const struct webhook *webhook,
                        const struct field table[])
{
    const struct event_fields *fields = webhook->fields;
    *event = (struct call_event){.told = "{}", .dialled = number_of_ours(webhook)};
    memcpy(event->uuid, fields->uuid, sizeof event->uuid);
    if (event->uuid[0] == '\0')
        return false;
    for (const struct field *field = table; field->name != NULL; field++) {
        struct form_text text;
        if (field->column == NULL)
            continue;
        memcpy(&text, (const char *)fields + field->offset, sizeof text);
        if (text.length > 0 && field->shape == FIELD_COUNT)
            tell_rounded(event, field->column, text);
        else if (text.length > 0 && field->shape == FIELD_WORD)
            tell_word(event, field->column, text);
        else if (text.length > 0)
            tell(event, field->column, text.bytes, text.length);
    }
    return true;
}

/* ---- the webhooks ---- */

/* How ringing ended; a status that the list does not have counts as failed. */
static enum outcome find_dial_end(struct form_text text)
{
    char status[16] = "";
    if (text.length < sizeof status)
        snprintf(status, sizeof status, "%.*s", (int)text.length,
                 text.length > 0 ? text.bytes : "");
    enum outcome end = outcome_of(OUTCOME_OF_DIAL_STATUS, status);
    return end == OUTCOME_OTHER ? OUTCOME_DIAL_FAILED : end;
}

void event_dial_action(struct service *service, const struct webhook *webhook,
                       struct response *response)
{
    const struct event_fields *fields = webhook->fields;
    struct call_event event;
    struct prompt prompt = {0};
    enum outcome end = find_dial_end(fields->status);
    response_outcome(response, outcome_label(end));
    if (start_event(&event, webhook, event_action_fields)) {
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
static const char *dial_kind(const struct event_fields *fields)
{
    static const struct {
        const char *action, *event, *kind;
    } kinds[] = {{"answer", "DialAnswer", "dial_answer"},
                 {"connected", "DialConnected", "dial_connected"},
                 {"hangup", "DialHangup", "dial_hangup"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (form_text_is(fields->action, kinds[i].action) ||
            form_text_is(fields->event, kinds[i].event))
            return kinds[i].kind;
    return NULL;
}

void event_dial(struct service *service, const struct webhook *webhook, struct response *response)
{
    const struct event_fields *fields = webhook->fields;
    struct call_event event;
    struct prompt prompt;
    const char *kind = dial_kind(fields);
    response_outcome(response, outcome_label(OUTCOME_DIAL_EVENT));
    reply_empty(response);
    if (kind == NULL)
        return; /* keys pressed, or something new: nothing to record */
    response_note(response, "kind=%s", kind);
    if (!start_event(&event, webhook, event_dial_fields))
        return;
    bool has_ended = strcmp(kind, "dial_hangup") == 0;
    if (has_ended)
        tell_ringing(&event, fields, "callee_rang_seconds");
    /* Where a key is asked for, whoever only answered may be a mailbox. */
    bool is_taken = has_ended
                        ? fields->taken != 0
                        : !service->config->confirm_calls || strcmp(kind, "dial_connected") == 0;
    if (is_taken)
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
    if (!start_event(&event, webhook, event_hangup_fields))
        return;
    tell_ringing(&event, webhook->fields, "caller_rang_seconds");
    tell_true(&event, "caller_ended");
    record(service, webhook, &event, &prompt, response);
}

void event_end(const struct webhook *webhook, struct call_end *end)
{
    const struct event_fields *fields = webhook->fields;
    memcpy(end->uuid, fields->uuid, sizeof end->uuid);
    end->shown = number_of_ours(webhook);
    for (size_t i = 0; i < fields->status.length && i < sizeof end->status - 1; i++)
        end->status[i] = (char)tolower((unsigned char)fields->status.bytes[i]);
}

void event_recording(struct service *service, const struct webhook *webhook,
                     struct response *response)
{
    struct call_event event;
    struct prompt prompt;
    response_outcome(response, outcome_label(OUTCOME_RECORDING));
    reply_empty(response);
    if (start_event(&event, webhook, event_recording_fields))
        record(service, webhook, &event, &prompt, response);
}

/* false: there is none, or the database does not say it in time. */
static bool find_sentence(struct service *service, const struct webhook *webhook,
                          enum outcome outcome, const char *uuid, struct prompt *prompt,
                          struct response *response)
{
    const struct event_fields *fields = webhook->fields;
    struct prompt_wanted wanted = {.dialled = fields->dialled};
    struct asking asking = service_asking(service, webhook);
    snprintf(wanted.event, sizeof wanted.event, "%s", outcome_event(outcome));
    snprintf(wanted.uuid, sizeof wanted.uuid, "%s", uuid);
    *prompt = (struct prompt){0};
    return service_note(response, &asking, ask_prompt(&asking, &wanted, prompt)) ==
               SWITCHBOARD_ANSWERED &&
           prompt->words[0] != '\0';
}

/* Without a database the English sentence must do: nobody may be recorded unawares. */
static void find_needed_sentence(struct service *service, const struct webhook *webhook,
                                 enum outcome outcome, struct prompt *prompt,
                                 struct response *response)
{
    if (!find_sentence(service, webhook, outcome, "", prompt, response))
        prompt_builtin(prompt, outcome_event(outcome));
}

void event_announcement(struct service *service, const struct webhook *webhook,
                        struct response *response)
{
    const struct config *config = service->config;
    struct prompt prompts[3];
    size_t count = 0;
    char uuid[ID_TEXT];
    const char *behind = webhook->request->path + strlen(PATH_ANNOUNCEMENT);
    bool greets = id_from_path(behind + (*behind == '/'), uuid);
    response_outcome(response, outcome_label(OUTCOME_ANNOUNCEMENT));
    if (greets) {
        response_note(response, "call=%s", id_is_uuid(uuid) ? uuid : "(not-a-uuid)");
        count +=
            find_sentence(service, webhook, OUTCOME_GREET_CALLEE, uuid, &prompts[count], response);
    }
    if (config->record_calls || !(config->confirm_calls || greets))
        find_needed_sentence(service, webhook, OUTCOME_ANNOUNCEMENT, &prompts[count++], response);
    if (config->confirm_calls)
        find_needed_sentence(service, webhook, OUTCOME_CONFIRMATION, &prompts[count++], response);
    reply_announcement(response, prompts, count);
}
