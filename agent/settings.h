// SPDX-License-Identifier: PostgreSQL
/*
 * settings.h - the server's settings that archiving and base backups need.
 *
 * Read them once; settings_review, which is pure, then says what is missing and
 * what would mend it.  init applies that, doctor reports it.
 */
#pragma once

#include "base/bytes.h"
#include "pg/connection.h"

#define SETTING_VALUE_SIZE  2048
#define SETTINGS_CHANGE_MAX 8

struct settings
{
    char wal_level[32];
    char archive_mode[32];
    char archive_command[SETTING_VALUE_SIZE]; /* of the files when known, even while not active */
    char archive_library[SETTING_VALUE_SIZE];
    int64_t archive_timeout_s;
    int64_t max_wal_senders;
    int64_t wal_senders_used; /* -1: not known */
    bool full_page_writes;
    bool summarizes_wal; /* or is too old to: before PostgreSQL 17 */
    bool data_checksums;
    bool archive_mode_pending; /* on in the files: a restart is all that it needs */
    bool wal_level_pending;
    bool max_wal_senders_pending;
};

NODISCARD enum status settings_read(struct pg_connection *connection, struct settings *settings,
                                    struct error *err);

/* What PostgreSQL is to run, which is compared with what it runs. */
struct settings_wanted
{
    const char *program; /* this binary */
    const char *config_path;
};

/* "'/usr/bin/redoubt' archive-push -c ... %p", quoted for the shell where that is needed. */
NODISCARD enum status settings_archive_command(const struct settings_wanted *wanted,
                                               struct buffer *command, struct error *err);

/* One setting that is not as it should be. */
struct setting_change
{
    const char *name;
    const char *current;
    char wanted[SETTING_VALUE_SIZE];
    const char *why;    /* a whole sentence */
    bool needs_restart; /* else a reload */
    bool pending;       /* changed already: only the restart is missing */
    bool advice;        /* works without */
    bool by_hand;       /* somebody else's, which we do not overwrite */
};

NODISCARD enum status settings_review(const struct settings *settings,
                                      const struct settings_wanted *wanted,
                                      struct setting_change changes[SETTINGS_CHANGE_MAX],
                                      size_t *count, struct error *err);

/* Set it by ALTER SYSTEM, which takes effect at the next reload or restart. */
NODISCARD enum status settings_apply(struct pg_connection *connection,
                                     const struct setting_change *change, struct error *err);
