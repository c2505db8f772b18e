// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/backup_manifest.h"

#include <stdio.h>

#define ZEROS8 "00000000"
#define DIGEST ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 "0000abCD"

#define VERSION_1 "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
#define VERSION_2                                                                                  \
    "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 18446744073709551615,\n"
#define FILES "\"Files\": [\n"
#define LABEL_FILE                                                                                 \
    "{ \"Path\": \"backup_label\", \"Size\": 227, \"Last-Modified\": \"2026-11-21 02:38:06 "       \
    "GMT\", "                                                                                      \
    "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"8a744722\" }"
#define END_FILES "\n],\n"
#define RANGES                                                                                     \
    "\"WAL-Ranges\": [\n"                                                                          \
    "{ \"Timeline\": 1, \"Start-LSN\": \"0/B000028\", \"End-LSN\": \"0/0B000100\" }\n"             \
    "],\n"
#define CHECKSUM "\"Manifest-Checksum\": \"" DIGEST "\"}\n"

#define WHOLE VERSION_1 FILES LABEL_FILE END_FILES RANGES CHECKSUM

struct seen
{
    int files;
    int ranges;
    char path[256];
    struct pg_backup_manifest_file file;
    uint8_t checksum[64];
    struct pg_backup_manifest_wal_range range;
    char covered[4096];
    size_t covered_size;
};

static enum status
see_file(void *arg, const struct pg_backup_manifest_file *file, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    seen->files++;
    seen->file = *file;
    snprintf(seen->path, sizeof(seen->path), "%s", file->path);
    if (file->checksum.size > 0)
        memcpy(seen->checksum, file->checksum.data, file->checksum.size);
    return OK;
}

static enum status
see_range(void *arg, const struct pg_backup_manifest_wal_range *range, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    seen->ranges++;
    seen->range = *range;
    return OK;
}

static enum status
see_covered(void *arg, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    assert_true(seen->covered_size + bytes.size <= sizeof(seen->covered));
    memcpy(seen->covered + seen->covered_size, bytes.data, bytes.size);
    seen->covered_size += bytes.size;
    return OK;
}

/* Parse text in pieces. */
static enum status
parse(struct bytes text, size_t piece_size, struct seen *seen,
      struct pg_backup_manifest_summary *summary, struct error *err)
{
    SCOPED(pg_backup_manifest_freep) struct pg_backup_manifest *manifest = NULL;
    struct pg_backup_manifest_handler handler = {see_file, see_range, see_covered, seen};

    *seen = (struct seen){0};
    TRY(pg_backup_manifest_create(&manifest, &handler, err));
    for (size_t at = 0; at < text.size; at += piece_size)
    {
        size_t left = text.size - at;
        struct bytes piece = {text.data + at, left < piece_size ? left : piece_size};

        TRY(pg_backup_manifest_feed(manifest, piece, err));
    }
    return pg_backup_manifest_finish(manifest, summary, err);
}

static void
a_manifest_is_read_in_any_pieces(void **state)
{
    (void) state;

    for (size_t size = 1; size < sizeof(WHOLE); size++)
    {
        struct pg_backup_manifest_summary summary;
        struct seen seen;
        struct error err;

        assert_ok(parse(BYTES(WHOLE), size, &seen, &summary, &err));
        assert_int_equal(seen.files, 1);
        assert_string_equal(seen.path, "backup_label");
        assert_int_equal(seen.file.size_bytes, 227);
        assert_int_equal(seen.ranges, 1);
        assert_int_equal(seen.range.timeline, 1);
        assert_int_equal(seen.range.start, 0xB000028);
        assert_int_equal(seen.range.end, 0xB000100);
        assert_int_equal(summary.version, 1);
        assert_int_equal(summary.system_identifier, 0);
        assert_int_equal(summary.file_count, 1);
    }
}

static void
the_checksum_covers_all_before_its_line(void **state)
{
    (void) state;
    struct pg_backup_manifest_summary summary;
    struct seen seen;
    struct error err;
    size_t covered = sizeof(WHOLE) - sizeof(CHECKSUM);

    assert_ok(parse(BYTES(WHOLE), 100, &seen, &summary, &err));
    assert_int_equal(summary.covered_bytes, covered);
    assert_int_equal(seen.covered_size, covered);
    assert_memory_equal(seen.covered, WHOLE, covered);
    assert_int_equal(summary.digest[0], 0);
    assert_int_equal(summary.digest[30], 0xAB);
    assert_int_equal(summary.digest[31], 0xCD);
}

