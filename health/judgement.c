// SPDX-License-Identifier: PostgreSQL
#include "health/judgement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct health_item *
health_add(struct health_judgement *judgement, const char *name)
{
    struct health_report *report = judgement->report;
    struct health_item *item = &report->items[report->count++];

    snprintf(item->name, sizeof(item->name), "%s", name);
    return item;
}

void
health_value(struct health_item *item, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(item->value, sizeof(item->value), format, arguments);
    va_end(arguments);
}

void
health_blame(const struct health_judgement *judgement, struct health_item *item,
             enum health_state state, const char *command, const char *meaning)
{
    size_t used = strlen(item->meaning);

    snprintf(item->meaning + used, sizeof(item->meaning) - used, "%s%s", used > 0 ? " " : "",
             meaning);
    if (item->state >= state)
        return;
    item->state = state;
    snprintf(item->command, sizeof(item->command), "redoubt %s%s", command,
             judgement->facts->options);
}

void
health_amount(struct health_item *item, const char *measure, int64_t amount, enum health_unit unit)
{
    item->has_amount = true;
    snprintf(item->measure, sizeof(item->measure), "%s", measure);
    item->amount = amount;
    item->unit = unit;
}

void
health_threshold(struct health_item *item, const struct health_limit *limit)
{
    item->has_limit = true;
    item->unit = HEALTH_UNIT_SECONDS;
    item->degraded = limit->degraded_us / US_PER_SECOND;
    item->critical = limit->critical_us / US_PER_SECOND;
}

enum health_state
health_exceeds(int64_t us, const struct health_limit *limit)
{
    if (us > limit->critical_us)
        return HEALTH_CRITICAL;
    return us > limit->degraded_us ? HEALTH_DEGRADED : HEALTH_HEALTHY;
}
