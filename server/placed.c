/* placed.c - see placed.h. */
#include "placed.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "event.h"
#include "paths.h"
#include "questions.h"

struct placed_fields {
    char uuid[ID_TEXT];
    struct number rung, shown;
    char key[2]; /* "": none was asked for yet, or none pressed */
};
_Static_assert(sizeof(struct placed_fields) <= WEBHOOK_FIELDS_BYTES, "a webhook has room for it");

#define FIELD(field) offsetof(struct placed_fields, field)

const struct field placed_answer_fields[] = {
    {"CallUUID", FIELD_ID, FIELD(uuid), .label = "call"},
    {"To", FIELD_NUMBER, FIELD(rung)},
    {"From", FIELD_NUMBER, FIELD(shown)},
    {NULL},
};

const struct field placed_key_fields[] = {
    {"CallUUID", FIELD_ID, FIELD(uuid), .label = "call"},
    {"To", FIELD_NUMBER, FIELD(rung)},
    {"From", FIELD_NUMBER, FIELD(shown)},
    {"Digits", FIELD_DIGITS, FIELD(key), .room = 2},
    {NULL},
};

static void answer_placed(struct service *service, const struct webhook *webhook,
                          const char *prefix, struct response *response)
{
    const struct placed_fields *fields = webhook->fields;
    char path[sizeof PATH_REQUEST_KEY + ID_TEXT];
    struct call call = {.caller = fields->rung, .dialled = fields->shown, .ask = service_new_ask()};
    struct placed_call placed = {.rung = fields->rung, .shown = fields->shown, .ask = call.ask};
    struct call_answer answer;
    struct asking asking = service_asking(service, webhook);
    memcpy(call.uuid, fields->uuid, sizeof call.uuid);
    memcpy(placed.uuid, fields->uuid, sizeof placed.uuid);
    memcpy(placed.key, fields->key, sizeof placed.key);
    if (placed.uuid[0] == '\0' ||
        !id_from_path(webhook->request->path + strlen(prefix), placed.request)) {
        call_refuse(response, OUTCOME_MALFORMED);
        return;
    }
    snprintf(path, sizeof path, PATH_REQUEST_KEY "%s", placed.request);
    enum switchboard_status status =
        service_note(response, &asking, ask_placed(&asking, &placed, &answer));
    if (status == SWITCHBOARD_ANSWERED)
        call.dialled = answer.shows; /* From need not have come */
    call_conclude(service, status, &call, &answer, (struct keys){.path = path, .valid = "1"},
                  response);
}

void placed_answer(struct service *service, const struct webhook *webhook,
                   struct response *response)
{
    answer_placed(service, webhook, PATH_REQUEST, response);
}

/* Without a digit, or with another one, it is asked for again. */
void placed_key(struct service *service, const struct webhook *webhook, struct response *response)
{
    answer_placed(service, webhook, PATH_REQUEST_KEY, response);
}

/* The request first: the feed tells of a call that is about an order. Where the database does not
 * take it in time Plivo tells it again; by then the event, which is kept, is no news. */
void placed_hangup(struct service *service, const struct webhook *webhook,
                   struct response *response)
{
    struct call_end end = {0};
    struct asking asking = service_asking(service, webhook);
    event_end(webhook, &end);
    bool is_ours = end.uuid[0] != '\0' &&
                   id_from_path(webhook->request->path + strlen(PATH_REQUEST), end.request);
    bool is_told =
        is_ours && service_note(response, &asking, ask_end(&asking, &end)) == SWITCHBOARD_ANSWERED;
    event_hangup(service, webhook, response);
    if (is_ours && !is_told)
        response_text(response, 503, "later\n");
}
