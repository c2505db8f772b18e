// SPDX-License-Identifier: PostgreSQL
#include "drill/trend.h"

#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>

static int
compare_durations(const void *left, const void *right)
{
    int64_t first = *(const int64_t *) left;
    int64_t second = *(const int64_t *) right;

    return (first > second) - (first < second);
}

void
trend_find(const struct drill *drills, size_t count, struct trend *trend)
{
    size_t first = count > TREND_DRILLS ? count - TREND_DRILLS : 0;
    int64_t durations[TREND_DRILLS];

    *trend = (struct trend){.drills = count - first,
                            .median_rto_ms = DRILL_UNKNOWN_MS,
                            .longest_rto_ms = DRILL_UNKNOWN_MS};
    for (size_t index = first; index < count; index++)
    {
        trend->passed += drills[index].verdict == DRILL_PASSED;
        if (drills[index].rto_ms == DRILL_UNKNOWN_MS)
            continue;
        durations[trend->timed++] = drills[index].rto_ms;
        if (drills[index].rto_ms > trend->longest_rto_ms)
        {
            trend->longest_rto_ms = drills[index].rto_ms;
            trend->longest = &drills[index];
        }
    }
    if (trend->timed == 0)
        return;
    qsort(durations, trend->timed, sizeof(durations[0]), compare_durations);
    trend->median_rto_ms = durations[(trend->timed - 1) / 2];
}

void
trend_describe(const struct trend *trend, char text[TREND_TEXT_SIZE])
{
    char median[UNITS_TEXT_SIZE];
    char longest[UNITS_TEXT_SIZE];
    int used = snprintf(text, TREND_TEXT_SIZE, "Of the last %zu %s %zu passed", trend->drills,
                        trend->drills == 1 ? "drill" : "drills", trend->passed);

    if (trend->timed == 0)
    {
        snprintf(text + used, TREND_TEXT_SIZE - (size_t) used, "; no RTO is known.");
        return;
    }
    units_format_duration(trend->median_rto_ms, median);
    units_format_duration(trend->longest_rto_ms, longest);
    snprintf(text + used, TREND_TEXT_SIZE - (size_t) used,
             "; median RTO %s, the longest %s (drill %s).", median, longest, trend->longest->id);
}
