#include "typed.h"

#include <ctype.h>
#include <regex.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "utf8.h"

static bool is_blank(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } blanks[] = {
        {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
        {0x1680, 0x1680}, {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x2060},
        {0x2066, 0x2069}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
    };
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++)
        if (point >= blanks[i].first && point <= blanks[i].last)
            return true;
    return false;
}

/* Is the character at that place, which ends at end, a blank? */
static bool is_blank_at(const char *place, const char *end)
{
    size_t length = utf8_character(place, (size_t)(end - place));
    return length > 0 && is_blank(utf8_code_point(place, length));
}

struct form_text typed_trimmed(struct form_text text)
{
    const char *start = text.bytes, *end = text.bytes + text.length;
    while (start < end && is_blank_at(start, end))
        start += utf8_character(start, (size_t)(end - start));
    while (start < end) {
        const char *last = end - 1;
        while (last > start && ((unsigned char)*last & 0xc0) == 0x80)
            last--;
        if (!is_blank_at(last, end))
            break;
        end = last;
    }
    return (struct form_text){start, (size_t)(end - start)};
}

/* Other scripts have digits too: whatever is not ASCII counts as one. */
bool typed_could_be_number(const char *text)
{
    size_t digits = 0;
    if (strncasecmp(text, "tel:", 4) == 0)
        text += 4;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (isalpha(byte))
            return false;
        if (isdigit(byte) || byte >= 0xc0)
            digits++;
    }
    return digits >= 7;
}

bool typed_is_time(const char *text)
{
    static const char pattern[] = "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4})"
                                  "([ ,T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
                                  " ?([+-][0-9]{2}(:?[0-9]{2})?)?)?$";
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool matches = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return matches;
}
