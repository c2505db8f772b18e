// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "stream/lines.h"
#include "stream/sink.h"

/* The lines that came, each in brackets. */
static enum status
collect(void *arg, struct bytes line, struct error *err)
{
    return buffer_append_text(arg, err, "[%.*s]", (int) line.size, (const char *) line.data);
}

static enum status
split(const char *text, size_t step, struct buffer *out, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct bytes rest = bytes_of(text);

    out->size = 0;
    TRY(sink_open_lines(&sink, 8, collect, out, err));
    while (rest.size > 0)
    {
        size_t size = rest.size < step ? rest.size : step;

        TRY(sink_write(sink, (struct bytes){rest.data, size}, err));
        rest.data += size;
        rest.size -= size;
    }
    return sink_finish(sink, err);
}

static void
lines_come_whole_whatever_the_pieces(void **state)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(100);
    struct error err = {0};

    (void) state;
    for (size_t step = 1; step < 20; step++)
    {
        assert_ok(split("one\n\n12345678\nlast\n", step, &out, &err));
        assert_true(bytes_equal(buffer_bytes(&out), BYTES("[one][][12345678][last]")));
    }
}

static void
a_line_over_the_limit_is_refused(void **state)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(100);
    struct error err = {0};

    (void) state;
    for (size_t step = 1; step < 12; step++)
        assert_status(split("123456789\n", step, &out, &err), STATUS_CORRUPT);
}

static void
an_end_in_a_line_is_refused(void **state)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(100);
    struct error err = {0};

    (void) state;
    assert_status(split("one\ntwo", 3, &out, &err), STATUS_CORRUPT);
    assert_ok(split("", 3, &out, &err));
}

static enum status
refuse(void *arg, struct bytes line, struct error *err)
{
    (void) arg;
    (void) line;
    return error_set(err, STATUS_REFUSED, "not that one");
}

static void
a_refused_line_ends_the_stream(void **state)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};

    (void) state;
    assert_ok(sink_open_lines(&sink, 8, refuse, NULL, &err));
    assert_status(sink_write(sink, BYTES("a\nb\n"), &err), STATUS_REFUSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_whole_whatever_the_pieces),
        cmocka_unit_test(a_line_over_the_limit_is_refused),
        cmocka_unit_test(an_end_in_a_line_is_refused),
        cmocka_unit_test(a_refused_line_ends_the_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
