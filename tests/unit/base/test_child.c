// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/child.h"

#include <signal.h>
#include <stdlib.h>

/* Starts a script of the shell; the tests' own text, never data. */
static struct child *
start(const char *script, bool feed, bool listen)
{
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    const char *const environment[] = {"REDOUBT_CHILD=from us", NULL};
    const struct child_options options = {
        .arguments = arguments, .environment = environment, .feed = feed, .listen = listen};
    struct child *child = NULL;
    struct error err;

    assert_ok(child_start(&child, &options, &err));
    return child;
}

static void
a_program_reads_what_is_written_and_is_heard(void **state)
{
    SCOPED(child_freep) struct child *child = start("tr a-z A-Z", true, true);
    struct error err;
    char text[16] = "";
    size_t got;

    (void) state;
    assert_ok(child_write(child, BYTES("hello"), &err));
    child_close_input(child);
    assert_ok(child_read(child, text, sizeof(text), &got, &err));
    assert_int_equal(got, 5);
    assert_memory_equal(text, "HELLO", 5);
    assert_ok(child_read(child, text, sizeof(text), &got, &err));
    assert_int_equal(got, 0);
    assert_ok(child_finish(child, &err));
}

static void
more_than_a_pipe_holds_is_written(void **state)
{
    SCOPED(child_freep) struct child *child = start("wc -c >&2; exit 3", true, false);
    static uint8_t block[1 << 20];
    struct error err;
    char words[64];
    int exit_code;

    (void) state;
    assert_ok(child_write(child, (struct bytes){block, sizeof(block)}, &err));
    assert_ok(child_wait(child, CHILD_FOR_EVER, &exit_code, &err));
    assert_int_equal(exit_code, 3);
    child_last_words(child, words, sizeof(words));
    assert_string_equal(words, "1048576");
}

static void
our_environment_is_kept_and_added_to(void **state)
{
    const char *const arguments[] = {"/bin/sh", "-c", "echo \"$REDOUBT_CHILD $HOME\"", NULL};
    const char *const environment[] = {"REDOUBT_CHILD=from us", "HOME=/nowhere", NULL};
    const struct child_options options = {.arguments = arguments, .environment = environment};
    SCOPED(buffer_release) struct buffer output = BUFFER_INIT(1000);
    struct error err;

    (void) state;
    assert_ok(child_run(&options, &output, &err));
    assert_int_equal(output.size, strlen("from us /nowhere\n"));
    assert_memory_equal(output.data, "from us /nowhere\n", output.size);
}

static void
a_variable_can_be_kept_from_a_program(void **state)
{
    const char *const arguments[] = {"/bin/sh", "-c", "echo \"${HOME-none} ${PATH+some}\"", NULL};
    const char *const environment[] = {"HOME", "PAT=h", NULL};
    const struct child_options options = {.arguments = arguments, .environment = environment};
    SCOPED(buffer_release) struct buffer output = BUFFER_INIT(1000);
    struct error err;

    (void) state;
    assert_int_equal(setenv("HOME", "/somewhere", 1), 0);
    assert_ok(child_run(&options, &output, &err));
    assert_int_equal(output.size, strlen("none some\n"));
    assert_memory_equal(output.data, "none some\n", output.size);
}

static void
a_failure_says_its_code_and_last_words(void **state)
{
    SCOPED(child_freep)
    struct child *child = start("echo first >&2; echo 'no such table' >&2; exit 7", false, false);
    struct error err;

    (void) state;
    assert_status(child_finish(child, &err), STATUS_REFUSED);
    assert_string_equal(err.message, "\"/bin/sh\" failed with exit code 7");
    assert_string_equal(err.detail, "first\nno such table");
}

static void
last_words_begin_with_a_whole_line(void **state)
{
    SCOPED(child_freep)
    struct child *child = start("echo a long first line >&2; echo last >&2", false, false);
    struct error err;
    char words[12];

    (void) state;
    assert_ok(child_finish(child, &err));
    child_last_words(child, words, sizeof(words));
    assert_string_equal(words, "last");
}

static void
one_that_a_signal_ended_did_not_succeed(void **state)
{
    SCOPED(child_freep) struct child *child = start("kill -9 $$", false, false);
    struct error err;

    (void) state;
    assert_status(child_finish(child, &err), STATUS_REFUSED);
    assert_string_equal(err.message, "\"/bin/sh\" was ended by signal 9");
}

