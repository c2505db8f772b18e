// SPDX-License-Identifier: PostgreSQL
#include "agent/signals.h"

#include "base/bytes.h"
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t impatient_code;

/* Only what is safe in a handler: write, _exit and a lock-free atomic. */
static void
on_signal(int number)
{
    static const char text[] = "redoubt: stopping; a second signal stops at once\n";
    int saved_errno = errno;

    (void) number;
    if (stop_requested())
        _exit(impatient_code);
    stop_request();
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        errno = 0; /* there is nobody to tell */
    errno = saved_errno;
}

static enum status
handle(int number, void (*handler)(int), struct error *err)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    /* One at a time: the second must find the flag of the first. */
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    if (sigaction(number, &action, NULL) != 0)
        return error_errno(err, "could not set up handling of signal %d", number);
    return OK;
}

enum status
signals_start(int impatient_exit_code, struct error *err)
{
    impatient_code = impatient_exit_code;
    TRY(handle(SIGPIPE, SIG_IGN, err));
    TRY(handle(SIGINT, on_signal, err));
    return handle(SIGTERM, on_signal, err);
}
