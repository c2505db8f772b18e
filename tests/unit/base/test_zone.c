// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "base/zone.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)

static struct zone *
read_zone(const char *name)
{
    struct zone *zone = NULL;
    struct error err = {0};

    assert_ok(zone_read(&zone, name, &err));
    assert_string_equal(zone_name(zone), name);
    return zone;
}

static time_us
moment(const char *text)
{
    struct error err = {0};
    time_us time = 0;

    assert_ok(time_parse(text, &time, &err));
    return time;
}

/* "2026-03-29 03:00, day 20541, 2026-W13" */
static void
assert_calendar(const struct zone *zone, const char *time, enum week_start start, const char *want)
{
    struct calendar calendar = zone_calendar(zone, moment(time), start);
    char text[64];

    snprintf(text, sizeof(text), "%d-%02d-%02d %02d:%02d, %d-W%02d", calendar.year, calendar.month,
             calendar.day, calendar.hour, calendar.minute, calendar.week_year, calendar.week);
    assert_string_equal(text, want);
}

static void
a_day_is_that_of_its_own_zone(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *berlin = read_zone("Europe/Berlin");
    SCOPED(zone_freep) struct zone *tokyo = read_zone("Asia/Tokyo");
    SCOPED(zone_freep) struct zone *york = read_zone("America/New_York");
    const char *midnight = "2026-11-21T23:30:00Z";

    assert_calendar(zone_utc(), midnight, WEEK_FROM_MONDAY, "2026-11-21 23:30, 2026-W47");
    assert_calendar(berlin, midnight, WEEK_FROM_MONDAY, "2026-11-22 00:30, 2026-W47");
    assert_calendar(tokyo, midnight, WEEK_FROM_MONDAY, "2026-11-22 08:30, 2026-W47");
    assert_calendar(york, midnight, WEEK_FROM_MONDAY, "2026-11-21 18:30, 2026-W47");
}

static void
clocks_change_to_the_second(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *berlin = read_zone("Europe/Berlin");
    SCOPED(zone_freep) struct zone *york = read_zone("America/New_York");
    enum week_start iso = WEEK_FROM_MONDAY;

    assert_calendar(berlin, "2026-03-29T00:59:59Z", iso, "2026-03-29 01:59, 2026-W13");
    assert_calendar(berlin, "2026-03-29T01:00:00Z", iso, "2026-03-29 03:00, 2026-W13");
    assert_calendar(berlin, "2026-10-25T00:59:59Z", iso, "2026-10-25 02:59, 2026-W43");
    assert_calendar(berlin, "2026-10-25T01:00:00Z", iso, "2026-10-25 02:00, 2026-W43");
    assert_calendar(york, "2026-03-08T06:59:59Z", iso, "2026-03-08 01:59, 2026-W10");
    assert_calendar(york, "2026-03-08T07:00:00Z", iso, "2026-03-08 03:00, 2026-W10");
    assert_calendar(york, "2026-11-01T05:59:59Z", iso, "2026-11-01 01:59, 2026-W44");
    assert_calendar(york, "2026-11-01T06:00:00Z", iso, "2026-11-01 01:00, 2026-W44");
}

static void
the_rule_goes_on_where_the_file_ends(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *berlin = read_zone("Europe/Berlin");

    assert_int_equal(zone_offset(berlin, moment("2345-01-15T12:00:00Z")), HOUR);
    assert_int_equal(zone_offset(berlin, moment("2345-07-15T12:00:00Z")), 2 * HOUR);
}

static void
weeks_are_numbered_as_iso_8601_has_it(void **state)
{
    (void) state;
    enum week_start iso = WEEK_FROM_MONDAY;

    assert_calendar(zone_utc(), "2024-12-29T00:00:00Z", iso, "2024-12-29 00:00, 2024-W52");
    assert_calendar(zone_utc(), "2024-12-30T00:00:00Z", iso, "2024-12-30 00:00, 2025-W01");
    assert_calendar(zone_utc(), "2026-12-31T00:00:00Z", iso, "2026-12-31 00:00, 2026-W53");
    assert_calendar(zone_utc(), "2027-01-03T00:00:00Z", iso, "2027-01-03 00:00, 2026-W53");
    assert_calendar(zone_utc(), "2027-01-04T00:00:00Z", iso, "2027-01-04 00:00, 2027-W01");
}

