/* Nothing here touches the database: what the switchboard saw last says
 * whether it answers, so that asking costs nothing and never waits. */
#include "health.h"

#include "metrics.h"

void health_live(struct service *service, const struct webhook *webhook, struct response *response)
{
    (void)service;
    (void)webhook;
    response_text(response, 200, "ok\n");
}

void health_ready(struct service *service, const struct webhook *webhook, struct response *response)
{
    (void)webhook;
    if (atomic_load(&service->draining))
        response_text(response, 503, "not ready: stopping\n");
    else if (!switchboard_is_ready(service->switchboard))
        response_text(response, 503, "not ready: no database\n");
    else
        response_text(response, 200, "ready\n");
}

void health_metrics(struct service *service, const struct webhook *webhook,
                    struct response *response)
{
    (void)webhook;
    double oldest_post = 0;
    size_t posts = switchboard_posts(service->switchboard, &oldest_post);
    const struct metrics_now now = {
        .posts = posts,
        .oldest_post_seconds = oldest_post,
        .waiting = switchboard_waiting(service->switchboard),
        .ready = switchboard_is_ready(service->switchboard),
        .busy = atomic_load(&service->busy),
        .workers = service->config->workers,
    };
    metrics_write(response, &now);
}
