// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "dump/namesake.h"

#include <string.h>

/* 2026-11-21 03:00:00 UTC */
#define NOW (INT64_C(1795230000) * US_PER_SECOND)

static void
a_name_tells_the_database_the_kind_and_the_time(void **state)
{
    char name[DUMP_DATABASE_SIZE];

    (void) state;
    namesake_make("shop", NAMESAKE_RESTORE, NOW, name);
    assert_string_equal(name, "shop_restore_20261121_030000");
    namesake_make("shop", NAMESAKE_BEFORE, NOW, name);
    assert_string_equal(name, "shop_before_20261121_030000");
}

static void
a_long_name_is_cut_between_characters_and_keeps_the_time(void **state)
{
    char longest[DUMP_DATABASE_SIZE];
    char name[DUMP_DATABASE_SIZE];

    (void) state;
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    namesake_make(longest, NAMESAKE_RESTORE, NOW, name);
    assert_int_equal(strlen(name), DUMP_DATABASE_SIZE - 1);
    assert_non_null(strstr(name, "a_restore_20261121_030000"));

    /* 39 bytes are left for the name: 19 characters of two bytes. */
    namesake_make("üüüüüüüüüüüüüüüüüüüüüüüü", NAMESAKE_RESTORE, NOW, name);
    assert_string_equal(name, "üüüüüüüüüüüüüüüüüüü_restore_20261121_030000");
}

static void
its_own_names_are_known_and_others_are_not(void **state)
{
    static const struct
    {
        const char *name;
        bool is;
        enum namesake kind;
    } rows[] = {
        {"shop_restore_20261121_030000", true, NAMESAKE_RESTORE},
        {"shop_before_20261121_030000", true, NAMESAKE_BEFORE},
        {"a_before_b_restore_20261121_030000", true, NAMESAKE_RESTORE},
        {"shop", false, 0},
        {"", false, 0},
        {"_restore_20261121_030000", false, 0},
        {"shop_restore_20261121", false, 0},
        {"shop_restore_20261121_03000x", false, 0},
        {"shop_restore_20261121-030000", false, 0},
        {"shop_restore_20261121_030000 ", false, 0},
        {"shop_backup_20261121_030000", false, 0},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++)
    {
        enum namesake kind = NAMESAKE_RESTORE;

        if (namesake_is(rows[index].name, &kind) != rows[index].is ||
            (rows[index].is && kind != rows[index].kind))
            fail_msg("%s", rows[index].name);
    }
}

static void
a_name_is_of_one_database_only(void **state)
{
    char name[DUMP_DATABASE_SIZE];
    const char *database = "a name of more bytes than what is left for it there";

    (void) state;
    assert_true(namesake_is_of("shop_before_20261121_030000", "shop", NULL));
    assert_false(namesake_is_of("shop_before_20261121_030000", "sho", NULL));
    assert_false(namesake_is_of("shop_before_20261121_030000", "shop_", NULL));
    assert_false(namesake_is_of("shop_before_20261121_030000", "workshop", NULL));
    namesake_make(database, NAMESAKE_BEFORE, NOW, name);
    assert_true(namesake_is_of(name, database, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_tells_the_database_the_kind_and_the_time),
        cmocka_unit_test(a_long_name_is_cut_between_characters_and_keeps_the_time),
        cmocka_unit_test(its_own_names_are_known_and_others_are_not),
        cmocka_unit_test(a_name_is_of_one_database_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
