// SPDX-License-Identifier: PostgreSQL
#include "base/child.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a stop request may wait for us to look. */
#define STOP_LATENCY_MS 250
#define PAUSE_MS        20

/* One that is asked to end may tidy up for so long. */
#define END_LIMIT_MS 5000

/* Of what it said on standard error: a query that failed may be one line of 100 kB. */
#define WORDS_MAX      ((uint64_t) 1 << 20)
#define WORDS_LINE_MAX 240
#define READ_SIZE      8192

struct child
{
    pid_t pid;
    bool ended;
    int exit_code; /* once ended */
    int input;     /* these are -1 or open */
    int output;
    int words;
    char *program; /* owned; for messages */
};

/* The ends that the child gets; ours are in struct child. */
struct pipes
{
    int input;
    int output;
};

static void
close_pipes(struct pipes *pipes)
{
    fd_closep(&pipes->input);
    fd_closep(&pipes->output);
}

static enum status
open_pipe(int *read_end, int *write_end, struct error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_errno(err, "could not make a pipe");
    *read_end = ends[0];
    *write_end = ends[1];
    return OK;
}

/* Its reader may stop reading: a write that would wait must not. */
static enum status
open_input(struct child *child, struct pipes *pipes, struct error *err)
{
    TRY(open_pipe(&pipes->input, &child->input, err));
    if (fcntl(child->input, F_SETFL, O_NONBLOCK) != 0)
        return error_errno(err, "could not set up a pipe");
    return OK;
}

static enum status
open_pipes(struct child *child, struct pipes *pipes, const struct child_options *options,
           struct error *err)
{
    if (options->feed)
        TRY(open_input(child, pipes, err));
    else
        TRY(fd_open(&pipes->input, "/dev/null", O_RDONLY, 0, err));
    TRY(file_temporary(&child->words, err));
    if (options->listen)
        return open_pipe(&child->output, &pipes->output, err);
    if (!options->overhear)
        return fd_open(&pipes->output, "/dev/null", O_WRONLY, 0, err);
    /* Both write at one offset, so that neither overwrites the other. */
    pipes->output = fcntl(child->words, F_DUPFD_CLOEXEC, 0);
    return pipes->output < 0 ? error_errno(err, "could not set up standard output") : OK;
}

/* Is this variable of ours given anew, or kept from the child? */
static bool
is_replaced(const char *variable, const char *const *environment)
{
    size_t length = strcspn(variable, "=");

    for (; environment != NULL && *environment != NULL; environment++)
        if (strcspn(*environment, "=") == length && strncmp(variable, *environment, length) == 0)
            return true;
    return false;
}

/* Made before the fork: afterwards nothing may allocate.  The texts are borrowed. */
static enum status
merge_environment(const char *const *environment, char ***merged, struct error *err)
{
    size_t count = 0;
    size_t used = 0;
    char **made;

    for (char **variable = environ; *variable != NULL; variable++)
        count++;
    for (const char *const *item = environment; item != NULL && *item != NULL; item++)
        count++;
    made = calloc(count + 1, sizeof(*made));
    if (made == NULL)
        return error_no_memory(err);
    for (char **variable = environ; *variable != NULL; variable++)
        if (!is_replaced(*variable, environment))
            made[used++] = *variable;
    for (const char *const *item = environment; item != NULL && *item != NULL; item++)
        if (strchr(*item, '=') != NULL)
            made[used++] = (char *) *item;
    *merged = made;
    return OK;
}

/* In the child: only what is safe after fork in a program with threads. */
static void
become(const struct child_options *options, const struct pipes *pipes, int words, pid_t parent,
       char *const *environment)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    if (dup2(pipes->input, STDIN_FILENO) < 0 || dup2(pipes->output, STDOUT_FILENO) < 0 ||
        dup2(words, STDERR_FILENO) < 0)
        _exit(127);
    if (options->directory != NULL && chdir(options->directory) != 0)
        _exit(127);
    execve(options->arguments[0], (char *const *) options->arguments, environment);
    _exit(127);
}

