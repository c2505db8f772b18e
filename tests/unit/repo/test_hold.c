// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/hold.h"

#include <stdio.h>

#define BACKUP "2026-11-21T02-12-34-1f3a"
#define DUMP   "My%20Shop/backup-2026-11-21T03-00-00"

static struct hold
hold_of(const char *id, time_us until)
{
    struct hold hold = {.until = until, .reason = "audit"};

    snprintf(hold.id, sizeof(hold.id), "%s", id);
    return hold;
}

static void
holds_of_backups_and_dumps_are_read_back_as_they_were(void **state)
{
    static const struct
    {
        const char *id;
        const char *member;
    } cases[] = {{BACKUP, "backup"}, {DUMP, "dump"}};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
        for (int for_ever = 0; for_ever < 2; for_ever++)
        {
            const struct hold hold =
                hold_of(cases[index].id, for_ever ? HOLD_FOR_EVER : 1800000000 * US_PER_SECOND);
            SCOPED(json_freep) json_t *object = hold_to_json(&hold);
            struct hold read;
            struct error err = {0};

            assert_string_equal(json_string_value(json_object_get(object, cases[index].member)),
                                cases[index].id);
            assert_ok(hold_from_json(object, &read, &err));
            assert_string_equal(read.id, hold.id);
            assert_string_equal(read.reason, "audit");
            assert_true(read.until == hold.until);
        }
}

static void
what_names_neither_is_corrupt(void **state)
{
    static const char *const texts[] = {
        "{\"reason\":\"\"}",
        "{\"backup\":\"yesterday\",\"reason\":\"\"}",
        "{\"backup\":7,\"reason\":\"\"}",
        "{\"dump\":\"shop\",\"reason\":\"\"}",
        "{\"dump\":\"shop/../backup-2026-11-21T03-00-00\",\"reason\":\"\"}",
        "{\"dump\":\"My Shop/backup-2026-11-21T03-00-00\",\"reason\":\"\"}",
    };

    (void) state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(json_freep) json_t *object = json_loads(texts[index], 0, NULL);
        struct hold hold;
        struct error err = {0};

        assert_non_null(object);
        if (hold_from_json(object, &hold, &err) != STATUS_CORRUPT)
            fail_msg("%s was taken", texts[index]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_of_backups_and_dumps_are_read_back_as_they_were),
        cmocka_unit_test(what_names_neither_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
