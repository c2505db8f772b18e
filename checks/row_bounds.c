// SPDX-License-Identifier: PostgreSQL
#include "checks/row_bounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ESTIMATE_PERCENT 20
#define ESTIMATE_ROWS    50

static uint64_t
add(uint64_t left, uint64_t right)
{
    return left > UINT64_MAX - right ? UINT64_MAX : left + right;
}

/* Rounded up: 20 % of one row are one. */
static uint64_t
percent_of(uint64_t rows, uint32_t percent)
{
    uint64_t whole = rows / 100;

    if (whole > UINT64_MAX / percent / 2)
        return UINT64_MAX;
    return whole * percent + (rows % 100 * percent + 99) / 100;
}

static uint64_t
slack_of(const struct checks_count *recorded, uint32_t percent)
{
    if (recorded->counted)
        return percent_of(recorded->rows, percent);
    return add(percent_of(recorded->rows, percent + ESTIMATE_PERCENT), ESTIMATE_ROWS);
}

static void
narrow(struct row_bounds *bounds, const struct checks_count *recorded, uint32_t percent)
{
    uint64_t slack = slack_of(recorded, percent);
    uint64_t least = recorded->rows > slack ? recorded->rows - slack : 0;
    uint64_t most = add(recorded->rows, slack);

    if (least > bounds->minimum)
        bounds->minimum = least;
    if (most < bounds->maximum)
        bounds->maximum = most;
}

static int
describe_range(const struct row_bounds *bounds, char *text, size_t size)
{
    if (bounds->maximum == UINT64_MAX)
        return snprintf(text, size, "%" PRIu64 " or more", bounds->minimum);
    return snprintf(text, size, "%" PRIu64 " to %" PRIu64, bounds->minimum, bounds->maximum);
}

static void
describe_change(const struct checks_count *recorded, uint32_t percent, char *text, size_t size)
{
    if (recorded == NULL)
        snprintf(text, size, " (%" PRIu32 "%% around a recorded count: there is none)", percent);
    else if (recorded->counted)
        snprintf(text, size, " (%" PRIu32 "%% around %" PRIu64 ", counted)", percent,
                 recorded->rows);
    else
        snprintf(text, size,
                 " (%" PRIu32 "%% around %" PRIu64 ", an estimate: %d%% and %d rows more)", percent,
                 recorded->rows, ESTIMATE_PERCENT, ESTIMATE_ROWS);
}

struct row_bounds
row_bounds_of(const struct checks_table *table, const struct checks_count *recorded,
              char text[ROW_BOUNDS_TEXT_SIZE])
{
    struct row_bounds bounds = {
        .minimum = table->has_minimum ? table->minimum : 0,
        .maximum = table->has_maximum ? table->maximum : UINT64_MAX,
    };
    size_t used;

    if (table->change_percent > 0 && recorded != NULL)
        narrow(&bounds, recorded, table->change_percent);
    used = (size_t) describe_range(&bounds, text, ROW_BOUNDS_TEXT_SIZE);
    if (table->change_percent > 0)
        describe_change(recorded, table->change_percent, text + used, ROW_BOUNDS_TEXT_SIZE - used);
    return bounds;
}
