// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/backup_manifest_filter.h"
#include "stream/digest.h"

#include <stdio.h>

#define ZEROS8 "00000000"
#define DIGEST ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 "0000abcd"

#define VERSION_1 "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
#define VERSION_2                                                                                  \
    "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 7391234567890123456,\n"
#define FILES     "\"Files\": [\n"
#define FILE_1    "{ \"Path\": \"backup_label\", \"Size\": 227, \"Last-Modified\": \"now\" }"
#define FILE_2    "{ \"Path\": \"base/5/INCREMENTAL.16384\", \"Size\": 12 }"
#define FILE_3    "{ \"Encoded-Path\": \"626173652F352F3136333835\",  \"Size\":  0 }"
#define FILE_4    "{ \"Path\": \"base\\/5\\/16386\", \"Size\": 8192 }"
#define END_FILES "],\n"
#define RANGES                                                                                     \
    "\"WAL-Ranges\": [\n"                                                                          \
    "{ \"Timeline\": 1, \"Start-LSN\": \"0/B000028\", \"End-LSN\": \"0/0B000100\" }\n"             \
    "],\n"
#define CHECKSUM "\"Manifest-Checksum\": \"" DIGEST "\"}\n"

#define WHOLE                                                                                      \
    VERSION_2 FILES FILE_1 ",\n" FILE_2 ",\n" FILE_3 ",\n" FILE_4 "\n" END_FILES RANGES CHECKSUM

#define SEEN_MAX (1 << 20)

struct seen
{
    const char *without; /* paths to leave out, each between spaces */
    char asked[256];     /* paths that were asked about */
    int ranges;
    uint64_t covered;
    struct buffer out;
    int writes;
};

static bool
leave_out(void *arg, const char *path)
{
    struct seen *seen = arg;
    char word[256];

    snprintf(word, sizeof(word), " %s ", path);
    if (strlen(seen->asked) + strlen(word) < sizeof(seen->asked))
        strcat(seen->asked, word);
    return strstr(seen->without, word) != NULL;
}

static enum status
see_write(void *arg, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;

    assert_true(bytes.size > 0);
    seen->writes++;
    return buffer_append(&seen->out, bytes, err);
}

static enum status
see_covered(void *arg, struct bytes bytes, struct error *err)
{
    (void) err;
    ((struct seen *) arg)->covered += bytes.size;
    return OK;
}

static enum status
see_range(void *arg, const struct pg_backup_manifest_wal_range *range, struct error *err)
{
    (void) err;
    assert_int_equal(range->start, 0xB000028);
    ((struct seen *) arg)->ranges++;
    return OK;
}

/* Filter and seal with a digest of 32 times the byte 0xAB. */
static enum status
filter_text(struct bytes text, size_t piece_size, struct seen *seen,
            struct pg_backup_manifest_summary *summary, struct error *err)
{
    SCOPED(pg_backup_manifest_filter_freep) struct pg_backup_manifest_filter *filter = NULL;
    struct pg_backup_manifest_filter_handler handler = {leave_out, see_write, see_covered,
                                                        see_range, seen};
    uint8_t digest[PG_BACKUP_MANIFEST_DIGEST_SIZE];

    memset(digest, 0xAB, sizeof(digest));
    TRY(pg_backup_manifest_filter_create(&filter, &handler, err));
    for (size_t at = 0; at < text.size; at += piece_size)
    {
        size_t left = text.size - at;
        struct bytes piece = {text.data + at, left < piece_size ? left : piece_size};

        TRY(pg_backup_manifest_filter_feed(filter, piece, err));
    }
    TRY(pg_backup_manifest_filter_finish(filter, summary, err));
    return pg_backup_manifest_filter_seal(filter, digest, err);
}

#define AB8    "abababab"
#define SEALED "\"Manifest-Checksum\": \"" AB8 AB8 AB8 AB8 AB8 AB8 AB8 AB8 "\"}\n"

