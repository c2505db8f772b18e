// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/manifest.h"
#include "base/crc32c.h"
#include "repo/object.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

#define BACKUP_ID "2026-11-21T02-12-34-0001"

static const struct manifest_header header = {.backup_id = BACKUP_ID, .major = 15};

/* A file as it arrives, and as the server's manifest has it; content is its path. */
struct entry
{
    const char *path;
    bool arrives;
    bool listed;
    int listed_size_off; /* how wrong the server's manifest is */
    uint32_t listed_crc_off;
};

#define ENTRY_COUNT 4

static enum status
append_entry(struct buffer *text, const struct entry *entry, bool first, struct error *err)
{
    uint32_t crc = crc32c_finish(crc32c_update(CRC32C_INIT, bytes_of(entry->path)));
    char checksum[9];

    crc ^= entry->listed_crc_off;
    hex_encode((struct bytes){(uint8_t *) &crc, sizeof(crc)}, checksum);
    return buffer_append_text(text, err,
                              "%s{ \"Path\": \"%s\", \"Size\": %d, \"Last-Modified\": "
                              "\"2026-11-21 02:12:34 GMT\", \"Checksum-Algorithm\": \"CRC32C\", "
                              "\"Checksum\": \"%s\" }",
                              first ? "" : ",\n", entry->path,
                              (int) strlen(entry->path) + entry->listed_size_off, checksum);
}

/* What the server would send. */
static enum status
write_server_manifest(struct buffer *text, const struct entry *entries, struct error *err)
{
    struct digest digest;
    char hex[DIGEST_TEXT_SIZE];
    bool first = true;

    TRY(buffer_append_text(text, err,
                           "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"));
    /* Not in our order: the server's is that of its directories. */
    for (size_t index = ENTRY_COUNT; index-- > 0;)
        if (entries[index].listed)
        {
            TRY(append_entry(text, &entries[index], first, err));
            first = false;
        }
    TRY(buffer_append_text(text, err,
                           "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": 1, \"Start-LSN\": "
                           "\"0/2000028\", \"End-LSN\": \"0/2000100\" }\n],\n"));
    TRY(digest_of(NULL, buffer_bytes(text), &digest, err));
    digest_format(&digest, hex);
    return buffer_append_text(text, err, "\"Manifest-Checksum\": \"%s\"}\n", hex);
}

static enum status
send_files(struct backup_frames *frames, const struct entry *entries, struct error *err)
{
    const struct backup_file directory = {.file = {.type = MANIFEST_DIRECTORY}};

    TRY(backup_frames_begin(frames, "base", 0, err));
    TRY(backup_frames_end(frames, &directory, err));
    for (size_t index = 0; index < ENTRY_COUNT; index++)
    {
        struct backup_file file = {.file = {.mode = 0600}};
        struct bytes content;

        if (!entries[index].arrives)
            continue; /* such as the rest of a short table */
        content = bytes_of(entries[index].path);
        file.file.size_bytes = file.sent_bytes = content.size;
        file.sent_crc32c = crc32c_finish(crc32c_update(CRC32C_INIT, content));
        TRY(backup_frames_begin(frames, entries[index].path, content.size, err));
        TRY(backup_frames_data(frames, 0, content, err));
        TRY(backup_frames_end(frames, &file, err));
    }
    return backup_frames_finish(frames, err);
}

static enum status
commit(struct repo *repo, struct bytes server_manifest, struct backup_frames *frames,
       struct manifest_totals *totals, struct error *err)
{
    SCOPED(backup_manifest_freep) struct backup_manifest *manifest = NULL;
    const struct backup_overlay_options overlay = {.repo = repo, .frames = frames};

    TRY(backup_manifest_create(&manifest, repo, BACKUP_ID, 65536, err));
    for (size_t at = 0; at < server_manifest.size; at++) /* as the network may cut it */
        TRY(backup_manifest_write(manifest, (struct bytes){server_manifest.data + at, 1}, err));
    TRY(backup_manifest_finish(manifest, err));
    TRY(backup_records_sort(backup_frames_records(frames), err));
    return backup_manifest_commit(manifest, &overlay, &header, totals, err);
}

/* Back up these files, hold them against this manifest. */
static enum status
run(struct repo *repo, const struct entry *entries, struct bytes server_manifest,
    struct manifest_totals *totals, struct error *err)
{
    const struct backup_frames_options options = {
        .repo = repo, .workers = 1, .uploaders = 1, .sort_memory = 65536};
    SCOPED(backup_frames_freep) struct backup_frames *frames = NULL;
    SCOPED(group_freep) struct group *group = NULL;

    TRY(group_create(&group, err));
    TRY(backup_frames_create(&frames, &options, group, err));
    TRY(send_files(frames, entries, err));
    TRY(group_join(group, err));
    return commit(repo, server_manifest, frames, totals, err);
}

