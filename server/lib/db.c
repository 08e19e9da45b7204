#include "db.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "counters.h"
#include "log.h"

enum { STATEMENTS_MAX = 32, BINARY = 1, AGAIN_MS = 60000 };

struct db {
    PGconn *connection;
    char *url;
    char *(*read_url)(void); /* see db_follow_url; or NULL */
    int64_t down_since_ms;   /* when the present outage was noticed; 0: none */
    int64_t said_down_ms;    /* when the last line about a failed connection was logged; 0: never */
    bool unprepared;         /* a pooler forgets prepared statements: send them whole */
    const struct db_statement *prepared[STATEMENTS_MAX];
    size_t prepared_count;
};

struct db_row {
    const PGresult *result;
    int row;
    const int *fields; /* where in the result each column of the statement stands; NULL: there */
    int *mismatch;     /* a column that was read as another type than it has; -1: none */
};

/* A password with an unescaped "/" or "@" reads as a port or a host, and libpq's complaints
 * about those quote it. */
static bool holds_no_password(const PQconninfoOption *option)
{
    if (option->val == NULL)
        return true;
    if (strcmp(option->keyword, "port") == 0)
        return strspn(option->val, "0123456789,") == strlen(option->val);
    return strcmp(option->keyword, "host") != 0 || strchr(option->val, '@') == NULL ||
           option->val[0] == '@'; /* an abstract socket */
}

bool db_url_is_valid(const char *url, char *why, size_t size)
{
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &error);
    bool valid = options != NULL;
    for (const PQconninfoOption *option = options; valid && option->keyword != NULL; option++)
        valid = holds_no_password(option);
    PQconninfoFree(options);
    PQfreemem(error); /* may quote the password too: say only what was expected */
    if (!valid)
        snprintf(why, size,
                 "is not a connection string: write postgresql://user:password@host/database"
                 " with special characters as %%XX");
    return valid;
}

struct db *db_new(const char *url)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return NULL;
    db->url = strdup(url);
    if (db->url == NULL) {
        free(db);
        return NULL;
    }
    return db;
}

void db_disconnect(struct db *db)
{
    PQfinish(db->connection);
    db->connection = NULL;
    db->prepared_count = 0;
}

void db_follow_url(struct db *db, char *(*read_url)(void))
{
    db->read_url = read_url;
}

static void free_url(char *url)
{
    explicit_bzero(url, strlen(url));
    free(url);
}

static void follow_url(struct db *db)
{
    char *url = db->read_url == NULL ? NULL : db->read_url();
    if (url == NULL)
        return;
    if (strcmp(url, db->url) != 0)
        log_event(LOG_INFO, "database_url_changed", "from=DATABASE_URL_FILE");
    free_url(db->url);
    db->url = url;
}

void db_free(struct db *db)
{
    if (db == NULL)
        return;
    db_disconnect(db);
    free_url(db->url);
    free(db);
}

bool db_is_connected(const struct db *db)
{
    return db->connection != NULL;
}

/* Waits until the socket is ready; false at the deadline. */
static bool wait_for(struct db *db, short events, int64_t deadline)
{
    struct pollfd socket = {.fd = PQsocket(db->connection), .events = events};
    for (;;) {
        int64_t left = deadline - clock_ms();
        int ready = poll(&socket, 1, left > 0 ? (int)left : 0);
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

/*
 * What the connection string does not say. Keepalive and user time-out make a
 * connection whose peer vanished without a word fail within seconds instead of
 * the kernel's two hours. read-write: after a failover the old primary may still
 * answer, as a standby. The time to connect counts for each host of several: one that
 * vanished must not use up the time of the one that took over (libpq keeps no such time
 * when connecting without blocking, so connecting blocks). Kerberos is for those who ask
 * for it: libpq looks for a ticket at every connection, and that library crashes when it
 * finds no memory.
 */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"application_name", "number-masking"},
    {"client_encoding", "UTF8"},
    {"connect_timeout", "2"},
    {"gssencmode", "disable"},
    {"keepalives_idle", "2"},
    {"keepalives_interval", "1"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "3000"},
    {"target_session_attrs", "read-write"},
};

/* A server's notices may quote values, and libpq would print them. */
static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

/* Connects with the defaults above under the URL's own words: of a keyword that occurs
 * twice libpq takes the later, and the URL is expanded where dbname stands. */
