// SPDX-License-Identifier: PostgreSQL
/*
 * restore_dump_report.h - what restore-dump says: its plan, what was done, and
 * what to do with it.
 */
#pragma once

#include "agent/restore_dump.h"

/* Databases that earlier runs have left, as messages. */
void restore_dump_report_beside(const struct restore_dump *run);

/* The plan, in a few lines on standard output. */
void restore_dump_report_plan(const struct restore_dump *run);

/* That it is loaded; checks follow. */
void restore_dump_report_loaded(const struct restore_dump *run);

/* What came of it, and how to go on. */
void restore_dump_report_done(const struct restore_dump *run);

/* All of it for a program; NULL when out of memory. */
json_t *restore_dump_report_json(const struct restore_dump *run);
