/*
 * process.h - what our programs do with themselves before anything else.
 */
#pragma once

#include <signal.h>

/* A core file would hold tokens, passwords and phone numbers. */
void process_forbid_core_dumps(void);

/* SIGTERM, SIGINT and SIGHUP are left to whoever waits for this set; before any thread exists, so
 * that all of them leave these alone. */
sigset_t process_block_signals(void);
