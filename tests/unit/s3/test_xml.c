// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/xml.h"

#include <stdio.h>
#include <stdlib.h>

static enum status
collect(void *arg, const char *path, const char *text, struct error *err)
{
    return buffer_append_text(arg, err, "%s=%s|", path, text);
}

static void
leaves_come_with_path_and_text(void **state)
{
    static const struct
    {
        const char *name;
        const char *document;
        const char *want;
    } cases[] = {
        {"one", "<A>x</A>", "A=x|"},
        {"nested", "<A><B>1</B><C><D>2</D></C></A>", "A/B=1|A/C/D=2|A/C=|A=|"},
        {"a declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A>x</A>", "A=x|"},
        {"space kept up before it", " \n\r\n<?xml version=\"1.0\"?><A>x</A>", "A=x|"},
        {"entities and characters", "<A>&lt;&amp;&#65;&quot;</A>", "A=<&A\"|"},
        {"a default namespace", "<A xmlns=\"http://s3\"><B>1</B></A>", "A/B=1|A=|"},
        {"a prefix", "<s:A xmlns:s=\"http://s3\"><s:B>1</s:B></s:A>", "A/B=1|A=|"},
        {"empty elements", "<A><B/></A>", "A/B=|A=|"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(4096);
        struct error err = {0};
        const char *text;

        assert_ok(xml_each(bytes_of(cases[index].document), collect, &got, &err));
        assert_ok(buffer_text(&got, &text, &err));
        if (strcmp(text, cases[index].want) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", cases[index].name, text, cases[index].want);
    }
}

static void
a_document_cut_anywhere_is_corrupt(void **state)
{
    static const char document[] = "<?xml version=\"1.0\"?><A><B>text</B><C/></A>";

    (void) state;
    for (size_t size = 0; size < sizeof(document) - 1; size++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(4096);
        struct error err = {0};
        struct bytes bytes = {(const uint8_t *) document, size};

        assert_status(xml_each(bytes, collect, &got, &err), STATUS_CORRUPT);
    }
}

static void
what_is_not_plain_xml_is_refused(void **state)
{
    static const char *const documents[] = {
        "",
        "   ",
        "no XML",
        "{\"json\": true}",
        "<html><body><br>unclosed</body></html>",
        "<A>x</A><A>y</A>",
        "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><A>&b;</A>",
        "<!DOCTYPE html><html></html>",
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(documents) / sizeof(documents[0]); index++)
    {
        SCOPED(buffer_release) struct buffer got = BUFFER_INIT(4096);

        assert_status(xml_each(bytes_of(documents[index]), collect, &got, &err), STATUS_CORRUPT);
    }
}

static void
depth_and_text_are_bounded(void **state)
{
    SCOPED(buffer_release) struct buffer got = BUFFER_INIT(4096);
    SCOPED(buffer_release) struct buffer deep = BUFFER_INIT(65536);
    SCOPED(buffer_release) struct buffer wide = BUFFER_INIT(1 << 20);
    struct error err = {0};

    (void) state;
    for (int level = 0; level < 1000; level++)
        assert_ok(buffer_append(&deep, BYTES("<A>"), &err));
    assert_ok(buffer_append(&wide, BYTES("<A>"), &err));
    for (int count = 0; count < 10000; count++)
        assert_ok(buffer_append(&wide, BYTES("0123456789"), &err));

    assert_status(xml_each(buffer_bytes(&deep), collect, &got, &err), STATUS_CORRUPT);
    assert_message("too deeply");
    assert_status(xml_each(buffer_bytes(&wide), collect, &got, &err), STATUS_NO_MEMORY);
}

static enum status
refuse(void *arg, const char *path, const char *text, struct error *err)
{
    (void) path;
    (void) text;
    (*(int *) arg)++;
    return error_set(err, STATUS_REFUSED, "enough");
}

static void
the_visitor_s_failure_ends_it(void **state)
{
    struct error err = {0};
    int count = 0;

    (void) state;
    assert_status(xml_each(BYTES("<A><B/><C/></A>"), refuse, &count, &err), STATUS_REFUSED);
    assert_int_equal(count, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_come_with_path_and_text),
        cmocka_unit_test(a_document_cut_anywhere_is_corrupt),
        cmocka_unit_test(what_is_not_plain_xml_is_refused),
        cmocka_unit_test(depth_and_text_are_bounded),
        cmocka_unit_test(the_visitor_s_failure_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
