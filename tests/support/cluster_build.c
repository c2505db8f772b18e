// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/cluster_build.h"

#include "base/crc32c.h"
#include "base/file.h"
#include "pg/wal_record.h"
#include "repo/object.h"
#include "repo/wal.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define POSTGRES_EPOCH INT64_C(946684800)

void
cluster_build_open(struct cluster_build *build, bool encrypted)
{
    struct error err = {0};
    struct lineage lineage = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, CLUSTER_BUILD_SEGMENT_SIZE, 15};
    struct catalog_entry entry = {.lineage = &lineage};

    *build = (struct cluster_build){0};
    test_repository_open(&build->test, encrypted);
    build->repo = build->test.repo;
    assert_ok(
        catalog_append(build->repo, &build->catalog, &entry, (struct catalog_check){0}, &err));
    assert_ok(lineage_publish(build->repo, &lineage, &err));
}

void
cluster_build_close(struct cluster_build *build)
{
    catalog_release(&build->catalog);
    test_repository_close(&build->test);
}

static pg_lsn
add_record(struct wal_build *wal, uint8_t rmid, uint8_t info, uint32_t xid, struct bytes main)
{
    struct buffer payload = BUFFER_INIT(4 * CLUSTER_BUILD_SEGMENT_SIZE);
    pg_lsn lsn;

    wal_build_main(&payload, main);
    lsn = wal_build_add(
        wal, (struct wal_build_record){
                 .rmid = rmid, .info = info, .xid = xid, .payload = buffer_bytes(&payload)});
    buffer_release(&payload);
    return lsn;
}

static int64_t
postgres_time(time_us time)
{
    return time - POSTGRES_EPOCH * US_PER_SECOND;
}

pg_lsn
cluster_build_commit(struct wal_build *wal, uint32_t xid, time_us time)
{
    int64_t stamp = postgres_time(time);

    return add_record(wal, PG_WAL_RM_XACT, 0x00, xid, (struct bytes){(uint8_t *) &stamp, 8});
}

pg_lsn
cluster_build_commit_with_child(struct wal_build *wal, uint32_t xid, uint32_t child, time_us time)
{
    int64_t stamp = postgres_time(time);
    uint32_t rest[3] = {2 /* subtransactions */, 1, child};
    uint8_t main[20];

    memcpy(main, &stamp, 8);
    memcpy(main + 8, rest, 12);
    return add_record(wal, PG_WAL_RM_XACT, 0x80, xid, (struct bytes){main, sizeof(main)});
}

pg_lsn
cluster_build_restore_point(struct wal_build *wal, const char *name, time_us time)
{
    int64_t stamp = postgres_time(time);
    uint8_t main[72] = {0};

    memcpy(main, &stamp, 8);
    snprintf((char *) main + 8, 64, "%s", name);
    return add_record(wal, PG_WAL_RM_XLOG, 0x70, 0, (struct bytes){main, sizeof(main)});
}

void
cluster_build_fill_to(struct wal_build *wal, uint64_t number)
{
    static const uint8_t zeros[100 * 1024];

    while (wal_build_next(wal) / wal->segment_size < number)
    {
        uint64_t left = number * wal->segment_size - wal_build_next(wal);

        add_record(wal, PG_WAL_RM_XLOG, 0x20, 0,
                   (struct bytes){zeros, left < sizeof(zeros) ? 100 : sizeof(zeros)});
    }
}

static void
push_bytes(struct cluster_build *build, const char *name, const char *key, struct bytes content)
{
    SCOPED(fd_closep) int fd = memfd_create("wal", MFD_CLOEXEC);
    struct wal_file file = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, name};
    enum wal_push_result result;
    struct error err = {0};

    assert_true(fd >= 0);
    assert_ok(fd_write(fd, content, name, &err));
    if (key == NULL)
        assert_ok(wal_push(build->repo, &file, fd, name, &result, &err));
    else
        assert_ok(wal_push_key(build->repo, key, fd, name, &result, &err));
}

/* One segment of what was built. */
static struct bytes
cut_segment(struct wal_build *wal, uint64_t number)
{
    uint64_t offset = number * wal->segment_size - wal->start;

    wal_build_zeros(wal, (number + 1) * wal->segment_size);
    return (struct bytes){wal->bytes.data + offset, wal->segment_size};
}

void
cluster_build_archive(struct cluster_build *build, struct wal_build *wal, uint64_t omit)
{
    uint64_t first = wal->start / wal->segment_size;
    uint64_t end = (wal_build_next(wal) - 1) / wal->segment_size + 1;
    char name[PG_WAL_SEGMENT_NAME_SIZE];

    for (uint64_t number = first; number < end; number++)
    {
        struct bytes content = cut_segment(wal, number);

        pg_wal_segment_name((struct pg_wal_segment){wal->timeline, number}, wal->segment_size,
                            name);
        if (number != omit)
            push_bytes(build, name, NULL, content);
    }
}

void
cluster_build_keep(struct cluster_build *build, struct wal_build *wal, const char *backup_id,
                   uint64_t number)
{
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    char path[64];
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    pg_wal_segment_name((struct pg_wal_segment){wal->timeline, number}, wal->segment_size, name);
    snprintf(path, sizeof(path), "wal/%s", name);
    assert_ok(backup_key(build->repo, backup_id, path, key, &err));
    push_bytes(build, name, key, cut_segment(wal, number));
}

void
cluster_build_history(struct cluster_build *build, pg_timeline timeline, const char *content)
{
    char name[PG_WAL_FILE_NAME_SIZE];

    pg_wal_history_name(timeline, name);
    push_bytes(build, name, NULL, bytes_of(content));
}

