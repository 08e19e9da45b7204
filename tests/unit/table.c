/* table.c - reads the case tables. See table.h. */
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void die(const char *name, int line, const char *problem)
{
    fprintf(stderr, "tests/cases/%s:%d: %s\n", name, line, problem);
    exit(2);
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        abort();
    return memory;
}

char *exact_copy(const void *bytes, size_t length)
{
    char *copy = allocate(length > 0 ? length : 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

static char *read_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/cases/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(name, 0, "cannot be opened (run from the project's top folder)");
    char *text = NULL;
    size_t size = 0;
    if (getdelim(&text, &size, '\0', file) < 0)
        die(name, 0, "is empty");
    fclose(file);
    return text;
}

static int hexadecimal(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

/* In place: an escape is never shorter than what it stands for. */
static void unescape(struct table_cell *cell, const char *name, int line)
{
    char *to = cell->bytes;
    for (const char *from = cell->bytes; *from != '\0'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        switch (*++from) {
        case 't':
            *to++ = '\t';
            break;
        case 'n':
            *to++ = '\n';
            break;
        case 'r':
            *to++ = '\r';
            break;
        case '\\':
            *to++ = '\\';
            break;
        case 'x':
            if (hexadecimal(from[1]) < 0 || hexadecimal(from[2]) < 0)
                die(name, line, "\\x needs two lower-case hexadecimal digits");
            *to++ = (char)(hexadecimal(from[1]) * 16 + hexadecimal(from[2]));
            from += 2;
            break;
        default:
            die(name, line, "unknown escape");
        }
    }
    *to = '\0';
    cell->length = (size_t)(to - cell->bytes);
}

static void split_row(struct table_row *row, char *text, const char *name)
{
    for (char *cell; (cell = strsep(&text, "\t")) != NULL;) {
        if (row->count == TABLE_CELLS_MAX)
            die(name, row->line, "too many cells");
        row->cells[row->count].bytes = cell;
        unescape(&row->cells[row->count++], name, row->line);
    }
}

struct table table_read(const char *name)
{
    struct table table = {.text = read_file(name)};
    size_t lines = 1;
    for (const char *c = table.text; *c != '\0'; c++)
        lines += *c == '\n';
    table.rows = allocate(lines * sizeof *table.rows);

    char *rest = table.text;
    int number = 0;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (line[0] == '\0' || line[0] == '#')
            continue;
        struct table_row *row = &table.rows[table.count++];
        row->line = number;
        split_row(row, line, name);
    }
    return table;
}

void table_free(struct table *table)
{
    free(table->rows);
    free(table->text);
}

int table_run(const char *name, const struct table *table, size_t name_cell,
              void (*test)(void **state))
{
    struct CMUnitTest *tests = allocate(table->count * sizeof *tests);
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        if (row->count <= name_cell)
            die(name, row->line, "too few cells");
        tests[i].name = row->cells[name_cell].bytes;
        tests[i].test_func = test;
        tests[i].initial_state = (void *)row;
    }
    int failed = _cmocka_run_group_tests(name, tests, table->count, NULL, NULL);
    free(tests);
    return failed;
}
