/*
 * chores.h - what the service does by the clock: proxy numbers for waiting orders, retention,
 * and the gauges of the database.
 *
 * One thread that only waits and asks the switchboard; the work is the database's. Any number
 * of servers may run the same chores: the retention function takes a lock and does nothing
 * where another server is at it.
 */
#pragma once

#include "must_check.h"
#include "switchboard.h"

struct chores;

/* NULL when out of memory or threads, already logged. The switchboard must outlive it. */
MUST_CHECK struct chores *chores_start(struct switchboard *switchboard);

/* Ends the thread; waits for a chore under way. chores may be NULL. */
void chores_stop(struct chores *chores);
