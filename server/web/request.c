#include "request.h"

#include <string.h>
#include <strings.h>

bool request_read_body(struct request *request, struct response *response)
{
    return request->read_body == NULL || request->read_body(request, response);
}

const char *request_header(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

bool request_has_form(const struct request *request)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = request_header(request, "Content-Type");
    if (type == NULL || strncasecmp(type, form, sizeof form - 1) != 0)
        return false;
    char next = type[sizeof form - 1];
    return next == '\0' || next == ';' || next == ' ';
}
