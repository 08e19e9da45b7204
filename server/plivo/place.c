#include "place.h"

#include <signal.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "interface.h"
#include "log.h"
#include "log_writer.h"
#include "process.h"
#include "requests.h"
#include "rest.h"
#include "secret.h"

enum {
    BEGIN_SECONDS = 5, /* after a take began: a later POST could meet one who took over, after 15 */
    END_SECONDS = 10,
    BACKOFF_MS = 100, /* first pause after a failure; doubles */
    BACKOFF_MAX_MS = 2000,
    WAIT_MIN_MS = 10,   /* between takes that find nothing */
    WAIT_MAX_MS = 5000, /* each tells the others that this one is there */
    STOP_MS = 15000,    /* how long stopping waits for the database to take a report */
    CHECK_MS = 4000,
};

struct placer {
    const struct config *config;
    struct db *db;
    struct rest *rest;
    sigset_t signals;
    int64_t number;  /* tells it from every other one */
    bool doubted;    /* a question under this number was lost, and may yet be done */
    int64_t backoff; /* the next pause after a failure */
    int64_t stop_by; /* told to stop: when to give up reporting; else 0 */
    bool fitted;     /* the schema did, once; a migration under way is not looked at again */
    bool stands_by;
    bool failed; /* the log says why: it ends */
};

/* ---- waiting ---- */

/* Until so much time has passed, or it is told to stop (once). */
static void wait_ms(struct placer *placer, int64_t ms)
{
    int64_t until = clock_ms() + ms, left;
    do {
        left = until > clock_ms() ? until - clock_ms() : 0;
        const struct timespec time = {left / 1000, left % 1000 * 1000000};
        int received = sigtimedwait(&placer->signals, NULL, &time);
        if ((received == SIGTERM || received == SIGINT) && placer->stop_by == 0) {
            log_event(LOG_INFO, "stopping", "signal=%s", received == SIGINT ? "INT" : "TERM");
            placer->stop_by = clock_ms() + STOP_MS;
            return;
        }
    } while (left > 0);
}

static void wait_after_failure(struct placer *placer)
{
    wait_ms(placer, placer->backoff);
    placer->backoff = placer->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : placer->backoff * 2;
}

/* ---- the database ---- */

static bool connect_and_check(struct placer *placer)
{
    bool fits = placer->fitted;
    enum db_status status = db_connect(placer->db);
    if (status == DB_OK && !placer->fitted)
        status = interface_ask(placer->db, "masking_caller", CHECK_MS, &fits);
    if (status == DB_OK && fits) {
        db_say_up(placer->db);
        if (!placer->fitted)
            log_event(LOG_INFO, "placing_started", "plivo=%s", placer->config->api);
        placer->fitted = true;
        return true;
    }
    if (status == DB_OK || status == DB_BROKEN)
        placer->failed = true;
    db_disconnect(placer->db);
    return false;
}

static bool is_connected(struct placer *placer)
{
    return db_is_connected(placer->db) || connect_and_check(placer);
}

/* Remembers whether the database may do later what it did not answer. */
static bool is_done(struct placer *placer, enum db_status status)
{
    placer->doubted = placer->doubted || status == DB_DOWN;
    return status == DB_OK;
}

static bool draw_number(struct placer *placer)
{
    bool drawn = getrandom(&placer->number, sizeof placer->number, 0) == sizeof placer->number;
    placer->number &= INT64_MAX;
    return drawn;
}

/* What is done so late is done for one who is not at work any more, and so touches nothing: not
 * what has been taken since, which would be placed twice. */
static bool settle_doubt(struct placer *placer)
{
    if (!placer->doubted)
        return true;
    if (requests_leave(placer->db, placer->number) != DB_OK || !draw_number(placer))
        return false;
    placer->doubted = false;
    return true;
}

/* ---- one request ---- */

static void log_placed(const struct taken *taken, const struct rest_answer *answer,
                       const char *state, int64_t ms)
{
    char why[160];
    if (answer->status == 201)
        log_event(LOG_INFO, "call_placed", "request=%s status=201 state=%s ms=%lld",
                  taken->request_id, state, (long long)ms);
    else if (answer->status > 0) /* without Plivo's words, which may name a phone */
        log_event(LOG_WARNING, "call_not_placed", "request=%s status=%ld state=%s ms=%lld",
                  taken->request_id, answer->status, state, (long long)ms);
    else
        log_event(LOG_WARNING, "call_not_placed",
                  "request=%s sent=%s state=%s ms=%lld reason=\"%s\"", taken->request_id,
                  answer->sent ? "yes" : "no", state, (long long)ms,
                  log_text(why, sizeof why, answer->text));
}

/* begun: when the take began. */
static void place_one(struct placer *placer, const struct taken *taken, int64_t begun)
{
    char state[REQUEST_STATE];
    long second_ms = placer->config->second_ms;
    struct rest_answer answer =
        rest_place_call(placer->rest, taken->body, begun + BEGIN_SECONDS * second_ms,
                        begun + END_SECONDS * second_ms);
    int64_t ms = clock_boot_ms() - begun;
    while (!is_connected(placer) ||
           !is_done(placer, requests_report(placer->db, placer->number, taken->request_id, &answer,
                                            state))) {
        if (placer->stop_by != 0 && clock_ms() > placer->stop_by) {
            log_placed(taken, &answer, "unreported", ms);
            placer->failed = true;
            return;
        }
        wait_after_failure(placer);
    }
    log_placed(taken, &answer, state, ms);
}

static void note_stands_by(struct placer *placer, bool stands_by)
{
    if (stands_by && !placer->stands_by)
        log_event(LOG_INFO, "standing_by", "reason=\"another one places\"");
    else if (!stands_by && placer->stands_by)
        log_event(LOG_INFO, "taken_over", "reason=\"the other one is gone\"");
    placer->stands_by = stands_by;
}

/* Takes a request, if there is one, and places it. false: it failed, or there is no database. */
static bool do_turn(struct placer *placer)
{
    struct taken taken;
    int64_t begun = clock_boot_ms();
    if (!is_connected(placer) || !settle_doubt(placer) ||
        !is_done(placer, requests_take(placer->db, placer->number, placer->config, &taken)))
        return false;
    placer->backoff = BACKOFF_MS;
    note_stands_by(placer, taken.stands_by);
    if (taken.request_id[0] != '\0')
        place_one(placer, &taken, begun); /* then there may be more */
    else
        wait_ms(placer, taken.wait_ms < WAIT_MIN_MS   ? WAIT_MIN_MS
                        : taken.wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS
                                                      : taken.wait_ms);
    return true;
}

static void run(struct placer *placer)
{
    while (placer->stop_by == 0 && !placer->failed) {
        if (!do_turn(placer) && !placer->failed)
            wait_after_failure(placer);
        else
            wait_ms(placer, 0); /* only looks for signals */
        log_tell_suppressed();
    }
    bool left = db_is_connected(placer->db) && requests_leave(placer->db, placer->number) == DB_OK;
    log_event(LOG_INFO, "stopped", "left=%s", left ? "yes" : "no");
}

bool place(struct db *db, struct rest *rest, const struct config *config)
{
    struct placer placer = {.config = config, .db = db, .rest = rest, .backoff = BACKOFF_MS};
    placer.signals = process_block_signals();
    log_writer_start();
    db_follow_url(db, secret_read_database_url);
    if (draw_number(&placer)) {
        run(&placer);
    } else {
        log_event(LOG_ERROR, "start_failed", "what=placer reason=\"no random number\"");
        placer.failed = true;
    }
    log_writer_stop();
    return !placer.failed;
}
