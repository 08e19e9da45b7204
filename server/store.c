/* store.c - see store.h. */
#include "store.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "statements.h" /* made from sql/ by the Makefile */

/* The arrays of a statement keep their memory from batch to batch, per thread. They are
 * released with the thread's last word: store_thread_stop. */
static __thread struct db_array arrays[23];

struct answers {
    struct call_answer *answers;
    size_t count;
};

/* Columns say text, voice text, language text from the given one on: NULLs are no prompt, a
 * NULL voice alone is a recording. */
static void read_prompt(struct prompt *prompt, const struct db_row *row, int column)
{
    prompt->words[0] = '\0';
    if (db_is_null(row, column))
        return;
    db_text(row, column, prompt->words, sizeof prompt->words);
    db_text(row, column + 1, prompt->voice, sizeof prompt->voice);
    db_text(row, column + 2, prompt->language, sizeof prompt->language);
    prompt->is_recording = db_is_null(row, column + 1);
}

/* The memory for the answers held an earlier batch's, and those are other people's numbers: what
 * the database says nothing about must be empty, never left over. */
static void empty_answers(struct call_answer answers[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        answers[i].outcome[0] = '\0';
        answers[i].counterpart.value = 0;
        answers[i].prompt.words[0] = '\0';
        answers[i].digits = 0;
    }
}

/* Columns: place integer, outcome text, counterpart bigint, a prompt, digits integer. */
static void read_answer(void *context, const struct db_row *row)
{
    struct answers *into = context;
    int place = db_int(row, 0);
    if (place < 1 || (size_t)place > into->count)
        return;
    struct call_answer *answer = &into->answers[place - 1];
    db_text(row, 1, answer->outcome, sizeof answer->outcome);
    answer->counterpart.value = db_is_null(row, 2) ? 0 : db_bigint(row, 2);
    read_prompt(&answer->prompt, row, 3);
    answer->digits = db_is_null(row, 6) ? 0 : db_int(row, 6);
}

/* Runs a statement that has one row for each place. */
static enum db_status run_for_answers(struct db *db, const struct db_statement *statement,
                                      const struct db_array *const parameters[],
                                      size_t parameter_count, struct call_answer answers[],
                                      size_t count)
{
    struct answers into = {answers, count};
    empty_answers(answers, count);
    enum db_status status = db_run(db, statement, parameters, parameter_count, read_answer, &into);
    for (size_t i = 0; status == DB_OK && i < count; i++)
        if (answers[i].outcome[0] == '\0') {
            log_event(LOG_ERROR, "answer_missing", "statement=%s", statement->name);
            status = DB_BROKEN;
        }
    return status;
}

static void add_number(struct db_array *array, struct number number)
{
    if (number.value == 0)
        db_array_add_null(array);
    else
        db_array_add_bigint(array, number.value);
}

enum db_status store_answer_calls(struct db *db, const struct call calls[],
                                  struct call_answer answers[], size_t count)
{
    static const struct db_statement statement = {"answer_calls", SQL_ANSWER_CALLS};
    struct db_array *uuids = &arrays[0], *callers = &arrays[1], *dialled = &arrays[2];
    struct db_array *asks = &arrays[3], *policy = &arrays[4];
    db_array_start_text(uuids);
    db_array_start_bigint(callers);
    db_array_start_bigint(dialled);
    db_array_start_bigint(asks);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(uuids, calls[i].uuid);
        add_number(callers, calls[i].caller);
        add_number(dialled, calls[i].dialled);
        db_array_add_bigint(asks, calls[i].ask);
    }
    db_array_start_bigint(policy);
    add_number(policy, calls[0].support);
    db_array_add_bigint(policy, calls[0].may_ask);
    db_array_add_bigint(policy, calls[0].records);
    const struct db_array *const parameters[] = {uuids, callers, dialled, asks, policy};
    return run_for_answers(db, &statement, parameters, 5, answers, count);
}

enum db_status store_answer_codes(struct db *db, const struct entered_code codes[],
                                  struct call_answer answers[], size_t count)
{
    static const struct db_statement statement = {"answer_codes", SQL_ANSWER_CODES};
    struct db_array *uuids = &arrays[0], *callers = &arrays[1], *dialled = &arrays[2];
    struct db_array *attempts = &arrays[3], *entered = &arrays[4], *asks = &arrays[5];
    db_array_start_text(uuids);
    db_array_start_bigint(callers);
    db_array_start_bigint(dialled);
    db_array_start_bigint(attempts);
    db_array_start_text(entered);
    db_array_start_bigint(asks);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(uuids, codes[i].uuid);
        add_number(callers, codes[i].caller);
        add_number(dialled, codes[i].dialled);
        db_array_add_bigint(attempts, codes[i].attempt);
        db_array_add_text(entered, codes[i].code);
        db_array_add_bigint(asks, codes[i].ask);
    }
    const struct db_array *const parameters[] = {uuids, callers, dialled, attempts, entered, asks};
    return run_for_answers(db, &statement, parameters, 6, answers, count);
}

