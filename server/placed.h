/*
 * placed.h - the webhooks of a call that we placed (Plivo documentation, "Voice, API, Make a
 * call").
 *
 * Somebody asked for it (sql/requests), number-masking-plivo place had Plivo ring him first, and
 * both the answer URL and the hangup URL of that call are /request/ID. From is the number of ours
 * that is shown, To is who was rung.
 */
#pragma once

#include "fields.h"
#include "service.h"

/* Who was rung has answered: he is asked for a key, so that a mailbox never rings the other side.
 */
extern const struct field placed_answer_fields[];
endpoint_handler placed_answer;

/* GetDigits' action, /request/key/ID: the key was pressed, and the other side is rung. */
extern const struct field placed_key_fields[];
endpoint_handler placed_key;

/* The call is over, also where nobody answered: its request ends, and the event is recorded as any.
 */
endpoint_handler placed_hangup;