/* Every day of 400 years, which is the calendar's period. */
static void
weeks_from_monday_are_those_of_the_c_library(void **state)
{
    (void) state;

    for (int64_t day = 0; day < 146097; day++)
    {
        struct calendar calendar =
            zone_calendar(zone_utc(), day * DAY * US_PER_SECOND, WEEK_FROM_MONDAY);
        time_t seconds = day * DAY;
        struct tm fields;
        char want[64];
        char text[64];

        gmtime_r(&seconds, &fields);
        strftime(want, sizeof(want), "%Y-%m-%d %G-W%V", &fields);
        snprintf(text, sizeof(text), "%d-%02d-%02d %d-W%02d", calendar.year, calendar.month,
                 calendar.day, calendar.week_year, calendar.week);
        assert_string_equal(text, want);
        assert_int_equal(calendar.day_number, day);
    }
}

static void
a_week_is_seven_days_from_its_first(void **state)
{
    (void) state;

    for (int64_t day = -400; day < 400; day++)
    {
        time_us time = day * DAY * US_PER_SECOND;
        time_us before = time - DAY * US_PER_SECOND;
        bool monday = (day + 400 * 7 + 3) % 7 == 0; /* 1970-01-01 was a Thursday */
        bool sunday = (day + 400 * 7 + 4) % 7 == 0;

        assert_int_equal(zone_calendar(zone_utc(), time, WEEK_FROM_MONDAY).week_number -
                             zone_calendar(zone_utc(), before, WEEK_FROM_MONDAY).week_number,
                         monday);
        assert_int_equal(zone_calendar(zone_utc(), time, WEEK_FROM_SUNDAY).week_number -
                             zone_calendar(zone_utc(), before, WEEK_FROM_SUNDAY).week_number,
                         sunday);
    }
    assert_calendar(zone_utc(), "2026-11-21T00:00:00Z", WEEK_FROM_SUNDAY,
                    "2026-11-21 00:00, 2026-W46");
    assert_calendar(zone_utc(), "2026-11-22T00:00:00Z", WEEK_FROM_SUNDAY,
                    "2026-11-22 00:00, 2026-W47");
}

static void
times_before_1970_have_their_day(void **state)
{
    (void) state;
    struct calendar calendar = zone_calendar(zone_utc(), -1, WEEK_FROM_MONDAY);

    assert_int_equal(calendar.day_number, -1);
    assert_int_equal(calendar.year, 1969);
    assert_int_equal(calendar.hour, 23);
    assert_int_equal(calendar.minute, 59);
    assert_int_equal(calendar.week_number, 0);
}

/* The C library's answers, for every zone of the database: set by compare_zone. */
static size_t zones_compared;

/* "right/Europe/Berlin" counts leap seconds; tables beside the zones are none. */
static bool
may_be_refused(const char *path, const char *name)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    struct error err = {0};

    assert_ok(file_read(path, &content, &err));
    return strncmp(name, "right/", 6) == 0 || content.size < 4 ||
           memcmp(content.data, "TZif", 4) != 0;
}

static void
compare_at(const struct zone *zone, int64_t seconds)
{
    time_t whole = (time_t) seconds;
    struct tm fields;

    localtime_r(&whole, &fields);
    if (zone_offset(zone, seconds * US_PER_SECOND) != fields.tm_gmtoff)
        fail_msg("%s at %lld: %d, not %ld", zone_name(zone), (long long) seconds,
                 zone_offset(zone, seconds * US_PER_SECOND), fields.tm_gmtoff);
}

static int
compare_zone(const char *path, const struct stat *status, int type, struct FTW *place)
{
    SCOPED(zone_freep) struct zone *zone = NULL;
    const char *name = path + strlen(ZONE_DIRECTORY) + 1;
    struct error err;

    (void) status;
    (void) place;
    if (type != FTW_F)
        return 0;
    if (zone_read(&zone, name, &err) != OK)
    {
        if (!may_be_refused(path, name))
            fail_msg("%s: %s", name, err.message);
        return 0;
    }
    zones_compared++;
    setenv("TZ", name, 1);
    tzset();
    /* From 1900 to 2150, in steps that meet all hours of the day and week. */
    for (int64_t seconds = -2208988800; seconds < 5680281600; seconds += 19 * DAY + 5021)
        compare_at(zone, seconds);
    /* Each hour of the years in which we live. */
    for (int64_t seconds = 1767225600; seconds < 1767225600 + 400 * DAY; seconds += HOUR)
        compare_at(zone, seconds);
    return 0;
}

static void
every_zone_of_the_system_agrees_with_the_c_library(void **state)
{
    (void) state;

    assert_int_equal(nftw(ZONE_DIRECTORY, compare_zone, 16, FTW_PHYS), 0);
    unsetenv("TZ");
    tzset();
    assert_true(zones_compared > 300);
}

