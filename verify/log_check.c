// SPDX-License-Identifier: PostgreSQL
#include "verify/log_check.h"

#include "base/file.h"
#include "repo/log_entry.h"
#include "verify/crew.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys */

struct key_walk
{
    struct verify_context *context;
    bool usable;
};

static enum status
open_key(struct keyring *keyring, const char *key, struct error *err)
{
    SCOPED(secret_wipe) struct secret data_key = {{0}};
    struct seal_key_id id;
    char text[2 * SEAL_KEY_ID_SIZE + 1];
    int used = 0;

    if (sscanf(path_name(key), "%32[0-9a-f].json%n", text, &used) != 1 ||
        path_name(key)[used] != '\0' || !hex_decode(text, id.bytes, SEAL_KEY_ID_SIZE))
        return error_set(err, STATUS_CORRUPT, "no data key has such a name");
    return keyring_find(keyring, &id, &data_key, err);
}

static enum status
visit_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct key_walk *walk = arg;
    struct error reason = {0};
    enum status status = open_key(walk->context->repo->keyring, key, &reason);

    (void) size_bytes;
    walk->usable |= status == OK;
    return context_judge(walk->context, key, status, &reason, NULL, err);
}

enum status
log_check_keys(struct verify_context *context, bool *usable, struct error *err)
{
    struct key_walk walk = {.context = context};
    char id[2 * REPOSITORY_ID_SIZE + 1];
    char prefix[sizeof("keys/") + sizeof(id)];
    const struct verify_finding none = {VERIFY_DAMAGE, "missing", prefix,
                                        "the repository has no data key",
                                        "Nothing in it can be opened without."};

    *usable = true;
    if (context->repo->keyring == NULL)
        return OK;
    hex_encode((struct bytes){context->repo->id, REPOSITORY_ID_SIZE}, id);
    snprintf(prefix, sizeof(prefix), "keys/%s/", id);
    TRY(store_list(context->repo->store, prefix, "", visit_key, &walk, err));
    *usable = walk.usable;
    if (walk.usable || findings_count(context->findings, VERIFY_DAMAGE) > 0 ||
        findings_count(context->findings, VERIFY_DOUBT) > 0)
        return OK;
    return context_find(context, &none, err);
}

/* The log */

struct entry_job
{
    struct crew_job base;
    uint64_t number;
    uint64_t size_bytes;
    char key[STORE_KEY_MAX + 1];
};

static enum status
read_entry(struct repo *repo, uint64_t number, struct error *err)
{
    SCOPED(log_entry_release) struct log_entry entry = {0};
    const char *kind;

    TRY(log_entry_read(repo, number, &entry, err));
    return member_text(entry.members, "kind", &kind, err);
}

/* Remembered, though read every time: so that it is missed when it is gone. */
static enum status
run_entry(struct crew_job *base, struct crew_member *member, struct error *err)
{
    struct entry_job *job = (struct entry_job *) base;
    struct verify_context *context = member->context;
    struct error reason = {0};
    enum status status = read_entry(context->repo, job->number, &reason);

    return context_conclude(context, job->key, job->size_bytes, status, &reason, err);
}

static void
free_entry(struct crew_job *job)
{
    free(job);
}

static enum status
send_entry(struct crew *crew, struct verify_context *context, uint64_t number,
           const struct inventory_item *item, struct error *err)
{
    struct entry_job *job;
    char key[STORE_KEY_MAX + 1];

    TRY(repo_key(context->repo, key, err, "%s", item->name));
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return error_no_memory(err);
    job->base.run = run_entry;
    job->base.free = free_entry;
    job->number = number;
    job->size_bytes = item->size_bytes;
    memcpy(job->key, key, sizeof(key));
    return crew_send(crew, &job->base, err);
}

/* "log/<20 digits>.json" */
static bool
read_number(const char *name, uint64_t *number)
{
    int used = 0;

    return sscanf(name, "log/%20" SCNu64 ".json%n", number, &used) == 1 && name[used] == '\0' &&
           used == 4 + 20 + 5 && *number > 0;
}

static enum status
tell_hole(struct verify_context *context, uint64_t first, uint64_t last, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    struct error text;
    const struct verify_finding finding = {VERIFY_DAMAGE, "missing", key, text.message,
                                           "Copy the log from another repository if there is one."};

    TRY(repo_key(context->repo, key, err, "log/%020" PRIu64 ".json", first));
    if (first == last)
        error_set(&text, STATUS_CORRUPT, "log entry %" PRIu64 " is missing", first);
    else
        error_set(&text, STATUS_CORRUPT, "log entries %" PRIu64 " to %" PRIu64 " are missing",
                  first, last);
    return context_find(context, &finding, err);
}

static enum status
find_entry(struct verify_context *context, const char *name, const char *kind, const char *text,
           struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {VERIFY_DAMAGE, kind, key, text, ""};

    TRY(repo_key(context->repo, key, err, "%s", name));
    return context_find(context, &finding, err);
}

static enum status
visit_entry(struct crew *crew, struct verify_context *context, const struct inventory_item *item,
            uint64_t *expected, struct error *err)
{
    uint64_t number;

    if (!read_number(item->name, &number))
        return find_entry(context, item->name, "unexpected",
                          "no log entry has such a name: nobody can read the log while it is there",
                          err);
    if (number > *expected)
        TRY(tell_hole(context, *expected, number - 1, err));
    *expected = number + 1;
    if (item->present)
        return send_entry(crew, context, number, item, err);
    return find_entry(context, item->name, "missing",
                      "it was verified once, and is gone; the log is never shortened", err);
}

static enum status
walk_entries(struct crew *crew, struct verify_context *context, struct inventory *inventory,
             struct error *err)
{
    struct inventory_item item;
    uint64_t expected = 1;
    bool more;

    TRY(inventory_next(inventory, "log/", &more, &item, err));
    while (more)
    {
        TRY(visit_entry(crew, context, &item, &expected, err));
        TRY(inventory_next(inventory, "log/", &more, &item, err));
    }
    return OK;
}

enum status
log_check_run(struct verify_context *context, struct inventory *inventory, struct error *err)
{
    SCOPED(crew_freep) struct crew *crew = NULL;

    TRY(crew_start(&crew, context, err));
    TRY(walk_entries(crew, context, inventory, err));
    return crew_finish(crew, err);
}
