/* health.h - for load balancers and supervisors: is the process up, can it do its work, and
 * what has it done so far? */
#pragma once

#include "service.h"

/* /healthz: 200 as long as the process serves requests. /connected, which must be signed: that
 * whoever asks comes in by the front door and has our token, before a number is touched. */
endpoint_handler health_live;

/* /readyz: 200 when the database answers and the server is not stopping, else 503. */
endpoint_handler health_ready;

/* /metrics: see metrics.h. */
endpoint_handler health_metrics;
