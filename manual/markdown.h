// SPDX-License-Identifier: PostgreSQL
/*
 * markdown.h - our Markdown as the body of a manual page.
 *
 * What our pages use, and no more: headings, paragraphs, code blocks, tables,
 * lists, code, bold text and links, of which a page shows the text.  The first
 * heading is the document's title and is left out; what stands before the second
 * becomes the DESCRIPTION, unless it begins with a heading of its own.
 *
 * A line <!-- what --> is a place for text that is made elsewhere.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Write what belongs at the place; false when nothing is known of it. */
typedef bool markdown_insert(FILE *out, const char *what);

/* False when the text has a place that insert does not know, or a block without an end. */
bool markdown_write(FILE *out, const char *text, markdown_insert *insert);
