// SPDX-License-Identifier: PostgreSQL
#include "pg/control.h"

#include "base/crc32c.h"
#include "base/file.h"
#include "pg/native.h"

#include <inttypes.h>

#define READ_ATTEMPTS 5
#define READ_PAUSE_MS 20

/* Where the fields are that majors do not agree on, and whose they are. */
struct control_layout
{
    int major;
    uint32_t control_version;
    uint32_t catalog_version; /* at least: 15 and 16 have the same control version */
    uint16_t next_xid;
    uint16_t checkpoint_time;
    uint16_t min_recovery; /* and what follows, up to the float, at the same distances */
    uint16_t wal_block_size;
    uint16_t checksum_version;
    uint16_t crc;
};

static const struct control_layout layouts[] = {
    {16, 1300, 202307071, 64, 104, 136, 224, 252, 288},
    {15, 1300, 202209061, 64, 104, 136, 224, 252, 288},
    {17, 1700, 0, 64, 104, 136, 224, 252, 288},
    {18, 1800, 0, 64, 104, 136, 224, 252, 292},
    {19, 1905, 0, 72, 112, 144, 236, 268, 308}, /* since its release candidate */
};

static const struct control_layout *
layout_of(uint32_t control_version, uint32_t catalog_version)
{
    for (size_t index = 0; index < sizeof(layouts) / sizeof(layouts[0]); index++)
        if (layouts[index].control_version == control_version &&
            layouts[index].catalog_version <= catalog_version)
            return &layouts[index];
    return NULL;
}

static enum status
unsupported(uint32_t control_version, uint32_t catalog_version, struct error *err)
{
    error_set(err, STATUS_UNSUPPORTED,
              "pg_control has version %" PRIu32 " and catalog version %" PRIu32
              ", which no supported PostgreSQL writes",
              control_version, catalog_version);
    if (control_version > 0xffff)
        error_detail(err, "The file seems to come from a machine of another byte order.");
    error_hint(err, "PostgreSQL 15 to 19 are supported.");
    return STATUS_UNSUPPORTED;
}

static struct pg_wal_position
read_position(const uint8_t *bytes)
{
    return (struct pg_wal_position){.lsn = native_u64(bytes), .timeline = native_u32(bytes + 8)};
}

/* A pg_time_t: seconds since the Unix epoch. */
static time_us
read_time(const uint8_t *bytes)
{
    int64_t seconds = (int64_t) native_u64(bytes);

    if (seconds < 0 || seconds > INT64_MAX / US_PER_SECOND)
        return TIME_NONE;
    return seconds * US_PER_SECOND;
}

static void
read_state(const uint8_t *file, const struct control_layout *layout, struct pg_control *control)
{
    control->state = (enum pg_control_state) native_u32(file + 16);
    control->modified = read_time(file + 24);
    control->checkpoint.lsn = native_u64(file + 32);
    control->redo = native_u64(file + 40);
    control->checkpoint.timeline = native_u32(file + 48);
    control->previous_timeline = native_u32(file + 52);
    control->next_xid = native_u64(file + layout->next_xid);
    control->checkpoint_time = read_time(file + layout->checkpoint_time);
}

static void
read_recovery(const uint8_t *recovery, struct pg_control *control)
{
    control->min_recovery = read_position(recovery);
    control->backup_start = native_u64(recovery + 16);
    control->backup_end = native_u64(recovery + 24);
    control->backup_end_required = recovery[32] != 0;
    control->wal_level = (int32_t) native_u32(recovery + 36);
    control->wal_log_hints = recovery[40] != 0;
    control->max_connections = (int32_t) native_u32(recovery + 44);
    control->max_worker_processes = (int32_t) native_u32(recovery + 48);
    control->max_wal_senders = (int32_t) native_u32(recovery + 52);
    control->max_prepared_xacts = (int32_t) native_u32(recovery + 56);
    control->max_locks_per_xact = (int32_t) native_u32(recovery + 60);
    control->track_commit_timestamp = recovery[64] != 0;
    control->block_size = native_u32(recovery + 80);
    control->relation_segment_blocks = native_u32(recovery + 84);
}

