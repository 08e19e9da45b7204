/*
 * settings.h - settings, read from the environment into a struct as a table says: the engine of
 * every program's config.c.
 *
 * A table is the one list of a program's settings; --help prints it. A secret may come from a file
 * instead, which NAME_FILE names; in the environment it is wiped, since the kernel shows a
 * process's first environment in /proc/PID/environ for as long as it runs, and kept here, for
 * settings that are loaded again. Before there are threads, or on the one thread that loads again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { SETTINGS_LIST_MAX = 16, SETTINGS_ADDRESS = 32, SETTINGS_WHY = 160 };

struct setting;

/* Reads a text into the setting's field. NULL, or what is wrong, never with a secret: a static
 * text, or why. */
typedef const char *setting_reader(void *field, const char *text, const struct setting *setting,
                                   char why[SETTINGS_WHY]);

struct setting {
    const char *name;
    setting_reader *read;
    const char *fallback; /* stands for a variable that is absent or empty */
    size_t offset;        /* of the field in the program's struct */
    const char *help;
    bool secret;              /* never printed; may come from a file named by NAME_FILE */
    long least, most;         /* of setting_integer */
    const char *const *words; /* of setting_word, with NULL at the end; of setting_urls: with which
                                 the path of none may end */
};

/* Told of each problem: the setting's name, and what is wrong, never with a secret. Both are
 * borrowed for the length of the call. */
typedef void settings_complaint(const char *name, const char *why);

/* Who is told, and of how many there was to tell. */
enum { SETTINGS_MAX = 32 };
struct settings_problems {
    settings_complaint *complain;
    int count;
    const char *names[SETTINGS_MAX]; /* of those that have one */
};

/* name: static. */
void settings_complain(struct settings_problems *problems, const char *name, const char *why);

/* Has the setting none so far? Then its field holds what was set, or the default. */
bool settings_is_good(const struct settings_problems *problems, const char *name);

/* Fills into, a program's struct that was zeroed: a field whose setting has a problem stays so. */
void settings_load(const struct setting table[], size_t count, void *into,
                   struct settings_problems *problems);

/* A line for each, for --help; width: of the column of names. */
void settings_print(FILE *out, const struct setting table[], size_t count, int width);

/* ---- readers, and the type of field each fills; what is allocated is for secret_free ---- */

/* Texts that were separated by commas. */
struct settings_list {
    char *items[SETTINGS_LIST_MAX];
    size_t count;
};

void settings_free_list(struct settings_list *list);

setting_reader setting_database; /* char *: a connection string that libpq can read */
setting_reader setting_address;  /* char[SETTINGS_ADDRESS]: "127.0.0.1:5000", IPv4 */
setting_reader setting_integer;  /* long, from least to most */
setting_reader setting_level;    /* enum log_level */
setting_reader setting_word;     /* int: which of the words it is */
setting_reader setting_yes_no;   /* bool */
setting_reader setting_phone;    /* struct number; of value 0 for an empty text */
setting_reader setting_text;     /* char * */
setting_reader setting_tokens;   /* struct settings_list; without blanks around each */
setting_reader setting_url;      /* char *, without a slash at the end; "" for an empty text */
setting_reader setting_urls;     /* struct settings_list of such */
