// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/files.h"
#include "backup/heal.h"
#include "base/crc32c.h"
#include "tests/support/captured_log.h"
#include "tests/support/page_build.h"
#include "tests/support/sent_file.h"

#include <stdlib.h>

#define HEAP     SENT_FILE_HEAP
#define ALL_SIZE (SENT_FILE_PAGES * PG_PAGE_SIZE)

/* In an incremental backup. */
static void
store(struct sent_file *sent, const char *path, size_t step)
{
    struct error err = {0};

    assert_ok(sent_file_store(sent, false, path, step, &err));
}

static uint32_t
crc_of(struct bytes bytes)
{
    return crc32c_finish(crc32c_update(CRC32C_INIT, bytes));
}

/* What is new is as the server sent it, at the same place. */
static void
assert_new_pages(const struct sent_file *sent)
{
    for (size_t page = 0; sent->map[page] != '\0'; page++)
        if (sent->map[page] == 'N')
            assert_memory_equal(sent->content + page * PG_PAGE_SIZE,
                                sent->sent.data + page * PG_PAGE_SIZE, PG_PAGE_SIZE);
}

static void
assert_sent(const struct sent_file *sent)
{
    assert_int_equal(sent->file.sent_bytes, sent->sent.size);
    assert_int_equal(sent->file.sent_crc32c, crc_of(buffer_bytes(&sent->sent)));
    assert_int_equal(sent->file.file.mode, 0600);
    assert_int_equal(sent->file.file.mtime, 1795227154);
}

/* All of it is stored, and it has its checksum. */
static void
assert_whole(const struct sent_file *sent)
{
    assert_sent(sent);
    assert_false(sent->file.incremental);
    assert_int_equal(sent->file.file.size_bytes, sent->sent.size);
    assert_memory_equal(sent->content, sent->sent.data, sent->sent.size);
    assert_null(strchr(sent->map, 'I'));
    assert_null(strchr(sent->map, '.'));
    assert_true(sent->file.file.has_crc32c);
    assert_int_equal(sent->file.file.crc32c, sent->file.sent_crc32c);
}

static void
set_limit(struct sent_file *sent, uint32_t fork, uint32_t block)
{
    const struct pg_limit_block limit = {.tablespace = 1663,
                                         .database = 5,
                                         .relfilenode = 16384,
                                         .fork = (uint16_t) fork,
                                         .block = block};
    struct error err = {0};

    pg_limit_blocks_freep(&sent->parent.limits);
    assert_ok(pg_limit_blocks_create(&sent->parent.limits, &err));
    assert_ok(pg_limit_blocks_add(sent->parent.limits, &limit, &err));
    pg_limit_blocks_sort(sent->parent.limits);
}

static void
add_unsound(struct sent_file *sent, const struct pg_unsound *unsound)
{
    struct error err = {0};

    assert_ok(pg_unsound_pages_create(&sent->parent.unsound, 0, &err));
    assert_ok(pg_unsound_pages_add(sent->parent.unsound, unsound, &err));
    pg_unsound_pages_sort(sent->parent.unsound);
}

/* However the network cuts it. */
static const size_t steps[] = {1, 777, 8191, 8192, 8193, 3 * 8192 + 5, SENT_FILE_WHOLE};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* Full backups. */

static void
a_full_backup_stores_every_file_whole(void **state)
{
    static const char *const paths[] = {HEAP, HEAP "_vm", "PG_VERSION", "global/INCREMENTAL.conf"};
    struct sent_file *sent = *state;
    struct error err = {0};

    sent_file_append_pages(sent, "onz");
    sent_file_append(sent, "odd", 3);
    for (size_t path = 0; path < sizeof(paths) / sizeof(paths[0]); path++)
        for (size_t step = 0; step < STEPS; step++)
        {
            assert_ok(sent_file_store(sent, true, paths[path], steps[step], &err));
            assert_whole(sent);
            assert_string_equal(sent->map, "NNNN");
        }
}

static void
a_full_backup_refuses_an_incremental_file(void **state)
{
    struct sent_file *sent = *state;
    struct error err = {0};

    sent_file_append_incremental(sent, 3, "1");
    assert_status(sent_file_store(sent, true, "base/5/INCREMENTAL.16384", SENT_FILE_WHOLE, &err),
                  STATUS_CORRUPT);
    assert_message("the server sent \"base/5/INCREMENTAL.16384\", and this is no incremental");
}

