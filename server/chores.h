/*
 * chores.h - what the service does by the clock: proxy numbers for waiting orders, retention,
 * and the gauges of the database.
 *
 * One thread with a connection of its own, so that no call ever waits behind a chore; the work
 * is the database's. Any number of servers may run the same chores: the retention function
 * takes a lock and does nothing where another server is at it.
 */
#pragma once

#include "must_check.h"
#include "store.h"
#include "switchboard.h"

struct chores;

/* NULL when out of memory or threads, already logged. The switchboard, which knows whether the
 * database is there, must outlive it. */
MUST_CHECK struct chores *chores_start(const struct store_options *options,
                                       struct switchboard *switchboard);

/* Ends the thread; waits for a chore under way. chores may be NULL. */
void chores_stop(struct chores *chores);
