/*
 * questions.h - what webhooks ask of the database, and leave for it to write.
 *
 * The list of questions, with a typed function for each; a new one is a store function and a line
 * in questions.c. An ask_... waits until the webhook's deadline at most and tells the request's
 * log line how it went; only with SWITCHBOARD_ANSWERED the answer is set. A post_... does not
 * wait: it is written as soon as the database takes it, and what cannot be kept is counted and
 * logged.
 */
#pragma once

#include "must_check.h"
#include "response.h"
#include "service.h"
#include "store.h"
#include "switchboard.h"

MUST_CHECK enum switchboard_status ask_call(struct service *service, const struct webhook *webhook,
                                            const struct call *call, struct call_answer *answer,
                                            struct response *response);
MUST_CHECK enum switchboard_status ask_code(struct service *service, const struct webhook *webhook,
                                            const struct entered_code *code,
                                            struct call_answer *answer, struct response *response);
MUST_CHECK enum switchboard_status
ask_message(struct service *service, const struct webhook *webhook, const struct message *message,
            struct call_answer *answer, struct response *response);
MUST_CHECK enum switchboard_status ask_delivery(struct service *service,
                                                const struct webhook *webhook,
                                                const struct delivery *delivery,
                                                struct response *response);
/* Answered: it is on record, and *prompt is what the caller hears now. */
MUST_CHECK enum switchboard_status ask_event(struct service *service, const struct webhook *webhook,
                                             const struct call_event *event, struct prompt *prompt,
                                             struct response *response);
MUST_CHECK enum switchboard_status ask_prompt(struct service *service,
                                              const struct webhook *webhook,
                                              const struct prompt_wanted *wanted,
                                              struct prompt *prompt, struct response *response);

void post_apology(struct service *service, const struct apology *apology);
void post_message(struct service *service, const struct message *message);
/* false: it is not kept. */
MUST_CHECK bool post_event(struct service *service, const struct call_event *event);
