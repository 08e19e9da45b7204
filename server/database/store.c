#include "store.h"

#include <string.h>

#include "clock.h"
#include "counters.h"
#include "log.h"
#include "secret.h"
#include "statements.h" /* made from sql/ by the Makefile */

/* A statement, and for each of its parameters a letter: an array of texts is T, of numbers N, of
 * fractions F. */
struct statement {
    struct db_statement db;
    const char *parameters;
};

#define STATEMENT(name, sql, parameters, columns)                             \
    static const struct statement name = {{#name, sql, columns}, parameters}; \
    _Static_assert(sizeof(parameters) - 1 <= DB_PARAMETERS_MAX, #name " has too many parameters")

#define ANSWER_COLUMNS                                           \
    "place outcome counterpart say voice language digits shows " \
    "greet_say greet_voice greet_language greets_callee"
#define PROMPT_COLUMNS "place say voice language"

bool store_init(struct store *store, const struct store_options *options)
{
    *store = (struct store){.policy = options->policy, .db = db_new(options->database_url)};
    if (store->db != NULL)
        db_follow_url(store->db, secret_read_database_url);
    return store->db != NULL;
}

void store_free(struct store *store)
{
    db_free(store->db);
    for (size_t i = 0; i < DB_PARAMETERS_MAX; i++)
        db_array_free(&store->parameters[i]);
    store->db = NULL;
}

/* Empties the statement's parameters, and returns the first of them. */
static struct db_array *start(struct store *store, const struct statement *statement)
{
    for (size_t i = 0; statement->parameters[i] != '\0'; i++)
        switch (statement->parameters[i]) {
        case 'T':
            db_array_start_text(&store->parameters[i]);
            break;
        case 'N':
            db_array_start_bigint(&store->parameters[i]);
            break;
        case 'F':
            db_array_start_float(&store->parameters[i]);
            break;
        default:
            break;
        }
    return store->parameters;
}

static enum db_status run(struct store *store, const struct statement *statement, int limit_ms,
                          void (*each)(void *context, const struct db_row *row), void *context)
{
    return db_run(store->db, &statement->db, store->parameters, strlen(statement->parameters),
                  limit_ms, each, context);
}

/* ---- reading rows ---- */

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
        answers[i].shows.value = 0;
        answers[i].greeting.words[0] = '\0';
        answers[i].greets_callee = false;
    }
}

/* Columns: ANSWER_COLUMNS. */
static void read_answer(void *context, const struct db_row *row)
{
    struct answers *into = context;
    int place = db_int(row, 0);
    if (place < 1 || (size_t)place > into->count)
        return;
    struct call_answer *answer = &into->answers[place - 1];
    db_text(row, 1, answer->outcome, sizeof answer->outcome);
    answer->counterpart.value = db_bigint(row, 2);
    read_prompt(&answer->prompt, row, 3);
    answer->digits = db_int(row, 6);
    answer->shows.value = db_bigint(row, 7);
    read_prompt(&answer->greeting, row, 8);
    answer->greets_callee = db_int(row, 11) != 0;
}

struct prompts {
    struct prompt *prompts;
    size_t count;
};

/* Columns: PROMPT_COLUMNS. */
static void read_placed_prompt(void *context, const struct db_row *row)
{
    struct prompts *into = context;
    int place = db_int(row, 0);
    if (place >= 1 && (size_t)place <= into->count)
        read_prompt(&into->prompts[place - 1], row, 1);
}

/* Runs a statement that has one row for each place. */
static enum db_status run_for_answers(struct store *store, const struct statement *statement,
                                      struct call_answer answers[], size_t count, int limit_ms)
{
    struct answers into = {answers, count};
    empty_answers(answers, count);
    enum db_status status = run(store, statement, limit_ms, read_answer, &into);
    for (size_t i = 0; status == DB_OK && i < count; i++)
        if (answers[i].outcome[0] == '\0') {
            log_event(LOG_ERROR, "answer_missing", "statement=%s", statement->db.name);
            status = DB_BROKEN;
        }
    return status;
}

/* ---- calls ---- */

static void add_number(struct db_array *array, struct number number)
{
    if (number.value == 0)
        db_array_add_null(array);
    else
        db_array_add_bigint(array, number.value);
}

STATEMENT(answer_calls, SQL_ANSWER_CALLS, "TNNNN", ANSWER_COLUMNS);

enum db_status store_answer_calls(struct store *store, const struct call calls[],
                                  struct call_answer answers[], size_t count, int limit_ms)
{
    struct db_array *to = start(store, &answer_calls);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], calls[i].uuid);
        add_number(&to[1], calls[i].caller);
        add_number(&to[2], calls[i].dialled);
        db_array_add_bigint(&to[3], calls[i].ask);
    }
    add_number(&to[4], store->policy.support);
    db_array_add_bigint(&to[4], store->policy.may_ask);
    db_array_add_bigint(&to[4], store->policy.records);
    return run_for_answers(store, &answer_calls, answers, count, limit_ms);
}

