// SPDX-License-Identifier: PostgreSQL
#include "copy/copy_debt.h"

#include "copy/copy_log.h"
#include "copy/copy_wanted.h"
#include "repo/difference.h"

struct measuring
{
    struct repo *source;
    const struct catalog *catalog;
    struct copy_debt *debt;
};

static enum status
measure_object(void *arg, const struct difference *difference, struct error *err)
{
    struct measuring *measuring = arg;
    struct object_name name;

    if (!difference->in_source || difference->in_target)
        return OK;
    TRY(object_name_read(measuring->source, difference->key, &name, err));
    if (!copy_wanted(measuring->catalog, &name))
        return OK;
    measuring->debt->objects++;
    measuring->debt->bytes += difference->source_size;
    measuring->debt->wal_files += name.kind == OBJECT_KIND_WAL;
    return OK;
}

enum status
copy_debt_measure(struct repo *source, struct repo *target, const struct catalog *catalog,
                  struct copy_debt *debt, struct error *err)
{
    static const char *const folders[] = {"packs/", "wal/", "backups/", "dumps/", "drills/"};
    struct measuring measuring = {source, catalog, debt};
    char prefix[STORE_KEY_MAX + 1];
    uint64_t last;

    *debt = (struct copy_debt){0};
    TRY(copy_log_compare(source, target, &last, err));
    if (catalog->last_number > last)
        debt->log_entries = catalog->last_number - last;
    for (size_t index = 0; index < sizeof(folders) / sizeof(folders[0]); index++)
    {
        TRY(repo_key(source, prefix, err, "%s", folders[index]));
        TRY(difference_visit(source->store, target->store, prefix, measure_object, &measuring,
                             err));
    }
    return OK;
}
