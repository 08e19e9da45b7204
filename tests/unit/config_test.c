/*
 * config_test.c - config.h: the table tests/cases/config.tsv, what the fields hold, secrets
 * from files, and that nothing secret is printed.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "table.h"

/* --- the environment, and standard error --------------------------------- */

static char printed[16384];

extern char **environ;

/* What cmocka and the sanitizers read stays; nothing else of the tests' own environment may
 * count as a setting. */
static void unset_all(void)
{
    static const char *const kept[] = {"CMOCKA_", "ASAN_", "UBSAN_", "TSAN_", "LSAN_", "PATH="};
    for (size_t i = 0; environ[i] != NULL;) {
        bool keep = false;
        for (size_t j = 0; j < sizeof kept / sizeof kept[0]; j++)
            keep = keep || strncmp(environ[i], kept[j], strlen(kept[j])) == 0;
        char *name = strndup(environ[i], strcspn(environ[i], "="));
        if (keep)
            i++;
        else
            unsetenv(name); /* the others move up */
        free(name);
    }
}

static void set_only(char *const settings[], size_t count)
{
    unset_all();
    for (size_t i = 0; i < count; i++) {
        char *value = strchr(settings[i], '=');
        assert_non_null(value);
        char *name = strndup(settings[i], (size_t)(value - settings[i]));
        setenv(name, value + 1, 1);
        free(name);
    }
}

/* config_load; what it writes to standard error goes to printed. */
static int load(struct config *config)
{
    FILE *file = tmpfile();
    int standard_error = dup(STDERR_FILENO);
    assert_true(file != NULL && standard_error >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    int problems = config_load(config, config_print_complaint);
    fflush(stderr);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    fclose(file);
    return problems;
}

static int complaints_about(const char *name)
{
    char line_start[64];
    int count = 0;
    snprintf(line_start, sizeof line_start, "number-masking: %s: ", name);
    for (const char *at = printed; (at = strstr(at, line_start)) != NULL; at++)
        count++;
    return count;
}

static void assert_nothing_held(const struct config *config)
{
    static const struct config nothing;
    assert_memory_equal(config, &nothing, sizeof nothing);
}

static void judges_as_the_table_says(void **state)
{
    const struct table_row *row = *state;
    char *settings[TABLE_CELLS_MAX], *names = strdup(row->cells[1].bytes), *rest = names;
    struct config config;
    int complaints = 0;
    assert_true(row->count >= 2);
    for (size_t i = 2; i < row->count; i++)
        settings[i - 2] = row->cells[i].bytes;
    set_only(settings, row->count - 2);

    int problems = load(&config);

    for (char *name; (name = strsep(&rest, " ")) != NULL;)
        if (name[0] != '\0') {
            assert_int_not_equal(complaints_about(name), 0);
            complaints += complaints_about(name);
        }
    free(names);
    assert_int_equal(problems, complaints);
    assert_null(strstr(printed, "s3cret"));
    assert_null(strstr(printed, "hunter2"));
    if (problems == 0) {
        assert_string_equal(printed, "");
        config_free(&config);
    }
    assert_nothing_held(&config);
}

/* --- what the fields hold -------------------------------------------------- */

static void defaults_are_those_of_the_documentation(void **state)
{
    (void)state;
    char *settings[] = {"DATABASE_URL=postgresql:///masking", "ALLOW_UNSIGNED=yes"};
    struct config config;
    set_only(settings, 2);
    assert_int_equal(load(&config), 0);
    assert_string_equal(config.database_url, "postgresql:///masking");
    assert_string_equal(config.listen, "127.0.0.1:5000");
    assert_true(config.listen_is_loopback);
    assert_string_equal(config.metrics_listen, "127.0.0.1:5001");
    assert_int_equal(config.workers, 64);
    assert_int_equal(config.database_connections, 2);
    assert_int_equal(config.answer_deadline_ms, 2000);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.auth_tokens.count, 0);
    assert_int_equal(config.main_auth_tokens.count, 0);
    assert_string_equal(config.public_url, "");
    assert_true(config.allow_unsigned);
    config_free(&config);
}

static void every_setting_reaches_its_field(void **state)
{
    (void)state;
    char *settings[] = {
        "DATABASE_URL=postgresql://server:hunter2@db.example.com/masking",
        "LISTEN=10.1.2.3:8080",
        "METRICS_LISTEN=10.1.2.4:8081",
        "WORKERS=7",
        "DATABASE_CONNECTIONS=3",
        "ANSWER_DEADLINE_MS=1500",
        "LOG_LEVEL=debug",
        "PLIVO_AUTH_TOKEN= s3cret-1 ,s3cret-2",
        "PLIVO_MAIN_AUTH_TOKEN=s3cret-3",
        "PUBLIC_URL=https://mask.example.com:8443/prefix//, http://old.example.com/",
    };
    struct config config;
    set_only(settings, sizeof settings / sizeof settings[0]);
    assert_int_equal(load(&config), 0);
    assert_string_equal(config.database_url, "postgresql://server:hunter2@db.example.com/masking");
    assert_string_equal(config.listen, "10.1.2.3:8080");
    assert_false(config.listen_is_loopback);
    assert_string_equal(config.metrics_listen, "10.1.2.4:8081");
    assert_int_equal(config.workers, 7);
    assert_int_equal(config.database_connections, 3);
    assert_int_equal(config.answer_deadline_ms, 1500);
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_int_equal(config.auth_tokens.count, 2);
    assert_string_equal(config.auth_tokens.items[0], "s3cret-1");
    assert_string_equal(config.auth_tokens.items[1], "s3cret-2");
    assert_int_equal(config.main_auth_tokens.count, 1);
    assert_string_equal(config.main_auth_tokens.items[0], "s3cret-3");
    assert_string_equal(config.public_url, "https://mask.example.com:8443/prefix");
    assert_int_equal(config.public_urls.count, 2);
    assert_string_equal(config.public_urls.items[1], "http://old.example.com");
    assert_false(config.allow_unsigned);
    config_free(&config);
    assert_nothing_held(&config);
}

