// SPDX-License-Identifier: PostgreSQL
/*
 * line.h - reading the small text files that the server writes.
 *
 * Each function takes what it reads off the front of a run of bytes.
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"

/* The next line, without its line feed; false at the end. */
bool line_next(struct bytes *content, struct bytes *line);

/* This text, exactly. */
bool line_take(struct bytes *line, const char *text);

/* Any spaces, tabs and the like. */
void line_take_blanks(struct bytes *line);

/* A decimal number without sign that fits. */
bool line_take_u64(struct bytes *line, uint64_t *number);
bool line_take_u32(struct bytes *line, uint32_t *number);

bool line_take_lsn(struct bytes *line, pg_lsn *lsn);

/* All that is left, as a string; false when it does not fit or holds a zero byte. */
bool line_take_rest(struct bytes *line, char *text, size_t size);
