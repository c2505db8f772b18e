// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/receipt_build.h"

#include <stdio.h>

/* Through text, as the repository has it. */
static json_t *
written(const struct receipt *receipt)
{
    SCOPED(json_freep) json_t *object = receipt_to_json(receipt);
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1 << 20);
    json_t *parsed = NULL;
    struct error err = {0};

    assert_non_null(object);
    assert_ok(json_append(object, &text, &err));
    assert_ok(json_parse(buffer_bytes(&text), 1 << 20, &parsed, &err));
    return parsed;
}

static void
assert_same(const struct receipt *one, const struct receipt *other)
{
    SCOPED(json_freep) json_t *left = receipt_to_json(one);
    SCOPED(json_freep) json_t *right = receipt_to_json(other);

    assert_true(json_equal(left, right) != 0);
}

static void
a_receipt_comes_back_as_it_was(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(receipt_release) struct receipt read;
    SCOPED(json_freep) json_t *object = NULL;
    struct error err = {0};

    receipt_build(&receipt, 3);
    receipt_build_fail(&receipt, LAYER_TABLES, "there is no such table");
    object = written(&receipt);
    receipt_init(&read);
    assert_ok(receipt_from_json(object, &read, &err));

    assert_same(&read, &receipt);
    assert_string_equal(read.drill.id, receipt.drill.id);
    assert_string_equal(read.drill.target, "the end of the archived WAL");
    assert_int_equal(read.drill.verdict, DRILL_FAILED);
    assert_true(read.drill.finished == receipt.drill.finished);
    assert_int_equal(read.drill.rto_ms, 63000);
    assert_int_equal(read.drill.rpo_ms, 4512);
    assert_string_equal(read.host, "drill.example.com");
    assert_int_equal(read.timeline, 3);
    assert_true(read.reached_lsn == receipt.reached_lsn);
    assert_true(read.reached_time == receipt.reached_time);
    assert_true(read.fetch.bytes == UINT64_C(3) << 30);
    assert_int_equal(read.replay.duration_ms, 20000);
    assert_int_equal(read.predicted_rto_ms, 75000);
    assert_int_equal(read.rpo_source, RPO_CANARY);
    assert_true(read.disaster_by_primary);
    assert_true(read.newest == receipt.newest);
    assert_int_equal(read.layers[LAYER_TABLES].state, CHECK_FAILED);
    assert_int_equal(read.layers[LAYER_PAGES].duration_ms, 100 + LAYER_PAGES);
    assert_int_equal(read.check_count, 3);
    assert_int_equal(read.checks[0].layer, LAYER_TABLES);
    assert_string_equal(read.checks[0].result.expected, "1000 or more");
    assert_int_equal(read.count_count, 2);
    assert_true(read.counts[1].rows == UINT64_C(1) << 60);
    assert_false(read.counts[1].counted);
}

static void
what_is_not_known_stays_unknown(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(receipt_release) struct receipt read;
    SCOPED(json_freep) json_t *object = NULL;
    struct error err = {0};

    receipt_init(&receipt);
    receipt.drill = drill_build(1, DRILL_BROKEN);
    receipt.drill.backup_id[0] = '\0';
    receipt.drill.rto_ms = DRILL_UNKNOWN_MS;
    object = written(&receipt);
    receipt_build(&read, 2);
    receipt_release(&read);
    assert_ok(receipt_from_json(object, &read, &err));

    assert_same(&read, &receipt);
    assert_string_equal(read.drill.backup_id, "");
    assert_int_equal(read.drill.rto_ms, DRILL_UNKNOWN_MS);
    assert_int_equal(read.start_ms, DRILL_UNKNOWN_MS);
    assert_true(read.reached_time == TIME_NONE);
    assert_true(read.reached_lsn == PG_LSN_NONE);
    assert_int_equal(read.rpo_source, RPO_NONE);
}

static void
durations_are_seconds_as_people_would_write_them(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(json_freep) json_t *object = NULL;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1 << 20);
    const char *whole;
    struct error err = {0};

    receipt_build(&receipt, 1);
    object = receipt_to_json(&receipt);
    assert_ok(json_append(object, &text, &err));
    assert_ok(buffer_text(&text, &whole, &err));
    assert_non_null(strstr(whole, "\"rpo_seconds\":4.512,"));
}

