// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/bytes.h"
#include "manual/roff.h"

#include <stdlib.h>
#include <string.h>

/* What a function that takes a text writes; to be freed. */
static char *
written(void (*write)(FILE *out, const char *text), const char *text)
{
    char *roff = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&roff, &size);

    assert_non_null(out);
    write(out, text);
    assert_int_equal(fclose(out), 0);
    return roff;
}

static void
write_text(FILE *out, const char *text)
{
    roff_text(out, ROFF_ROMAN, text);
}

static void
write_bold(FILE *out, const char *text)
{
    roff_text(out, ROFF_BOLD, text);
}

static void
write_verbatim(FILE *out, const char *text)
{
    roff_verbatim(out, text, strlen(text));
}

static void
write_page(FILE *out, const char *text)
{
    roff_page(out, "redoubt-backup", 1, text);
}

static void
assert_written(void (*write)(FILE *out, const char *text), const char *text, const char *want)
{
    SCOPED(freep) char *roff = written(write, text);

    assert_string_equal(roff, want);
}

static void
what_roff_gives_a_meaning_is_escaped(void **state)
{
    (void) state;

    assert_written(write_text, "--take-over", "\\-\\-take\\-over");
    assert_written(write_text, "a\\0b", "a\\(rs0b");
    assert_written(write_text, "it's \"so\"", "it\\(aqs \\(dqso\\(dq");
    assert_written(write_text, "`~^", "\\(ga\\(ti\\(ha");
    assert_written(write_bold, "%p", "\\fB%p\\fR");
    assert_written(write_text, "", "");
}

static void
no_text_becomes_a_request_at_the_beginning_of_a_line(void **state)
{
    (void) state;

    assert_written(write_text, ".SH no", "\\&.SH no");
    assert_written(write_bold, ".yaml", "\\&\\fB.yaml\\fR");
    assert_written(write_text, "'br", "\\(aqbr");
    assert_written(write_verbatim, ".TH", "\\&.TH\n");
    assert_written(write_verbatim, "  two  blanks", "  two  blanks\n");
}

static void
white_space_of_any_kind_is_one_space(void **state)
{
    (void) state;

    assert_written(write_text, "one\n  two\t three", "one two three");
}

/* groff reads Latin-1 where nobody told it otherwise. */
static void
characters_beyond_ascii_are_written_by_their_number(void **state)
{
    (void) state;

    assert_written(write_text, "\xc3\xbc", "\\[u00FC]");
    assert_written(write_text, "\xe2\x80\xa6", "\\[u2026]");
    assert_written(write_text, "\xf0\x9f\x90\x98", "\\[u1F418]");
    /* Not UTF-8: something is shown, and nothing read beyond the end. */
    assert_written(write_text, "\xe2\x80", "\\[u00E2]\\[u0080]");
}

static void
options_in_prose_are_bold_and_paragraphs_apart(void **state)
{
    (void) state;

    assert_written(roff_prose, "With --to-file, not --.",
                   "With \\fB\\-\\-to\\-file\\fR, not \\-\\-.\n");
    assert_written(roff_prose, "One.\n\nTwo.", "One.\n.PP\nTwo.\n");
    assert_written(roff_prose_of_label, "One.\n\nTwo.", "One.\n.IP\nTwo.\n");
}

static void
a_page_begins_with_its_name_and_without_a_date(void **state)
{
    (void) state;
    SCOPED(freep) char *roff = written(write_page, "take a base backup");

    assert_non_null(strstr(roff, "\n.TH \"REDOUBT\\-BACKUP\" \"1\" \"\" \"Redoubt "));
    assert_non_null(strstr(roff, "\n.SH \"NAME\"\nredoubt\\-backup \\- take a base backup\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_roff_gives_a_meaning_is_escaped),
        cmocka_unit_test(no_text_becomes_a_request_at_the_beginning_of_a_line),
        cmocka_unit_test(white_space_of_any_kind_is_one_space),
        cmocka_unit_test(characters_beyond_ascii_are_written_by_their_number),
        cmocka_unit_test(options_in_prose_are_bold_and_paragraphs_apart),
        cmocka_unit_test(a_page_begins_with_its_name_and_without_a_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