static void
an_empty_file_is_stored_as_one(void **state)
{
    struct sent_file *sent = *state;

    store(sent, HEAP, SENT_FILE_WHOLE);
    assert_sent(sent);
    assert_string_equal(sent->map, "");
    assert_int_equal(sent->file.file.size_bytes, 0);
}

/* Whole files, by the LSNs of their pages. */

static void
old_pages_are_inherited_and_new_ones_stored_and_zeros_are_holes(void **state)
{
    static const struct
    {
        const char *sent;
        const char *map;
    } rows[] = {
        {"o", "I"},
        {"n", "N"},
        {"z", "."},
        {"oooo", "IIII"},
        {"nnnn", "NNNN"},
        {"zzzz", "...."},
        {"noonzzonno", "NIIN..INNI"},
        {"zonozn", ".INI.N"},
        {"oonnzzooznozonzo", "IINN..II.NI.IN.I"},
    };
    struct sent_file *sent = *state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        sent->sent.size = 0;
        sent_file_append_pages(sent, rows[row].sent);
        for (size_t step = 0; step < STEPS; step++)
        {
            store(sent, HEAP, steps[step]);
            assert_string_equal(sent->map, rows[row].map);
            assert_sent(sent);
            assert_new_pages(sent);
            assert_int_equal(sent->file.file.size_bytes, sent->sent.size);
            assert_false(sent->file.file.has_crc32c);
        }
    }
}

static void
a_page_of_which_the_lsn_proves_nothing_is_stored(void **state)
{
    struct sent_file *sent = *state;
    uint8_t *page;

    sent_file_append_pages(sent, "oooooooooooo");
    page = sent->sent.data;
    page_build_u32(page, 4, (uint32_t) SENT_FILE_START); /* the first that may be missing */
    page += PG_PAGE_SIZE;
    page_build_u32(page, 4, 1); /* an index build's */
    page += PG_PAGE_SIZE;
    page_build_u16(page, 18, 0); /* no header */
    page += PG_PAGE_SIZE;
    memset(page, 0, PG_PAGE_SIZE); /* an LSN, and else nothing */
    page_build_u32(page, 4, (uint32_t) SENT_FILE_START - 8);
    page += PG_PAGE_SIZE;
    memset(page, 0xA5, PG_PAGE_SIZE); /* no page at all */
    page += PG_PAGE_SIZE;
    memset(page, 0, PG_PAGE_SIZE - 1); /* nearly a hole */

    store(sent, HEAP, 777);
    assert_string_equal(sent->map, "NNNNNNIIIIII");
    assert_new_pages(sent);
}

static void
a_page_that_archived_wal_names_is_stored(void **state)
{
    const struct pg_unsound unsound = {
        .kind = PG_UNSOUND_PAGE, .database = 5, .relfilenode = 16384, .block = 2};
    struct sent_file *sent = *state;

    add_unsound(sent, &unsound);
    sent_file_append_pages(sent, "oooo");

    store(sent, HEAP, SENT_FILE_WHOLE);
    assert_string_equal(sent->map, "IINI");
    assert_new_pages(sent);
    sent_file_parent_has(sent, "base/5/16384.1", ALL_SIZE);
    store(sent, "base/5/16384.1", SENT_FILE_WHOLE);
    assert_string_equal(sent->map, "IIII");
}

static void
nothing_is_inherited_in_a_database_that_was_copied(void **state)
{
    const struct pg_unsound copied = {.kind = PG_UNSOUND_DATABASE, .database = 5};
    struct sent_file *sent = *state;

    add_unsound(sent, &copied);
    sent_file_append_pages(sent, "oonzo");

    store(sent, HEAP, SENT_FILE_WHOLE);
    assert_string_equal(sent->map, "NNN.N");
    assert_new_pages(sent);
    sent_file_parent_has(sent, "base/6/16384", ALL_SIZE);
    store(sent, "base/6/16384", SENT_FILE_WHOLE);
    assert_string_equal(sent->map, "IIN.I");
}

