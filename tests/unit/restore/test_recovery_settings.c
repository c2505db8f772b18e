// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "restore/recovery_settings.h"

#include <stdlib.h>
#include <unistd.h>

static const struct recovery_settings plain = {
    .target = {.kind = TARGET_TIME, .time = INT64_C(1767225600000000)},
    .timeline = 7,
    .program = "/usr/bin/redoubt",
    .config_path = "/etc/redoubt/redoubt.yaml",
    .control = {.max_connections = 123,
                .max_worker_processes = 9,
                .max_wal_senders = 11,
                .max_prepared_xacts = 3,
                .max_locks_per_xact = 65},
};

/* The lines; to be freed. */
static char *
lines_of(const struct recovery_settings *settings)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
    struct error err = {0};
    const char *lines;

    assert_ok(recovery_settings_append(settings, &text, &err));
    assert_ok(buffer_text(&text, &lines, &err));
    return strdup(lines);
}

static void
expect_line(const char *lines, const char *line)
{
    const char *found = strstr(lines, line);

    if (found == NULL || found[-1] != '\n' || found[strlen(line)] != '\n')
        fail_msg("no line \"%s\" in:\n%s", line, lines);
}

static void
a_copy_is_disarmed(void **state)
{
    (void) state;
    SCOPED(freep) char *lines = lines_of(&plain);
    static const char *const wanted[] = {
        "archive_mode = off",
        "primary_conninfo = ''",
        "primary_slot_name = ''",
        "synchronous_standby_names = ''",
        "max_logical_replication_workers = 0",
        "archive_cleanup_command = ''",
        "recovery_end_command = ''",
        "recovery_min_apply_delay = '0'",
    };

    for (size_t index = 0; index < sizeof(wanted) / sizeof(wanted[0]); index++)
        expect_line(lines, wanted[index]);
}

static void
a_take_over_keeps_archiving_but_runs_no_old_commands(void **state)
{
    (void) state;
    struct recovery_settings settings = plain;

    settings.take_over = true;
    SCOPED(freep) char *lines = lines_of(&settings);

    assert_null(strstr(lines, "archive_mode"));
    assert_null(strstr(lines, "primary_conninfo"));
    expect_line(lines, "archive_cleanup_command = ''");
    expect_line(lines, "recovery_end_command = ''");
}

static void
recovery_does_not_read_ahead_of_its_target(void **state)
{
    (void) state;
    struct recovery_settings settings = plain;

    settings.target.kind = TARGET_LATEST;
    SCOPED(freep) char *latest = lines_of(&settings);
    SCOPED(freep) char *lines = lines_of(&plain);

    expect_line(lines, "recovery_prefetch = 'off'");
    assert_null(strstr(latest, "recovery_prefetch"));
}

static void
the_target_comes_after_all_others_were_emptied(void **state)
{
    (void) state;
    SCOPED(freep) char *lines = lines_of(&plain);
    const char *target = "recovery_target_time = '2026-01-01 00:00:00+00:00'";

    expect_line(lines, target);
    expect_line(lines, "recovery_target_inclusive = on");
    expect_line(lines, "recovery_target_timeline = '7'");
    expect_line(lines, "recovery_target_action = 'pause'");
    assert_true(strstr(lines, "recovery_target_xid = ''") < strstr(lines, target));
    assert_true(strstr(lines, "recovery_target_name = ''") < strstr(lines, target));
    assert_true(strstr(lines, "recovery_target = ''") < strstr(lines, target));
    assert_null(strstr(lines, "recovery_target_time = ''"));
}

static void
without_a_target_all_are_empty(void **state)
{
    (void) state;
    struct recovery_settings settings = plain;

    settings.target = (struct target){.kind = TARGET_LATEST, .action = TARGET_PROMOTE};
    SCOPED(freep) char *lines = lines_of(&settings);

    expect_line(lines, "recovery_target_time = ''");
    expect_line(lines, "recovery_target_action = 'promote'");
}

static void
the_limits_are_those_of_pg_control(void **state)
{
    (void) state;
    SCOPED(freep) char *lines = lines_of(&plain);

    expect_line(lines, "max_connections = 123");
    expect_line(lines, "max_worker_processes = 9");
    expect_line(lines, "max_wal_senders = 11");
    expect_line(lines, "max_prepared_transactions = 3");
    expect_line(lines, "max_locks_per_transaction = 65");
}

