#include "page.h"

#include <stdio.h>
#include <string.h>

#include "html.h"

enum open { NOTHING, FACTS, TABLE, STORY, STEPS };

static const char *const closing[] = {
    [NOTHING] = "",      [FACTS] = "</dl>\n", [TABLE] = "</tbody></table>\n",
    [STORY] = "</ol>\n", [STEPS] = "</ul>\n",
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
    struct response *out = page->out;
    out->content_type = "text/html; charset=utf-8";
    out->length = 0;
    html(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              "<link rel=\"stylesheet\" href=\"/style.css\">\n<title>");
    html_text(out, page->title);
    html(out, " - number-masking</title></head>\n<body>\n"
              "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>");
    write_navigation(page);
    html(out, "</header>\n<main id=\"main\">\n<h1>");
    html_text(out, page->title);
    html(out, "</h1>\n");
}

static void close_open(struct page *page)
{
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
    {"why", "/why"},
    {"pool", "/pool"},
    {"calls", "/calls"},
};

/* true: an <a> is open. */
static bool start_link(struct page *page, const struct line *line)
{
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (strcmp(links[i].link, line->link) != 0)
            continue;
        html(page->out, "<a href=\"");
        html(page->out, links[i].href);
        if (strchr(links[i].href, '=') != NULL)
            html_query(page->out, line->key);
        if (strcmp(line->link, "before") == 0)
            html(page->out, page->more);
        html(page->out, "\">");
        return true;
    }
    return false;
}

static void write_linked(struct page *page, const struct line *line, const char *text)
{
    bool is_link = start_link(page, line);
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

/* The roles say again what the elements mean: a narrow screen shows rows as blocks, and some
 * browsers then forget that it is a table. */
static void write_columns(struct page *page, const struct line *line)
{
    close_open(page);
    html(page->out, "<table role=\"table\"><caption>");
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

static void write_row_head(struct page *page, const struct line *line)
{
    html(page->out, "<th role=\"rowheader\" scope=\"row\">");
    write_linked(page, line, line->cells[0]);
    html(page->out, "</th>");
}

static void write_cell(struct page *page, const char *column, const char *text)
{
    html(page->out, "<td role=\"cell\" data-label=\"");
    html_text(page->out, column);
    html(page->out, "\">");
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
            write_cell(page, page->columns[i], line->cells[i]);
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

/* What a page asks for itself, at the place where the database wants it. */
static void write_form(struct page *page, const struct line *line)
{
    (void)line;
    close_open(page);
    if (page->form != NULL)
        page->form(page);
}

static const struct {
    const char *part;
    void (*write)(struct page *page, const struct line *line);
} parts[] = {
    {"answer", write_answer}, {"section", write_section}, {"text", write_text},
    {"fact", write_fact},     {"columns", write_columns}, {"row", write_row},
    {"event", write_event},   {"step", write_step},       {"sql", write_sql},
    {"form", write_form},
};

void page_line(void *context, const struct db_row *row)
{
    struct line line = {
        db_borrow(row, 0), db_borrow(row, 1), db_borrow(row, 2), db_borrow(row, 3), {NULL}};
    for (int i = 0; i < PAGE_CELLS; i++)
        line.cells[i] = db_borrow(row, 4 + i);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(parts[i].part, line.part) == 0)
            parts[i].write(context, &line);
}

void page_say(struct page *page, const char *tone, const char *first, const char *then)
{
    const struct line line = {"answer", tone, "", "", {first, then, "", "", "", "", "", ""}};
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
    close_open(page);
    html(out, "</main>\n<footer><p>Times are in ");
    html_text(out, page->time_zone);
    html(out, ". This console reads only");
    if (page->user[0] != '\0') {
        html(out, "; what you look at is on record under the name ");
        html_text(out, page->user);
    }
    html(out, ".</p></footer>\n</body></html>\n");
}
