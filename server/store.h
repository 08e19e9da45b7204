/*
 * store.h - the questions this service asks of the database.
 *
 * One function per question, one file in sql/ per function. Nothing here shows
 * libpq, and nothing runs arbitrary SQL: a new question is a new function. The
 * functions run on a database thread of the switchboard, each with the connection
 * and the scratch memory of that thread, for a whole batch in one round trip.
 *
 * DB_OK: the answers are filled, answers[i] for inputs[i]. Anything else: already
 * logged, and the answers are untouched.
 */
#pragma once

#include <stddef.h>

#include "db.h"
#include "metrics.h"
#include "number.h"
#include "prompt.h"

enum { CALL_UUID = 65 }; /* 64 characters and the terminator; Plivo sends 36 */

/* What the database sees of a call: who rings, and which proxy number was dialled. */
struct call {
    char uuid[CALL_UUID];
    struct number caller;
    struct number dialled;
    /* The same for every call of a process. */
    struct number support; /* whom to ring for strangers; 0: nobody */
    bool may_ask;          /* strangers can be asked for a code */
    bool records;          /* who is connected must hear that */
};

enum { OUTCOME = 32 };

/* outcome: "connected" or "support" with the number to ring, or the word for why not, as
 * recorded in masking.calls (see the comment on that column) and what the caller hears then. */
struct call_answer {
    char outcome[OUTCOME];
    struct number counterpart;
    int digits;           /* with "ask_code" and "wrong_code": how many to wait for */
    struct prompt prompt; /* without words: not connected, and yet no row for it */
};

/* Who is to ring? Routes and records each call; see sql/answer_calls.sql. */
MUST_CHECK enum db_status store_answer_calls(struct db *db, const struct call calls[],
                                             struct call_answer answers[], size_t count);

enum { CODE = 16 };

/* A caller whose phone is not known entered this. */
struct entered_code {
    char uuid[CALL_UUID];
    struct number caller;
    struct number dialled;
    int attempt; /* which of the call's attempts at a code, from 1 */
    char code[CODE];
};

/* Whom do the codes lead to? See sql/answer_codes.sql. outcome: "connected" as above,
 * "wrong_code" to be asked again, or why not. */
MUST_CHECK enum db_status store_answer_codes(struct db *db, const struct entered_code codes[],
                                             struct call_answer answers[], size_t count);

/* A call that heard "sorry" because the database could not be asked in time. */
struct apology {
    char uuid[CALL_UUID];
    struct number dialled;
    int64_t at_ms; /* clock_ms() of the apology */
};

/* Puts apologies on record once the database is back; see sql/record_apologies.sql. */
MUST_CHECK enum db_status store_record_apologies(struct db *db, const struct apology apologies[],
                                                 size_t count);

enum { EVENT_KIND = 16, EVENT_VALUE = 512, EVENT_FACTS = 1024 };

/* Something that Plivo told about a call. Filled by call_event_add. */
struct call_event {
    char uuid[CALL_UUID];
    char kind[EVENT_KIND]; /* action, dial_answer, dial_connected, dial_hangup, hangup */
    struct number dialled; /* decides the language of what the caller hears */
    unsigned short length;
    char facts[EVENT_FACTS]; /* name, value, name, value, ..., each terminated */
};

/* Adds one of Plivo's parameters; false when the event is full. */
MUST_CHECK bool call_event_add(struct call_event *event, const char *name, const char *value);

/* Puts events on record; see sql/record_events.sql. prompts[i]: what the caller of events[i]
 * hears now; without words: nothing. */
MUST_CHECK enum db_status store_record_events(struct db *db, const struct call_event events[],
                                              struct prompt prompts[], size_t count);

/* Something said that needs no decision. */
struct prompt_wanted {
    char event[OUTCOME];
    struct number dialled; /* decides the language */
};

/* See sql/find_prompts.sql. A prompt without words: there is none. */
MUST_CHECK enum db_status store_find_prompts(struct db *db, const struct prompt_wanted wanted[],
                                             struct prompt prompts[], size_t count);

/* What the database sees of a text message. kind: "text", or why it is not to be sent on, as
 * masking.messages.outcome has it. */
struct message {
    char uuid[CALL_UUID];
    struct number sender;
    struct number dialled;
    char kind[EVENT_KIND];
};

/* Whom are messages for? Routes and records each; see sql/answer_messages.sql. The answer's
 * outcome is "forwarded" with a counterpart, or why not, perhaps with a prompt for the sender. */
MUST_CHECK enum db_status store_answer_messages(struct db *db, const struct message messages[],
                                                struct call_answer answers[], size_t count);

/* What the database tells the metrics: at most GAUGES_MAX of them, *count are filled. */
MUST_CHECK enum db_status store_gauges(struct db *db, struct gauge gauges[GAUGES_MAX],
                                       size_t *count);

/* One batch of what is past its retention; *rows tells how many lost their numbers. */
MUST_CHECK enum db_status store_retention_run(struct db *db, int *rows);

/* Gives waiting orders proxy numbers that are free by now; *orders tells how many. */
MUST_CHECK enum db_status store_assign_pending(struct db *db, int *orders);

enum { SCHEMA_CHANGE = 64 };

/* The state of the schema: how many migrations, and the last one's name. */
struct schema_version {
    int changes;
    char latest[SCHEMA_CHANGE];
};

MUST_CHECK enum db_status store_schema_version(struct db *db, struct schema_version *version);

/* The schema this binary was built for. */
extern const struct schema_version store_schema_wanted;

/* Releases what this thread's questions keep between batches. */
void store_thread_stop(void);