static PGconn *connect_to(const char *url)
{
    enum { N = sizeof defaults / sizeof defaults[0] };
    const char *keywords[N + 2], *values[N + 2];
    size_t count = 0;
    for (; count < N; count++) {
        keywords[count] = defaults[count].keyword;
        values[count] = defaults[count].value;
    }
    keywords[count] = "dbname";
    values[count++] = url;
    keywords[count] = NULL;
    values[count] = NULL;
    return PQconnectdbParams(keywords, values, 1);
}

/* The first failure of an outage, and then one a minute. */
static void say_down(struct db *db, const char *problem)
{
    char detail[256];
    int64_t now = clock_ms();
    if (db->down_since_ms == 0)
        db->down_since_ms = now;
    if (db->said_down_ms != 0 && now - db->said_down_ms < AGAIN_MS)
        return;
    db->said_down_ms = now;
    log_event(LOG_ERROR, "database_down", "reason=\"%s\" detail=\"%s\"", problem,
              log_text(detail, sizeof detail,
                       db->connection == NULL ? "" : PQerrorMessage(db->connection)));
}

enum db_status db_connect(struct db *db)
{
    db_disconnect(db);
    follow_url(db);
    db->connection = connect_to(db->url);
    const char *problem = NULL;
    if (db->connection == NULL)
        problem = "out of memory";
    else if (PQstatus(db->connection) != CONNECTION_OK)
        problem = "cannot connect";
    else if (PQsetnonblocking(db->connection, 1) != 0)
        problem = "cannot be made non-blocking";
    else
        PQsetNoticeReceiver(db->connection, ignore_notice, NULL);
    if (problem != NULL) {
        say_down(db, problem);
        db_disconnect(db);
        return DB_DOWN;
    }
    counters_count(COUNTER_DATABASE_CONNECTS);
    return DB_OK;
}

void db_say_up(struct db *db)
{
    const char *superuser = PQparameterStatus(db->connection, "is_superuser");
    log_event(LOG_INFO, "database_up", "server=%d away_ms=%lld", PQserverVersion(db->connection),
              (long long)(db->down_since_ms == 0 ? 0 : clock_ms() - db->down_since_ms));
    if (superuser != NULL && strcmp(superuser, "on") == 0)
        log_event(LOG_WARNING, "too_many_rights",
                  "hint=\"DATABASE_URL should name the role masking_server, not a superuser\"");
    db->down_since_ms = 0;
    db->said_down_ms = 0;
}

/* ---- rows ---- */

static int field_of(const struct db_row *row, int column)
{
    return row->fields == NULL ? column : row->fields[column];
}

static const char *value_of(const struct db_row *row, int column)
{
    return PQgetvalue(row->result, row->row, field_of(row, column));
}

bool db_is_null(const struct db_row *row, int column)
{
    return PQgetisnull(row->result, row->row, field_of(row, column));
}

static bool has_type(const struct db_row *row, int column, Oid type)
{
    bool has = PQftype(row->result, field_of(row, column)) == type;
    if (!has)
        *row->mismatch = column;
    return has;
}

/* The bytes of a value of that type and size; zeros when it is NULL. */
static void read_wire(const struct db_row *row, int column, Oid type, void *wire, size_t size)
{
    memset(wire, 0, size);
    if (has_type(row, column, type) && !db_is_null(row, column))
        memcpy(wire, value_of(row, column), size);
}

int db_int(const struct db_row *row, int column)
{
    uint32_t wire;
    read_wire(row, column, DB_INTEGER, &wire, sizeof wire);
    return (int)be32toh(wire);
}

int64_t db_bigint(const struct db_row *row, int column)
{
    uint64_t wire;
    read_wire(row, column, DB_BIGINT, &wire, sizeof wire);
    return (int64_t)be64toh(wire);
}

double db_float(const struct db_row *row, int column)
{
    uint64_t wire;
    double value;
    read_wire(row, column, DB_FLOAT, &wire, sizeof wire);
    wire = be64toh(wire);
    memcpy(&value, &wire, sizeof value);
    return value;
}

const char *db_borrow(const struct db_row *row, int column)
{
    return value_of(row, column);
}

void db_text(const struct db_row *row, int column, char *out, size_t size)
{
    bool has = has_type(row, column, DB_TEXT);
    snprintf(out, size, "%s", has ? value_of(row, column) : "");
}

/* Finds the columns in the result by their names. false: one is missing. */
static bool find_columns(const PGresult *result, const char *columns, int fields[])
{
    char name[64];
    for (int count = 0; *columns != '\0'; count++) {
        size_t length = strcspn(columns, " ");
        assert(count < DB_COLUMNS_MAX);
        snprintf(name, sizeof name, "%.*s", (int)length, columns);
        fields[count] = PQfnumber(result, name);
        if (fields[count] < 0)
            return false;
        columns += length;
        columns += strspn(columns, " ");
    }
    return true;
}

