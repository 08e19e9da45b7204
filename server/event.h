/*
 * event.h - what Plivo tells about a call after its answer: how ringing ended, who hung up,
 * what it cost.
 *
 * Deliveries are repeated, reordered and sometimes missing; sql/calls/record_events.sql does not
 * mind. An event that the database cannot take in time is kept and written later. Phone
 * numbers of parties, which several events carry, never leave this file.
 */
#pragma once

#include "fields.h"
#include "service.h"

/* Dial's action: ringing has ended. Says why nobody answered, or ends the call quietly. */
extern const struct field event_action_fields[];
endpoint_handler event_dial_action;

/* Dial's callbackUrl: the callee answered, or his leg ended. */
extern const struct field event_dial_fields[];
endpoint_handler event_dial;

/* The hangup URL: the caller's leg ended. */
extern const struct field event_hangup_fields[];
endpoint_handler event_hangup;

/* What such an event tells of a call that we placed; end->request is left alone. */
void event_end(const struct webhook *webhook, struct call_end *end);

/* Record's callbackUrl: there is a recording now. */
extern const struct field event_recording_fields[];
endpoint_handler event_recording;

/* Dial's confirmSound: what the callee hears before he is connected, or asked for a key. */
extern const struct field event_announcement_fields[];
endpoint_handler event_announcement;
