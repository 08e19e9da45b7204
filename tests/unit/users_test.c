/* users_test.c - who gets in, who no longer does, and forms that were not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "token.h"
#include "users.h"

/* openssl passwd -5 -salt saltsalt secret. */
static const char anna[] = "anna:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n";

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
    assert_int_equal(users_check(users, right, name), USER_KNOWN);
    assert_string_equal(name, "anna");
    assert_int_equal(users_check(users, wrong, name), USER_WRONG);
    assert_int_equal(users_check(users, unknown, name), USER_WRONG);
    assert_int_equal(users_check(users, NULL, name), USER_MISSING);
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
        assert_int_equal(users_check(users, headers[i], name), USER_MISSING);
    memset(longest, 'A', sizeof longest);
    memcpy(longest, "Basic ", 6);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(users_check(users, longest, name), USER_MISSING);
    users_free(users);
}

static void a_failure_slows_the_next_down_but_not_who_is_known(void **state)
{
    char name[USER_NAME];
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    assert_int_equal(users_check(users, right, name), USER_KNOWN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(users_check(users, wrong, name), USER_WRONG);
    int64_t start = clock_ms();
    assert_int_equal(users_check(users, wrong, name), USER_WRONG);
    assert_true(clock_ms() - start >= 800);
    start = clock_ms();
    assert_int_equal(users_check(users, right, name), USER_KNOWN);
    assert_true(clock_ms() - start < 400);
    users_free(users);
}

static void who_is_removed_gets_in_no_longer(void **state)
{
    char name[USER_NAME];
    (void)state;
    write_users(anna);
    struct users *users = users_new(path);
    assert_int_equal(users_check(users, right, name), USER_KNOWN);
    write_users("# nobody\n");
    users_reload(users);
    assert_int_equal(users_check(users, right, name), USER_WRONG);
    unlink(path);
    write_users(anna);
    users_reload(users);
    assert_int_equal(users_check(users, right, name), USER_KNOWN);
    unlink(path);
    users_reload(users); /* unreadable: nothing changes */
    assert_int_equal(users_check(users, right, name), USER_KNOWN);
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
        cmocka_unit_test(a_failure_slows_the_next_down_but_not_who_is_known),
        cmocka_unit_test(who_is_removed_gets_in_no_longer),
        cmocka_unit_test(a_file_without_a_user_is_refused),
        cmocka_unit_test(a_token_is_for_one_user),
    };
    int fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
