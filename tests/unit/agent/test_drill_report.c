// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/drill_report.h"
#include "base/file.h"
#include "tests/support/receipt_build.h"
#include "tests/support/repository.h"

#include <stdlib.h>

static void
the_form_of_a_file_is_told_by_its_ending(void **state)
{
    (void) state;
    static const char *const good[] = {"r.md", "/srv/www/drill.html", "./a.b.json"};
    static const char *const bad[] = {"r", "r.pdf", "md", "r.md/drill", "r.html.gz", ""};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(good) / sizeof(good[0]); index++)
        assert_ok(drill_report_check_path(good[index], &err));
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
        assert_status(drill_report_check_path(bad[index], &err), STATUS_CONFIG);
}

static void
a_file_is_written_in_its_form_and_replaced(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        const char *begin;
    } files[] = {
        {"r.md", "# PASSED"}, {"r.html", "<!DOCTYPE html>"}, {"r.json", "{\"version\":1,"}};
    SCOPED(receipt_release) struct receipt receipt;
    char *directory = test_directory_create();
    struct error err = {0};

    receipt_build(&receipt, 1);
    for (size_t index = 0; index < sizeof(files) / sizeof(files[0]); index++)
    {
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1 << 20);
        SCOPED(freep) char *path = path_join(directory, files[index].name);
        const char *content;

        assert_ok(drill_report_write(&receipt, path, &err));
        assert_ok(drill_report_write(&receipt, path, &err));
        assert_ok(file_read(path, &text, &err));
        assert_ok(buffer_text(&text, &content, &err));
        assert_int_equal(strncmp(content, files[index].begin, strlen(files[index].begin)), 0);
        assert_int_equal(content[text.size - 1], '\n');
    }
    test_directory_remove(directory);
}

static void
a_receipt_that_is_not_there_is_told_with_where_to_look(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    struct test_repository test;
    struct error err = {0};

    receipt_init(&receipt);
    test_repository_open(&test, true);
    assert_status(drill_report_load(test.repo, "last", &receipt, &err), STATUS_NOT_FOUND);
    assert_message("there is no receipt of a drill \"last\"");
    assert_non_null(strstr(err.hint, "drill --history"));
    test_repository_close(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_of_a_file_is_told_by_its_ending),
        cmocka_unit_test(a_file_is_written_in_its_form_and_replaced),
        cmocka_unit_test(a_receipt_that_is_not_there_is_told_with_where_to_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
