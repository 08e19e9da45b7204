/* db.c - see db.h of this folder. */
#include "db.h"

#include <endian.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "interface.h"
#include "virtual_time.h"

enum { CONNECT_MS = 2000 }; /* as db.h promises */

struct db {
    bool connected;
};

struct db_row {
    const struct stand_in_turn *turn;
    size_t place;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static stand_in_script *current;

void stand_in_start(stand_in_script *script)
{
    current = script;
}

int stand_in_asks(const struct stand_in_turn *turn, const char *element)
{
    for (size_t i = 0; i < turn->count; i++)
        if (strcmp(turn->elements[i], element) == 0)
            return 1;
    return 0;
}

int64_t stand_in_number(const char *element)
{
    const char *digits = strpbrk(element, "0123456789");
    return 14150000000 + (digits == NULL ? 0 : strtoll(digits, NULL, 10));
}

/* The elements of an array of texts, as db_array.c lays them out behind its header. */
static void read_elements(struct stand_in_turn *turn, const struct db_array *array)
{
    const char *at = array->bytes + 5 * sizeof(int32_t);
    for (int32_t i = 0; i < array->count && turn->count < STAND_IN_ELEMENTS; i++) {
        uint32_t size;
        memcpy(&size, at, sizeof size);
        size = be32toh(size);
        snprintf(turn->elements[turn->count++], STAND_IN_TEXT, "%.*s", (int)size, at + sizeof size);
        at += sizeof size + size;
    }
}

static enum db_status take_turn(struct db *db, struct stand_in_turn *turn, int limit_ms)
{
    turn->began_ms = clock_ms();
    turn->limit_ms = limit_ms;
    turn->oldest = turn->newest = INTERFACE_NEWEST;
    pthread_mutex_lock(&lock);
    current(turn);
    pthread_mutex_unlock(&lock);
    if (turn->takes_ms > turn->limit_ms) {
        turn->takes_ms = turn->limit_ms;
        turn->status = DB_DOWN;
    }
    time_sleep(turn->takes_ms);
    if (turn->status == DB_DOWN)
        db->connected = false;
    return turn->status;
}

static enum db_status take_short_turn(struct db *db, const char *name, int limit_ms)
{
    struct stand_in_turn *turn = calloc(1, sizeof *turn);
    turn->statement = name;
    enum db_status status = take_turn(db, turn, limit_ms);
    free(turn);
    return status;
}

struct db *db_new(const char *url)
{
    (void)url;
    return calloc(1, sizeof(struct db));
}

void db_free(struct db *db)
{
    free(db);
}

enum db_status db_connect(struct db *db)
{
    db->connected = true;
    return take_short_turn(db, "connect", CONNECT_MS);
}

bool db_url_is_valid(const char *url, char *why, size_t size)
{
    (void)url;
    (void)why;
    return size > 0;
}

void db_follow_url(struct db *db, char *(*read_url)(void))
{
    (void)db;
    (void)read_url;
}

void db_disconnect(struct db *db)
{
    db->connected = false;
}

void db_say_up(struct db *db)
{
    (void)db;
}

bool db_is_connected(const struct db *db)
{
    return db->connected;
}

enum db_status db_ping(struct db *db, int limit_ms)
{
    return take_short_turn(db, "ping", limit_ms);
}

enum db_status db_run(struct db *db, const struct db_statement *statement,
                      const struct db_array parameters[], size_t count, int limit_ms,
                      void (*each)(void *context, const struct db_row *row), void *context)
{
    struct stand_in_turn *turn = calloc(1, sizeof *turn);
    turn->statement = statement->name;
    if (count > 0 && parameters[0].element_type == DB_TEXT)
        read_elements(turn, &parameters[0]);
    enum db_status status = take_turn(db, turn, limit_ms);
    struct db_row row = {.turn = turn};
    size_t rows = strcmp(statement->name, "schema_interface") == 0 ? 1 : turn->count;
    if (status == DB_OK && each != NULL)
        for (; row.place < rows; row.place++)
            each(context, &row);
    free(turn);
    return status;
}

/* ---- rows: everybody is connected, and hears nothing ---- */

bool db_is_null(const struct db_row *row, int column)
{
    return column > 2 || (row->turn->count == 0 && column == 2);
}

int db_int(const struct db_row *row, int column)
{
    if (column > 2)
        return 0;
    if (row->turn->count == 0)
        return column == 0 ? row->turn->oldest : row->turn->newest;
    return (int)row->place + 1;
}

int64_t db_bigint(const struct db_row *row, int column)
{
    return column == 2 ? stand_in_number(row->turn->elements[row->place]) : 0;
}

double db_float(const struct db_row *row, int column)
{
    (void)row, (void)column;
    return 0;
}

void db_text(const struct db_row *row, int column, char *out, size_t size)
{
    (void)row, (void)column;
    snprintf(out, size, "connected");
}
