// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal_set.h"

#define MIB (UINT32_C(1) << 20)

static void
add(struct wal_set *set, uint64_t system_identifier, struct wal_run run)
{
    const struct wal_part part = {system_identifier, MIB, {&run, 1}};
    struct error err = {0};

    assert_ok(wal_set_add(set, &part, &err));
}

static void
clusters_are_kept_apart(void **state)
{
    SCOPED(wal_set_release) struct wal_set set = {0};

    (void) state;
    add(&set, 7, (struct wal_run){1, 3, 5});
    add(&set, 8, (struct wal_run){1, 9, 9});
    add(&set, 7, (struct wal_run){1, 6, 6});
    assert_int_equal(set.count, 2);
    assert_int_equal(wal_set_runs(&set, 7)->count, 1);
    assert_int_equal(wal_set_runs(&set, 7)->items[0].last, 6);
    assert_int_equal(wal_set_runs(&set, 8)->items[0].first, 9);
    assert_int_equal(wal_set_runs(&set, 9)->count, 0);
}

static void
a_set_is_read_back_from_json_as_it_was(void **state)
{
    SCOPED(wal_set_release) struct wal_set set = {0};
    SCOPED(wal_set_release) struct wal_set read = {0};
    SCOPED(json_freep) json_t *array = NULL;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(4096);
    struct error err = {0};
    const char *got;

    (void) state;
    add(&set, UINT64_MAX, (struct wal_run){1, 3, 5000});
    add(&set, UINT64_MAX, (struct wal_run){2, 5001, 5001});
    array = wal_set_to_json(&set);
    assert_ok(json_append(array, &text, &err));
    assert_ok(buffer_text(&text, &got, &err));
    assert_string_equal(
        got, "[{\"system_identifier\":\"18446744073709551615\",\"wal_segment_size\":1048576,"
             "\"first\":\"000000010000000000000003\",\"last\":\"000000010000000100000388\"},"
             "{\"system_identifier\":\"18446744073709551615\",\"wal_segment_size\":1048576,"
             "\"first\":\"000000020000000100000389\",\"last\":\"000000020000000100000389\"}]");

    assert_ok(wal_set_add_json(&read, array, &err));

    assert_int_equal(wal_set_runs(&read, UINT64_MAX)->count, 2);
    assert_int_equal(wal_set_runs(&read, UINT64_MAX)->items[0].last, 5000);
    assert_int_equal(wal_set_runs(&read, UINT64_MAX)->items[1].timeline, 2);
}

static void
what_nobody_would_have_written_is_corrupt(void **state)
{
    static const struct
    {
        const char *name;
        const char *text;
        const char *message;
    } cases[] = {
        {"no object", "[1]", "system_identifier"},
        {"no size", "[{\"system_identifier\":1}]", "wal_segment_size"},
        {"an impossible size", "[{\"system_identifier\":1,\"wal_segment_size\":1048577}]",
         "impossible"},
        {"a name that is none",
         "[{\"system_identifier\":1,\"wal_segment_size\":1048576,\"first\":\"x\",\"last\":\"x\"}]",
         ""},
        {"an end before the beginning",
         "[{\"system_identifier\":1,\"wal_segment_size\":1048576,"
         "\"first\":\"000000010000000000000003\",\"last\":\"000000010000000000000002\"}]",
         "before it begins"},
        {"two timelines in one run",
         "[{\"system_identifier\":1,\"wal_segment_size\":1048576,"
         "\"first\":\"000000010000000000000003\",\"last\":\"000000020000000000000004\"}]",
         "before it begins"},
        {"two sizes for one cluster",
         "[{\"system_identifier\":1,\"wal_segment_size\":1048576,"
         "\"first\":\"000000010000000000000003\",\"last\":\"000000010000000000000004\"},"
         "{\"system_identifier\":1,\"wal_segment_size\":16777216,"
         "\"first\":\"000000010000000000000003\",\"last\":\"000000010000000000000004\"}]",
         "segments of"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(wal_set_release) struct wal_set set = {0};
        SCOPED(json_freep) json_t *array = NULL;
        struct error err = {0};

        assert_ok(json_parse(bytes_of(cases[index].text), 4096, &array, &err));
        if (wal_set_add_json(&set, array, &err) != STATUS_CORRUPT ||
            strstr(err.message, cases[index].message) == NULL)
            fail_msg("%s: \"%s\"", cases[index].name, err.message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_are_kept_apart),
        cmocka_unit_test(a_set_is_read_back_from_json_as_it_was),
        cmocka_unit_test(what_nobody_would_have_written_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
