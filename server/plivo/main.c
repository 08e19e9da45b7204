/*
 * main.c - number-masking-plivo: connects the pool of numbers to Plivo, looks whether it still is,
 * and places the calls that people ask for (place.c).
 *
 * One loop: the database says what comes next, it is done, the answer goes back to the database.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "db.h"
#include "log.h"
#include "place.h"
#include "process.h"
#include "rest.h"
#include "turns.h"
#include "version.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_DRIFT = 1,
    EXIT_CANNOT = 1, /* of place */
    EXIT_USAGE = 2,
};

enum { TRIES = 5 };

static int print_help(void)
{
    puts(
        "usage: number-masking-plivo connect [--all | NUMBER...] [--take NUMBER]... [--app NAME]\n"
        "                                    [--prefix DIGITS] [--yes]\n"
        "       number-masking-plivo check [--fix]\n"
        "       number-masking-plivo disconnect [--now] [--yes]\n"
        "       number-masking-plivo place\n"
        "       number-masking-plivo --help | --version\n"
        "\n"
        "connect     makes an application at Plivo that answers at PUBLIC_URL, attaches numbers "
        "to\n"
        "            it and puts them into the pool. Without --yes it says what it would do, and\n"
        "            changes nothing. Run again, it does what is left.\n"
        "  --all           every number that is attached to nothing and takes calls\n"
        "  --take NUMBER   this one, although it belongs to another application; or the name of "
        "an\n"
        "                  application that answers elsewhere\n"
        "  --app NAME      the application's name (number-masking)\n"
        "  --prefix DIGITS the numbers serve people whose numbers begin so; '': everyone. Without\n"
        "                  it: people of the number's own country code\n"
        "check       says where Plivo and the pool differ. --fix takes numbers out of use that do\n"
        "            not ring here any more, and gives their orders others: seen so in looks an\n"
        "            hour apart, never the last one of a prefix, none while more than a tenth of\n"
        "            the pool is missing.\n"
        "disconnect  takes the numbers out of use and gives each back to the application it had.\n"
        "            Those that connect calls stay until they do not; --now: all at once.\n"
        "place       runs until SIGTERM or SIGINT: rings the first phone of each call that the "
        "order\n"
        "            system asks for, never twice. Of several that run, one places and the others "
        "stand\n"
        "            by; its log is on standard error.\n"
        "\n"
        "Exit status: 0 done, or in step; 1 drift, or something was left undone; 2 usage;\n"
        "3 Plivo is away, or its lists do not end or hold still; 4 Plivo refuses the credentials.\n"
        "Of place: 0 stopped as asked; 1 could not start, or not report what it had placed (the "
        "log\n"
        "says which); 2 usage.\n"
        "\n"
        "Settings come from the environment; PLIVO_AUTH_TOKEN_FILE and DATABASE_URL_FILE may name\n"
        "files instead:\n");
    config_print_settings(stdout);
    return EXIT_OK;
}

/* Words hold texts of Plivo's: whatever came through to here, no control character reaches a
 * terminal. */
static void say(bool warning, const char *words)
{
    char line[1024];
    size_t length = 0;
    for (; words[length] != '\0' && length + 1 < sizeof line; length++) {
        unsigned char byte = (unsigned char)words[length];
        unsigned char before = length > 0 ? (unsigned char)words[length - 1] : 0;
        bool c1 = byte >= 0x80 && byte < 0xa0 && before == 0xc2;
        line[length] = words[length];
        if (byte < 0x20 || byte == 0x7f || c1)
            line[length] = '?';
    }
    line[length] = '\0';
    fflush(stdout);
    fprintf(warning ? stderr : stdout, "%s\n", line);
    fflush(stdout);
}

/* May the same request be sent once more? One that was refused for its haste was not done. */
static bool may_try_again(const struct turn *turn, long status)
{
    return status == 429 || (turn->safe && (status == 0 || status >= 500));
}

static struct rest_answer ask_once(struct rest *rest, const struct turn *turn)
{
    return turn->kind == TURN_PLIVO
               ? rest_ask_plivo(rest, turn->method, turn->path, turn->body, !turn->safe)
               : rest_ask_door(rest, turn->path, turn->kind == TURN_FORGED);
}

static int run(struct db *db, struct rest *rest, const struct config *config)
{
    struct turn turn;
    struct rest_answer answer;
    int64_t number;
    if (db_connect(db) != DB_OK) {
        say(true, "There is no connection to the database; the line above says why.");
        return EXIT_DRIFT;
    }
    if (turns_begin(db, config, &number) != DB_OK) {
        say(true, "The database does not do its part; is it the one, and migrated?");
        return EXIT_DRIFT;
    }
    enum db_status status = turns_next(db, number, NULL, say, &turn);
    int tries = 0;
    while (status == DB_OK && turn.kind != TURN_END) {
        rest_wait(rest, turn.pause);
        answer = ask_once(rest, &turn);
        bool again = ++tries < TRIES && may_try_again(&turn, answer.status);
        if (again)
            rest_wait(rest, 1L << (tries - 1)); /* 1, 2, 4 and 8 seconds */
        else
            tries = 0;
        /* Also before the same is asked again: is this run still the one at work? */
        status = turns_next(db, number, again ? NULL : &answer, say, &turn);
    }
    if (status == DB_OK)
        return turn.exit_code;
    say(true, "The database went away; run this again, it goes on where it stopped.");
    return EXIT_DRIFT;
}

static bool places(const struct config *config)
{
    return strcmp(config->command, "place") == 0;
}

static int run_command(const struct config *config)
{
    struct db *db = db_new(config->database_url);
    const struct rest_options plivo = {.api = config->api,
                                       .auth_id = config->auth_id,
                                       .auth_token = config->auth_tokens.items[0],
                                       .public_url = config->public_urls.items[0],
                                       .second_ms = config->second_ms};
    struct rest *rest = rest_new(&plivo);
    int exit_code = EXIT_DRIFT;
    if (db == NULL || rest == NULL)
        say(true, "Out of memory.");
    else if (places(config))
        exit_code = place(db, rest, config) ? EXIT_OK : EXIT_CANNOT;
    else
        exit_code = run(db, rest, config);
    rest_free(rest);
    db_free(db);
    return exit_code;
}

int main(int argc, char *argv[])
{
    struct config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("number-masking-plivo %s\n", VERSION) < 0;
    process_forbid_core_dumps();
    signal(SIGPIPE, SIG_IGN);
    if (config_load(&config, argc, argv) > 0)
        return EXIT_USAGE;
    log_open(places(&config) ? config.log_level : LOG_WARNING);
    int exit_code = run_command(&config);
    config_free(&config);
    return exit_code;
}