enum db_status store_record_apologies(struct db *db, const struct apology apologies[], size_t count)
{
    static const struct db_statement statement = {"record_apologies", SQL_RECORD_APOLOGIES};
    struct db_array *uuids = &arrays[0], *dialled = &arrays[1], *ages = &arrays[2];
    struct db_array *asks = &arrays[3];
    /* Ages, not times: then the clocks of this machine and the database need not agree. */
    int64_t now = clock_ms();
    db_array_start_text(uuids);
    db_array_start_bigint(dialled);
    db_array_start_float(ages);
    db_array_start_bigint(asks);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(uuids, apologies[i].uuid);
        add_number(dialled, apologies[i].dialled);
        db_array_add_float(ages, (double)(now - apologies[i].at_ms) / 1000.0);
        db_array_add_bigint(asks, apologies[i].ask);
    }
    const struct db_array *const parameters[] = {uuids, dialled, ages, asks};
    return db_run(db, &statement, parameters, 4, NULL, NULL);
}

void call_event_start(struct call_event *event)
{
    static const struct told_leg nothing = {
        .rang_seconds = NOT_TOLD, .seconds = NOT_TOLD, .code = NOT_TOLD};
    memset(event, 0, sizeof *event);
    event->dial_rang = NOT_TOLD;
    event->callee = event->caller = nothing;
    event->recording_seconds = NOT_TOLD;
}

static void add_told_text(struct db_array *array, const char *text)
{
    if (text == NULL || text[0] == '\0')
        db_array_add_null(array);
    else
        db_array_add_text(array, text);
}

static void add_told_int(struct db_array *array, int value)
{
    if (value == NOT_TOLD)
        db_array_add_null(array);
    else
        db_array_add_bigint(array, value);
}

struct prompts {
    struct prompt *prompts;
    size_t count;
};

/* Columns: place integer, and a prompt. */
static void read_placed_prompt(void *context, const struct db_row *row)
{
    struct prompts *into = context;
    int place = db_int(row, 0);
    if (place >= 1 && (size_t)place <= into->count)
        read_prompt(&into->prompts[place - 1], row, 1);
}

/* The columns of an event in the order of sql/server/record_events.sql; T is a text's, N a
 * number's. */
enum { EVENT_COLUMNS = 23 };
static const char event_columns[EVENT_COLUMNS + 1] = "TNTTTNNNNNTTNTNNNTTNTNT";

/* A leg's columns, from the given one on. */
static void add_leg(struct db_array columns[], const struct told_leg *leg)
{
    add_told_int(&columns[0], leg->has_ended ? 1 : NOT_TOLD);
    add_told_int(&columns[1], leg->rang_seconds);
    add_told_int(&columns[2], leg->seconds);
    add_told_text(&columns[3], leg->cost);
    add_told_text(&columns[4], leg->cause);
    add_told_int(&columns[5], leg->code);
    add_told_text(&columns[6], leg->source);
}

static void add_event(struct db_array columns[], const struct call_event *event)
{
    db_array_add_text(&columns[0], event->uuid);
    add_number(&columns[1], event->dialled);
    add_told_text(&columns[2], event->says);
    add_told_text(&columns[3], event->dial_status);
    add_told_text(&columns[4], event->dial_cause);
    add_told_int(&columns[5], event->dial_rang);
    add_told_int(&columns[6], event->callee_answered ? 1 : NOT_TOLD);
    add_leg(&columns[7], &event->callee);
    add_leg(&columns[14], &event->caller);
    add_told_int(&columns[21], event->recording_seconds);
    add_told_text(&columns[22], event->recording_url);
}

enum db_status store_record_events(struct db *db, const struct call_event events[],
                                   struct prompt prompts[], size_t count)
{
    static const struct db_statement statement = {"record_events", SQL_RECORD_EVENTS};
    const struct db_array *parameters[EVENT_COLUMNS];
    for (size_t i = 0; i < EVENT_COLUMNS; i++) {
        parameters[i] = &arrays[i];
        if (event_columns[i] == 'T')
            db_array_start_text(&arrays[i]);
        else
            db_array_start_bigint(&arrays[i]);
    }
    for (size_t i = 0; i < count; i++) {
        add_event(arrays, &events[i]);
        prompts[i].words[0] = '\0'; /* most events have no row in the result */
    }
    struct prompts into = {prompts, count};
    return db_run(db, &statement, parameters, EVENT_COLUMNS, read_placed_prompt, &into);
}

