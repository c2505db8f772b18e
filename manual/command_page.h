// SPDX-License-Identifier: PostgreSQL
/*
 * command_page.h - a command's manual page, of the very tables that its --help
 * prints, and the parts of redoubt(1) that are made of such tables.
 */
#pragma once

#include <stdio.h>

struct command;

#define COMMAND_PAGE_NAME_SIZE 64

/* "redoubt-backup" */
void command_page_name(const struct command *command, char name[COMMAND_PAGE_NAME_SIZE]);

void command_page_write(FILE *out, const struct command *command);

/* Of the program: its commands by topic, its options, and its exit codes. */
void command_page_list(FILE *out);
void command_page_program_options(FILE *out);
void command_page_exit_codes(FILE *out);

/* The pages of all commands, as a list of references. */
void command_page_references(FILE *out);
