// SPDX-License-Identifier: PostgreSQL
/*
 * secrets.h - secrets that systemd hands to a service.
 *
 * LoadCredential= puts files into a directory that only the service sees, and
 * names it in $CREDENTIALS_DIRECTORY (systemd.exec(5)).  A file there that is
 * called like the last part of key_file, passphrase_file or credentials_file is
 * read instead of it.  Where there is none the configured path holds, so that one
 * configuration serves the units, PostgreSQL's archive_command and whoever types
 * the command.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>

struct config;

/* The paths that took the place of configured ones; owned by the configuration. */
struct config_secrets
{
    char **paths;
    size_t count;
};

NODISCARD enum status config_secrets_find(struct config *config, struct error *err);

void config_secrets_release(struct config_secrets *secrets);
