// SPDX-License-Identifier: PostgreSQL
#include "base/notify.h"

#include "base/file.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_LIMIT 512

/* Connected to systemd, or -1; set by start and never again. */
static int connection = -1;

/* The address of a socket by its name, abstract ones without a terminating zero. */
static bool
socket_address(const char *name, struct sockaddr_un *address, socklen_t *size)
{
    size_t length = strlen(name);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, name, length);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

static bool
is_started_by_systemd(void)
{
    const char *started = getenv("SYSTEMD_EXEC_PID");
    char own[24];

    snprintf(own, sizeof(own), "%lld", (long long) getpid());
    return started != NULL && strcmp(started, own) == 0;
}

static void
tell(const char *text)
{
    if (connection == -1)
        return;
    /* What does not fit into its queue is not missed. */
    (void) !send(connection, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
notify_start(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t size;

    if (name == NULL || !is_started_by_systemd() || !socket_address(name, &address, &size))
        return;
    connection = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connection != -1 && connect(connection, (struct sockaddr *) &address, size) != 0)
        fd_closep(&connection);
    unsetenv("NOTIFY_SOCKET");
    tell("READY=1");
}

void
notify_status(const char *text)
{
    char message[STATUS_LIMIT];

    snprintf(message, sizeof(message), "STATUS=%s", text);
    /* A further line would be a further message. */
    for (char *letter = message; *letter != '\0'; letter++)
        if (iscntrl((unsigned char) *letter))
            *letter = ' ';
    tell(message);
}

void
notify_end(void)
{
    tell("STOPPING=1");
    fd_closep(&connection);
}
