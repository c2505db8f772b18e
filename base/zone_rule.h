// SPDX-License-Identifier: PostgreSQL
/*
 * zone_rule.h - how a time zone goes on for ever: POSIX's TZ, such as
 * "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * The form is that of POSIX (Base Definitions, 8.3) with RFC 9636's extension:
 * a change may happen from 167 hours before to 167 hours after midnight.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum zone_rule_day
{
    ZONE_DAY_OF_YEAR,      /* from 0, February 29 counted */
    ZONE_DAY_WITHOUT_LEAP, /* from 1, February 29 never counted */
    ZONE_DAY_OF_WEEK,      /* the week-th such day of a month; the 5th is the last */
};

/* When clocks change, each year. */
struct zone_change
{
    enum zone_rule_day kind;
    int month;       /* 1 to 12 */
    int week;        /* 1 to 5 */
    int day;         /* of the year, or of the week, from Sunday */
    int32_t seconds; /* after midnight, by the clock that is about to change */
};

struct zone_rule
{
    int32_t standard_offset; /* seconds east of UTC */
    bool changes;            /* is there daylight saving? */
    int32_t daylight_offset;
    struct zone_change start; /* of daylight saving */
    struct zone_change end;
};

/* False for anything else, or more. */
bool zone_rule_parse(const char *text, struct zone_rule *rule);

/* Seconds east of UTC at a time, which counts seconds since 1970. */
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t seconds);
