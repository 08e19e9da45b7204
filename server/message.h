/*
 * message.h - the webhook of a text message: the same routing as for calls.
 *
 * The text goes into the answer, as it was written but for what text.h says, and nowhere else: not
 * into the database, not into a log line. What cannot be asked about is answered with 503, not with
 * 200 as all other webhooks: Plivo sends it again, and 200 would lose it.
 */
#pragma once

#include "fields.h"
#include "service.h"

/* The message URL: somebody wrote to a proxy number; whom to send it to? */
extern const struct field message_forward_fields[];
endpoint_handler message_forward;

/* Message's callbackUrl: what became of a message that was sent on. */
extern const struct field message_status_fields[];
endpoint_handler message_status;
