// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include <errno.h>
#include <stdlib.h>

static void
every_errno_has_its_status_and_its_text(void **state)
{
    static const struct
    {
        int number;
        enum status want;
    } cases[] = {
        {ENOENT, STATUS_NOT_FOUND}, {ENOTDIR, STATUS_NOT_FOUND},
        {EEXIST, STATUS_CONFLICT},  {EACCES, STATUS_DENIED},
        {EPERM, STATUS_DENIED},     {EROFS, STATUS_DENIED},
        {ENOMEM, STATUS_NO_MEMORY}, {EIO, STATUS_IO},
        {ENOSPC, STATUS_IO},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct error err = {.detail = "old", .hint = "old"};

        errno = cases[index].number;
        assert_int_equal(error_errno(&err, "could not open \"%s\"", "x"), cases[index].want);
        assert_message("could not open \"x\": ");
        assert_message(strerror(cases[index].number));
        assert_string_equal(err.detail, "");
        assert_string_equal(err.hint, "");
    }
}

static void
a_new_message_forgets_detail_and_hint(void **state)
{
    struct error err = {0};

    (void) state;
    assert_int_equal(error_set(&err, STATUS_CORRUPT, "bad %s", "page"), STATUS_CORRUPT);
    error_detail(&err, "%d of %d.", 1, 2);
    error_hint(&err, "Do %s.", "it");
    assert_string_equal(err.message, "bad page");
    assert_string_equal(err.detail, "1 of 2.");
    assert_string_equal(err.hint, "Do it.");
    assert_int_equal(error_set(&err, STATUS_IO, "worse"), STATUS_IO);
    assert_string_equal(err.detail, "");
    assert_string_equal(err.hint, "");
}

static void
context_stands_before_and_keeps_the_hint(void **state)
{
    struct error err = {0};

    (void) state;
    error_set(&err, STATUS_IO, "could not read");
    error_hint(&err, "Look.");
    error_context(&err, "object \"%s\"", "a");
    error_context(&err, "restoring");
    assert_string_equal(err.message, "restoring: object \"a\": could not read");
    assert_string_equal(err.hint, "Look.");
}

static void
what_is_too_long_is_cut_at_its_end(void **state)
{
    struct error err = {0};
    char text[4096];

    (void) state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&err, STATUS_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    error_context(&err, "where");
    assert_memory_equal(err.message, "where: xxx", 10);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    error_context(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    errno = EIO;
    assert_int_equal(error_errno(&err, "%s", text), STATUS_IO);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void
every_status_has_a_name_of_its_own(void **state)
{
    (void) state;
    for (int left = OK; left <= STATUS_UNSUPPORTED; left++)
        for (int right = OK; right < left; right++)
            assert_string_not_equal(status_name((enum status) left),
                                    status_name((enum status) right));
    assert_string_equal(status_name((enum status)(STATUS_UNSUPPORTED + 1)), "unknown");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_errno_has_its_status_and_its_text),
        cmocka_unit_test(a_new_message_forgets_detail_and_hint),
        cmocka_unit_test(context_stands_before_and_keeps_the_hint),
        cmocka_unit_test(what_is_too_long_is_cut_at_its_end),
        cmocka_unit_test(every_status_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
