// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/backup.h"

static const struct backup made = {
    .id = "2026-11-21T02-12-34-1f3a",
    .system_identifier = UINT64_MAX,
    .major = 15,
    .wal_segment_size = 1 << 24,
    .start = {UINT32_MAX, UINT64_MAX},
    .stop = {1, 0x3000138},
    .started = 1700000000 * US_PER_SECOND + 1,
    .stopped = 1700000001 * US_PER_SECOND,
    .from_standby = true,
    .data_checksums = true,
    .file_count = UINT64_MAX - 1,
    .logical_bytes = UINT64_MAX - 2,
    .parent = "2026-11-20T02-12-34-00ff",
    .stored_bytes = UINT64_MAX - 3,
    .packed_bytes = UINT64_MAX - 5,
    .live_bytes = UINT64_MAX - 6,
    .extent_count = 77,
    .pack_count = 6,
    .healed_files = 5,
    .healed_blocks = 2,
    .new_bytes = UINT64_MAX - 4,
    .wal_kept = UINT32_MAX,
};

static void
an_id_is_its_time_and_four_digits(void **state)
{
    char first[BACKUP_ID_SIZE];
    struct error err = {0};

    (void) state;
    assert_ok(backup_make_id(1700000000 * US_PER_SECOND + 999999, first, &err));
    assert_memory_equal(first, "2023-11-14T22-13-20-", 20);
    assert_true(backup_id_is_valid(first));
}

static void
what_is_no_id_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-21T02-12-34",
        "2026-11-21T02-12-34-",
        "2026-11-21T02-12-34-1f3",
        "2026-11-21T02-12-34-1f3ab",
        "2026-11-21T02-12-34-1f3g",
        "2026-11-21 02-12-34-1f3a",
        "2026-11-21T02:12:34-1f3a",
        "../../../../../../etc/pa",
    };

    (void) state;
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
        if (backup_id_is_valid(bad[index]))
            fail_msg("\"%s\" is accepted", bad[index]);
}

static void
a_backup_is_the_same_through_json(void **state)
{
    SCOPED(json_freep) json_t *object = backup_to_json(&made);
    struct backup got = {0};
    struct error err = {0};

    (void) state;
    assert_ok(backup_from_json(object, &got, &err));
    assert_string_equal(got.id, made.id);
    assert_string_equal(got.parent, made.parent);
    assert_true(got.system_identifier == made.system_identifier);
    assert_int_equal(got.start.timeline, made.start.timeline);
    assert_true(got.start.lsn == made.start.lsn);
    assert_true(got.stop.lsn == made.stop.lsn);
    assert_true(got.started == made.started);
    assert_true(got.stopped == made.stopped);
    assert_true(got.from_standby);
    assert_true(got.data_checksums);
    assert_false(got.damaged);
    assert_true(got.file_count == made.file_count);
    assert_true(got.logical_bytes == made.logical_bytes);
    assert_true(got.stored_bytes == made.stored_bytes);
    assert_true(got.new_bytes == made.new_bytes);
    assert_true(got.packed_bytes == made.packed_bytes);
    assert_true(got.live_bytes == made.live_bytes);
    assert_true(got.extent_count == made.extent_count);
    assert_int_equal(got.pack_count, made.pack_count);
    assert_int_equal(got.healed_files, made.healed_files);
    assert_int_equal(got.healed_blocks, made.healed_blocks);
    assert_int_equal(got.wal_kept, made.wal_kept);
}

static void
only_an_incremental_has_a_parent(void **state)
{
    struct backup full = made;
    struct backup got = {.parent = "x"};
    struct error err = {0};

    (void) state;
    full.parent[0] = '\0';
    SCOPED(json_freep) json_t *object = backup_to_json(&full);
    assert_null(json_object_get(object, "parent"));
    assert_string_equal(json_string_value(json_object_get(object, "type")), "full");
    assert_ok(backup_from_json(object, &got, &err));
    assert_string_equal(got.parent, "");
    SCOPED(json_freep) json_t *incremental = backup_to_json(&made);
    assert_string_equal(json_string_value(json_object_get(incremental, "type")), "incremental");
}

/* A stored object that is damaged is not a mistake in somebody's configuration. */
static void
a_damaged_member_is_corrupt(void **state)
{
    static const struct
    {
        const char *name;
        const char *value;
    } cases[] = {
        {"id", "\"../x\""},
        {"system_identifier", "-1"},
        {"major", "\"x\""},
        {"wal_segment_size", "0"},
        {"wal_segment_size", "16777215"},
        {"packed_bytes", "-1"},
        {"start", "{\"timeline\":1,\"lsn\":\"nonsense\"}"},
        {"stop", "{\"timeline\":4294967296,\"lsn\":\"0/1\"}"},
        {"started", "\"yesterday\""},
        {"stopped", "5"},
        {"damaged", "0"},
        {"file_count", "\"-1\""},
        {"wal_kept", "null"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(json_freep) json_t *object = backup_to_json(&made);
        struct backup got = {0};
        struct error err = {0};
        json_t *value = json_loads(cases[index].value, JSON_DECODE_ANY, NULL);

        assert_int_equal(json_object_set_new(object, cases[index].name, value), 0);
        if (backup_from_json(object, &got, &err) != STATUS_CORRUPT)
            fail_msg("%s: %s is not corrupt", cases[index].name, cases[index].value);
        assert_int_equal(json_object_del(object, cases[index].name), 0);
        assert_status(backup_from_json(object, &got, &err), STATUS_CORRUPT);
        assert_message(cases[index].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_its_time_and_four_digits),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(a_backup_is_the_same_through_json),
        cmocka_unit_test(only_an_incremental_has_a_parent),
        cmocka_unit_test(a_damaged_member_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