static void
only_main_forks_that_the_parent_has_are_taken_apart(void **state)
{
    static const char *const whole[] = {
        "base/5/16384_fsm",  "base/5/16384_vm", "base/5/16384_init", "pg_xact/0000", "PG_VERSION",
        "global/pg_control", "base/5/t3_16384", "base/5/16385", /* which the parent has not */
    };
    struct sent_file *sent = *state;

    for (size_t path = 0; path + 1 < sizeof(whole) / sizeof(whole[0]); path++)
        sent_file_parent_has(sent, whole[path], ALL_SIZE);
    sent_file_append_pages(sent, "oonzo");
    for (size_t path = 0; path < sizeof(whole) / sizeof(whole[0]); path++)
    {
        store(sent, whole[path], 777);
        assert_whole(sent);
    }
}

static void
a_file_that_is_no_whole_number_of_pages_is_stored_whole(void **state)
{
    struct sent_file *sent = *state;

    sent_file_append_pages(sent, "oo");
    for (size_t size = 2 * PG_PAGE_SIZE - 1; size > PG_PAGE_SIZE; size -= 1365)
    {
        sent->sent.size = size;
        store(sent, HEAP, 777);
        assert_whole(sent);
    }
}

static void
what_lies_behind_the_end_of_the_parent_s_file_is_stored(void **state)
{
    static const struct
    {
        uint64_t parent_bytes;
        const char *map;
    } rows[] = {
        {0, "NNNN"},
        {1, "NNNN"},
        {PG_PAGE_SIZE, "INNN"},
        {2 * PG_PAGE_SIZE - 1, "INNN"},
        {2 * PG_PAGE_SIZE + 4096, "IINN"},
        {4 * PG_PAGE_SIZE, "IIII"},
        {9 * PG_PAGE_SIZE, "IIII"},
    };
    struct sent_file *sent = *state;

    sent_file_append_pages(sent, "oooo");
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        sent_file_parent_has_only(sent, HEAP, rows[row].parent_bytes);
        store(sent, HEAP, SENT_FILE_WHOLE);
        assert_string_equal(sent->map, rows[row].map);
        assert_new_pages(sent);
    }
}

static void
whole_files_of_a_server_with_incremental_files_are_stored_whole(void **state)
{
    struct sent_file *sent = *state;

    sent->parent.by_page_lsn = false;
    sent_file_append_pages(sent, "oonzo");
    store(sent, HEAP, 777);
    assert_whole(sent);
}

/* Healing. */

/* Pages that were noted; with no extent of a parent all of them count as lost. */
static void
assert_noted(struct sent_file *sent, uint32_t files, uint64_t pages)
{
    struct backup_heal_result result;
    struct captured_log captured;
    struct error err = {0};
    enum status status;

    captured_log_begin(&captured);
    status = backup_heal_compare(sent->heal, sent->build.repo, NULL, 0, &result, &err);
    free(captured_log_end(&captured));
    assert_ok(status);
    assert_int_equal(result.files, files);
    assert_int_equal(result.compared, pages);
    backup_heal_freep(&sent->heal);
    assert_ok(backup_heal_create(&sent->heal, HEAL_EXACT, 65536, &err));
}

static void
a_file_being_healed_is_stored_whole_and_its_old_pages_are_noted(void **state)
{
    struct sent_file *sent = *state;

    sent->parent.last_night = 100;
    sent_file_append_pages(sent, "onozzo");
    for (int by_page_lsn = 0; by_page_lsn < 2; by_page_lsn++)
        for (size_t step = 0; step < STEPS; step++)
        {
            sent->parent.by_page_lsn = by_page_lsn;
            store(sent, HEAP, steps[step]);
            assert_whole(sent);
            assert_noted(sent, 1, 3);
        }
}

static void
of_a_file_being_healed_no_page_is_noted_that_the_parent_need_not_have(void **state)
{
    struct sent_file *sent = *state;

    sent->parent.last_night = 100;
    sent_file_append_pages(sent, "ooooo");
    set_limit(sent, PG_FORK_MAIN, 3);
    store(sent, HEAP, SENT_FILE_WHOLE);
    assert_whole(sent);
    assert_noted(sent, 1, 3);

    sent_file_parent_has_only(sent, HEAP, 2 * PG_PAGE_SIZE + 4096);
    store(sent, HEAP, SENT_FILE_WHOLE);
    assert_whole(sent);
    assert_noted(sent, 1, 2);
}

