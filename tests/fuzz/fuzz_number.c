/* fuzz_number.c - number_parse and number_parse_caller on any bytes: what they accept prints to
 * E.164 digits that read as the same number, and nothing changes what filling stands around. */
#include "number.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct number number, again, caller;
    char printed[NUMBER_TEXT], redacted[NUMBER_REDACTED];
    bool good = number_parse((const char *)data, size, &number);
    number_print(number, printed);
    number_print_redacted(number, redacted);
    must(good == (number.value != 0));
    /* Of a caller also the national form: negative, and its two last digits are shown at most. */
    must(number_parse_caller((const char *)data, size, &caller) == (caller.value != 0));
    must(caller.value == number.value ||
         (!good && caller.value <= -100000 && caller.value >= -99999999999999));
    if (!good) {
        must(printed[0] == '\0' && strcmp(redacted, "none") == 0);
        return 0;
    }
    size_t length = strlen(printed);
    must(length >= 7 && length <= 15 && printed[0] != '0');
    must(strspn(printed, "0123456789") == length);
    must(strlen(redacted) == 4 && strcmp(redacted + 2, printed + length - 2) == 0);
    must(number_parse(printed, length, &again) && again.value == number.value);

    char *filled = malloc(size + 2);
    must(filled != NULL);
    filled[0] = ' ';
    memcpy(filled + 1, data, size);
    filled[size + 1] = '.'; /* not a bracket: it could close one around a zero */
    must(number_parse(filled, size + 2, &again) && again.value == number.value);
    free(filled);
    return 0;
}
