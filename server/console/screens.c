#include "screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "html.h"
#include "page.h"
#include "statements.h" /* made from sql/ by the Makefile */
#include "style.h"      /* made from style.css by the Makefile */
#include "typed.h"

enum { STORAGE = 8192 };

/* On every page: no script, no frame, nothing from elsewhere, no trace of where one was. */
#define COMMON                                                                            \
    "Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self'; " \
    "frame-ancestors 'none'; base-uri 'none'\r\n"                                         \
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"                 \
    "X-Frame-Options: DENY\r\nCross-Origin-Resource-Policy: same-origin\r\n"
static const char common_headers[] = COMMON;
static const char login_headers[] =
    COMMON "WWW-Authenticate: Basic realm=\"number-masking console\", charset=\"UTF-8\"\r\n";
static const char busy_headers[] = COMMON "Retry-After: 3\r\n";

/* What a field holds decides whether it may stand in a URL and be shown again. */
enum field_kind {
    FIELD_ANY,    /* not where it could be a phone number */
    FIELD_NUMBER, /* never: it is one */
    FIELD_TIME,   /* where it is a time, whose digits are no number's */
    FIELD_KEY,    /* made by us: in links only */
};

struct field {
    const char *name; /* NULL behind the last */
    enum field_kind kind;
};

struct visit;

struct screen {
    const char *name, *path, *title;
    struct db_statement statement;
    struct field fields[KEPT_FIELDS]; /* $1[2] and on; $1[1] is who asks */
    const char *required;             /* without this field only the form is shown */
    void (*introduce)(struct visit *visit);
    bool by_handle; /* asks only what was posted, for a handle: it is always about numbers */
};

/* A request as a screen sees it. */
struct visit {
    struct console *console;
    struct page *page;
    const struct screen *screen;
    char user[USER_NAME];
    struct kept_asked asked;
    char handle[KEPT_HANDLE]; /* what is asked goes on from this; "": from nothing */
};

/* ---- what stands in the fields ---- */

static size_t count_fields(const struct screen *screen)
{
    size_t count = 0;
    while (count < KEPT_FIELDS && screen->fields[count].name != NULL)
        count++;
    return count;
}

static const char *value_of(const struct visit *visit, const char *name)
{
    for (size_t i = 0; i < count_fields(visit->screen); i++)
        if (strcmp(visit->screen->fields[i].name, name) == 0)
            return visit->asked.values[i];
    return "";
}

/* Must it stay out of URLs and pages? */
static bool is_secret(enum field_kind kind, const char *value)
{
    switch (kind) {
    case FIELD_NUMBER:
        return value[0] != '\0';
    case FIELD_TIME:
        return typed_could_be_number(value) && !typed_is_time(value);
    case FIELD_KEY:
        return false;
    case FIELD_ANY:
        break;
    }
    return typed_could_be_number(value);
}

static bool is_secret_field(const struct visit *visit, size_t field)
{
    return is_secret(visit->screen->fields[field].kind, visit->asked.values[field]);
}

static bool has_secret(const struct visit *visit)
{
    for (size_t i = 0; i < count_fields(visit->screen); i++)
        if (is_secret_field(visit, i))
            return true;
    return false;
}

static bool has_secret_named(const struct visit *visit, const char *name)
{
    for (size_t i = 0; i < count_fields(visit->screen); i++)
        if (strcmp(visit->screen->fields[i].name, name) == 0)
            return is_secret_field(visit, i);
    return false;
}

/* A handle for what cannot be written down; "" where there is no memory for one. */
static const char *handle_of(struct visit *visit)
{
    if (visit->handle[0] == '\0' && has_secret(visit) &&
        !kept_ask(visit->console->kept, visit->user, &visit->asked, visit->handle))
        visit->handle[0] = '\0';
    return visit->handle;
}

/* ---- what stands above or beside the database's lines ---- */

/* With what must not be shown again, the form carries the handle: left empty, it is as before. */
static void start_form(struct visit *visit)
{
    struct response *out = visit->page->out;
    html(out, "<form method=\"post\" action=\"");
    html(out, visit->screen->path);
    html(out, "\" autocomplete=\"off\">");
    page_token(visit->page);
    if (has_secret(visit) && handle_of(visit)[0] != '\0') {
        html(out, "<input type=\"hidden\" name=\"asked\" value=\"");
        html_text(out, visit->handle);
        html(out, "\">");
    }
}