/* The second header's count is 1, and a record of 12 bytes stands before the rule. */
static void
zones_that_count_leap_seconds_are_refused(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 16);
    SCOPED(zone_freep) struct zone *zone = NULL;
    const size_t rule_size = strlen("\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    struct error err = {0};
    uint8_t *header;

    assert_ok(file_read(ZONE_DIRECTORY "/Europe/Berlin", &content, &err));
    assert_ok(buffer_append(&content, (struct bytes){(const uint8_t[12]){0}, 12}, &err));
    memmove(content.data + content.size - rule_size, content.data + content.size - 12 - rule_size,
            rule_size);
    header = memmem(content.data + 4, content.size - 4, "TZif", 4);
    header[31] = 1;

    assert_status(zone_parse(&zone, "right", buffer_bytes(&content), &err), STATUS_CONFIG);
    assert_message("\"right\" is not a time zone that can be used");
}

static void
unknown_names_are_refused_and_never_taken_for_utc(void **state)
{
    (void) state;
    static const char *const names[] = {
        "",
        "Mars/Olympus",
        "CET+1",
        "../../../etc/passwd",
        "/etc/localtime",
        "Europe",
        "europe/berlin",
        "Europe/Berlin/",
        "zone.tab",
        "<+01>-1",
    };
    struct error err;

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
    {
        struct zone *zone = NULL;

        if (zone_read(&zone, names[index], &err) == OK)
            fail_msg("\"%s\" was taken for a zone", names[index]);
        assert_null(zone);
    }
}

static void
a_mistyped_name_is_answered_with_the_nearest(void **state)
{
    (void) state;
    static const struct
    {
        const char *typed;
        const char *hint;
    } cases[] = {
        {"Europe/Berln", "Perhaps you meant \"Europe/Berlin\"."},
        {"europe/berlin", "such as \"Europe/Berlin\""},
        {"Asia/tokyo", "Perhaps you meant \"Asia/Tokyo\"."},
        {"utc", "Perhaps you meant \"UTC\"."},
        {"Nowhere/Atall", "such as \"Europe/Berlin\""},
    };
    struct zone *zone = NULL;
    struct error err;

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        assert_status(zone_read(&zone, cases[index].typed, &err), STATUS_CONFIG);
        if (strstr(err.hint, cases[index].hint) == NULL)
            fail_msg("\"%s\": the hint is \"%s\"", cases[index].typed, err.hint);
    }
}

static void
utc_needs_no_database(void **state)
{
    (void) state;
    SCOPED(zone_freep) struct zone *utc = read_zone("UTC");

    assert_int_equal(zone_offset(utc, moment("2026-07-01T00:00:00Z")), 0);
}

/* A file cut anywhere is refused, and nothing is read beyond its end. */
static void
a_truncated_file_is_no_zone(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 16);
    struct error err = {0};

    assert_ok(file_read(ZONE_DIRECTORY "/Europe/Berlin", &content, &err));
    for (size_t size = 0; size < content.size; size++)
    {
        SCOPED(freep) uint8_t *copy = malloc(size + 1);
        struct zone *zone = NULL;

        memcpy(copy, content.data, size);
        assert_status(zone_parse(&zone, "cut", (struct bytes){copy, size}, &err), STATUS_CONFIG);
        assert_null(zone);
    }
}

static void
any_flipped_byte_is_a_zone_or_refused(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 16);
    struct error err = {0};

    assert_ok(file_read(ZONE_DIRECTORY "/Europe/Berlin", &content, &err));
    for (size_t at = 0; at < content.size; at++)
    {
        SCOPED(zone_freep) struct zone *zone = NULL;

        content.data[at] ^= 0x81;
        if (zone_parse(&zone, "flipped", buffer_bytes(&content), &err) == OK)
            assert_between(zone_offset(zone, moment("2026-07-01T00:00:00Z")), -26 * HOUR,
                           26 * HOUR);
        content.data[at] ^= 0x81;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_is_that_of_its_own_zone),
        cmocka_unit_test(clocks_change_to_the_second),
        cmocka_unit_test(the_rule_goes_on_where_the_file_ends),
        cmocka_unit_test(weeks_are_numbered_as_iso_8601_has_it),
        cmocka_unit_test(weeks_from_monday_are_those_of_the_c_library),
        cmocka_unit_test(a_week_is_seven_days_from_its_first),
        cmocka_unit_test(times_before_1970_have_their_day),
        cmocka_unit_test(every_zone_of_the_system_agrees_with_the_c_library),
        cmocka_unit_test(zones_that_count_leap_seconds_are_refused),
        cmocka_unit_test(unknown_names_are_refused_and_never_taken_for_utc),
        cmocka_unit_test(a_mistyped_name_is_answered_with_the_nearest),
        cmocka_unit_test(utc_needs_no_database),
        cmocka_unit_test(a_truncated_file_is_no_zone),
        cmocka_unit_test(any_flipped_byte_is_a_zone_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
