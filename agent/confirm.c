// SPDX-License-Identifier: PostgreSQL
#include "agent/confirm.h"

#include "base/stop.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_SIZE 512

enum status
confirm_possible(bool yes, struct error *err)
{
    if (yes || isatty(STDIN_FILENO) == 1)
        return OK;
    error_set(err, STATUS_REFUSED, "this must be confirmed, and standard input is no terminal");
    error_hint(err, "Run it on a terminal, or give --yes.");
    return STATUS_REFUSED;
}

enum status
confirm_name(bool yes, const char *question, const char *name, struct error *err)
{
    char answer[ANSWER_SIZE] = "";

    TRY(confirm_possible(yes, err));
    if (yes)
        return OK;
    fprintf(stderr, "%s\nType \"%s\" to go on: ", question, name);
    if (fgets(answer, sizeof(answer), stdin) == NULL)
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    TRY(stop_check(err));
    if (strcmp(answer, name) == 0)
        return OK;
    return error_set(err, STATUS_CANCELLED, "not confirmed: nothing was changed");
}