static void
other_files_than_main_forks_are_not_healed(void **state)
{
    static const char *const paths[] = {"base/5/16384_vm", "PG_VERSION", "base/5/16385"};
    struct sent_file *sent = *state;

    sent->parent.last_night = 100;
    sent_file_parent_has(sent, "base/5/16384_vm", ALL_SIZE);
    sent_file_parent_has(sent, "PG_VERSION", ALL_SIZE);
    sent_file_append_pages(sent, "oo");
    for (size_t path = 0; path < sizeof(paths) / sizeof(paths[0]); path++)
    {
        store(sent, paths[path], SENT_FILE_WHOLE);
        assert_whole(sent);
    }
    assert_noted(sent, 0, 0);
}

/* Incremental files. */

static void
assert_incremental(const struct sent_file *sent, const char *map)
{
    assert_string_equal(sent->map, map);
    assert_sent(sent);
    assert_true(sent->file.incremental);
    assert_false(sent->file.file.has_crc32c);
    assert_int_equal(sent->file.file.size_bytes, strlen(map) * PG_PAGE_SIZE);
    for (size_t page = 0; map[page] != '\0'; page++)
        for (size_t at = page * PG_PAGE_SIZE; at < (page + 1) * PG_PAGE_SIZE; at++)
            assert_int_equal(sent->content[at], map[page] == 'N' ? page + 1 : 0);
}

#define NO_LIMIT UINT32_MAX

static void
of_an_incremental_file_blocks_are_stored_and_the_rest_is_the_parent_s_up_to_the_limits(void **state)
{
    static const struct
    {
        uint32_t truncation;
        const char *blocks; /* a hexadecimal digit each */
        uint32_t limit;
        const char *map;
    } rows[] = {
        {6, "14", NO_LIMIT, "INIINI"},
        {6, "", NO_LIMIT, "IIIIII"},
        {0, "", NO_LIMIT, ""},
        {0, "0", NO_LIMIT, "N"},
        {3, "012", NO_LIMIT, "NNN"},
        {8, "0347", NO_LIMIT, "NIINNIIN"},
        /* Behind the truncation length a block that did not come is zeros. */
        {3, "14", NO_LIMIT, "INI.N"},
        {0, "27", NO_LIMIT, "..N....N"},
        {1, "5", NO_LIMIT, "I....N"},
        /* Cut off and added again without WAL: the parent has what was there before. */
        {6, "14", 3, "INI.N."},
        {6, "14", 1, "IN..N."},
        {6, "14", 0, ".N..N."},
        {6, "", 0, "......"},
        {6, "", 5, "IIIII."},
        {6, "5", 6, "IIIIIN"},
        {6, "14", 9, "INIINI"},
        {3, "14", 5, "INI.N"},
    };
    struct sent_file *sent = *state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        sent->sent.size = 0;
        sent_file_append_incremental(sent, rows[row].truncation, rows[row].blocks);
        set_limit(sent, PG_FORK_MAIN, rows[row].limit);
        for (size_t step = 0; step < STEPS; step++)
        {
            store(sent, "base/5/INCREMENTAL.16384", steps[step]);
            assert_incremental(sent, rows[row].map);
        }
    }
}

/* Of its own fork and segment. */
static void
an_incremental_file_has_the_limit_of_its_own_fork_and_segment(void **state)
{
    struct sent_file *sent = *state;

    sent_file_append_incremental(sent, 4, "1");
    set_limit(sent, PG_FORK_MAIN, 131072 + 2);
    store(sent, "base/5/INCREMENTAL.16384.1", SENT_FILE_WHOLE);
    assert_incremental(sent, "IN..");
    store(sent, "base/5/INCREMENTAL.16384.2", SENT_FILE_WHOLE);
    assert_incremental(sent, ".N..");
    store(sent, "base/5/INCREMENTAL.16384_vm", SENT_FILE_WHOLE);
    assert_incremental(sent, "INII");
    set_limit(sent, PG_FORK_VM, 3);
    store(sent, "base/5/INCREMENTAL.16384_vm", SENT_FILE_WHOLE);
    assert_incremental(sent, "INI.");
}

