/*
 * db_array.h - an array as a statement's parameter, in the wire's binary form.
 *
 * Built element by element. A builder is used again and again: it keeps its memory until
 * db_array_free. Out of memory shows when the statement is run: db_run says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Type numbers of PostgreSQL's catalogue (pg_type.dat); they never change. */
enum {
    DB_BIGINT = 20,
    DB_INTEGER = 23,
    DB_TEXT = 25,
    DB_FLOAT = 701,
    DB_TEXT_ARRAY = 1009,
    DB_BIGINT_ARRAY = 1016,
    DB_FLOAT_ARRAY = 1022,
};

struct db_array {
    char *bytes;
    size_t length, capacity;
    int32_t count;
    bool has_null, failed;
    uint32_t element_type;
};

void db_array_start_text(struct db_array *array);
void db_array_start_bigint(struct db_array *array);
void db_array_start_float(struct db_array *array);
void db_array_add_text(struct db_array *array, const char *text);
void db_array_add_bigint(struct db_array *array, int64_t value);
void db_array_add_float(struct db_array *array, double value);
void db_array_add_null(struct db_array *array);
void db_array_free(struct db_array *array);

/* For db.c. After the last element: writes what stands before the first. And the array's own
 * type number. */
void db_array_seal(const struct db_array *array);
uint32_t db_array_type(const struct db_array *array);
