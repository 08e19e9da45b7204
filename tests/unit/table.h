/*
 * table.h - the case tables in tests/cases: a new case is a new line, not new C.
 *
 * One row a line, one tab between cells; "#" starts a comment line, empty lines
 * are skipped. In a cell \t \n \r \\ and \xHH (two digits) stand for what they
 * mean in C. Whatever is wrong with a table ends the program with a message.
 */
#pragma once

#include <stddef.h>

enum { TABLE_CELLS_MAX = 24 };

struct table_cell {
    char *bytes; /* unescaped; NUL inside is possible, and one stands behind */
    size_t length;
};

struct table_row {
    struct table_cell cells[TABLE_CELLS_MAX];
    size_t count;
    int line; /* in the file */
};

struct table {
    struct table_row *rows;
    size_t count;
    char *text; /* the cells point into it */
};

/* Reads tests/cases/NAME, from the project's top folder. */
struct table table_read(const char *name);

void table_free(struct table *table);

/* The same bytes in an allocation of exactly their size (at least 1), so that
 * AddressSanitizer sees a read past their end. The caller frees it. */
char *exact_copy(const void *bytes, size_t length);

/* A test for each row of the table, run by cmocka under the name in the row's
 * cell `name_cell`; *state is the row. Returns the number of failed tests. */
int table_run(const char *name, const struct table *table, size_t name_cell,
              void (*test)(void **state));
