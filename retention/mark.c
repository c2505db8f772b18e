// SPDX-License-Identifier: PostgreSQL
#include "retention/mark.h"

#include "base/stop.h"
#include "repo/manifest.h"

static enum status
mark_pack(void *arg, const struct pack *pack, struct error *err)
{
    return pack_set_add(arg, pack->id, err);
}

static enum status
mark_backup(struct repo *repo, const struct backup *backup, struct pack_set *live,
            struct error *err)
{
    const struct manifest_handler handler = {.pack = mark_pack, .arg = live};
    enum status status = manifest_read(repo, backup->id, &handler, err);

    /* Backups share most of their packs: let the set not grow by all of each. */
    pack_set_sort(live);
    if (status == OK)
        return OK;
    error_context(err, "could not find out which packs backup %s uses", backup->id);
    error_hint(err,
               "Nothing expires as long as a backup that stays cannot be read. \"redoubt verify\" "
               "tells what is damaged, \"redoubt expire --forget %s\" gives the backup up.",
               backup->id);
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

enum status
mark_packs(struct repo *repo, const struct retention_plan *plan, struct pack_set *live,
           struct error *err)
{
    for (size_t index = 0; index < plan->backup_count; index++)
    {
        TRY(stop_check(err));
        if (plan->backups[index].keep)
            TRY(mark_backup(repo, plan->backups[index].backup, live, err));
    }
    return OK;
}
