/*
 * outcome.h - what may become of a webhook: the list of outcomes.def, for the C.
 */
#pragma once

#include <stdbool.h>

#define OUTCOME(id, label, source, word, event, sentence) OUTCOME_##id,
enum outcome {
#include "outcomes.def"
    OUTCOMES,
};
#undef OUTCOME

/* Who decides it. */
enum outcome_source {
    OUTCOME_OF_SERVER,
    OUTCOME_OF_CALLS,
    OUTCOME_OF_MESSAGES,
    OUTCOME_OF_DIAL_STATUS
};

/* For metrics and log. */
const char *outcome_label(enum outcome outcome);

/* The outcome that has this label. OUTCOME_OTHER: none. */
enum outcome outcome_labelled(const char *label);

/* The outcome whose word that is, at its source. OUTCOME_OTHER: none. */
enum outcome outcome_of(enum outcome_source source, const char *word);

/* What is heard then, as masking.prompts.event has it. "": nothing. */
const char *outcome_event(enum outcome outcome);

/* The English sentence for an event; for one that the list does not have, that the call cannot
 * be connected. */
const char *outcome_sentence(const char *event);
