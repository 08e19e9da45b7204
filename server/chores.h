/*
 * chores.h - what the service does by the clock: proxy numbers for waiting orders, retention,
 * the gauges of the database; and four times a second, what the feed tells.
 *
 * Two threads with a connection each, so that no call ever waits behind a chore, nor the feed; the
 * work is the database's. Any number of servers may run the same chores: each function takes a lock
 * and does nothing where another server is at it.
 */
#pragma once

#include "must_check.h"
#include "store.h"
#include "switchboard.h"

struct chores;

/* NULL when out of memory or threads, already logged. The switchboard, which knows whether the
 * database is there, must outlive it. longest_call: seconds after which a call has ended. */
MUST_CHECK struct chores *chores_start(const struct store_options *options,
                                       struct switchboard *switchboard, long longest_call);

/* Ends the threads; waits for a chore under way. chores may be NULL. */
void chores_stop(struct chores *chores);
