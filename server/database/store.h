/*
 * store.h - the questions this service asks of the database.
 *
 * One function per question, one file in sql/server/ per function. Nothing here shows
 * libpq, and nothing runs arbitrary SQL: a new question is a new function. Each function
 * asks for a whole batch in one round trip of limit_ms at most. A store belongs to one
 * thread: its connection, and the memory in which it lays out what it asks.
 *
 * DB_OK: the answers are filled, answers[i] for inputs[i]. Anything else: already
 * logged, and the answers are untouched.
 */
#pragma once

#include <stddef.h>

#include "db.h"
#include "id.h"
#include "must_check.h"
#include "number.h"
#include "prompt.h"

/* What holds for every call of a server. */
struct policy {
    struct number support; /* whom to ring for strangers; 0: nobody */
    bool may_ask;          /* strangers can be asked for a code */
    bool records;          /* who is connected must hear that */
};

/* Which database, and with which policy. All borrowed while the store is initialised. */
struct store_options {
    const char *database_url;
    struct policy policy;
};

struct store {
    struct db *db; /* not connected at first; whose thread it is connects it */
    struct policy policy;
    struct db_array parameters[DB_PARAMETERS_MAX]; /* keep their memory from batch to batch */
};

/* false: out of memory. */
MUST_CHECK bool store_init(struct store *store, const struct store_options *options);

/* Also after store_init has failed, or for a struct of zeros. */
void store_free(struct store *store);

/* What the database sees of a call: who rings, and which proxy number was dialled. */
struct call {
    char uuid[ID_TEXT];
    struct number caller;
    struct number dialled;
    int64_t ask; /* this time that Plivo asked: a number that no other has */
};

enum { OUTCOME_WORD = 32 };

/* outcome: "connected" or "support" with the number to ring, or the word for why not, as
 * recorded in masking.calls (see the comment on that column) and what the caller hears then. */
struct call_answer {
    char outcome[OUTCOME_WORD];
    struct number counterpart;
    struct number shows;    /* what the callee sees; 0: the number dialled */
    int digits;             /* with "ask_code" and "wrong_code": how many to wait for */
    struct prompt prompt;   /* without words: not connected, and yet no row for it */
    struct prompt greeting; /* the caller hears it before anybody is rung; without words: nothing */
    bool greets_callee;     /* he hears something too before he is connected; see prompt_wanted */
};

/* Who is to ring? Routes and records each call; see sql/server/answer_calls.sql. */
MUST_CHECK enum db_status store_answer_calls(struct store *store, const struct call calls[],
                                             struct call_answer answers[], size_t count,
                                             int limit_ms);

enum { CODE = 16 };

/* A caller whose phone is not known entered this. */
struct entered_code {
    char uuid[ID_TEXT];
    struct number caller;
    struct number dialled;
    int64_t ask; /* as in struct call */
    int attempt; /* which of the call's attempts at a code, from 1 */
    char code[CODE];
};

/* Whom do the codes lead to? See sql/server/answer_codes.sql. outcome: "connected" as above,
 * "wrong_code" to be asked again, or why not. */
MUST_CHECK enum db_status store_answer_codes(struct store *store, const struct entered_code codes[],
                                             struct call_answer answers[], size_t count,
                                             int limit_ms);

/* A call that we placed, and that was answered. */
struct placed_call {
    char uuid[ID_TEXT];
    char request[ID_TEXT];
    struct number rung, shown; /* the phone that answered, and the number that it saw */
    int64_t ask;               /* as in struct call */
    char key[2];               /* what was pressed; "": nothing yet */
};

/* Who is rung next? See sql/server/answer_requests.sql. outcome: "ask_key" to be asked for one,
 * "connected" as above, or why not. */
MUST_CHECK enum db_status store_answer_requests(struct store *store,
                                                const struct placed_call placed[],
                                                struct call_answer answers[], size_t count,
                                                int limit_ms);

/* A call that we placed is over. */
struct call_end {
    char uuid[ID_TEXT];
    char request[ID_TEXT];
    struct number shown;
    char status[16]; /* Plivo's CallStatus */
};

/* See sql/server/end_requests.sql. */
MUST_CHECK enum db_status store_end_requests(struct store *store, const struct call_end ends[],
                                             size_t count, int limit_ms);

/* A call that heard "sorry" because the database could not be asked in time. */
struct apology {
    char uuid[ID_TEXT];
    struct number dialled;
    int64_t ask;   /* the one that was not answered in time */
    int64_t at_ms; /* clock_ms() of the apology */
};