static void
restore_command_survives_shell_postgres_and_file(void **state)
{
    (void) state;
    static const struct
    {
        const char *program;
        const char *config;
        const char *repository;
        const char *command;
    } cases[] = {
        {"/usr/bin/redoubt", "/etc/r.yaml", NULL,
         "/usr/bin/redoubt archive-get -c /etc/r.yaml %f %p"},
        {"/usr/bin/redoubt", "/etc/r.yaml", "offsite",
         "/usr/bin/redoubt archive-get -c /etc/r.yaml --repository offsite %f %p"},
        {"/a b/redoubt", "/etc/it's.yaml", NULL,
         "'/a b/redoubt' archive-get -c '/etc/it'\\''s.yaml' %f %p"},
        {"/usr/bin/redoubt", "/etc/100%/r.yaml", NULL,
         "/usr/bin/redoubt archive-get -c /etc/100%%/r.yaml %f %p"},
        {"/usr/bin/redoubt", "/etc/$(rm)/r.yaml", NULL,
         "/usr/bin/redoubt archive-get -c '/etc/$(rm)/r.yaml' %f %p"},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer command = BUFFER_INIT(4096);
        const struct recovery_settings settings = {.program = cases[index].program,
                                                   .config_path = cases[index].config,
                                                   .repository = cases[index].repository};
        struct error err = {0};
        const char *text;

        assert_ok(recovery_settings_restore_command(&settings, &command, &err));
        assert_ok(buffer_text(&command, &text, &err));
        assert_string_equal(text, cases[index].command);
    }
}

static void
quotes_and_backslashes_are_doubled_in_the_file(void **state)
{
    (void) state;
    struct recovery_settings settings = plain;

    settings.config_path = "/etc/it's\\r.yaml";
    SCOPED(freep) char *lines = lines_of(&settings);

    expect_line(lines, "restore_command = '/usr/bin/redoubt archive-get -c "
                       "''/etc/it''\\\\''''s\\\\r.yaml'' %f %p'");
}

static void
ours_follow_what_the_backup_had(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(65536);
    char *directory = test_directory_create();
    SCOPED(freep) char *auto_conf = path_join(directory, "postgresql.auto.conf");
    SCOPED(freep) char *signal = path_join(directory, "recovery.signal");
    struct error err = {0};
    const char *text;

    assert_ok(file_replace(auto_conf, 0600, BYTES("work_mem = '1MB'\narchive_mode = on\n"), &err));

    assert_ok(recovery_settings_write(&plain, directory, &err));

    assert_ok(file_read(auto_conf, &content, &err));
    assert_ok(buffer_text(&content, &text, &err));
    assert_ptr_equal(strstr(text, "work_mem = '1MB'\n"), text);
    assert_true(strstr(text, "archive_mode = on") < strstr(text, "archive_mode = off"));
    assert_int_equal(access(signal, F_OK), 0);
    test_directory_remove(directory);
}

static void
a_minimal_configuration_is_written_only_where_there_is_none(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(65536);
    char *directory = test_directory_create();
    SCOPED(freep) char *hba = path_join(directory, "pg_hba.conf");
    struct error err = {0};
    bool written;

    assert_ok(file_replace(hba, 0600, BYTES("mine\n"), &err));

    assert_ok(recovery_settings_write_minimal(directory, &written, &err));
    assert_true(written);
    assert_ok(file_read(hba, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), BYTES("mine\n")));

    assert_ok(recovery_settings_write_minimal(directory, &written, &err));
    assert_false(written);
    test_directory_remove(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_disarmed),
        cmocka_unit_test(a_take_over_keeps_archiving_but_runs_no_old_commands),
        cmocka_unit_test(recovery_does_not_read_ahead_of_its_target),
        cmocka_unit_test(the_target_comes_after_all_others_were_emptied),
        cmocka_unit_test(without_a_target_all_are_empty),
        cmocka_unit_test(the_limits_are_those_of_pg_control),
        cmocka_unit_test(restore_command_survives_shell_postgres_and_file),
        cmocka_unit_test(quotes_and_backslashes_are_doubled_in_the_file),
        cmocka_unit_test(ours_follow_what_the_backup_had),
        cmocka_unit_test(a_minimal_configuration_is_written_only_where_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
