/*
 * message.h - the webhook of a text message: the same routing as for calls.
 *
 * The text goes into the answer untouched and nowhere else: not into the database, not into
 * a log line.
 */
#pragma once

#include "service.h"

/* The message URL: somebody wrote to a proxy number; whom to send it to? */
endpoint_handler message_forward;