static void end_form(struct visit *visit, const char *button)
{
    struct response *out = visit->page->out;
    html(out, "<button>");
    html(out, button);
    html(out, "</button>");
    if (has_secret(visit)) {
        html(out, "<a href=\"");
        html(out, visit->screen->path);
        html(out, "\">Begin anew</a>");
    }
    html(out, "</form>\n");
}

/* attributes: more of them, or the placeholder of an empty field. */
static void write_input(struct visit *visit, const char *label, const char *name,
                        const char *attributes, const char *empty)
{
    struct response *out = visit->page->out;
    bool is_hidden = has_secret_named(visit, name);
    const char *value = value_of(visit, name);
    html(out, "<label>");
    html(out, label);
    html(out, " <input name=\"");
    html(out, name);
    html(out, "\" ");
    html(out, attributes);
    if (is_hidden) {
        html(out, " placeholder=\"as before\"");
    } else if (empty[0] != '\0') {
        html(out, " placeholder=\"");
        html(out, empty);
        html(out, "\"");
    }
    if (!is_hidden && value[0] != '\0') {
        html(out, " value=\"");
        html_text(out, value);
        html(out, "\"");
    }
    html(out, "></label>");
}

#define ID_INPUT "maxlength=\"200\" spellcheck=\"false\" autocapitalize=\"off\""
#define TEL_INPUT "maxlength=\"40\" inputmode=\"tel\""

/* Of the order's page, and of the first one: there is nothing to go on from. */
static void write_order_form(struct page *page, const char *id)
{
    struct response *out = page->out;
    html(out, "<form method=\"post\" action=\"/order\" autocomplete=\"off\">");
    page_token(page);
    html(out, "<label>Order id <input name=\"id\" required " ID_INPUT);
    if (id[0] != '\0' && !is_secret(FIELD_ANY, id)) {
        html(out, " value=\"");
        html_text(out, id);
        html(out, "\"");
    }
    html(out, "></label><button>Show the order</button></form>\n");
}

static void introduce_order(struct visit *visit)
{
    write_order_form(visit->page, value_of(visit, "id"));
}

static void introduce_now(struct visit *visit)
{
    html(visit->page->out,
         "<p class=\"intro\">A customer and a delivery agent call each other by a <dfn>proxy "
         "number</dfn>, and neither learns the other's. Each order decides who reaches whom, on "
         "which number, until when. Somebody complains? Begin with the order's id, or with "
         "<a href=\"/why\">who called which number when</a>.</p>\n");
    write_order_form(visit->page, "");
}

static void introduce_why(struct visit *visit)
{
    html(
        visit->page->out,
        "<p class=\"intro\">What became of this call, or who would have been connected, and why or "
        "why not. The numbers stay out of the address and are never shown again; the answer is "
        "yours alone, and kept for ten minutes.</p>\n");
    start_form(visit);
    write_input(visit, "Who called", "from",
                has_secret_named(visit, "from") ? TEL_INPUT : "required " TEL_INPUT,
                "+44 7700 900123");
    write_input(visit, "Number dialled", "to", TEL_INPUT, "empty: the one of the order");
    write_input(visit, "When (19:42, or 2026-11-25 19:42)", "at", "maxlength=\"40\"", "empty: now");
    end_form(visit, "Explain");
}

static void write_option(struct response *out, const char *value, const char *words, bool is_chosen)
{
    html(out, "<option value=\"");
    html_text(out, value);
    html(out, is_chosen ? "\" selected>" : "\">");
    html_text(out, words);
    html(out, "</option>");
}

/* A link leads to a single word too, as "busy", which is none of the options and stays one. */
static void write_outcomes(struct visit *visit)
{
    struct response *out = visit->page->out;
    const char *chosen = value_of(visit, "outcome");
    bool is_known = chosen[0] == '\0' || has_secret_named(visit, "outcome");
    html(out, "<label>What became of it <select name=\"outcome\">");
    write_option(out, "", "everything", false);
    for (size_t i = 0; i < BARS_CLASSES; i++) {
        bool is_chosen = strcmp(bars_classes[i].name, chosen) == 0;
        write_option(out, bars_classes[i].name, bars_classes[i].words, is_chosen);
        is_known |= is_chosen;
    }
    if (!is_known)
        write_option(out, chosen, chosen, true);
    html(out, "</select></label>");
}

