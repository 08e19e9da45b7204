#include "text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "utf8.h"

/* ---- odd characters ---- */

static bool is_left_out(const char *character, size_t length)
{
    if (length == 1)
        return ((unsigned char)*character < 0x20 && strchr("\t\r\n", *character) == NULL) ||
               *character == '\0' || *character == 0x7f;
    return length == 3 &&
           (memcmp(character, "\xEF\xBF\xBE", 3) == 0 || memcmp(character, "\xEF\xBF\xBF", 3) == 0);
}

size_t text_clean(const char *text, size_t length, char *to)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    char *end = to;
    bool replaced = false; /* the bytes before these were no character either */
    while (length > 0) {
        size_t step = utf8_character(text, length);
        if (step == 0 && !replaced) {
            memcpy(end, replacement, sizeof replacement - 1);
            end += sizeof replacement - 1;
        } else if (step > 0 && !is_left_out(text, step)) {
            memcpy(end, text, step);
            end += step;
        }
        replaced = step == 0;
        step += step == 0;
        text += step;
        length -= step;
    }
    return (size_t)(end - to);
}

/* ---- length ---- */

/* How many characters of GSM 03.38 it is written with; 0: it has none. */
static int gsm_size(uint32_t character)
{
    static const uint16_t basic[] = {
        0xa1, 0xa3, 0xa4, 0xa5,  0xa7,  0xbf,  0xc4,  0xc5,  0xc6,  0xc7,  0xc9,  0xd1,  0xd6,
        0xd8, 0xdc, 0xdf, 0xe0,  0xe4,  0xe5,  0xe6,  0xe8,  0xe9,  0xec,  0xf1,  0xf2,  0xf6,
        0xf8, 0xf9, 0xfc, 0x393, 0x394, 0x398, 0x39b, 0x39e, 0x3a0, 0x3a3, 0x3a6, 0x3a8, 0x3a9,
    };
    if (character == 0x20ac || (character < 0x80 && strchr("^{}\\[~]|", (int)character) != NULL))
        return 2;
    if (character < 0x80)
        return character != '`' && character != '\t';
    for (size_t i = 0; i < sizeof basic / sizeof basic[0]; i++)
        if (basic[i] == character)
            return 1;
    return 0;
}

/* Bytes that are no UTF-8 count as one character each; text_clean leaves none. */
static size_t step_at(const char *text, size_t length)
{
    size_t step = utf8_character(text, length);
    return step == 0 ? 1 : step;
}

/* Outside of GSM 03.38 texts are sent as UTF-16, where an emoji is two. */
static int size_of(const struct text_cut *cut, const char *text, size_t step)
{
    return cut->is_gsm ? gsm_size(utf8_code_point(text, step)) : 1 + (step == 4);
}

void text_cut_start(struct text_cut *cut, const char *text, size_t length)
{
    *cut = (struct text_cut){.rest = text, .length = length, .is_gsm = true};
    for (size_t i = 0, step; i < length && cut->is_gsm; i += step) {
        step = step_at(text + i, length - i);
        cut->is_gsm = gsm_size(utf8_code_point(text + i, step)) > 0;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t leading_blanks(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && is_blank(text[count]))
        count++;
    return count;
}

/* Does this character only change the one before it: an accent, a skin colour, a joiner? */
static bool belongs_to_the_last(uint32_t character)
{
    return (character >= 0x300 && character <= 0x36f) || character == 0x200d ||
           (character >= 0xfe00 && character <= 0xfe0f) ||
           (character >= 0x1f3fb && character <= 0x1f3ff) ||
           (character >= 0x900 && character <= 0x903) || (character >= 0x93a && character <= 0x94f);
}

/* The end of what fits into one message. *blank: where the last blank in it stands, or after it;
 * 0: nowhere that leaves anything. */
static size_t fitting(const struct text_cut *cut, size_t *blank)
{
    const int most = cut->is_gsm ? TEXT_GSM_MAX : TEXT_OTHER_MAX;
    size_t at = 0, whole = 0; /* whole: where the last character that stands by itself begins */
    int size = 0;
    *blank = 0;
    while (at < cut->length) {
        size_t step = step_at(cut->rest + at, cut->length - at);
        if (is_blank(cut->rest[at]))
            *blank = at;
        if (!belongs_to_the_last(utf8_code_point(cut->rest + at, step)))
            whole = at;
        size += size_of(cut, cut->rest + at, step);
        if (size > most)
            return whole > 0 ? whole : at;
        at += step;
    }
    return at;
}

bool text_cut_next(struct text_cut *cut, const char **part, size_t *length)
{
    size_t blank, end = fitting(cut, &blank), next;
    if (cut->length == 0)
        return false;
    if (end < cut->length && blank > 0)
        end = blank;
    next = end;
    if (next < cut->length && is_blank(cut->rest[next]))
        next +=
            1 + (cut->rest[next] == '\r' && next + 1 < cut->length && cut->rest[next + 1] == '\n');
    *part = cut->rest;
    *length = end;
    cut->rest += next;
    cut->length -= next;
    if (leading_blanks(cut->rest, cut->length) == cut->length)
        cut->length = 0; /* nobody is sent a message of blanks */
    return true;
}

int text_cut_count(const char *text, size_t length)
{
    struct text_cut cut;
    const char *part;
    size_t size;
    int count = 0;
    text_cut_start(&cut, text, length);
    while (text_cut_next(&cut, &part, &size))
        count++;
    return count;
}

/* ---- words for carriers ---- */

enum text_word text_word(const char *text, size_t length)
{
    /* Plivo documentation, "Messaging, Concepts, DND", and what carriers of North America must
     * know. Of the words for "again" only those that are said to nobody else: a customer may
     * well answer YES, GO or RESUME to his agent. */
    static const struct {
        const char *word;
        enum text_word meaning;
    } words[] = {
        {"STOP", TEXT_STOP},        {"STOPALL", TEXT_STOP}, {"STOP ALL", TEXT_STOP},
        {"UNSUBSCRIBE", TEXT_STOP}, {"UNSUB", TEXT_STOP},   {"CANCEL", TEXT_STOP},
        {"END", TEXT_STOP},         {"QUIT", TEXT_STOP},    {"OPTOUT", TEXT_STOP},
        {"OPT OUT", TEXT_STOP},     {"OPT-OUT", TEXT_STOP}, {"REVOKE", TEXT_STOP},
        {"START", TEXT_START},      {"UNSTOP", TEXT_START},
    };
    static const char around[] = " \t\r\n.!\"'";
    while (length > 0 && strchr(around, text[0]) != NULL)
        text++, length--;
    while (length > 0 && strchr(around, text[length - 1]) != NULL)
        length--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].word) == length && strncasecmp(text, words[i].word, length) == 0)
            return words[i].meaning;
    return TEXT_OTHER;
}
