/*
 * number.c - a phone number: parse, print, print redacted. See number.h.
 *
 * The database reads the same notation when an order is written; one table of
 * cases, tests/cases/number.tsv, is run against both.
 */
#include "number.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 };

static bool is_filling(char c)
{
    return c == ' ' || c == '.' || c == '-' || c == '(' || c == ')' || c == '[' || c == ']';
}

/* "+44 (0)20 ...": a zero to dial or to leave out, depending on where one is. */
static bool is_bracketed_zero(const char *text, size_t length, size_t at)
{
    size_t before = at;
    size_t after = at + 1;

    while (before > 0 && text[before - 1] == ' ')
        before--;
    while (after < length && text[after] == ' ')
        after++;
    return text[at] == '0' && before > 0 && after < length &&
           (text[before - 1] == '(' || text[before - 1] == '[') &&
           (text[after] == ')' || text[after] == ']');
}

bool number_parse(const char *text, size_t length, struct number *out)
{
    bool plus = false;
    int zeros = 0; /* in front of the first other digit */
    int digits = 0;
    int64_t value = 0;

    out->value = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (is_filling(c))
            continue;
        if (is_bracketed_zero(text, length, i))
            return false;
        if (c == '+') {
            if (plus || zeros > 0 || digits > 0)
                return false;
            plus = true;
        } else if (c == '0' && digits == 0) {
            if (plus || ++zeros > 2)
                return false;
        } else if (c >= '0' && c <= '9') {
            if (++digits > DIGITS_MAX)
                return false;
            value = value * 10 + (c - '0');
        } else {
            return false;
        }
    }
    /* One leading zero is somebody's national format: which country's, nobody knows. */
    if (digits < DIGITS_MIN || zeros == 1)
        return false;
    out->value = value;
    return true;
}

void number_print(struct number number, char out[static NUMBER_TEXT])
{
    char reversed[NUMBER_TEXT];
    size_t length = 0;

    for (int64_t rest = number.value; rest > 0 && length < DIGITS_MAX; rest /= 10)
        reversed[length++] = (char)('0' + rest % 10);
    for (size_t i = 0; i < length; i++)
        out[i] = reversed[length - 1 - i];
    out[length] = '\0';
}

void number_print_redacted(struct number number, char out[static NUMBER_REDACTED])
{
    if (number.value > 0)
        snprintf(out, NUMBER_REDACTED, "**%02d", (int)(number.value % 100));
    else
        memcpy(out, "none", sizeof "none");
}
