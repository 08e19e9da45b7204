#include "service.h"

#include <sys/random.h>

#include "clock.h"

struct switchboard_options service_database(const struct config *config)
{
    return (struct switchboard_options){
        .store = {.database_url = config->database_url,
                  .policy = {.support = config->support_number,
                             .may_ask = config->public_url[0] != '\0',
                             .records = config->record_calls}},
        .connections = config->database_connections,
        .askers = config->workers,
        .answer_deadline_ms = config->answer_deadline_ms,
    };
}

long service_longest_call(const struct config *config)
{
    enum {
        PLIVOS_OWN = 4 * 3600,      /* without a limit of ours: Plivo's Dial, timeLimit */
        BEFORE_AND_AFTER = 15 * 60, /* codes and ringing before it, and Plivo's retries after it */
    };
    return BEFORE_AND_AFTER +
           (config->public_url[0] == '\0' ? PLIVOS_OWN : config->call_time_limit);
}

struct asking service_asking(const struct service *service, const struct webhook *webhook)
{
    return (struct asking){.switchboard = service->switchboard,
                           .deadline_ms = webhook->request->received_us / 1000 +
                                          service->config->answer_deadline_ms};
}

enum switchboard_status service_note(struct response *response, const struct asking *asking,
                                     enum switchboard_status status)
{
    switch (status) {
    case SWITCHBOARD_ANSWERED:
        response_note(response, "batch=%u", asking->batch);
        break;
    case SWITCHBOARD_TIMEOUT:
        response_note(response, "reason=timeout");
        break;
    case SWITCHBOARD_FULL:
        response_note(response, "reason=database_silent");
        break;
    case SWITCHBOARD_REFUSED:
        response_note(response, "reason=database_refused");
        break;
    }
    return status;
}

int64_t service_new_ask(void)
{
    uint64_t drawn = 0;
    /* Eight bytes are never interrupted, and fail on no kernel that the service runs on. */
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        drawn = (uint64_t)clock_us();
    return (int64_t)(drawn >> 2) | 1;
}