enum status
child_start(struct child **child, const struct child_options *options, struct error *err)
{
    SCOPED(child_freep) struct child *made = calloc(1, sizeof(*made));
    SCOPED(close_pipes) struct pipes pipes = {-1, -1};
    SCOPED(freep) char **environment = NULL;
    pid_t parent = getpid();

    if (made == NULL)
        return error_no_memory(err);
    *made = (struct child){.ended = true, .input = -1, .output = -1, .words = -1};
    made->program = strdup(options->arguments[0]);
    if (made->program == NULL)
        return error_no_memory(err);
    /* Asked before: the child itself could only end with a code of its program's. */
    if (access(made->program, X_OK) != 0)
        return error_errno(err, "could not run \"%s\"", made->program);
    TRY(merge_environment(options->environment, &environment, err));
    TRY(open_pipes(made, &pipes, options, err));
    made->pid = fork();
    if (made->pid < 0)
        return error_errno(err, "could not start \"%s\"", made->program);
    if (made->pid == 0)
        become(options, &pipes, made->words, parent, environment);
    setpgid(made->pid, made->pid); /* the child does too: whoever is first */
    made->ended = false;
    *child = made;
    made = NULL;
    return OK;
}

/* Wait until our end of a pipe can be used, or is closed at the other end. */
static enum status
await_pipe(int fd, short event, struct error *err)
{
    struct pollfd waiting = {.fd = fd, .events = event};
    int ready;

    do
    {
        TRY(stop_check(err));
        ready = poll(&waiting, 1, STOP_LATENCY_MS);
        if (ready < 0 && errno != EINTR)
            return error_errno(err, "could not wait for a pipe");
    } while (ready <= 0);
    return OK;
}

