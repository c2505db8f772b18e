// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/receipt_build.h"

#define LIMIT ((size_t) 1 << 20)

static void
assert_has(const char *page, const char *text)
{
    if (strstr(page, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, page);
}

static void
the_verdict_comes_first_and_everything_is_there(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
    const char *page;
    struct error err = {0};

    receipt_build(&receipt, 1);
    receipt_build_fail(&receipt, LAYER_TABLES, "there is no table customers");
    assert_ok(receipt_markdown(&receipt, &text, &err));
    assert_ok(buffer_text(&text, &page, &err));

    assert_true(strncmp(page, "# FAILED: restore drill of shop\n", 32) == 0);
    assert_has(page, "It failed at \"tables and their rows\": there is no table customers\n");
    assert_has(page, "\n| Backup | 2026-11-20T00-00-00-abcd |\n");
    assert_has(page, "\n| FAILED | tables and their rows | 0.1s | there is no table customers |\n");
    assert_has(page, "\n| skipped | the application's command |  | all is well");
    assert_has(page, "\n| ok | shop | rows of orders | 1000 or more | 1234 | 0.0s |\n");
    assert_has(page, "drills/2026-11-21T02-00-00-0001.json");
    /* What failed comes before what did not. */
    assert_true(strstr(page, "| shop | table customers |") < strstr(page, "| rows of orders |"));
}

/* One pipe too many would be a column of its own, and a line feed the table's end. */
static void
what_is_found_is_no_markup(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
    const char *page;
    struct error err = {0};

    receipt_build(&receipt, 1);
    receipt_build_fail(&receipt, LAYER_QUERIES, "a|b\nc <img src=x> [x](y) *z* `q` my_t _u_ \\");
    assert_ok(receipt_markdown(&receipt, &text, &err));
    assert_ok(buffer_text(&text, &page, &err));
    assert_has(page, "| a\\|b c \\<img src=x\\> \\[x\\](y) \\*z\\* \\`q\\` my_t \\_u\\_ \\\\ |");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdict_comes_first_and_everything_is_there),
        cmocka_unit_test(what_is_found_is_no_markup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
