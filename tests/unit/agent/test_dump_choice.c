// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/dump_choice.h"

#include <string.h>

static struct dump dumps[] = {
    {.database = "shop", .name = "backup-2026-11-19T03-00-00", .started = 1},
    {.database = "other", .name = "backup-2026-11-20T03-00-00", .started = 4},
    {.database = "shop", .name = "backup-2026-11-20T03-00-00", .started = 3},
    {.database = "shop", .name = "backup-2026-11-21T03-00-00", .started = 5, .suspicious = true},
    {.database = "shop", .name = "backup-2026-11-19T15-00-00", .started = 2},
    {.database = "doubtful", .name = "backup-2026-11-19T03-00-00", .suspicious = true},
};

static const struct catalog catalog = {.dumps = dumps,
                                       .dump_count = sizeof(dumps) / sizeof(dumps[0])};

static void
the_newest_that_is_not_suspicious_is_taken(void **state)
{
    const struct dump *dump;
    struct error err;

    (void) state;
    assert_ok(dump_choice_make(&catalog, "shop", NULL, &dump, &err));
    assert_ptr_equal(dump, &dumps[2]);
    assert_status(dump_choice_make(&catalog, "doubtful", NULL, &dump, &err), STATUS_REFUSED);
    assert_non_null(strstr(err.message, "is suspicious"));
    assert_non_null(strstr(err.hint, "--dump"));
}

static void
a_named_one_is_that_of_its_database(void **state)
{
    const struct dump *dump;
    struct error err;

    (void) state;
    assert_ok(dump_choice_make(&catalog, "shop", "backup-2026-11-20T03-00-00", &dump, &err));
    assert_ptr_equal(dump, &dumps[2]);
    assert_ok(dump_choice_make(&catalog, "shop", "shop/backup-2026-11-21T03-00-00", &dump, &err));
    assert_ptr_equal(dump, &dumps[3]);
    assert_status(
        dump_choice_make(&catalog, "shop", "other/backup-2026-11-20T03-00-00", &dump, &err),
        STATUS_REFUSED);
}

static void
an_unknown_one_is_refused_with_the_nearest(void **state)
{
    const struct dump *dump;
    struct error err;

    (void) state;
    assert_status(dump_choice_make(&catalog, "shop", "backup-2026-11-21T03-00-0O", &dump, &err),
                  STATUS_REFUSED);
    assert_non_null(strstr(err.hint, "\"backup-2026-11-21T03-00-00\""));
    assert_non_null(strstr(err.hint, "redoubt list"));
    assert_status(dump_choice_make(&catalog, "shap", NULL, &dump, &err), STATUS_REFUSED);
    assert_message("the repository holds no dump of database \"shap\"");
    assert_non_null(strstr(err.hint, "\"shop\""));
    assert_status(dump_choice_make(&(struct catalog){0}, "shop", NULL, &dump, &err),
                  STATUS_REFUSED);
    assert_non_null(strstr(err.hint, "redoubt dump"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_that_is_not_suspicious_is_taken),
        cmocka_unit_test(a_named_one_is_that_of_its_database),
        cmocka_unit_test(an_unknown_one_is_refused_with_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