static void
assert_refused(json_t *object, const char *what)
{
    SCOPED(receipt_release) struct receipt receipt;
    struct error err = {0};
    enum status status;

    receipt_init(&receipt);
    status = receipt_from_json(object, &receipt, &err);
    if (status != STATUS_CORRUPT)
        fail_msg("%s: %s", what, status_name(status));
}

/* Every member of an object, one after the other. */
static void
spoil_members(json_t *whole, json_t *object, const char *name)
{
    SCOPED(json_freep) json_t *original = json_copy(object);
    const char *member;
    json_t *value;

    json_object_foreach(original, member, value)
    {
        char what[128];

        snprintf(what, sizeof(what), "%s.%s", name, member);
        json_object_set_new(object, member, json_pack("[[]]"));
        assert_refused(whole, what);
        json_object_set(object, member, value);
    }
}

static void
a_member_of_another_type_is_corrupt(void **state)
{
    (void) state;
    static const char *const parts[] = {"drill", "reached", "fetch", "replay", "rpo"};
    static const char *const lists[] = {"layers", "checks", "counts"};
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(json_freep) json_t *object = NULL;

    receipt_build(&receipt, 1);
    object = written(&receipt);
    spoil_members(object, object, "");
    for (size_t index = 0; index < sizeof(parts) / sizeof(parts[0]); index++)
        spoil_members(object, json_object_get(object, parts[index]), parts[index]);
    for (size_t index = 0; index < sizeof(lists) / sizeof(lists[0]); index++)
        spoil_members(object, json_array_get(json_object_get(object, lists[index]), 0),
                      lists[index]);
}

static void
values_that_cannot_be_are_corrupt(void **state)
{
    (void) state;
    static const struct
    {
        const char *part;
        const char *member;
        const char *value;
    } spoilt[] = {
        {"drill", "id", "../../etc/passwd"},
        {"drill", "backup", "yesterday"},
        {"drill", "verdict", "fine"},
        {"drill", "started", "yesterday"},
        {"reached", "lsn", "12"},
        {"rpo", "source", "guess"},
        {"rpo", "clock", "sundial"},
        {"rpo", "primary_lsn", "0/"},
    };
    SCOPED(receipt_release) struct receipt receipt;

    receipt_build(&receipt, 1);
    for (size_t index = 0; index < sizeof(spoilt) / sizeof(spoilt[0]); index++)
    {
        SCOPED(json_freep) json_t *object = written(&receipt);

        json_object_set_new(json_object_get(object, spoilt[index].part), spoilt[index].member,
                            json_string(spoilt[index].value));
        assert_refused(object, spoilt[index].member);
    }
}

static void
texts_longer_than_they_can_be_are_corrupt(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(json_freep) json_t *object = NULL;
    char text[300];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    receipt_build(&receipt, 1);
    object = written(&receipt);
    json_object_set_new(object, "host", json_string(text));
    assert_refused(object, "host");
}

static void
a_newer_version_is_not_guessed_at(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(json_freep) json_t *object = NULL;
    struct error err = {0};

    receipt_build(&receipt, 1);
    object = written(&receipt);
    json_object_set_new(object, "version", json_integer(2));
    receipt_release(&receipt);
    assert_status(receipt_from_json(object, &receipt, &err), STATUS_UNSUPPORTED);
}

/* A layer that the writer did not know was not looked at. */
static void
a_layer_that_is_left_out_was_skipped(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(json_freep) json_t *object = NULL;
    struct error err = {0};

    receipt_build(&receipt, 1);
    object = written(&receipt);
    assert_int_equal(json_array_remove(json_object_get(object, "layers"), LAYER_PAGES), 0);
    receipt_release(&receipt);
    assert_ok(receipt_from_json(object, &receipt, &err));
    assert_int_equal(receipt.layers[LAYER_PAGES].state, CHECK_SKIPPED);
    assert_int_equal(receipt.layers[LAYER_AMCHECK].state, CHECK_PASSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_comes_back_as_it_was),
        cmocka_unit_test(what_is_not_known_stays_unknown),
        cmocka_unit_test(durations_are_seconds_as_people_would_write_them),
        cmocka_unit_test(a_member_of_another_type_is_corrupt),
        cmocka_unit_test(values_that_cannot_be_are_corrupt),
        cmocka_unit_test(texts_longer_than_they_can_be_are_corrupt),
        cmocka_unit_test(a_newer_version_is_not_guessed_at),
        cmocka_unit_test(a_layer_that_is_left_out_was_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
