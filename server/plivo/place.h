/*
 * place.h - number-masking-plivo place: rings those who asked for a call, until it is told to stop.
 *
 * At most once: a request is taken, its POST is sent once or not at all, and what came of it is
 * reported before the next one is taken. Whoever is killed in between leaves a request that nobody
 * places again.
 */
#pragma once

#include <stdbool.h>

#include "config.h"
#include "db.h"
#include "rest.h"

/* true: stopped by SIGTERM or SIGINT, with everything reported. Else the log says what went wrong.
 */
bool place(struct db *db, struct rest *rest, const struct config *config);
