#include "turns.h"

#include <string.h>

#include "statements.h"

enum { TURN_LIMIT_MS = 30000 }; /* for one round trip */

/* ---- begin ---- */

static void add_setting(struct db_array *array, const char *name, const char *value)
{
    if (value == NULL)
        return;
    db_array_add_text(array, name);
    db_array_add_text(array, value);
}

static const char *yes(bool flag)
{
    return flag ? "yes" : NULL;
}

static void read_run(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_bigint(row, 0);
}

enum db_status turns_begin(struct db *db, const struct config *config, int64_t *run)
{
    static const struct db_statement statement = {"plivo_begin", SQL_PLIVO_BEGIN, NULL};
    struct db_array parameters[3] = {{0}};
    struct db_array *options = &parameters[0], *numbers = &parameters[1], *take = &parameters[2];
    db_array_start_text(options);
    add_setting(options, "command", config->command);
    add_setting(options, "account", config->auth_id);
    add_setting(options, "public_url", config->public_urls.items[0]);
    add_setting(options, "fallback", config->fallback_url);
    add_setting(options, "app", config->app);
    add_setting(options, "prefix", config->prefix);
    add_setting(options, "all", yes(config->all));
    add_setting(options, "yes", yes(config->yes));
    add_setting(options, "fix", yes(config->fix));
    add_setting(options, "now", yes(config->now));
    db_array_start_text(numbers);
    for (size_t i = 0; i < config->number_count; i++)
        db_array_add_text(numbers, config->numbers[i]);
    db_array_start_text(take);
    for (size_t i = 0; i < config->take_count; i++)
        db_array_add_text(take, config->take[i]);
    *run = 0;
    enum db_status status = db_run(db, &statement, parameters, 3, TURN_LIMIT_MS, read_run, run);
    db_array_free(options);
    db_array_free(numbers);
    db_array_free(take);
    return status;
}

/* ---- next ---- */

enum { KIND, WORDS, METHOD, PATH, BODY, SAFE, PAUSE, EXIT_CODE };

struct reading {
    void (*say)(bool warning, const char *words);
    struct turn *turn;
};

static void read_turn(void *context, const struct db_row *row)
{
    static const char *const kinds[] = {"api", "door", "forged", "end"};
    struct reading *reading = context;
    struct turn *turn = reading->turn;
    char kind[16], words[1024];
    db_text(row, KIND, kind, sizeof kind);
    if (strcmp(kind, "say") == 0 || strcmp(kind, "warn") == 0) {
        db_text(row, WORDS, words, sizeof words);
        reading->say(kind[0] == 'w', words);
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            turn->kind = (enum turn_kind)i;
    db_text(row, METHOD, turn->method, sizeof turn->method);
    db_text(row, PATH, turn->path, sizeof turn->path);
    db_text(row, BODY, turn->body, sizeof turn->body);
    turn->safe = db_int(row, SAFE) != 0;
    turn->pause = db_int(row, PAUSE);
    turn->exit_code = db_int(row, EXIT_CODE);
}

enum db_status turns_next(struct db *db, int64_t run, const struct rest_answer *answer,
                          void (*say)(bool warning, const char *words), struct turn *turn)
{
    static const struct db_statement statement = {"plivo_turn", SQL_PLIVO_TURN, NULL};
    struct db_array parameters[3] = {{0}};
    struct db_array *runs = &parameters[0], *statuses = &parameters[1], *answers = &parameters[2];
    struct reading reading = {.say = say, .turn = turn};
    *turn = (struct turn){.kind = TURN_END, .exit_code = 1};
    db_array_start_bigint(runs);
    db_array_add_bigint(runs, run);
    db_array_start_bigint(statuses);
    db_array_start_text(answers);
    if (answer != NULL) {
        db_array_add_bigint(statuses, answer->status);
        db_array_add_text(answers, answer->text);
    }
    enum db_status status =
        db_run(db, &statement, parameters, 3, TURN_LIMIT_MS, read_turn, &reading);
    db_array_free(runs);
    db_array_free(statuses);
    db_array_free(answers);
    return status;
}