static void introduce_calls(struct visit *visit)
{
    start_form(visit);
    write_outcomes(visit);
    write_input(visit, "Order id", "order", ID_INPUT, "");
    write_input(visit, "Number of ours", "number", TEL_INPUT, "");
    write_input(visit, "Country code of who was rung", "prefix",
                "maxlength=\"8\" inputmode=\"tel\"", "34");
    write_input(visit, "Plivo's code", "cause", "maxlength=\"8\" inputmode=\"numeric\"", "2040");
    write_input(visit, "Until (19:42, or 2026-11-25 19:42)", "until", "maxlength=\"40\"",
                "empty: now");
    end_form(visit, "Show calls");
}

static const struct screen screens[] = {
    {"now",
     "/",
     "Now",
     {"console_now", SQL_CONSOLE_NOW, NULL},
     {{NULL}},
     NULL,
     introduce_now,
     false},
    {"order",
     "/order",
     "Order",
     {"console_order", SQL_CONSOLE_ORDER, NULL},
     {{"id", FIELD_ANY}},
     "id",
     introduce_order,
     false},
    {"why",
     "/why",
     "Why did this call not connect?",
     {"console_why", SQL_CONSOLE_WHY, NULL},
     {{"from", FIELD_NUMBER}, {"to", FIELD_NUMBER}, {"at", FIELD_TIME}},
     "from",
     introduce_why,
     true},
    {"calls",
     "/calls",
     "Calls",
     {"console_calls", SQL_CONSOLE_CALLS, NULL},
     {{"outcome", FIELD_ANY},
      {"number", FIELD_ANY},
      {"order", FIELD_ANY},
      {"prefix", FIELD_ANY},
      {"cause", FIELD_ANY},
      {"until", FIELD_TIME},
      {"before", FIELD_KEY}},
     NULL,
     introduce_calls,
     false},
    {"call",
     "/call",
     "Call",
     {"console_call", SQL_CONSOLE_CALL, NULL},
     {{"id", FIELD_ANY}},
     "id",
     NULL,
     false},
    {"pool",
     "/pool",
     "Pool",
     {"console_pool", SQL_CONSOLE_POOL, NULL},
     {{"number", FIELD_ANY}},
     NULL,
     NULL,
     false},
};

static const struct db_statement locks = {"console_locks", SQL_CONSOLE_LOCKS, NULL};

/* ---- what was sent ---- */

/* Trimmed, since people paste blanks along. "": missing or empty. */
static void read_field(struct visit *visit, const struct form *form, const char *name,
                       char value[KEPT_FIELD])
{
    struct form_text text;
    enum form_status status = form_find(form, name, &text);
    text = typed_trimmed(text);
    if ((status != FORM_OK && status != FORM_MISSING) || text.length >= KEPT_FIELD) {
        visit->asked.problem = KEPT_UNREADABLE;
        return;
    }
    memcpy(value, text.bytes, text.length);
    value[text.length] = '\0';
}

static void read_fields(struct visit *visit, const struct form *form)
{
    for (size_t i = 0; i < count_fields(visit->screen); i++)
        read_field(visit, form, visit->screen->fields[i].name, visit->asked.values[i]);
}

/* "": none, or what is none of ours. */
static void read_handle(const struct form *form, char handle[static KEPT_HANDLE])
{
    struct form_text text;
    handle[0] = '\0';
    if (form_find(form, "asked", &text) != FORM_OK || text.length != KEPT_HANDLE - 1)
        return;
    memcpy(handle, text.bytes, text.length);
    handle[text.length] = '\0';
}

/* Empty fields are as they were before: of a form those that it could not show, of a link all. */
static void go_on_from(struct visit *visit, const struct kept_asked *before, bool only_secret)
{
    for (size_t i = 0; i < count_fields(visit->screen); i++)
        if (visit->asked.values[i][0] == '\0' &&
            (!only_secret || is_secret(visit->screen->fields[i].kind, before->values[i])))
            memcpy(visit->asked.values[i], before->values[i], KEPT_FIELD);
}

