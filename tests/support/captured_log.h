// SPDX-License-Identifier: PostgreSQL
/*
 * captured_log.h - what a piece of code says on standard error.
 *
 * Begin, run, end; cmocka's own messages go there too, so assert afterwards.
 */
#pragma once

struct captured_log
{
    int file;
    int standard_error;
};

void captured_log_begin(struct captured_log *captured);

/* The text, which the caller frees. */
char *captured_log_end(struct captured_log *captured);
