// SPDX-License-Identifier: PostgreSQL
/*
 * restore_report.h - what restore says: its plan, and what to do with the
 * restored cluster.
 */
#pragma once

#include "base/json.h"
#include "restore/restore.h"
#include "restore/start.h"

struct restore_report
{
    const char *cluster;
    const char *programs; /* PostgreSQL's bin directory; NULL: not found here */
    bool take_over;
    const struct plan *plan;
    const struct layout *layout;
    const struct restore_result *restored; /* NULL: a dry run */
    const struct start_result *started;    /* NULL: not started */
    char superuser[64];                    /* of the started server; "": nobody could ask it */
};

/* The plan, in a few lines on standard output. */
void restore_report_plan(const struct restore_report *report);

/* What was restored, how to start it, look at it and go on. */
void restore_report_done(const struct restore_report *report);

/* All of it for a program; NULL when out of memory. */
json_t *restore_report_json(const struct restore_report *report);
