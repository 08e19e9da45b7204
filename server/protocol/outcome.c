#include "outcome.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *label;
    enum outcome_source source;
    const char *word, *event, *sentence;
} table[OUTCOMES] = {
#define OUTCOME(id, label, source, word, event, sentence) \
    [OUTCOME_##id] = {label, OUTCOME_OF_##source, word, event, sentence},
#include "outcomes.def"
#undef OUTCOME
};

const char *outcome_label(enum outcome outcome)
{
    return table[outcome].label;
}

enum outcome outcome_labelled(const char *label)
{
    for (int i = 0; i < OUTCOMES; i++)
        if (strcmp(table[i].label, label) == 0)
            return (enum outcome)i;
    return OUTCOME_OTHER;
}

enum outcome outcome_of(enum outcome_source source, const char *word)
{
    for (int i = 0; i < OUTCOMES; i++)
        if (table[i].source == source && strcasecmp(table[i].word, word) == 0)
            return (enum outcome)i;
    return OUTCOME_OTHER;
}

const char *outcome_event(enum outcome outcome)
{
    return table[outcome].event;
}

const char *outcome_sentence(const char *event)
{
    for (int i = 0; i < OUTCOMES; i++)
        if (table[i].sentence[0] != '\0' && strcmp(table[i].event, event) == 0)
            return table[i].sentence;
    return table[OUTCOME_MALFORMED].sentence;
}
