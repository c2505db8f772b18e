// SPDX-License-Identifier: PostgreSQL
/*
 * markdown_table.h - a table of Markdown as one of tbl(1), within 80 columns.
 *
 * Narrow columns take what they need; the others share the rest, and their cells
 * are paragraphs.
 */
#pragma once

#include <stdio.h>

/* The table that begins at the line; returns the line behind it. */
const char *markdown_table_write(FILE *out, const char *line);
