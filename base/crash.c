// SPDX-License-Identifier: PostgreSQL
#include "base/crash.h"

#ifdef REDOUBT_CRASH_POINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void
crash_point(const char *name)
{
    const char *wanted = getenv("REDOUBT_CRASH_AT");

    if (wanted != NULL && strcmp(wanted, name) == 0)
        raise(SIGKILL);
}
#endif
