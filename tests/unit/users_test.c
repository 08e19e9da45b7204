/* users_test.c - who gets in, who is slowed down, who no longer gets in, and forms that were not
 * ours. Hashes are counted, not timed: crypt(3) is a stand-in's, to which the one right password is
 * "secret". */
#include <crypt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stand_in/virtual_time.h"
#include "token.h"
#include "users.h"

static const char anna[] = "anna:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n";

static struct {
    size_t count;
    char settings[64][256];  /* what was computed */
    void (*meanwhile)(void); /* called within the next computation */
} computed;

char *crypt_r(const char *password, const char *setting, struct crypt_data *data)
{
    void (*meanwhile)(void) = computed.meanwhile;
    computed.meanwhile = NULL;
    if (meanwhile != NULL)
        meanwhile();
    snprintf(computed.settings[computed.count++ % 64], 256, "%s", setting);
    snprintf(data->output, sizeof data->output, "%s", setting);
    if (strcmp(password, "secret") != 0)
        data->output[strlen(data->output) - 1] ^= 1;
    return data->output;
}

/* "anna:secret", "anna:wrong", "bob:secret". */
static const char right[] = "Basic YW5uYTpzZWNyZXQ=";
static const char wrong[] = "Basic YW5uYTp3cm9uZw==";
static const char unknown[] = "Basic Ym9iOnNlY3JldA==";

static char path[] = "/tmp/masking-users.XXXXXX";

static void write_users(const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void only_the_right_password_gets_in(void **state)
{
    char name[USER_NAME] = "";
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    assert_non_null(users);
    assert_int_equal(users_check(users, right, "192.0.2.1", name), USER_KNOWN);
    assert_string_equal(name, "anna");
    assert_int_equal(users_check(users, wrong, "192.0.2.1", name), USER_WRONG);
    assert_int_equal(users_check(users, unknown, "192.0.2.2", name), USER_WRONG);
    assert_int_equal(users_check(users, NULL, "192.0.2.3", name), USER_MISSING);
    users_free(users);
}

static void what_is_not_basic_is_no_answer(void **state)
{
    static const char *const headers[] = {
        "",
        "Basic",
        "Basic ",
        "Bearer YW5uYTpzZWNyZXQ=",
        "Basic YW5uYQ==",
        "Basic ====",
        "Basic a",
        "Basic \xff\xff\xff\xff",
        "Basic OnNlY3JldA==",
    };
    char name[USER_NAME], longest[4096];
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(users_check(users, headers[i], "192.0.2.1", name), USER_MISSING);
    memset(longest, 'A', sizeof longest);
    memcpy(longest, "Basic ", 6);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(users_check(users, longest, "192.0.2.1", name), USER_MISSING);
    users_free(users);
}

/* As users_check(), from an address; name:password in base64. */
static enum user_verdict check(struct users *users, const char *credentials, const char *address)
{
    char name[USER_NAME];
    return users_check(users, credentials, address, name);
}

static void failures_slow_down_their_source_alone(void **state)
{
    static const struct {
        const char *source, *other;
        bool is_same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.3", "::ffff:192.0.2.3", true},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::1", true},
        {"2001:db8:1:3::1", "2001:db8:1:4::1", false},
        {"unknown", "192.0.2.4:1234", true},
    };
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(check(users, wrong, cases[i].source), USER_WRONG);
        computed.count = 0;
        assert_int_equal(check(users, right, cases[i].source), USER_BUSY);
        assert_int_equal(computed.count, 0);
        assert_int_equal(check(users, wrong, cases[i].other),
                         cases[i].is_same ? USER_BUSY : USER_WRONG);
    }
    assert_int_equal(check(users, right, "192.0.2.99"), USER_KNOWN);
    assert_int_equal(check(users, right, "192.0.2.1"), USER_KNOWN); /* as she is in */
    users_free(users);
}

static void failures_slow_down_more_and_are_forgiven(void **state)
{
    static const int64_t pauses[] = {200, 400, 800, 1600, 3000, 3000};
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        assert_int_equal(check(users, wrong, "192.0.2.1"), USER_WRONG);
        time_sleep(pauses[i] - 1);
        assert_int_equal(check(users, wrong, "192.0.2.1"), USER_BUSY);
        time_sleep(1);
    }
    time_sleep(60001);
    assert_int_equal(check(users, wrong, "192.0.2.1"), USER_WRONG);
    time_sleep(pauses[0]);
    assert_int_equal(check(users, right, "192.0.2.1"), USER_KNOWN);
    users_free(users);
}

static struct users *guessed_at;

static void meanwhile_others_come(void)
{
    assert_int_equal(check(guessed_at, wrong, "192.0.2.1"), USER_BUSY); /* this one is checked */
    assert_int_equal(check(guessed_at, wrong, "192.0.2.2"), USER_BUSY); /* one of those is */
    assert_int_equal(check(guessed_at, right, "192.0.2.3"), USER_KNOWN);
}

/* However many sources guess, half of the places is for others. */
static void who_did_nothing_wrong_has_a_place(void **state)
{
    (void)state;
    write_users(anna);
    guessed_at = users_new(path);
    assert_int_equal(check(guessed_at, wrong, "192.0.2.1"), USER_WRONG);
    assert_int_equal(check(guessed_at, wrong, "192.0.2.2"), USER_WRONG);
    time_sleep(200);
    computed.meanwhile = meanwhile_others_come;
    assert_int_equal(check(guessed_at, wrong, "192.0.2.1"), USER_WRONG);
    assert_null(computed.meanwhile);
    users_free(guessed_at);
}

