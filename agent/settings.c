// SPDX-License-Identifier: PostgreSQL
#include "agent/settings.h"

#include "base/log.h"
#include "pg/command_setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A base backup and the WAL beside it take two; a standby and a spare two more. */
#define WAL_SENDERS_NEEDED 4
#define WAL_SENDERS_WANTED "10"

#define ARCHIVE_TIMEOUT_WANTED "60s"
#define NOT_ACTIVE             "(disabled)" /* what archive_command shows without archive_mode */

/* By name, in the order of struct settings. */
static const char settings_query[] =
    "SELECT name, setting, pending_restart FROM pg_catalog.pg_settings WHERE name IN"
    " ('wal_level', 'archive_mode', 'archive_command', 'archive_library', 'archive_timeout',"
    " 'max_wal_senders', 'full_page_writes', 'data_checksums', 'summarize_wal')";

/* Only a superuser may; the last line of a name counts. */
static const char file_query[] =
    "SELECT name, setting FROM pg_catalog.pg_file_settings WHERE error IS NULL AND name IN"
    " ('wal_level', 'archive_mode', 'archive_command', 'archive_library', 'max_wal_senders')"
    " ORDER BY seqno";

static void
copy_value(char *into, size_t size, const char *value)
{
    snprintf(into, size, "%s", value);
}

static void
take_setting(struct settings *settings, const char *name, const char *value, bool pending)
{
    if (strcmp(name, "wal_level") == 0)
    {
        copy_value(settings->wal_level, sizeof(settings->wal_level), value);
        settings->wal_level_pending = pending;
    }
    else if (strcmp(name, "archive_mode") == 0)
    {
        copy_value(settings->archive_mode, sizeof(settings->archive_mode), value);
        settings->archive_mode_pending = pending;
    }
    else if (strcmp(name, "max_wal_senders") == 0)
    {
        settings->max_wal_senders = strtoll(value, NULL, 10);
        settings->max_wal_senders_pending = pending;
    }
    else if (strcmp(name, "archive_command") == 0)
        copy_value(settings->archive_command, sizeof(settings->archive_command), value);
    else if (strcmp(name, "archive_library") == 0)
        copy_value(settings->archive_library, sizeof(settings->archive_library), value);
    else if (strcmp(name, "archive_timeout") == 0)
        settings->archive_timeout_s = strtoll(value, NULL, 10);
    else if (strcmp(name, "full_page_writes") == 0)
        settings->full_page_writes = strcmp(value, "on") == 0;
    else if (strcmp(name, "summarize_wal") == 0)
        settings->summarizes_wal = strcmp(value, "on") == 0;
    else if (strcmp(name, "data_checksums") == 0)
        settings->data_checksums = strcmp(value, "off") != 0;
}

/*
 * What the files say about a setting that waits for a restart.  The server sets
 * pending_restart when it reloads; a change since then is seen here as well.
 */
static void
take_file_setting(struct settings *settings, const char *name, const char *value)
{
    if (strcmp(name, "archive_command") == 0)
        copy_value(settings->archive_command, sizeof(settings->archive_command), value);
    else if (strcmp(name, "archive_library") == 0)
        copy_value(settings->archive_library, sizeof(settings->archive_library), value);
    else if (strcmp(name, "archive_mode") == 0)
        settings->archive_mode_pending =
            strcmp(settings->archive_mode, "off") == 0 && strcmp(value, "off") != 0;
    else if (strcmp(name, "wal_level") == 0)
        settings->wal_level_pending =
            strcmp(settings->wal_level, "minimal") == 0 && strcmp(value, "minimal") != 0;
    else if (strcmp(name, "max_wal_senders") == 0)
        settings->max_wal_senders_pending = strtoll(value, NULL, 10) > settings->max_wal_senders;
}

static void
read_files(struct pg_connection *connection, struct settings *settings)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct error denied;

    if (pg_query(connection, file_query, &result, &denied) != OK)
    {
        log_debug("could not read the server's configuration files: %s", denied.message);
        return;
    }
    for (int row = 0; row < PQntuples(result); row++)
        take_file_setting(settings, PQgetvalue(result, row, 0), PQgetvalue(result, row, 1));
}

enum status
settings_read(struct pg_connection *connection, struct settings *settings, struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    SCOPED(pg_result_freep) PGresult *senders = NULL;

    *settings = (struct settings){.wal_senders_used = -1, .summarizes_wal = true};
    TRY(pg_query(connection, settings_query, &result, err));
    for (int row = 0; row < PQntuples(result); row++)
        take_setting(settings, PQgetvalue(result, row, 0), PQgetvalue(result, row, 1),
                     strcmp(PQgetvalue(result, row, 2), "t") == 0);
    TRY(pg_query(connection, "SELECT count(*) FROM pg_catalog.pg_stat_replication", &senders, err));
    settings->wal_senders_used = strtoll(PQgetvalue(senders, 0, 0), NULL, 10);
    if (strcmp(settings->archive_command, NOT_ACTIVE) == 0)
    {
        settings->archive_command[0] = '\0';
        read_files(connection, settings);
    }
    return OK;
}

