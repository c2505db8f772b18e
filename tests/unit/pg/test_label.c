// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/label.h"

#define FIRST_LINES                                                                                \
    "START WAL LOCATION: 0/B000028 (file 00000001000000000000000B)\n"                              \
    "CHECKPOINT LOCATION: 0/B000060\n"                                                             \
    "BACKUP METHOD: streamed\n"
#define LAST_LINES                                                                                 \
    "START TIME: 2026-11-21 02:38:06 UTC\n"                                                        \
    "LABEL: nightly, the 3rd\n"                                                                    \
    "START TIMELINE: 1\n"

static void
a_label_says_where_recovery_starts(void **state)
{
    (void) state;
    struct pg_backup_label label;
    struct error err;

    assert_ok(pg_backup_label_parse(BYTES(FIRST_LINES "BACKUP FROM: primary\n" LAST_LINES), &label,
                                    &err));
    assert_int_equal(label.start.lsn, 0xB000028);
    assert_int_equal(label.start.timeline, 1);
    assert_string_equal(label.start_segment, "00000001000000000000000B");
    assert_int_equal(label.checkpoint, 0xB000060);
    assert_string_equal(label.method, "streamed");
    assert_false(label.from_standby);
    assert_string_equal(label.start_time, "2026-11-21 02:38:06 UTC");
    assert_string_equal(label.label, "nightly, the 3rd");
    assert_false(label.incremental);
}

static void
an_incremental_backup_from_a_standby_says_so(void **state)
{
    (void) state;
    struct pg_backup_label label;
    struct error err;

    assert_ok(pg_backup_label_parse(BYTES(FIRST_LINES "BACKUP FROM: standby\n" LAST_LINES
                                                      "INCREMENTAL FROM LSN: 0/9000028\n"
                                                      "INCREMENTAL FROM TLI: 1\n"),
                                    &label, &err));
    assert_true(label.from_standby);
    assert_true(label.incremental);
    assert_int_equal(label.incremental_from.lsn, 0x9000028);
    assert_int_equal(label.incremental_from.timeline, 1);
}

static void
lines_of_a_later_version_are_passed_over(void **state)
{
    (void) state;
    struct pg_backup_label label;
    struct error err;

    assert_ok(pg_backup_label_parse(
        BYTES(FIRST_LINES "WEATHER: fine\nBACKUP FROM: primary\n" LAST_LINES), &label, &err));
}

static void
what_recovery_could_not_use_is_corrupt(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "no line \"START WAL LOCATION: \""},
        {FIRST_LINES LAST_LINES, "no line \"BACKUP FROM: \""},
        {FIRST_LINES "BACKUP FROM: primary\n", "no line \"START TIMELINE: \""},
        {"START WAL LOCATION: 0/B000028\n", "malformed line"},
        {"START WAL LOCATION: 0/B000028 (file ../../etc/passwd)\n", "malformed line"},
        {"START WAL LOCATION: 0/B000028 (file 00000001000000000000000B\n", "malformed line"},
        {"START WAL LOCATION: 0/B000028 (file 0000000A.history)\n", "malformed line"},
        {"CHECKPOINT LOCATION: 0/B000060 \n", "malformed line"},
        {"CHECKPOINT LOCATION: \n", "malformed line"},
        {FIRST_LINES "BACKUP FROM: elsewhere\n", "malformed line"},
        {"START TIMELINE: 0\n", "malformed line"},
        {"START TIMELINE: 1\nSTART TIMELINE: 1\n", "malformed line"},
        {FIRST_LINES "BACKUP FROM: primary\n" LAST_LINES "INCREMENTAL FROM TLI: 1\n",
         "only one of the two INCREMENTAL lines"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_backup_label label;
        struct error err;

        assert_status(pg_backup_label_parse(bytes_of(rows[row].text), &label, &err),
                      STATUS_CORRUPT);
        assert_message(rows[row].message);
    }
}

