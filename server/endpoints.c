/* endpoints.c - see endpoints.h. */
#include "endpoints.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "call.h"
#include "clock.h"
#include "event.h"
#include "health.h"
#include "log.h"
#include "message.h"
#include "metrics.h"
#include "reply.h"

enum methods {
    GET_OR_POST, /* webhooks: Plivo's applications may be set to either */
    GET_OR_HEAD, /* health checks */
};

enum access {
    OPEN,
    SIGNED,           /* version 3: covers the parameters */
    SIGNED_AS_MESSAGE /* or version 2, all that Plivo promises for messages */
};

enum { STORAGE_INLINE = 4096 }; /* the decoded fields of a call are a quarter of it */

struct endpoint {
    const char *name; /* for the log */
    const char *path; /* without the trailing slash, which is optional */
    bool any_case;
    enum methods methods;
    enum access access;
    endpoint_handler *handler;
};

/* The answer URL has many names: those of the seven versions of Plivo's number-masking
 * tutorial, so that whoever followed it changes only the host. */
static const struct endpoint endpoints[] = {
    {"answer", "/answer", false, GET_OR_POST, SIGNED, call_answer},
    {"answer", "/handleincoming", true, GET_OR_POST, SIGNED, call_answer}, /* Node, Python, .NET */
    {"answer", "/numbermasking/handle_incoming", false, GET_OR_POST, SIGNED,
     call_answer},                                                          /* Ruby */
    {"answer", "/numbermasking", false, GET_OR_POST, SIGNED, call_answer},  /* PHP */
    {"answer", "/number_masking", false, GET_OR_POST, SIGNED, call_answer}, /* Java, Go */
    {"code", "/code/1", false, GET_OR_POST, SIGNED, call_enter_code},
    {"code", "/code/2", false, GET_OR_POST, SIGNED, call_enter_code},
    {"code", "/code/3", false, GET_OR_POST, SIGNED, call_enter_code},
    {"dial_action", "/dial/action", false, GET_OR_POST, SIGNED, event_dial_action},
    {"dial_event", "/dial/event", false, GET_OR_POST, SIGNED, event_dial},
    {"hangup", "/hangup", false, GET_OR_POST, SIGNED, event_hangup},
    {"recording", "/recording", false, GET_OR_POST, SIGNED, event_recording},
    {"announcement", "/recording/announcement", false, GET_OR_POST, SIGNED, event_announcement},
    {"message", "/message", false, GET_OR_POST, SIGNED_AS_MESSAGE, message_forward},
    {"healthz", "/healthz", false, GET_OR_HEAD, OPEN, health_live},
    {"readyz", "/readyz", false, GET_OR_HEAD, OPEN, health_ready},
};

/* The metrics listener's. */
static const struct endpoint metrics_endpoints[] = {
    {"metrics", "/metrics", false, GET_OR_HEAD, OPEN, health_metrics},
    {"healthz", "/healthz", false, GET_OR_HEAD, OPEN, health_live},
    {"readyz", "/readyz", false, GET_OR_HEAD, OPEN, health_ready},
};

static const struct endpoint *find_endpoint(const struct endpoint table[], size_t count,
                                            const char *path)
{
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        length--;
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *endpoint = &table[i];
        if (strlen(endpoint->path) != length)
            continue;
        if (endpoint->any_case ? strncasecmp(endpoint->path, path, length) == 0
                               : strncmp(endpoint->path, path, length) == 0)
            return endpoint;
    }
    return NULL;
}

static bool method_is_allowed(const struct endpoint *endpoint, const char *method)
{
    return strcmp(method, "GET") == 0 ||
           strcmp(method, endpoint->methods == GET_OR_POST ? "POST" : "HEAD") == 0;
}

/*
 * Decodes what this method's fields are in: the body of a POST (if it is a form), else the
 * query. storage takes the decoded bytes. A text with too many fields counts as none: with
 * signatures on it is refused, without them the handler misses its fields by name.
 */
static enum form_status read_fields(const struct request *request, struct form *form, char *storage)
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

/* A request that was answered longer ago than Plivo repeats itself was captured by somebody.
 * The nonce is that of the signature which was checked: the other one anybody may change. */
