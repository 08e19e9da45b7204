/*
 * random.h - repeatable random values for property tests.
 *
 * Each program starts from the same seed, so a failure repeats; SEED=N in the
 * environment starts elsewhere. One thread at a time.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>

/* Evenly spread enough for tests: 0 to below - 1. */
static inline uint32_t random_below(uint32_t below)
{
    static uint64_t state;
    if (state == 0) {
        const char *seed = getenv("SEED");
        state = seed == NULL ? 20260101 : strtoull(seed, NULL, 10) * 2 + 1;
    }
    /* xorshift64*: a full period over all states but 0, and one line of code. */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 32) % below;
}
