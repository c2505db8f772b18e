// SPDX-License-Identifier: PostgreSQL
#include "agent/exit_code.h"

#include <stddef.h>

const struct exit_meaning exit_code_meanings[] = {
    {EXIT_CODE_OK, "done"},
    {EXIT_CODE_FAILURE, "the work failed"},
    {EXIT_CODE_USAGE, "the command line or the configuration is wrong"},
    {EXIT_CODE_REFUSED, "refused: it exists already, belongs to another cluster, or the "
                        "target is out of reach"},
    {EXIT_CODE_REPOSITORY, "the repository or the server cannot be reached, or denies access"},
    {EXIT_CODE_CORRUPT, "damage was found"},
    {0, NULL},
};

int
exit_code_of(enum status status)
{
    switch (status)
    {
    case OK:
        return EXIT_CODE_OK;
    case STATUS_CONFIG:
        return EXIT_CODE_USAGE;
    case STATUS_CONFLICT:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
        return EXIT_CODE_REFUSED;
    case STATUS_TRANSIENT:
    case STATUS_DENIED:
        return EXIT_CODE_REPOSITORY;
    case STATUS_CORRUPT:
        return EXIT_CODE_CORRUPT;
    case STATUS_NOT_FOUND:
    case STATUS_CANCELLED:
    case STATUS_NO_MEMORY:
    case STATUS_IO:
        break;
    }
    return EXIT_CODE_FAILURE;
}
