/* call.h - the webhooks of a call (Plivo documentation, "Voice, XML, Request"). */
#pragma once

#include "service.h"

/* The answer URL: somebody dialled a proxy number; who is to ring? */
endpoint_handler call_answer;

/* GetDigits' action, /code/ATTEMPT: a caller whose phone is not known entered a code. */
endpoint_handler call_enter_code;
