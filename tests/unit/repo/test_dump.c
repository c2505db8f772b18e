// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/dump.h"

#include <stdio.h>

/* A database's name of 64 bytes: one too many. */
#define TOO_LONG                                                                                   \
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz000000000001/backup-2024-01-15T10-30-00"

static struct dump
dump_of(const char *database)
{
    struct dump dump = {.format = DUMP_PLAIN,
                        .compression = DUMP_GZIP,
                        .system_identifier = UINT64_MAX,
                        .server_version = 150018,
                        .started = 1700000000 * US_PER_SECOND,
                        .finished = 1700000009 * US_PER_SECOND,
                        .lsn = 0x1234567890,
                        .database_bytes = 1,
                        .raw_bytes = 2,
                        .stored_bytes = UINT64_MAX,
                        .digest.bytes = {1, 2, 3},
                        .suspicious = true};

    snprintf(dump.database, sizeof(dump.database), "%s", database);
    dump_make_name(dump.started, dump.name);
    return dump;
}

static void
a_name_says_when_the_dump_started_in_utc(void **state)
{
    (void) state;
    char name[DUMP_NAME_SIZE];

    dump_make_name(1705314600 * US_PER_SECOND + 999999, name);
    assert_string_equal(name, "backup-2024-01-15T10-30-00");
    assert_true(dump_name_is_valid(name));
    assert_false(dump_name_is_valid("backup-2024-01-15T10-30-00x"));
    assert_false(dump_name_is_valid("backup-2024-01-15T10:30:00"));
}

static void
the_time_in_a_name_is_read_back(void **state)
{
    (void) state;
    struct error err = {0};
    time_us time;

    assert_ok(dump_name_time("backup-2024-01-15T10-30-00", &time, &err));
    assert_int_equal(time, 1705314600 * US_PER_SECOND);
    assert_status(dump_name_time("backup-2024-02-31T10-30-00", &time, &err), STATUS_CORRUPT);
    assert_status(dump_name_time("2024-01-15T10-30-00", &time, &err), STATUS_CORRUPT);
}

static void
odd_database_names_have_plain_ids_and_come_back(void **state)
{
    (void) state;
    static const char *const names[] = {
        "shop",
        "..",
        "a/b",
        "My Shop",
        "100%",
        "gr\xc3\xbcn",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz00000000000",
        "///////////////////////////////////////////////////////////////"};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
    {
        struct dump dump = dump_of(names[index]);
        struct dump parsed;
        char id[DUMP_ID_SIZE];

        dump_id(&dump, id);
        assert_true(
            strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-%/") ==
            strlen(id));
        assert_ok(dump_id_parse(id, &parsed, &err));
        assert_string_equal(parsed.database, names[index]);
        assert_string_equal(parsed.name, dump.name);
    }
}

static void
an_id_has_one_spelling(void **state)
{
    (void) state;
    static const char *const wrong[] = {"",
                                        "shop",
                                        "/backup-2024-01-15T10-30-00",
                                        "shop/backup",
                                        "%73hop/backup-2024-01-15T10-30-00",
                                        "a%2fb/backup-2024-01-15T10-30-00",
                                        "a%2/backup-2024-01-15T10-30-00",
                                        "a.b/backup-2024-01-15T10-30-00",
                                        "a/b/backup-2024-01-15T10-30-00",
                                        "%00/backup-2024-01-15T10-30-00",
                                        TOO_LONG};
    struct dump dump;
    struct error err = {0};

    for (size_t index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++)
        assert_status(dump_id_parse(wrong[index], &dump, &err), STATUS_CORRUPT);
}

static void
what_is_written_as_json_is_read_again(void **state)
{
    (void) state;
    struct dump dump = dump_of("My Shop");
    SCOPED(json_freep) json_t *object = dump_to_json(&dump);
    struct dump again;
    struct error err = {0};

    assert_ok(dump_from_json(object, &again, &err));
    assert_string_equal(again.database, dump.database);
    assert_string_equal(again.name, dump.name);
    assert_int_equal(again.format, dump.format);
    assert_int_equal(again.compression, dump.compression);
    assert_true(again.system_identifier == dump.system_identifier);
    assert_int_equal(again.server_version, dump.server_version);
    assert_true(again.started == dump.started && again.finished == dump.finished);
    assert_true(again.lsn == dump.lsn);
    assert_true(again.database_bytes == 1 && again.raw_bytes == 2);
    assert_true(again.stored_bytes == UINT64_MAX);
    assert_true(digest_equal(&again.digest, &dump.digest));
    assert_true(again.suspicious);
}

static void
an_unknown_format_is_refused(void **state)
{
    (void) state;
    struct dump dump = dump_of("shop");
    SCOPED(json_freep) json_t *object = dump_to_json(&dump);
    struct error err = {0};

    json_object_set_new(object, "format", json_string("xml"));
    assert_status(dump_from_json(object, &dump, &err), STATUS_CORRUPT);
    assert_message("unknown \"xml\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_when_the_dump_started_in_utc),
        cmocka_unit_test(the_time_in_a_name_is_read_back),
        cmocka_unit_test(odd_database_names_have_plain_ids_and_come_back),
        cmocka_unit_test(an_id_has_one_spelling),
        cmocka_unit_test(what_is_written_as_json_is_read_again),
        cmocka_unit_test(an_unknown_format_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
