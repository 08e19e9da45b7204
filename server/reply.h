/*
 * reply.h - a decision as Plivo XML, put into a response; the only libxml2 user.
 *
 * Verbs and attributes as in Plivo's documentation, "Voice, XML". Every function
 * leaves HTTP status 200 and a whole document in the response: when memory runs
 * out it is the apology, kept ready as a constant. Any thread.
 */
#pragma once

#include "must_check.h"
#include "number.h"
#include "response.h"

/* Once, in main, before there are threads; and at the very end. */
void reply_start(void);
void reply_stop(void);

/* First on each thread that replies: libxml2 keeps a little memory per thread, and would
 * crash instead of failing if it found none in the middle of a document. */
void reply_start_thread(void);

/* <Dial callerId="proxy"><Number>callee</Number></Dial>. The caller ID is what keeps
 * the caller's number hidden: Plivo shows the real one when it is left out.
 * false: out of memory, and the response is the apology. */
MUST_CHECK bool reply_dial(struct response *response, struct number proxy, struct number callee);

/* The sentence, then <Hangup/>. UTF-8; what XML cannot carry must not be in it. */
void reply_speak(struct response *response, const char *sentence);

/* <Response/>: nothing (more) to do. */
void reply_empty(struct response *response);

/* The apology, from memory that is always there. */
void reply_apology(struct response *response);
