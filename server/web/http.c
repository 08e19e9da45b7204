#include "http.h"

#include <civetweb.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "counters.h"
#include "log.h"

enum {
    BODY_MAX = 65536,   /* a message of 1,600 characters, every byte escaped, fits well */
    BODY_INLINE = 4096, /* a call's body is a quarter of it, and needs no memory */
    HEAD_MAX = 1536,    /* of our own responses */
    HEAD_ROOM = 16384,  /* of a request's head */
    QUIET_MS = 200,     /* nothing in hand for this long: drained */
    DRAIN_MS = 3000,    /* beyond the deadline: longest wait for requests in hand while stopping */
};

struct http {
    struct mg_context *context;
    const struct http_listener *listener;
    atomic_int in_hand;
    atomic_int awaiting; /* workers that wait for the rest of a body */
};

/* ---- out ---- */

/* "Date: ...": once a second per thread, since every answer carries it. */
static const char *date_line(void)
{
    static __thread time_t made_at;
    static __thread char line[48];
    time_t now = time(NULL);
    if (now != made_at || line[0] == '\0') {
        struct tm utc;
        gmtime_r(&now, &utc);
        strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
        made_at = now;
    }
    return line;
}

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } table[] = {
        {200, "OK"},
        {303, "See Other"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status)
            return table[i].phrase;
    return "Internal Server Error";
}

/* Head and body leave in one mg_write: each one is a system call and, worse, a packet. */
static void send_response(struct mg_connection *connection, const struct response *response,
                          bool closing, bool head_only)
{
    char head[HEAD_MAX + RESPONSE_INLINE];
    if (closing) /* also keeps the library from reading the rest of an unread body first */
        mg_disable_connection_keep_alive(connection);
    int length = snprintf(
        head, HEAD_MAX,
        "HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n"
        "Cache-Control: no-store\r\n%s%s%s%s%s%s%s%s\r\n",
        response->status, reason_phrase(response->status), date_line(), response->content_type,
        response->length, response->headers,
        response->allow == NULL ? "" : "Allow: ", response->allow == NULL ? "" : response->allow,
        response->allow == NULL ? "" : "\r\n",
        response->location[0] == '\0' ? "" : "Location: ", response->location,
        response->location[0] == '\0' ? "" : "\r\n", closing ? "Connection: close\r\n" : "");
    if (length < 0 || length >= HEAD_MAX)
        return; /* cannot happen: every part above is short and ours */
    size_t total = (size_t)length + (head_only ? 0 : response->length);
    char *whole = total <= sizeof head ? head : malloc(total);
    if (whole == NULL) {
        mg_write(connection, head, (size_t)length);
        if (!head_only)
            mg_write(connection, response->body, response->length);
        return;
    }
    if (whole != head)
        memcpy(whole, head, (size_t)length);
    if (!head_only)
        memcpy(whole + length, response->body, response->length);
    mg_write(connection, whole, total);
    if (whole != head)
        free(whole);
}

/* ---- in ---- */

/* What the framing headers of a request say. */
struct framing {
    size_t body_length, at_hand; /* at_hand: what came behind the head already */
    bool closing;                /* the client wants the connection closed after this */
    bool expects_continue;
};

struct refusal {
    int status;
    const char *why;
};

/* Digits only, at most seven: the library itself takes "+3", "3abc" and "0x3". */
static bool parse_length(const char *text, size_t *out)
{
    size_t length = strlen(text), value = 0;
    if (length == 0 || length > 7 || strspn(text, "0123456789") != length)
        return false;
    for (; *text != '\0'; text++)
        value = value * 10 + (size_t)(*text - '0');
    *out = value;
    return true;
}

/*
 * The head of a request as the library received it. The library keeps it in its private struct
 * mg_connection, behind the two public structs, at an offset that depends on how it was built:
 * it is known by its shape, an address and, not far behind, the buffer's size, the head's length
 * and that of all that came. false: there is nothing of that shape.
 */
struct head {
    const char *start;
    int length, received;
};

