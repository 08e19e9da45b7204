/*
 * log_writer.h - takes log lines to standard error on a thread of its own.
 *
 * A write blocks for as long as a pipe is full, which is as long as whoever reads it (a journal,
 * a container's runtime) hangs. No call may wait for that: lines are kept in a buffer, and what
 * finds no room there, or none on a full disk, is left out, counted, and told of once there is
 * room again. A process
 * that is killed loses the lines of its last few milliseconds.
 */
#pragma once

#include <stddef.h>

/* From here on the thread writes. Until then, after log_writer_stop, and if there can be no
 * thread, whoever puts a line writes it. Block the signals that main waits for before. */
void log_writer_start(void);

/* line: with its line end; told: how many lines left out it tells of. Any thread; never blocks
 * while the writer runs. Returns how many were left out before this line, for the caller to
 * tell of: nobody else will, unless the line that tells finds no room itself. */
unsigned log_writer_put(const char *line, size_t length, unsigned told);

/* Writes what is left, if somebody takes it within a second. Nobody may be logging any more. */
void log_writer_stop(void);
