#include "metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "counters.h"
#include "outcome.h"
#include "response.h"
#include "version.h"

typedef _Atomic uint64_t counter;

static const struct {
    const char *name, *help;
} texts[COUNTERS] = {
    [COUNTER_REQUESTS_REFUSED] = {"requests_refused_total", "Malformed HTTP requests"},
    [COUNTER_PATHS_UNKNOWN] = {"paths_unknown_total", "Requests for a path that is not ours (404)"},
    [COUNTER_METHODS_REFUSED] = {"methods_refused_total",
                                 "Requests whose method the path does not take (405)"},
    [COUNTER_FORMS_REFUSED] = {"forms_refused_total",
                               "Webhooks with more fields than a signature is checked over"},
    [COUNTER_DATABASE_CONNECTS] = {"database_connects_total", "Database connections made"},
    [COUNTER_DATABASE_LOSSES] = {"database_losses_total", "Database connections lost in use"},
    [COUNTER_STATEMENTS_FAILED] = {"statements_failed_total", "Statements the database refused"},
    [COUNTER_RECORDS_LOST] = {"records_lost_total", "Apologies or events left without a record"},
    [COUNTER_CHORES_FAILED] = {"chores_failed_total", "Background statements that failed"},
    [COUNTER_LOG_LINES_LOST] = {"log_lines_lost_total", "Log lines that nobody took in time"},
    [COUNTER_METRICS_LEFT_OUT] = {"metrics_left_out_total", "Values that found no room here"},
};

const char *const metrics_refusal_names[REFUSALS] = {
    [REFUSAL_MISSING] = "missing",
    [REFUSAL_WRONG] = "wrong",
    [REFUSAL_REPLAYED] = "replayed",
    [REFUSAL_CHANGED] = "changed",
};
static const char *const version_names[] = {"none", "2", "3"};
enum { VERSIONS = sizeof version_names / sizeof version_names[0] };
static counter refusals[REFUSALS][VERSIONS];

static counter answers[OUTCOMES]; /* webhooks, by outcome */

static const struct {
    const char *name, *help;
    double scale; /* of the unit observed, in the unit shown */
} histograms[DISTRIBUTIONS] = {
    [DISTRIBUTION_ANSWERS] = {"answer_seconds", "From request to response, webhooks only", 1e-6},
    [DISTRIBUTION_STATEMENTS] = {"database_seconds", "From a statement to its result", 1e-6},
    [DISTRIBUTION_BATCHES] = {"batch_requests", "Requests that shared one statement", 1},
};

static pthread_mutex_t gauges_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gauge gauges[GAUGES_MAX];
static size_t gauge_count;
static time_t gauges_told; /* 0: not yet */
static int64_t gauges_told_ms;
enum { GAUGES_LAST_MS = 600 * 1000 };

static void add(counter *to, uint64_t amount)
{
    atomic_fetch_add_explicit(to, amount, memory_order_relaxed);
}