/* Hands out the rows. DB_BROKEN: they are not what the statement's readers expect. */
static enum db_status hand_out(const PGresult *result, const struct db_statement *statement,
                               void (*each)(void *context, const struct db_row *row), void *context)
{
    static struct log_limit limit = {.seconds = 10};
    int mismatch = -1, fields[DB_COLUMNS_MAX];
    struct db_row row = {.result = result, .mismatch = &mismatch};
    bool fits = statement->columns == NULL || find_columns(result, statement->columns, fields);
    if (statement->columns != NULL)
        row.fields = fields;
    for (int rows = PQntuples(result); fits && row.row < rows && mismatch < 0; row.row++)
        each(context, &row);
    if (fits && mismatch < 0)
        return DB_OK;
    counters_count(COUNTER_STATEMENTS_FAILED);
    log_event_limited(&limit, LOG_ERROR, "result_unexpected", "statement=%s column=%s",
                      statement->name,
                      fits ? PQfname(result, field_of(&row, mismatch)) : "missing");
    return DB_BROKEN;
}

/* ---- statements ---- */

/* Which word stands for this SQLSTATE (PostgreSQL documentation, appendix A)? */
static enum db_status classify(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        enum db_status status;
    } table[] = {
        {"08", DB_DOWN},    /* connection exception */
        {"57P01", DB_DOWN}, /* admin shutdown */
        {"57P02", DB_DOWN}, /* crash shutdown */
        {"57P03", DB_DOWN}, /* cannot connect now */
        {"57P05", DB_DOWN}, /* idle session timeout */
        {"0A000", DB_DOWN}, /* a cached plan from before a migration: a fresh connection has none */
        {"25006", DB_DOWN}, /* read-only: this is a standby now, look for the primary */
        {"26000", DB_RETRY},  /* prepared statement unknown: see finish_statement */
        {"42P05", DB_RETRY},  /* prepared statement exists: the same pooler trouble */
        {"40", DB_LOCKED},    /* serialization failure, deadlock */
        {"55P03", DB_LOCKED}, /* lock not available in time */
        {"57014", DB_LOCKED}, /* statement timeout */
        {"53", DB_RETRY},     /* disk full, out of memory, too many connections */
        {"58", DB_RETRY},     /* system error */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].status;
    return DB_BROKEN;
}

/* What was not delivered yet must never be: the kernel would go on trying after the socket is
 * closed, and a statement could run when its callers have long heard something else. */