STATEMENT(answer_codes, SQL_ANSWER_CODES, "TNNNTN", ANSWER_COLUMNS);

enum db_status store_answer_codes(struct store *store, const struct entered_code codes[],
                                  struct call_answer answers[], size_t count, int limit_ms)
{
    struct db_array *to = start(store, &answer_codes);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], codes[i].uuid);
        add_number(&to[1], codes[i].caller);
        add_number(&to[2], codes[i].dialled);
        db_array_add_bigint(&to[3], codes[i].attempt);
        db_array_add_text(&to[4], codes[i].code);
        db_array_add_bigint(&to[5], codes[i].ask);
    }
    return run_for_answers(store, &answer_codes, answers, count, limit_ms);
}

STATEMENT(record_apologies, SQL_RECORD_APOLOGIES, "TNFN", NULL);

enum db_status store_record_apologies(struct store *store, const struct apology apologies[],
                                      size_t count, int limit_ms)
{
    struct db_array *to = start(store, &record_apologies);
    /* Ages, not times: then the clocks of this machine and the database need not agree. */
    int64_t now = clock_ms();
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], apologies[i].uuid);
        add_number(&to[1], apologies[i].dialled);
        db_array_add_float(&to[2], (double)(now - apologies[i].at_ms) / 1000.0);
        db_array_add_bigint(&to[3], apologies[i].ask);
    }
    return run(store, &record_apologies, limit_ms, NULL, NULL);
}

/* ---- calls that we place ---- */

STATEMENT(answer_requests, SQL_ANSWER_REQUESTS, "TTNNTNN", ANSWER_COLUMNS);

enum db_status store_answer_requests(struct store *store, const struct placed_call placed[],
                                     struct call_answer answers[], size_t count, int limit_ms)
{
    struct db_array *to = start(store, &answer_requests);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], placed[i].uuid);
        db_array_add_text(&to[1], placed[i].request);
        add_number(&to[2], placed[i].rung);
        add_number(&to[3], placed[i].shown);
        db_array_add_text(&to[4], placed[i].key);
        db_array_add_bigint(&to[5], placed[i].ask);
    }
    db_array_add_bigint(&to[6], store->policy.records);
    return run_for_answers(store, &answer_requests, answers, count, limit_ms);
}

STATEMENT(end_requests, SQL_END_REQUESTS, "TTNT", NULL);

enum db_status store_end_requests(struct store *store, const struct call_end ends[], size_t count,
                                  int limit_ms)
{
    struct db_array *to = start(store, &end_requests);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], ends[i].uuid);
        db_array_add_text(&to[1], ends[i].request);
        add_number(&to[2], ends[i].shown);
        db_array_add_text(&to[3], ends[i].status);
    }
    return run(store, &end_requests, limit_ms, NULL, NULL);
}

/* ---- events ---- */

STATEMENT(record_events, SQL_RECORD_EVENTS, "TNTT", PROMPT_COLUMNS);

enum db_status store_record_events(struct store *store, const struct call_event events[],
                                   struct prompt prompts[], size_t count, int limit_ms)
{
    struct db_array *to = start(store, &record_events);
    struct prompts into = {prompts, count};
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], events[i].uuid);
        add_number(&to[1], events[i].dialled);
        if (events[i].says == NULL)
            db_array_add_null(&to[2]);
        else
            db_array_add_text(&to[2], events[i].says);
        db_array_add_text(&to[3], events[i].told);
        prompts[i].words[0] = '\0'; /* most events have no row in the result */
    }
    return run(store, &record_events, limit_ms, read_placed_prompt, &into);
}

STATEMENT(find_prompts, SQL_FIND_PROMPTS, "TNT", PROMPT_COLUMNS);

enum db_status store_find_prompts(struct store *store, const struct prompt_wanted wanted[],
                                  struct prompt prompts[], size_t count, int limit_ms)
{
    struct db_array *to = start(store, &find_prompts);
    struct prompts into = {prompts, count};
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], wanted[i].event);
        add_number(&to[1], wanted[i].dialled);
        if (wanted[i].uuid[0] == '\0')
            db_array_add_null(&to[2]);
        else
            db_array_add_text(&to[2], wanted[i].uuid);
        prompts[i].words[0] = '\0';
    }
    return run(store, &find_prompts, limit_ms, read_placed_prompt, &into);
}

