/*
 * replay.h - has this signed request been here before?
 *
 * Plivo's signature has no time in it, so a request that somebody captured stays
 * valid for ever; only its nonce is unique. This remembers nonces, each with a digest
 * of the request it came with. Plivo itself sends a request again when the answer does
 * not come: for a while the same nonce may come again with the same request, byte by
 * byte. With any other it was taken from somewhere else: a V2 signature does not cover
 * parameters at all, and a V3 signature does not tell where one of them ends.
 *
 * The memory is bounded: the last REPLAY_SLOTS different nonces, 12 MB. When it is
 * full each new nonce takes the place of the oldest, which then counts as never
 * seen. So a captured request is refused from its time on until REPLAY_SLOTS others
 * have come:
 *
 *     calls a second      10      100        1,000        2,000
 *     remembered for      7 h     43 min     4 min 22 s   2 min 11 s
 *
 * Above 2,184 calls a second nothing is refused any more for being late. The memory
 * belongs to one process and is empty after a restart; other servers have their own. It
 * makes an old capture useless as a rule, not for certain: the certain part is TLS, which
 * keeps anybody from capturing a request, and the order, whose end ends the answer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "must_check.h"

enum {
    REPLAY_SLOTS = 262144,
    REPLAY_CALL_MS = 120000,    /* Plivo's retries of a call's webhook end after 55 s */
    REPLAY_MESSAGE_MS = 600000, /* those of a text come after 60, 120 and 240 s more */
};

enum replay_verdict {
    REPLAY_FIRST, /* not seen, or forgotten; remembered from now on */
    REPLAY_AGAIN, /* the same request, in time: to be answered again */
    REPLAY_LATE,  /* the same request, too late: to be refused */
    REPLAY_OTHER, /* the nonce came with another request before: to be refused */
};

/* What is remembered of a request: all that it says, as received. Borrowed for the call. */
struct replay_request {
    const char *nonce;
    const char *method, *path;
    const char *query; /* NULL when there is none */
    const char *body;
    size_t body_length;
};

struct replay_memory;

/* For so many nonces, at least 1. NULL when out of memory or without randomness. */
MUST_CHECK struct replay_memory *replay_new(size_t slots);

/* memory may be NULL. */
void replay_free(struct replay_memory *memory);

/*
 * Looks the nonce up and remembers it with its request. Ask only after the signature was
 * found valid: else strangers could make the memory forget. retry_ms: for how long the same
 * request may come again; now_ms: of any clock that does not go back; the first time counts,
 * a repetition does not prolong. Constant time on average, whatever the nonces: where they
 * are kept depends on a random key. Any thread.
 */
MUST_CHECK enum replay_verdict replay_check(struct replay_memory *memory,
                                            const struct replay_request *request, int64_t retry_ms,
                                            int64_t now_ms);
