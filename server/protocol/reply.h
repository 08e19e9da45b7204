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
#include "prompt.h"
#include "response.h"

/* Once, in main, before there are threads; and at the very end. */
void reply_start(void);
void reply_stop(void);

/* First on each thread that replies: libxml2 keeps a little memory per thread, and would
 * crash instead of failing if it found none in the middle of a document. */
void reply_start_thread(void);

/* Whom to ring, and what is to be told about it. */
struct dial {
    struct number proxy, callee;
    const char *public_url;             /* "": Plivo tells nothing, and its own limits hold */
    long ring_timeout, call_time_limit; /* seconds; with a public_url only */
    bool callee_events;                 /* Plivo tells of the callee's leg too */
    const struct prompt *greeting;      /* the caller hears this first, or NULL */
    const struct prompt *announcement;  /* the call is recorded, and the caller hears this */
    bool confirms;                      /* the callee must press a key; with a public_url only */
    const char *greets_callee;          /* CallUUID: the callee hears of its order; NULL: not */
};

/* <Dial callerId="proxy"><Number>callee</Number></Dial>. The caller ID is what keeps
 * the caller's number hidden: Plivo shows the real one when it is left out. A call that is
 * recorded has the announcement and <Record> before that. false: out of memory, and the
 * response is the apology. */
MUST_CHECK bool reply_dial(struct response *response, const struct dial *dial);

/* <Speak> or <Play>, then <Hangup/>. What XML cannot carry must not be in it. */
void reply_prompt(struct response *response, const struct prompt *prompt);

/* <Speak> or <Play> for each, and no more: what one side of a call hears while the other waits. */
void reply_announcement(struct response *response, const struct prompt prompts[], size_t count);

/* What somebody is asked to press. */
struct keys {
    const char *public_url;
    const char *path; /* where it is sent: below public_url */
    const char *valid;
    int count;
};

/* <GetDigits> around the prompt; what is entered goes to the path. Then <Hangup/>, for who enters
 * nothing. Plivo does not log the digits. */
void reply_ask_keys(struct response *response, const struct prompt *prompt,
                    const struct keys *keys);

/* Texts to send on, and what their sender is told; either may be missing. */
struct texts {
    struct number dialled;  /* the number written to: from it the sender is told */
    struct number shows;    /* the number from which it is sent on */
    struct number receiver; /* 0: nothing is sent on */
    const char *text;       /* not terminated; cut into messages as text.h says */
    size_t length;
    struct number sender; /* 0: he is told nothing */
    const char *notice;
    const char *public_url; /* "": Plivo does not tell what became of them */
    const char *id;         /* of the message that came in */
};

/* <Message src="shows" dst="receiver">text</Message>, one for each part of it, then one to the
 * sender. What XML cannot carry must not be in them. false: out of memory, and nothing is sent. */
MUST_CHECK bool reply_texts(struct response *response, const struct texts *texts);

/* <Response/>: nothing (more) to do. */
void reply_empty(struct response *response);

/* The apology, from memory that is always there. */
void reply_apology(struct response *response);