static bool is_asked(const struct visit *visit)
{
    return visit->screen->required == NULL || value_of(visit, visit->screen->required)[0] != '\0';
}

/* ---- addresses ---- */

/* "/order?id=A-1"; false: too long for one. */
static bool write_address(const struct visit *visit, char address[static RESPONSE_LOCATION])
{
    struct response text;
    const char *before = "?";
    response_init(&text);
    html(&text, visit->screen->path);
    for (size_t i = 0; i < count_fields(visit->screen); i++) {
        if (visit->asked.values[i][0] == '\0')
            continue;
        html(&text, before);
        html(&text, visit->screen->fields[i].name);
        html(&text, "=");
        html_query(&text, visit->asked.values[i]);
        before = "&";
    }
    bool fits = text.status != 503 && text.length < RESPONSE_LOCATION;
    if (fits) {
        memcpy(address, text.body, text.length);
        address[text.length] = '\0';
    }
    response_free(&text);
    return fits;
}

/* What the link to the next lines repeats of this visit's choices. */
static void write_more(void *context)
{
    struct visit *visit = context;
    struct response *out = visit->page->out;
    bool is_kept = has_secret(visit) && !visit->page->number_is_ours;
    if (is_kept) {
        html(out, "&amp;asked=");
        html_query(out, handle_of(visit));
    }
    for (size_t i = 0; i < count_fields(visit->screen); i++) {
        const struct field *field = &visit->screen->fields[i];
        if (visit->asked.values[i][0] == '\0' || field->kind == FIELD_KEY || is_kept)
            continue;
        html(out, "&amp;");
        html(out, field->name);
        html(out, "=");
        html_query(out, visit->asked.values[i]);
    }
}

/* ---- one visit ---- */

static void write_form(void *context)
{
    struct visit *visit = context;
    visit->screen->introduce(visit);
}

/* Of several numbers none counts as shown. */
static const char *asked_number(const struct visit *visit)
{
    const char *number = NULL;
    for (size_t i = 0; i < count_fields(visit->screen); i++) {
        if (!is_secret_field(visit, i))
            continue;
        if (number != NULL)
            return NULL;
        number = visit->asked.values[i];
    }
    return number;
}

static void start(struct visit *visit)
{
    struct page *page = visit->page;
    page_start(page);
    page->form = visit->screen->introduce == NULL ? NULL : write_form;
    page->more = write_more;
    page->context = visit;
    page->asked_number = asked_number(visit);
}

static void say_trouble(struct page *page, enum ask_status status)
{
    page->out->status = 503;
    switch (status) {
    case ASK_OK:
        break;
    case ASK_BUSY:
        page->out->status = 429;
        page->out->headers = busy_headers;
        page_say(page, "warn", "Another page of yours is still being made.",
                 "Wait a moment, then load this one again.");
        break;
    case ASK_LOCKED:
        page_say(
            page, "bad", "The database took too long, and this page gave up.",
            "Where a lock is the reason, callers may hear an apology now: the servers wait for "
            "it too. What holds it stands below, if anything does. Else try again, or ask for "
            "less time.");
        break;
    case ASK_FULL:
        page_say(page, "bad", "The database has no memory or no disk for this page now.",
                 "Callers may hear an apology for the same reason. The console's log says which "
                 "(event=statement_failed).");
        break;
    case ASK_AWAY:
        page_say(
            page, "bad", "This console has no connection to the database.",
            "Its log says why (event=database_down): the database is away, or it refuses this "
            "console's own login (DATABASE_URL). Calls have connections of their own: if a server "
            "has none either, its callers hear an apology, and masking_database_up of its /metrics "
            "is 0.");
        break;
    case ASK_BROKEN:
        page->out->status = 500;
        page_say(page, "bad", "The database's schema does not fit this console.",
                 "Bring it up to date (make migrate), or use the console of its own version. The "
                 "console's log says which statement failed.");
        break;
    }
}