/* A layout that fits the CRC by luck would have something else in these places. */
static enum status
check_fields(const uint8_t *file, const struct control_layout *layout,
             const struct pg_control *control, struct error *err)
{
    double float_format;

    memcpy(&float_format, file + layout->min_recovery + 72, sizeof(float_format));
    if (float_format != 1234567.0)
        return error_set(err, STATUS_UNSUPPORTED,
                         "pg_control of version %" PRIu32 " has an unknown layout",
                         control->control_version);
    if (control->state > PG_IN_PRODUCTION)
        return error_set(err, STATUS_CORRUPT, "pg_control has an unknown cluster state %d",
                         (int) control->state);
    if (control->wal_segment_size < (UINT32_C(1) << 20) ||
        control->wal_segment_size > (UINT32_C(1) << 30) ||
        (control->wal_segment_size & (control->wal_segment_size - 1)) != 0)
        return error_set(err, STATUS_CORRUPT, "pg_control has an invalid WAL segment size %" PRIu32,
                         control->wal_segment_size);
    return OK;
}

enum status
pg_control_parse(struct bytes content, struct pg_control *control, struct error *err)
{
    const struct control_layout *layout;
    const uint8_t *file = content.data;
    uint32_t crc;

    if (content.size < PG_CONTROL_FILE_SIZE)
        return error_set(err, STATUS_CORRUPT, "pg_control is %zu bytes long, expected %d",
                         content.size, PG_CONTROL_FILE_SIZE);
    *control = (struct pg_control){
        .system_identifier = native_u64(file),
        .control_version = native_u32(file + 8),
        .catalog_version = native_u32(file + 12),
    };
    layout = layout_of(control->control_version, control->catalog_version);
    if (layout == NULL)
        return unsupported(control->control_version, control->catalog_version, err);

    crc = crc32c_finish(crc32c_update(CRC32C_INIT, (struct bytes){file, layout->crc}));
    if (crc != native_u32(file + layout->crc))
        return error_set(err, STATUS_CORRUPT,
                         "pg_control has the wrong checksum: calculated %08" PRIX32
                         ", found %08" PRIX32,
                         crc, native_u32(file + layout->crc));
    control->major = layout->major;
    read_state(file, layout, control);
    read_recovery(file + layout->min_recovery, control);
    control->wal_block_size = native_u32(file + layout->wal_block_size);
    control->wal_segment_size = native_u32(file + layout->wal_block_size + 4);
    control->data_checksum_version = native_u32(file + layout->checksum_version);
    return check_fields(file, layout, control, err);
}

static enum status
read_once(const char *path, struct pg_control *control, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(PG_CONTROL_FILE_SIZE);
    enum status status;

    TRY(file_read(path, &content, err));
    status = pg_control_parse(buffer_bytes(&content), control, err);
    if (status != OK)
        error_context(err, "could not read \"%s\"", path);
    return status;
}

enum status
pg_control_read(const char *path, struct pg_control *control, struct error *err)
{
    enum status status = read_once(path, control, err);

    for (int attempt = 1; status == STATUS_CORRUPT && attempt < READ_ATTEMPTS; attempt++)
    {
        clock_pause_ms(READ_PAUSE_MS);
        status = read_once(path, control, err);
    }
    return status;
}

const char *
pg_control_state_name(enum pg_control_state state)
{
    static const char *const names[] = {
        [PG_STARTUP] = "starting up",
        [PG_SHUTDOWNED] = "shut down",
        [PG_SHUTDOWNED_IN_RECOVERY] = "shut down in recovery",
        [PG_SHUTDOWNING] = "shutting down",
        [PG_IN_CRASH_RECOVERY] = "in crash recovery",
        [PG_IN_ARCHIVE_RECOVERY] = "in archive recovery",
        [PG_IN_PRODUCTION] = "in production",
    };

    return state <= PG_IN_PRODUCTION ? names[state] : "in an unknown state";
}
