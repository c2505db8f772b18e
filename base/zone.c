// SPDX-License-Identifier: PostgreSQL
#include "base/zone.h"

#include "base/file.h"
#include "base/similar.h"
#include "base/zone_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The largest in the database have some 4 KiB. */
#define FILE_LIMIT ((size_t) 1 << 18)
#define RULE_SIZE  128
#define NAME_SIZE  128

#define HEADER_SIZE     44
#define DAYS_PER_WEEK   7
#define SECONDS_PER_DAY 86400

/* RFC 9636, 3.2: beyond these no offset makes sense. */
#define OFFSET_MIN (-89999)
#define OFFSET_MAX 93599

struct transition
{
    int64_t seconds;
    int32_t offset; /* from then on */
};

struct zone
{
    char name[NAME_SIZE];
    int32_t first_offset; /* before all transitions */
    struct transition *transitions;
    size_t count;
    bool ruled; /* does the rule go on behind the last one? */
    struct zone_rule rule;
};

/* The counts in a header, in the order of RFC 9636, 3.1. */
struct counts
{
    uint32_t universal_marks;
    uint32_t standard_marks;
    uint32_t leap_seconds;
    uint32_t transitions;
    uint32_t types;
    uint32_t name_bytes;
};

static int64_t
floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

static uint32_t
read_u32(const uint8_t *data)
{
    return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];
}

static int64_t
read_i64(const uint8_t *data)
{
    return (int64_t) ((uint64_t) read_u32(data) << 32 | read_u32(data + 4));
}

static bool
take(struct bytes *rest, size_t size, const uint8_t **data)
{
    if (rest->size < size)
        return false;
    *data = rest->data;
    rest->data += size;
    rest->size -= size;
    return true;
}

static bool
take_header(struct bytes *rest, struct counts *counts)
{
    const uint8_t *header;

    if (!take(rest, HEADER_SIZE, &header) || memcmp(header, "TZif", 4) != 0)
        return false;
    /* Version 1 has neither times after 2038 nor a rule; nothing makes such files now. */
    if (header[4] < '2')
        return false;
    *counts = (struct counts){read_u32(header + 20), read_u32(header + 24), read_u32(header + 28),
                              read_u32(header + 32), read_u32(header + 36), read_u32(header + 40)};
    return true;
}

/* The block of a version 1 reader comes first. */
static bool
skip_first_block(struct bytes *rest, const struct counts *counts)
{
    const uint8_t *data;
    uint64_t size = (uint64_t) counts->transitions * 5 + (uint64_t) counts->types * 6 +
                    counts->name_bytes + (uint64_t) counts->leap_seconds * 8 +
                    counts->standard_marks + counts->universal_marks;

    return take(rest, size, &data);
}

static bool
read_offset(const uint8_t *types, const struct counts *counts, uint8_t type, int32_t *offset)
{
    if (type >= counts->types)
        return false;
    *offset = (int32_t) read_u32(types + (size_t) type * 6);
    return *offset >= OFFSET_MIN && *offset <= OFFSET_MAX;
}

static bool
read_transitions(struct zone *zone, const uint8_t *times, const uint8_t *indexes,
                 const uint8_t *types, const struct counts *counts)
{
    if (!read_offset(types, counts, 0, &zone->first_offset))
        return false;
    for (zone->count = 0; zone->count < counts->transitions; zone->count++)
    {
        struct transition *transition = &zone->transitions[zone->count];

        transition->seconds = read_i64(times + zone->count * 8);
        if (zone->count > 0 && transition->seconds <= transition[-1].seconds)
            return false;
        if (!read_offset(types, counts, indexes[zone->count], &transition->offset))
            return false;
    }
    return true;
}

static bool
take_block(struct zone *zone, struct bytes *rest, const struct counts *counts)
{
    const uint8_t *times;
    const uint8_t *indexes;
    const uint8_t *types;
    const uint8_t *other;

    /* Zones that count leap seconds are not on the time that systems keep. */
    if (counts->types == 0 || counts->leap_seconds != 0 ||
        !take(rest, (size_t) counts->transitions * 8, &times) ||
        !take(rest, counts->transitions, &indexes) ||
        !take(rest, (size_t) counts->types * 6, &types) ||
        !take(rest, (size_t) counts->name_bytes + counts->standard_marks + counts->universal_marks,
              &other))
        return false;
    zone->transitions = calloc((size_t) counts->transitions + 1, sizeof(*zone->transitions));
    return zone->transitions != NULL && read_transitions(zone, times, indexes, types, counts);
}

/* The rule between two line ends; it may be empty. */
static bool
take_rule(struct zone *zone, struct bytes *rest)
{
    char text[RULE_SIZE];

    if (rest->size < 2 || rest->size > RULE_SIZE || rest->data[0] != '\n' ||
        rest->data[rest->size - 1] != '\n')
        return false;
    memcpy(text, rest->data + 1, rest->size - 2);
    text[rest->size - 2] = '\0';
    zone->ruled = text[0] != '\0';
    return !zone->ruled || zone_rule_parse(text, &zone->rule);
}

static bool
parse(struct zone *zone, struct bytes content)
{
    struct counts counts;

    return take_header(&content, &counts) && skip_first_block(&content, &counts) &&
           take_header(&content, &counts) && take_block(zone, &content, &counts) &&
           take_rule(zone, &content);
}

static enum status
create(struct zone **zone, const char *name, struct error *err)
{
    *zone = calloc(1, sizeof(**zone));
    if (*zone == NULL)
        return error_no_memory(err);
    snprintf((*zone)->name, sizeof((*zone)->name), "%s", name);
    return OK;
}

