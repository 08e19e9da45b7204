/*
 * turns.h - the questions that number-masking-plivo asks of the database: which run is this, and
 * what comes next? What Plivo's answers mean and what is to be done about them is decided there,
 * in sql/plivo.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "db.h"
#include "must_check.h"
#include "rest.h"

enum turn_kind {
    TURN_PLIVO,  /* ask Plivo: method, path, body */
    TURN_DOOR,   /* ask the front door, signed */
    TURN_FORGED, /* ask the front door, signed by nobody */
    TURN_END,    /* exit_code */
};

enum { TURN_PATH = 256, TURN_BODY = 4096 };

struct turn {
    enum turn_kind kind;
    char method[8], path[TURN_PATH], body[TURN_BODY];
    bool safe; /* doing it twice does no harm */
    int pause; /* seconds to wait before */
    int exit_code;
};

/* Begins a run. */
MUST_CHECK enum db_status turns_begin(struct db *db, const struct config *config, int64_t *run);

/*
 * Hands in the answer to the last turn (NULL at the beginning, and to get the same once more) and
 * gets the next. say is called first for each line that is to be printed.
 */
MUST_CHECK enum db_status turns_next(struct db *db, int64_t run, const struct rest_answer *answer,
                                     void (*say)(bool warning, const char *words),
                                     struct turn *turn);
