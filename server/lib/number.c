/*
 * number.c - a phone number: parse, print, print redacted. See number.h.
 *
 * The database reads the same notation when an order is written; one table of
 * cases, tests/cases/number.tsv, is run against both.
 */
#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 };

/* The character at text, made plain: a blank for each of Unicode's, a dash likewise, and for marks
 * that nobody sees '\0'. *size: how many bytes it has. '?' for any other that is not ASCII. */
static char plain(const char *text, size_t length, size_t *size)
{
    static const struct {
        uint32_t from, to;
        char as;
    } table[] = {
        {0x00A0, 0x00A0, ' '},  {0x00AD, 0x00AD, '\0'}, {0x034F, 0x034F, '\0'},
        {0x061C, 0x061C, '\0'}, {0x180E, 0x180E, '\0'}, {0x1680, 0x1680, ' '},
        {0x2000, 0x200A, ' '},  {0x200B, 0x200F, '\0'}, {0x2010, 0x2015, '-'},
        {0x202A, 0x202E, '\0'}, {0x202F, 0x202F, ' '},  {0x205F, 0x205F, ' '},
        {0x2060, 0x2064, '\0'}, {0x2066, 0x2069, '\0'}, {0x2212, 0x2212, '-'},
        {0x3000, 0x3000, ' '},  {0xFE00, 0xFE0F, '\0'}, {0xFE58, 0xFE58, '-'},
        {0xFE63, 0xFE63, '-'},  {0xFEFF, 0xFEFF, '\0'}, {0xFF0D, 0xFF0D, '-'},
    };
    size_t step = utf8_character(text, length);

    *size = step == 0 ? 1 : step;
    if (step == 1 && text[0] != '\0')
        return text[0];
    uint32_t code = step == 0 ? 0 : utf8_code_point(text, step);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (code >= table[i].from && code <= table[i].to)
            return table[i].as;
    return '?';
}

/* "+44 (0)20 ...": a zero to dial or to leave out, depending on where one is. Where in such a
 * bracket we are. */
enum bracket { OUTSIDE, OPEN, ZERO, BRACKETED_ZERO };

static enum bracket next_bracket(enum bracket now, char c)
{
    if (c == ' ')
        return now;
    if (c == '(' || c == '[')
        return OPEN;
    if (c == '0' && now == OPEN)
        return ZERO;
    return now == ZERO && (c == ')' || c == ']') ? BRACKETED_ZERO : OUTSIDE;
}

/* A number as it is written: the digits behind the zeros in front of them. */
struct written {
    int64_t value;
    int zeros, digits;
    bool plus;
};

/* false: what c stands for has no place in a number, or not here. */
static bool add(struct written *written, char c)
{
    if (c == ' ' || c == '.' || c == '-' || c == '(' || c == ')' || c == '[' || c == ']')
        return true;
    if (c == '+') {
        if (written->plus || written->zeros > 0 || written->digits > 0)
            return false;
        written->plus = true;
        return true;
    }
    if (c < '0' || c > '9')
        return false;
    if (c == '0' && written->digits == 0)
        return !written->plus && ++written->zeros <= 2;
    written->value = written->value * 10 + (c - '0');
    return ++written->digits <= DIGITS_MAX;
}

/*
 * "14156661001.0" is a number that a program took for an amount, and its zero no digit of it. As
 * groups: zeros behind a dot, only one of them, or fewer than the digits before the dot, or behind
 * the only dot among plain digits. ("+33.1.42.76.40.00" has a last pair like the others.)
 */
struct grouping {
    int groups, length, before; /* length: of the last group; before: of the one before it */
    bool in_group, dotted;      /* dotted: a dot stands behind the last group */
    bool follows_dot, is_zeros; /* the last group does, and is */
};

static void add_to_groups(struct grouping *grouping, char c)
{
    if (c < '0' || c > '9') {
        grouping->in_group = false;
        grouping->dotted = grouping->dotted || c == '.';
        return;
    }
    if (!grouping->in_group)
        *grouping = (struct grouping){.groups = grouping->groups + 1,
                                      .before = grouping->length,
                                      .in_group = true,
                                      .follows_dot = grouping->dotted,
                                      .is_zeros = true};
    grouping->length++;
    grouping->is_zeros = grouping->is_zeros && c == '0';
}

static bool has_decimals(const struct grouping *last)
{
    return last->groups > 1 && last->follows_dot && last->is_zeros &&
           (last->groups == 2 || last->length == 1 || last->length < last->before);
}

static bool scan(const char *text, size_t length, struct written *written)
{
    enum bracket bracket = OUTSIDE;
    struct grouping grouping = {0};
    size_t size;

    *written = (struct written){0};
    for (size_t i = 0; i < length; i += size) {
        char c = plain(text + i, length - i, &size);
        if (c == '\0')
            continue;
        bracket = next_bracket(bracket, c);
        add_to_groups(&grouping, c);
        if (bracket == BRACKETED_ZERO || !add(written, c))
            return false;
    }
    return !has_decimals(&grouping);
}

bool number_parse(const char *text, size_t length, struct number *out)
{
    struct written written;
    out->value = 0;
    /* One leading zero is somebody's national format: which country's, nobody knows. */
    if (!scan(text, length, &written) || written.digits < DIGITS_MIN || written.zeros == 1)
        return false;
    out->value = written.value;
    return true;
}

bool number_parse_caller(const char *text, size_t length, struct number *out)
{
    struct written written;
    if (number_parse(text, length, out))
        return true;
    if (!scan(text, length, &written) || written.digits < DIGITS_MIN - 1 ||
        written.digits > DIGITS_MAX - 1 || written.zeros != 1)
        return false;
    out->value = -written.value;
    return true;
}

bool number_is_hidden(struct number number)
{
    static const int64_t words[] = {
        266696687,   /* ANONYMOUS */
        7378742833,  /* RESTRICTED */
        8656696,     /* UNKNOWN */
        86282452253, /* UNAVAILABLE */
        7748283,     /* PRIVATE */
        2562533,     /* BLOCKED */
        94844353,    /* WITHHELD */
        688632732,   /* OUTOFAREA */
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (number.value == words[i])
            return true;
    return false;
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
    if (number.value != 0)
        snprintf(out, NUMBER_REDACTED, "**%02d", (int)(llabs(number.value) % 100));
    else
        memcpy(out, "none", sizeof "none");
}