static void
an_incremental_file_is_listed_under_the_name_that_it_stands_for(void **state)
{
    static const char *const names[][2] = {
        {"base/5/INCREMENTAL.16384", "base/5/16384"},
        {"global/INCREMENTAL.1262", "global/1262"},
        {"pg_tblspc/16400/PG_18_202506291/5/INCREMENTAL.16390.1",
         "pg_tblspc/16400/PG_18_202506291/5/16390.1"},
    };
    struct sent_file *sent = *state;
    struct error err = {0};

    sent_file_append_incremental(sent, 2, "");
    for (size_t row = 0; row < 3; row++)
    {
        SCOPED(backup_files_freep) struct backup_files *files = NULL;
        struct backup_files_options options = {.parent = &sent->parent};
        struct backup_record record;
        bool more;

        backup_build_begin(&sent->build);
        options.frames = sent->build.frames;
        assert_ok(backup_files_create(&files, &options, &err));
        assert_ok(sent_file_send(sent, files, names[row][0], SENT_FILE_WHOLE, &err));
        backup_build_end(&sent->build);
        assert_ok(
            backup_records_next(backup_frames_records(sent->build.frames), &record, &more, &err));
        assert_string_equal(record.file.file.path, names[row][1]);
        backup_build_drop(&sent->build);
    }
}

static void
an_incremental_file_that_was_cut_is_corrupt_and_named(void **state)
{
    struct sent_file *sent = *state;
    struct error err = {0};
    size_t whole;

    sent_file_append_incremental(sent, 6, "14");
    whole = sent->sent.size;
    for (size_t size = 0; size < whole; size += 1 + size / 3)
    {
        sent->sent.size = size;
        assert_status(
            sent_file_store(sent, false, "base/5/INCREMENTAL.16384", SENT_FILE_WHOLE, &err),
            STATUS_CORRUPT);
        assert_message("\"base/5/16384\": incremental file ends");
    }
}

/* Files that are neither. */

#define LABEL                                                                                      \
    "SENT_FILE_START WAL LOCATION: 0/B000028 (file 00000001000000000000000B)\n"                    \
    "LABEL: redoubt\n"                                                                             \
    "SENT_FILE_START TIMELINE: 1\n"
#define INCREMENTAL_LABEL                                                                          \
    LABEL "INCREMENTAL FROM LSN: 0/9000028\n"                                                      \
          "INCREMENTAL FROM TLI: 1\n"

static void
a_label_loses_what_would_keep_a_server_from_starting(void **state)
{
    struct sent_file *sent = *state;

    sent_file_append(sent, INCREMENTAL_LABEL, strlen(INCREMENTAL_LABEL));
    for (size_t step = 0; step < STEPS; step++)
    {
        store(sent, "backup_label", steps[step]);
        assert_sent(sent);
        assert_string_equal((char *) sent->content, LABEL);
        assert_int_equal(sent->file.file.size_bytes, strlen(LABEL));
        assert_true(sent->file.file.has_crc32c);
        assert_int_equal(sent->file.file.crc32c, crc_of(bytes_of(LABEL)));
    }
}

static void
the_label_of_a_full_backup_stays_as_it_is(void **state)
{
    struct sent_file *sent = *state;
    struct error err = {0};

    sent_file_append(sent, LABEL, strlen(LABEL));
    assert_ok(sent_file_store(sent, true, "backup_label", 777, &err));
    assert_whole(sent);
}

static void
a_path_too_long_is_refused(void **state)
{
    struct sent_file *sent = *state;
    char path[1100] = {0};
    struct error err = {0};

    memset(path, 'p', sizeof(path) - 1);
    assert_status(sent_file_store(sent, false, path, SENT_FILE_WHOLE, &err), STATUS_UNSUPPORTED);
}

/* In the order in which they are sent, each behind a directory. */
static const char *const sequence[] = {
    "base/5/INCREMENTAL.16383", "base/5/16384", "backup_label", "base/5/16385",
    "base/5/INCREMENTAL.16386", "base/5/16387", "PG_VERSION"};

#define SEQUENCE (sizeof(sequence) / sizeof(sequence[0]))

