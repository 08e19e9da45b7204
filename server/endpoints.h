/*
 * endpoints.h - which handler answers a request, and whether it must be signed.
 *
 * endpoints.def, and the metrics listener's table in endpoints.c, are the whole HTTP surface. The
 * signature is checked and the parameters are read here, before any handler, so no handler can
 * forget it; and the body is waited for only where a signature came with the head.
 */
#pragma once

#include "request.h"
#include "response.h"
#include "service.h"

/* For struct http_listener: the fields that are read here. */
extern const char *const endpoints_fields[];

/* The public listener's requests; service is a struct service. Always leaves a complete response.
 * Any worker thread. */
void endpoints_dispatch(void *service, struct request *request, struct response *response);

/* The same for the metrics listener. */
void endpoints_dispatch_metrics(void *service, struct request *request, struct response *response);
