#include "id.h"

#include <string.h>

bool id_is_valid(const char *text)
{
    static const char alphabet[] =
        "0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] != '\0' && text[strspn(text, alphabet)] == '\0';
}

bool id_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if ((shape[i] == '-') != (text[i] == '-') || text[i] == '_')
            return false;
    return true;
}

bool id_from_path(const char *end, char id[static ID_TEXT])
{
    size_t length = strcspn(end, "/");
    id[0] = '\0';
    if (length >= ID_TEXT || (end[length] != '\0' && end[length + 1] != '\0'))
        return false;
    memcpy(id, end, length);
    id[length] = '\0';
    if (!id_is_valid(id))
        id[0] = '\0';
    return id[0] != '\0';
}
