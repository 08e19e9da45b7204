#include "bars.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

enum {
    COUNT_MAX = 999999999,
    PLOT = 180,     /* pixels from the ground to the top of the scale */
    ABOVE = 16,     /* for what is drawn taller than it is, and the scale's own words */
    BELOW = 24,     /* for the hours */
    SEEN = 3,       /* one call among thousands is still seen */
    HOURS_STEP = 3, /* which hours are written: on a phone there is no room for all */
};

const struct bars_class bars_classes[BARS_CLASSES] = {
    {"answered", "answered"},
    {"not_taken", "rung, not taken"},
    {"not_put_through", "could not be put through"},
    {"turned_away", "nobody was rung"},
    {"apologised", "heard an apology"},
    {"open", "no end told yet"},
};

void bars_start(struct bars *bars, const char *title, const char *sentence)
{
    *bars = (struct bars){.count = 0};
    snprintf(bars->title, sizeof bars->title, "%s", title);
    snprintf(bars->sentence, sizeof bars->sentence, "%s", sentence);
}

static long read_count(const char *text)
{
    long count = strtol(text, NULL, 10);
    return count < 0 ? 0 : count > COUNT_MAX ? COUNT_MAX : count;
}

void bars_add(struct bars *bars, const char *const cells[2 + BARS_CLASSES])
{
    if (bars->count == BARS_HOURS)
        return;
    struct bar *bar = &bars->hours[bars->count++];
    snprintf(bar->hour, sizeof bar->hour, "%s", cells[0]);
    for (size_t i = 0; i < BARS_CLASSES; i++)
        bar->counts[i] = read_count(cells[1 + i]);
    bar->day_before = read_count(cells[1 + BARS_CLASSES]);
}

static long total_of(const struct bar *bar)
{
    long total = 0;
    for (size_t i = 0; i < BARS_CLASSES; i++)
        total += bar->counts[i];
    return total;
}

static long highest_of(const struct bars *bars)
{
    long highest = 1;
    for (size_t i = 0; i < bars->count; i++) {
        long total = total_of(&bars->hours[i]), day_before = bars->hours[i].day_before;
        long higher = total > day_before ? total : day_before;
        highest = higher > highest ? higher : highest;
    }
    return highest;
}

/* The scale's: 1, 2 or 5 and zeros, so that four steps at most reach the tallest bar. */
static long step_of(long highest)
{
    for (long tens = 1;; tens *= 10)
        for (long factor = 1; factor <= 5; factor += factor == 1 ? 1 : 3)
            if (tens * factor * 4 >= highest)
                return tens * factor;
}

/* Dials that failed are told from what else is red by more than its shade. A style sheet cannot
 * name a pattern of the page, so the attribute does. */
static const char hatch[] =
    "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><rect class=\"between\" width=\"6\" height=\"6\"/>"
    "<rect class=\"line\" width=\"3\" height=\"6\"/></pattern></defs>\n";

static const char *fill_of(size_t kind)
{
    return strcmp(bars_classes[kind].name, "not_put_through") == 0 ? " fill=\"url(#hatch)\"" : "";
}

struct drawing {
    struct response *out;
    double slot; /* of an hour, in percent of the width */
    long top;    /* what the scale reaches */
};

__attribute__((format(printf, 2, 3))) static void draw(const struct drawing *drawing,
                                                       const char *format, ...)
{
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    html(drawing->out, text);
}

static double height_of(const struct drawing *drawing, long count)
{
    return (double)count * PLOT / (double)drawing->top;
}

static double y_of(const struct drawing *drawing, long count)
{
    return ABOVE + PLOT - height_of(drawing, count);
}

static void draw_scale(const struct drawing *drawing, long step)
{
    for (long at = 0; at <= drawing->top; at += step) {
        double y = y_of(drawing, at);
        draw(drawing, "<line class=\"scale\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>", y,
             y);
        draw(drawing, "<text x=\"-8\" y=\"%.1f\" text-anchor=\"end\">%ld</text>\n", y + 4, at);
    }
}

/* What a pointer over the hour shows. */
static void draw_words(const struct drawing *drawing, const struct bar *bar)
{
    html(drawing->out, "<title>");
    html_text(drawing->out, bar->hour);
    draw(drawing, ":00: %ld calls", total_of(bar));
    for (size_t i = 0; i < BARS_CLASSES; i++)
        if (bar->counts[i] > 0)
            draw(drawing, ", %ld %s", bar->counts[i], bars_classes[i].words);
    draw(drawing, "; the day before %ld</title>", bar->day_before);
}

