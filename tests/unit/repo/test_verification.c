// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/verification.h"

static void
damage_comes_back_and_is_none_in_an_older_entry(void **state)
{
    (void) state;
    const struct verification made = {
        .objects = 7, .bytes = 99, .findings = 3, .damage = 2, .finished = US_PER_SECOND};
    SCOPED(json_freep) json_t *object = verification_to_json(&made);
    struct verification read;
    struct error err = {0};

    assert_ok(verification_from_json(object, &read, &err));
    assert_int_equal(read.findings, 3);
    assert_int_equal(read.damage, 2);
    assert_true(read.finished == US_PER_SECOND);

    json_object_del(object, "damage");
    assert_ok(verification_from_json(object, &read, &err));
    assert_int_equal(read.findings, 3);
    assert_int_equal(read.damage, 0);

    json_object_set_new(object, "damage", json_string("some"));
    assert_status(verification_from_json(object, &read, &err), STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_comes_back_and_is_none_in_an_older_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
