// SPDX-License-Identifier: PostgreSQL
/*
 * exit_code.h - what the program's exit code says.  This is interface: scripts
 * and PostgreSQL depend on it, and it does not change.
 */
#pragma once

#include "base/error.h"

enum exit_code
{
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILURE = 1,    /* the work failed */
    EXIT_CODE_USAGE = 2,      /* the command line or the configuration is wrong */
    EXIT_CODE_REFUSED = 3,    /* doing it would not be safe, or cannot lead to the aim */
    EXIT_CODE_REPOSITORY = 4, /* the repository cannot be reached, or denies access */
    EXIT_CODE_CORRUPT = 5,    /* damage was found */
};

/* A code and what it means, for help; the last has no meaning. */
struct exit_meaning
{
    int code;
    const char *meaning;
};

extern const struct exit_meaning exit_code_meanings[];

/*
 * All are within 1 to 125, as archive_command needs; restore_command's rule is
 * another one, see command_archive_get.c.
 */
int exit_code_of(enum status status);
