#include "requests.h"

#include "statements.h"

enum { LIMIT_MS = 4000 }; /* for one round trip */

static void free_all(struct db_array arrays[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        db_array_free(&arrays[i]);
}

static void set_bigint(struct db_array *array, int64_t value)
{
    db_array_start_bigint(array);
    db_array_add_bigint(array, value);
}

static void set_text(struct db_array *array, const char *text)
{
    db_array_start_text(array);
    db_array_add_text(array, text);
}

enum { TAKEN_ID, TAKEN_BODY, TAKEN_WAIT, TAKEN_STANDS_BY };

static void read_taken(void *context, const struct db_row *row)
{
    struct taken *taken = context;
    db_text(row, TAKEN_ID, taken->request_id, sizeof taken->request_id);
    db_text(row, TAKEN_BODY, taken->body, sizeof taken->body);
    taken->wait_ms = db_int(row, TAKEN_WAIT);
    taken->stands_by = db_int(row, TAKEN_STANDS_BY) != 0;
}

enum db_status requests_take(struct db *db, int64_t placer, const struct config *config,
                             struct taken *taken)
{
    static const struct db_statement statement = {"request_take", SQL_REQUEST_TAKE,
                                                  "request_id body wait_ms stands_by"};
    struct db_array parameters[3] = {{0}};
    set_bigint(&parameters[0], placer);
    set_text(&parameters[1], config->public_urls.items[0]);
    set_bigint(&parameters[2], config->ring_timeout);
    *taken = (struct taken){0};
    enum db_status status = db_run(db, &statement, parameters, 3, LIMIT_MS, read_taken, taken);
    free_all(parameters, 3);
    return status;
}

static void read_state(void *context, const struct db_row *row)
{
    db_text(row, 0, context, REQUEST_STATE);
}

enum db_status requests_report(struct db *db, int64_t placer, const char *request_id,
                               const struct rest_answer *answer, char state[REQUEST_STATE])
{
    static const struct db_statement statement = {"request_report", SQL_REQUEST_REPORT, NULL};
    struct db_array parameters[5] = {{0}};
    set_bigint(&parameters[0], placer);
    set_text(&parameters[1], request_id);
    set_bigint(&parameters[2], answer->sent);
    set_bigint(&parameters[3], answer->status);
    set_text(&parameters[4], answer->text);
    state[0] = '\0';
    enum db_status status = db_run(db, &statement, parameters, 5, LIMIT_MS, read_state, state);
    free_all(parameters, 5);
    return status;
}

enum db_status requests_leave(struct db *db, int64_t placer)
{
    static const struct db_statement statement = {"request_leave", SQL_REQUEST_LEAVE, NULL};
    struct db_array parameter = {0};
    set_bigint(&parameter, placer);
    enum db_status status = db_run(db, &statement, &parameter, 1, LIMIT_MS, NULL, NULL);
    db_array_free(&parameter);
    return status;
}
