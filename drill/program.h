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

/*
 * From a directory, by its name; messages are untranslated.  arguments: what
 * follows the name; ends with NULL.  OK whatever its exit code; NOT_FOUND: there
 * is no such program; CANCELLED: it was ended.
 */
NODISCARD enum status program_run(struct program *program, const char *directory, const char *name,
                                  const char *const *arguments, struct error *err);

/* For SCOPED on an initialised struct. */
void program_release(struct program *program);
