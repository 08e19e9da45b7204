#include "endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "call.h"
#include "clock.h"
#include "counters.h"
#include "event.h"
#include "health.h"
#include "log.h"
#include "message.h"
#include "metrics.h"
#include "paths.h"
#include "placed.h"
#include "reply.h"

enum methods {
    GET_OR_POST, /* webhooks: Plivo's applications may be set to either */
    GET_OR_HEAD, /* health checks */
    GET_ONLY,    /* what is signed and no webhook */
};

enum access {
    OPEN,
    SIGNED,           /* version 3: covers the parameters */
    SIGNED_AS_MESSAGE /* or version 2, all that Plivo promises for messages */
};

enum spelling { AS_IS, ANY_CASE };

/* Who hears the answer. */
enum listener {
    NOBODY,
    CALLER,
    CALLER_UNTIL_OVER, /* but for a form that tells that the call is over */
};

enum {
    STORAGE_INLINE = 4096, /* the decoded fields of a call are a quarter of it */
    PATH_ROOM = 512,       /* no path of ours is as long */
    LOGGED_PATH = 64
};

struct endpoint {
    const char *name, *path;
    enum spelling spelling;
    enum methods methods;
    enum access access;
    enum listener listener;
    const struct field *fields;
    endpoint_handler *handler;
};

static const struct endpoint endpoints[] = {
#define ENDPOINT(...) {__VA_ARGS__},
#include "endpoints.def"
#undef ENDPOINT
};

/* With no hangup URL of its own, an application gets its hangup events at the answer URL (Plivo
 * documentation, "Account, Application"). */
static const struct endpoint hangup_at_answer = {
    "answer", "/answer", AS_IS, GET_OR_POST, SIGNED, NOBODY, event_hangup_fields, event_hangup};
static const struct endpoint hangup_at_request = {"request",           PATH_REQUEST, AS_IS,
                                                  GET_OR_POST,         SIGNED,       NOBODY,
                                                  event_hangup_fields, placed_hangup};

/* Does the form tell that the call is over, and nobody is to ring? */
static bool is_over(const struct form *form)
{
    static const char *const over[] = {"completed", "busy",      "failed",
                                       "timeout",   "no-answer", "cancel"};
    if (form_says(form, "Event", "Hangup"))
        return true;
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++)
        if (form_says(form, "CallStatus", over[i]))
            return true;
    return false;
}

/* The metrics listener's. */
static const struct endpoint metrics_endpoints[] = {
    {"metrics", "/metrics", AS_IS, GET_OR_HEAD, OPEN, NOBODY, NULL, health_metrics},
    {"healthz", "/healthz", AS_IS, GET_OR_HEAD, OPEN, NOBODY, NULL, health_live},
    {"readyz", "/readyz", AS_IS, GET_OR_HEAD, OPEN, NOBODY, NULL, health_ready},
};

static bool reads_the_rest(const struct endpoint *endpoint)
{
    size_t length = strlen(endpoint->path);
    return length > 1 && endpoint->path[length - 1] == '/';
}

static bool is_at(const struct endpoint *endpoint, const char *path, size_t length)
{
    size_t own = strlen(endpoint->path);
    if (reads_the_rest(endpoint))
        return length > own && strncmp(endpoint->path, path, own) == 0;
    return own == length &&
           (endpoint->spelling == ANY_CASE ? strncasecmp(endpoint->path, path, length) == 0
                                           : strncmp(endpoint->path, path, length) == 0);
}

static const struct endpoint *find_endpoint(const struct endpoint table[], size_t count,
                                            const char *path)
{
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        length--;
    for (size_t i = 0; i < count; i++)
        if (is_at(&table[i], path, length))
            return &table[i];
    return NULL;
}

static bool method_is_allowed(const struct endpoint *endpoint, const char *method)
{
    static const char *const others[] = {
        [GET_OR_POST] = "POST", [GET_OR_HEAD] = "HEAD", [GET_ONLY] = "GET"};
    return strcmp(method, "GET") == 0 || strcmp(method, others[endpoint->methods]) == 0;
}

static const char *allowed_methods(const struct endpoint *endpoint)
{
    static const char *const texts[] = {
        [GET_OR_POST] = "GET, POST", [GET_OR_HEAD] = "GET, HEAD", [GET_ONLY] = "GET"};
    return texts[endpoint->methods];
}