/* Its process group: that the descendant is gone too is seen by its end of the pipe. */
static void
one_that_takes_too_long_is_ended_with_all_that_it_started(void **state)
{
    SCOPED(child_freep) struct child *child = start("sleep 1000 & sleep 1000", false, true);
    struct error err;
    char byte;
    int exit_code;
    size_t got;

    (void) state;
    assert_status(child_wait(child, 50, &exit_code, &err), STATUS_TRANSIENT);
    assert_int_equal(exit_code, 128 + SIGTERM);
    assert_ok(child_read(child, &byte, 1, &got, &err));
    assert_int_equal(got, 0);
}

/* It says when it is deaf, and the request to end reaches nobody but the shell. */
static void
one_that_it_started_and_that_does_not_listen_is_ended_too(void **state)
{
    SCOPED(child_freep)
    struct child *child =
        start("(trap '' TERM; echo; exec sleep 1000) & exec sleep 1000", false, true);
    struct error err;
    char byte;
    int exit_code;
    size_t got;

    (void) state;
    assert_ok(child_read(child, &byte, 1, &got, &err));
    assert_int_equal(got, 1);
    assert_status(child_wait(child, 50, &exit_code, &err), STATUS_TRANSIENT);
    assert_ok(child_read(child, &byte, 1, &got, &err));
    assert_int_equal(got, 0);
}

/* What went wrong comes first, and the query after it may be as long as it likes. */
static void
a_long_line_is_cut_and_hides_none_before_it(void **state)
{
    SCOPED(child_freep)
    struct child *child =
        start("echo error >&2; printf '%0100000d\\n\\n' 7 >&2; echo last >&2", false, false);
    struct error err;
    char words[700];

    (void) state;
    assert_ok(child_finish(child, &err));
    child_last_words(child, words, sizeof(words));
    assert_int_equal(strlen(words), strlen("error\n...\nlast") + 240);
    assert_memory_equal(words, "error\n000", 9);
    assert_string_equal(words + strlen(words) - 10, "00...\nlast");
}

static void
what_is_overheard_stands_with_the_last_words(void **state)
{
    const char *const arguments[] = {"/bin/sh", "-c", "echo one; echo two >&2; echo three", NULL};
    const struct child_options options = {.arguments = arguments, .overhear = true};
    SCOPED(child_freep) struct child *child = NULL;
    struct error err;
    char words[64];

    (void) state;
    assert_ok(child_start(&child, &options, &err));
    assert_ok(child_finish(child, &err));
    child_last_words(child, words, sizeof(words));
    assert_string_equal(words, "one\ntwo\nthree");
}

static void
writing_to_one_that_has_ended_is_an_error(void **state)
{
    SCOPED(child_freep) struct child *child = start("exec <&-; exit 0", true, false);
    static uint8_t block[1 << 20];
    struct error err;

    (void) state;
    assert_status(child_write(child, (struct bytes){block, sizeof(block)}, &err), STATUS_IO);
    assert_ok(child_finish(child, &err));
}

static void
a_program_that_is_not_there_is_named(void **state)
{
    const char *const arguments[] = {"/nowhere/pg_dump", NULL};
    const struct child_options options = {.arguments = arguments};
    struct child *child = NULL;
    struct error err;

    (void) state;
    assert_status(child_start(&child, &options, &err), STATUS_NOT_FOUND);
    assert_string_equal(err.message,
                        "could not run \"/nowhere/pg_dump\": No such file or directory");
    assert_null(child);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_reads_what_is_written_and_is_heard),
        cmocka_unit_test(more_than_a_pipe_holds_is_written),
        cmocka_unit_test(our_environment_is_kept_and_added_to),
        cmocka_unit_test(a_variable_can_be_kept_from_a_program),
        cmocka_unit_test(a_failure_says_its_code_and_last_words),
        cmocka_unit_test(last_words_begin_with_a_whole_line),
        cmocka_unit_test(a_long_line_is_cut_and_hides_none_before_it),
        cmocka_unit_test(one_that_a_signal_ended_did_not_succeed),
        cmocka_unit_test(one_that_takes_too_long_is_ended_with_all_that_it_started),
        cmocka_unit_test(one_that_it_started_and_that_does_not_listen_is_ended_too),
        cmocka_unit_test(what_is_overheard_stands_with_the_last_words),
        cmocka_unit_test(writing_to_one_that_has_ended_is_an_error),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
