/*
 * bars.h - the picture of a day: calls by hour and what became of them, over the outline of the day
 * before.
 *
 * SVG in the page, of classes and attributes alone: its policy allows no style= and no script.
 * Widths are shares of the page's and heights are pixels, so that words keep their size on a
 * phone. Beside it stands a table of the same.
 */
#pragma once

#include <stdbool.h>

#include "response.h"

enum {
    BARS_HOURS = 25, /* of the day on which clocks are put back */
    BARS_CLASSES = 6,
    BARS_TITLE = 128,
    BARS_SENTENCE = 512,
};

struct bars {
    char title[BARS_TITLE];
    char sentence[BARS_SENTENCE]; /* what a reader of screens says in the place of the picture */
    struct bar {
        char hour[8];
        long counts[BARS_CLASSES]; /* as bars_classes */
        long day_before;
    } hours[BARS_HOURS];
    size_t count;
};

/* What a call counts as: the class of the style sheet, the same word in the list of calls, and what
 * people read. */
struct bars_class {
    const char *name, *words;
};
extern const struct bars_class bars_classes[BARS_CLASSES];

void bars_start(struct bars *bars, const char *title, const char *sentence);
/* One hour: "14", the counts by class, the calls of that hour the day before; as texts. */
void bars_add(struct bars *bars, const char *const cells[2 + BARS_CLASSES]);
void bars_write(const struct bars *bars, struct response *out);
