// SPDX-License-Identifier: PostgreSQL
#include "pg/backup_manifest.h"

#include "base/file.h"
#include "base/json.h"
#include "pg/line.h"
#include "pg/native.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A path of 1024 bytes, each of them escaped, and the rest of its line fit easily. */
#define LINE_MAX_BYTES (64 * 1024)
#define PATH_MAX_BYTES 1024
#define CHECKSUM_MAX   64

/* What the next line must be. */
enum manifest_state
{
    AT_VERSION,
    AT_SYSTEM_IDENTIFIER,
    AT_FILES,
    IN_FILES,
    AT_WAL_RANGES,
    IN_WAL_RANGES,
    AT_CHECKSUM,
    AT_END,
};

struct pg_backup_manifest
{
    struct pg_backup_manifest_handler handler; /* set at creation, never changed after */

    enum manifest_state state;
    bool more;          /* in a list: a comma promised another entry */
    bool first;         /* in a list: no entry was read */
    struct buffer line; /* one that has not come whole */
    uint64_t line_number;
    struct pg_backup_manifest_summary summary;
};

enum status
pg_backup_manifest_create(struct pg_backup_manifest **manifest,
                          const struct pg_backup_manifest_handler *handler, struct error *err)
{
    struct pg_backup_manifest *created = calloc(1, sizeof(*created));

    if (created == NULL)
        return error_no_memory(err);
    created->handler = *handler;
    created->line = BUFFER_INIT(LINE_MAX_BYTES);
    *manifest = created;
    return OK;
}

void
pg_backup_manifest_freep(struct pg_backup_manifest **manifest)
{
    if (*manifest == NULL)
        return;
    buffer_release(&(*manifest)->line);
    free(*manifest);
    *manifest = NULL;
}

static enum status
malformed(struct error *err, const char *expected)
{
    return error_set(err, STATUS_CORRUPT, "expected %s", expected);
}

static enum status
read_version(struct pg_backup_manifest *manifest, struct bytes line, struct error *err)
{
    uint32_t version;

    if (!line_take(&line, "{ \"PostgreSQL-Backup-Manifest-Version\": ") ||
        !line_take_u32(&line, &version) || !line_take(&line, ",") || line.size != 0)
        return malformed(err, "the manifest's version");
    if (version != 1 && version != 2)
        return error_set(err, STATUS_UNSUPPORTED, "manifest version %" PRIu32 " is not supported",
                         version);
    manifest->summary.version = (int) version;
    manifest->state = version == 1 ? AT_FILES : AT_SYSTEM_IDENTIFIER;
    return OK;
}

static enum status
read_system_identifier(struct pg_backup_manifest *manifest, struct bytes line, struct error *err)
{
    if (!line_take(&line, "\"System-Identifier\": ") ||
        !line_take_u64(&line, &manifest->summary.system_identifier) || !line_take(&line, ",") ||
        line.size != 0)
        return malformed(err, "the system identifier");
    manifest->state = AT_FILES;
    return OK;
}

static enum status
read_list_start(struct pg_backup_manifest *manifest, struct bytes line, const char *start,
                struct error *err)
{
    if (!line_take(&line, start) || line.size != 0)
        return malformed(err, start);
    manifest->state++;
    manifest->first = true;
    manifest->more = false;
    return OK;
}

static const struct
{
    const char *name;
    size_t size;
} algorithms[] = {
    [PG_MANIFEST_CHECKSUM_NONE] = {"NONE", 0},      [PG_MANIFEST_CHECKSUM_CRC32C] = {"CRC32C", 4},
    [PG_MANIFEST_CHECKSUM_SHA224] = {"SHA224", 28}, [PG_MANIFEST_CHECKSUM_SHA256] = {"SHA256", 32},
    [PG_MANIFEST_CHECKSUM_SHA384] = {"SHA384", 48}, [PG_MANIFEST_CHECKSUM_SHA512] = {"SHA512", 64},
};

static enum status
read_checksum(const json_t *entry, uint8_t bytes[CHECKSUM_MAX],
              struct pg_backup_manifest_file *file, struct error *err)
{
    const char *name;