static void
the_lines_of_files_that_stay_are_untouched(void **state)
{
    (void) state;
    static const struct
    {
        const char *without;
        const char *files;
    } rows[] = {
        {"", FILE_1 ",\n" FILE_2 ",\n" FILE_3 ",\n" FILE_4 "\n"},
        {" backup_label ", FILE_2 ",\n" FILE_3 ",\n" FILE_4 "\n"},
        {" base/5/16384 ", FILE_1 ",\n" FILE_3 ",\n" FILE_4 "\n"},
        {" base/5/16386 ", FILE_1 ",\n" FILE_2 ",\n" FILE_3 "\n"},
        {" base/5/16385  base/5/16386 ", FILE_1 ",\n" FILE_2 "\n"},
        {" backup_label  base/5/16384  base/5/16385 ", FILE_4 "\n"},
        {" backup_label  base/5/16384  base/5/16385  base/5/16386 ", ""},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer want = BUFFER_INIT(SEEN_MAX);
        struct seen seen = {.without = rows[row].without, .out = BUFFER_INIT(SEEN_MAX)};
        struct pg_backup_manifest_summary summary;
        struct error err;
        const char *text;
        const char *expected;

        assert_ok(filter_text(BYTES(WHOLE), 50, &seen, &summary, &err));
        assert_ok(buffer_append_text(&want, &err, "%s%s%s", VERSION_2 FILES, rows[row].files,
                                     END_FILES RANGES SEALED));
        assert_ok(buffer_text(&want, &expected, &err));
        assert_ok(buffer_text(&seen.out, &text, &err));
        assert_string_equal(text, expected);
        buffer_release(&seen.out);
    }
}

static void
a_manifest_may_come_in_any_pieces(void **state)
{
    (void) state;

    for (size_t size = 1; size < sizeof(WHOLE); size += 7)
    {
        struct seen seen = {.without = " base/5/16385 ", .out = BUFFER_INIT(SEEN_MAX)};
        struct pg_backup_manifest_summary summary;
        struct error err;
        const char *text;

        assert_ok(filter_text(BYTES(WHOLE), size, &seen, &summary, &err));
        assert_ok(buffer_text(&seen.out, &text, &err));
        assert_string_equal(text, VERSION_2 FILES FILE_1 ",\n" FILE_2 ",\n" FILE_4
                                                         "\n" END_FILES RANGES SEALED);
        buffer_release(&seen.out);
    }
}

static void
paths_are_asked_about_as_the_relations_own(void **state)
{
    (void) state;
    struct seen seen = {.without = "", .out = BUFFER_INIT(SEEN_MAX)};
    struct pg_backup_manifest_summary summary;
    struct error err;

    assert_ok(filter_text(BYTES(WHOLE), 4096, &seen, &summary, &err));
    assert_string_equal(seen.asked, " backup_label  base/5/16384  base/5/16385  base/5/16386 ");
    buffer_release(&seen.out);
}

static void
the_manifests_own_summary_is_told(void **state)
{
    (void) state;
    struct seen seen = {.without = " backup_label ", .out = BUFFER_INIT(SEEN_MAX)};
    struct pg_backup_manifest_summary summary;
    struct error err;

    assert_ok(filter_text(BYTES(WHOLE), 4096, &seen, &summary, &err));
    assert_int_equal(summary.system_identifier, UINT64_C(7391234567890123456));
    assert_int_equal(summary.file_count, 4);
    assert_int_equal(summary.covered_bytes, sizeof(WHOLE) - sizeof(CHECKSUM));
    assert_int_equal(seen.covered, summary.covered_bytes);
    assert_int_equal(summary.digest[31], 0xCD);
    assert_int_equal(seen.ranges, 1);
    buffer_release(&seen.out);
}

/* What comes out is a manifest that its own reader takes, digest included. */
static void
what_comes_out_is_a_sound_manifest(void **state)
{
    (void) state;
    SCOPED(pg_backup_manifest_filter_freep) struct pg_backup_manifest_filter *filter = NULL;
    struct seen seen = {.without = " base/5/16384 ", .out = BUFFER_INIT(SEEN_MAX)};
    struct seen again = {.without = "", .out = BUFFER_INIT(SEEN_MAX)};
    struct pg_backup_manifest_filter_handler handler = {leave_out, see_write, NULL, NULL, &seen};
    struct pg_backup_manifest_summary summary;
    struct digest digest;
    struct error err;

    assert_ok(pg_backup_manifest_filter_create(&filter, &handler, &err));
    assert_ok(pg_backup_manifest_filter_feed(filter, BYTES(WHOLE), &err));
    assert_ok(pg_backup_manifest_filter_finish(filter, &summary, &err));
    assert_ok(digest_of(NULL, buffer_bytes(&seen.out), &digest, &err));
    assert_ok(pg_backup_manifest_filter_seal(filter, digest.bytes, &err));

    assert_ok(filter_text(buffer_bytes(&seen.out), 64, &again, &summary, &err));
    assert_int_equal(summary.file_count, 3);
    assert_memory_equal(summary.digest, digest.bytes, DIGEST_SIZE);
    seen.out.size = (size_t) summary.covered_bytes;
    assert_ok(digest_of(NULL, buffer_bytes(&seen.out), &digest, &err));
    assert_memory_equal(summary.digest, digest.bytes, DIGEST_SIZE);
    buffer_release(&seen.out);
    buffer_release(&again.out);
}

