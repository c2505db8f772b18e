// SPDX-License-Identifier: PostgreSQL
#include "restore/recovery_settings.h"

#include "base/file.h"
#include "pg/command_setting.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AUTO_CONF_LIMIT ((size_t) 4 << 20)

/*
 * What would act on other servers or on the archive, or stop this one: emptied
 * or switched off in every copy that does not take over.
 */
static const char *const disarmed[] = {
    "archive_mode = off",
    "primary_conninfo = ''",
    "primary_slot_name = ''",
    /* Commits would wait for standbys that are not there. */
    "synchronous_standby_names = ''",
    /* The copy's subscriptions would take changes from their publishers. */
    "max_logical_replication_workers = 0",
};

/* Commands of the original that recovery would run, a take-over or not. */
static const char *const always_empty[] = {
    "archive_cleanup_command",
    "recovery_end_command",
    "recovery_min_apply_delay",
};

/* A setting's value in the quotes of a configuration file (GUC_scanstr in guc-file.l). */
static enum status
append_setting(struct buffer *text, const char *name, const char *value, struct error *err)
{
    TRY(buffer_append_text(text, err, "%s = '", name));
    for (; *value != '\0'; value++)
    {
        if (*value == '\'' || *value == '\\')
            TRY(buffer_append(text, (struct bytes){(const uint8_t *) value, 1}, err));
        TRY(buffer_append(text, (struct bytes){(const uint8_t *) value, 1}, err));
    }
    return buffer_append(text, BYTES("'\n"), err);
}

enum status
recovery_settings_restore_command(const struct recovery_settings *settings, struct buffer *command,
                                  struct error *err)
{
    TRY(pg_command_setting_word(command, settings->program, err));
    TRY(buffer_append(command, BYTES(" archive-get -c "), err));
    TRY(pg_command_setting_word(command, settings->config_path, err));
    if (settings->repository != NULL)
    {
        TRY(buffer_append(command, BYTES(" --repository "), err));
        TRY(pg_command_setting_word(command, settings->repository, err));
    }
    /* PostgreSQL's paths: pg_wal/RECOVERYXLOG and the like, never in need of quotes. */
    return buffer_append(command, BYTES(" %f %p"), err);
}

/*
 * One target at most may be set, and each assignment, be it of nothing, checks
 * that (error_multiple_recovery_targets in the server): so the old ones are
 * emptied first and ours comes last.
 */
static enum status
append_target(const struct recovery_settings *settings, struct buffer *text, struct error *err)
{
    const struct target *target = &settings->target;
    char value[TARGET_TEXT_SIZE];

    for (enum target_kind kind = TARGET_IMMEDIATE; kind <= TARGET_NAME; kind++)
        if (kind != target->kind)
            TRY(append_setting(text, target_setting_name(kind), "", err));
    if (target->kind != TARGET_LATEST)
    {
        target_setting_value(target, value);
        TRY(append_setting(text, target_setting_name(target->kind), value, err));
    }
    TRY(buffer_append_text(text, err, "recovery_target_inclusive = %s\n",
                           target->exclusive ? "off" : "on"));
    TRY(buffer_append_text(text, err, "recovery_target_timeline = '%" PRIu32 "'\n",
                           settings->timeline));
    return buffer_append_text(text, err, "recovery_target_action = '%s'\n",
                              target_action_name(target->action));
}

static enum status
append_disarmed(struct buffer *text, struct error *err)
{
    for (size_t index = 0; index < sizeof(disarmed) / sizeof(disarmed[0]); index++)
        TRY(buffer_append_text(text, err, "%s\n", disarmed[index]));
    return OK;
}

