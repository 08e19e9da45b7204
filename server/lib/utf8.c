/* utf8.c - see utf8.h. */
#include "utf8.h"

size_t utf8_character(const char *text, size_t length)
{
    const unsigned char *byte = (const unsigned char *)text;
    static const struct {
        unsigned char first, last;            /* of the leading byte */
        unsigned char second_from, second_to; /* what may follow it */
        unsigned char length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (byte[0] < forms[i].first || byte[0] > forms[i].last)
            continue;
        if (forms[i].length > length)
            return 0;
        if (forms[i].length > 1 && (byte[1] < forms[i].second_from || byte[1] > forms[i].second_to))
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if (byte[j] < 0x80 || byte[j] > 0xbf)
                return 0;
        return forms[i].length;
    }
    return 0;
}

uint32_t utf8_code_point(const char *text, size_t length)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t value = (unsigned char)text[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        value = value << 6 | ((unsigned char)text[i] & 0x3f);
    return value;
}
