// SPDX-License-Identifier: PostgreSQL
/* Any bytes are a time zone with offsets that make sense, or refused. */
#include "base/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static const time_us times[] = {INT64_MIN, -1, 0, INT64_C(1795176000) * US_PER_SECOND,
                                    INT64_MAX};
    SCOPED(zone_freep) struct zone *zone = NULL;
    struct error err;

    if (zone_parse(&zone, "fuzz", (struct bytes){input, size}, &err) != OK)
        return 0;
    for (size_t index = 0; index < sizeof(times) / sizeof(times[0]); index++)
    {
        int32_t offset = zone_offset(zone, times[index]);
        struct calendar calendar = zone_calendar(zone, times[index], WEEK_FROM_MONDAY);

        if (offset < -26 * 3600 || offset > 26 * 3600 || calendar.month < 1 ||
            calendar.month > 12 || calendar.week < 1 || calendar.week > 53)
            abort();
    }
    return 0;
}
