/*
 * replay.c - has this signed request been here before? See replay.h.
 *
 * A ring of the last nonces, in the order in which they came, and chains through it
 * for the lookup. A nonce is kept as its 128-bit keyed hash, its request as one of 64 bits:
 * nothing else of them is needed, and all slots have one size. Nobody can look for two
 * requests of one hash, as the key never leaves this process.
 */
#include "replay.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { HASH_BYTES = 16, KEY_BYTES = 16, DIGEST_BYTES = 8 };

/* Slots are named by their index + 1, so that 0 can end a chain. */
struct slot {
    unsigned char hash[HASH_BYTES];     /* of the nonce */
    unsigned char digest[DIGEST_BYTES]; /* of the request it came with */
    int64_t first_ms;
    uint32_t next; /* in the chain */
};

struct replay_memory {
    pthread_mutex_t lock;
    EVP_MAC_CTX *siphash;
    unsigned char key[KEY_BYTES];
    size_t size;
    size_t used;
    size_t oldest; /* index of the slot to be used next; once all are, the oldest */
    struct slot *slots;
    uint32_t chain_mask;
    uint32_t *chains; /* the first slot of each */
};

static bool make_siphash(struct replay_memory *memory)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    memory->siphash = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    return memory->siphash != NULL && RAND_bytes(memory->key, sizeof memory->key) == 1;
}

struct replay_memory *replay_new(size_t slots)
{
    struct replay_memory *memory = calloc(1, sizeof *memory);
    uint32_t chains = 1;
    if (memory == NULL)
        return NULL;
    while (chains < slots)
        chains *= 2;
    pthread_mutex_init(&memory->lock, NULL);
    memory->size = slots;
    memory->slots = calloc(slots, sizeof memory->slots[0]);
    memory->chain_mask = chains - 1;
    memory->chains = calloc(chains, sizeof memory->chains[0]);
    if (memory->slots == NULL || memory->chains == NULL || !make_siphash(memory)) {
        replay_free(memory);
        return NULL;
    }
    return memory;
}

void replay_free(struct replay_memory *memory)
{
    if (memory == NULL)
        return;
    EVP_MAC_CTX_free(memory->siphash);
    free(memory->chains);
    free(memory->slots);
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}

/* Under the lock, as there is one context. The key is given each time: OpenSSL's
 * SipHash did not always start anew without it. */
static bool hash_start(struct replay_memory *memory)
{
    return EVP_MAC_init(memory->siphash, memory->key, sizeof memory->key, NULL);
}

static bool hash_add(struct replay_memory *memory, const void *bytes, size_t length)
{
    return length == 0 || EVP_MAC_update(memory->siphash, bytes, length);
}

static bool hash_end(struct replay_memory *memory, unsigned char hash[HASH_BYTES])
{
    size_t written = 0;
    return EVP_MAC_final(memory->siphash, hash, &written, HASH_BYTES) && written == HASH_BYTES;
}

static bool hash_nonce(struct replay_memory *memory, const char *nonce,
                       unsigned char hash[HASH_BYTES])
{
    return hash_start(memory) && hash_add(memory, nonce, strlen(nonce)) && hash_end(memory, hash);
}

/* Each text with its end, so that no byte can move from one to the next; the body is last. */
static bool hash_request(struct replay_memory *memory, const struct replay_request *request,
                         unsigned char digest[DIGEST_BYTES])
{
    unsigned char whole[HASH_BYTES];
    const char *query = request->query == NULL ? "" : request->query;
    if (!hash_start(memory) || !hash_add(memory, request->method, strlen(request->method) + 1) ||
        !hash_add(memory, request->path, strlen(request->path) + 1) ||
        !hash_add(memory, query, strlen(query) + 1) ||
        !hash_add(memory, request->body, request->body_length) || !hash_end(memory, whole))
        return false;
    memcpy(digest, whole, DIGEST_BYTES);
    return true;
}

static uint32_t *chain_of(struct replay_memory *memory, const unsigned char hash[HASH_BYTES])
{
    uint32_t place;
    memcpy(&place, hash, sizeof place);
    return &memory->chains[place & memory->chain_mask];
}

static const struct slot *find(struct replay_memory *memory, const unsigned char hash[HASH_BYTES])
{
    for (uint32_t name = *chain_of(memory, hash); name != 0;) {
        const struct slot *slot = &memory->slots[name - 1];
        if (memcmp(slot->hash, hash, HASH_BYTES) == 0)
            return slot;
        name = slot->next;
    }
    return NULL;
}

static void forget_oldest(struct replay_memory *memory)
{
    uint32_t name = (uint32_t)memory->oldest + 1;
    uint32_t *link = chain_of(memory, memory->slots[memory->oldest].hash);
    while (*link != name)
        link = &memory->slots[*link - 1].next;
    *link = memory->slots[memory->oldest].next;
    memory->used--;
}

static void remember(struct replay_memory *memory, const unsigned char hash[HASH_BYTES],
                     const unsigned char digest[DIGEST_BYTES], int64_t now_ms)
{
    if (memory->used == memory->size)
        forget_oldest(memory);
    uint32_t *chain = chain_of(memory, hash);
    struct slot *slot = &memory->slots[memory->oldest];
    memcpy(slot->hash, hash, HASH_BYTES);
    memcpy(slot->digest, digest, DIGEST_BYTES);
    slot->first_ms = now_ms;
    slot->next = *chain;
    *chain = (uint32_t)memory->oldest + 1;
    memory->used++;
    memory->oldest = (memory->oldest + 1) % memory->size;
}

enum replay_verdict replay_check(struct replay_memory *memory, const struct replay_request *request,
                                 int64_t retry_ms, int64_t now_ms)
{
    unsigned char hash[HASH_BYTES], digest[DIGEST_BYTES];
    enum replay_verdict verdict = REPLAY_LATE; /* also when OpenSSL fails: refuse */

    pthread_mutex_lock(&memory->lock);
    if (hash_nonce(memory, request->nonce, hash) && hash_request(memory, request, digest)) {
        const struct slot *slot = find(memory, hash);
        if (slot == NULL) {
            remember(memory, hash, digest, now_ms);
            verdict = REPLAY_FIRST;
        } else if (memcmp(slot->digest, digest, DIGEST_BYTES) != 0) {
            verdict = REPLAY_OTHER;
        } else if (now_ms - slot->first_ms <= retry_ms) {
            verdict = REPLAY_AGAIN;
        }
    }
    pthread_mutex_unlock(&memory->lock);
    return verdict;
}
