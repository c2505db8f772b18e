// SPDX-License-Identifier: PostgreSQL
#include "base/zone_rule.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define SECONDS_PER_DAY 86400

/* Names are three letters or more, or anything in angle brackets. */
#define NAME_LENGTH_MIN 3

static bool
take(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

static bool
skip_name(const char **text)
{
    const char *begin = *text;

    if (take(text, '<'))
    {
        while (isalnum((unsigned char) **text) || **text == '+' || **text == '-')
            (*text)++;
        return take(text, '>') && *text - begin >= NAME_LENGTH_MIN + 2;
    }
    while (isalpha((unsigned char) **text))
        (*text)++;
    return *text - begin >= NAME_LENGTH_MIN;
}

static bool
take_number(const char **text, int low, int high, int *value)
{
    if (!isdigit((unsigned char) **text))
        return false;
    for (*value = 0; isdigit((unsigned char) **text); (*text)++)
    {
        *value = *value * 10 + (**text - '0');
        if (*value > high)
            return false;
    }
    return *value >= low;
}

/* "[+-]hh[:mm[:ss]]" */
static bool
take_seconds(const char **text, int hours_max, int32_t *seconds)
{
    int sign = take(text, '-') ? -1 : 1;
    int hours;
    int minutes = 0;
    int rest = 0;

    if (sign == 1)
        take(text, '+');
    if (!take_number(text, 0, hours_max, &hours))
        return false;
    if (take(text, ':'))
    {
        if (!take_number(text, 0, 59, &minutes))
            return false;
        if (take(text, ':') && !take_number(text, 0, 59, &rest))
            return false;
    }
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

/* POSIX counts to the west. */
static bool
take_offset(const char **text, int32_t *offset)
{
    if (!take_seconds(text, 24, offset))
        return false;
    *offset = -*offset;
    return true;
}

static bool
take_change(const char **text, struct zone_change *change)
{
    bool taken;

    *change = (struct zone_change){.kind = ZONE_DAY_OF_YEAR, .seconds = 2 * 3600};
    if (take(text, 'M'))
    {
        change->kind = ZONE_DAY_OF_WEEK;
        taken = take_number(text, 1, 12, &change->month) && take(text, '.') &&
                take_number(text, 1, 5, &change->week) && take(text, '.') &&
                take_number(text, 0, 6, &change->day);
    }
    else if (take(text, 'J'))
    {
        change->kind = ZONE_DAY_WITHOUT_LEAP;
        taken = take_number(text, 1, 365, &change->day);
    }
    else
        taken = take_number(text, 0, 365, &change->day);
    return taken && (!take(text, '/') || take_seconds(text, 167, &change->seconds));
}

/* What follows the standard time's offset.  POSIX leaves changes without dates to the system. */
static bool
take_daylight(const char **text, struct zone_rule *rule)
{
    rule->changes = true;
    rule->daylight_offset = rule->standard_offset + 3600;
    if (!skip_name(text))
        return false;
    if (**text != ',' && !take_offset(text, &rule->daylight_offset))
        return false;
    return take(text, ',') && take_change(text, &rule->start) && take(text, ',') &&
           take_change(text, &rule->end);
}

bool
zone_rule_parse(const char *text, struct zone_rule *rule)
{
    *rule = (struct zone_rule){0};
    if (!skip_name(&text) || !take_offset(&text, &rule->standard_offset))
        return false;
    if (*text != '\0' && !take_daylight(&text, rule))
        return false;
    return *text == '\0';
}

/* Midnight of a date as if it were UTC; day may run over its month. */
static int64_t
midnight(int year, int month, int day)
{
    struct tm fields = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

    return timegm(&fields);
}

static bool
is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day of the month: counted from its first such weekday, and back from beyond its end. */
static int
day_of_month(int year, const struct zone_change *change)
{
    struct tm first = {.tm_year = year - 1900, .tm_mon = change->month - 1, .tm_mday = 1};
    int64_t next = midnight(year, change->month + 1, 1);
    int64_t begin = timegm(&first);
    int length = (int) ((next - begin) / SECONDS_PER_DAY);
    int day = 1 + (change->day - first.tm_wday + 7) % 7 + 7 * (change->week - 1);

    return day > length ? day - 7 : day;
}

/* When clocks change in a year; offset is what they show until then. */
static int64_t
change_time(int year, const struct zone_change *change, int32_t offset)
{
    int64_t day;

    if (change->kind == ZONE_DAY_OF_WEEK)
        day = midnight(year, change->month, day_of_month(year, change));
    else if (change->kind == ZONE_DAY_WITHOUT_LEAP)
        day = midnight(year, 1, change->day + (change->day >= 60 && is_leap_year(year)));
    else
        day = midnight(year, 1, change->day + 1);
    return day + change->seconds - offset;
}

/*
 * The last change before the time decides.  It may be one of the year before;
 * a change may also happen days away from its date, in the next year.  Where
 * daylight saving never ends, one year's end is the next year's start.
 */
int32_t
zone_rule_offset(const struct zone_rule *rule, int64_t seconds)
{
    time_t whole = (time_t) seconds;
    int64_t latest = INT64_MIN;
    int32_t offset = rule->standard_offset;
    struct tm fields;

    if (!rule->changes)
        return offset;
    gmtime_r(&whole, &fields);
    for (int year = fields.tm_year + 1900 - 1; year <= fields.tm_year + 1900 + 1; year++)
    {
        int64_t start = change_time(year, &rule->start, rule->standard_offset);
        int64_t end = change_time(year, &rule->end, rule->daylight_offset);

        if (start <= seconds && start >= latest)
        {
            latest = start;
            offset = rule->daylight_offset;
        }
        if (end <= seconds && end >= latest)
        {
            latest = end;
            offset = rule->standard_offset;
        }
    }
    return offset;
}
