// SPDX-License-Identifier: PostgreSQL
#include "verify/timeline_check.h"

#include "verify/history_check.h"
#include "verify/missing_wal.h"

#include <stdio.h>

/* The histories that were not read are told by whoever reads them all. */
static enum status
load_chain(const struct timeline_check *check, struct wal_chain *chain, bool *loaded,
           struct error *err)
{
    struct verify_context *context = check->context;
    struct error reason = {0};
    enum status status = wal_chain_load(chain, context->repo, context->catalog,
                                        check->system_identifier, check->segment_size, &reason);
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {
        VERIFY_DOUBT, "unreadable", key, reason.message,
        "Until that is mended nobody can tell whether WAL is missing."};

    *loaded = status == OK;
    if (status == OK)
        return OK;
    if (context_is_fatal(status))
    {
        *err = reason;
        return status;
    }
    TRY(repo_key(context->repo, key, err, "wal/%llu/",
                 (unsigned long long) check->system_identifier));
    return context_find(context, &finding, err);
}

static enum status
inconsistent(struct verify_context *context, const struct backup *backup,
             const struct error *reason, struct error *err)
{
    struct error text;
    const struct verify_finding finding = {
        VERIFY_DAMAGE, "inconsistent", backup->id, text.message,
        "It cannot be restored without that WAL. Take a backup now."};

    error_set(&text, STATUS_CORRUPT, "the backup needs WAL that is not there: %s", reason->message);
    return context_find(context, &finding, err);
}

/* Is there WAL from its start to its stop?  *path is NULL when it has none. */
static enum status
check_consistency(struct verify_context *context, struct wal_chain *chain,
                  const struct backup *backup, const struct pg_history **path,
                  struct wal_reach *reach, struct error *err)
{
    struct error reason = {0};
    enum status status = wal_chain_keep(chain, backup, &reason);

    if (status != OK)
    {
        *path = NULL;
        return context_judge(context, backup->id, status, &reason, NULL, err);
    }
    *path = wal_chain_newest(chain, backup->stop);
    if (*path == NULL)
    {
        error_set(&reason, STATUS_CORRUPT, "the history of timeline %u is missing",
                  backup->stop.timeline);
        return inconsistent(context, backup, &reason, err);
    }
    *reach = wal_chain_reach(chain, *path, backup->start.lsn);
    if (reach->end > reach->first && reach->lsn >= backup->stop.lsn)
        return OK;
    (void) wal_chain_describe_end(chain, *path, reach, &reason);
    return inconsistent(context, backup, &reason, err);
}

enum status
timeline_check_backup(const struct timeline_check *check, const struct backup *backup,
                      struct error *err)
{
    SCOPED(wal_chain_release) struct wal_chain chain = {0};
    const struct pg_history *path;
    struct wal_reach reach;
    bool loaded;

    TRY(load_chain(check, &chain, &loaded, err));
    if (!loaded)
        return OK;
    return check_consistency(check->context, &chain, backup, &path, &reach, err);
}

enum status
timeline_check_run(const struct timeline_check *check, struct error *err)
{
    struct verify_context *context = check->context;
    const struct catalog *catalog = context->catalog;
    SCOPED(wal_chain_release) struct wal_chain chain = {0};
    SCOPED(missing_wal_release)
    struct missing_wal missing = {.context = context, .chain = &chain, .vanished = check->vanished};
    bool loaded;

    TRY(load_chain(check, &chain, &loaded, err));
    if (!loaded)
        return OK;
    TRY(history_check_run(context, &chain, err));
    TRY(missing_wal_find(&missing, err));
    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];
        const struct pg_history *path;
        struct wal_reach reach;

        if (backup->system_identifier != check->system_identifier)
            continue;
        TRY(check_consistency(context, &chain, backup, &path, &reach, err));
        if (path != NULL)
            TRY(missing_wal_count(&missing, backup, path, &reach, err));
    }
    return missing_wal_tell(&missing, err);
}
