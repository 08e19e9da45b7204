#include "db_array.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static char *array_room(struct db_array *array, size_t length)
{
    if (array->failed)
        return NULL;
    if (array->length + length > array->capacity) {
        size_t capacity = array->capacity == 0 ? 1024 : array->capacity;
        while (capacity < array->length + length)
            capacity *= 2;
        char *bytes = realloc(array->bytes, capacity);
        if (bytes == NULL) {
            array->failed = true;
            return NULL;
        }
        array->bytes = bytes;
        array->capacity = capacity;
    }
    char *room = array->bytes + array->length;
    array->length += length;
    return room;
}

/* A one-dimensional array starts with five integers, filled in by db_array_seal. */
enum { ARRAY_HEADER = 5 * sizeof(int32_t) };

static void array_start(struct db_array *array, uint32_t element_type)
{
    array->length = 0;
    array->count = 0;
    array->has_null = false;
    array->failed = false;
    array->element_type = element_type;
    (void)array_room(array, ARRAY_HEADER);
}

void db_array_start_text(struct db_array *array)
{
    array_start(array, DB_TEXT);
}

void db_array_start_bigint(struct db_array *array)
{
    array_start(array, DB_BIGINT);
}

void db_array_start_float(struct db_array *array)
{
    array_start(array, DB_FLOAT);
}

static void array_add(struct db_array *array, const void *bytes, size_t length)
{
    uint32_t size = htobe32((uint32_t)length);
    char *room = array_room(array, sizeof size + length);
    if (room == NULL)
        return;
    memcpy(room, &size, sizeof size);
    memcpy(room + sizeof size, bytes, length);
    array->count++;
}

void db_array_add_text(struct db_array *array, const char *text)
{
    array_add(array, text, strlen(text));
}

void db_array_add_bigint(struct db_array *array, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    array_add(array, &wire, sizeof wire);
}

void db_array_add_float(struct db_array *array, double value)
{
    uint64_t wire;
    memcpy(&wire, &value, sizeof wire);
    wire = htobe64(wire);
    array_add(array, &wire, sizeof wire);
}

void db_array_add_null(struct db_array *array)
{
    static const int32_t null_size = -1; /* the same bytes in either order */
    char *room = array_room(array, sizeof null_size);
    if (room == NULL)
        return;
    memcpy(room, &null_size, sizeof null_size);
    array->has_null = true;
    array->count++;
}

void db_array_free(struct db_array *array)
{
    free(array->bytes);
    *array = (struct db_array){0};
}

/* Header: dimensions, any nulls, element type, length, lower bound. */
void db_array_seal(const struct db_array *array)
{
    const uint32_t header[5] = {htobe32(1), htobe32(array->has_null), htobe32(array->element_type),
                                htobe32((uint32_t)array->count), htobe32(1)};
    memcpy(array->bytes, header, sizeof header);
}

uint32_t db_array_type(const struct db_array *array)
{
    switch (array->element_type) {
    case DB_BIGINT:
        return DB_BIGINT_ARRAY;
    case DB_FLOAT:
        return DB_FLOAT_ARRAY;
    default:
        return DB_TEXT_ARRAY;
    }
}