void
cluster_build_keep_history(struct cluster_build *build, const char *backup_id, pg_timeline timeline,
                           const char *content)
{
    char name[PG_WAL_FILE_NAME_SIZE];
    char path[64];
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    pg_wal_history_name(timeline, name);
    snprintf(path, sizeof(path), "wal/%s", name);
    assert_ok(backup_key(build->repo, backup_id, path, key, &err));
    push_bytes(build, name, key, bytes_of(content));
}

/* Where each file's content went: one frame each. */
#define FILES_MAX 64

static size_t
write_packs(struct cluster_build *build, const struct cluster_build_backup *backup,
            struct frame_place places[FILES_MAX], struct pack *pack)
{
    SCOPED(pack_writer_freep) struct pack_writer *writer = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    SCOPED(pack_packer_freep) struct pack_packer *packer = NULL;
    const struct pack *packs;
    struct error err = {0};
    size_t count;

    assert_ok(group_create(&group, &err));
    assert_ok(
        pack_writer_create(&writer, build->repo, backup_tag(backup->backup.id), 1, group, &err));
    assert_ok(pack_packer_create(&packer, writer, &err));
    for (size_t index = 0; backup->files[index].path != NULL; index++)
    {
        const struct cluster_build_file *file = &backup->files[index];
        uint8_t control[8192];
        struct bytes content = file->content == NULL ? (struct bytes){0} : bytes_of(file->content);

        assert_true(index < FILES_MAX);
        if (strcmp(file->path, "global/pg_control") == 0)
        {
            cluster_build_control(control);
            content = (struct bytes){control, sizeof(control)};
        }
        if (content.size > 0)
            assert_ok(pack_packer_add(packer, content, &places[index], &err));
    }
    assert_ok(pack_writer_finish(writer, &err));
    assert_ok(group_join(group, &err));
    packs = pack_writer_packs(writer, &count);
    assert_true(count <= 1);
    if (count == 1)
        *pack = packs[0];
    return count;
}

static void
write_file(struct manifest_writer *writer, const struct cluster_build_file *file,
           const struct frame_place *place)
{
    bool control = strcmp(file->path, "global/pg_control") == 0;
    uint32_t length = control ? 8192 : file->content == NULL ? 0 : (uint32_t) strlen(file->content);
    struct manifest_file written = {
        .path = file->path,
        .type = file->content == NULL && !control ? MANIFEST_DIRECTORY : MANIFEST_FILE,
        .mode = file->content == NULL && !control ? 0700 : 0600,
        .size_bytes = file->size_bytes > length ? file->size_bytes : length,
    };
    struct manifest_extent extent = {.length = length, .frame = *place};
    struct error err = {0};

    assert_ok(manifest_writer_file(writer, &written, &err));
    if (length > 0)
        assert_ok(manifest_writer_extent(writer, &extent, &err));
}

static void
write_manifest(struct cluster_build *build, const struct cluster_build_backup *backup,
               const struct frame_place *places, const struct pack *pack)
{
    SCOPED(manifest_writer_freep) struct manifest_writer *writer = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct manifest_header header = {
        .backup_id = backup->backup.id,
        .system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER,
        .major = 15,
        .tablespaces = backup->tablespaces,
        .tablespace_count = backup->tablespace_count,
    };
    struct manifest_totals totals;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(backup_key(build->repo, backup->backup.id, "manifest", key, &err));
    assert_ok(object_create(build->repo, key, OBJECT_COMPRESSED, NULL, &sink, &err));
    assert_ok(manifest_writer_create(&writer, &sink, &header, &err));
    for (size_t index = 0; backup->files[index].path != NULL; index++)
        write_file(writer, &backup->files[index], &places[index]);
    if (pack != NULL)
        assert_ok(manifest_writer_pack(writer, pack, &err));
    assert_ok(manifest_writer_finish(writer, &totals, &err));
}

void
cluster_build_backup(struct cluster_build *build, const struct cluster_build_backup *backup)
{
    struct backup committed = backup->backup;
    struct catalog_entry entry = {.backup = &committed};
    struct frame_place places[FILES_MAX] = {0};
    struct error err = {0};
    struct pack pack;
    size_t packs = write_packs(build, backup, places, &pack);

    write_manifest(build, backup, places, packs == 0 ? NULL : &pack);
    committed.system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER;
    committed.major = 15;
    committed.wal_segment_size = CLUSTER_BUILD_SEGMENT_SIZE;
    committed.started = committed.stopped - US_PER_SECOND;
    assert_ok(
        catalog_append(build->repo, &build->catalog, &entry, (struct catalog_check){0}, &err));
}

static void
put_u32(uint8_t *content, size_t offset, uint32_t value)
{
    memcpy(content + offset, &value, sizeof(value));
}

void
cluster_build_control(uint8_t content[8192])
{
    uint64_t system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER;
    double float_format = 1234567.0;

    memset(content, 0, 8192);
    memcpy(content, &system_identifier, 8);
    put_u32(content, 8, 1300);
    put_u32(content, 12, 202209061);
    put_u32(content, 16, 6);
    put_u32(content, 48, 1);
    put_u32(content, 52, 1);
    put_u32(content, 172, 1);
    put_u32(content, 180, 123);
    put_u32(content, 184, 9);
    put_u32(content, 188, 11);
    put_u32(content, 192, 3);
    put_u32(content, 196, 65);
    put_u32(content, 204, 8);
    memcpy(content + 208, &float_format, 8);
    put_u32(content, 216, 8192);
    put_u32(content, 220, 131072);
    put_u32(content, 224, 8192);
    put_u32(content, 228, CLUSTER_BUILD_SEGMENT_SIZE);
    put_u32(content, 288, crc32c_finish(crc32c_update(CRC32C_INIT, (struct bytes){content, 288})));
}