static void draw_bar(const struct drawing *drawing, const struct bar *bar, size_t place)
{
    double x = drawing->slot * (double)place, y = ABOVE + PLOT;
    html(drawing->out, "<g>");
    draw_words(drawing, bar);
    draw(drawing, "<rect class=\"hour\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\"/>", x,
         ABOVE, drawing->slot, PLOT);
    for (size_t i = 0; i < BARS_CLASSES; i++) {
        if (bar->counts[i] == 0)
            continue;
        double height = height_of(drawing, bar->counts[i]);
        height = height < SEEN ? SEEN : height;
        y -= height;
        draw(drawing,
             "<rect class=\"%s\"%s x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\"/>",
             bars_classes[i].name, fill_of(i), x + drawing->slot * 0.14, y, drawing->slot * 0.72,
             height);
    }
    html(drawing->out, "</g>\n");
}

/* A line over each hour, and what joins it with the one before. */
static void draw_day_before(const struct drawing *drawing, const struct bars *bars)
{
    double before = ABOVE + PLOT;
    for (size_t i = 0; i < bars->count; i++) {
        double x = drawing->slot * (double)i, y = y_of(drawing, bars->hours[i].day_before);
        draw(drawing,
             "<line class=\"day_before\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" y2=\"%.1f\"/>", x,
             x, before, y);
        draw(drawing,
             "<line class=\"day_before\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
             x, x + drawing->slot, y, y);
        before = y;
    }
}

static void draw_hours(const struct drawing *drawing, const struct bars *bars)
{
    for (size_t i = 0; i < bars->count; i += HOURS_STEP) {
        draw(drawing, "<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"middle\">",
             drawing->slot * ((double)i + 0.5), ABOVE + PLOT + BELOW - 6);
        html_text(drawing->out, bars->hours[i].hour);
        html(drawing->out, "</text>");
    }
}

/* Colours alone do not tell them apart: each has its words and count here. */
static void write_legend(const struct bars *bars, struct response *out)
{
    char count[32];
    html(out, "<ul class=\"legend\">");
    for (size_t i = 0; i <= BARS_CLASSES; i++) {
        long sum = 0;
        for (size_t hour = 0; hour < bars->count; hour++)
            sum += i < BARS_CLASSES ? bars->hours[hour].counts[i] : bars->hours[hour].day_before;
        snprintf(count, sizeof count, "%ld ", sum);
        html(out, "<li><svg width=\"14\" height=\"14\" aria-hidden=\"true\">");
        if (i < BARS_CLASSES) {
            html(out, "<rect class=\"");
            html(out, bars_classes[i].name);
            html(out, "\"");
            html(out, fill_of(i));
            html(out, " width=\"14\" height=\"14\"/>");
        } else {
            html(out, "<line class=\"day_before\" x1=\"0\" x2=\"14\" y1=\"7\" y2=\"7\"/>");
        }
        html(out, "</svg> <strong>");
        html(out, count);
        html(out, "</strong>");
        html(out, i < BARS_CLASSES ? bars_classes[i].words : "the day before, all");
        html(out, "</li>");
    }
    html(out, "</ul>\n");
}

static void write_table(const struct bars *bars, struct response *out)
{
    char count[32];
    html(out, "<details><summary>The same as a table</summary><table class=\"numbers\"><caption>");
    html_text(out, bars->title);
    html(out, "</caption><thead><tr><th scope=\"col\">Hour</th>");
    for (size_t i = 0; i < BARS_CLASSES; i++) {
        html(out, "<th scope=\"col\">");
        html(out, bars_classes[i].words);
        html(out, "</th>");
    }
    html(out, "<th scope=\"col\">the day before, all</th></tr></thead><tbody>\n");
    for (size_t hour = 0; hour < bars->count; hour++) {
        const struct bar *bar = &bars->hours[hour];
        html(out, "<tr><th scope=\"row\">");
        html_text(out, bar->hour);
        html(out, "</th>");
        for (size_t i = 0; i <= BARS_CLASSES; i++) {
            snprintf(count, sizeof count, "<td>%ld</td>",
                     i < BARS_CLASSES ? bar->counts[i] : bar->day_before);
            html(out, count);
        }
        html(out, "</tr>\n");
    }
    html(out, "</tbody></table></details>\n");
}

void bars_write(const struct bars *bars, struct response *out)
{
    struct drawing drawing = {.out = out};
    long highest = highest_of(bars), step = step_of(highest);
    drawing.top = (highest + step - 1) / step * step;
    drawing.slot = 100.0 / (double)(bars->count > 0 ? bars->count : 1);
    html(out, "<figure class=\"day\"><figcaption>");
    html_text(out, bars->title);
    html(out, "</figcaption>\n");
    draw(&drawing, "<svg role=\"img\" height=\"%d\" aria-label=\"", ABOVE + PLOT + BELOW);
    html_text(out, bars->sentence);
    html(out, "\">\n");
    html(out, hatch);
    draw_scale(&drawing, step);
    for (size_t i = 0; i < bars->count; i++)
        draw_bar(&drawing, &bars->hours[i], i);
    draw_day_before(&drawing, bars);
    draw_hours(&drawing, bars);
    html(out, "</svg>\n");
    write_legend(bars, out);
    write_table(bars, out);
    html(out, "</figure>\n");
}
