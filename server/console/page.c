#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

enum open { NOTHING, FACTS, TABLE, STORY, STEPS, BARS };

enum {
    CARDS_BEYOND = 5, /* columns */
    LONG_WORD = 14,   /* letters */
};

static const char *const closing[] = {
    [NOTHING] = "",      [FACTS] = "</dl>\n", [TABLE] = "</tbody></table>\n",
    [STORY] = "</ol>\n", [STEPS] = "</ul>\n", [BARS] = "",
};

static const struct {
    const char *path, *name;
} navigation[] = {
    {"/", "Now"}, {"/order", "Order"}, {"/why", "Why"}, {"/calls", "Calls"}, {"/pool", "Pool"},
};

static void write_navigation(struct page *page)
{
    html(page->out, "<nav aria-label=\"Screens\"><ul>");
    for (size_t i = 0; i < sizeof navigation / sizeof navigation[0]; i++) {
        html(page->out, "<li><a href=\"");
        html(page->out, navigation[i].path);
        html(page->out,
             strcmp(navigation[i].path, page->path) == 0 ? "\" aria-current=\"page\">" : "\">");
        html(page->out, navigation[i].name);
        html(page->out, "</a></li>");
    }
    html(page->out, "</ul></nav>\n");
}

void page_start(struct page *page)
{
    page->out->content_type = "text/html; charset=utf-8";
    page->out->length = 0;
    page->has_begun = page->has_form = page->number_is_ours = false;
    page->open = NOTHING;
}

/* "Order A-1001", where the page is about one. */
static void write_title(struct page *page, const char *subject)
{
    html_text(page->out, page->title);
    if (subject[0] != '\0') {
        html(page->out, " ");
        html_text(page->out, subject);
    }
}

/* From the doctype to the heading. */
static void begin(struct page *page, const char *subject, const char *as_of)
{
    struct response *out = page->out;
    if (page->has_begun)
        return;
    page->has_begun = true;
    html(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              "<link rel=\"stylesheet\" href=\"/style.css\">\n<title>");
    write_title(page, subject);
    html(out, " - number-masking</title></head>\n<body>\n"
              "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>");
    write_navigation(page);
    html(out, "</header>\n<main id=\"main\">\n<h1>");
    write_title(page, subject);
    html(out, "</h1>\n");
    if (as_of[0] != '\0') {
        html(out, "<p class=\"as-of\">As of ");
        html_text(out, as_of);
        html(out, "</p>\n");
    }
}

static void close_open(struct page *page)
{
    if (page->open == BARS)
        bars_write(&page->bars, page->out);
    html(page->out, closing[page->open]);
    page->open = NOTHING;
}

static void open_list(struct page *page, enum open wanted, const char *markup)
{
    if (page->open == (int)wanted)
        return;
    close_open(page);
    html(page->out, markup);
    page->open = wanted;
}

/* ---- the parts of a line ---- */

struct line {
    const char *part, *tone, *link, *key;
    const char *cells[PAGE_CELLS];
};

static const struct {
    const char *link, *href;
} links[] = {
    {"order", "/order?id="},
    {"call", "/call?id="},
    {"number", "/calls?number="},
    {"outcome", "/calls?outcome="},
    {"until", "/calls?until="},
    {"calls_of", "/calls?order="},
    {"before", "/calls?before="},
    {"pool_number", "/pool?number="},
    {"prefix", "/calls?prefix="},
    {"cause", "/calls?cause="},
    {"why", "/why"},
    {"pool", "/pool"},
    {"calls", "/calls"},
};

/* true: an <a> is open. */
static bool start_link(struct page *page, const char *link, const char *key)
{
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (strcmp(links[i].link, link) != 0)
            continue;
        html(page->out, "<a href=\"");
        html(page->out, links[i].href);
        if (strchr(links[i].href, '=') != NULL)
            html_query(page->out, key);
        if (strcmp(link, "before") == 0 && page->more != NULL)
            page->more(page->context);
        html(page->out, "\">");
        return true;
    }
    return false;
}

static void write_linked(struct page *page, const struct line *line, const char *text)
{
    bool is_link = start_link(page, line->link, line->key);
    html_text(page->out, text);
    html(page->out, is_link ? "</a>" : "");
}

