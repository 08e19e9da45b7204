/*
 * interface.h - does the schema serve what this program calls? Asked by programs that run for long
 * once they are connected, so that none calls what is not there.
 */
#pragma once

#include <stdbool.h>

#include "db.h"
#include "must_check.h"

/* The interfaces that these programs can use: see sql/schema/schema_interface.sql. */
enum { INTERFACE_OLDEST = 5, INTERFACE_NEWEST = 5 };

/* DB_OK or DB_BROKEN: the schema was asked, and *fits says whether it serves one of them; if not,
 * that was logged, and what to do. role: that DATABASE_URL should name. */
MUST_CHECK enum db_status interface_ask(struct db *db, const char *role, int limit_ms, bool *fits);
