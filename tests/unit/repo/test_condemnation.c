// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/condemnation.h"

static void
fill(struct condemnation *condemnation)
{
    uint8_t id[PACK_ID_SIZE] = {0xfe};
    struct wal_run run = {1, 3, 5};
    const struct wal_part part = {7, UINT32_C(1) << 24, {&run, 1}};
    struct error err = {0};

    assert_ok(pack_set_add(&condemnation->packs, id, &err));
    id[0] = 0x01;
    assert_ok(pack_set_add(&condemnation->packs, id, &err));
    pack_set_sort(&condemnation->packs);
    assert_ok(condemnation_add_backup(condemnation, "2026-11-21T02-12-34-1f3a", &err));
    assert_ok(wal_set_add(&condemnation->wal, &part, &err));
    assert_ok(condemnation_add_dump(condemnation, "shop/backup-2026-11-21T03-00-00", &err));
}

static void
superseded_memories_are_condemned_by_the_name_that_superseded_them(void **state)
{
    static const struct condemnation condemnation = {
        .verified_before = "2026-11-21T02-12-34-000042-all",
    };
    SCOPED(condemnation_release) struct condemnation read = {0};
    SCOPED(json_freep) json_t *object = condemnation_to_json(&condemnation);
    struct error err = {0};

    (void) state;
    assert_false(condemnation_is_empty(&condemnation));
    assert_ok(condemnation_from_json(object, &read, &err));
    assert_true(condemnation_has_verified(&read, "2026-11-21T02-12-34-000041-all"));
    assert_true(condemnation_has_verified(&read, "2026-11-21T02-12-34-000041-part"));
    assert_false(condemnation_has_verified(&read, "2026-11-21T02-12-34-000042-all"));
    assert_false(condemnation_has_verified(&read, "2026-11-21T02-12-34-000042-part"));
    assert_false(condemnation_has_verified(&read, "2026-11-21T02-12-35-000000-all"));
    assert_false(condemnation_has_verified(&read, "2000-notes")); /* not ours */
}

static void
a_condemnation_is_read_back_from_json_as_it_was(void **state)
{
    SCOPED(condemnation_release) struct condemnation condemnation = {0};
    SCOPED(condemnation_release) struct condemnation read = {0};
    SCOPED(json_freep) json_t *object = NULL;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(4096);
    struct error err = {0};
    const char *got;

    (void) state;
    assert_true(condemnation_is_empty(&condemnation));
    fill(&condemnation);
    assert_false(condemnation_is_empty(&condemnation));
    object = condemnation_to_json(&condemnation);
    assert_ok(json_append(object, &text, &err));
    assert_ok(buffer_text(&text, &got, &err));
    assert_string_equal(
        got, "{\"packs\":[\"01000000000000000000000000000000\","
             "\"fe000000000000000000000000000000\"],\"backups\":[\"2026-11-21T02-12-34-1f3a\"],"
             "\"dumps\":[\"shop/backup-2026-11-21T03-00-00\"],"
             "\"wal\":[{\"system_identifier\":7,\"wal_segment_size\":16777216,"
             "\"first\":\"000000010000000000000003\",\"last\":\"000000010000000000000005\"}]}");

    assert_ok(condemnation_from_json(object, &read, &err));

    assert_int_equal(read.packs.count, 2);
    assert_true(pack_set_has(&read.packs, condemnation.packs.ids[1]));
    assert_true(condemnation_has_backup(&read, "2026-11-21T02-12-34-1f3a"));
    assert_false(condemnation_has_backup(&read, "2026-11-21T02-12-34-1f3b"));
    assert_true(condemnation_has_dump(&read, "shop/backup-2026-11-21T03-00-00"));
    assert_false(condemnation_has_dump(&read, "shop/backup-2026-11-21T03-00-01"));
    assert_int_equal(wal_runs_segments(wal_set_runs(&read.wal, 7)), 3);
}

static void
what_nobody_would_have_written_is_corrupt(void **state)
{
    static const struct
    {
        const char *text;
        const char *message;
    } cases[] = {
        {"{}", "packs"},
        {"{\"packs\":{},\"backups\":[],\"wal\":[]}", "packs"},
        {"{\"packs\":[1],\"backups\":[],\"wal\":[]}", "invalid pack id"},
        {"{\"packs\":[\"fe\"],\"backups\":[],\"wal\":[]}", "invalid pack id"},
        {"{\"packs\":[],\"backups\":[\"../../redoubt.json\"],\"wal\":[]}", "invalid backup id"},
        {"{\"packs\":[],\"backups\":[null],\"wal\":[]}", "invalid backup id"},
        {"{\"packs\":[],\"backups\":[]}", "wal"},
        {"{\"packs\":[],\"backups\":[],\"wal\":[],\"dumps\":[\"shop/../x\"]}", "invalid dump id"},
        {"{\"packs\":[],\"backups\":[],\"wal\":[],\"dumps\":[1]}", "invalid dump id"},
        {"{\"packs\":[],\"backups\":[],\"wal\":[],\"dumps\":{}}", "dumps"},
        {"{\"packs\":[],\"backups\":[],\"wal\":[],\"verified_before\":\"zz\"}", "\"zz\""},
        {"{\"packs\":[],\"backups\":[],\"wal\":[],\"verified_before\":1}", "verified_before"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(condemnation_release) struct condemnation read = {0};
        SCOPED(json_freep) json_t *object = NULL;
        struct error err = {0};

        assert_ok(json_parse(bytes_of(cases[index].text), 4096, &object, &err));
        if (condemnation_from_json(object, &read, &err) != STATUS_CORRUPT ||
            strstr(err.message, cases[index].message) == NULL)
            fail_msg("%s: \"%s\"", cases[index].text, err.message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condemnation_is_read_back_from_json_as_it_was),
        cmocka_unit_test(superseded_memories_are_condemned_by_the_name_that_superseded_them),
        cmocka_unit_test(what_nobody_would_have_written_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