static void
a_long_manifest_comes_out_in_large_pieces(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(SEEN_MAX);
    struct seen seen = {.without = "", .out = BUFFER_INIT(SEEN_MAX)};
    struct pg_backup_manifest_summary summary;
    struct error err;

    assert_ok(buffer_append(&text, BYTES(VERSION_2 FILES), &err));
    for (int count = 0; count < 5000; count++)
        assert_ok(buffer_append(&text, BYTES(FILE_1 ",\n"), &err));
    assert_ok(buffer_append(&text, BYTES(FILE_1 "\n" END_FILES RANGES CHECKSUM), &err));
    assert_ok(filter_text(buffer_bytes(&text), 1000, &seen, &summary, &err));
    assert_int_equal(seen.out.size, text.size);
    assert_memory_equal(seen.out.data, text.data, text.size - sizeof(CHECKSUM) + 1);
    assert_between(seen.writes, 2, 10);
    buffer_release(&seen.out);
}

static void
a_manifest_that_names_no_cluster_is_refused(void **state)
{
    (void) state;
    struct seen seen = {.without = "", .out = BUFFER_INIT(SEEN_MAX)};
    struct pg_backup_manifest_summary summary;
    struct error err;

    assert_status(filter_text(BYTES(VERSION_1 FILES FILE_1 "\n" END_FILES RANGES CHECKSUM), 4096,
                              &seen, &summary, &err),
                  STATUS_REFUSED);
    assert_message("version 1");
    assert_int_equal(seen.writes, 0);
    buffer_release(&seen.out);
}

static void
a_manifest_cut_anywhere_is_corrupt(void **state)
{
    (void) state;

    for (size_t size = 0; size < sizeof(WHOLE) - 1; size += 11)
    {
        struct seen seen = {.without = "", .out = BUFFER_INIT(SEEN_MAX)};
        struct pg_backup_manifest_summary summary;
        struct error err;

        assert_status(
            filter_text((struct bytes){(const uint8_t *) WHOLE, size}, 100, &seen, &summary, &err),
            STATUS_CORRUPT);
        buffer_release(&seen.out);
    }
}

static enum status
fail_write(void *arg, struct bytes bytes, struct error *err)
{
    (void) arg;
    (void) bytes;
    return error_set(err, STATUS_IO, "the line is cut");
}

static void
a_failure_to_write_is_passed_on(void **state)
{
    (void) state;
    SCOPED(pg_backup_manifest_filter_freep) struct pg_backup_manifest_filter *filter = NULL;
    struct seen seen = {.without = ""};
    struct pg_backup_manifest_filter_handler handler = {leave_out, fail_write, NULL, NULL, &seen};
    struct pg_backup_manifest_summary summary;
    struct error err;

    assert_ok(pg_backup_manifest_filter_create(&filter, &handler, &err));
    assert_ok(pg_backup_manifest_filter_feed(filter, BYTES(WHOLE), &err));
    assert_status(pg_backup_manifest_filter_finish(filter, &summary, &err), STATUS_IO);
    assert_message("the line is cut");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lines_of_files_that_stay_are_untouched),
        cmocka_unit_test(a_manifest_may_come_in_any_pieces),
        cmocka_unit_test(paths_are_asked_about_as_the_relations_own),
        cmocka_unit_test(the_manifests_own_summary_is_told),
        cmocka_unit_test(what_comes_out_is_a_sound_manifest),
        cmocka_unit_test(a_long_manifest_comes_out_in_large_pieces),
        cmocka_unit_test(a_manifest_that_names_no_cluster_is_refused),
        cmocka_unit_test(a_manifest_cut_anywhere_is_corrupt),
        cmocka_unit_test(a_failure_to_write_is_passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
