// SPDX-License-Identifier: PostgreSQL
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define POSTGRES_EPOCH_SECONDS INT64_C(946684800)

time_us
clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (time_us) now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t
clock_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
clock_pause_ms(int64_t pause_ms)
{
    struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000};

    if (pause_ms > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

time_us
time_from_postgres(int64_t postgres_us)
{
    time_us time;

    /* Only a damaged record is so late; PostgreSQL itself ends in the year 294276. */
    if (__builtin_add_overflow(postgres_us, POSTGRES_EPOCH_SECONDS * US_PER_SECOND, &time))
        return INT64_MAX;
    return time;
}

/* Break time into UTC fields and the microseconds left over. */
static int
split_time(time_us time, struct tm *fields)
{
    int64_t seconds = time / US_PER_SECOND;
    int64_t rest = time % US_PER_SECOND;
    time_t whole;

    if (rest < 0)
    {
        rest += US_PER_SECOND;
        seconds--;
    }
    whole = (time_t) seconds;
    gmtime_r(&whole, fields);
    return (int) rest;
}

static void
format_fields(time_us time, const char *pattern, const char *zone, char text[TIME_TEXT_SIZE])
{
    struct tm fields;
    int microseconds = split_time(time, &fields);
    size_t used = strftime(text, TIME_TEXT_SIZE, pattern, &fields);

    if (microseconds != 0)
        used += (size_t) snprintf(text + used, TIME_TEXT_SIZE - used, ".%06d", microseconds);
    snprintf(text + used, TIME_TEXT_SIZE - used, "%s", zone);
}

void
time_format(time_us time, char text[TIME_TEXT_SIZE])
{
    format_fields(time, "%Y-%m-%dT%H:%M:%S", "Z", text);
}

void
time_format_postgres(time_us time, char text[TIME_TEXT_SIZE])
{
    format_fields(time, "%Y-%m-%d %H:%M:%S", "+00:00", text);
}

void
time_format_name(time_us time, char text[TIME_TEXT_SIZE])
{
    struct tm fields;

    split_time(time, &fields);
    strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H-%M-%S", &fields);
}

/* Read exactly count digits. */
static bool
take_digits(const char **text, int count, int *value)
{
    *value = 0;
    for (int index = 0; index < count; index++)
    {
        if (!isdigit((unsigned char) **text))
            return false;
        *value = *value * 10 + (*(*text)++ - '0');
    }
    return true;
}

static bool
take(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

static bool
take_date(const char **text, struct tm *fields)
{
    bool dashed;

    if (!take_digits(text, 4, &fields->tm_year))
        return false;
    dashed = take(text, '-');
    if (!take_digits(text, 2, &fields->tm_mon) || (dashed && !take(text, '-')) ||
        !take_digits(text, 2, &fields->tm_mday))
        return false;
    fields->tm_year -= 1900;
    fields->tm_mon -= 1;
    return fields->tm_mon >= 0 && fields->tm_mon < 12 && fields->tm_mday >= 1 &&
           fields->tm_mday <= 31;
}

static bool
take_fraction(const char **text, int64_t *microseconds)
{
    int64_t unit = 100000;

    if (!take(text, '.') && !take(text, ','))
        return true;
    if (!isdigit((unsigned char) **text))
        return false;
    for (; isdigit((unsigned char) **text); (*text)++, unit /= 10)
        *microseconds += (**text - '0') * unit;
    return true;
}

static bool
take_time_of_day(const char **text, struct tm *fields, int64_t *microseconds)
{
    bool colons;

    if (!take_digits(text, 2, &fields->tm_hour))
        return false;
    colons = take(text, ':');
    if (!take_digits(text, 2, &fields->tm_min))
        return false;
    if (colons ? take(text, ':') : isdigit((unsigned char) **text))
    {
        if (!take_digits(text, 2, &fields->tm_sec) || !take_fraction(text, microseconds))
            return false;
    }
    return fields->tm_hour < 24 && fields->tm_min < 60 && fields->tm_sec <= 60;
}

/* Z or an offset; zoned says whether there was one. */
static bool
take_zone(const char **text, bool *zoned, int64_t *offset_seconds)
{
    int sign = **text == '-' ? -1 : 1;
    int hours;
    int minutes = 0;

    while (take(text, ' '))
        ;
    sign = **text == '-' ? -1 : 1;
    *zoned = true;
    if (take(text, 'Z') || take(text, 'z'))
        return true;
    if (!take(text, '+') && !take(text, '-'))
    {
        *zoned = false;
        return true;
    }
    if (!take_digits(text, 2, &hours))
        return false;
    if ((take(text, ':') || isdigit((unsigned char) **text)) && !take_digits(text, 2, &minutes))
        return false;
    *offset_seconds = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return hours < 16 && minutes < 60;
}

static bool
parse_fields(const char *text, struct tm *fields, int64_t *microseconds, bool *zoned,
             int64_t *offset_seconds)
{
    if (!take_date(&text, fields))
        return false;
    if (*text != '\0')
    {
        if (!take(&text, 'T') && !take(&text, 't') && !take(&text, ' '))
            return false;
        while (take(&text, ' '))
            ;
        if (!take_time_of_day(&text, fields, microseconds) ||
            !take_zone(&text, zoned, offset_seconds))
            return false;
    }
    return *text == '\0';
}

enum status
time_parse(const char *text, time_us *time, struct error *err)
{
    struct tm fields = {0};
    struct tm check;
    int64_t microseconds = 0;
    int64_t offset_seconds = 0;
    bool zoned = false;
    time_t whole;

    if (!parse_fields(text, &fields, &microseconds, &zoned, &offset_seconds))
    {
        error_set(err, STATUS_CONFIG, "invalid time \"%s\"", text);
        error_hint(err, "Write it as 2026-11-21 14:03:00+01:00 or 2026-11-21T13:03:00Z.");
        return STATUS_CONFIG;
    }
    check = fields;
    fields.tm_isdst = -1;
    whole = zoned ? timegm(&fields) : mktime(&fields);
    if (fields.tm_mday != check.tm_mday)
        return error_set(err, STATUS_CONFIG, "invalid time \"%s\": no such day", text);
    *time = ((int64_t) whole - offset_seconds) * US_PER_SECOND + microseconds;
    return OK;
}

bool
time_parse_name(const char *text, time_us *time)
{
    const char *at = text;
    char again[TIME_TEXT_SIZE];
    struct tm fields = {0};

    if (!take_date(&at, &fields) || !take(&at, 'T') || !take_digits(&at, 2, &fields.tm_hour) ||
        !take(&at, '-') || !take_digits(&at, 2, &fields.tm_min) || !take(&at, '-') ||
        !take_digits(&at, 2, &fields.tm_sec))
        return false;
    *time = timegm(&fields) * US_PER_SECOND;
    /* February 30 is March 2, and so not what was written. */
    time_format_name(*time, again);
    return strncmp(again, text, strlen(again)) == 0;
}
