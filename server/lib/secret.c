#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "log.h"

enum { SECRET_MAX = 4096, PROBLEM = 160 };

char *secret_read_file(const char *path, const char **why)
{
    char *text = calloc(1, SECRET_MAX + 2);
    FILE *file = text == NULL ? NULL : fopen(path, "re");
    if (file == NULL) {
        *why = text == NULL ? "out of memory" : strerror(errno);
        free(text);
        return NULL;
    }
    /* One byte more than it may have shows that there is more. */
    size_t length = fread(text, 1, SECRET_MAX + 1, file);
    bool whole = length <= SECRET_MAX && !ferror(file);
    fclose(file);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        text[--length] = '\0';
    if (!whole || strlen(text) != length) {
        *why = "is not a text of at most 4096 bytes";
        explicit_bzero(text, SECRET_MAX + 1);
        free(text);
        return NULL;
    }
    return text;
}

char *secret_read_database_url(void)
{
    static struct log_limit limit = {.seconds = 60};
    const char *path = getenv("DATABASE_URL_FILE"), *problem = NULL;
    char why[PROBLEM];
    if (path == NULL || path[0] == '\0')
        return NULL;
    char *url = secret_read_file(path, &problem);
    if (url != NULL && url[0] == '\0')
        problem = "is empty";
    else if (url != NULL && !db_url_is_valid(url, why, sizeof why))
        problem = why;
    if (problem == NULL)
        return url;
    log_event_limited(&limit, LOG_ERROR, "database_url_unread",
                      "setting=DATABASE_URL_FILE reason=\"%s; the old one stays\"", problem);
    secret_free(url);
    return NULL;
}

void secret_free(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}