static void
send_sequence(struct sent_file *sent)
{
    SCOPED(backup_files_freep) struct backup_files *files = NULL;
    const struct manifest_file directory = {.path = "base", .type = MANIFEST_DIRECTORY};
    const struct backup_files_options options = {
        .frames = sent->build.frames, .parent = &sent->parent, .heal = sent->heal};
    struct error err = {0};

    assert_ok(backup_files_create(&files, &options, &err));
    for (size_t index = 0; index < SEQUENCE; index++)
    {
        sent->sent.size = 0;
        if (strstr(sequence[index], "INCREMENTAL") != NULL)
            sent_file_append_incremental(sent, 3, "1");
        else if (strcmp(sequence[index], "backup_label") == 0)
            sent_file_append(sent, LABEL, strlen(LABEL));
        else
            sent_file_append_pages(sent, "on");
        assert_ok(sent_file_send(sent, files, sequence[index], 5000, &err));
        assert_ok(backup_files_begin(files, &directory, &err));
        assert_ok(backup_files_end(files, &err));
    }
}

/* Nothing of a file is left over for the next one. */
static void
files_of_every_way_follow_on_each_other(void **state)
{
    static const struct
    {
        const char *path; /* in the order in which they come back */
        uint64_t stored;
        uint64_t inherited;
    } rows[SEQUENCE] = {
        {"PG_VERSION", 2 * PG_PAGE_SIZE, 0},
        {"backup_label", sizeof(LABEL) - 1, 0},
        {"base/5/16383", PG_PAGE_SIZE, 2 * PG_PAGE_SIZE},
        {"base/5/16384", PG_PAGE_SIZE, PG_PAGE_SIZE},
        {"base/5/16385", 2 * PG_PAGE_SIZE, 0},
        {"base/5/16386", PG_PAGE_SIZE, 2 * PG_PAGE_SIZE},
        {"base/5/16387", PG_PAGE_SIZE, PG_PAGE_SIZE},
    };
    struct sent_file *sent = *state;
    uint64_t stored[SEQUENCE + 1] = {0};
    uint64_t inherited[SEQUENCE + 1] = {0};
    struct backup_record record;
    struct error err = {0};
    size_t count = 0;
    bool more;

    sent_file_parent_has(sent, "base/5/16387", ALL_SIZE);
    backup_build_begin(&sent->build);
    send_sequence(sent);
    backup_build_end(&sent->build);
    for (;;)
    {
        assert_ok(
            backup_records_next(backup_frames_records(sent->build.frames), &record, &more, &err));
        if (!more)
            break;
        if (!record.is_file)
            *(record.range.inherited ? &inherited[count] : &stored[count]) += record.range.length;
        else if (record.file.file.type == MANIFEST_FILE)
            assert_string_equal(record.file.file.path, rows[count++].path);
    }
    assert_int_equal(count, SEQUENCE);
    for (size_t row = 0; row < SEQUENCE; row++)
    {
        assert_int_equal(stored[row + 1], rows[row].stored);
        assert_int_equal(inherited[row + 1], rows[row].inherited);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sent_file_setup, sent_file_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_backup_stores_every_file_whole),
        TEST(a_full_backup_refuses_an_incremental_file),
        TEST(an_empty_file_is_stored_as_one),
        TEST(old_pages_are_inherited_and_new_ones_stored_and_zeros_are_holes),
        TEST(a_page_of_which_the_lsn_proves_nothing_is_stored),
        TEST(a_page_that_archived_wal_names_is_stored),
        TEST(nothing_is_inherited_in_a_database_that_was_copied),
        TEST(only_main_forks_that_the_parent_has_are_taken_apart),
        TEST(a_file_that_is_no_whole_number_of_pages_is_stored_whole),
        TEST(what_lies_behind_the_end_of_the_parent_s_file_is_stored),
        TEST(whole_files_of_a_server_with_incremental_files_are_stored_whole),
        TEST(a_file_being_healed_is_stored_whole_and_its_old_pages_are_noted),
        TEST(of_a_file_being_healed_no_page_is_noted_that_the_parent_need_not_have),
        TEST(other_files_than_main_forks_are_not_healed),
        TEST(
            of_an_incremental_file_blocks_are_stored_and_the_rest_is_the_parent_s_up_to_the_limits),
        TEST(an_incremental_file_has_the_limit_of_its_own_fork_and_segment),
        TEST(an_incremental_file_is_listed_under_the_name_that_it_stands_for),
        TEST(an_incremental_file_that_was_cut_is_corrupt_and_named),
        TEST(a_label_loses_what_would_keep_a_server_from_starting),
        TEST(the_label_of_a_full_backup_stays_as_it_is),
        TEST(a_path_too_long_is_refused),
        TEST(files_of_every_way_follow_on_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
