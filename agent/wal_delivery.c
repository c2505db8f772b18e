// SPDX-License-Identifier: PostgreSQL
#include "agent/wal_delivery.h"

#include "base/crash.h"
#include "base/group.h"
#include "base/log.h"
#include "config/repository.h"

#include <stdlib.h>

/* One repository's part. */
struct delivery
{
    const struct config *config;
    const struct config_repository *where;
    struct repo *main;
    struct repo *opened; /* owned; this repository, unless it is the main one */
    const struct wal_offer *offer;
    const struct wal_file *file;
    enum status status; /* what came of it; the thread itself does not fail */
    struct error err;
};

struct deliveries
{
    struct delivery *items; /* the main repository's first */
    size_t count;
};

static void
release_deliveries(struct deliveries *all)
{
    for (size_t index = 0; index < all->count && all->items != NULL; index++)
        repo_freep(&all->items[index].opened);
    free(all->items);
}

static enum status
deliver(struct delivery *delivery, struct error *err)
{
    struct repo *repo = delivery->main;
    enum wal_push_result result;
    char key[STORE_KEY_MAX + 1];

    if (delivery->where != &delivery->config->repository)
    {
        TRY(repository_open_copy(delivery->config, delivery->where, REPOSITORY_HURRIED,
                                 delivery->main, &delivery->opened, err));
        repo = delivery->opened;
    }
    TRY(wal_key(repo, delivery->file, key, err));
    TRY(wal_offer_push(delivery->offer, repo, key, &result, err));
    CRASH_POINT("archive-push: one repository has the file"); /* PostgreSQL offers it again */
    log_debug(result == WAL_STORED ? "archived \"%s\" in %s" : "\"%s\" is in %s already, the same",
              delivery->file->name, repo->store->location);
    return OK;
}

static enum status
run_delivery(void *arg, struct error *err)
{
    struct delivery *delivery = arg;

    (void) err;
    delivery->status = deliver(delivery, &delivery->err);
    return OK;
}

static enum status
deliver_all(const struct deliveries *all, struct error *err)
{
    SCOPED(group_freep) struct group *group = NULL;

    TRY(group_create(&group, err));
    for (size_t index = 1; index < all->count; index++)
        TRY(group_start(group, run_delivery, &all->items[index], err));
    TRY(run_delivery(&all->items[0], err));
    return group_join(group, err);
}

/* What a repository that may owe did not get.  Other content will not become right by waiting. */
static bool
is_debt(const struct delivery *delivery)
{
    return !delivery->where->required && delivery->status != STATUS_CONFLICT;
}

static void
warn_of_debt(struct delivery *delivery)
{
    error_context(&delivery->err, "\"%s\" is not in repository \"%s\" yet", delivery->file->name,
                  delivery->where->name);
    if (delivery->status != STATUS_NOT_FOUND) /* which says how to make that repository */
        error_hint(&delivery->err, "\"redoubt copy --to %s\" brings it there.",
                   delivery->where->name);
    log_error(LOG_WARNING, &delivery->err);
}

/* The first failure that counts is returned. */
static enum status
judge(const struct deliveries *all, struct error *err)
{
    enum status status = OK;

    for (size_t index = 0; index < all->count; index++)
    {
        struct delivery *delivery = &all->items[index];

        if (delivery->status == OK)
            continue;
        if (is_debt(delivery))
        {
            warn_of_debt(delivery);
            continue;
        }
        if (index > 0)
            error_context(&delivery->err, "repository \"%s\"", delivery->where->name);
        if (status != OK)
            log_error(LOG_ERROR, &delivery->err);
        else
            *err = delivery->err;
        status = status == OK ? delivery->status : status;
    }
    return status;
}

enum status
wal_delivery_run(const struct config *config, struct repo *main, const struct wal_file *file,
                 int source, const char *path, struct error *err)
{
    SCOPED(wal_offer_freep) struct wal_offer *offer = NULL;
    SCOPED(release_deliveries) struct deliveries all = {.count = config->further.count + 1};

    TRY(wal_offer_make(&offer, main, source, path, err));
    all.items = calloc(all.count, sizeof(*all.items));
    if (all.items == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < all.count; index++)
        all.items[index] = (struct delivery){
            .config = config,
            .where = index == 0 ? &config->repository : &config->further.items[index - 1],
            .main = main,
            .offer = offer,
            .file = file,
        };
    TRY(deliver_all(&all, err));
    return judge(&all, err);
}
