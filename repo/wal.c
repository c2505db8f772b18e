// SPDX-License-Identifier: PostgreSQL
#include "repo/wal.h"

#include "base/file.h"
#include "repo/wal_offer.h"

#include <stdio.h>

enum status
wal_key(const struct repo *repo, const struct wal_file *file, char key[STORE_KEY_MAX + 1],
        struct error *err)
{
    struct pg_wal_file parsed;

    TRY(pg_wal_file_parse(file->name, 0, &parsed, err));
    if (parsed.kind == PG_WAL_FILE_HISTORY)
        return repo_key(repo, key, err, "wal/%llu/%08X/%s",
                        (unsigned long long) file->system_identifier, parsed.timeline, file->name);
    return repo_key(repo, key, err, "wal/%llu/%08X/%08X/%s",
                    (unsigned long long) file->system_identifier, parsed.timeline, parsed.log,
                    file->name);
}

enum status
wal_push_key(struct repo *repo, const char *key, int source, const char *path,
             enum wal_push_result *result, struct error *err)
{
    SCOPED(wal_offer_freep) struct wal_offer *offer = NULL;

    TRY(wal_offer_make(&offer, repo, source, path, err));
    return wal_offer_push(offer, repo, key, result, err);
}

enum status
wal_push(struct repo *repo, const struct wal_file *file, int source, const char *path,
         enum wal_push_result *result, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    TRY(wal_key(repo, file, key, err));
    return wal_push_key(repo, key, source, path, result, err);
}

enum status
wal_read_key(struct repo *repo, const char *key, struct sink **sink, struct error *err)
{
    return object_read(repo, key, OBJECT_COMPRESSED, sink, err);
}

enum status
wal_read(struct repo *repo, const struct wal_file *file, struct sink **sink, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    TRY(wal_key(repo, file, key, err));
    return wal_read_key(repo, key, sink, err);
}

enum status
wal_compare(struct repo *repo, const struct wal_file *file, int source, const char *path,
            bool *equal, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    struct digest digests[2];

    TRY(wal_key(repo, file, key, err));
    TRY(wal_offer_compare(repo, key, source, path, digests, err));
    *equal = digest_equal(&digests[0], &digests[1]);
    return OK;
}

struct visitor
{
    enum status (*visit)(void *arg, const char *name, struct error *err);
    void *arg;
};

static enum status
visit_name(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct visitor *visitor = arg;
    struct pg_wal_file file;

    (void) size_bytes;
    /* The lineage's object lives here too. */
    if (pg_wal_file_parse(path_name(key), 0, &file, err) != OK)
        return OK;
    return visitor->visit(visitor->arg, path_name(key), err);
}

enum status
wal_list(struct repo *repo, uint64_t system_identifier, pg_timeline timeline,
         enum status (*visit)(void *arg, const char *name, struct error *err), void *arg,
         struct error *err)
{
    struct visitor visitor = {visit, arg};
    char prefix[STORE_KEY_MAX + 1];
    char folder[16] = "";

    if (timeline != 0)
        snprintf(folder, sizeof(folder), "%08X/", timeline);
    TRY(repo_key(repo, prefix, err, "wal/%llu/%s", (unsigned long long) system_identifier, folder));
    return store_list(repo->store, prefix, "", visit_name, &visitor, err);
}
