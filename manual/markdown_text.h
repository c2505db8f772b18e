// SPDX-License-Identifier: PostgreSQL
/*
 * markdown_text.h - lines of Markdown, and what is marked within them: code, bold
 * text and links.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* A run of a text, such as a paragraph or a table's cell; borrowed. */
struct markdown_span
{
    const char *at;
    size_t length;
};

/* Without the line's end, and the line behind it, which is empty at the text's end. */
size_t markdown_line_length(const char *line);
const char *markdown_next_line(const char *line);

/* As one line of roff.  A mark that marks nothing is text. */
void markdown_text_write(FILE *out, struct markdown_span span);
