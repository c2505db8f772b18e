// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/drill.h"
#include "tests/support/receipt_build.h"

#include <stdio.h>

static void
a_drill_comes_back_as_it_was(void **state)
{
    (void) state;

    for (unsigned verdict = DRILL_BROKEN; verdict <= DRILL_FAILED; verdict++)
    {
        const struct drill drill = drill_build(5, (enum drill_verdict) verdict);
        SCOPED(json_freep) json_t *object = drill_to_json(&drill);
        struct drill read;
        struct error err = {0};

        assert_ok(drill_from_json(object, &read, &err));
        assert_string_equal(read.id, drill.id);
        assert_string_equal(read.backup_id, drill.backup_id);
        assert_string_equal(read.target, drill.target);
        assert_int_equal(read.verdict, verdict);
        assert_true(read.started == drill.started && read.finished == drill.finished);
        assert_int_equal(read.rto_ms, drill.rto_ms);
        assert_int_equal(read.rpo_ms, drill.rpo_ms);
        assert_int_equal(read.findings, drill.findings);
    }
}

static void
where_it_restored_from_comes_back_or_is_left_out(void **state)
{
    (void) state;
    struct drill drill = drill_build(5, DRILL_PASSED);
    SCOPED(json_freep) json_t *plain = drill_to_json(&drill);
    SCOPED(json_freep) json_t *object = NULL;
    struct drill read;
    struct error err = {0};

    assert_null(json_object_get(plain, "system_identifier"));
    assert_null(json_object_get(plain, "repository"));
    assert_ok(drill_from_json(plain, &read, &err));
    assert_true(read.system_identifier == 0);
    assert_true(drill_is_of(&read, ""));
    assert_false(drill_is_of(&read, "offsite"));

    drill.system_identifier = UINT64_MAX;
    snprintf(drill.repository, sizeof(drill.repository), "offsite");
    object = drill_to_json(&drill);
    assert_ok(drill_from_json(object, &read, &err));
    assert_true(read.system_identifier == UINT64_MAX);
    assert_true(drill_is_of(&read, "offsite"));
    assert_false(drill_is_of(&read, ""));
    assert_false(drill_is_of(&read, "offsite2"));
}

static void
what_it_did_not_come_to_stays_unknown(void **state)
{
    (void) state;
    struct drill drill = drill_build(5, DRILL_BROKEN);
    SCOPED(json_freep) json_t *object = NULL;
    struct drill read;
    struct error err = {0};

    drill.backup_id[0] = '\0';
    drill.rto_ms = DRILL_UNKNOWN_MS;
    drill.rpo_ms = DRILL_UNKNOWN_MS;
    object = drill_to_json(&drill);
    assert_true(json_is_null(json_object_get(object, "backup")));
    assert_true(json_is_null(json_object_get(object, "rto_seconds")));
    assert_ok(drill_from_json(object, &read, &err));
    assert_string_equal(read.backup_id, "");
    assert_int_equal(read.rto_ms, DRILL_UNKNOWN_MS);
    assert_int_equal(read.rpo_ms, DRILL_UNKNOWN_MS);
}

/* Ids become keys, and everything is printed. */
static void
what_cannot_be_is_corrupt(void **state)
{
    (void) state;
    static const struct
    {
        const char *member;
        const char *value;
    } spoilt[] = {
        {"id", "../x"},      {"id", ""},       {"backup", "last night's"}, {"verdict", "fine"},
        {"started", "noon"}, {"finished", ""}, {"rto_seconds", "60"},      {"findings", "many"},
    };
    const struct drill drill = drill_build(5, DRILL_PASSED);
    struct error err = {0};

    for (size_t index = 0; index < sizeof(spoilt) / sizeof(spoilt[0]); index++)
    {
        SCOPED(json_freep) json_t *object = drill_to_json(&drill);
        struct drill read;

        json_object_set_new(object, spoilt[index].member, json_string(spoilt[index].value));
        if (drill_from_json(object, &read, &err) != STATUS_CORRUPT)
            fail_msg("%s \"%s\" was taken", spoilt[index].member, spoilt[index].value);
    }
}

static void
a_target_longer_than_any_is_corrupt(void **state)
{
    (void) state;
    const struct drill drill = drill_build(5, DRILL_PASSED);
    SCOPED(json_freep) json_t *object = drill_to_json(&drill);
    char text[DRILL_TARGET_SIZE + 1];
    struct drill read;
    struct error err = {0};

    memset(text, 'x', DRILL_TARGET_SIZE);
    text[DRILL_TARGET_SIZE] = '\0';
    json_object_set_new(object, "target", json_string(text));
    assert_status(drill_from_json(object, &read, &err), STATUS_CORRUPT);
    json_object_set_new(object, "target", json_string(text + 1));
    assert_ok(drill_from_json(object, &read, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drill_comes_back_as_it_was),
        cmocka_unit_test(where_it_restored_from_comes_back_or_is_left_out),
        cmocka_unit_test(what_it_did_not_come_to_stays_unknown),
        cmocka_unit_test(what_cannot_be_is_corrupt),
        cmocka_unit_test(a_target_longer_than_any_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
