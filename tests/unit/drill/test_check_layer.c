// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/check_layer.h"

static const struct
{
    enum check_kind kind;
    const char *name;
    const char *layer;
} kinds[] = {
    {CHECK_EXISTS, "exists", "tables"},
    {CHECK_ROWS, "rows", "tables"},
    {CHECK_FRESHNESS, "freshness", "freshness"},
    {CHECK_FOREIGN_KEY, "foreign_key", "foreign_keys"},
    {CHECK_COLLATION, "collation", "collations"},
    {CHECK_QUERY, "query", "queries"},
    {CHECK_COMMAND, "command", "command"},
};

static void
each_kind_of_check_has_its_layer(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++)
    {
        assert_string_equal(check_kind_name(kinds[index].kind), kinds[index].name);
        assert_string_equal(layer_name(check_layer(kinds[index].kind)), kinds[index].layer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_check_has_its_layer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
