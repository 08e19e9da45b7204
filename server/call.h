/* call.h - the webhooks of a call (Plivo documentation, "Voice, XML, Request"). */
#pragma once

#include "fields.h"
#include "outcome.h"
#include "reply.h"
#include "service.h"

/* The answer URL: somebody dialled a proxy number; who is to ring? */
extern const struct field call_answer_fields[];
endpoint_handler call_answer;

/* GetDigits' action, /code/ATTEMPT: a caller whose phone is not known entered a code. */
extern const struct field call_code_fields[];
endpoint_handler call_enter_code;

/* Gives the answer to a question about a call, whoever asked it: Dial, a sentence, or keys to press
 * (path says where to, valid which), and where there is no answer the apology. */
void call_conclude(struct service *service, enum switchboard_status status, const struct call *call,
                   const struct call_answer *answer, struct keys keys, struct response *response);

/* Nobody is rung, and the database was not asked: the built-in sentence is spoken. */
void call_refuse(struct response *response, enum outcome outcome);
