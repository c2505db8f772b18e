// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/receipt_build.h"

#include <stdio.h>
#include <stdlib.h>

#define LIMIT ((size_t) 1 << 20)

static void
assert_has(const char *page, const char *text)
{
    if (strstr(page, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, page);
}

static const char *
page_of(const struct receipt *receipt, struct buffer *text)
{
    const char *page;
    struct error err = {0};

    assert_ok(receipt_html(receipt, text, &err));
    assert_ok(buffer_text(text, &page, &err));
    return page;
}

static void
the_verdict_and_the_figures_come_first(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
    const char *page;

    receipt_build(&receipt, 1);
    page = page_of(&receipt, &text);
    assert_has(page, "<title>PASSED: restore drill of shop</title>");
    assert_has(page, "<header class=\"passed\">");
    assert_has(page, "<li><span>RTO, measured</span>1min 1s</li>");
    assert_has(page, "<li><span>RPO</span>4.5s</li>");
    assert_has(page, "<td data-of=\"expected\">1000 or more</td>");
    assert_true(strstr(page, "<header") < strstr(page, "<table"));
}

static void
what_is_found_is_no_markup(void **state)
{
    (void) state;
    static const char evil[] = "</td><script>alert('x')</script>&amp;\"\n";
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
    const char *page;

    receipt_build(&receipt, 1);
    receipt_build_fail(&receipt, LAYER_QUERIES, evil);
    snprintf(receipt.host, sizeof(receipt.host), "<b>");
    snprintf(receipt.cluster, sizeof(receipt.cluster), "<i>");
    page = page_of(&receipt, &text);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<b>"));
    assert_null(strstr(page, "<i>"));
    assert_has(page, "&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;&quot; <");
}

static void
nothing_is_fetched_from_anywhere(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
    const char *page;

    receipt_build(&receipt, 1);
    page = page_of(&receipt, &text);
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "https:"));
    assert_null(strstr(page, "src="));
    assert_null(strstr(page, "url("));
    assert_null(strstr(page, "@import"));
    assert_has(page, "default-src 'none'");
}

static size_t
count_of(const char *page, const char *text)
{
    size_t count = 0;

    for (const char *at = page; (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}

static void
what_is_opened_is_closed(void **state)
{
    (void) state;
    static const char *const elements[] = {"html",  "head",  "body", "header", "table", "thead",
                                           "tbody", "style", "tr",   "ul",     "li",    "footer"};
    SCOPED(receipt_release) struct receipt receipt;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LIMIT);
    const char *page;

    receipt_build(&receipt, 1);
    receipt_build_fail(&receipt, LAYER_TABLES, "gone");
    page = page_of(&receipt, &text);
    for (size_t index = 0; index < sizeof(elements) / sizeof(elements[0]); index++)
    {
        char plain[16];
        char with[16];
        char end[16];

        snprintf(plain, sizeof(plain), "<%s>", elements[index]);
        snprintf(with, sizeof(with), "<%s ", elements[index]);
        snprintf(end, sizeof(end), "</%s>", elements[index]);
        assert_int_equal(count_of(page, plain) + count_of(page, with), count_of(page, end));
        assert_true(count_of(page, end) > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdict_and_the_figures_come_first),
        cmocka_unit_test(what_is_found_is_no_markup),
        cmocka_unit_test(nothing_is_fetched_from_anywhere),
        cmocka_unit_test(what_is_opened_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