static uint64_t read_counter(counter *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void metrics_count_refusal(enum signature_refusal reason, int version)
{
    add(&refusals[reason][version == 0 ? 0 : version - 1], 1);
}

void metrics_count_answer(const char *outcome, int64_t microseconds)
{
    add(&answers[outcome_labelled(outcome)], 1);
    counters_observe(DISTRIBUTION_ANSWERS, microseconds);
}

void metrics_set_gauges(const struct gauge values[], size_t count)
{
    pthread_mutex_lock(&gauges_lock);
    gauges_told = time(NULL);
    gauges_told_ms = clock_ms();
    gauge_count = count;
    memcpy(gauges, values, gauge_count * sizeof gauges[0]);
    pthread_mutex_unlock(&gauges_lock);
}

/* Out of memory cuts the text short; a scraper then sees fewer values, not wrong ones. */
__attribute__((format(printf, 2, 3))) static void print(struct response *response,
                                                        const char *format, ...)
{
    char line[256];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (length > 0 && (size_t)length < sizeof line &&
        !response_append(response, line, (size_t)length))
        response->status = 503;
}

static void print_head(struct response *response, const char *name, const char *help,
                       const char *type)
{
    print(response, "# HELP masking_%s %s.\n# TYPE masking_%s %s\n", name, help, name, type);
}

/* Cumulative, as the format wants them. */
static void print_histogram(struct response *response, enum distribution distribution)
{
    const char *name = histograms[distribution].name;
    double scale = histograms[distribution].scale;
    struct distributed values;
    uint64_t total = 0;
    counters_read_distribution(distribution, &values);
    print_head(response, name, histograms[distribution].help, "histogram");
    for (size_t i = 0; i < values.bound_count; i++) {
        total += values.buckets[i];
        print(response, "masking_%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
              (double)values.bounds[i] * scale, total);
    }
    total += values.buckets[values.bound_count];
    print(response, "masking_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, total);
    print(response, "masking_%s_sum %.15g\n", name, (double)values.sum * scale);
    print(response, "masking_%s_count %" PRIu64 "\n", name, total);
}

/* sql/server/gauges.sql sorts them: the values of one stand together, as the format demands. */
static void print_gauges(struct response *response)
{
    pthread_mutex_lock(&gauges_lock);
    /* 0 before the first: a server that is refused from its start on is an alarm too. */
    print_head(response, "gauges_told_timestamp_seconds",
               "When the database last told the values below; 0: not since the start", "gauge");
    print(response, "masking_gauges_told_timestamp_seconds %lld\n", (long long)gauges_told);
    /* What was true so long ago would be taken for the present beside what another server says. */
    if (clock_ms() - gauges_told_ms > GAUGES_LAST_MS)
        gauge_count = 0;
    for (size_t i = 0; i < gauge_count; i++) {
        const struct gauge *gauge = &gauges[i];
        if (i == 0 || strcmp(gauge->name, gauges[i - 1].name) != 0)
            print(response, "# TYPE masking_%s %s\n", gauge->name,
                  strstr(gauge->name, "_total") == NULL ? "gauge" : "counter");
        if (gauge->labels[0] == '\0')
            print(response, "masking_%s %.15g\n", gauge->name, gauge->value);
        else
            print(response, "masking_%s{%s} %.15g\n", gauge->name, gauge->labels, gauge->value);
    }
    pthread_mutex_unlock(&gauges_lock);
}

uint64_t metrics_refusals(enum signature_refusal reason)
{
    uint64_t sum = 0;
    for (size_t version = 0; version < VERSIONS; version++)
        sum += read_counter(&refusals[reason][version]);
    return sum;
}

static void print_refusals(struct response *response)
{
    print_head(response, "signatures_refused_total",
               "Webhooks refused for their signature, by reason and version", "counter");
    for (size_t i = 0; i < REFUSALS; i++)
        for (size_t j = 0; j < VERSIONS; j++)
            print(response,
                  "masking_signatures_refused_total{reason=\"%s\",version=\"%s\"} %" PRIu64 "\n",
                  metrics_refusal_names[i], version_names[j], read_counter(&refusals[i][j]));
}

void metrics_write(struct response *response, const struct metrics_now *now)
{
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->length = 0;
    print_head(response, "answers_total", "Webhooks answered, by outcome", "counter");
    for (int i = 0; i < OUTCOMES; i++)
        print(response, "masking_answers_total{outcome=\"%s\"} %" PRIu64 "\n",
              outcome_label((enum outcome)i), read_counter(&answers[i]));
    for (size_t i = 0; i < COUNTERS; i++) {
        print_head(response, texts[i].name, texts[i].help, "counter");
        print(response, "masking_%s %" PRIu64 "\n", texts[i].name, counters_read((enum counter)i));
    }
    print_refusals(response);
    for (int i = 0; i < DISTRIBUTIONS; i++)
        print_histogram(response, (enum distribution)i);
    print_head(response, "queue_requests", "Requests waiting for the database", "gauge");
    print(response, "masking_queue_requests %zu\n", now->waiting);
    print_head(response, "posts_waiting", "Records waiting to be written", "gauge");
    print(response, "masking_posts_waiting %zu\n", now->posts);
    print_head(response, "posts_oldest_seconds", "How long the oldest of them waits", "gauge");
    print(response, "masking_posts_oldest_seconds %g\n", now->oldest_post_seconds);
    print_head(response, "database_up", "1 while the database answers", "gauge");
    print(response, "masking_database_up %d\n", now->ready ? 1 : 0);
    print_head(response, "workers", "Workers, of which each serves a connection", "gauge");
    print(response, "masking_workers %ld\n", now->workers);
    print_head(response, "workers_busy", "Workers with a request in hand", "gauge");
    print(response, "masking_workers_busy %d\n", now->busy);
    print_head(response, "build_info", "Which build this is", "gauge");
    print(response, "masking_build_info{version=\"%s\"} 1\n", VERSION);
    print_gauges(response);
}
