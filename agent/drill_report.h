// SPDX-License-Identifier: PostgreSQL
/*
 * drill_report.h - a drill's receipt for people: on standard output, and in a file.
 */
#pragma once

#include "drill/receipt.h"

/* The verdict, what was restored, the layers, and the checks that failed. */
NODISCARD enum status drill_report_print(const struct receipt *receipt, struct error *err);

/* CONFIG when the path does not end in ".md", ".html" or ".json": to ask before a drill begins. */
NODISCARD enum status drill_report_check_path(const char *path, struct error *err);

/* Create or replace the file, in the form that its ending says. */
NODISCARD enum status drill_report_write(const struct receipt *receipt, const char *path,
                                         struct error *err);

/* Load a stored one; NOT_FOUND with a hint when there is none. */
NODISCARD enum status drill_report_load(struct repo *repo, const char *id, struct receipt *receipt,
                                        struct error *err);
