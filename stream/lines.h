// SPDX-License-Identifier: PostgreSQL
/*
 * lines.h - a destination that hands on line after line, none longer than a
 * limit.
 *
 * The end of the stream must be the end of a line.
 */
#pragma once

#include "base/bytes.h"

struct sink;

/* take gets each line without its line feed, borrowed; its failure ends the stream. */
NODISCARD enum status sink_open_lines(struct sink **sink, size_t limit,
                                      enum status (*take)(void *arg, struct bytes line,
                                                          struct error *err),
                                      void *arg, struct error *err);
