/*
 * id.h - what Plivo calls a call or a message: CallUUID, MessageUUID.
 *
 * Plivo's own are UUIDs. Others of the same alphabet are taken, in case that changes.
 */
#pragma once

#include <stdbool.h>

enum { ID_TEXT = 65 }; /* 64 characters and the terminator; Plivo sends 36 */

/* Is it made of the letters of Plivo's ids, and not empty? */
bool id_is_valid(const char *text);

/* Has it the shape of a UUID? A text that has not stays out of the log: it might be a phone
 * number. */
bool id_is_uuid(const char *text);

/* The id that a path ends in, but for a slash behind it; end: the path from there on. false, and
 * "": none. */
bool id_from_path(const char *end, char id[static ID_TEXT]);
