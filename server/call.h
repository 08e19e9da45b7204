/* call.h - the webhooks of a call (Plivo documentation, "Voice, XML, Request"). */
#pragma once

#include "service.h"

/* Does the form tell that the call is over, as it does at an answer URL without a hangup URL
 * beside it? */
bool call_is_over(const struct form *form);

/* The answer URL: somebody dialled a proxy number; who is to ring? */
endpoint_handler call_answer;

/* GetDigits' action, /code/ATTEMPT: a caller whose phone is not known entered a code. */
endpoint_handler call_enter_code;