/*
 * Decodes what this method's fields are in: the body of a POST (if it is a form), else the
 * query. storage takes the decoded bytes. A text with too many fields counts as none: with
 * signatures on it is refused, without them the handler misses its fields by name.
 */
static enum form_status decode_form(const struct request *request, struct form *form, char *storage)
{
    form->count = 0;
    if (strcmp(request->method, "POST") == 0)
        return request_has_form(request)
                   ? form_decode(form, request->body, request->body_length, storage)
                   : FORM_OK;
    return request->query == NULL
               ? FORM_OK
               : form_decode(form, request->query, strlen(request->query), storage);
}

const char *const endpoints_fields[] = {
    "Content-Type",
    "X-Plivo-Signature-V3",
    "X-Plivo-Signature-Ma-V3",
    "X-Plivo-Signature-V3-Nonce",
    "X-Plivo-Signature-V2",
    "X-Plivo-Signature-Ma-V2",
    "X-Plivo-Signature-V2-Nonce",
    NULL,
};

/* What was signed, as it came; the path without PUBLIC_URL's own, which is in the base. */
static struct signed_request signed_parts(const struct config *config,
                                          const struct request *request, const struct form *form)
{
    return (struct signed_request){
        .bases = (const char *const *)config->public_urls.items,
        .base_count = config->public_urls.count,
        .method = request->method,
        .path = request->signed_path,
        .query = request->query,
        .body = strcmp(request->method, "POST") == 0 ? form : NULL,
        .v3 = request_header(request, "X-Plivo-Signature-V3"),
        .ma_v3 = request_header(request, "X-Plivo-Signature-Ma-V3"),
        .v3_nonce = request_header(request, "X-Plivo-Signature-V3-Nonce"),
        .v2 = request_header(request, "X-Plivo-Signature-V2"),
        .ma_v2 = request_header(request, "X-Plivo-Signature-Ma-V2"),
        .v2_nonce = request_header(request, "X-Plivo-Signature-V2-Nonce"),
    };
}

/* A signature that was here before, too long ago or with another request, was captured. true:
 * *reason says which. */
static bool is_captured(struct service *service, const struct endpoint *endpoint,
                        const struct request *request, const char *nonce,
                        enum signature_refusal *reason)
{
    const struct replay_request received = {.nonce = nonce,
                                            .method = request->method,
                                            .path = request->signed_path,
                                            .query = request->query,
                                            .body = request->body,
                                            .body_length = request->body_length};
    int64_t retry_ms = endpoint->access == SIGNED_AS_MESSAGE ? REPLAY_MESSAGE_MS : REPLAY_CALL_MS;
    switch (replay_check(service->replays, &received, retry_ms, clock_ms())) {
    case REPLAY_FIRST:
    case REPLAY_AGAIN:
        return false;
    case REPLAY_OTHER:
        *reason = REFUSAL_CHANGED;
        return true;
    case REPLAY_LATE:
        break;
    }
    *reason = REFUSAL_REPLAYED;
    return true;
}

/* A path that was asked for, for the log: its beginning, and no digit of one that could hold a
 * phone number. */
static const char *loggable_path(const char *path, char out[static LOGGED_PATH])
{
    size_t digits = 0, length = 0;
    for (const char *at = path; *at != '\0'; at++)
        digits += *at >= '0' && *at <= '9';
    for (; length < LOGGED_PATH - 1 && path[length] != '\0'; length++) {
        out[length] = path[length];
        if (digits > 6 && path[length] >= '0' && path[length] <= '9')
            out[length] = '#';
        else if (path[length] <= ' ' || path[length] > '~' || path[length] == '"')
            out[length] = '?';
    }
    out[length] = '\0';
    return out;
}

/* The commonest trouble of a first day is a PUBLIC_URL that is not what Plivo dials: the line
 * says which URL was expected. */
