// SPDX-License-Identifier: PostgreSQL
#include "restore/server.h"

#include "base/clock.h"
#include "base/file.h"
#include "pg/conninfo.h"
#include "pg/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* "/.s.PGSQL.65535.lock" behind the directory. */
#define SOCKET_NAME_MAX 24

/* Whatever the original's and $PGPORT are: the socket's directory is ours alone. */
#define PRIVATE_PORT "5432"

#define LOG_TAIL_SIZE    16384
#define ARGUMENTS_MAX    96
#define POSTMASTER_LIMIT 4096
#define CONNINFO_LIMIT   ((size_t) 16 << 10)

void
server_release(struct server *server)
{
    free(server->data);
    free(server->run);
    free(server->log);
    *server = (struct server){0};
}

bool
server_run_fits(const char *path)
{
    struct sockaddr_un address;

    return strlen(path) + SOCKET_NAME_MAX < sizeof(address.sun_path) &&
           strpbrk(path, ",\"'\\") == NULL;
}

/* Where it is to be: as asked for, or beside the data directory. */
static enum status
name_run_directory(struct server *server, const char *wanted, struct error *err)
{
    if (asprintf(&server->run, "%s%s", wanted == NULL ? server->data : wanted,
                 wanted == NULL ? ".run" : "") >= 0)
        return OK;
    server->run = NULL;
    return error_no_memory(err);
}

static enum status
make_run_directory(struct server *server, const char *wanted, struct error *err)
{
    char fallback[] = "/tmp/redoubt-XXXXXX";

    TRY(name_run_directory(server, wanted, err));
    if (server_run_fits(server->run))
        TRY(directory_create(server->run, 0700, err));
    else
    {
        free(server->run);
        server->run = NULL;
        if (mkdtemp(fallback) == NULL)
            return error_errno(err, "could not create a directory in \"/tmp\"");
        server->run = strdup(fallback);
        if (server->run == NULL)
            return error_no_memory(err);
    }
    if (chmod(server->run, 0700) != 0)
        return error_errno(err, "could not change the mode of \"%s\"", server->run);
    server->log = path_join(server->run, "server.log");
    return server->log == NULL ? error_no_memory(err) : OK;
}

static enum status
write_hba(const char *path, struct error *err)
{
    return file_replace(path, 0600,
                        BYTES("# Written by redoubt restore --start: only the owner of this "
                              "directory can reach the socket in it.\n"
                              "local all all trust\n"),
                        err);
}

/* The settings that --start gives; the last is NULL. */
struct arguments
{
    char *items[ARGUMENTS_MAX];
    size_t count;
};

static void
release_arguments(struct arguments *arguments)
{
    for (size_t index = 0; index < arguments->count; index++)
        free(arguments->items[index]);
}

static enum status
add_argument(struct arguments *arguments, struct error *err, const char *first, const char *second)
{
    char *text = NULL;

    if (arguments->count + 1 >= ARGUMENTS_MAX || asprintf(&text, "%s%s", first, second) < 0)
        return error_no_memory(err);
    arguments->items[arguments->count++] = text;
    return OK;
}

static enum status
add_private_settings(struct arguments *arguments, const struct server *server, struct error *err)
{
    SCOPED(freep) char *hba = path_join(server->run, "pg_hba.conf");

    if (hba == NULL)
        return error_no_memory(err);
    TRY(write_hba(hba, err));
    TRY(add_argument(arguments, err, "--listen_addresses=", ""));
    TRY(add_argument(arguments, err, "--port=", PRIVATE_PORT));
    TRY(add_argument(arguments, err, "--unix_socket_directories=", server->run));
    TRY(add_argument(arguments, err, "--hba_file=", hba));
    TRY(add_argument(arguments, err, "--external_pid_file=", ""));
    TRY(add_argument(arguments, err, "--logging_collector=", "off"));
    TRY(add_argument(arguments, err, "--log_destination=", "stderr"));
    return add_argument(arguments, err, "--log_min_messages=", "warning");
}

/*
 * data_directory is given because the restored postgresql.conf may name the
 * original's; messages are untranslated because some are looked for.
 */
static enum status
build_arguments(struct arguments *arguments, const struct server_options *options,
                const struct server *server, const char *programs, struct error *err)
{
    TRY(add_argument(arguments, err, programs, "/postgres"));
    TRY(add_argument(arguments, err, "-D", server->data));
    TRY(add_argument(arguments, err, "--data_directory=", server->data));
    TRY(add_argument(arguments, err, "--lc_messages=", "C"));
    if (!options->public)
        TRY(add_private_settings(arguments, server, err));
    for (const char *const *setting = options->settings; setting != NULL && *setting != NULL;
         setting++)
        TRY(add_argument(arguments, err, "--", *setting));
    return OK;
}

/* In the child.  What fails is said in the log. */
static void
become_postgres(struct arguments *arguments, int log_fd, bool bound, pid_t parent)
{
    int null_fd = open("/dev/null", O_RDONLY);

    setsid();
    if (bound && (prctl(PR_SET_PDEATHSIG, SIGQUIT) != 0 || getppid() != parent))
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0)
        _exit(127);
    execv(arguments->items[0], arguments->items);
    dprintf(STDERR_FILENO, "could not execute \"%s\": %s\n", arguments->items[0], strerror(errno));
    _exit(127);
}