/* --- secrets from files ------------------------------------------------------ */

static char secret_file[64];

static void write_secret(const char *bytes, size_t length)
{
    FILE *file = fopen(secret_file, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static int make_secret_file(void **state)
{
    (void)state;
    snprintf(secret_file, sizeof secret_file, "/tmp/config_test.XXXXXX");
    int file = mkstemp(secret_file);
    return file < 0 ? -1 : close(file);
}

static int remove_secret_file(void **state)
{
    (void)state;
    return unlink(secret_file);
}

/* Loads with the token in the file, and more settings. */
static int load_with_file(struct config *config, char *more)
{
    char setting[128];
    snprintf(setting, sizeof setting, "PLIVO_AUTH_TOKEN_FILE=%s", secret_file);
    char *settings[] = {"DATABASE_URL=postgresql:///masking", "PUBLIC_URL=https://mask.example.com",
                        setting, more};
    set_only(settings, more == NULL ? 3 : 4);
    return load(config);
}

static void a_secret_may_come_from_a_file(void **state)
{
    (void)state;
    static const char *const contents[] = {"s3cret-a,s3cret-b", "s3cret-a,s3cret-b\n",
                                           "s3cret-a, s3cret-b\r\n\n"};
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct config config;
        write_secret(contents[i], strlen(contents[i]));
        assert_int_equal(load_with_file(&config, NULL), 0);
        assert_int_equal(config.auth_tokens.count, 2);
        assert_string_equal(config.auth_tokens.items[1], "s3cret-b");
        config_free(&config);
    }
}

static void the_database_url_may_come_from_a_file(void **state)
{
    (void)state;
    char setting[128];
    struct config config;
    snprintf(setting, sizeof setting, "DATABASE_URL_FILE=%s", secret_file);
    char *settings[] = {setting, "ALLOW_UNSIGNED=yes"};
    write_secret("postgresql://server:hunter2@a/b\n", 32);
    set_only(settings, 2);
    assert_int_equal(load(&config), 0);
    assert_string_equal(config.database_url, "postgresql://server:hunter2@a/b");
    config_free(&config);
}

static void a_bad_secret_file_is_named(void **state)
{
    (void)state;
    struct config config;
    char long_text[5000];
    memset(long_text, 's', sizeof long_text);

    write_secret("s3cret", 6);
    assert_int_equal(load_with_file(&config, "PLIVO_AUTH_TOKEN=s3cret"), 1);
    assert_int_equal(complaints_about("PLIVO_AUTH_TOKEN_FILE"), 1);
    assert_null(strstr(printed, "s3cret"));

    write_secret("s3cret\0more", 11);
    assert_true(load_with_file(&config, NULL) > 0);
    assert_int_equal(complaints_about("PLIVO_AUTH_TOKEN_FILE"), 1);
    assert_null(strstr(printed, "s3cret"));

    write_secret(long_text, sizeof long_text);
    assert_true(load_with_file(&config, NULL) > 0);
    assert_int_equal(complaints_about("PLIVO_AUTH_TOKEN_FILE"), 1);

    write_secret(",s3cret", 7);
    assert_true(load_with_file(&config, NULL) > 0);
    assert_int_not_equal(complaints_about("PLIVO_AUTH_TOKEN"), 0);
    assert_null(strstr(printed, "s3cret"));

    write_secret("", 0);
    assert_true(load_with_file(&config, NULL) > 0);
    assert_nothing_held(&config);
}

static void a_missing_secret_file_is_named(void **state)
{
    (void)state;
    struct config config;
    char *settings[] = {"DATABASE_URL_FILE=/nonexistent/file", "ALLOW_UNSIGNED=yes"};
    set_only(settings, 2);
    assert_int_equal(load(&config), 1);
    assert_int_equal(complaints_about("DATABASE_URL_FILE"), 1);
}

/* --- help ---------------------------------------------------------------------- */

static void help_names_every_setting_and_no_value(void **state)
{
    (void)state;
    static const char *const names[] = {
        "DATABASE_URL",
        "LISTEN",
        "METRICS_LISTEN",
        "WORKERS",
        "LOG_LEVEL",
        "DATABASE_CONNECTIONS",
        "PUBLIC_URL",
        "ALLOW_UNSIGNED",
        "ANSWER_DEADLINE_MS",
        "PLIVO_AUTH_TOKEN",
        "PLIVO_MAIN_AUTH_TOKEN",
    };
    char *settings[] = {"PLIVO_AUTH_TOKEN=s3cret"}, *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    set_only(settings, 1);
    config_print_settings(out);
    fclose(out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line_start[64];
        snprintf(line_start, sizeof line_start, "  %s ", names[i]);
        assert_non_null(strstr(text, line_start));
    }
    assert_null(strstr(text, "s3cret"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_documentation),
        cmocka_unit_test(every_setting_reaches_its_field),
        cmocka_unit_test(a_secret_may_come_from_a_file),
        cmocka_unit_test(the_database_url_may_come_from_a_file),
        cmocka_unit_test(a_bad_secret_file_is_named),
        cmocka_unit_test(a_missing_secret_file_is_named),
        cmocka_unit_test(help_names_every_setting_and_no_value),
    };
    struct table table = table_read("config.tsv");
    int failed = table_run("config.tsv", &table, 0, judges_as_the_table_says);
    table_free(&table);
    failed += cmocka_run_group_tests_name("config", tests, make_secret_file, remove_secret_file);
    return failed > 0;
}
