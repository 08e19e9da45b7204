/*
 * replay.h - has this signed request been here before?
 *
 * Plivo's signature has no time in it, so a request that somebody captured stays
 * valid for ever; only its nonce is unique. This remembers nonces. Plivo itself
 * sends a request again when the answer does not come: within two minutes a nonce
 * may come again (its retries end after 55 s), later it may not.
 *
 * The memory is bounded: the last REPLAY_SLOTS different nonces, 10 MB. When it is
 * full each new nonce takes the place of the oldest, which then counts as never
 * seen. So a captured request is refused from two minutes after its first time until
 * REPLAY_SLOTS others have come:
 *
 *     calls a second      10      100        1,000        2,000
 *     remembered for      7 h     43 min     4 min 22 s   2 min 11 s
 *
 * Above 2,184 calls a second nothing is refused any more. The memory belongs to
 * one process and is empty after a restart; other servers have their own. It makes
 * an old capture useless as a rule, not for certain: the certain part is TLS, which
 * keeps anybody from capturing a request, and the order, whose end ends the answer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "must_check.h"

enum { REPLAY_SLOTS = 262144, REPLAY_RETRY_MS = 120000 };

enum replay_verdict {
    REPLAY_FIRST, /* not seen, or forgotten; remembered from now on */
    REPLAY_AGAIN, /* first seen at most REPLAY_RETRY_MS ago: to be answered again */
    REPLAY_LATE,  /* first seen longer ago: to be refused */
};

struct replay_memory;

/* For so many nonces, at least 1. NULL when out of memory or without randomness. */
MUST_CHECK struct replay_memory *replay_new(size_t slots);

/* memory may be NULL. */
void replay_free(struct replay_memory *memory);

/*
 * Looks the nonce up and remembers it. Ask only after the signature was found valid:
 * else strangers could make the memory forget. now_ms: of any clock that does not go
 * back; the first time counts, a repetition does not prolong. Constant time on
 * average, whatever the nonces: where they are kept depends on a random key. Any
 * thread.
 */
MUST_CHECK enum replay_verdict replay_check(struct replay_memory *memory, const char *nonce,
                                            size_t length, int64_t now_ms);
