// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/log.h"
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What systemd listens on: an abstract socket, so that nothing is left behind, or a file. */
static int
listen_at(const char *name, pid_t started)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[24];

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *) &address,
                          (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    snprintf(text, sizeof(text), "%d", (int) started);
    setenv("SYSTEMD_EXEC_PID", text, 1);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static int
listen_abstract(pid_t started)
{
    char name[64];

    snprintf(name, sizeof(name), "@redoubt-test/%d", (int) getpid());
    return listen_at(name, started);
}

/* The next message, which has been sent already. */
static const char *
heard(int fd)
{
    static char message[2048];
    ssize_t size = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);

    message[size < 0 ? 0 : size] = '\0';
    return message;
}

static void
systemd_hears_of_the_beginning_the_work_and_the_end(void **state)
{
    int fd = listen_abstract(getpid());

    (void) state;
    notify_start();
    notify_status("37% of 3.2 GiB");
    notify_end();

    assert_string_equal(heard(fd), "READY=1");
    assert_string_equal(heard(fd), "STATUS=37% of 3.2 GiB");
    assert_string_equal(heard(fd), "STOPPING=1");
    assert_string_equal(heard(fd), "");
    close(fd);
}

static void
a_socket_may_have_a_path(void **state)
{
    char path[64];
    int fd;

    (void) state;
    snprintf(path, sizeof(path), "/tmp/redoubt-notify-test.%d", (int) getpid());
    fd = listen_at(path, getpid());
    notify_start();
    unlink(path);
    notify_end();

    assert_string_equal(heard(fd), "READY=1");
    close(fd);
}

static void
what_the_log_says_is_the_status(void **state)
{
    int fd = listen_abstract(getpid());
    struct error err;

    (void) state;
    notify_start();
    log_progress("dumping: %d%%", 12);
    log_info("backup \"%s\" is done", "b1");
    log_debug("nobody wants to know");
    error_set(&err, STATUS_IO, "the disk is gone");
    error_hint(&err, "Look for it.");
    log_error(LOG_ERROR, &err);
    notify_end();

    heard(fd);
    assert_string_equal(heard(fd), "STATUS=dumping: 12%");
    assert_string_equal(heard(fd), "STATUS=backup \"b1\" is done");
    assert_string_equal(heard(fd), "STATUS=the disk is gone");
    assert_string_equal(heard(fd), "STOPPING=1");
    close(fd);
}

static void
a_text_cannot_say_more_than_a_status(void **state)
{
    int fd = listen_abstract(getpid());
    char text[1000];

    (void) state;
    notify_start();
    notify_status("no such table\nMAINPID=1");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    notify_status(text);
    notify_end();

    heard(fd);
    assert_string_equal(heard(fd), "STATUS=no such table MAINPID=1");
    assert_int_equal(strlen(heard(fd)), 511);
    close(fd);
}

/* An archive-push of a PostgreSQL that systemd runs must not end it with STOPPING=1. */
static void
whoever_systemd_did_not_start_is_silent(void **state)
{
    int fd = listen_abstract(getppid());

    (void) state;
    notify_start();
    notify_status("a segment was archived");
    notify_end();
    assert_string_equal(heard(fd), "");

    unsetenv("SYSTEMD_EXEC_PID");
    notify_start();
    notify_end();
    assert_string_equal(heard(fd), "");
    close(fd);
}

static void
children_do_not_learn_of_the_socket(void **state)
{
    int fd = listen_abstract(getpid());

    (void) state;
    notify_start();

    assert_null(getenv("NOTIFY_SOCKET"));
    notify_end();
    close(fd);
}

static void
nobody_needs_to_listen(void **state)
{
    char long_name[300];

    (void) state;
    close(listen_abstract(getpid()));
    notify_start();
    notify_status("still here");
    notify_end();

    memset(long_name, 'x', sizeof(long_name));
    long_name[0] = '/';
    long_name[sizeof(long_name) - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_name, 1);
    notify_start();
    notify_status("still here");
    notify_end();
}

/* A systemd that is stopped, or slow, holds up no backup. */
static void
nobody_waits_for_a_listener_that_does_not_read(void **state)
{
    int fd = listen_abstract(getpid());
    int count = 0;

    (void) state;
    notify_start();
    for (int index = 0; index < 5000; index++)
        notify_status("more than its queue holds");
    notify_end();

    while (heard(fd)[0] != '\0')
        count++;
    assert_between(count, 1, 4999);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(systemd_hears_of_the_beginning_the_work_and_the_end),
        cmocka_unit_test(a_socket_may_have_a_path),
        cmocka_unit_test(what_the_log_says_is_the_status),
        cmocka_unit_test(a_text_cannot_say_more_than_a_status),
        cmocka_unit_test(whoever_systemd_did_not_start_is_silent),
        cmocka_unit_test(children_do_not_learn_of_the_socket),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(nobody_waits_for_a_listener_that_does_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
