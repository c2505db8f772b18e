// SPDX-License-Identifier: PostgreSQL
#include "repo/backup.h"

#include "base/crc32c.h"
#include "base/random.h"
#include "pg/segment.h"

#include <stdio.h>
#include <string.h>

enum status
backup_make_id(time_us now, char id[BACKUP_ID_SIZE], struct error *err)
{
    uint8_t random[2];
    char digits[2 * sizeof(random) + 1];
    char time[TIME_TEXT_SIZE];

    TRY(random_bytes(random, sizeof(random), err));
    hex_encode((struct bytes){random, sizeof(random)}, digits);
    time_format_name(now, time);
    snprintf(id, BACKUP_ID_SIZE, "%.19s-%s", time, digits);
    return OK;
}

bool
backup_id_is_valid(const char *id)
{
    static const char shape[] = "0000-00-00T00-00-00-xxxx";

    if (strlen(id) != sizeof(shape) - 1)
        return false;
    for (size_t index = 0; index < sizeof(shape) - 1; index++)
    {
        if (shape[index] == '0'   ? id[index] < '0' || id[index] > '9'
            : shape[index] == 'x' ? hex_digit(id[index]) < 0
                                  : id[index] != shape[index])
            return false;
    }
    return true;
}

uint32_t
backup_tag(const char *id)
{
    return crc32c_finish(crc32c_update(CRC32C_INIT, bytes_of(id)));
}

enum status
backup_key(const struct repo *repo, const char *id, const char *name, char key[STORE_KEY_MAX + 1],
           struct error *err)
{
    return repo_key(repo, key, err, "backups/%s/%s", id, name);
}

static json_t *
position_to_json(struct pg_wal_position position)
{
    char lsn[PG_LSN_TEXT_SIZE];

    pg_lsn_format(position.lsn, lsn);
    return json_pack("{s:I, s:s}", "timeline", (json_int_t) position.timeline, "lsn", lsn);
}

static enum status
position_from_json(const json_t *object, const char *name, struct pg_wal_position *position,
                   struct error *err)
{
    const json_t *member;
    const char *lsn;

    TRY(member_object(object, name, &member, err));
    TRY(member_u32(member, "timeline", &position->timeline, err));
    TRY(member_text(member, "lsn", &lsn, err));
    /* To its parser it is an argument, wrong; here it is a stored object, damaged. */
    return pg_lsn_parse(lsn, &position->lsn, err) == OK ? OK : STATUS_CORRUPT;
}

json_t *
backup_to_json(const struct backup *backup)
{
    bool full = backup->parent[0] == '\0';
    char started[TIME_TEXT_SIZE];
    char stopped[TIME_TEXT_SIZE];

    time_format(backup->started, started);
    time_format(backup->stopped, stopped);
    return json_pack(
        "{s:s, s:s, s:s*, s:o, s:I, s:I, s:o, s:o, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}",
        "id", backup->id, "type", full ? "full" : "incremental", "parent",
        full ? NULL : backup->parent, "system_identifier", json_u64(backup->system_identifier),
        "major", (json_int_t) backup->major, "wal_segment_size",
        (json_int_t) backup->wal_segment_size, "start", position_to_json(backup->start), "stop",
        position_to_json(backup->stop), "started", started, "stopped", stopped, "from_standby",
        backup->from_standby, "data_checksums", backup->data_checksums, "damaged", backup->damaged,
        "file_count", json_u64(backup->file_count), "logical_bytes",
        json_u64(backup->logical_bytes), "stored_bytes", json_u64(backup->stored_bytes),
        "new_bytes", json_u64(backup->new_bytes), "packed_bytes", json_u64(backup->packed_bytes),
        "live_bytes", json_u64(backup->live_bytes), "extent_count", json_u64(backup->extent_count),
        "pack_count", (json_int_t) backup->pack_count, "healed_files",
        (json_int_t) backup->healed_files, "healed_blocks", (json_int_t) backup->healed_blocks,
        "wal_kept", (json_int_t) backup->wal_kept);
}

static enum status
time_from_json(const json_t *object, const char *name, time_us *time, struct error *err)
{
    const char *text;

    TRY(member_text(object, name, &text, err));
    if (time_parse(text, time, err) == OK)
        return OK;
    return error_set(err, STATUS_CORRUPT, "member \"%s\": invalid time \"%s\"", name, text);
}

enum status
backup_from_json(const json_t *object, struct backup *backup, struct error *err)
{
    const char *parent = "";
    const char *id;

    TRY(member_text(object, "id", &id, err));
    if (!backup_id_is_valid(id))
        return error_set(err, STATUS_CORRUPT, "invalid backup id \"%s\"", id);
    snprintf(backup->id, sizeof(backup->id), "%s", id);
    TRY(member_text_optional(object, "parent", &parent, err));
    if (parent[0] != '\0' && !backup_id_is_valid(parent))
        return error_set(err, STATUS_CORRUPT, "invalid backup id \"%s\"", parent);
    snprintf(backup->parent, sizeof(backup->parent), "%s", parent);
    TRY(member_u64(object, "system_identifier", &backup->system_identifier, err));
    TRY(member_u32(object, "major", &backup->major, err));
    TRY(member_u32(object, "wal_segment_size", &backup->wal_segment_size, err));
    if (!pg_wal_segment_size_valid(backup->wal_segment_size))
        return error_set(err, STATUS_CORRUPT, "impossible WAL segment size %u",
                         backup->wal_segment_size);
    TRY(position_from_json(object, "start", &backup->start, err));
    TRY(position_from_json(object, "stop", &backup->stop, err));
    TRY(time_from_json(object, "started", &backup->started, err));
    TRY(time_from_json(object, "stopped", &backup->stopped, err));
    TRY(member_bool(object, "from_standby", &backup->from_standby, err));
    TRY(member_bool(object, "data_checksums", &backup->data_checksums, err));
    TRY(member_bool(object, "damaged", &backup->damaged, err));
    TRY(member_u64(object, "file_count", &backup->file_count, err));
    TRY(member_u64(object, "logical_bytes", &backup->logical_bytes, err));
    TRY(member_u64(object, "stored_bytes", &backup->stored_bytes, err));
    TRY(member_u64(object, "new_bytes", &backup->new_bytes, err));
    TRY(member_u64(object, "packed_bytes", &backup->packed_bytes, err));
    TRY(member_u64(object, "live_bytes", &backup->live_bytes, err));
    TRY(member_u64(object, "extent_count", &backup->extent_count, err));
    TRY(member_u32(object, "pack_count", &backup->pack_count, err));
    TRY(member_u32(object, "healed_files", &backup->healed_files, err));
    TRY(member_u32(object, "healed_blocks", &backup->healed_blocks, err));
    return member_u32(object, "wal_kept", &backup->wal_kept, err);
}
