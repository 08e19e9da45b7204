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

enum { FIELDS_MAX = 7, FIELD_SIZE = 1024, STORAGE = 8192 };

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

/* A request as a screen sees it. A field that is missing or empty is NULL. */
struct visit {
    struct console *console;
    struct page *page;
    char user[USER_NAME];
    char values[FIELDS_MAX][FIELD_SIZE];
    const char *fields[FIELDS_MAX];
    bool is_unreadable; /* some field holds what no text field sends */
};

struct screen {
    const char *name, *path, *title;
    struct db_statement statement;
    const char *fields[FIELDS_MAX]; /* $1[2] and on; $1[1] is who asks */
    const char *required;           /* without this field only the form is shown */
    void (*introduce)(struct page *page);
    bool by_post;     /* asks only what was posted: numbers never stand in a URL */
    bool form_within; /* the database's lines say where the form stands, not the top */
};

/* ---- what stands above the database's lines ---- */

static void start_form(struct page *page, const char *action)
{
    html(page->out, "<form method=\"post\" action=\"");
    html(page->out, action);
    html(page->out, "\" autocomplete=\"off\">");
    page_token(page);
}

static void order_form(struct page *page)
{
    start_form(page, "/order");
    html(page->out, "<label>Order id <input name=\"id\" required maxlength=\"200\" "
                    "spellcheck=\"false\" autocapitalize=\"off\"></label>"
                    "<button>Show the order</button></form>\n");
}

static void introduce_now(struct page *page)
{
    html(page->out,
         "<p class=\"intro\">A customer and a delivery agent call each other by a <dfn>proxy "
         "number</dfn>, and neither learns the other's. Each order decides who reaches whom, on "
         "which number, until when. Somebody complains? Begin with the order's id, or with "
         "<a href=\"/why\">who called which number when</a>.</p>\n");
    order_form(page);
}

static void introduce_why(struct page *page)
{
    html(page->out,
         "<p class=\"intro\">Who would have been connected, and why, or why not. The numbers stay "
         "in this form: they are not stored, and not shown again.</p>\n");
    start_form(page, "/why");
    html(page->out,
         "<label>Who called <input name=\"from\" required maxlength=\"40\" inputmode=\"tel\" "
         "placeholder=\"+44 7700 900123\"></label>"
         "<label>Number dialled <input name=\"to\" maxlength=\"40\" inputmode=\"tel\" "
         "placeholder=\"empty: the one of the order\"></label>"
         "<label>When (19:42, or 2026-11-25 19:42) <input name=\"at\" maxlength=\"40\" "
         "placeholder=\"empty: now\"></label><button>Explain</button></form>\n");
}

static void introduce_calls(struct page *page)
{
    start_form(page, "/calls");
    html(page->out,
         "<label>What became of it <select name=\"outcome\"><option value=\"\">everything</option>"
         "<option value=\"answered\">answered</option>"
         "<option value=\"not_taken\">rung, not taken</option>"
         "<option value=\"not_put_through\">could not be put through</option>"
         "<option value=\"turned_away\">nobody was rung</option>"
         "<option value=\"apologised\">heard an apology</option>"
         "<option value=\"open\">no end told yet</option></select></label>"
         "<label>Order id <input name=\"order\" maxlength=\"200\" spellcheck=\"false\" "
         "autocapitalize=\"off\"></label>"
         "<label>Until (19:42, or 2026-11-25 19:42) <input name=\"until\" maxlength=\"40\" "
         "placeholder=\"empty: now\"></label><button>Show calls</button></form>\n");
}

static const struct screen screens[] = {
    {"now",
     "/",
     "Now",
     {"console_now", SQL_CONSOLE_NOW, NULL},
     {NULL},
     NULL,
     introduce_now,
     false,
     true},
    {"order",
     "/order",
     "Order",
     {"console_order", SQL_CONSOLE_ORDER, NULL},
     {"id"},
     "id",
     order_form,
     false,
     false},
    {"why",
     "/why",
     "Why did this call not connect?",
     {"console_why", SQL_CONSOLE_WHY, NULL},
     {"from", "to", "at"},
     "from",
     introduce_why,
     true,
     false},
    {"calls",
     "/calls",
     "Calls",
     {"console_calls", SQL_CONSOLE_CALLS, NULL},
     {"outcome", "number", "order", "prefix", "cause", "until", "before"},
     NULL,
     introduce_calls,
     false,
     false},
    {"call",
     "/call",
     "Call",
     {"console_call", SQL_CONSOLE_CALL, NULL},
     {"id"},
     "id",
     NULL,
     false,
     false},
    {"pool",
     "/pool",
     "Pool",
     {"console_pool", SQL_CONSOLE_POOL, NULL},
     {"number"},
     NULL,
     NULL,
     false,
     false},
};

/* ---- one visit ---- */