/* Puts apologies on record once the database is back; see sql/server/record_apologies.sql. */
MUST_CHECK enum db_status store_record_apologies(struct store *store,
                                                 const struct apology apologies[], size_t count,
                                                 int limit_ms);

/* Room for the longest that one event tells: a link of 511 bytes, and columns' names. */
enum { EVENT_TOLD = 896 };

/* Something that Plivo told about a call. told: a JSON object of columns of masking.calls and their
 * values, each as a text, as {"callee_seconds":"42"}; "{}" tells nothing. */
struct call_event {
    char uuid[ID_TEXT];
    struct number dialled; /* decides the language of what the caller hears */
    const char *says;      /* the event of masking.prompts that he hears now; NULL: nothing */
    char told[EVENT_TOLD];
};

/* Puts events on record; see sql/server/record_events.sql. prompts[i]: what the caller of events[i]
 * hears now; without words: nothing. */
MUST_CHECK enum db_status store_record_events(struct store *store, const struct call_event events[],
                                              struct prompt prompts[], size_t count, int limit_ms);

/* Something said that needs no decision. */
struct prompt_wanted {
    char event[OUTCOME_WORD];
    struct number dialled; /* decides the language */
    char uuid[ID_TEXT];    /* the call whose order it may name; "": none */
};

/* See sql/server/find_prompts.sql. A prompt without words: there is none. */
MUST_CHECK enum db_status store_find_prompts(struct store *store,
                                             const struct prompt_wanted wanted[],
                                             struct prompt prompts[], size_t count, int limit_ms);

enum { MESSAGE_KIND = 24 };

/* What the database sees of a text message. kind: "text", "text_and_picture" where something
 * besides the text is not to be sent on, "start" and "stop", or why nothing is: see
 * masking.answer_messages(). */
struct message {
    char uuid[ID_TEXT];
    struct number sender;
    struct number dialled;
    int64_t ask; /* as in struct call */
    char kind[MESSAGE_KIND];
};

/* Whom are messages for? Routes and records each; see sql/server/answer_messages.sql. The answer's
 * outcome is "forwarded" with a counterpart, or why not; a prompt is for the sender. */
MUST_CHECK enum db_status store_answer_messages(struct store *store,
                                                const struct message messages[],
                                                struct call_answer answers[], size_t count,
                                                int limit_ms);

/* What Plivo told of one part of a message that was sent on. */
struct delivery {
    char uuid[ID_TEXT]; /* of the message that came in */
    int part, parts;    /* from 1 */
    char status[MESSAGE_KIND];
    int error; /* Plivo's code; 0: none */
};

/* Puts what became of messages on record; see sql/server/record_deliveries.sql. */
MUST_CHECK enum db_status store_record_deliveries(struct store *store,
                                                  const struct delivery deliveries[], size_t count,
                                                  int limit_ms);

/* A value that the database reports (masking.gauges()): name and labels are Prometheus text,
 * made by that function. */
enum { GAUGES_MAX = 4096, GAUGE_NAME = 64, GAUGE_LABELS = 96 };
struct gauge {
    char name[GAUGE_NAME];
    char labels[GAUGE_LABELS]; /* prefix="1415", or empty */
    double value;
};

/* The first GAUGES_MAX of them, *count are filled; how many have no room is counted and logged. */
MUST_CHECK enum db_status store_gauges(struct store *store, struct gauge gauges[GAUGES_MAX],
                                       size_t *count, int limit_ms);

/* So many webhooks were refused for a reason since this was told last. */
struct refused {
    const char *reason; /* a word */
    uint64_t count;
};

/* Reasons that count none are left out. */
MUST_CHECK enum db_status store_record_refusals(struct store *store, const struct refused refused[],
                                                size_t count, int limit_ms);

/* One batch of what is past its retention; *rows tells how many lost their numbers or went. */
MUST_CHECK enum db_status store_retention_run(struct store *store, int *rows, int limit_ms);

/* Gives waiting orders proxy numbers that are free by now; *orders tells how many. */
MUST_CHECK enum db_status store_assign_pending(struct store *store, int *orders, int limit_ms);

/* Gives what happened since its positions in the feed; *things tells how many were looked at.
 * longest_call: seconds after which a call has ended, whether or not that was told. */
MUST_CHECK enum db_status store_feed_run(struct store *store, long longest_call, int *things,
                                         int limit_ms);
