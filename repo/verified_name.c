// SPDX-License-Identifier: PostgreSQL
#include "repo/verified_name.h"

#include <stdio.h>
#include <string.h>

/* Of "2026-11-21T02-12-34-123456": the time, and where its parts end. */
#define STAMP_SIZE  26
#define SECONDS_END 19

void
verified_name(time_us time, const char *suffix, char name[VERIFIED_NAME_SIZE])
{
    char seconds[TIME_TEXT_SIZE];

    time_format_name(time, seconds);
    snprintf(name, VERIFIED_NAME_SIZE, "%.*s-%06u%s", SECONDS_END, seconds,
             (unsigned) (time % US_PER_SECOND), suffix);
}

static bool
read_time(const char *name, time_us *time)
{
    char text[STAMP_SIZE + 2];
    struct error ignored = {0};

    memcpy(text, name, STAMP_SIZE);
    memcpy(text + STAMP_SIZE, "Z", 2);
    text[13] = ':';
    text[16] = ':';
    text[SECONDS_END] = '.';
    return time_parse(text, time, &ignored) == OK;
}

static bool
is_named(const char *name, const char *suffix)
{
    char expected[VERIFIED_NAME_SIZE];
    time_us time;

    if (strlen(name) != STAMP_SIZE + strlen(suffix) || !read_time(name, &time))
        return false;
    verified_name(time, suffix, expected);
    return strcmp(name, expected) == 0;
}

bool
verified_name_is_whole(const char *name)
{
    return is_named(name, VERIFIED_WHOLE);
}

bool
verified_name_is_valid(const char *name)
{
    return verified_name_is_whole(name) || is_named(name, VERIFIED_PART);
}
