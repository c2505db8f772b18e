// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/bytes.h"
#include "manual/markdown.h"

#include <stdlib.h>
#include <string.h>

static bool
insert_here(FILE *out, const char *what)
{
    fprintf(out, "inserted %s\n", what);
    return strcmp(what, "exit codes") == 0;
}

/* What becomes of a text; NULL when it is not understood.  To be freed. */
static char *
converted(const char *text)
{
    char *roff = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&roff, &size);
    bool understood;

    assert_non_null(out);
    understood = markdown_write(out, text, insert_here);
    assert_int_equal(fclose(out), 0);
    if (understood)
        return roff;
    free(roff);
    return NULL;
}

static void
assert_becomes(const char *text, const char *want)
{
    SCOPED(freep) char *roff = converted(text);

    assert_non_null(roff);
    assert_string_equal(roff, want);
}

static void
what_precedes_the_first_section_is_the_description(void **state)
{
    (void) state;

    assert_becomes("# Title\n\nText.\n\n## Next\n### Below\n",
                   ".SH \"DESCRIPTION\"\nText.\n.SH \"Next\"\n.SS \"Below\"\n");
    assert_becomes("# Title\n\n## SYNOPSIS\nText.\n", ".SH \"SYNOPSIS\"\nText.\n");
}

static void
a_paragraph_is_one_line_with_its_code_in_bold(void **state)
{
    (void) state;

    assert_becomes("## S\nOne `a-b\nc`, **two** and [three](four.md).\nEnd.\n\n.Not a request\n",
                   ".SH \"S\"\nOne \\fBa\\-b c\\fR, \\fBtwo\\fR and three\\&. End.\n"
                   ".PP\n\\&.Not a request\n");
}

static void
marks_that_mark_nothing_are_text(void **state)
{
    (void) state;

    assert_becomes("## S\na ` b [c] * d ** e\n", ".SH \"S\"\na \\(ga b [c] * d ** e\n");
}

static void
lists_have_their_marks(void **state)
{
    (void) state;

    assert_becomes("## S\n* one\n  more\n* two\n\n1. first\n10. tenth\n",
                   ".SH \"S\"\n.IP \"\\(bu\" 4\none more\n.IP \"\\(bu\" 4\ntwo\n"
                   ".IP \"1.\" 4\nfirst\n.IP \"10.\" 4\ntenth\n");
}

static void
code_keeps_its_lines_and_a_remark_that_has_no_room_gets_one(void **state)
{
    (void) state;

    assert_becomes("## S\n```\na  b\n.c\n```\n",
                   ".SH \"S\"\n.PP\n.RS 4\n.EX\na  b\n\\&.c\n.EE\n.RE\n");
    assert_becomes("## S\n```\n"
                   "<cluster>/wal/<name>     what is said of it, which is more than there is room\n"
                   "```\n",
                   ".SH \"S\"\n.PP\n.RS 4\n.EX\n<cluster>/wal/<name>\n"
                   "    what is said of it, which is more than there is room\n.EE\n.RE\n");
}

static void
a_table_keeps_bars_that_are_in_code(void **state)
{
    (void) state;

    assert_becomes("## S\n| A | B |\n|---|---|\n| 1 | `x | y` |\n",
                   ".SH \"S\"\n.PP\n.ad l\n.TS\nlw(1n) lw(7n).\n"
                   "T{\n\\fBA\\fR\nT}\tT{\n\\fBB\\fR\nT}\n"
                   "T{\n1\nT}\tT{\n\\fBx | y\\fR\nT}\n.TE\n");
}

static void
a_place_gets_what_belongs_there_or_the_text_is_refused(void **state)
{
    (void) state;

    assert_becomes("## S\n<!-- exit codes -->\n", ".SH \"S\"\ninserted exit codes\n");
    assert_null(converted("## S\n<!-- nobody knows -->\n"));
    assert_null(converted("## S\n```\nwithout an end\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_precedes_the_first_section_is_the_description),
        cmocka_unit_test(a_paragraph_is_one_line_with_its_code_in_bold),
        cmocka_unit_test(marks_that_mark_nothing_are_text),
        cmocka_unit_test(lists_have_their_marks),
        cmocka_unit_test(code_keeps_its_lines_and_a_remark_that_has_no_room_gets_one),
        cmocka_unit_test(a_table_keeps_bars_that_are_in_code),
        cmocka_unit_test(a_place_gets_what_belongs_there_or_the_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
