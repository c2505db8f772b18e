// SPDX-License-Identifier: PostgreSQL
/*
 * program.h - one of PostgreSQL's programs, run to its end and heard out.
 */
#pragma once

#include "base/bytes.h"

struct program
{
    int exit_code;
    char *output;     /* owned; its standard output */
    char words[4096]; /* the last lines of its standard error */
};

/* What to run.  Messages are untranslated. */
struct program_call
{
    const char *directory;
    const char *name;             /* in the directory */
    const char *const *arguments; /* what follows the name; ends with NULL */
    const char *conninfo;         /* the server that it is to ask; NULL: it asks none */
};

/* OK whatever its exit code; NOT_FOUND: there is no such program; CANCELLED: it was ended. */
NODISCARD enum status program_run(struct program *program, const struct program_call *call,
                                  struct error *err);

/* For SCOPED on an initialised struct. */
void program_release(struct program *program);
