// SPDX-License-Identifier: PostgreSQL
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

struct unit
{
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"B", 1},    {"KiB", KIB}, {"MiB", MIB}, {"GiB", GIB}, {"TiB", TIB},
    {"kB", KIB}, {"MB", MIB},  {"GB", GIB},  {"TB", TIB},  {NULL, 0},
};

static const struct unit time_units[] = {
    {"ms", 1}, {"s", SECOND}, {"min", MINUTE}, {"h", HOUR}, {"d", DAY}, {"w", 7 * DAY}, {NULL, 0},
};

/* The digits at the beginning; the rest, without spaces in front, is the unit. */
static bool
read_number(const char *text, uint64_t *number, const char **unit)
{
    uint64_t value = 0;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
    {
        uint64_t digit = (uint64_t) (*text - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    while (*text == ' ')
        text++;
    *number = value;
    *unit = text;
    return true;
}

static bool
multiply(uint64_t *number, const char *name, const struct unit *units)
{
    for (const struct unit *unit = units; unit->name != NULL; unit++)
    {
        if (strcmp(unit->name, name) != 0)
            continue;
        if (*number > UINT64_MAX / unit->factor)
            return false;
        *number *= unit->factor;
        return true;
    }
    return false;
}

bool
units_size(const char *text, uint64_t *size_bytes)
{
    uint64_t number;
    const char *unit;

    if (!read_number(text, &number, &unit))
        return false;
    if (*unit != '\0' && !multiply(&number, unit, size_units))
        return false;
    *size_bytes = number;
    return true;
}

bool
units_duration(const char *text, int64_t *duration_ms)
{
    uint64_t number;
    const char *unit;

    if (!read_number(text, &number, &unit))
        return false;
    if (!(number == 0 && *unit == '\0') && !multiply(&number, unit, time_units))
        return false;
    if (number > INT64_MAX)
        return false;
    *duration_ms = (int64_t) number;
    return true;
}

/* In the largest of the first so many units that leaves nothing over. */
static void
write_amount(uint64_t amount, const struct unit *units, size_t count, char text[UNITS_TEXT_SIZE])
{
    const struct unit *unit = &units[count - 1];

    while (amount % unit->factor != 0)
        unit--;
    snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 "%s", amount / unit->factor,
             amount == 0 ? "" : unit->name);
}

void
units_write_size(uint64_t size_bytes, char text[UNITS_TEXT_SIZE])
{
    write_amount(size_bytes, size_units, 5, text);
}

void
units_write_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE])
{
    write_amount((uint64_t) duration_ms, time_units, 5, text);
}

void
units_format_size(uint64_t size_bytes, char text[UNITS_TEXT_SIZE])
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double) size_bytes / 1024;
    size_t index = 0;

    if (size_bytes < KIB)
    {
        snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 " bytes", size_bytes);
        return;
    }
    /* 1023.95 would be written "1024.0". */
    while (value >= 1023.95 && index < 5)
    {
        value /= 1024;
        index++;
    }
    snprintf(text, UNITS_TEXT_SIZE, "%.1f %s", value, names[index]);
}

void
units_format_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE])
{
    uint64_t rest = duration_ms < 0 ? 0 : (uint64_t) duration_ms;
    uint64_t days = rest / DAY;
    uint64_t hours = rest % DAY / HOUR;
    uint64_t minutes = rest % HOUR / MINUTE;
    uint64_t seconds = rest % MINUTE / SECOND;

    if (days > 0)
        snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 "d %" PRIu64 "h", days, hours);
    else if (hours > 0)
        snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 "h %" PRIu64 "min", hours, minutes);
    else if (minutes > 0)
        snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 "min %" PRIu64 "s", minutes, seconds);
    else
        snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 "s", seconds, rest % SECOND / 100);
}