    if (!member_exists(entry, "Checksum-Algorithm") && !member_exists(entry, "Checksum"))
        return OK;
    TRY(member_text(entry, "Checksum-Algorithm", &name, err));
    for (size_t index = 1; index < sizeof(algorithms) / sizeof(algorithms[0]); index++)
    {
        if (strcmp(name, algorithms[index].name) != 0)
            continue;
        file->algorithm = (enum pg_backup_manifest_checksum) index;
        file->checksum = (struct bytes){bytes, algorithms[index].size};
        TRY(member_hex(entry, "Checksum", bytes, file->checksum.size, err));
        /* The server prints the bytes of the number as they are in its memory. */
        if (index == PG_MANIFEST_CHECKSUM_CRC32C)
            file->crc32c = native_u32(bytes);
        return OK;
    }
    return error_set(err, STATUS_UNSUPPORTED, "unknown checksum algorithm \"%.32s\"", name);
}

/* A name that is not UTF-8 comes as hexadecimal digits. */
static enum status
read_path(const json_t *entry, char decoded[PATH_MAX_BYTES + 1], const char **path,
          struct error *err)
{
    const char *encoded;
    size_t size;

    if (!member_exists(entry, "Encoded-Path"))
        TRY(member_text(entry, "Path", path, err));
    else
    {
        TRY(member_text(entry, "Encoded-Path", &encoded, err));
        size = strlen(encoded) / 2;
        if (size > PATH_MAX_BYTES || member_exists(entry, "Path") ||
            !hex_decode(encoded, (uint8_t *) decoded, size) || memchr(decoded, '\0', size) != NULL)
            return malformed(err, "one path, its digits hexadecimal");
        decoded[size] = '\0';
        *path = decoded;
    }
    if (!path_is_contained(*path))
        return error_set(err, STATUS_CORRUPT, "path \"%.256s\" leaves the data directory", *path);
    return OK;
}

static enum status
read_file(struct pg_backup_manifest *manifest, const json_t *entry, struct error *err)
{
    struct pg_backup_manifest_file file = {0};
    char decoded[PATH_MAX_BYTES + 1];
    uint8_t checksum[CHECKSUM_MAX];

    TRY(read_path(entry, decoded, &file.path, err));
    TRY(member_u64(entry, "Size", &file.size_bytes, err));
    TRY(read_checksum(entry, checksum, &file, err));
    manifest->summary.file_count++;
    if (manifest->handler.file == NULL)
        return OK;
    return manifest->handler.file(manifest->handler.arg, &file, err);
}

static enum status
read_lsn(const json_t *entry, const char *name, pg_lsn *lsn, struct error *err)
{
    const char *text;

    TRY(member_text(entry, name, &text, err));
    if (text[0] == '\0' || pg_lsn_scan(text, strlen(text), lsn) != strlen(text))
        return error_set(err, STATUS_CORRUPT, "member \"%s\": expected an LSN", name);
    return OK;
}

static enum status
read_wal_range(struct pg_backup_manifest *manifest, const json_t *entry, struct error *err)
{
    struct pg_backup_manifest_wal_range range;

    TRY(member_u32(entry, "Timeline", &range.timeline, err));
    TRY(read_lsn(entry, "Start-LSN", &range.start, err));
    TRY(read_lsn(entry, "End-LSN", &range.end, err));
    if (range.timeline == 0 || range.end < range.start)
        return malformed(err, "a range of WAL on a timeline");
    if (manifest->handler.wal_range == NULL)
        return OK;
    return manifest->handler.wal_range(manifest->handler.arg, &range, err);
}

/* An entry, with a comma when another follows; or the end of the list. */
static enum status
read_list(struct pg_backup_manifest *manifest, struct bytes line,
          enum status (*read_entry)(struct pg_backup_manifest *, const json_t *, struct error *),
          struct error *err)
{
    SCOPED(json_freep) json_t *entry = NULL;

    if (line_take(&line, "],") && line.size == 0 && !manifest->more)
    {
        manifest->state++;
        return OK;
    }
    if (!manifest->first && !manifest->more)
        return malformed(err, "the end of the list");
    manifest->first = false;
    manifest->more = line.size > 0 && line.data[line.size - 1] == ',';
    if (manifest->more)
        line.size--;
    if (line.size == 0 || line.data[0] != '{')
        return malformed(err, "an entry of the list");
    TRY(json_parse(line, LINE_MAX_BYTES, &entry, err));
    return read_entry(manifest, entry, err);
}

