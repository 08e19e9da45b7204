/* service.c - see service.h. */
#include "service.h"

int64_t service_deadline_ms(const struct service *service, const struct webhook *webhook)
{
    return webhook->request->received_us / 1000 + service->config->answer_deadline_ms;
}