/* Trimmed, since people paste blanks along. */
static const char *read_field(struct visit *visit, const struct form *form, const char *name,
                              char value[FIELD_SIZE])
{
    struct form_text text;
    enum form_status status = form_find(form, name, &text);
    while (text.length > 0 && text.bytes[0] == ' ')
        text.bytes++, text.length--;
    while (text.length > 0 && text.bytes[text.length - 1] == ' ')
        text.length--;
    if ((status != FORM_OK && status != FORM_MISSING) || text.length >= FIELD_SIZE)
        visit->is_unreadable = true;
    else if (text.length > 0) {
        memcpy(value, text.bytes, text.length);
        value[text.length] = '\0';
        return value;
    }
    return NULL;
}

static void read_fields(struct visit *visit, const struct screen *screen, const struct form *form)
{
    for (size_t i = 0; i < FIELDS_MAX && screen->fields[i] != NULL; i++)
        visit->fields[i] = read_field(visit, form, screen->fields[i], visit->values[i]);
}

static bool is_asked(const struct visit *visit, const struct screen *screen)
{
    for (size_t i = 0; i < FIELDS_MAX && screen->fields[i] != NULL; i++)
        if (screen->required != NULL && strcmp(screen->fields[i], screen->required) == 0)
            return visit->fields[i] != NULL;
    return screen->required == NULL;
}

/* What the link to the next lines repeats of this visit's choices: text in *more. */
static const char *keep_choices(const struct visit *visit, const struct screen *screen,
                                struct response *more)
{
    for (size_t i = 0; i < FIELDS_MAX && screen->fields[i] != NULL; i++) {
        if (visit->fields[i] == NULL || strcmp(screen->fields[i], "before") == 0)
            continue;
        html(more, "&amp;");
        html(more, screen->fields[i]);
        html(more, "=");
        html_query(more, visit->fields[i]);
    }
    return response_append(more, "", 1) && more->status != 503 ? more->body : "";
}

static void start(struct visit *visit, const struct screen *screen)
{
    page_start(visit->page);
    visit->page->form = screen->introduce;
    if (screen->introduce != NULL && !screen->form_within)
        screen->introduce(visit->page);
}

/* The page so far is thrown away: half an answer is worse than none. */
static void say_trouble(struct visit *visit, const struct screen *screen, enum ask_status status)
{
    struct page *page = visit->page;
    start(visit, screen);
    switch (status) {
    case ASK_OK:
        break;
    case ASK_BUSY:
        page->out->status = 429;
        page->out->headers = busy_headers;
        page_say(page, "warn", "Another page of yours is still being made.",
                 "Wait a moment, then load this one again.");
        break;
    case ASK_SLOW:
        page->out->status = 503;
        page_say(page, "warn", "The database took too long, and this page gave up.",
                 "Calls have connections of their own. Try again, or ask for less time.");
        break;
    case ASK_AWAY:
        page->out->status = 503;
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
    page_end(page);
}

static void ask(struct visit *visit, const struct screen *screen)
{
    const char *texts[FIELDS_MAX + 1] = {visit->user};
    size_t count = 1;
    struct response more;
    response_init(&more);
    for (; count <= FIELDS_MAX && screen->fields[count - 1] != NULL; count++)
        texts[count] = visit->fields[count - 1];
    visit->page->more = keep_choices(visit, screen, &more);
    start(visit, screen);
    enum ask_status status = asks_run(visit->console->asks, visit->user, &screen->statement, texts,
                                      count, page_line, visit->page);
    if (status == ASK_OK)
        page_end(visit->page);
    else
        say_trouble(visit, screen, status);
    response_free(&more);
}

static void show(struct visit *visit, const struct screen *screen, bool is_post)
{
    visit->page->out->status = 200;
    if (!visit->is_unreadable && is_asked(visit, screen) && (is_post || !screen->by_post)) {
        ask(visit, screen);
        return;
    }
    start(visit, screen);
    if (visit->is_unreadable) {
        visit->page->out->status = 400;
        page_say(visit->page, "warn", "One of the fields cannot be read.",
                 "It holds a control character, is too long, or was sent twice.");
    }
    page_end(visit->page);
}

static void refuse(struct visit *visit, int status, const char *title, const char *why)
{
    visit->page->title = title;
    page_start(visit->page);
    visit->page->out->status = status;
    page_say(visit->page, "warn", title, why);
    page_end(visit->page);
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

static void visit_screen(struct visit *visit, const struct screen *screen,
                         const struct request *request)
{
    struct form form = {.count = 0};
    char small[STORAGE], *storage = small;
    bool is_post = strcmp(request->method, "POST") == 0;
    const char *text = is_post ? request->body : request->query;
    size_t length = is_post ? request->body_length : text == NULL ? 0 : strlen(text);
    visit->page->path = screen->path;
    visit->page->title = screen->title;
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
    else {
        read_fields(visit, screen, &form);
        show(visit, screen, is_post);
    }
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
                        .time_zone = console->config->time_zone,
                        .more = ""};
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
                        .token = token,
                        .more = ""};
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
        response->endpoint = screen->name;
        visit_screen(visit, screen, request);
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