static enum status
read_digest(struct pg_backup_manifest *manifest, struct bytes line, struct error *err)
{
    char digits[PG_BACKUP_MANIFEST_DIGEST_SIZE * 2 + 1];

    if (!line_take(&line, "\"Manifest-Checksum\": \"") || line.size != sizeof(digits) - 1 + 2 ||
        memcmp(line.data + sizeof(digits) - 1, "\"}", 2) != 0)
        return malformed(err, "the manifest's checksum");
    line.size = sizeof(digits) - 1;
    if (!line_take_rest(&line, digits, sizeof(digits)) ||
        !hex_decode(digits, manifest->summary.digest, PG_BACKUP_MANIFEST_DIGEST_SIZE))
        return malformed(err, "the manifest's checksum");
    manifest->state = AT_END;
    return OK;
}

static enum status
read_line(struct pg_backup_manifest *manifest, struct bytes line, struct error *err)
{
    switch (manifest->state)
    {
    case AT_VERSION:
        return read_version(manifest, line, err);
    case AT_SYSTEM_IDENTIFIER:
        return read_system_identifier(manifest, line, err);
    case AT_FILES:
        return read_list_start(manifest, line, "\"Files\": [", err);
    case IN_FILES:
        return read_list(manifest, line, read_file, err);
    case AT_WAL_RANGES:
        return read_list_start(manifest, line, "\"WAL-Ranges\": [", err);
    case IN_WAL_RANGES:
        return read_list(manifest, line, read_wal_range, err);
    case AT_CHECKSUM:
        return read_digest(manifest, line, err);
    case AT_END:
        break;
    }
    return malformed(err, "the end of the manifest");
}

/* A whole line, with its line feed; what comes before the checksum's line is covered by it. */
static enum status
take_line(struct pg_backup_manifest *manifest, struct bytes line, struct error *err)
{
    struct bytes text = {line.data, line.size - 1};
    bool covered = manifest->state < AT_CHECKSUM;
    enum status status;

    manifest->line_number++;
    status = read_line(manifest, text, err);
    if (status != OK)
    {
        error_context(err, "backup manifest, line %" PRIu64, manifest->line_number);
        return status;
    }
    if (!covered)
        return OK;
    manifest->summary.covered_bytes += line.size;
    if (manifest->handler.covered == NULL)
        return OK;
    return manifest->handler.covered(manifest->handler.arg, line, err);
}

static enum status
keep_part(struct pg_backup_manifest *manifest, struct bytes part, struct error *err)
{
    if (part.size > LINE_MAX_BYTES - manifest->line.size)
        return error_set(err, STATUS_CORRUPT,
                         "invalid backup manifest, line %" PRIu64 ": longer than %d bytes",
                         manifest->line_number + 1, LINE_MAX_BYTES);
    return buffer_append(&manifest->line, part, err);
}

enum status
pg_backup_manifest_feed(struct pg_backup_manifest *manifest, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
    {
        const uint8_t *feed = memchr(bytes.data, '\n', bytes.size);
        struct bytes part = {bytes.data,
                             feed == NULL ? bytes.size : (size_t) (feed - bytes.data) + 1};

        bytes.data += part.size;
        bytes.size -= part.size;
        if (feed == NULL || manifest->line.size > 0)
            TRY(keep_part(manifest, part, err));
        if (feed == NULL)
            return OK;
        if (manifest->line.size == 0)
        {
            TRY(take_line(manifest, part, err));
            continue;
        }
        TRY(take_line(manifest, buffer_bytes(&manifest->line), err));
        buffer_consume(&manifest->line, manifest->line.size);
    }
    return OK;
}

enum status
pg_backup_manifest_finish(struct pg_backup_manifest *manifest,
                          struct pg_backup_manifest_summary *summary, struct error *err)
{
    if (manifest->state != AT_END || manifest->line.size > 0)
        return error_set(err, STATUS_CORRUPT,
                         "backup manifest is cut off or has text after its end, at line %" PRIu64,
                         manifest->line_number + 1);
    *summary = manifest->summary;
    return OK;
}
