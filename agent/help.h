// SPDX-License-Identifier: PostgreSQL
/*
 * help.h - help made of the command tables, in 80 columns.
 */
#pragma once

#include <stdio.h>

struct command;

/* Of an enum command_topic, in the order of help; NULL behind the last. */
const char *help_topic_title(unsigned topic);

/*
 * Words of text from a column on, continued at the indent up to a terminal's width;
 * an empty line in the text is one in the output.
 */
void help_wrapped(FILE *out, const char *text, int column, int indent);

void help_program(FILE *out);
void help_command(FILE *out, const struct command *command);
