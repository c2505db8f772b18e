// SPDX-License-Identifier: PostgreSQL
/*
 * child.h - another program, run to its end.
 *
 * Started with an array of arguments, never by a shell.  It is the leader of a
 * process group of its own: when it has to be ended, so is all that it started in
 * that group, by force in the end.  The kernel ends it when this program is
 * killed: start it in a thread that outlives it.
 * What it says on standard error goes to a nameless file, for whoever wants the
 * end of it.
 *
 * A child belongs to one thread.  SIGPIPE must be ignored.  Every call that waits
 * looks for a request to stop, and is CANCELLED by it.
 */
#pragma once

#include "base/bytes.h"

struct child_options
{
    const char *const *arguments; /* the first is the program's path; ends with NULL */
    const char *const
        *environment;      /* "NAME=value" over our own, "NAME": not; ends with NULL; or NULL */
    const char *directory; /* to run in; NULL: ours */
    bool feed;             /* its standard input is what child_write gives, else nothing */
    bool listen;           /* its standard output is for child_read, else unheard */
    bool overhear;         /* or counts as what it says on standard error */
};

struct child;

/* NOT_FOUND: there is no such program. */
NODISCARD enum status child_start(struct child **child, const struct child_options *options,
                                  struct error *err);

/* The next of its standard output, at most size bytes; got is 0 at its end. */
NODISCARD enum status child_read(struct child *child, void *data, size_t size, size_t *got,
                                 struct error *err);

/* All of it to its standard input.  IO: it reads no more, and child_finish knows why. */
NODISCARD enum status child_write(struct child *child, struct bytes bytes, struct error *err);

/* It reads the end of its input from now on; child_wait does this too. */
void child_close_input(struct child *child);

#define CHILD_FOR_EVER (-1)

/*
 * Wait for its end, but at most so long.  *exit_code is as a shell has it: 128
 * and the signal's number when one ended it.  TRANSIENT: it did not end in time.
 * Whatever the failure, it was killed then.
 */
NODISCARD enum status child_wait(struct child *child, int64_t limit_ms, int *exit_code,
                                 struct error *err);

/* Wait for ever, and call any exit code but 0 an error: REFUSED, with what it said last. */
NODISCARD enum status child_finish(struct child *child, struct error *err);

/* The last lines of what it said on standard error, as many as fit, long ones cut; "" for none. */
void child_last_words(const struct child *child, char *text, size_t size);

/* All of what a program says on standard output, and child_finish. */
NODISCARD enum status child_run(const struct child_options *options, struct buffer *output,
                                struct error *err);

/* For SCOPED: kills it and its group if it has not ended.  NULL is allowed. */
void child_freep(struct child **child);
