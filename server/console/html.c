#include "html.h"

#include <string.h>

static void append(struct response *out, const char *bytes, size_t length)
{
    if (!response_append(out, bytes, length))
        out->status = 503;
}

void html(struct response *out, const char *markup)
{
    append(out, markup, strlen(markup));
}

/* NULL: the byte stands for itself. */
static const char *entity(unsigned char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return byte < 0x20 && byte != '\n' && byte != '\t' ? "\xef\xbf\xbd" : NULL;
    }
}

void html_text(struct response *out, const char *text)
{
    const char *start = text;
    for (; *text != '\0'; text++) {
        const char *instead = entity((unsigned char)*text);
        if (instead == NULL)
            continue;
        append(out, start, (size_t)(text - start));
        html(out, instead);
        start = text + 1;
    }
    append(out, start, (size_t)(text - start));
}

void html_query(struct response *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        const char escaped[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        if (strchr(plain, byte) != NULL)
            append(out, text, 1);
        else
            append(out, escaped, sizeof escaped);
    }
}