static void forget_unsent(const struct db *db)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(PQsocket(db->connection), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

static enum db_status lose(struct db *db, const char *what, const char *reason)
{
    char text[256];
    counters_count(COUNTER_DATABASE_LOSSES);
    log_event(LOG_ERROR, "database_lost", "statement=%s reason=\"%s\"", what,
              log_text(text, sizeof text, reason));
    if (db->down_since_ms == 0)
        db->down_since_ms = clock_ms();
    forget_unsent(db);
    db_disconnect(db);
    return DB_DOWN;
}

/* The next result of what was sent, NULL after the last, within the deadline. */
static enum db_status next_result(struct db *db, const char *what, int64_t deadline,
                                  PGresult **result)
{
    int unsent;
    while ((unsent = PQflush(db->connection)) > 0)
        if (!wait_for(db, POLLIN | POLLOUT, deadline) || PQconsumeInput(db->connection) == 0)
            return lose(db, what, "cannot send");
    if (unsent < 0)
        return lose(db, what, "cannot send");
    while (PQisBusy(db->connection)) {
        if (!wait_for(db, POLLIN, deadline))
            return lose(db, what, "no answer in time");
        if (PQconsumeInput(db->connection) == 0)
            return lose(db, what, "connection closed");
    }
    *result = PQgetResult(db->connection);
    return DB_OK;
}

static enum db_status failed(struct db *db, const char *what, const PGresult *result)
{
    static struct log_limit limit = {.seconds = 10};
    char text[256];
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (sqlstate == NULL)
        return lose(db, what, "connection closed");
    enum db_status status = classify(sqlstate);
    if (status == DB_DOWN)
        return lose(db, what, message == NULL ? sqlstate : message);
    if (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0)
        db->unprepared = true;
    counters_count(COUNTER_STATEMENTS_FAILED);
    log_event_limited(&limit, LOG_ERROR, "statement_failed",
                      "statement=%s sqlstate=%s message=\"%s\"", what, sqlstate,
                      log_text(text, sizeof text, message == NULL ? "" : message));
    return status;
}

/* Waits for the one result of what was sent, up to the end of the exchange. */
static enum db_status finish_statement(struct db *db, const char *what, int limit_ms,
                                       PGresult **out)
{
    int64_t deadline = clock_ms() + limit_ms;
    enum db_status status = DB_OK;
    *out = NULL;
    for (;;) {
        PGresult *result = NULL;
        enum db_status next = next_result(db, what, deadline, &result);
        if (next != DB_OK) {
            PQclear(*out);
            *out = NULL;
            return next;
        }
        if (result == NULL)
            return status;
        ExecStatusType kind = PQresultStatus(result);
        if (status == DB_OK && kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK &&
            kind != PGRES_EMPTY_QUERY)
            status = failed(db, what, result);
        PQclear(*out);
        *out = result;
        if (status == DB_DOWN) { /* the connection is gone, and the results with it */
            PQclear(*out);
            *out = NULL;
            return status;
        }
    }
}

enum db_status db_ping(struct db *db, int limit_ms)
{
    PGresult *result;
    if (PQsendQuery(db->connection, "") == 0)
        return lose(db, "ping", "cannot send");
    enum db_status status = finish_statement(db, "ping", limit_ms, &result);
    PQclear(result);
    return status;
}

static bool is_prepared(const struct db *db, const struct db_statement *statement)
{
    for (size_t i = 0; i < db->prepared_count; i++)
        if (db->prepared[i] == statement)
            return true;
    return false;
}

static enum db_status prepare(struct db *db, const struct db_statement *statement,
                              const Oid types[], size_t count, int limit_ms)
{
    PGresult *result;
    if (PQsendPrepare(db->connection, statement->name, statement->sql, (int)count, types) == 0)
        return lose(db, statement->name, "cannot send");
    enum db_status status = finish_statement(db, statement->name, limit_ms, &result);
    PQclear(result);
    if (status == DB_OK && db->prepared_count < STATEMENTS_MAX)
        db->prepared[db->prepared_count++] = statement;
    return status;
}

static enum db_status run_once(struct db *db, const struct db_statement *statement,
                               const struct db_array parameters[], size_t count, int limit_ms,
                               PGresult **result)
{
    const char *values[DB_PARAMETERS_MAX];
    int lengths[DB_PARAMETERS_MAX], formats[DB_PARAMETERS_MAX];
    Oid types[DB_PARAMETERS_MAX];
    *result = NULL;
    assert(count <= DB_PARAMETERS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].failed) {
            log_event(LOG_ERROR, "out_of_memory", "statement=%s", statement->name);
            return DB_RETRY;
        }
        db_array_seal(&parameters[i]);
        values[i] = parameters[i].bytes;
        lengths[i] = (int)parameters[i].length;
        formats[i] = BINARY;
        types[i] = db_array_type(&parameters[i]);
    }
    int sent;
    if (db->unprepared) {
        sent = PQsendQueryParams(db->connection, statement->sql, (int)count, types, values, lengths,
                                 formats, BINARY);
    } else {
        enum db_status status =
            is_prepared(db, statement) ? DB_OK : prepare(db, statement, types, count, limit_ms);
        if (status != DB_OK)
            return status;
        sent = PQsendQueryPrepared(db->connection, statement->name, (int)count, values, lengths,
                                   formats, BINARY);
    }
    return sent == 0 ? lose(db, statement->name, "cannot send")
                     : finish_statement(db, statement->name, limit_ms, result);
}

enum db_status db_run(struct db *db, const struct db_statement *statement,
                      const struct db_array parameters[], size_t count, int limit_ms,
                      void (*each)(void *context, const struct db_row *row), void *context)
{
    PGresult *result;
    int64_t begun = clock_us();
    bool was_prepared = !db->unprepared;
    enum db_status status = run_once(db, statement, parameters, count, limit_ms, &result);
    if (status == DB_RETRY && was_prepared && db->unprepared) {
        PQclear(result);
        status = run_once(db, statement, parameters, count, limit_ms, &result);
    }
    counters_observe(DISTRIBUTION_STATEMENTS, clock_us() - begun);
    if (status == DB_OK && each != NULL)
        status = hand_out(result, statement, each, context);
    PQclear(result);
    return status;
}
