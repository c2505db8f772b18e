// SPDX-License-Identifier: PostgreSQL
/*
 * help.h - help made of the command tables, in 80 columns.
 */
#pragma once

#include <stdio.h>

struct command;

void help_program(FILE *out);
void help_command(FILE *out, const struct command *command);
