// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/settings.h"

#include <stdio.h>

static const struct settings_wanted wanted = {"/usr/bin/redoubt", "/etc/redoubt/redoubt.yaml"};

/* A server on which nothing is left to do. */
static const struct settings right = {
    .wal_level = "replica",
    .archive_mode = "on",
    .archive_command = "/usr/bin/redoubt archive-push -c /etc/redoubt/redoubt.yaml %p",
    .archive_timeout_s = 60,
    .max_wal_senders = 10,
    .full_page_writes = true,
    .summarizes_wal = true,
};

static struct setting_change changes[SETTINGS_CHANGE_MAX];

static size_t
review(const struct settings *settings)
{
    struct error err;
    size_t count;

    assert_ok(settings_review(settings, &wanted, changes, &count, &err));
    return count;
}

static const struct setting_change *
find_change(size_t count, const char *name)
{
    for (size_t index = 0; index < count; index++)
        if (strcmp(changes[index].name, name) == 0)
            return &changes[index];
    fail_msg("no change of %s", name);
    return NULL;
}

static void
a_server_that_is_right_needs_nothing(void **state)
{
    (void) state;

    assert_int_equal(review(&right), 0);
}

static void
a_fresh_server_needs_archiving(void **state)
{
    (void) state;
    struct settings fresh = {.wal_level = "replica",
                             .archive_mode = "off",
                             .max_wal_senders = 10,
                             .full_page_writes = true,
                             .summarizes_wal = true};
    size_t count = review(&fresh);

    assert_int_equal(count, 3);
    assert_true(find_change(count, "archive_mode")->needs_restart);
    assert_false(find_change(count, "archive_mode")->pending);
    assert_string_equal(find_change(count, "archive_command")->wanted, right.archive_command);
    assert_false(find_change(count, "archive_command")->by_hand);
    assert_true(find_change(count, "archive_timeout")->advice);
}

static void
a_server_without_wal_summaries_is_advised_to_make_them(void **state)
{
    (void) state;
    struct settings plain = right;

    plain.summarizes_wal = false;
    assert_int_equal(review(&plain), 1);
    assert_true(find_change(1, "summarize_wal")->advice);
    assert_false(find_change(1, "summarize_wal")->needs_restart);
}

static void
minimal_wal_needs_a_restart_and_senders(void **state)
{
    (void) state;
    struct settings minimal = right;
    size_t count;

    snprintf(minimal.wal_level, sizeof(minimal.wal_level), "minimal");
    minimal.max_wal_senders = 0;
    count = review(&minimal);

    assert_int_equal(count, 2);
    assert_true(find_change(count, "wal_level")->needs_restart);
    assert_string_equal(find_change(count, "wal_level")->wanted, "replica");
    assert_false(find_change(count, "max_wal_senders")->advice);
}

static void
a_change_that_waits_for_a_restart_is_pending(void **state)
{
    (void) state;
    struct settings settings = right;

    snprintf(settings.archive_mode, sizeof(settings.archive_mode), "off");
    settings.archive_mode_pending = true;

    assert_int_equal(review(&settings), 1);
    assert_true(changes[0].pending);
}

static void
somebody_elses_archiving_is_left_alone(void **state)
{
    (void) state;
    struct settings settings = right;

    snprintf(settings.archive_command, sizeof(settings.archive_command), "cp %%p /mnt/%%f");
    assert_int_equal(review(&settings), 1);
    assert_true(changes[0].by_hand);

    settings = right;
    snprintf(settings.archive_library, sizeof(settings.archive_library), "basic_archive");
    assert_int_equal(review(&settings), 1);
    assert_string_equal(changes[0].name, "archive_library");
    assert_true(changes[0].by_hand);
}

static void
an_archive_command_is_ours_by_its_program_command_and_configuration(void **state)
{
    (void) state;
    static const struct
    {
        const char *command;
        size_t want;
    } rows[] = {
        {"/opt/bin/redoubt archive-push -c /etc/redoubt/redoubt.yaml %p", 0},
        {"PATH=/x nice redoubt -c '/etc/redoubt/redoubt.yaml' archive-push \"%p\"", 0},
        {"/usr/bin/redoubt archive-push -c /etc/redoubt/other.yaml %p", 1},
        {"/usr/bin/redoubt archive-get -c /etc/redoubt/redoubt.yaml %p", 1},
        {"/bin/true", 1},
        {"", 1},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct settings settings = right;

        snprintf(settings.archive_command, sizeof(settings.archive_command), "%s",
                 rows[row].command);
        if (review(&settings) != rows[row].want)
            fail_msg("%s", rows[row].command);
    }
}

static void
the_command_is_quoted_for_the_shell_and_for_the_server(void **state)
{
    (void) state;
    static const struct
    {
        struct settings_wanted wanted;
        const char *want;
    } rows[] = {
        {{"/usr/bin/redoubt", "/etc/r.yaml"}, "/usr/bin/redoubt archive-push -c /etc/r.yaml %p"},
        {{"/opt/my tools/redoubt", "/etc/it's.yaml"},
         "'/opt/my tools/redoubt' archive-push -c '/etc/it'\\''s.yaml' %p"},
        {{"/opt/100%/redoubt", "/etc/$x;.yaml"},
         "/opt/100%%/redoubt archive-push -c '/etc/$x;.yaml' %p"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer command = BUFFER_INIT(1024);
        struct error err;
        const char *text;

        assert_ok(settings_archive_command(&rows[row].wanted, &command, &err));
        assert_ok(buffer_text(&command, &text, &err));
        assert_string_equal(text, rows[row].want);
    }
}

static void
a_command_without_an_end_does_not_fit(void **state)
{
    (void) state;
    static char path[SETTING_VALUE_SIZE + 1];
    const struct settings_wanted endless = {path, "/etc/r.yaml"};
    struct error err;
    size_t count;

    memset(path, 'x', SETTING_VALUE_SIZE);
    assert_status(settings_review(&right, &endless, changes, &count, &err), STATUS_NO_MEMORY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_is_right_needs_nothing),
        cmocka_unit_test(a_fresh_server_needs_archiving),
        cmocka_unit_test(a_server_without_wal_summaries_is_advised_to_make_them),
        cmocka_unit_test(minimal_wal_needs_a_restart_and_senders),
        cmocka_unit_test(a_change_that_waits_for_a_restart_is_pending),
        cmocka_unit_test(somebody_elses_archiving_is_left_alone),
        cmocka_unit_test(an_archive_command_is_ours_by_its_program_command_and_configuration),
        cmocka_unit_test(the_command_is_quoted_for_the_shell_and_for_the_server),
        cmocka_unit_test(a_command_without_an_end_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