static bool find_head(const struct mg_request_info *info, struct head *head)
{
    enum { ADDRESSES = 48, SIZES_FROM = 16, SIZES_TO = 64 };
    const char *place = (const char *)(info + 1) + sizeof(struct mg_response_info);
    for (size_t i = 0; i < ADDRESSES; i++, place += sizeof(char *)) {
        const char *start;
        memcpy((void *)&start, place, sizeof start);
        if ((uintptr_t)start > (uintptr_t)info->request_method ||
            (uintptr_t)info->request_method - (uintptr_t)start >= HEAD_ROOM)
            continue;
        for (size_t at = SIZES_FROM; at < SIZES_TO; at += sizeof(int)) {
            int sizes[3]; /* of the buffer, of the head, of what was received */
            memcpy(sizes, place + at, sizeof sizes);
            if (sizes[0] == HEAD_ROOM && sizes[1] > 0 && sizes[1] <= sizes[2] &&
                sizes[2] <= HEAD_ROOM) {
                *head = (struct head){start, sizes[1], sizes[2]};
                return true;
            }
        }
    }
    return false;
}

static const char *end_of(const char *text)
{
    return text + strlen(text);
}

/*
 * Is this all that came, line by line, and does every reader see the same lines?
 *
 * The library gives its parser the worker's whole buffer, not what was received: blanks and an
 * empty line before a request make it complete that request from what another client left there.
 * So it must start where the buffer does. It skips any blanks between the words of the request
 * line, and behind that line: a field that begins with a blank, which to others is none, is one
 * to it. It stops reading fields, without a word, at a folded line and at one that starts with
 * ":" or a byte above 126: a Content-Length behind it is not seen, and the body would be run as
 * the next request. And it takes a bare CR for the end of the head.
 *
 * What it has read it ends with NULs, so every word is followed by one byte, every line by two,
 * and the last line by the empty one, of which the library has ended the LF. (A bare LF and one
 * blank behind the request line pass for CR LF here: only this library would see a field there.)
 */
static bool is_plain_head(const struct mg_request_info *info, const struct head *head)
{
    if (info->request_method != head->start || info->num_headers == 0)
        return false;
    const char *uri_end =
        end_of(info->query_string != NULL ? info->query_string : info->request_uri);
    const char *next = end_of(info->http_version) + 2;
    if (info->request_uri != end_of(info->request_method) + 1 ||
        info->http_version != uri_end + strlen(" HTTP/"))
        return false;
    for (int i = 0; i < info->num_headers; i++) {
        if (info->http_headers[i].name != next)
            return false;
        next = end_of(info->http_headers[i].value) + 2;
    }
    return next[-1] == '\0' && next[0] == '\r' && next[1] == '\0' &&
           next + 2 == head->start + head->length;
}

static bool has_token(const char *value, const char *token)
{
    return strcasestr(value, token) != NULL;
}

/* Is this field here for the second time, and does dispatch decide by it? */
static bool is_repeated(const struct http_listener *listener, const struct mg_header fields[],
                        int place)
{
    const char *name = fields[place].name;
    int first = 0;
    while (strcasecmp(fields[first].name, name) != 0)
        first++;
    if (first == place || listener->once == NULL)
        return false;
    for (const char *const *one = listener->once; *one != NULL; one++)
        if (strcasecmp(*one, name) == 0)
            return true;
    return false;
}

/*
 * The guards. A request passes only if every reader of it, this library and the proxy in
 * front, must agree where it ends. Every refusal closes the connection.
 */
static struct refusal check_framing(const struct http_listener *listener,
                                    const struct mg_request_info *info, struct framing *framing)
{
    int lengths = 0, hosts = 0;
    *framing = (struct framing){.closing = strcmp(info->http_version, "1.1") != 0};
    struct head head;
    if (!find_head(info, &head))
        return (struct refusal){503, "unknown web server\n"};
    if (info->num_headers > REQUEST_HEADERS_MAX) /* the library hides the 65th and later */
        return (struct refusal){431, "too many header fields\n"};
    if (!is_plain_head(info, &head))
        return (struct refusal){400, "malformed head\n"};
    framing->at_hand = (size_t)(head.received - head.length);
    for (int i = 0; i < info->num_headers; i++) {
        const char *name = info->http_headers[i].name, *value = info->http_headers[i].value;
        if (strcasecmp(name, "Transfer-Encoding") == 0)
            return (struct refusal){411, "send a Content-Length\n"};
        if (strcasecmp(name, "Content-Length") == 0 &&
            (lengths++ > 0 || !parse_length(value, &framing->body_length)))
            return (struct refusal){400, "bad Content-Length\n"};
        if (strcasecmp(name, "Host") == 0)
            hosts++;
        if (is_repeated(listener, info->http_headers, i))
            return (struct refusal){400, "a field that counts is there twice\n"};
        if (strcasecmp(name, "Connection") == 0 && has_token(value, "close"))
            framing->closing = true;
        if (strcasecmp(name, "Upgrade") == 0)
            framing->closing = true;
        if (strcasecmp(name, "Expect") == 0 && has_token(value, "100-continue"))
            framing->expects_continue = true;
    }
    if (hosts != 1)
        return (struct refusal){400, "send one Host\n"};
    if (framing->body_length > BODY_MAX)
        return (struct refusal){413, "body too large\n"};
    return (struct refusal){0, NULL};
}