static void log_refusal(const struct config *config, const struct endpoint *endpoint,
                        const struct request *request, enum signature_refusal reason, int version)
{
    static struct log_limit limit;
    const char *path = reads_the_rest(endpoint) ? endpoint->path : request->path;
    char urls[512], clean[512], asked[LOGGED_PATH];
    size_t length = 0;
    urls[0] = '\0';
    for (size_t i = 0; i < config->public_urls.count && length < sizeof urls; i++)
        length += (size_t)snprintf(urls + length, sizeof urls - length, "%s%s%s",
                                   i == 0 ? "" : " or ", config->public_urls.items[i], path);
    const char *versions[] = {"none", "none", "2", "3"};
    log_event_limited(&limit, LOG_WARNING, "signature_refused",
                      "reason=%s version=%s expected=\"%s\" path=\"%s\"",
                      metrics_refusal_names[reason], versions[version],
                      log_text(clean, sizeof clean, urls),
                      loggable_path(request->signed_path, asked));
}

/* Without memory: who listens hears the apology, and what Plivo can send again it sends again. */
static void apologise(const struct endpoint *endpoint, struct response *response)
{
    if (endpoint->listener != NOBODY)
        reply_apology(response);
    else
        response_text(response, 503, "later\n");
}

static enum signature_versions versions_of(const struct endpoint *endpoint)
{
    return endpoint->access == SIGNED_AS_MESSAGE ? SIGNATURE_V3_OR_V2 : SIGNATURE_V3_ONLY;
}

static void refuse_signature(const struct service *service, const struct endpoint *endpoint,
                             const struct request *request, enum signature_refusal reason,
                             int version, struct response *response)
{
    metrics_count_refusal(reason, version);
    log_refusal(service->config, endpoint, request, reason, version);
    response_text(response, 403, "forbidden\n");
}

/* Who sends no signature is a stranger, and nobody waits for his body. false: the response says
 * so. */
static bool claims_to_be_plivo(const struct service *service, const struct endpoint *endpoint,
                               const struct request *request, struct response *response)
{
    if (endpoint->access == OPEN || !keyring_is_signing(service->keyring))
        return true;
    const struct signed_request received = signed_parts(service->config, request, NULL);
    struct signature_verdict verdict = signature_claim(&received, versions_of(endpoint));
    if (verdict.status != SIGNATURE_MISSING)
        return true;
    refuse_signature(service, endpoint, request, REFUSAL_MISSING, verdict.version, response);
    return false;
}

/* false: the response says so. Where memory runs out before the signature is checked, the
 * apology tells a stranger nothing, and Plivo gets an answer it can use. */
static bool is_from_plivo(struct service *service, const struct endpoint *endpoint,
                          const struct request *request, const struct form *form,
                          struct response *response)
{
    const struct signed_request received = signed_parts(service->config, request, form);
    struct signature_verdict verdict =
        keyring_check(service->keyring, &received, versions_of(endpoint));
    enum signature_refusal reason = REFUSAL_WRONG;
    if (verdict.status == SIGNATURE_FAILED) {
        response_note(response, "signature=failed");
        apologise(endpoint, response);
        return false;
    }
    if (verdict.status == SIGNATURE_VALID &&
        !is_captured(service, endpoint, request, verdict.nonce, &reason))
        return true;
    refuse_signature(service, endpoint, request, reason, verdict.version, response);
    return false;
}

/* A signature is checked over all fields or not at all. */
static void refuse_form(const struct endpoint *endpoint, enum form_status problem,
                        struct response *response)
{
    static struct log_limit limit;
    counters_count(COUNTER_FORMS_REFUSED);
    log_event_limited(&limit, LOG_WARNING, "form_refused", "endpoint=%s reason=\"%s\"",
                      endpoint->name, form_status_text(problem));
    response_text(response, 403, "forbidden\n");
}

/* false: the response says so. */
static bool is_let_in(struct service *service, const struct endpoint *endpoint,
                      const struct request *request, const struct form *form,
                      enum form_status decoded, struct response *response)
{
    if (endpoint->access == OPEN || !keyring_is_signing(service->keyring))
        return true;
    if (decoded != FORM_OK) {
        refuse_form(endpoint, decoded, response);
        return false;
    }
    return is_from_plivo(service, endpoint, request, form, response);
}

/* Reads the endpoint's parameters, then calls its handler. */
static void handle(struct service *service, const struct endpoint *endpoint,
                   const struct request *request, const struct form *form,
                   struct response *response)
{
    _Alignas(8) char fields[WEBHOOK_FIELDS_BYTES] = {0};
    const struct webhook webhook = {request, fields};
    if (endpoint->fields != NULL)
        fields_read(endpoint->fields, form, fields, response);
    endpoint->handler(service, &webhook, response);
}

