/* service.c - see service.h. */
#include "service.h"

#include <sys/random.h>

#include "clock.h"

int64_t service_deadline_ms(const struct service *service, const struct webhook *webhook)
{
    return webhook->request->received_us / 1000 + service->config->answer_deadline_ms;
}

int64_t service_new_ask(void)
{
    uint64_t drawn = 0;
    /* Eight bytes are never interrupted, and fail on no kernel that the service runs on. */
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        drawn = (uint64_t)clock_us();
    return (int64_t)(drawn >> 2) | 1;
}
