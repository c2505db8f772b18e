// SPDX-License-Identifier: PostgreSQL
/*
 * recovery_settings.h - what a restored server is told: where to recover to, where WAL
 * comes from, and to touch nothing of the server it was taken from.
 *
 * postgresql.auto.conf is read last, and of a setting given twice the last one
 * counts: ours follow whatever the backup had there.
 */
#pragma once

#include "pg/control.h"
#include "restore/target.h"

struct recovery_settings
{
    struct target target; /* as PostgreSQL is told it */
    pg_timeline timeline;
    const char *program;     /* this binary, an absolute path */
    const char *config_path; /* absolute */
    const char *repository;  /* that WAL is read from; NULL: the main one */
    bool take_over;          /* the restored server replaces the original */
    struct pg_control control;
};

/* The lines for postgresql.auto.conf. */
NODISCARD enum status recovery_settings_append(const struct recovery_settings *settings,
                                               struct buffer *text, struct error *err);

/* The command for restore_command: quoted for the shell, its % doubled. */
NODISCARD enum status recovery_settings_restore_command(const struct recovery_settings *settings,
                                                        struct buffer *command, struct error *err);

/* Append to the data directory's postgresql.auto.conf and create recovery.signal; not durable. */
NODISCARD enum status recovery_settings_write(const struct recovery_settings *settings,
                                              const char *into, struct error *err);

/*
 * Where the data directory has no postgresql.conf, pg_hba.conf or pg_ident.conf,
 * because the original kept them elsewhere as Debian does, write minimal ones.
 */
NODISCARD enum status recovery_settings_write_minimal(const char *into, bool *written,
                                                      struct error *err);
