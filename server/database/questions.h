/*
 * questions.h - what webhooks ask of the database, and leave for it to write.
 *
 * The list of questions, with a typed function for each; a new one is a store function and a line
 * in questions.c. An ask_... waits until its deadline at most; only with SWITCHBOARD_ANSWERED the
 * answer is set. A post_... does not wait: it is written as soon as the database takes it, and
 * what cannot be kept is counted and logged.
 */
#pragma once

#include "must_check.h"
#include "store.h"
#include "switchboard.h"

/* Whom to ask, and until when. */
struct asking {
    struct switchboard *switchboard;
    int64_t deadline_ms; /* in clock_ms() */
    unsigned batch;      /* how many shared the statement; set when answered */
};

MUST_CHECK enum switchboard_status ask_call(struct asking *asking, const struct call *call,
                                            struct call_answer *answer);
MUST_CHECK enum switchboard_status ask_code(struct asking *asking, const struct entered_code *code,
                                            struct call_answer *answer);
MUST_CHECK enum switchboard_status
ask_placed(struct asking *asking, const struct placed_call *placed, struct call_answer *answer);
MUST_CHECK enum switchboard_status ask_end(struct asking *asking, const struct call_end *end);
MUST_CHECK enum switchboard_status ask_message(struct asking *asking, const struct message *message,
                                               struct call_answer *answer);
MUST_CHECK enum switchboard_status ask_delivery(struct asking *asking,
                                                const struct delivery *delivery);
/* Answered: it is on record, and *prompt is what the caller hears now. */
MUST_CHECK enum switchboard_status ask_event(struct asking *asking, const struct call_event *event,
                                             struct prompt *prompt);
MUST_CHECK enum switchboard_status
ask_prompt(struct asking *asking, const struct prompt_wanted *wanted, struct prompt *prompt);

void post_apology(struct switchboard *switchboard, const struct apology *apology);
void post_message(struct switchboard *switchboard, const struct message *message);
/* false: it is not kept. */
MUST_CHECK bool post_event(struct switchboard *switchboard, const struct call_event *event);