enum db_status store_answer_messages(struct db *db, const struct message messages[],
                                     struct call_answer answers[], size_t count)
{
    static const struct db_statement statement = {"answer_messages", SQL_ANSWER_MESSAGES};
    struct db_array *uuids = &arrays[0], *senders = &arrays[1];
    struct db_array *dialled = &arrays[2], *kinds = &arrays[3], *asks = &arrays[4];
    db_array_start_text(uuids);
    db_array_start_bigint(senders);
    db_array_start_bigint(dialled);
    db_array_start_text(kinds);
    db_array_start_bigint(asks);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(uuids, messages[i].uuid);
        add_number(senders, messages[i].sender);
        add_number(dialled, messages[i].dialled);
        db_array_add_text(kinds, messages[i].kind);
        db_array_add_bigint(asks, messages[i].ask);
    }
    const struct db_array *const parameters[] = {uuids, senders, dialled, kinds, asks};
    return run_for_answers(db, &statement, parameters, 5, answers, count);
}

enum db_status store_find_prompts(struct db *db, const struct prompt_wanted wanted[],
                                  struct prompt prompts[], size_t count)
{
    static const struct db_statement statement = {"find_prompts", SQL_FIND_PROMPTS};
    struct db_array *events = &arrays[0], *dialled = &arrays[1];
    db_array_start_text(events);
    db_array_start_bigint(dialled);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(events, wanted[i].event);
        add_number(dialled, wanted[i].dialled);
        prompts[i].words[0] = '\0';
    }
    struct prompts into = {prompts, count};
    const struct db_array *const parameters[] = {events, dialled};
    return db_run(db, &statement, parameters, 2, read_placed_prompt, &into);
}

struct gauges {
    struct gauge *gauges;
    size_t count;
};

/* Columns: name text, labels text, value double precision. */
static void read_gauge(void *context, const struct db_row *row)
{
    struct gauges *into = context;
    if (into->count == GAUGES_MAX)
        return;
    struct gauge *gauge = &into->gauges[into->count++];
    db_text(row, 0, gauge->name, sizeof gauge->name);
    db_text(row, 1, gauge->labels, sizeof gauge->labels);
    gauge->value = db_float(row, 2);
}

enum db_status store_gauges(struct db *db, struct gauge gauges[GAUGES_MAX], size_t *count)
{
    static const struct db_statement statement = {"gauges", SQL_GAUGES};
    struct gauges into = {gauges, 0};
    enum db_status status = db_run(db, &statement, NULL, 0, read_gauge, &into);
    *count = into.count;
    return status;
}

/* Columns: orders, routes, removed integer. */
static void read_retention(void *context, const struct db_row *row)
{
    int *rows = context;
    *rows = db_int(row, 0) + db_int(row, 1) + db_int(row, 2);
}

enum db_status store_retention_run(struct db *db, int *rows)
{
    static const struct db_statement statement = {"retention_run", SQL_RETENTION_RUN};
    *rows = 0;
    return db_run(db, &statement, NULL, 0, read_retention, rows);
}

static void count_row(void *context, const struct db_row *row)
{
    int *rows = context;
    (void)row;
    (*rows)++;
}

enum db_status store_assign_pending(struct db *db, int *orders)
{
    static const struct db_statement statement = {"assign_pending", SQL_ASSIGN_PENDING};
    *orders = 0;
    return db_run(db, &statement, NULL, 0, count_row, orders);
}

/* Columns: oldest integer, newest integer, edited text. */
static void read_interface(void *context, const struct db_row *row)
{
    struct schema_interface *found = context;
    found->oldest = db_int(row, 0);
    found->newest = db_int(row, 1);
    if (!db_is_null(row, 2))
        db_text(row, 2, found->edited, sizeof found->edited);
}

enum db_status store_schema_interface(struct db *db, struct schema_interface *found)
{
    static const struct db_statement statement = {"schema_interface", SQL_SCHEMA_INTERFACE};
    *found = (struct schema_interface){0};
    return db_run(db, &statement, NULL, 0, read_interface, found);
}

void store_thread_stop(void)
{
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        db_array_free(&arrays[i]);
}
