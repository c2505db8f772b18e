// SPDX-License-Identifier: PostgreSQL
#include "agent/health_text.h"

#include "agent/help.h"
#include "base/units.h"

#include <inttypes.h>
#include <string.h>

#define STATE_WIDTH    8
#define NAME_WIDTH_MAX 24 /* a longer one stands out of its column */
#define INDENT         (STATE_WIDTH + 2)
#define LIMIT_SIZE     (UNITS_TEXT_SIZE + 16)

/* People */

static int
name_width(const struct health_report *report)
{
    size_t width = 0;

    for (size_t index = 0; index < report->count; index++)
        if (strlen(report->items[index].name) > width)
            width = strlen(report->items[index].name);
    return width < NAME_WIDTH_MAX ? (int) width : NAME_WIDTH_MAX;
}

/* As the configuration has it: "26h", and not "1d 2h". */
static void
format_limit(const struct health_item *item, char text[LIMIT_SIZE])
{
    char limit[UNITS_TEXT_SIZE];
    int64_t passed =
        item->has_amount && item->amount >= item->critical ? item->critical : item->degraded;

    units_write_duration(1000 * passed, limit);
    snprintf(text, LIMIT_SIZE, " (limit: %s)", limit);
}

static void
print_item(FILE *out, const struct health_item *item, int width)
{
    static const char *const marks[] = {
        [HEALTH_HEALTHY] = "ok",
        [HEALTH_DEGRADED] = "DEGRADED",
        [HEALTH_CRITICAL] = "CRITICAL",
    };
    char limit[LIMIT_SIZE] = "";
    char text[sizeof(item->value) + sizeof(limit)];

    if (item->has_limit)
        format_limit(item, limit);
    snprintf(text, sizeof(text), "%s%s", item->value, limit);
    fprintf(out, "%-*s  %-*s  ", STATE_WIDTH, marks[item->state], width, item->name);
    help_wrapped(out, text, INDENT + width + 2, INDENT + width + 2);
    if (item->meaning[0] != '\0')
    {
        fprintf(out, "%*s", INDENT, "");
        help_wrapped(out, item->meaning, INDENT, INDENT);
    }
    if (item->command[0] != '\0')
        fprintf(out, "%*srun: %s\n", INDENT, "", item->command);
}

void
health_text_print(FILE *out, const struct health_facts *facts, const struct health_report *report)
{
    int width = name_width(report);

    fprintf(out, "%s is %s.\n\n", facts->cluster, health_state_name(report->state));
    for (size_t index = 0; index < report->count; index++)
        print_item(out, &report->items[index], width);
}

/* Nagios */

/* '|' would begin the performance data, and a line feed the long text. */
static void
print_plain(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc(*text == '|' ? '/' : (unsigned char) *text < ' ' ? ' ' : *text, out);
}

/* A database may be called anything: '=', quotes and spaces have a meaning there. */
static void
print_label(FILE *out, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    for (; *name != '\0'; name++)
        fputc(strchr(plain, *name) == NULL ? '_' : *name, out);
}

static const char *
unit_suffix(enum health_unit unit)
{
    switch (unit)
    {
    case HEALTH_UNIT_SECONDS:
        return "s";
    case HEALTH_UNIT_BYTES:
        return "B";
    case HEALTH_UNIT_NONE:
        break;
    }
    return "";
}

static void
print_measure(FILE *out, const struct health_item *item)
{
    if (!item->has_amount)
        return;
    fputc(' ', out);
    print_label(out, item->measure);
    fprintf(out, "=%" PRId64 "%s", item->amount, unit_suffix(item->unit));
    if (item->has_limit)
        fprintf(out, ";%" PRId64 ";%" PRId64, item->degraded, item->critical);
}

void
health_text_nagios(FILE *out, const struct health_facts *facts, const struct health_report *report)
{
    static const char *const words[] = {
        [HEALTH_HEALTHY] = "OK",
        [HEALTH_DEGRADED] = "WARNING",
        [HEALTH_CRITICAL] = "CRITICAL",
    };

    size_t count = 0;

    fprintf(out, "REDOUBT %s - %s: ", words[report->state], facts->cluster);
    for (size_t index = 0; index < report->count; index++)
    {
        const struct health_item *item = &report->items[index];

        /* Beside what is wrong the rest is noise; else it is enough to be in time. */
        if (report->state == HEALTH_HEALTHY ? !item->has_limit : item->state == HEALTH_HEALTHY)
            continue;
        fputs(count++ == 0 ? "" : ", ", out);
        print_plain(out, item->name);
        fputc(' ', out);
        print_plain(out, item->value);
        if (item->command[0] == '\0')
            continue;
        fputs(" (", out);
        print_plain(out, item->command);
        fputc(')', out);
    }
    fputs(count == 0 ? "nothing has a limit |" : " |", out);
    for (size_t index = 0; index < report->count; index++)
        print_measure(out, &report->items[index]);
    fputc('\n', out);
}

/* JSON */

static const char *
unit_name(enum health_unit unit)
{
    switch (unit)
    {
    case HEALTH_UNIT_SECONDS:
        return "seconds";
    case HEALTH_UNIT_BYTES:
        return "bytes";
    case HEALTH_UNIT_NONE:
        break;
    }
    return NULL;
}

static json_t *
threshold_to_json(const struct health_item *item)
{
    if (!item->has_limit)
        return json_null();
    return json_pack("{s:I, s:I}", "degraded", (json_int_t) item->degraded, "critical",
                     (json_int_t) item->critical);
}

static json_t *
item_to_json(const void *items, size_t index)
{
    const struct health_item *item = (const struct health_item *) items + index;

    return json_pack("{s:o, s:s, s:o, s:o, s:s?, s:o, s:s?, s:o}", "name", json_text(item->name),
                     "state", health_state_name(item->state), "text", json_text(item->value),
                     "value", item->has_amount ? json_integer(item->amount) : json_null(), "unit",
                     unit_name(item->unit), "threshold", threshold_to_json(item), "meaning",
                     item->meaning[0] == '\0' ? NULL : item->meaning, "command",
                     item->command[0] == '\0' ? json_null() : json_text(item->command));
}

static json_t *
reach_to_json(const struct health_reach *reach)
{
    char time[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    if (!reach->reaches)
        return json_null();
    time_format(reach->time, time);
    pg_lsn_format(reach->end.lsn, lsn);
    return json_pack("{s:s?, s:s, s:I}", "time", reach->time == TIME_NONE ? NULL : time, "lsn", lsn,
                     "timeline", (json_int_t) reach->end.timeline);
}

json_t *
health_text_json(const struct health_facts *facts, const struct health_report *report, time_us now)
{
    char time[TIME_TEXT_SIZE];

    time_format(now, time);
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "cluster", facts->cluster, "time", time, "state",
                     health_state_name(report->state), "recoverable_to",
                     reach_to_json(&facts->reach), "items",
                     json_array_of(report->count, item_to_json, report->items));
}