static enum ask_status ask(struct visit *visit, struct seat *seat)
{
    const char *texts[KEPT_FIELDS + 1] = {visit->user};
    size_t fields = count_fields(visit->screen);
    for (size_t i = 0; i < fields; i++)
        texts[i + 1] = visit->asked.values[i][0] == '\0' ? NULL : visit->asked.values[i];
    return asks_run(visit->console->asks, seat, &visit->screen->statement, texts, fields + 1,
                    page_line, visit->page);
}

/* A page that failed is thrown away so far: half an answer is worse than none. Where a lock may be
 * the reason, who holds it is asked on the same connection; that reads nothing one can lock. */
static void show_answer(struct visit *visit)
{
    struct asks *asks = visit->console->asks;
    struct page *page = visit->page;
    struct seat *seat = asks_take(asks, visit->user);
    start(visit);
    enum ask_status status = seat == NULL ? ASK_BUSY : ask(visit, seat);
    if (status != ASK_OK) {
        start(visit);
        say_trouble(page, status);
    }
    if (status == ASK_LOCKED) {
        const char *texts[] = {visit->user};
        if (asks_run(asks, seat, &locks, texts, 1, page_line, page) != ASK_OK)
            page_say(page, "quiet", "Who holds a lock could not be asked either.", "");
    }
    if (seat != NULL)
        asks_leave(asks, seat);
    page_end(page);
}

static const char *sentence_of(enum kept_problem problem)
{
    return problem == KEPT_UNREADABLE ? "One of the fields cannot be read."
                                      : "What you asked before is no longer kept.";
}

static const char *advice_of(enum kept_problem problem)
{
    return problem == KEPT_UNREADABLE
               ? "It held a control character, was too long, or was sent twice."
               : "An answer about phone numbers is kept for ten minutes, for who asked alone. Type "
                 "the "
                 "numbers again.";
}

/* What cannot be asked yet: the form, and what is wrong with it. */
static void show_form(struct visit *visit)
{
    enum kept_problem problem = visit->asked.problem;
    start(visit);
    if (problem != KEPT_FINE) {
        visit->page->out->status = problem == KEPT_UNREADABLE ? 400 : 404;
        page_say(visit->page, "warn", sentence_of(problem), advice_of(problem));
    }
    page_end(visit->page);
}

static bool form_has(const struct form *form, const char *name)
{
    struct form_text text;
    return form_find(form, name, &text) != FORM_MISSING;
}

/* A page of a handle is made once, the first time that it is looked at. */
static void visit_by_get(struct visit *visit, const struct form *form)
{
    struct console *console = visit->console;
    struct kept_asked before;
    struct response *out = visit->page->out;
    char handle[KEPT_HANDLE];
    bool goes_on = form->count > 1; /* a link to older calls: a page of its own */
    out->status = 200;
    read_handle(form, handle);
    if (!goes_on && kept_page(console->kept, visit->user, handle, visit->screen->name, out)) {
        out->content_type = "text/html; charset=utf-8";
        return;
    }
    if (!visit->screen->by_handle)
        read_fields(visit, form);
    if (kept_find(console->kept, visit->user, handle, visit->screen->name, &before)) {
        go_on_from(visit, &before, false);
        visit->asked.problem = before.problem;
        memcpy(visit->handle, handle, sizeof handle);
    } else if (form_has(form, "asked")) {
        visit->asked.problem = KEPT_OUTDATED;
    }
    explicit_bzero(&before, sizeof before);
    if (visit->asked.problem != KEPT_FINE || !is_asked(visit)) {
        show_form(visit);
        return;
    }
    show_answer(visit);
    if (handle[0] != '\0' && !goes_on && out->status == 200)
        kept_answer(console->kept, visit->user, handle, visit->screen->name, out);
}

static void refuse(struct visit *visit, int status, const char *title, const char *why)
{
    visit->page->title = title;
    page_start(visit->page);
    visit->page->out->status = status;
    page_say(visit->page, "warn", title, why);
    page_end(visit->page);
}

