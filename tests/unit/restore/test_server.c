// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "restore/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A server that was never started: only its files are read. */
struct fixture
{
    char *directory;
    struct server server;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    fixture->directory = test_directory_create();
    fixture->server.pid = 4711;
    fixture->server.data = strdup(fixture->directory);
    fixture->server.log = path_join(fixture->directory, "server.log");
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    server_release(&fixture->server);
    test_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

static void
write_file(const struct fixture *fixture, const char *name, const char *content)
{
    SCOPED(freep) char *path = path_join(fixture->directory, name);
    struct error err = {0};

    assert_ok(file_replace(path, 0600, bytes_of(content), &err));
}

static void
the_address_is_what_postmaster_pid_says(void **state)
{
    struct fixture *fixture = *state;
    struct server_address address;

    assert_false(server_address(&fixture->server, &address));
    write_file(fixture, "postmaster.pid", "4711\n/data\n17000\n5433\n/run/pg\nlocalhost\n1 2\n");
    assert_true(server_address(&fixture->server, &address));
    assert_string_equal(address.host, "/run/pg");
    assert_int_equal(address.port, 5433);
    write_file(fixture, "postmaster.pid", "4711\n/data\n17000\n5433\n\nlocalhost\n1 2\n");
    assert_true(server_address(&fixture->server, &address));
    assert_string_equal(address.host, "localhost");
}

static void
another_servers_or_half_a_file_is_no_address(void **state)
{
    struct fixture *fixture = *state;
    struct server_address address;

    write_file(fixture, "postmaster.pid", "4712\n/data\n17000\n5433\n/run/pg\nlocalhost\n1 2\n");
    assert_false(server_address(&fixture->server, &address));
    write_file(fixture, "postmaster.pid", "4711\n/data\n17000\n");
    assert_false(server_address(&fixture->server, &address));
    write_file(fixture, "postmaster.pid", "4711\n/data\n17000\n5433\n\n\n\n");
    assert_false(server_address(&fixture->server, &address));
}

static void
the_last_line_with_a_text_is_found_without_its_prefix(void **state)
{
    struct fixture *fixture = *state;
    char line[64] = "";

    assert_false(server_log_find(&fixture->server, "recovery stopping", line, sizeof(line)));
    write_file(fixture, "server.log",
               "x LOG:  recovery stopping before A\ny LOG:  recovery stopping after B\nz\n");
    assert_true(server_log_find(&fixture->server, "recovery stopping", line, sizeof(line)));
    assert_string_equal(line, "recovery stopping after B");
}

static void
the_tail_is_whole_lines(void **state)
{
    struct fixture *fixture = *state;
    char tail[20];

    write_file(fixture, "server.log", "the first line\nthe second\nthe third\n");
    server_log_tail(&fixture->server, tail, sizeof(tail));
    assert_string_equal(tail, "the third");
}

static void
a_long_log_is_read_from_its_end(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *content = malloc(200001);
    char line[64];

    memset(content, 'x', 200000);
    content[200000] = '\0';
    memcpy(content + 10, "recovery stopping", 17);
    memcpy(content + 199970, "\nrecovery stopping here\n", 24);
    write_file(fixture, "server.log", content);

    assert_true(server_log_find(&fixture->server, "recovery stopping", line, sizeof(line)));
    assert_string_equal(line, "recovery stopping here");
}

static void
a_server_that_does_not_shut_down_is_not_waited_for_for_ever(void **state)
{
    struct fixture *fixture = *state;
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    fixture->server.pid = fork();
    assert_true(fixture->server.pid >= 0);
    if (fixture->server.pid == 0)
    {
        signal(SIGINT, SIG_IGN);
        (void) !write(ready[1], "", 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);

    assert_false(server_stop(&fixture->server, 100));

    assert_int_equal(kill(fixture->server.pid, SIGKILL), 0);
    assert_true(server_stop(&fixture->server, SERVER_STOP_LIMIT_MS));
    close(ready[0]);
    close(ready[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_address_is_what_postmaster_pid_says),
        TEST(another_servers_or_half_a_file_is_no_address),
        TEST(the_last_line_with_a_text_is_found_without_its_prefix),
        TEST(the_tail_is_whole_lines),
        TEST(a_long_log_is_read_from_its_end),
        TEST(a_server_that_does_not_shut_down_is_not_waited_for_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
