// SPDX-License-Identifier: PostgreSQL
#include "base/stop.h"

#include <stdatomic.h>

static atomic_bool requested;

bool
stop_requested(void)
{
    return atomic_load(&requested);
}

enum status
stop_check(struct error *err)
{
    return stop_requested() ? error_set(err, STATUS_CANCELLED, "stopped by a signal") : OK;
}

void
stop_request(void)
{
    atomic_store(&requested, true);
}
