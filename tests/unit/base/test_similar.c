// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/similar.h"

static void
a_misspelling_finds_the_nearest_name_and_another_word_finds_none(void **state)
{
    (void) state;
    static const char *const known[] = {"region", "repository", "endpoint", "path", "workers"};
    static const struct
    {
        const char *typed;
        const char *want;
    } cases[] = {
        {"regoin", "region"},
        {"REGION", "region"},
        {"endpiont", "endpoint"},
        {"repo", NULL},
        {"pth", "path"},
        {"worker", "workers"},
        {"retention", NULL},
        {"", NULL},
        {"repositry", "repository"},
        {"x", NULL},
        {"reposiitory_of_things_and_of_nothing_at_all_x", NULL},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct similar similar;

        similar_start(&similar, cases[index].typed);
        for (size_t name = 0; name < sizeof(known) / sizeof(known[0]); name++)
            similar_offer(&similar, known[name]);
        if (cases[index].want == NULL)
            assert_null(similar.best);
        else
            assert_string_equal(similar.best, cases[index].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_misspelling_finds_the_nearest_name_and_another_word_finds_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