static enum status
spawn(struct server *server, struct arguments *arguments, bool bound, struct error *err)
{
    SCOPED(fd_closep) int log_fd = -1;
    pid_t parent = getpid();

    TRY(fd_open(&log_fd, server->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600, err));
    server->pid = fork();
    if (server->pid < 0)
        return error_errno(err, "could not start a process");
    if (server->pid == 0)
        become_postgres(arguments, log_fd, bound, parent);
    return OK;
}

enum status
server_start(struct server *server, const struct server_options *options, struct error *err)
{
    SCOPED(release_arguments) struct arguments arguments = {.count = 0};
    SCOPED(freep) char *programs = NULL;

    TRY(pg_programs_find(options->bin_directory, options->major, &programs, err));
    server->data = strdup(options->data);
    if (server->data == NULL)
        return error_no_memory(err);
    TRY(make_run_directory(server, options->run, err));
    TRY(build_arguments(&arguments, options, server, programs, err));
    return spawn(server, &arguments, options->bound, err);
}

bool
server_has_ended(struct server *server)
{
    if (!server->ended && waitpid(server->pid, &server->exit_status, WNOHANG) == server->pid)
        server->ended = true;
    return server->ended;
}

bool
server_stop(struct server *server, int64_t limit_ms)
{
    int64_t until = clock_monotonic_ms() + limit_ms;

    if (server_has_ended(server))
        return true;
    kill(server->pid, SIGINT); /* a fast shutdown */
    while (!server_has_ended(server) && clock_monotonic_ms() < until)
        clock_pause_ms(50);
    return server->ended;
}

/* The next line of a file in memory, without its line feed. */
static char *
take_line(char **text)
{
    return strsep(text, "\n");
}

bool
server_address(const struct server *server, struct server_address *address)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(POSTMASTER_LIMIT);
    SCOPED(freep) char *path = path_join(server->data, "postmaster.pid");
    SCOPED(freep) char *copy = NULL;
    struct error ignored;
    const char *text;
    char *rest;
    char *lines[6];

    if (path == NULL || file_read(path, &content, &ignored) != OK ||
        buffer_text(&content, &text, &ignored) != OK)
        return false;
    copy = strdup(text);
    rest = copy;
    for (size_t index = 0; index < 6; index++)
    {
        lines[index] = copy == NULL ? NULL : take_line(&rest);
        if (lines[index] == NULL)
            return false;
    }
    /* Process, data directory, start time, port, socket directory, address (miscadmin.h). */
    if (strtol(lines[0], NULL, 10) != server->pid)
        return false;
    address->port = (unsigned) strtoul(lines[3], NULL, 10);
    snprintf(address->host, sizeof(address->host), "%s", lines[4][0] != '\0' ? lines[4] : lines[5]);
    return address->host[0] != '\0' && address->port != 0;
}

enum status
server_conninfo(const struct server_address *address, const char *role, const char *options,
                char **conninfo, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(CONNINFO_LIMIT);
    const char *borrowed;
    char port[16];

    snprintf(port, sizeof(port), "%u", address->port);
    TRY(pg_conninfo_append(&text, "host", address->host, err));
    TRY(pg_conninfo_append(&text, "port", port, err));
    TRY(pg_conninfo_append(&text, "user", role, err));
    TRY(pg_conninfo_append(&text, "dbname", "template1", err));
    TRY(pg_conninfo_append_seclusion(&text, err));
    if (options != NULL)
        TRY(pg_conninfo_append(&text, "options", options, err));
    TRY(buffer_text(&text, &borrowed, err));
    *conninfo = strdup(borrowed);
    return *conninfo == NULL ? error_no_memory(err) : OK;
}

/* The log's end, from the beginning of a line; "" when it cannot be read. */
static void
read_tail(const struct server *server, char text[LOG_TAIL_SIZE])
{
    SCOPED(fd_closep) int fd = -1;
    struct error ignored;
    uint64_t size_bytes;
    uint64_t offset;
    size_t got = 0;
    char *line;

    text[0] = '\0';
    if (fd_open(&fd, server->log, O_RDONLY, 0, &ignored) != OK ||
        fd_size(fd, &size_bytes, server->log, &ignored) != OK)
        return;
    offset = size_bytes < LOG_TAIL_SIZE ? 0 : size_bytes - (LOG_TAIL_SIZE - 1);
    if (fd_pread(fd, text, LOG_TAIL_SIZE - 1, offset, &got, server->log, &ignored) != OK)
        got = 0;
    text[got] = '\0';
    line = offset == 0 ? NULL : strchr(text, '\n');
    if (line != NULL)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

void
server_log_tail(const struct server *server, char *text, size_t size)
{
    char tail[LOG_TAIL_SIZE];
    size_t length;
    const char *begin;

    read_tail(server, tail);
    length = strlen(tail);
    while (length > 0 && tail[length - 1] == '\n')
        tail[--length] = '\0';
    begin = length < size ? tail : tail + (length - size + 1);
    if (begin != tail && strchr(begin, '\n') != NULL)
        begin = strchr(begin, '\n') + 1;
    snprintf(text, size, "%s", begin);
}

bool
server_log_find(const struct server *server, const char *wanted, char *line, size_t size)
{
    char tail[LOG_TAIL_SIZE];
    char *rest = tail;
    char *next;
    bool found = false;

    read_tail(server, tail);
    while ((next = take_line(&rest)) != NULL)
    {
        const char *match = strstr(next, wanted);

        if (match == NULL)
            continue;
        found = true;
        snprintf(line, size, "%s", match);
    }
    return found;
}