/* ---- messages ---- */

STATEMENT(answer_messages, SQL_ANSWER_MESSAGES, "TNNTN", ANSWER_COLUMNS);

enum db_status store_answer_messages(struct store *store, const struct message messages[],
                                     struct call_answer answers[], size_t count, int limit_ms)
{
    struct db_array *to = start(store, &answer_messages);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], messages[i].uuid);
        add_number(&to[1], messages[i].sender);
        add_number(&to[2], messages[i].dialled);
        db_array_add_text(&to[3], messages[i].kind);
        db_array_add_bigint(&to[4], messages[i].ask);
    }
    return run_for_answers(store, &answer_messages, answers, count, limit_ms);
}

STATEMENT(record_deliveries, SQL_RECORD_DELIVERIES, "TNNTN", NULL);

enum db_status store_record_deliveries(struct store *store, const struct delivery deliveries[],
                                       size_t count, int limit_ms)
{
    struct db_array *to = start(store, &record_deliveries);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(&to[0], deliveries[i].uuid);
        db_array_add_bigint(&to[1], deliveries[i].part);
        db_array_add_bigint(&to[2], deliveries[i].parts);
        db_array_add_text(&to[3], deliveries[i].status);
        db_array_add_bigint(&to[4], deliveries[i].error);
    }
    return run(store, &record_deliveries, limit_ms, NULL, NULL);
}

/* ---- chores, and the schema ---- */

struct gauges {
    struct gauge *gauges;
    size_t count, left_out;
};

/* Columns: name text, labels text, value double precision. */
static void read_gauge(void *context, const struct db_row *row)
{
    struct gauges *into = context;
    if (into->count == GAUGES_MAX) {
        into->left_out++;
        counters_count(COUNTER_METRICS_LEFT_OUT);
        return;
    }
    struct gauge *gauge = &into->gauges[into->count++];
    db_text(row, 0, gauge->name, sizeof gauge->name);
    db_text(row, 1, gauge->labels, sizeof gauge->labels);
    gauge->value = db_float(row, 2);
}

STATEMENT(gauges, SQL_GAUGES, "", "name labels value");

enum db_status store_gauges(struct store *store, struct gauge into_gauges[GAUGES_MAX],
                            size_t *count, int limit_ms)
{
    static struct log_limit limit = {.seconds = 3600};
    struct gauges into = {.gauges = into_gauges};
    enum db_status status = run(store, &gauges, limit_ms, read_gauge, &into);
    *count = into.count;
    if (into.left_out > 0)
        log_event_limited(&limit, LOG_ERROR, "metrics_left_out", "what=gauges kept=%d left_out=%zu",
                          GAUGES_MAX, into.left_out);
    return status;
}

STATEMENT(record_refusals, SQL_RECORD_REFUSALS, "TN", NULL);

enum db_status store_record_refusals(struct store *store, const struct refused refused[],
                                     size_t count, int limit_ms)
{
    struct db_array *to = start(store, &record_refusals);
    for (size_t i = 0; i < count; i++)
        if (refused[i].count > 0) {
            db_array_add_text(&to[0], refused[i].reason);
            db_array_add_bigint(&to[1], (int64_t)refused[i].count);
        }
    return run(store, &record_refusals, limit_ms, NULL, NULL);
}

/* Columns: orders, routes, removed integer. */
static void read_retention(void *context, const struct db_row *row)
{
    int *rows = context;
    *rows = db_int(row, 0) + db_int(row, 1) + db_int(row, 2);
}

STATEMENT(retention_run, SQL_RETENTION_RUN, "", "orders routes removed");

enum db_status store_retention_run(struct store *store, int *rows, int limit_ms)
{
    *rows = 0;
    return run(store, &retention_run, limit_ms, read_retention, rows);
}

static void count_row(void *context, const struct db_row *row)
{
    int *rows = context;
    (void)row;
    (*rows)++;
}

STATEMENT(assign_pending, SQL_ASSIGN_PENDING, "", "order_id proxy_number");

enum db_status store_assign_pending(struct store *store, int *orders, int limit_ms)
{
    *orders = 0;
    return run(store, &assign_pending, limit_ms, count_row, orders);
}

/* One column, an integer. */
static void read_count(void *context, const struct db_row *row)
{
    int *count = context;
    *count = db_int(row, 0);
}

STATEMENT(feed_run, SQL_FEED_RUN, "F", "looked_at");

enum db_status store_feed_run(struct store *store, long longest_call, int *things, int limit_ms)
{
    struct db_array *to = start(store, &feed_run);
    db_array_add_float(&to[0], (double)longest_call);
    *things = 0;
    return run(store, &feed_run, limit_ms, read_count, things);
}
