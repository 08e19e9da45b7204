/* call.h - the webhooks of a call (Plivo documentation, "Voice, XML, Request"). */
#pragma once

#include "fields.h"
#include "service.h"

/* The answer URL: somebody dialled a proxy number; who is to ring? */
extern const struct field call_answer_fields[];
endpoint_handler call_answer;

/* GetDigits' action, /code/ATTEMPT: a caller whose phone is not known entered a code. */
extern const struct field call_code_fields[];
endpoint_handler call_enter_code;
