#include "response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void response_init(struct response *response)
{
    response->status = 500;
    response->content_type = "text/plain; charset=utf-8";
    response->allow = NULL;
    response->headers = "";
    response->location[0] = '\0';
    response->endpoint = "none";
    response->outcome[0] = '\0';
    response->note[0] = '\0';
    response->body = response->small;
    response->length = 0;
    response->capacity = sizeof response->small;
}

void response_free(struct response *response)
{
    if (response->body != response->small)
        free(response->body);
    response->body = response->small;
    response->length = 0;
}

static bool grow(struct response *response, size_t needed)
{
    size_t capacity = response->capacity;
    while (capacity < needed)
        capacity *= 2;
    bool was_small = response->body == response->small;
    char *body = realloc(was_small ? NULL : response->body, capacity);
    if (body == NULL)
        return false;
    if (was_small)
        memcpy(body, response->small, response->length);
    response->body = body;
    response->capacity = capacity;
    return true;
}

bool response_append(struct response *response, const char *bytes, size_t length)
{
    if (response->length + length > response->capacity &&
        !grow(response, response->length + length))
        return false;
    memcpy(response->body + response->length, bytes, length);
    response->length += length;
    return true;
}

void response_text(struct response *response, int status, const char *text)
{
    size_t length = strlen(text);
    if (length > sizeof response->small)
        length = sizeof response->small;
    /* Never fails: capacity is at least the inline size. */
    memcpy(response->body, text, length);
    response->length = length;
    response->status = status;
    response->content_type = "text/plain; charset=utf-8";
}

void response_outcome(struct response *response, const char *outcome)
{
    snprintf(response->outcome, sizeof response->outcome, "%s", outcome);
}

void response_note(struct response *response, const char *format, ...)
{
    size_t used = strlen(response->note);
    if (used + 2 >= sizeof response->note)
        return;
    if (used > 0)
        response->note[used++] = ' ';
    va_list values;
    va_start(values, format);
    vsnprintf(response->note + used, sizeof response->note - used, format, values);
    va_end(values);
}