static bool is_replay(struct service *service, const struct signed_request *request)
{
    const char *nonce =
        request->v3 != NULL || request->ma_v3 != NULL ? request->v3_nonce : request->v2_nonce;
    return replay_check(service->replays, nonce, strlen(nonce), clock_ms()) == REPLAY_LATE;
}

/* false: the response says so. Where memory runs out before the signature is checked, the
 * apology tells a stranger nothing, and Plivo gets an answer it can use. */
static bool is_from_plivo(struct service *service, const struct webhook *webhook,
                          enum signature_versions versions, struct response *response)
{
    static struct log_limit limit;
    static const char *const reasons[] = {"replayed", "missing", "wrong", "failed"};
    const struct request *request = webhook->request;
    const struct signed_request received = {
        .base = service->config->public_url,
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .body = strcmp(request->method, "POST") == 0 ? webhook->form : NULL,
        .v3 = request_header(request, "X-Plivo-Signature-V3"),
        .ma_v3 = request_header(request, "X-Plivo-Signature-Ma-V3"),
        .v3_nonce = request_header(request, "X-Plivo-Signature-V3-Nonce"),
        .v2 = request_header(request, "X-Plivo-Signature-V2"),
        .ma_v2 = request_header(request, "X-Plivo-Signature-Ma-V2"),
        .v2_nonce = request_header(request, "X-Plivo-Signature-V2-Nonce"),
    };
    enum signature_verdict verdict = keyring_check(service->keyring, &received, versions);
    if (verdict == SIGNATURE_VALID && !is_replay(service, &received))
        return true;
    response_note(response, "signature=%s", reasons[verdict]);
    if (verdict == SIGNATURE_FAILED) {
        reply_apology(response);
        return false;
    }
    metrics_count(verdict == SIGNATURE_VALID ? METRIC_REPLAYS_REFUSED : METRIC_SIGNATURES_REFUSED);
    log_event_limited(&limit, LOG_WARNING, "signature_refused", "reason=%s", reasons[verdict]);
    response_text(response, 403, "forbidden\n");
    return false;
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
        reply_apology(response); /* tells nothing, so it needs no signature */
        return;
    }
    const struct webhook webhook = {request, &form};
    enum form_status decoded = read_fields(request, &form, storage);
    if (decoded != FORM_OK)
        response_note(response, "form=\"%s\"", form_status_text(decoded));
    enum signature_versions versions =
        endpoint->access == SIGNED_AS_MESSAGE ? SIGNATURE_V3_OR_V2 : SIGNATURE_V3_ONLY;
    bool is_checked = endpoint->access != OPEN && keyring_is_signing(service->keyring);
    if (is_checked && decoded != FORM_OK)
        response_text(response, 403, "forbidden\n");
    else if (!is_checked || is_from_plivo(service, &webhook, versions, response))
        endpoint->handler(service, &webhook, response);
    if (storage != small)
        free(storage);
}

static void dispatch(const struct endpoint table[], size_t count, struct service *service,
                     const struct request *request, struct response *response)
{
    const struct endpoint *endpoint = find_endpoint(table, count, request->path);
    if (endpoint == NULL) {
        response_text(response, 404, "not found\n");
        return;
    }
    response->endpoint = endpoint->name;
    if (!method_is_allowed(endpoint, request->method)) {
        response_text(response, 405, "method not allowed\n");
        response->allow = endpoint->methods == GET_OR_POST ? "GET, POST" : "GET, HEAD";
        return;
    }
    run_endpoint(service, endpoint, request, response);
}

void endpoints_dispatch(void *service, const struct request *request, struct response *response)
{
    dispatch(endpoints, sizeof endpoints / sizeof endpoints[0], service, request, response);
    if (response->outcome[0] != '\0')
        metrics_count_answer(response->outcome, clock_us() - request->received_us);
}

void endpoints_dispatch_metrics(void *service, const struct request *request,
                                struct response *response)
{
    dispatch(metrics_endpoints, sizeof metrics_endpoints / sizeof metrics_endpoints[0], service,
             request, response);
}
