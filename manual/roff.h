// SPDX-License-Identifier: PostgreSQL
/*
 * roff.h - manual pages in the man macros, for groff and for mandoc.
 *
 * Whatever text goes in comes out in man(1) as it is: every character that roff
 * gives a meaning is escaped, hyphens are the ASCII ones so that options can be
 * copied, and no word is broken.  Nothing depends on the day or the machine.
 *
 * Whether everything was written is asked of the stream, once, at the end.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum roff_font
{
    ROFF_ROMAN,
    ROFF_BOLD,
    ROFF_ITALIC,
};

/* The first lines of a page: its name, section, and the line NAME that apropos reads. */
void roff_page(FILE *out, const char *name, int section, const char *summary);

/* A heading, and one below it. */
void roff_section(FILE *out, const char *title);
void roff_subsection(FILE *out, const char *title);

/* A part of a line.  White space, line ends too, is one space. */
void roff_text(FILE *out, enum roff_font font, const char *text);
void roff_text_of(FILE *out, enum roff_font font, const char *text, size_t length);

/* Text in which options are bold; an empty line begins a paragraph. */
void roff_prose(FILE *out, const char *text);

/* The same below a label. */
void roff_prose_of_label(FILE *out, const char *text);

/* "redoubt-backup(1)" */
void roff_reference(FILE *out, const char *name, int section);

/* A line as it is: in an example, between .EX and .EE. */
void roff_verbatim(FILE *out, const char *line, size_t length);