/* <tag class="tone">, for the tones that there are. */
static void start_tag(struct page *page, const char *tag, const char *tone)
{
    static const char *const tones[] = {"good", "warn", "bad", "quiet"};
    html(page->out, "<");
    html(page->out, tag);
    for (size_t i = 0; i < sizeof tones / sizeof tones[0]; i++)
        if (strcmp(tones[i], tone) == 0) {
            html(page->out, " class=\"");
            html(page->out, tone);
            html(page->out, "\"");
        }
    html(page->out, ">");
}

static void write_answer(struct page *page, const struct line *line)
{
    close_open(page);
    html(page->out, "<div class=\"answer\">");
    start_tag(page, "p", line->tone);
    html(page->out, "<strong>");
    write_linked(page, line, line->cells[0]);
    html(page->out, "</strong> ");
    html_text(page->out, line->cells[1]);
    html(page->out, "</p></div>\n");
}

static void write_section(struct page *page, const struct line *line)
{
    close_open(page);
    snprintf(page->section, sizeof page->section, "%s", line->cells[0]);
    html(page->out, "<h2>");
    html_text(page->out, line->cells[0]);
    html(page->out, "</h2>\n");
}

static void write_text(struct page *page, const struct line *line)
{
    close_open(page);
    start_tag(page, "p", line->tone);
    write_linked(page, line, line->cells[0]);
    html(page->out, "</p>\n");
}

static void write_fact(struct page *page, const struct line *line)
{
    open_list(page, FACTS, "<dl>\n");
    html(page->out, "<div><dt>");
    html_text(page->out, line->cells[0]);
    html(page->out, "</dt>");
    start_tag(page, "dd", line->tone);
    write_linked(page, line, line->cells[1]);
    html(page->out, "</dd></div>\n");
}

/* On a phone a table of few columns stays one, and of many each row becomes a card. The roles say
 * again what the elements mean: some browsers then forget that it is a table. */
static void write_columns(struct page *page, const struct line *line)
{
    size_t count = 0;
    while (count < PAGE_CELLS && line->cells[count][0] != '\0')
        count++;
    close_open(page);
    page->linked_column = (size_t)strtoul(line->key, NULL, 10);
    snprintf(page->linked, sizeof page->linked, "%s", line->link);
    html(page->out, count > CARDS_BEYOND ? "<table class=\"cards\"" : "<table");
    html(page->out, " role=\"table\"><caption>");
    html_text(page->out, page->section);
    html(page->out, "</caption><thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < PAGE_CELLS; i++) {
        snprintf(page->columns[i], PAGE_LABEL, "%s", line->cells[i]);
        if (line->cells[i][0] == '\0')
            continue;
        html(page->out, "<th role=\"columnheader\" scope=\"col\">");
        html_text(page->out, line->cells[i]);
        html(page->out, "</th>");
    }
    html(page->out, "</tr></thead><tbody role=\"rowgroup\">\n");
    page->open = TABLE;
}

/* A word that a column of a phone has no room for: it may be broken anywhere, others only between
 * words. */
static bool has_long_word(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, " -\n");
        if (length > LONG_WORD)
            return true;
        text += length;
        text += strspn(text, " -\n");
    }
    return false;
}

static void write_row_head(struct page *page, const struct line *line)
{
    html(page->out, has_long_word(line->cells[0])
                        ? "<th role=\"rowheader\" scope=\"row\" class=\"long\">"
                        : "<th role=\"rowheader\" scope=\"row\">");
    write_linked(page, line, line->cells[0]);
    html(page->out, "</th>");
}

/* What each line of the cell names; but "and 14 more" names nothing. */
static void write_links(struct page *page, const char *text)
{
    char key[1024];
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        snprintf(key, sizeof key, "%.*s", (int)length, text);
        bool is_link = strncmp(key, "and ", 4) != 0 && start_link(page, page->linked, key);
        html_text(page->out, key);
        html(page->out, is_link ? "</a>" : "");
        text += length;
        if (*text == '\n') {
            html(page->out, "<br>");
            text++;
        }
    }
}

static void write_cell(struct page *page, size_t cell, const char *text)
{
    html(page->out, has_long_word(text) ? "<td role=\"cell\" class=\"long\" data-label=\""
                                        : "<td role=\"cell\" data-label=\"");
    html_text(page->out, page->columns[cell]);
    html(page->out, "\">");
    if (cell + 1 == page->linked_column)
        write_links(page, text);
    else
        html_text(page->out, text);
    html(page->out, "</td>");
}