enum status
settings_archive_command(const struct settings_wanted *wanted, struct buffer *command,
                         struct error *err)
{
    TRY(pg_command_setting_word(command, wanted->program, err));
    TRY(buffer_append(command, BYTES(" archive-push -c "), err));
    TRY(pg_command_setting_word(command, wanted->config_path, err));
    return buffer_append(command, BYTES(" %p"), err);
}

/* A command that archives nothing, as people set it until they know better. */
static bool
is_placeholder(const char *command)
{
    static const char *const placeholders[] = {"", ":", "true", "/bin/true", "/usr/bin/true"};

    for (size_t index = 0; index < sizeof(placeholders) / sizeof(placeholders[0]); index++)
        if (strcmp(command, placeholders[index]) == 0)
            return true;
    return false;
}

/* Ours, however it is quoted or dressed: this program's name, its command and our configuration. */
static bool
archives_with_us(const struct settings *settings, const struct settings_wanted *wanted)
{
    const char *command = settings->archive_command;

    return strstr(command, "redoubt") != NULL && strstr(command, "archive-push") != NULL &&
           strstr(command, wanted->config_path) != NULL;
}

struct review
{
    struct setting_change *changes;
    size_t count;
};

static struct setting_change *
add_change(struct review *review, const char *name, const char *current, const char *wanted,
           const char *why)
{
    struct setting_change *change = &review->changes[review->count++];

    *change = (struct setting_change){.name = name, .current = current, .why = why};
    copy_value(change->wanted, sizeof(change->wanted), wanted);
    return change;
}

static void
review_wal(const struct settings *settings, struct review *review)
{
    struct setting_change *change;

    if (strcmp(settings->wal_level, "minimal") == 0)
    {
        change = add_change(review, "wal_level", settings->wal_level, "replica",
                            "WAL at level minimal does not suffice to restore.");
        change->needs_restart = true;
        change->pending = settings->wal_level_pending;
    }
    if (settings->max_wal_senders < WAL_SENDERS_NEEDED)
    {
        change = add_change(review, "max_wal_senders", "", WAL_SENDERS_WANTED,
                            "A base backup and its WAL need two at a time.");
        change->needs_restart = true;
        change->pending = settings->max_wal_senders_pending;
        change->advice = settings->max_wal_senders >= 2;
    }
    if (!settings->full_page_writes)
        add_change(review, "full_page_writes", "off", "on",
                   "Without full pages in WAL a torn page stays torn after recovery.")
            ->advice = true;
    if (!settings->summarizes_wal)
        add_change(review, "summarize_wal", "off", "on",
                   "Without summaries of its WAL every backup is a full one.")
            ->advice = true;
}

static void
review_archiving(const struct settings *settings, bool ours, const char *command,
                 struct review *review)
{
    struct setting_change *change;

    if (strcmp(settings->archive_mode, "off") == 0)
    {
        change = add_change(review, "archive_mode", settings->archive_mode, "on",
                            "The server archives no WAL.");
        change->needs_restart = true;
        change->pending = settings->archive_mode_pending;
    }
    if (settings->archive_library[0] != '\0')
        add_change(review, "archive_library", settings->archive_library, "",
                   "An archive library takes precedence over archive_command.")
            ->by_hand = true;
    if (!ours)
        add_change(review, "archive_command", settings->archive_command, command,
                   "The server does not archive into this repository.")
            ->by_hand = !is_placeholder(settings->archive_command);
    if (settings->archive_timeout_s == 0)
        add_change(review, "archive_timeout", "0", ARCHIVE_TIMEOUT_WANTED,
                   "Without it the last changes of a quiet server wait for a full segment.")
            ->advice = true;
}

enum status
settings_review(const struct settings *settings, const struct settings_wanted *wanted,
                struct setting_change changes[SETTINGS_CHANGE_MAX], size_t *count,
                struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(SETTING_VALUE_SIZE - 1);
    struct review review = {.changes = changes};
    const char *text;

    TRY(settings_archive_command(wanted, &command, err));
    TRY(buffer_text(&command, &text, err));
    review_wal(settings, &review);
    review_archiving(settings, archives_with_us(settings, wanted), text, &review);
    *count = review.count;
    return OK;
}

enum status
settings_apply(struct pg_connection *connection, const struct setting_change *change,
               struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(2 * SETTING_VALUE_SIZE + 64);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;
    enum status status;

    TRY(buffer_append_text(&command, err, "ALTER SYSTEM SET %s = ", change->name));
    TRY(pg_quote_literal(change->wanted, &command, err));
    TRY(buffer_text(&command, &text, err));
    status = pg_query(connection, text, &result, err);
    if (status == OK)
        return OK;
    error_context(err, "setting %s", change->name);
    if (status == STATUS_DENIED)
        error_hint(err, "Run as a superuser: %s;", text);
    return status;
}
