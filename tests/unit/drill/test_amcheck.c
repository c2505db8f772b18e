// SPDX-License-Identifier: PostgreSQL
/* What pg_amcheck says, as PostgreSQL 15 to 18 print it. */
#include "tests/support/assert.h"

#include "drill/amcheck.h"

#include <string.h>

static void
check_text(struct bytes found, const char *wanted)
{
    assert_int_equal(found.size, strlen(wanted));
    assert_memory_equal(found.data, wanted, found.size);
}

static void
each_finding_has_a_place_and_the_first_line_of_its_reason(void **state)
{
    (void) state;
    struct bytes report = BYTES("heap table \"shop.public.orders\", block 0, offset 7:\n"
                                "    tuple data begins at offset 33 beyond the page\n"
                                "btree index \"shop.public.orders_note\":\n"
                                "    ERROR:  heap tuple (1,2) lacks matching index tuple\n"
                                "    HINT:  something else\n");
    struct amcheck_finding finding;

    assert_true(amcheck_next(&report, &finding));
    check_text(finding.where, "heap table \"shop.public.orders\", block 0, offset 7");
    check_text(finding.what, "tuple data begins at offset 33 beyond the page");
    assert_true(amcheck_next(&report, &finding));
    check_text(finding.where, "btree index \"shop.public.orders_note\"");
    check_text(finding.what, "ERROR:  heap tuple (1,2) lacks matching index tuple");
    assert_false(amcheck_next(&report, &finding));
}

static void
a_finding_without_a_reason_is_still_one(void **state)
{
    (void) state;
    struct bytes report = BYTES("btree index \"shop.public.orders_note\":\n");
    struct amcheck_finding finding;

    assert_true(amcheck_next(&report, &finding));
    assert_int_equal(finding.what.size, 0);
    assert_false(amcheck_next(&report, &finding));
}

static void
an_empty_report_has_no_finding(void **state)
{
    (void) state;
    struct bytes report = BYTES("\n");
    struct amcheck_finding finding;

    assert_false(amcheck_next(&report, &finding));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_finding_has_a_place_and_the_first_line_of_its_reason),
        cmocka_unit_test(a_finding_without_a_reason_is_still_one),
        cmocka_unit_test(an_empty_report_has_no_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
