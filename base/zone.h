// SPDX-License-Identifier: PostgreSQL
/*
 * zone.h - the calendar of a time zone: which day, week and month a time is in.
 *
 * A zone is read once from the system's time zone database ("Europe/Berlin")
 * and then answers for any time, daylight saving included, without touching
 * the process's own zone: nothing here reads or sets $TZ.  The C library's way
 * is a global, and takes a name that it does not know for UTC.
 *
 * Files are TZif, RFC 9636; what follows their last transition is a rule in
 * the form of POSIX's TZ (base/zone_rule.h).
 *
 * A zone is read-only once read and may be shared by threads.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

struct zone;

enum week_start
{
    WEEK_FROM_MONDAY, /* as ISO 8601 has it */
    WEEK_FROM_SUNDAY,
};

struct calendar
{
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int64_t day_number; /* counts days; 1970-01-01 is 0 */

    /*
     * Weeks are numbered as in ISO 8601: the first of a year is the one with at
     * least four of its days, so the year of a week may not be that of the day.
     */
    int week_year;
    int week;
    int64_t week_number; /* counts weeks */
};

/*
 * Read a zone by its name; CONFIG, with a hint, for a name that is not in the
 * database.  "UTC" is known without one.
 */
NODISCARD enum status zone_read(struct zone **zone, const char *name, struct error *err);

/* The same from a file's content. */
NODISCARD enum status zone_parse(struct zone **zone, const char *name, struct bytes content,
                                 struct error *err);

/* Always there, never freed. */
const struct zone *zone_utc(void);

/* "Europe/Berlin"; borrowed. */
const char *zone_name(const struct zone *zone);

/* Seconds east of UTC that clocks show at a time. */
int32_t zone_offset(const struct zone *zone, time_us time);

struct calendar zone_calendar(const struct zone *zone, time_us time, enum week_start week_start);

/* For SCOPED.  NULL is allowed. */
void zone_freep(struct zone **zone);