static void
assert_no_manifest(struct repo *repo)
{
    struct error err = {0};
    uint64_t size_bytes;

    assert_status(store_size(repo->store, "shop/backups/" BACKUP_ID "/manifest", &size_bytes, &err),
                  STATUS_NOT_FOUND);
}

static void
what_the_server_lists_is_committed(void **state)
{
    static const struct entry entries[ENTRY_COUNT] = {
        {"PG_VERSION", true, true, 0, 0},
        {"base/1", true, true, 0, 0},
        {"base/1/2", true, true, 0, 0},
        {"global", true, true, 0, 0},
    };
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
    SCOPED(buffer_release) struct buffer kept = BUFFER_INIT(65536);
    const struct manifest_handler handler = {0};
    struct manifest_totals totals;
    struct test_repository test;
    struct error err = {0};

    (void) state;
    test_repository_open(&test, true);
    assert_ok(write_server_manifest(&text, entries, &err));
    assert_ok(run(test.repo, entries, buffer_bytes(&text), &totals, &err));
    assert_int_equal(totals.files, ENTRY_COUNT);
    assert_int_equal(totals.directories, 1);
    assert_ok(manifest_read(test.repo, BACKUP_ID, &handler, &err));
    assert_ok(object_get(test.repo, "shop/backups/" BACKUP_ID "/postgres-manifest",
                         OBJECT_COMPRESSED, &kept, &err));
    assert_true(bytes_equal(buffer_bytes(&kept), buffer_bytes(&text)));
    test_repository_close(&test);
}

static void
what_differs_from_the_server_s_list_is_corrupt(void **state)
{
    static const struct
    {
        struct entry odd;
        const char *message;
    } cases[] = {
        {{"base/1", true, true, 1, 0}, "\"base/1\" arrived with 6 bytes"},
        {{"base/1", true, true, -1, 0}, "\"base/1\" arrived with 6 bytes"},
        {{"base/1", true, true, 0, 1}, "\"base/1\" arrived with 6 bytes"},
        {{"base/1", true, false, 0, 0},
         "\"base/1\" came, and the server's manifest has \"global\""},
        {{"base/1", false, true, 0, 0},
         "\"global\" came, and the server's manifest has \"base/1\""},
        {{"zzz", true, false, 0, 0}, "\"zzz\" came, and the server's manifest has \"nothing\""},
        {{"zzz", false, true, 0, 0}, "\"zzz\" is in the server's manifest and did not come"},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        const struct entry entries[ENTRY_COUNT] = {
            {"PG_VERSION", true, true, 0, 0}, {"global", true, true, 0, 0}, cases[index].odd};
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
        struct manifest_totals totals;
        struct test_repository test;
        struct error err = {0};

        test_repository_open(&test, true);
        assert_ok(write_server_manifest(&text, entries, &err));
        assert_status(run(test.repo, entries, buffer_bytes(&text), &totals, &err), STATUS_CORRUPT);
        assert_message(cases[index].message);
        assert_no_manifest(test.repo);
        test_repository_close(&test);
    }
}

/* Nothing of it may be stored as if it were the server's word. */
static void
a_server_s_manifest_that_was_cut_or_changed_is_corrupt(void **state)
{
    static const struct entry entries[ENTRY_COUNT] = {{"PG_VERSION", true, true, 0, 0},
                                                      {"base/1", true, true, 0, 0}};
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
    struct test_repository test;
    struct error err = {0};
    uint64_t size_bytes;

    (void) state;
    test_repository_open(&test, true);
    assert_ok(write_server_manifest(&text, entries, &err));
    for (size_t size = 0; size < text.size - 1; size += 7)
        assert_status(commit(test.repo, (struct bytes){text.data, size}, NULL, NULL, &err),
                      STATUS_CORRUPT);
    /* The time of the last change is nobody's but the checksum's. */
    for (uint8_t *digit = text.data; digit < text.data + text.size; digit++)
        if (memcmp(digit, "02:12:34", 8) == 0)
            *digit = '1';
    assert_status(commit(test.repo, buffer_bytes(&text), NULL, NULL, &err), STATUS_CORRUPT);
    assert_message("does not match its checksum");
    assert_status(store_size(test.repo->store, "shop/backups/" BACKUP_ID "/postgres-manifest",
                             &size_bytes, &err),
                  STATUS_NOT_FOUND);
    assert_no_manifest(test.repo);
    test_repository_close(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_server_lists_is_committed),
        cmocka_unit_test(what_differs_from_the_server_s_list_is_corrupt),
        cmocka_unit_test(a_server_s_manifest_that_was_cut_or_changed_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
