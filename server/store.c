/* store.c - see store.h. */
#include "store.h"

#include "clock.h"
#include "statements.h" /* made from sql/ by the Makefile */

const struct schema_version store_schema_wanted = {SCHEMA_CHANGES, SCHEMA_LATEST};

/* The arrays of a statement keep their memory from batch to batch, per thread. They are
 * released with the thread's last word: store_thread_stop. */
static __thread struct db_array arrays[4];

struct answers {
    struct call_answer *answers;
    size_t count;
};

/* Columns: place integer, outcome text, counterpart bigint. */
static void read_answer(void *context, const struct db_row *row)
{
    struct answers *into = context;
    int place = db_int(row, 0);
    if (place < 1 || (size_t)place > into->count)
        return;
    struct call_answer *answer = &into->answers[place - 1];
    db_text(row, 1, answer->outcome, sizeof answer->outcome);
    answer->counterpart.value = db_is_null(row, 2) ? 0 : db_bigint(row, 2);
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
    db_array_start_text(uuids);
    db_array_start_bigint(callers);
    db_array_start_bigint(dialled);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(uuids, calls[i].uuid);
        add_number(callers, calls[i].caller);
        add_number(dialled, calls[i].dialled);
    }
    struct answers into = {answers, count};
    const struct db_array *const parameters[] = {uuids, callers, dialled};
    return db_run(db, &statement, parameters, 3, read_answer, &into);
}

enum db_status store_record_apologies(struct db *db, const struct apology apologies[], size_t count)
{
    static const struct db_statement statement = {"record_apologies", SQL_RECORD_APOLOGIES};
    struct db_array *uuids = &arrays[0], *dialled = &arrays[1], *ages = &arrays[2];
    /* Ages, not times: then the clocks of this machine and the database need not agree. */
    int64_t now = clock_ms();
    db_array_start_text(uuids);
    db_array_start_bigint(dialled);
    db_array_start_float(ages);
    for (size_t i = 0; i < count; i++) {
        db_array_add_text(uuids, apologies[i].uuid);
        add_number(dialled, apologies[i].dialled);
        db_array_add_float(ages, (double)(now - apologies[i].at_ms) / 1000.0);
    }
    const struct db_array *const parameters[] = {uuids, dialled, ages};
    return db_run(db, &statement, parameters, 3, NULL, NULL);
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

/* Columns: orders integer, routes integer. */
static void read_retention(void *context, const struct db_row *row)
{
    int *rows = context;
    *rows = db_int(row, 0) + db_int(row, 1);
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

static void read_version(void *context, const struct db_row *row)
{
    struct schema_version *version = context;
    version->changes = db_int(row, 0);
    db_text(row, 1, version->latest, sizeof version->latest);
}

enum db_status store_schema_version(struct db *db, struct schema_version *version)
{
    static const struct db_statement statement = {"schema_version", SQL_SCHEMA_VERSION};
    return db_run(db, &statement, NULL, 0, read_version, version);
}

void store_thread_stop(void)
{
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        db_array_free(&arrays[i]);
}
