// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/group.h"
#include "verify/findings.h"

#include <stdio.h>

static void
add(struct findings *findings, enum verify_severity severity, const char *kind, const char *object)
{
    const struct verify_finding finding = {severity, kind, object, "what is the case", ""};
    struct error err = {0};

    assert_ok(findings_add(findings, &finding, &err));
}

static void
expect(struct findings *findings, enum verify_severity severity, const char *kind,
       const char *object)
{
    struct verify_finding finding;
    struct error err = {0};
    bool more;

    assert_ok(findings_next(findings, &more, &finding, &err));
    assert_true(more);
    assert_int_equal(finding.severity, severity);
    assert_string_equal(finding.kind, kind);
    assert_string_equal(finding.object, object);
    assert_string_equal(finding.text, "what is the case");
    assert_string_equal(finding.hint, "");
}

static void
the_worst_comes_first_and_then_the_order_of_names(void **state)
{
    SCOPED(findings_freep) struct findings *findings = NULL;
    struct verify_finding finding;
    struct error err = {0};
    bool more;

    (void) state;
    assert_ok(findings_create(&findings, &err));
    add(findings, VERIFY_INFORMATION, "orphan", "a");
    add(findings, VERIFY_DAMAGE, "missing", "a");
    add(findings, VERIFY_WARNING, "gap", "a");
    add(findings, VERIFY_DAMAGE, "damaged", "b");
    add(findings, VERIFY_DOUBT, "unreadable", "a");
    add(findings, VERIFY_DAMAGE, "damaged", "a");
    assert_ok(findings_sort(findings, &err));

    expect(findings, VERIFY_DAMAGE, "damaged", "a");
    expect(findings, VERIFY_DAMAGE, "damaged", "b");
    expect(findings, VERIFY_DAMAGE, "missing", "a");
    expect(findings, VERIFY_DOUBT, "unreadable", "a");
    expect(findings, VERIFY_WARNING, "gap", "a");
    expect(findings, VERIFY_INFORMATION, "orphan", "a");
    assert_ok(findings_next(findings, &more, &finding, &err));
    assert_false(more);
    assert_int_equal(findings_count(findings, VERIFY_DAMAGE), 3);
    assert_int_equal(findings_count(findings, VERIFY_DOUBT), 1);
    assert_int_equal(findings_count(findings, VERIFY_WARNING), 1);
    assert_int_equal(findings_count(findings, VERIFY_INFORMATION), 1);
}

static void
a_strangers_bytes_are_made_harmless(void **state)
{
    SCOPED(findings_freep) struct findings *findings = NULL;
    struct verify_finding finding = {VERIFY_DAMAGE, "damaged", "a\xff\x1b[2J",
                                     "gr\xc3\xb6\xc3\x9f"
                                     "e\n",
                                     "\x7f"};
    struct error err = {0};
    bool more;

    (void) state;
    assert_ok(findings_create(&findings, &err));
    assert_ok(findings_add(findings, &finding, &err));
    assert_ok(findings_sort(findings, &err));

    assert_ok(findings_next(findings, &more, &finding, &err));
    assert_string_equal(finding.object, "a??[2J");
    assert_string_equal(finding.text, "gr\xc3\xb6\xc3\x9f"
                                      "e?");
    assert_string_equal(finding.hint, "?");
}

#define MANY 20000

static enum status
add_many(void *arg, struct error *err)
{
    const struct verify_finding finding = {
        VERIFY_DAMAGE, "damaged", "shop/packs/ab/abcdefabcdefabcdefabcdefabcdefab",
        "a text of some length, which with all the others is more than memory may hold",
        "And a hint."};

    for (int index = 0; index < MANY; index++)
        TRY(findings_add(arg, &finding, err));
    return OK;
}

static void
none_is_lost_however_many_threads_find_however_much(void **state)
{
    SCOPED(findings_freep) struct findings *findings = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    struct verify_finding finding;
    struct error err = {0};
    size_t count = 0;
    bool more;

    (void) state;
    assert_ok(findings_create(&findings, &err));
    assert_ok(group_create(&group, &err));
    for (int index = 0; index < 4; index++)
        assert_ok(group_start(group, add_many, findings, &err));
    assert_ok(group_join(group, &err));
    assert_ok(findings_sort(findings, &err));

    assert_ok(findings_next(findings, &more, &finding, &err));
    for (; more; count++)
    {
        assert_string_equal(finding.hint, "And a hint.");
        assert_ok(findings_next(findings, &more, &finding, &err));
    }
    assert_int_equal(count, 4 * MANY);
    assert_int_equal(findings_count(findings, VERIFY_DAMAGE), 4 * MANY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_comes_first_and_then_the_order_of_names),
        cmocka_unit_test(a_strangers_bytes_are_made_harmless),
        cmocka_unit_test(none_is_lost_however_many_threads_find_however_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