/* A server with hot standby refuses to recover with less than its WAL's writer had. */
static enum status
append_limits(const struct pg_control *control, struct buffer *text, struct error *err)
{
    TRY(buffer_append_text(text, err, "max_connections = %" PRId32 "\n", control->max_connections));
    TRY(buffer_append_text(text, err, "max_worker_processes = %" PRId32 "\n",
                           control->max_worker_processes));
    TRY(buffer_append_text(text, err, "max_wal_senders = %" PRId32 "\n", control->max_wal_senders));
    TRY(buffer_append_text(text, err, "max_prepared_transactions = %" PRId32 "\n",
                           control->max_prepared_xacts));
    return buffer_append_text(text, err, "max_locks_per_transaction = %" PRId32 "\n",
                              control->max_locks_per_xact);
}

enum status
recovery_settings_append(const struct recovery_settings *settings, struct buffer *text,
                         struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(16384);
    const char *restore_command;

    TRY(recovery_settings_restore_command(settings, &command, err));
    TRY(buffer_text(&command, &restore_command, err));
    TRY(buffer_append(text, BYTES("\n# Written by redoubt restore.\n"), err));
    TRY(append_limits(&settings->control, text, err));
    if (!settings->take_over)
        TRY(append_disarmed(text, err));
    for (size_t index = 0; index < sizeof(always_empty) / sizeof(always_empty[0]); index++)
        TRY(append_setting(text, always_empty[index],
                           strstr(always_empty[index], "delay") != NULL ? "0" : "", err));
    TRY(append_setting(text, "restore_command", restore_command, err));
    /*
     * It reads half a MiB ahead, and any segment that does not open ends the recovery: what lies
     * behind a target was not looked at, and nobody needs it.
     */
    if (settings->target.kind != TARGET_LATEST)
        TRY(append_setting(text, "recovery_prefetch", "off", err));
    return append_target(settings, text, err);
}

/* Write content into a file of the data directory, old or new. */
static enum status
write_file(const char *into, const char *name, int flags, struct bytes content, struct error *err)
{
    SCOPED(freep) char *path = path_join(into, name);
    SCOPED(fd_closep) int fd = -1;

    if (path == NULL)
        return error_no_memory(err);
    TRY(fd_open(&fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW | flags, 0600, err));
    return fd_write(fd, content, path, err);
}

enum status
recovery_settings_write(const struct recovery_settings *settings, const char *into,
                        struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(AUTO_CONF_LIMIT);

    TRY(recovery_settings_append(settings, &text, err));
    TRY(write_file(into, "postgresql.auto.conf", O_APPEND, buffer_bytes(&text), err));
    return write_file(into, "recovery.signal", O_TRUNC, (struct bytes){NULL, 0}, err);
}

static enum status
write_if_missing(const char *into, const char *name, struct bytes content, bool *written,
                 struct error *err)
{
    enum status status = write_file(into, name, O_EXCL, content, err);

    if (status == STATUS_CONFLICT)
        return OK;
    *written |= status == OK;
    return status;
}

enum status
recovery_settings_write_minimal(const char *into, bool *written, struct error *err)
{
    static const char conf[] =
        "# Written by redoubt restore: the original kept its configuration elsewhere.\n"
        "# What was captured of it is beside this directory, named \".configuration\".\n";
    static const char hba[] =
        "# Written by redoubt restore: only users of the operating system, as\n"
        "# the roles of pg_ident.conf.\n"
        "local all all peer map=redoubt\n";
    const struct passwd *owner = getpwuid(geteuid());
    char ident[512];

    snprintf(ident, sizeof(ident),
             "# Written by redoubt restore: everybody as the role of the same name, and the\n"
             "# owner of these files as the usual superuser too.\n"
             "redoubt /^(.*)$ \\1\n"
             "redoubt \"%s\" postgres\n",
             owner == NULL ? "postgres" : owner->pw_name);
    *written = false;
    TRY(write_if_missing(into, "postgresql.conf", BYTES(conf), written, err));
    TRY(write_if_missing(into, "pg_hba.conf", BYTES(hba), written, err));
    return write_if_missing(into, "pg_ident.conf", bytes_of(ident), written, err);
}
