// SPDX-License-Identifier: PostgreSQL
#include "base/crash.h"

#ifdef REDOUBT_CRASH_POINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int
is_wanted(const char *variable, const char *name)
{
    const char *wanted = getenv(variable);

    return wanted != NULL && strcmp(wanted, name) == 0;
}

void
crash_point(const char *name)
{
    if (is_wanted("REDOUBT_CRASH_AT", name))
        raise(SIGKILL);
    if (is_wanted("REDOUBT_STOP_AT", name))
        raise(SIGSTOP);
}
#endif
