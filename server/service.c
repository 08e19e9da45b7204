/* service.c - see service.h. */
#include "service.h"

int64_t service_deadline_ms(const struct service *service, const struct webhook *webhook)
{
    return webhook->request->received_us / 1000 + service->config->answer_deadline_ms;
}

bool service_ask(struct service *service, const struct webhook *webhook,
                 const struct question *question, const void *input, void *answer,
                 struct response *response)
{
    unsigned batch = 0;
    int64_t deadline = service_deadline_ms(service, webhook);
    switch (switchboard_ask(service->switchboard, question, input, answer, deadline, &batch)) {
    case SWITCHBOARD_ANSWERED:
        response_note(response, "batch=%u", batch);
        return true;
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
    return false;
}