/* A request in hand whose body may still be on its way. */
struct unread {
    struct http *http;
    struct mg_connection *connection;
    struct framing framing;
    bool is_read;
    char *body; /* small, or on the heap */
    char small[BODY_INLINE];
};

static void refuse(struct response *response, struct refusal refusal)
{
    counters_count(COUNTER_REQUESTS_REFUSED);
    response->endpoint = "guard";
    response_text(response, refusal.status, refusal.why);
}

/* All of the body, or false when the client breaks off. */
static bool receive(struct mg_connection *connection, const struct framing *framing, char *body)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (framing->expects_continue && framing->body_length > 0)
        mg_write(connection, go_on, sizeof go_on - 1);
    size_t got = 0;
    while (got < framing->body_length) {
        int more = mg_read(connection, body + got, framing->body_length - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

/*
 * The library knows a limit for each gap between two bytes and none for the whole, so a sender who
 * drips holds a worker for as long as he likes. A quarter of the workers is kept for requests that
 * need no waiting. (What comes through the shipped HAProxy is complete, and opens no more than
 * three quarters of the workers' number of connections: nothing of it is refused.)
 */
static struct refusal fill_body(struct unread *unread)
{
    struct http *http = unread->http;
    const struct framing *framing = &unread->framing;
    bool waits = framing->at_hand < framing->body_length;
    if (framing->body_length > sizeof unread->small)
        unread->body = malloc(framing->body_length);
    if (unread->body == NULL)
        return (struct refusal){503, "out of memory\n"};
    if (waits && atomic_fetch_add(&http->awaiting, 1) >= (http->listener->workers * 3 + 3) / 4) {
        atomic_fetch_sub(&http->awaiting, 1);
        return (struct refusal){503, "too many bodies are on their way\n"};
    }
    unread->is_read = receive(unread->connection, framing, unread->body);
    if (waits)
        atomic_fetch_sub(&http->awaiting, 1);
    return unread->is_read ? (struct refusal){0, NULL}
                           : (struct refusal){400, "the body ended early\n"};
}

static bool read_body(struct request *request, struct response *response)
{
    struct unread *unread = request->unread;
    struct refusal refusal = fill_body(unread);
    if (refusal.status != 0) {
        refuse(response, refusal);
        return false;
    }
    request->body = unread->body;
    request->body_length = unread->framing.body_length;
    return true;
}

static void fill_request(struct request *request, const struct mg_request_info *info)
{
    request->method = info->request_method;
    request->path = info->local_uri_raw;
    request->query = info->query_string;
    request->header_count = (size_t)info->num_headers;
    for (size_t i = 0; i < request->header_count; i++) {
        request->headers[i].name = info->http_headers[i].name;
        request->headers[i].value = info->http_headers[i].value;
    }
    request->body = "";
    request->sender = info->remote_addr;
}

/* One line per call. The path and query are the client's words and may hold anything, so only
 * the endpoint's own name is shown; endpoints.c adds the shortened path of a request that it
 * refuses. Probes are many and tell little, and what strangers send in masses is limited. */
static void log_request(const struct response *response, int64_t received_us)
{
    static struct log_limit limit;
    const char *space = response->note[0] == '\0' ? "" : " ";
    long tenths = (long)((clock_us() - received_us) / 100);
    if (response->outcome[0] != '\0')
        log_event(LOG_INFO, "call", "endpoint=%s status=%d ms=%ld.%ld outcome=%s%s%s",
                  response->endpoint, response->status, tenths / 10, tenths % 10, response->outcome,
                  space, response->note);
    else if (response->status == 403) /* endpoints.c told of it, limited, with the reason */
        return;
    else if (response->status == 200 || response->status == 303 || response->status == 503)
        log_event(LOG_DEBUG, "request", "endpoint=%s status=%d ms=%ld.%ld", response->endpoint,
                  response->status, tenths / 10, tenths % 10);
    else
        log_event_limited(&limit, LOG_WARNING, "request_refused", "endpoint=%s status=%d%s%s",
                          response->endpoint, response->status, space, response->note);
}

static void serve(struct http *http, struct mg_connection *connection,
                  const struct mg_request_info *info)
{
    struct unread unread;
    struct request request = {.received_us = clock_us(), .read_body = read_body, .unread = &unread};
    struct response response;
    unread.http = http;
    unread.connection = connection;
    unread.is_read = false;
    unread.body = unread.small;
    response_init(&response);
    struct refusal refusal = check_framing(http->listener, info, &unread.framing);
    if (refusal.status != 0) {
        refuse(&response, refusal);
        unread.framing.closing = true;
    } else {
        fill_request(&request, info);
        http->listener->dispatch(http->listener->context, &request, &response);
    }
    bool is_left = unread.framing.body_length > 0 && !unread.is_read;
    send_response(connection, &response,
                  unread.framing.closing || is_left || atomic_load(http->listener->draining),
                  strcmp(info->request_method, "HEAD") == 0);
    log_request(&response, request.received_us);
    response_free(&response);
    if (unread.body != unread.small)
        free(unread.body);
}

/* CivetWeb's callback: everything is served from here, before the library looks for files,
 * password files, CORS or websockets. A result above 0 says so. */
static int begin_request(struct mg_connection *connection)
{
    struct http *http = mg_get_user_data(mg_get_context(connection));
    atomic_fetch_add(&http->in_hand, 1);
    if (http->listener->busy != NULL)
        atomic_fetch_add(http->listener->busy, 1);
    serve(http, connection, mg_get_request_info(connection));
    if (http->listener->busy != NULL)
        atomic_fetch_sub(http->listener->busy, 1);
    atomic_fetch_sub(&http->in_hand, 1);
    return 1;
}

/* Out of memory for its own copy of the path, the library skips begin_request without a word,
 * and the client would wait for ever. What is needed for an answer is there. */
static void end_request(const struct mg_connection *connection, int status)
{
    if (status <= 0)
        begin_request((struct mg_connection *)connection);
}

/* On each of CivetWeb's threads, before its first request. The answers of one statement wake
 * dozens of these threads at once: in the batch class none of them interrupts the thread that
 * is still waking the others. Where a sandbox forbids it, it costs some speed, no more. */
static void *prepare_thread(const struct mg_context *context, int type)
{
    const struct http *http = mg_get_user_data(context);
    (void)type;
    const struct sched_param none = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    if (http->listener->start_thread != NULL)
        http->listener->start_thread();
    return NULL;
}

/* The library's own complaints (a malformed head, a lost connection) may quote the request:
 * only that there was one is told. */
static int log_library_message(const struct mg_connection *connection, const char *message)
{
    static struct log_limit limit;
    (void)connection;
    (void)message;
    log_event_limited(&limit, LOG_DEBUG, "http_library", "what=message");
    return 1;
}

/* ---- start and stop ---- */

static void log_listening(const struct http *http)
{
    struct mg_server_port port;
    char host[64];
    snprintf(host, sizeof host, "%s", http->listener->address);
    *strrchr(host, ':') = '\0';
    if (mg_get_server_ports(http->context, 1, &port) == 1)
        log_event(LOG_INFO, http->listener->name, "address=%s:%d", host, port.port);
}

/* The guards above rely on the insides of these two, and were read and tested against them. */
static bool library_is_known(void)
{
    static const char *const known[] = {"1.15", "1.16"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(mg_version(), known[i]) == 0)
            return true;
    log_event(LOG_ERROR, "start_failed",
              "what=http reason=\"CivetWeb %s is not one of those whose parser is guarded here: "
              "1.15, 1.16\"",
              mg_version());
    return false;
}

struct http *http_start(const struct http_listener *listener)
{
    char workers[24], room[16], error[256] = "";
    snprintf(workers, sizeof workers, "%ld", listener->workers);
    snprintf(room, sizeof room, "%d", HEAD_ROOM);
    const char *options[] = {
        "listening_ports", listener->address, "num_threads", workers,
        /* Longer than the proxy keeps idle connections, so that it is the one to close. */
        "enable_keep_alive", "yes", "keep_alive_timeout_ms", "10000", "request_timeout_ms", "5000",
        "tcp_nodelay", "1",
        /* Signatures cover the raw URL. */
        "decode_url", "no", "decode_query_string", "no", "connection_queue", "256",
        "listen_backlog", "1024", "max_request_size", room, "access_control_allow_origin", "",
        "access_control_allow_methods", "", "access_control_allow_headers", "",
        "enable_directory_listing", "no", "ssi_pattern", "", "cgi_pattern", "",
        "allow_sendfile_call", "no", NULL};
    if (!library_is_known())
        return NULL;
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        log_event(LOG_ERROR, "start_failed", "what=http reason=\"out of memory\"");
        return NULL;
    }
    http->listener = listener;
    struct mg_callbacks callbacks = {.begin_request = begin_request,
                                     .end_request = end_request,
                                     .init_thread = prepare_thread,
                                     .log_message = log_library_message};
    struct mg_init_data init = {&callbacks, http, options};
    struct mg_error_data problem = {.text = error, .text_buffer_size = sizeof error};
    mg_init_library(0);
    http->context = mg_start2(&init, &problem);
    if (http->context == NULL) {
        log_event(LOG_ERROR, "cannot_listen", "address=%s reason=\"%s; is the port in use?\"",
                  listener->address, error);
        mg_exit_library();
        free(http);
        return NULL;
    }
    log_listening(http);
    return http;
}

/* A connection attempt wakes a poll on the listening socket. */
static void knock(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)connect(fd, (const struct sockaddr *)address, sizeof *address);
    close(fd);
}

