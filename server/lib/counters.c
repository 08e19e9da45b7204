#include "counters.h"

#include <stdatomic.h>

typedef _Atomic uint64_t count;

static count counts[COUNTERS];

static const int64_t microseconds[] = {500,    1000,   2000,   5000,    10000,   20000,  50000,
                                       100000, 200000, 500000, 1000000, 2000000, 2500000};
static const int64_t requests[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

#define BOUNDS(list) (list), sizeof(list) / sizeof((list)[0])
static struct {
    const int64_t *bounds;
    size_t bound_count;
    count buckets[DISTRIBUTION_BUCKETS_MAX];
    count sum;
} distributions[DISTRIBUTIONS] = {
    [DISTRIBUTION_ANSWERS] = {BOUNDS(microseconds), {0}, 0},
    [DISTRIBUTION_STATEMENTS] = {BOUNDS(microseconds), {0}, 0},
    [DISTRIBUTION_BATCHES] = {BOUNDS(requests), {0}, 0},
};

static void add(count *to, uint64_t amount)
{
    atomic_fetch_add_explicit(to, amount, memory_order_relaxed);
}

static uint64_t value_of(count *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void counters_count(enum counter counter)
{
    add(&counts[counter], 1);
}

uint64_t counters_read(enum counter counter)
{
    return value_of(&counts[counter]);
}

void counters_observe(enum distribution distribution, int64_t value)
{
    size_t i = 0;
    while (i < distributions[distribution].bound_count &&
           value > distributions[distribution].bounds[i])
        i++;
    add(&distributions[distribution].buckets[i], 1);
    add(&distributions[distribution].sum, value > 0 ? (uint64_t)value : 0);
}

void counters_read_distribution(enum distribution distribution, struct distributed *out)
{
    out->bounds = distributions[distribution].bounds;
    out->bound_count = distributions[distribution].bound_count;
    for (size_t i = 0; i <= out->bound_count; i++)
        out->buckets[i] = value_of(&distributions[distribution].buckets[i]);
    out->sum = value_of(&distributions[distribution].sum);
}