/* A form leads to an address: going back never asks whether to send it again. */
static void visit_by_post(struct visit *visit, const struct form *form)
{
    struct response *out = visit->page->out;
    struct kept_asked before;
    char handle[KEPT_HANDLE];
    read_fields(visit, form);
    read_handle(form, handle);
    if (kept_find(visit->console->kept, visit->user, handle, visit->screen->name, &before))
        go_on_from(visit, &before, true);
    else if (form_has(form, "asked"))
        visit->asked.problem = KEPT_OUTDATED;
    explicit_bzero(&before, sizeof before);
    bool needs_handle = visit->screen->by_handle || has_secret(visit) ||
                        visit->asked.problem != KEPT_FINE || !write_address(visit, out->location);
    if (needs_handle) {
        if (!kept_ask(visit->console->kept, visit->user, &visit->asked, handle)) {
            refuse(visit, 503, "Out of memory.", "Try again in a moment.");
            return;
        }
        snprintf(out->location, sizeof out->location, "%s?asked=%s", visit->screen->path, handle);
    }
    response_text(out, 303, "");
}

/* ---- who asks ---- */

const char *const screens_fields[] = {"Authorization",     "Content-Type",    "Sec-Fetch-Site",
                                      "X-Forwarded-Proto", "X-Forwarded-For", NULL};

static bool is_loopback_name(const char *host)
{
    size_t length = strcspn(host, ":");
    return (length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length);
}

/* Without users, only what a browser on this machine (or at the other end of an SSH tunnel) asks
 * by this machine's own name: neither a proxy nor another site's name for 127.0.0.1 will do. */
static const char *problem_of_place(const struct console *console, const struct request *request)
{
    const char *scheme = request_header(request, "X-Forwarded-Proto");
    const char *host = request_header(request, "Host");
    if (console->config->behind == BEHIND_TLS && (scheme == NULL || strcmp(scheme, "https") != 0))
        return "This console answers behind its TLS proxy only, which says so in "
               "X-Forwarded-Proto.\n";
    if (console->users != NULL)
        return NULL;
    if (scheme != NULL || request_header(request, "X-Forwarded-For") != NULL ||
        request_header(request, "Forwarded") != NULL)
        return "This console has no users, so no proxy may publish it: set CONSOLE_USERS_FILE.\n";
    if (host == NULL || !is_loopback_name(host))
        return "Without users this console answers to localhost and 127.0.0.1 only.\n";
    return NULL;
}

/*
 * Has another site made the browser ask this? It sends the credentials along, so a picture or a
 * window of that site would look at an order in the user's name. Browsers say so themselves: since
 * 2023 all of them do, over TLS and to this machine.
 */