/* The server prints the number's bytes from the lowest. */
static void
a_crc32c_is_read_as_the_number_it_is(void **state)
{
    (void) state;
    struct pg_backup_manifest_summary summary;
    struct seen seen;
    struct error err;

    assert_ok(parse(BYTES(WHOLE), 4096, &seen, &summary, &err));
    assert_int_equal(seen.file.algorithm, PG_MANIFEST_CHECKSUM_CRC32C);
    assert_int_equal(seen.file.crc32c, 0x2247748A);
    assert_memory_equal(seen.checksum, "\x8a\x74\x47\x22", 4);
}

static void
version_2_names_the_cluster(void **state)
{
    (void) state;
    struct pg_backup_manifest_summary summary;
    struct seen seen;
    struct error err;

    assert_ok(parse(BYTES(VERSION_2 FILES LABEL_FILE ",\n" LABEL_FILE END_FILES RANGES CHECKSUM),
                    4096, &seen, &summary, &err));
    assert_int_equal(summary.version, 2);
    assert_int_equal(summary.system_identifier, UINT64_MAX);
    assert_int_equal(seen.files, 2);
}

static void
a_file_entry_is_read_in_all_its_forms(void **state)
{
    (void) state;
    static const struct
    {
        const char *entry;
        const char *path;
        enum pg_backup_manifest_checksum algorithm;
        size_t checksum_size;
    } rows[] = {
        {"{ \"Path\": \"a\\\"\\u00e9\", \"Size\": 0 }", "a\"\xc3\xa9", PG_MANIFEST_CHECKSUM_NONE,
         0},
        {"{ \"Encoded-Path\": \"626173652fff\", \"Size\": 1 }", "base/\xff",
         PG_MANIFEST_CHECKSUM_NONE, 0},
        {"{ \"Path\": \"a\", \"Size\": 1, \"Checksum-Algorithm\": \"SHA256\", "
         "\"Checksum\": \"" DIGEST "\" }",
         "a", PG_MANIFEST_CHECKSUM_SHA256, 32},
        {"{ \"Path\": \"a\", \"Size\": 1, \"Checksum-Algorithm\": \"SHA512\", "
         "\"Checksum\": \"" DIGEST DIGEST "\" }",
         "a", PG_MANIFEST_CHECKSUM_SHA512, 64},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_backup_manifest_summary summary;
        struct seen seen;
        struct error err;
        char text[2048];

        snprintf(text, sizeof(text), VERSION_1 FILES "%s" END_FILES RANGES CHECKSUM,
                 rows[row].entry);
        assert_ok(parse(bytes_of(text), 64, &seen, &summary, &err));
        assert_string_equal(seen.path, rows[row].path);
        assert_int_equal(seen.file.algorithm, rows[row].algorithm);
        assert_int_equal(seen.file.checksum.size, rows[row].checksum_size);
    }
}

static void
a_bad_file_entry_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *entry;
        const char *message;
        enum status want;
    } rows[] = {
        {"{ \"Path\": \"../a\", \"Size\": 1 }", "leaves the data directory", STATUS_CORRUPT},
        {"{ \"Path\": \"/a\", \"Size\": 1 }", "leaves the data directory", STATUS_CORRUPT},
        {"{ \"Path\": \"\", \"Size\": 1 }", "leaves the data directory", STATUS_CORRUPT},
        {"{ \"Encoded-Path\": \"2e2e2f61\", \"Size\": 1 }", "leaves the data", STATUS_CORRUPT},
        {"{ \"Encoded-Path\": \"6100\", \"Size\": 1 }", "expected one path", STATUS_CORRUPT},
        {"{ \"Encoded-Path\": \"616\", \"Size\": 1 }", "expected one path", STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Encoded-Path\": \"61\", \"Size\": 1 }", "one path", STATUS_CORRUPT},
        {"{ \"Size\": 1 }", "\"Path\"", STATUS_CORRUPT},
        {"{ \"Path\": \"a\" }", "\"Size\"", STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Size\": -1 }", "\"Size\"", STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Size\": 1, \"Checksum\": \"00\" }", "\"Checksum-Algorithm\"",
         STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Size\": 1, \"Checksum-Algorithm\": \"CRC32C\" }", "\"Checksum\"",
         STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Size\": 1, \"Checksum-Algorithm\": \"CRC32C\", "
         "\"Checksum\": \"8a7447\" }",
         "\"Checksum\"", STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Size\": 1, \"Checksum-Algorithm\": \"MD5\", \"Checksum\": \"00\" }",
         "unknown checksum algorithm \"MD5\"", STATUS_UNSUPPORTED},
        {"{ \"Path\": \"a\", \"Path\": \"b\", \"Size\": 1 }", "JSON", STATUS_CORRUPT},
        {"[ 1 ]", "expected an entry of the list", STATUS_CORRUPT},
        {"{ \"Path\": \"a\", \"Size\": 1 ", "JSON", STATUS_CORRUPT},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_backup_manifest_summary summary;
        struct seen seen;
        struct error err;
        char text[2048];

        snprintf(text, sizeof(text), VERSION_1 FILES "%s" END_FILES RANGES CHECKSUM,
                 rows[row].entry);
        assert_status(parse(bytes_of(text), 64, &seen, &summary, &err), rows[row].want);
        assert_message("backup manifest, line 3");
        assert_message(rows[row].message);
        assert_int_equal(seen.files, 0);
    }
}