static void write_row(struct page *page, const struct line *line)
{
    if (page->open != TABLE)
        return; /* a row without columns before it: the page function's mistake */
    start_tag(page, "tr role=\"row\"", line->tone);
    write_row_head(page, line);
    for (size_t i = 1; i < PAGE_CELLS; i++)
        if (page->columns[i][0] != '\0')
            write_cell(page, i, line->cells[i]);
    html(page->out, "</tr>\n");
}

static void write_event(struct page *page, const struct line *line)
{
    open_list(page, STORY, "<ol class=\"story\">\n");
    start_tag(page, "li", line->tone);
    html(page->out, "<time>");
    html_text(page->out, line->cells[0]);
    html(page->out, "</time> <span>");
    write_linked(page, line, line->cells[1]);
    html(page->out, "</span></li>\n");
}

static void write_step(struct page *page, const struct line *line)
{
    open_list(page, STEPS, "<ul class=\"steps\">\n");
    start_tag(page, "li", line->tone);
    write_linked(page, line, line->cells[0]);
    html(page->out, "</li>\n");
}

static void write_sql(struct page *page, const struct line *line)
{
    close_open(page);
    html(page->out, "<details><summary>");
    html_text(page->out, line->cells[0]);
    html(page->out, "</summary><pre><code>");
    html_text(page->out, line->cells[1]);
    html(page->out, "</code></pre></details>\n");
}

/* At the place where the database wants it. */
static void write_form(struct page *page, const struct line *line)
{
    (void)line;
    if (page->has_form || page->form == NULL)
        return;
    close_open(page);
    page->has_form = true;
    page->form(page->context);
}

static void write_bars(struct page *page, const struct line *line)
{
    close_open(page);
    bars_start(&page->bars, line->cells[0], line->cells[1]);
    page->open = BARS;
}

static void write_bar(struct page *page, const struct line *line)
{
    if (page->open == BARS)
        bars_add(&page->bars, line->cells);
}

static const struct {
    const char *part;
    void (*write)(struct page *page, const struct line *line);
} parts[] = {
    {"answer", write_answer}, {"section", write_section}, {"text", write_text},
    {"fact", write_fact},     {"columns", write_columns}, {"row", write_row},
    {"event", write_event},   {"step", write_step},       {"sql", write_sql},
    {"form", write_form},     {"bars", write_bars},       {"bar", write_bar},
};

/* A number of ours may be written into a link; whether it is one, the database knows. */
static void note_number(struct page *page, const struct line *line)
{
    if (page->asked_number == NULL)
        return;
    for (size_t i = 0; i < PAGE_CELLS; i++)
        if (strcmp(line->cells[i], page->asked_number) == 0)
            page->number_is_ours = true;
}

void page_line(void *context, const struct db_row *row)
{
    struct page *page = context;
    struct line line = {
        db_borrow(row, 0), db_borrow(row, 1), db_borrow(row, 2), db_borrow(row, 3), {NULL}};
    for (int i = 0; i < PAGE_CELLS; i++)
        line.cells[i] = db_borrow(row, 4 + i);
    note_number(page, &line);
    if (strcmp(line.part, "head") == 0)
        begin(page, line.cells[0], line.cells[1]);
    begin(page, "", "");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(parts[i].part, line.part) == 0)
            parts[i].write(page, &line);
}

void page_say(struct page *page, const char *tone, const char *first, const char *then)
{
    const struct line line = {"answer", tone, "", "", {first, then, "", "", "", "", "", ""}};
    begin(page, "", "");
    write_answer(page, &line);
}

void page_token(struct page *page)
{
    html(page->out, "<input type=\"hidden\" name=\"token\" value=\"");
    html_text(page->out, page->token);
    html(page->out, "\">");
}

void page_end(struct page *page)
{
    struct response *out = page->out;
    begin(page, "", "");
    close_open(page);
    write_form(page, NULL);
    html(out, "</main>\n<footer><p>Times are in ");
    html_text(out, page->time_zone);
    html(out, ". This console reads only");
    if (page->user[0] != '\0') {
        html(out, "; what you look at is on record under the name ");
        html_text(out, page->user);
    }
    html(out, ".</p></footer>\n</body></html>\n");
}