/* Many sources fail: those that came first are forgotten, and nothing is lost but that. */
static void there_are_more_sources_than_places(void **state)
{
    char address[32];
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    for (int i = 0; i < 3000; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        assert_int_equal(check(users, wrong, address), USER_WRONG);
    }
    assert_int_equal(check(users, wrong, address), USER_BUSY);
    users_free(users);
}

/* Bob's hash costs forty times what anna's does, and dora's is of another method. */
static void no_name_is_told_by_what_is_computed(void **state)
{
    static const char *const tried[] = {
        "Basic YW5uYTp3cm9uZw==", "Basic Ym9iOndyb25n",
        "Basic Y2FybDp3cm9uZw==", "Basic ZG9yYTp3cm9uZw==", "Basic bm9ib2R5Ondyb25n"};
    static const char *const kinds[] = {"$5$saltsalt$", "$5$rounds=200000$", "$y$j9T$", "$2b$12$",
                                        "$2b$14$"};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    (void)state;
    write_users("anna:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n"
                "bob:$5$rounds=200000$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n"
                "carl:$5$saltsalt$1IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n"
                "dora:$y$j9T$salt$hash\n"
                "emil:$2b$12$saltsaltsaltsaltsaltsaHASHHASH\n"
                "fina:$2b$14$saltsaltsaltsaltsaltsaHASHHASH\n"
                "gina:$2b$14$otherothersaltsaltsaltHASHHASH\n");
    struct users *users = users_new(path);
    assert_non_null(users);
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
        char address[] = "192.0.2.0";
        address[sizeof address - 2] = (char)('1' + i);
        computed.count = 0;
        assert_int_equal(check(users, tried[i], address), USER_WRONG);
        assert_int_equal(computed.count, KINDS);
        for (size_t kind = 0; kind < KINDS; kind++)
            assert_memory_equal(computed.settings[kind], kinds[kind], strlen(kinds[kind]));
    }
    assert_int_equal(check(users, "Basic Ym9iOnNlY3JldA==", "192.0.2.9"), USER_KNOWN);
    assert_int_equal(check(users, "Basic Z2luYTpzZWNyZXQ=", "192.0.2.9"), USER_KNOWN);
    users_free(users);
}

static void whose_line_did_not_change_stays_in(void **state)
{
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    assert_int_equal(check(users, right, "192.0.2.1"), USER_KNOWN);
    write_users("bob:$5$x$y\nanna:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n");
    users_reload(users);
    computed.count = 0;
    assert_int_equal(check(users, right, "192.0.2.1"), USER_KNOWN);
    assert_int_equal(computed.count, 0);
    write_users("anna:$5$saltsalt$1IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n");
    users_reload(users);
    assert_int_equal(check(users, right, "192.0.2.1"), USER_KNOWN);
    assert_int_equal(computed.count, 1); /* another password: it was asked anew */
    users_free(users);
}

static void who_is_removed_gets_in_no_longer(void **state)
{
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    assert_int_equal(check(users, right, "192.0.2.1"), USER_KNOWN);
    write_users("# nobody\n");
    users_reload(users);
    assert_int_equal(check(users, right, "192.0.2.2"), USER_WRONG);
    unlink(path);
    write_users(anna);
    users_reload(users);
    assert_int_equal(check(users, right, "192.0.2.3"), USER_KNOWN);
    unlink(path);
    users_reload(users); /* unreadable: nothing changes */
    assert_int_equal(check(users, right, "192.0.2.4"), USER_KNOWN);
    users_free(users);
}

static void a_file_without_a_user_is_refused(void **state)
{
    (void)state;
    write_users("# a comment\n\nanna:secret\nanna\n:$5$x\nan na:$5$x$y\n");
    assert_null(users_new(path));
    unlink(path);
    assert_null(users_new(path));
}

static void a_token_is_for_one_user(void **state)
{
    char token[TOKEN];
    (void)state;
    assert_true(token_start());
    token_make("anna", token);
    assert_true(token_is_valid("anna", token, strlen(token)));
    assert_false(token_is_valid("bob", token, strlen(token)));
    assert_false(token_is_valid("anna", token, strlen(token) - 1));
    assert_false(token_is_valid("anna", "", 0));
    token[0] = token[0] == '0' ? '1' : '0';
    assert_false(token_is_valid("anna", token, strlen(token)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_right_password_gets_in),
        cmocka_unit_test(what_is_not_basic_is_no_answer),
        cmocka_unit_test(failures_slow_down_their_source_alone),
        cmocka_unit_test(failures_slow_down_more_and_are_forgiven),
        cmocka_unit_test(who_did_nothing_wrong_has_a_place),
        cmocka_unit_test(there_are_more_sources_than_places),
        cmocka_unit_test(no_name_is_told_by_what_is_computed),
        cmocka_unit_test(whose_line_did_not_change_stays_in),
        cmocka_unit_test(who_is_removed_gets_in_no_longer),
        cmocka_unit_test(a_file_without_a_user_is_refused),
        cmocka_unit_test(a_token_is_for_one_user),
    };
    time_begin();
    int fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