static void
a_document_of_another_shape_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *message;
        enum status want;
    } rows[] = {
        {"\n", "line 1: expected the manifest's version", STATUS_CORRUPT},
        {"{ \"PostgreSQL-Backup-Manifest-Version\": 3,\n", "version 3 is not supported",
         STATUS_UNSUPPORTED},
        {VERSION_1 "\"System-Identifier\": 1,\n", "line 2: expected \"Files\": [", STATUS_CORRUPT},
        {VERSION_1 FILES LABEL_FILE "\n" LABEL_FILE "\n", "line 4: expected the end of the list",
         STATUS_CORRUPT},
        {VERSION_1 FILES LABEL_FILE "," END_FILES, "line 4", STATUS_CORRUPT},
        {VERSION_1 FILES LABEL_FILE END_FILES
         "\"WAL-Ranges\": [\n"
         "{ \"Timeline\": 1, \"Start-LSN\": \"0/2\", \"End-LSN\": \"0/1\" }\n],\n",
         "line 6: expected a range of WAL", STATUS_CORRUPT},
        {VERSION_1 FILES LABEL_FILE END_FILES
         "\"WAL-Ranges\": [\n"
         "{ \"Timeline\": 1, \"Start-LSN\": \"2\", \"End-LSN\": \"0/1\" }\n],\n",
         "member \"Start-LSN\": expected an LSN", STATUS_CORRUPT},
        {VERSION_1 FILES LABEL_FILE END_FILES RANGES "\"Manifest-Checksum\": \"00\"}\n",
         "line 8: expected the manifest's checksum", STATUS_CORRUPT},
        {WHOLE "\n", "expected the end of the manifest", STATUS_CORRUPT},
        {WHOLE "x", "has text after its end", STATUS_CORRUPT},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct pg_backup_manifest_summary summary;
        struct seen seen;
        struct error err;

        assert_status(parse(bytes_of(rows[row].text), 4096, &seen, &summary, &err), rows[row].want);
        assert_message(rows[row].message);
    }
}

static void
a_manifest_cut_anywhere_is_corrupt(void **state)
{
    (void) state;

    for (size_t size = 0; size < sizeof(WHOLE) - 1; size++)
    {
        struct pg_backup_manifest_summary summary;
        struct seen seen;
        struct error err;

        assert_status(
            parse((struct bytes){(const uint8_t *) WHOLE, size}, 100, &seen, &summary, &err),
            STATUS_CORRUPT);
        assert_message("cut off");
    }
}

static void
an_endless_line_is_refused(void **state)
{
    (void) state;
    SCOPED(pg_backup_manifest_freep) struct pg_backup_manifest *manifest = NULL;
    struct pg_backup_manifest_handler handler = {0};
    enum status status = OK;
    struct error err;

    assert_ok(pg_backup_manifest_create(&manifest, &handler, &err));
    for (int count = 0; count < 10000 && status == OK; count++)
        status = pg_backup_manifest_feed(manifest, BYTES("0123456789abcdef"), &err);
    assert_status(status, STATUS_CORRUPT);
    assert_message("line 1: longer than 65536 bytes");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_is_read_in_any_pieces),
        cmocka_unit_test(the_checksum_covers_all_before_its_line),
        cmocka_unit_test(a_crc32c_is_read_as_the_number_it_is),
        cmocka_unit_test(version_2_names_the_cluster),
        cmocka_unit_test(a_file_entry_is_read_in_all_its_forms),
        cmocka_unit_test(a_bad_file_entry_is_refused),
        cmocka_unit_test(a_document_of_another_shape_is_refused),
        cmocka_unit_test(a_manifest_cut_anywhere_is_corrupt),
        cmocka_unit_test(an_endless_line_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
