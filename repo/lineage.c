// SPDX-License-Identifier: PostgreSQL
#include "repo/lineage.h"

#include "base/json.h"
#include "pg/segment.h"
#include "repo/object.h"

#define LINEAGE_LIMIT 4096

static enum status
lineage_key(struct repo *repo, uint64_t system_identifier, char key[STORE_KEY_MAX + 1],
            struct error *err)
{
    return repo_key(repo, key, err, "wal/%llu/lineage.json",
                    (unsigned long long) system_identifier);
}

json_t *
lineage_to_json(const struct lineage *lineage)
{
    return json_pack("{s:o, s:I, s:I}", "system_identifier", json_u64(lineage->system_identifier),
                     "wal_segment_size", (json_int_t) lineage->wal_segment_size, "major",
                     (json_int_t) lineage->major);
}

enum status
lineage_from_json(const json_t *object, struct lineage *lineage, struct error *err)
{
    TRY(member_u64(object, "system_identifier", &lineage->system_identifier, err));
    TRY(member_u32(object, "wal_segment_size", &lineage->wal_segment_size, err));
    if (!pg_wal_segment_size_valid(lineage->wal_segment_size))
        return error_set(err, STATUS_CORRUPT, "impossible WAL segment size %u",
                         lineage->wal_segment_size);
    return member_u32(object, "major", &lineage->major, err);
}

enum status
lineage_publish(struct repo *repo, const struct lineage *lineage, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LINEAGE_LIMIT);
    SCOPED(json_freep) json_t *object = lineage_to_json(lineage);
    struct lineage present;
    char key[STORE_KEY_MAX + 1];
    enum status status;

    if (object == NULL)
        return error_no_memory(err);
    TRY(json_append(object, &text, err));
    TRY(lineage_key(repo, lineage->system_identifier, key, err));
    status = object_put(repo, key, OBJECT_PLAIN, buffer_bytes(&text), err);
    if (status != STATUS_CONFLICT)
        return status;
    TRY(lineage_read(repo, lineage->system_identifier, &present, err));
    if (present.wal_segment_size == lineage->wal_segment_size)
        return OK;
    return error_set(err, STATUS_REFUSED,
                     "WAL segment size of system identifier %llu changed from %u to %u",
                     (unsigned long long) lineage->system_identifier, present.wal_segment_size,
                     lineage->wal_segment_size);
}

enum status
lineage_read(struct repo *repo, uint64_t system_identifier, struct lineage *lineage,
             struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(LINEAGE_LIMIT);
    SCOPED(json_freep) json_t *object = NULL;
    char key[STORE_KEY_MAX + 1];
    enum status status;

    TRY(lineage_key(repo, system_identifier, key, err));
    TRY(object_get(repo, key, OBJECT_PLAIN, &text, err));
    status = json_parse(buffer_bytes(&text), LINEAGE_LIMIT, &object, err);
    if (status == OK)
        status = lineage_from_json(object, lineage, err);
    if (status == OK && lineage->system_identifier != system_identifier)
        status = error_set(err, STATUS_CORRUPT, "it names another cluster");
    if (status != OK)
        error_context(err, "object \"%s\"", key);
    return status;
}