enum status
child_read(struct child *child, void *data, size_t size, size_t *got, struct error *err)
{
    ssize_t count;

    do
    {
        TRY(await_pipe(child->output, POLLIN, err));
        count = read(child->output, data, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return error_errno(err, "could not read from \"%s\"", child->program);
    *got = (size_t) count;
    return OK;
}

enum status
child_write(struct child *child, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
    {
        ssize_t count;

        TRY(await_pipe(child->input, POLLOUT, err));
        count = write(child->input, bytes.data, bytes.size);
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return error_errno(err, "could not write to \"%s\"", child->program);
        if (count > 0)
            bytes = (struct bytes){bytes.data + count, bytes.size - (size_t) count};
    }
    return OK;
}

void
child_close_input(struct child *child)
{
    fd_closep(&child->input);
}

/* Has it ended?  Asks the system. */
static bool
has_ended(struct child *child)
{
    int status;

    if (!child->ended && waitpid(child->pid, &status, WNOHANG) == child->pid)
    {
        child->ended = true;
        child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return child->ended;
}

/*
 * Until it is waited for, its number and so its group's cannot be another's, and
 * those it started that did not end when they were asked to can be killed with it.
 */
static void
await_last_breath(const struct child *child)
{
    int64_t until = clock_monotonic_ms() + END_LIMIT_MS;
    siginfo_t info = {0};

    while (waitid(P_PID, (id_t) child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0 && clock_monotonic_ms() < until)
        clock_pause_ms(PAUSE_MS);
}

static void
end(struct child *child)
{
    kill(-child->pid, SIGTERM);
    await_last_breath(child);
    kill(-child->pid, SIGKILL);
    while (!has_ended(child))
        clock_pause_ms(PAUSE_MS);
}

enum status
child_wait(struct child *child, int64_t limit_ms, int *exit_code, struct error *err)
{
    int64_t until = clock_monotonic_ms() + limit_ms;
    enum status status = OK;

    child_close_input(child);
    while (!has_ended(child) && status == OK)
    {
        if (limit_ms != CHILD_FOR_EVER && clock_monotonic_ms() > until)
            status = error_set(err, STATUS_TRANSIENT, "\"%s\" did not end in %lld seconds",
                               child->program, (long long) (limit_ms / 1000));
        else
            status = stop_check(err);
        clock_pause_ms(PAUSE_MS);
    }
    if (!child->ended)
        end(child);
    *exit_code = child->exit_code;
    return status;
}

enum status
child_finish(struct child *child, struct error *err)
{
    char words[sizeof(err->detail)];
    int exit_code;

    TRY(child_wait(child, CHILD_FOR_EVER, &exit_code, err));
    if (exit_code == 0)
        return OK;
    child_last_words(child, words, sizeof(words));
    if (exit_code > 128)
        error_set(err, STATUS_REFUSED, "\"%s\" was ended by signal %d", child->program,
                  exit_code - 128);
    else
        error_set(err, STATUS_REFUSED, "\"%s\" failed with exit code %d", child->program,
                  exit_code);
    if (words[0] != '\0')
        error_detail(err, "%s", words);
    return STATUS_REFUSED;
}

/* The last lines of a text, as many as fit. */
struct words
{
    char *text;
    size_t size;
    char line[WORDS_LINE_MAX + sizeof("...")]; /* the one that is being read */
    size_t length;                             /* of it, what was cut off included */
};

static void
keep_line(struct words *words)
{
    char *text = words->text;
    size_t kept = strlen(text);
    size_t length = words->length < WORDS_LINE_MAX ? words->length : WORDS_LINE_MAX;

    if (length == 0)
        return;
    memcpy(words->line + length, "...", sizeof("..."));
    if (words->length <= WORDS_LINE_MAX)
        words->line[length] = '\0';
    words->length = 0;
    while (kept > 0 && kept + 1 + strlen(words->line) >= words->size)
    {
        const char *end = strchr(text, '\n');
        const char *next = end == NULL ? text + kept : end + 1;

        kept = strlen(next);
        memmove(text, next, kept + 1);
    }
    snprintf(text + kept, words->size - kept, "%s%s", kept > 0 ? "\n" : "", words->line);
}

static void
take_words(struct words *words, const char *chunk, size_t size)
{
    for (; size > 0; chunk++, size--)
        if (*chunk == '\n')
            keep_line(words);
        else if (words->length++ < WORDS_LINE_MAX)
            words->line[words->length - 1] = *chunk;
}

void
child_last_words(const struct child *child, char *text, size_t size)
{
    struct words words = {.text = text, .size = size};
    char chunk[READ_SIZE];
    struct error ignored;
    uint64_t size_bytes = 0;
    uint64_t at;
    size_t got = 0;

    text[0] = '\0';
    if (fd_size(child->words, &size_bytes, "standard error", &ignored) != OK)
        return;
    for (at = size_bytes > WORDS_MAX ? size_bytes - WORDS_MAX : 0; at < size_bytes; at += got)
    {
        if (fd_pread(child->words, chunk, sizeof(chunk), at, &got, "standard error", &ignored) !=
                OK ||
            got == 0)
            return;
        take_words(&words, chunk, got);
    }
    if (words.length > 0)
        keep_line(&words);
}

static enum status
read_output(struct child *child, struct buffer *output, struct error *err)
{
    uint8_t chunk[READ_SIZE];
    size_t got;

    do
    {
        TRY(child_read(child, chunk, sizeof(chunk), &got, err));
        TRY(buffer_append(output, (struct bytes){chunk, got}, err));
    } while (got > 0);
    return OK;
}

enum status
child_run(const struct child_options *options, struct buffer *output, struct error *err)
{
    SCOPED(child_freep) struct child *child = NULL;
    struct child_options heard = *options;

    heard.listen = true;
    TRY(child_start(&child, &heard, err));
    TRY(read_output(child, output, err));
    return child_finish(child, err);
}

void
child_freep(struct child **child)
{
    struct child *gone = *child;

    if (gone == NULL)
        return;
    fd_closep(&gone->input);
    fd_closep(&gone->output);
    if (!gone->ended)
        end(gone);
    fd_closep(&gone->words);
    free(gone->program);
    free(gone);
    *child = NULL;
}
