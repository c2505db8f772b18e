// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/discovery.h"

#include <stdlib.h>

static void
a_name_is_made_of_what_a_clusters_name_may_have(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *want;
    } rows[] = {
        {"15/main", "main"},      {"/var/lib/postgresql/15/main", "main"},
        {"Shop DB", "shop-db"},   {"a_b-c", "a_b-c"},
        {"/srv/pg/data", "main"}, {"", "main"},
        {"...", "main"},          {"-x--y-", "x-y"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        char *name = discovery_name(rows[row].text);

        assert_string_equal(name, rows[row].want);
        free(name);
    }
}

static void
a_long_name_is_cut(void **state)
{
    (void) state;
    char text[200];
    char *name;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    name = discovery_name(text);
    assert_int_equal(strlen(name), 64);
    free(name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_made_of_what_a_clusters_name_may_have),
        cmocka_unit_test(a_long_name_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