enum status
zone_parse(struct zone **zone, const char *name, struct bytes content, struct error *err)
{
    SCOPED(zone_freep) struct zone *made = NULL;

    TRY(create(&made, name, err));
    if (!parse(made, content))
    {
        error_set(err, STATUS_CONFIG, "\"%s\" is not a time zone that can be used", name);
        error_hint(err, "Use a name such as \"UTC\" or \"Europe/Berlin\".");
        return STATUS_CONFIG;
    }
    *zone = made;
    made = NULL;
    return OK;
}

struct search
{
    const char *area; /* "Europe/", or "" */
    struct similar similar;
    char candidate[NAME_SIZE];
    char best[NAME_SIZE];
};

static enum status
offer_name(void *arg, const char *name, struct error *err)
{
    struct search *search = arg;

    (void) err;
    snprintf(search->candidate, sizeof(search->candidate), "%s%s", search->area, name);
    similar_offer(&search->similar, search->candidate);
    if (search->similar.best == search->candidate)
    {
        memcpy(search->best, search->candidate, sizeof(search->best));
        search->similar.best = search->best;
    }
    return OK;
}

/* What is nearest to a name in its own area, or among the areas. */
static void
hint_name(const char *name, struct error *err)
{
    const char *slash = strrchr(name, '/');
    char area[NAME_SIZE] = "";
    char directory[sizeof(ZONE_DIRECTORY) + NAME_SIZE];
    struct search search = {.area = area};
    struct error ignored;

    if (slash != NULL)
        snprintf(area, sizeof(area), "%.*s", (int) (slash + 1 - name), name);
    snprintf(directory, sizeof(directory), "%s/%s", ZONE_DIRECTORY, area);
    similar_start(&search.similar, name);
    if (directory_each(directory, offer_name, &search, &ignored) == OK &&
        search.similar.best != NULL)
        error_hint(err, "Perhaps you meant \"%s\".", search.similar.best);
    else
        error_hint(err,
                   "Use a name below %s, such as \"Europe/Berlin\"; without the package tzdata "
                   "only \"UTC\" is known.",
                   ZONE_DIRECTORY);
}

enum status
zone_read(struct zone **zone, const char *name, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(FILE_LIMIT);
    char path[sizeof(ZONE_DIRECTORY) + NAME_SIZE];
    enum status status = STATUS_NOT_FOUND;

    if (strcmp(name, zone_utc()->name) == 0)
    {
        TRY(create(zone, name, err));
        return OK;
    }
    if (path_is_contained(name) && strlen(name) < NAME_SIZE)
    {
        snprintf(path, sizeof(path), "%s/%s", ZONE_DIRECTORY, name);
        status = file_read(path, &content, err);
    }
    if (status == OK)
        return zone_parse(zone, name, buffer_bytes(&content), err);
    if (status != STATUS_NOT_FOUND)
        return status;
    error_set(err, STATUS_CONFIG, "there is no time zone \"%s\"", name);
    hint_name(name, err);
    return STATUS_CONFIG;
}

const struct zone *
zone_utc(void)
{
    static const struct zone utc = {.name = "UTC"};

    return &utc;
}

const char *
zone_name(const struct zone *zone)
{
    return zone->name;
}

/* The number of transitions at or before a time. */
static size_t
count_before(const struct zone *zone, int64_t seconds)
{
    size_t low = 0;
    size_t high = zone->count;

    while (low < high)
    {
        size_t middle = low + (high - low) / 2;

        if (zone->transitions[middle].seconds <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t
zone_offset(const struct zone *zone, time_us time)
{
    int64_t seconds = floor_divide(time, US_PER_SECOND);
    size_t before = count_before(zone, seconds);

    if (zone->ruled && before == zone->count)
        return zone_rule_offset(&zone->rule, seconds);
    return before == 0 ? zone->first_offset : zone->transitions[before - 1].offset;
}

static void
split_day(int64_t day_number, struct tm *fields)
{
    time_t midnight = (time_t) (day_number * SECONDS_PER_DAY);

    gmtime_r(&midnight, fields);
}

/* A week is its fourth day's: that day's year has most of it. */
static void
find_week(struct calendar *calendar, enum week_start week_start)
{
    /* 1970-01-01 was a Thursday. */
    int64_t shift = week_start == WEEK_FROM_MONDAY ? 3 : 4;
    struct tm fields;

    calendar->week_number = floor_divide(calendar->day_number + shift, DAYS_PER_WEEK);
    split_day(calendar->week_number * DAYS_PER_WEEK - shift + 3, &fields);
    calendar->week_year = fields.tm_year + 1900;
    calendar->week = fields.tm_yday / DAYS_PER_WEEK + 1;
}

struct calendar
zone_calendar(const struct zone *zone, time_us time, enum week_start week_start)
{
    int64_t seconds = floor_divide(time, US_PER_SECOND) + zone_offset(zone, time);
    struct calendar calendar = {.day_number = floor_divide(seconds, SECONDS_PER_DAY)};
    int64_t rest = seconds - calendar.day_number * SECONDS_PER_DAY;
    struct tm fields;

    split_day(calendar.day_number, &fields);
    calendar.year = fields.tm_year + 1900;
    calendar.month = fields.tm_mon + 1;
    calendar.day = fields.tm_mday;
    calendar.hour = (int) (rest / 3600);
    calendar.minute = (int) (rest % 3600 / 60);
    find_week(&calendar, week_start);
    return calendar;
}

void
zone_freep(struct zone **zone)
{
    if (*zone != NULL)
        free((*zone)->transitions);
    free(*zone);
    *zone = NULL;
}
