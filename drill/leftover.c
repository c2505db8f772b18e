// SPDX-License-Identifier: PostgreSQL
#include "drill/leftover.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* An immediate shutdown takes no longer, unless the disk hangs. */
#define SHUTDOWN_LIMIT_MS 10000
#define KILL_LIMIT_MS     20000
#define POLL_MS           50

#define OPEN_DIRECTORIES_MAX 16

/* Where a link of /proc leads to; "" when that cannot be read. */
static void
read_link(pid_t pid, const char *name, char path[PATH_MAX])
{
    char link[64];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/%d/%s", (int) pid, name);
    length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = '\0';
}

static bool
is_below(const char *path, const char *directory)
{
    size_t size = strlen(directory);

    return strncmp(path, directory, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* The kernel appends " (deleted)" to the name of a program that was upgraded meanwhile. */
static bool
is_postgres(const char *path)
{
    static const char name[] = "postgres";
    const char *found = path_name(path);

    return strncmp(found, name, sizeof(name) - 1) == 0 &&
           (found[sizeof(name) - 1] == '\0' || found[sizeof(name) - 1] == ' ');
}

static bool
is_server_below(pid_t pid, const char *directory)
{
    char proc[64];
    char path[PATH_MAX];
    struct stat status;

    snprintf(proc, sizeof(proc), "/proc/%d", (int) pid);
    if (stat(proc, &status) != 0 || status.st_uid != geteuid())
        return false;
    read_link(pid, "exe", path);
    if (!is_postgres(path))
        return false;
    read_link(pid, "cwd", path);
    return is_below(path, directory);
}

struct hunt
{
    const char *directory;
    int signal; /* 0: only count */
    unsigned found;
};

/* Held by its descriptor, a process cannot be mistaken for a later one of its number. */
static void
signal_if_below(pid_t pid, struct hunt *hunt)
{
    SCOPED(fd_closep) int fd = pidfd_open(pid, 0);

    if (fd < 0 || !is_server_below(pid, hunt->directory))
        return;
    hunt->found++;
    if (hunt->signal != 0)
        pidfd_send_signal(fd, hunt->signal, NULL, 0);
}

static enum status
visit_process(void *arg, const char *name, struct error *err)
{
    char *end;
    long pid = strtol(name, &end, 10);

    (void) err;
    if (pid > 0 && *end == '\0')
        signal_if_below((pid_t) pid, arg);
    return OK;
}

static enum status
hunt_all(struct hunt *hunt, struct error *err)
{
    hunt->found = 0;
    return directory_each("/proc", visit_process, hunt, err);
}

static enum status
await_end(struct hunt *hunt, int64_t limit_ms, struct error *err)
{
    int64_t until = clock_monotonic_ms() + limit_ms;

    hunt->signal = 0;
    TRY(hunt_all(hunt, err));
    while (hunt->found > 0 && clock_monotonic_ms() < until)
    {
        clock_pause_ms(POLL_MS);
        TRY(hunt_all(hunt, err));
    }
    return OK;
}

/* An immediate shutdown first: the server then tidies up its shared memory. */
enum status
leftover_end_servers(const char *directory, struct error *err)
{
    static const int signals[] = {SIGQUIT, SIGKILL};
    static const int64_t limits_ms[] = {SHUTDOWN_LIMIT_MS, KILL_LIMIT_MS};
    struct hunt hunt = {.directory = directory};

    for (size_t index = 0; index < 2; index++)
    {
        hunt.signal = signals[index];
        TRY(hunt_all(&hunt, err));
        if (hunt.found > 0)
            TRY(await_end(&hunt, limits_ms[index], err));
        if (hunt.found == 0)
            return OK;
    }
    return error_set(err, STATUS_IO, "a PostgreSQL server in \"%s\" does not end", directory);
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void) status;
    (void) type;
    (void) where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

enum status
leftover_remove(const char *directory, struct error *err)
{
    struct stat status;

    if (lstat(directory, &status) != 0)
        return errno == ENOENT ? OK : error_errno(err, "could not look at \"%s\"", directory);
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid())
        return error_set(err, STATUS_REFUSED, "\"%s\" is no directory of ours", directory);
    if (nftw(directory, remove_one, OPEN_DIRECTORIES_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
        return error_errno(err, "could not remove \"%s\"", directory);
    return OK;
}
