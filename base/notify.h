// SPDX-License-Identifier: PostgreSQL
/*
 * notify.h - tells systemd how the program is doing: the line that
 * `systemctl status` shows.
 *
 * The protocol is sd_notify(3)'s: a datagram of "NAME=value" lines to the
 * socket of $NOTIFY_SOCKET, whose name begins with @ when it is abstract.
 * PostgreSQL leaves its own socket in the environment of what it runs, and an
 * archive-push must not speak for the server: so only the process that systemd
 * itself started, $SYSTEMD_EXEC_PID in systemd.exec(5), says anything.
 *
 * Nobody waits for systemd, and nothing fails when it does not listen.
 */
#pragma once

/*
 * Say that work begins.  Once, while there is one thread: it takes the socket out
 * of the environment, so that no child speaks for us.
 */
void notify_start(void);

/* The line to show; one that is too long is cut.  Safe from any thread. */
void notify_status(const char *text);

/* Say that it is over. */
void notify_end(void);