static void
the_lines_of_an_incremental_backup_are_stripped_and_no_others(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *want;
    } rows[] = {
        {FIRST_LINES "BACKUP FROM: primary\n" LAST_LINES
                     "INCREMENTAL FROM LSN: 0/9000028\nINCREMENTAL FROM TLI: 1\n",
         FIRST_LINES "BACKUP FROM: primary\n" LAST_LINES},
        {FIRST_LINES LAST_LINES, FIRST_LINES LAST_LINES},
        {"a\r\n\n  b\nINCREMENTAL FROM LSN: 0/1\nc", "a\r\n\n  b\nc"},
        {"INCREMENTAL FROM TLI: 1", ""},
        {"LABEL: INCREMENTAL FROM LSN: 0/1\nINCREMENTAL\n",
         "LABEL: INCREMENTAL FROM LSN: 0/1\nINCREMENTAL\n"},
        {"", ""},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer stripped = BUFFER_INIT(4096);
        struct error err;
        const char *text;

        assert_ok(pg_backup_label_strip_incremental(bytes_of(rows[row].text), &stripped, &err));
        assert_ok(buffer_text(&stripped, &text, &err));
        assert_string_equal(text, rows[row].want);
    }
}

static void
tablespaces_are_listed(void **state)
{
    (void) state;
    SCOPED(pg_tablespace_map_release) struct pg_tablespace_map map = {0};
    struct error err;

    assert_ok(pg_tablespace_map_parse(BYTES("16384 /srv/fast\n\n16385 /srv/a b\n"), &map, &err));
    assert_int_equal(map.count, 2);
    assert_int_equal(map.entries[0].oid, 16384);
    assert_string_equal(map.entries[0].location, "/srv/fast");
    assert_int_equal(map.entries[1].oid, 16385);
    assert_string_equal(map.entries[1].location, "/srv/a b");
}

static void
no_tablespaces_are_no_error(void **state)
{
    (void) state;
    SCOPED(pg_tablespace_map_release) struct pg_tablespace_map map = {0};
    struct error err;

    assert_ok(pg_tablespace_map_parse(BYTES(""), &map, &err));
    assert_int_equal(map.count, 0);
}

static void
any_location_survives_writing_and_reading(void **state)
{
    (void) state;
    static const char *const locations[] = {"/srv/fast", "/a\nb", "/a\rb", "/a\\", "/\\\\\n", "/ "};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(4096);
    SCOPED(pg_tablespace_map_release) struct pg_tablespace_map map = {0};
    size_t count = sizeof(locations) / sizeof(locations[0]);
    struct error err;

    for (uint32_t row = 0; row < count; row++)
        assert_ok(pg_tablespace_map_append(&content, 20000 + row, locations[row], &err));
    assert_ok(pg_tablespace_map_parse(buffer_bytes(&content), &map, &err));

    assert_int_equal(map.count, count);
    for (uint32_t row = 0; row < count; row++)
    {
        assert_int_equal(map.entries[row].oid, 20000 + row);
        assert_string_equal(map.entries[row].location, locations[row]);
    }
}

static void
a_malformed_map_is_corrupt(void **state)
{
    (void) state;
    static const char *const rows[] = {
        "16384 /srv/fast", "16384 /srv/fast\\\n", "16384\n",   "16384 relative\n", "x /srv\n",
        "0 /srv/fast\n",   "99999999999 /srv\n",  " 1 /srv\n",
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_tablespace_map map = {0};
        struct error err;

        assert_status(pg_tablespace_map_parse(bytes_of(rows[row]), &map, &err), STATUS_CORRUPT);
        assert_message("invalid tablespace_map");
    }
}

static void
a_location_longer_than_the_server_allows_is_corrupt(void **state)
{
    (void) state;
    char text[2000] = "1 /";
    struct pg_tablespace_map map = {0};
    struct error err;

    memset(text + 3, 'x', 1024);
    strcat(text, "\n");
    assert_status(pg_tablespace_map_parse(bytes_of(text), &map, &err), STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_says_where_recovery_starts),
        cmocka_unit_test(an_incremental_backup_from_a_standby_says_so),
        cmocka_unit_test(lines_of_a_later_version_are_passed_over),
        cmocka_unit_test(what_recovery_could_not_use_is_corrupt),
        cmocka_unit_test(the_lines_of_an_incremental_backup_are_stripped_and_no_others),
        cmocka_unit_test(tablespaces_are_listed),
        cmocka_unit_test(no_tablespaces_are_no_error),
        cmocka_unit_test(any_location_survives_writing_and_reading),
        cmocka_unit_test(a_malformed_map_is_corrupt),
        cmocka_unit_test(a_location_longer_than_the_server_allows_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
