/*
 * secret.h - secrets in memory and in files.
 *
 * Every text returned is allocated, and released by secret_free, which wipes it first.
 */
#pragma once

#include "must_check.h"

/* The content of the file without the line end; NULL, with *why set to what is wrong. */
MUST_CHECK char *secret_read_file(const char *path, const char **why);

/* What the file that DATABASE_URL_FILE names says now, for db_follow_url. NULL where none is
 * named, or, logged, where it holds no connection string. */
char *secret_read_database_url(void);

/* text may be NULL. */
void secret_free(char *text);
