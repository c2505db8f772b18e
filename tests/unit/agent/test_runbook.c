// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/runbook.h"
#include "agent/runbook_fill.h"

#define TEXT_LIMIT 100000

#define TOP    "# A title\n\n## Symptom\n\nIt hurts\nhere.\n\nMore.\n"
#define MIDDLE "\n## How to be sure\n\nx\n\n## What to do\n\nx\n\n## How to verify\n\nx\n"
#define BOTTOM "\n## When to stop and call\n\nx\n"

static void
every_page_has_all_sections_and_a_symptom(void **state)
{
    (void) state;
    struct error err;

    assert_non_null(runbook_pages[0].name);
    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
    {
        SCOPED(buffer_release) struct buffer symptom = BUFFER_INIT(TEXT_LIMIT);
        struct runbook runbook;

        if (runbook_parse(page->text, &runbook, &err) != OK)
            fail_msg("%s: %s", page->name, err.message);
        assert_ok(runbook_symptom(&runbook, &symptom, &err));
        if (symptom.size < 20 || symptom.size > 240)
            fail_msg("%s: a symptom of %zu letters", page->name, symptom.size);
    }
}

static void
every_page_leaves_open_only_what_has_a_key(void **state)
{
    (void) state;
    const struct runbook_values nothing = {0};
    struct error err;

    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
    {
        SCOPED(buffer_release) struct buffer filled = BUFFER_INIT(TEXT_LIMIT);
        const char *text;

        if (runbook_fill(page->text, &nothing, &filled, &err) != OK)
            fail_msg("%s: %s", page->name, err.message);
        assert_ok(buffer_text(&filled, &text, &err));
        assert_string_equal(text, page->text);
    }
}

/* One that is indented would be taken for a sample: neither quoted nor run by the tests. */
static void
every_block_of_a_page_begins_and_ends_at_the_margin(void **state)
{
    (void) state;

    for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
    {
        size_t fences = 0;

        for (const char *fence = strstr(page->text, "```"); fence != NULL;
             fence = strstr(fence + 3, "```"), fences++)
            if (fence[-1] != '\n')
                fail_msg("%s: a fence that is indented: %.30s", page->name, fence);
        if (fences % 2 != 0)
            fail_msg("%s: a block without an end", page->name);
    }
}

static void
every_key_is_used_by_some_page_or_the_preamble(void **state)
{
    (void) state;

    for (const struct runbook_key *key = runbook_keys; key->name != NULL; key++)
    {
        bool used = strcmp(key->name, "os_user") == 0 || strcmp(key->name, "host") == 0 ||
                    strcmp(key->name, "port") == 0 || strcmp(key->name, "bin_directory") == 0;

        for (const struct runbook_page *page = runbook_pages; page->name != NULL; page++)
            used = used || runbook_fill_needs(page->text, key->name);
        if (!used)
            fail_msg("nobody uses {{%s}}", key->name);
    }
}

static void
pages_are_found_by_name_and_suggested(void **state)
{
    (void) state;

    assert_non_null(runbook_find("restore-a-backup"));
    assert_null(runbook_find("restore-a-backpu"));
    assert_string_equal(runbook_suggest("restore-a-backpu"), "restore-a-backup");
    assert_null(runbook_suggest("holiday"));
}

static void
the_symptom_is_its_first_paragraph_on_one_line(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer symptom = BUFFER_INIT(TEXT_LIMIT);
    struct runbook runbook;
    const char *text;
    struct error err;

    assert_ok(runbook_parse(TOP MIDDLE BOTTOM, &runbook, &err));
    assert_ok(runbook_symptom(&runbook, &symptom, &err));
    assert_ok(buffer_text(&symptom, &text, &err));
    assert_string_equal(text, "It hurts here.");
    assert_true(bytes_equal(runbook.title, BYTES("A title")));
}

static void
a_page_that_is_not_whole_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *message;
    } pages[] = {
        {"## Symptom\n", "does not begin with a title"},
        {TOP BOTTOM, "no section \"How to be sure\""},
        {TOP MIDDLE BOTTOM BOTTOM, "more than one section \"When to stop and call\""},
        {TOP BOTTOM MIDDLE, "\"How to be sure\" is not in its place"},
        {TOP "\n## Background\n\nx\n" MIDDLE BOTTOM, "\"How to be sure\" is not in its place"},
        {TOP MIDDLE BOTTOM "\n## Background\n\nx\n", "a section too many"},
        {TOP MIDDLE "\n## When to stop and call\n\n", "\"When to stop and call\" is empty"},
        {"# A title\n\n## Symptom\n" MIDDLE BOTTOM, "\"Symptom\" is empty"},
    };

    for (size_t index = 0; index < sizeof(pages) / sizeof(pages[0]); index++)
    {
        struct runbook runbook;
        struct error err;

        assert_status(runbook_parse(pages[index].text, &runbook, &err), STATUS_CORRUPT);
        assert_message(pages[index].message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_has_all_sections_and_a_symptom),
        cmocka_unit_test(every_page_leaves_open_only_what_has_a_key),
        cmocka_unit_test(every_block_of_a_page_begins_and_ends_at_the_margin),
        cmocka_unit_test(every_key_is_used_by_some_page_or_the_preamble),
        cmocka_unit_test(pages_are_found_by_name_and_suggested),
        cmocka_unit_test(the_symptom_is_its_first_paragraph_on_one_line),
        cmocka_unit_test(a_page_that_is_not_whole_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