static void run_endpoint(struct service *service, const struct endpoint *endpoint,
                         const struct request *request, struct response *response)
{
    size_t query_length = request->query == NULL ? 0 : strlen(request->query);
    size_t room = request->body_length > query_length ? request->body_length : query_length;
    struct form form;
    char small[STORAGE_INLINE], *storage = room <= sizeof small ? small : malloc(room);
    if (storage == NULL) {
        log_event(LOG_ERROR, "out_of_memory", "what=form");
        apologise(endpoint, response); /* tells nothing, so it needs no signature */
        return;
    }
    enum form_status decoded = decode_form(request, &form, storage);
    if (decoded != FORM_OK)
        response_note(response, "form=\"%s\"", form_status_text(decoded));
    if (endpoint->listener == CALLER_UNTIL_OVER && is_over(&form))
        endpoint = endpoint->handler == placed_answer ? &hangup_at_request : &hangup_at_answer;
    if (is_let_in(service, endpoint, request, &form, decoded, response))
        handle(service, endpoint, request, &form, response);
    if (storage != small)
        free(storage);
}

/* Several slashes count as one: they come of a URL that ends in one, and a path behind it. */
static const char *with_single_slashes(const char *path, char out[static PATH_ROOM])
{
    size_t length = 0;
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '/' && length > 0 && out[length - 1] == '/')
            continue;
        if (length == PATH_ROOM - 1)
            return path;
        out[length++] = *at;
    }
    out[length] = '\0';
    return out;
}

static void refuse_request(struct response *response, int status, const char *why,
                           const struct request *request)
{
    char path[LOGGED_PATH];
    response_text(response, status, why);
    response_note(response, "path=\"%s\"", loggable_path(request->signed_path, path));
}

static void ask_endpoint(const struct endpoint table[], size_t count, struct service *service,
                         struct request *request, struct response *response)
{
    const struct endpoint *endpoint = find_endpoint(table, count, request->path);
    if (endpoint == NULL) {
        refuse_request(response, 404, "not found\n", request);
        return;
    }
    response->endpoint = endpoint->name;
    if (!method_is_allowed(endpoint, request->method)) {
        refuse_request(response, 405, "method not allowed\n", request);
        response->allow = allowed_methods(endpoint);
        return;
    }
    if (!claims_to_be_plivo(service, endpoint, request, response))
        return;
    if (strcmp(request->method, "POST") == 0 && !request_read_body(request, response))
        return;
    run_endpoint(service, endpoint, request, response);
}

static void dispatch(const struct endpoint table[], size_t count, struct service *service,
                     struct request *request, struct response *response)
{
    char path[PATH_ROOM];
    request->signed_path = request->path;
    request->path = with_single_slashes(request->signed_path, path);
    ask_endpoint(table, count, service, request, response);
    request->path = request->signed_path;
}

/* Where the URL's path begins, behind the host; "" when it has none. */
static const char *path_of(const char *url)
{
    const char *path = strchr(strstr(url, "://") + 3, '/');
    return path == NULL ? "" : path;
}

/* The path below PUBLIC_URL: its own is taken off, if whoever stands in front of us has not. */
static const char *own_path(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->public_urls.count; i++) {
        const char *prefix = path_of(config->public_urls.items[i]);
        size_t length = strlen(prefix);
        if (length > 0 && strncmp(path, prefix, length) == 0 && path[length] == '/' &&
            path[length + 1] != '\0')
            return path + length;
    }
    return path;
}

void endpoints_dispatch(void *context, struct request *request, struct response *response)
{
    struct service *service = context;
    request->path = own_path(service->config, request->path);
    dispatch(endpoints, sizeof endpoints / sizeof endpoints[0], service, request, response);
    if (response->outcome[0] != '\0')
        metrics_count_answer(response->outcome, clock_us() - request->received_us);
    else if (response->status == 404)
        counters_count(COUNTER_PATHS_UNKNOWN);
    else if (response->status == 405)
        counters_count(COUNTER_METHODS_REFUSED);
}

void endpoints_dispatch_metrics(void *service, struct request *request, struct response *response)
{
    dispatch(metrics_endpoints, sizeof metrics_endpoints / sizeof metrics_endpoints[0], service,
             request, response);
}