/*
 * Puts an event descriptor in the place of every listening socket: new connections are refused
 * at once, and the library's accept loop sleeps until the descriptor is written to. (mg_stop
 * alone would throw away the answers of requests in hand.) Returns the descriptor, or -1.
 *
 * A poll that is under way keeps the old socket open, up to two seconds, and never looks at
 * the wake-up of the new descriptor. So the knock ends it, while the descriptor is readable,
 * since otherwise that poll would go on sleeping; then it is emptied.
 */
static int stop_accepting(void)
{
    const struct timespec moment = {0, 10 * 1000000};
    eventfd_t ignored;
    int event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    DIR *directory = event < 0 ? NULL : opendir("/proc/self/fd");
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10), listens = 0;
        socklen_t size = sizeof listens;
        struct sockaddr_in address;
        socklen_t address_size = sizeof address;
        if (fd > 2 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
            getsockname(fd, (struct sockaddr *)&address, &address_size) == 0) {
            dup3(event, fd, O_CLOEXEC);
            knock(&address);
        }
    }
    if (directory != NULL)
        closedir(directory);
    nanosleep(&moment, NULL);
    eventfd_read(event, &ignored);
    return event;
}

static int count_in_hand(struct http *const servers[], size_t count)
{
    int in_hand = 0;
    for (size_t i = 0; i < count; i++)
        if (servers[i] != NULL)
            in_hand += atomic_load(&servers[i]->in_hand);
    return in_hand;
}

static void wait_until_quiet(struct http *const servers[], size_t count, int64_t until_ms)
{
    const struct timespec step = {0, 10 * 1000000};
    int64_t quiet_since = clock_ms();
    while (clock_ms() - quiet_since < QUIET_MS && clock_ms() < until_ms) {
        if (count_in_hand(servers, count) > 0)
            quiet_since = clock_ms();
        nanosleep(&step, NULL);
    }
}

void http_stop(struct http *const servers[], size_t count, int64_t deadline_ms)
{
    int64_t start = clock_ms();
    int event = stop_accepting();
    wait_until_quiet(servers, count, start + deadline_ms + DRAIN_MS);
    log_event(LOG_INFO, "drained", "ms=%lld in_hand=%d", (long long)(clock_ms() - start),
              count_in_hand(servers, count));
    eventfd_write(event, 1); /* wakes the accept loops, so that they notice mg_stop at once */
    for (size_t i = 0; i < count; i++)
        if (servers[i] != NULL) {
            mg_stop(servers[i]->context);
            mg_exit_library();
            free(servers[i]);
        }
    close(event);
}
