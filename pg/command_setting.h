// SPDX-License-Identifier: PostgreSQL
/*
 * command_setting.h - the values of archive_command and restore_command: read
 * by PostgreSQL, which replaces %p and the like, and then by a shell.
 */
#pragma once

#include "base/bytes.h"

/* Append one word that comes out as it is: quoted for the shell if need be, % doubled. */
NODISCARD enum status pg_command_setting_word(struct buffer *command, const char *word,
                                              struct error *err);