static bool is_from_elsewhere(const struct request *request)
{
    const char *site = request_header(request, "Sec-Fetch-Site");
    return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* From where a password comes: by a TLS proxy, as that one says last; else who is connected. */
static const char *source_of(const struct console *console, const struct request *request)
{
    const char *source =
        console->config->behind == BEHIND_TLS ? request_header(request, "X-Forwarded-For") : NULL;
    if (source == NULL)
        return request->sender;
    const char *comma = strrchr(source, ',');
    source = comma == NULL ? source : comma + 1;
    return source + strspn(source, " ");
}

/* false: the response says why. */
static bool is_let_in(struct console *console, const struct request *request, char *user,
                      struct response *response)
{
    const char *problem = problem_of_place(console, request);
    if (problem != NULL) {
        response_text(response, 403, problem);
        return false;
    }
    if (console->users == NULL) {
        snprintf(user, USER_NAME, "local");
        return true;
    }
    switch (users_check(console->users, request_header(request, "Authorization"),
                        source_of(console, request), user)) {
    case USER_KNOWN:
        return true;
    case USER_BUSY:
        response->headers = busy_headers;
        response_text(response, 429, "Too many try to log in: try again in a few seconds.\n");
        return false;
    case USER_MISSING:
    case USER_WRONG:
        break;
    }
    response->headers = login_headers;
    response_text(response, 401, "Name and password, please.\n");
    return false;
}

static bool has_token(const struct visit *visit, const struct form *form)
{
    struct form_text token;
    return form_find(form, "token", &token) == FORM_OK &&
           token_is_valid(visit->user, token.bytes, token.length);
}

static void visit_screen(struct visit *visit, const struct request *request)
{
    struct form form = {.count = 0};
    char small[STORAGE], *storage = small;
    bool is_post = strcmp(request->method, "POST") == 0;
    const char *text = is_post ? request->body : request->query;
    size_t length = is_post ? request->body_length : text == NULL ? 0 : strlen(text);
    visit->page->path = visit->screen->path;
    visit->page->title = visit->screen->title;
    visit->asked.screen = visit->screen->name;
    if (length > sizeof small)
        storage = malloc(length);
    if (storage == NULL) {
        refuse(visit, 503, "Out of memory.", "Try again in a moment.");
        return;
    }
    if ((is_post && !request_has_form(request)) ||
        form_decode(&form, text, length, storage) != FORM_OK)
        refuse(visit, 400, "This is not a form of the console.", "");
    else if (is_post && !has_token(visit, &form))
        refuse(visit, 403, "This form is no longer valid.",
               "It is older than an hour or two, or was not made by this console. Open the page "
               "again from the menu.");
    else if (is_post)
        visit_by_post(visit, &form);
    else
        visit_by_get(visit, &form);
    if (storage != small) {
        explicit_bzero(storage, length);
        free(storage);
    }
    explicit_bzero(small, sizeof small);
}

static const struct screen *find_screen(const char *path)
{
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
        if (strcmp(screens[i].path, path) == 0)
            return &screens[i];
    return NULL;
}

static void send_style(struct response *response)
{
    response->endpoint = "style";
    response->status = 200;
    response->content_type = "text/css; charset=utf-8";
    html(response, STYLE);
}

static bool is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Before anybody is asked for a password. Somebody who came by a link, as of a ticket, goes on by
 * one of ours; a picture cannot. */
static void refuse_elsewhere(const struct console *console, const struct request *request,
                             struct response *response)
{
    const struct screen *screen = find_screen(request->path);
    struct page page = {.out = response,
                        .path = request->path,
                        .title = "A link from another site",
                        .user = "",
                        .time_zone = console->config->time_zone};
    response->endpoint = "elsewhere";
    page_start(&page);
    response->status = 403;
    page_say(
        &page, "warn", "Another site led here, and nothing was looked up.",
        "Whatever is looked up goes on record under your name, so you have to ask for it here.");
    if (screen != NULL && is_read(request->method)) {
        html(response, "<p><a href=\"");
        html(response, screen->path);
        if (request->query != NULL) {
            html(response, "?");
            html_text(response, request->query);
        }
        html(response, "\">Look it up</a></p>\n");
    }
    page_end(&page);
}

static void answer(struct console *console, const struct request *request,
                   struct response *response, char *user)
{
    char token[TOKEN];
    const struct screen *screen = find_screen(request->path);
    struct page page = {.out = response,
                        .path = request->path,
                        .title = "Not found",
                        .user = console->users == NULL ? "" : user,
                        .time_zone = console->config->time_zone,
                        .token = token};
    struct visit *visit = calloc(1, sizeof *visit); /* too large for a worker's stack */
    if (visit == NULL) {
        response_text(response, 503, "Out of memory.\n");
        return;
    }
    visit->console = console;
    visit->page = &page;
    snprintf(visit->user, sizeof visit->user, "%s", user);
    token_make(user, token);
    if (screen == NULL)
        refuse(visit, 404, "Not found.", "The menu leads to what there is.");
    else {
        visit->screen = screen;
        response->endpoint = screen->name;
        visit_screen(visit, request);
    }
    explicit_bzero(visit, sizeof *visit);
    free(visit);
}

void screens_dispatch(void *context, struct request *request, struct response *response)
{
    struct console *console = context;
    char user[USER_NAME];
    response->headers = common_headers;
    if (strcmp(request->path, "/healthz") == 0) {
        response->endpoint = "healthz";
        response_text(response, 200, "ok\n");
    } else if (!is_read(request->method) && strcmp(request->method, "POST") != 0) {
        response_text(response, 405, "method not allowed\n");
        response->allow = "GET, HEAD, POST";
    } else if (is_from_elsewhere(request)) {
        refuse_elsewhere(console, request, response);
    } else if (is_let_in(console, request, user, response) &&
               (is_read(request->method) || request_read_body(request, response))) {
        if (strcmp(request->path, "/style.css") == 0)
            send_style(response);
        else
            answer(console, request, response, user);
    }
}
