// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/records.h"
#include "base/group.h"

#include <stdio.h>
#include <stdlib.h>

#define SORT_MEMORY ((size_t) 64 * 1024) /* a few thousand records spill */

static struct backup_records *
make_records(void)
{
    struct backup_records *records;
    struct error err = {0};

    assert_ok(backup_records_create(&records, SORT_MEMORY, &err));
    return records;
}

static void
add_file(struct backup_records *records, const char *path, uint64_t size)
{
    const struct backup_file file = {.file = {.size_bytes = size}, .sent_crc32c = (uint32_t) size};
    struct error err = {0};

    assert_ok(backup_records_add_file(records, path, &file, &err));
}

static void
add_range(struct backup_records *records, const char *path, uint64_t offset)
{
    const struct backup_range range = {.offset = offset, .length = 1};
    struct error err = {0};

    assert_ok(backup_records_add_range(records, path, &range, &err));
}

/* The next record as a text: "path=size " or "+offset ". */
static bool
give_next(struct backup_records *records, struct buffer *text)
{
    struct backup_record record;
    struct error err = {0};
    bool more;

    assert_ok(backup_records_next(records, &record, &more, &err));
    if (!more)
        return false;
    if (record.is_file)
    {
        assert_int_equal(record.file.sent_crc32c, (uint32_t) record.file.file.size_bytes);
        assert_ok(buffer_append_text(text, &err, "%s=%llu ", record.file.file.path,
                                     (unsigned long long) record.file.file.size_bytes));
    }
    else
        assert_ok(
            buffer_append_text(text, &err, "+%llu ", (unsigned long long) record.range.offset));
    return true;
}

static void
assert_given(struct backup_records *records, const char *wanted)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(100000);
    struct error err = {0};
    const char *given;

    assert_ok(backup_records_sort(records, &err));
    while (give_next(records, &text))
        continue;
    assert_ok(buffer_text(&text, &given, &err));
    assert_string_equal(given, wanted);
}

static void
records_come_back_file_by_file_with_their_ranges_by_offset(void **state)
{
    SCOPED(backup_records_freep) struct backup_records *records = make_records();

    (void) state;
    add_range(records, "base/1/2", UINT64_C(1) << 40);
    add_range(records, "base/1/2", 256);
    add_file(records, "base/10", 7);
    add_range(records, "base/1/2", 255);
    add_file(records, "base/1/2", UINT64_C(2) << 40);
    add_range(records, "base/10", 5);
    add_file(records, "base/1", 0);
    add_range(records, "base/1/2", 0);

    assert_given(records,
                 "base/1=0 base/1/2=2199023255552 +0 +255 +256 +1099511627776 base/10=7 +5 ");
}

static void
no_records_give_nothing(void **state)
{
    SCOPED(backup_records_freep) struct backup_records *records = make_records();
    struct backup_range range;
    struct error err = {0};
    const char *path;
    bool more;

    (void) state;
    assert_given(records, "");
    assert_ok(backup_records_next_moved(records, &path, &range, &more, &err));
    assert_false(more);
}

static void
a_range_comes_back_as_it_was(void **state)
{
    static const struct backup_range ranges[] = {
        {.inherited = true, .offset = 0, .length = UINT64_C(1) << 35},
        {.offset = UINT64_C(1) << 35, .length = 77, .frame = {1, 2, 4096, 512}, .skip = 99},
    };
    SCOPED(backup_records_freep) struct backup_records *records = make_records();
    struct backup_record record;
    struct error err = {0};
    bool more;

    (void) state;
    for (size_t index = 0; index < 2; index++)
        assert_ok(backup_records_add_range(records, "a", &ranges[index], &err));
    assert_ok(backup_records_sort(records, &err));
    for (size_t index = 0; index < 2; index++)
    {
        assert_ok(backup_records_next(records, &record, &more, &err));
        assert_true(more && !record.is_file);
        assert_int_equal(record.range.inherited, ranges[index].inherited);
        assert_int_equal(record.range.offset, ranges[index].offset);
        assert_int_equal(record.range.length, ranges[index].length);
        assert_int_equal(record.range.skip, ranges[index].skip);
        assert_memory_equal(&record.range.frame, &ranges[index].frame, sizeof(record.range.frame));
    }
}

static void
what_was_moved_comes_back_apart(void **state)
{
    SCOPED(backup_records_freep) struct backup_records *records = make_records();
    const struct backup_range moved[] = {{.offset = 300, .length = 3}, {.offset = 2, .length = 2}};
    struct backup_range range;
    struct error err = {0};
    const char *path;
    bool more;

    (void) state;
    add_file(records, "b", 1000);
    add_range(records, "b", 1);
    assert_ok(backup_records_add_moved(records, "b", &moved[0], &err));
    assert_ok(backup_records_add_moved(records, "b", &moved[1], &err));
    assert_ok(backup_records_add_moved(records, "a", &moved[0], &err));

    assert_given(records, "b=1000 +1 ");
    for (size_t index = 0; index < 3; index++)
    {
        assert_ok(backup_records_next_moved(records, &path, &range, &more, &err));
        assert_true(more);
        assert_string_equal(path, index == 0 ? "a" : "b");
        assert_int_equal(range.offset, index == 1 ? 2 : 300);
        assert_int_equal(range.length, index == 1 ? 2 : 3);
    }
    assert_ok(backup_records_next_moved(records, &path, &range, &more, &err));
    assert_false(more);
}

#define WRITERS 4
#define WRITTEN 3000

struct writer
{
    struct backup_records *records;
    unsigned number;
};

static enum status
write_records(void *arg, struct error *err)
{
    const struct writer *writer = arg;
    char path[16];

    snprintf(path, sizeof(path), "%u", writer->number);
    for (uint64_t count = 0; count < WRITTEN; count++)
    {
        /* Not in their order. */
        const struct backup_range range = {.offset = count * 7 % WRITTEN, .length = 1};

        TRY(backup_records_add_range(writer->records, path, &range, err));
        TRY(backup_records_add_moved(writer->records, path, &range, err));
    }
    return OK;
}

static void
assert_all_written(struct backup_records *records)
{
    struct backup_record record;
    struct backup_range range;
    struct error err = {0};
    const char *path;
    char wanted[16];
    bool more;

    for (uint64_t count = 0; count < WRITERS * WRITTEN; count++)
    {
        snprintf(wanted, sizeof(wanted), "%u", (unsigned) (count / WRITTEN));
        assert_ok(backup_records_next(records, &record, &more, &err));
        assert_true(more && record.range.offset == count % WRITTEN);
        assert_ok(backup_records_next_moved(records, &path, &range, &more, &err));
        assert_true(more && range.offset == count % WRITTEN);
        assert_string_equal(path, wanted);
    }
    assert_ok(backup_records_next(records, &record, &more, &err));
    assert_false(more);
}

static void
several_threads_add_more_than_memory_holds(void **state)
{
    SCOPED(backup_records_freep) struct backup_records *records = make_records();
    SCOPED(group_freep) struct group *group = NULL;
    struct writer writers[WRITERS];
    struct error err = {0};

    (void) state;
    assert_ok(group_create(&group, &err));
    for (unsigned number = 0; number < WRITERS; number++)
    {
        writers[number] = (struct writer){records, number};
        assert_ok(group_start(group, write_records, &writers[number], &err));
    }
    assert_ok(group_join(group, &err));
    assert_ok(backup_records_sort(records, &err));
    assert_all_written(records);
}

static void
a_path_may_have_1024_bytes_and_no_more(void **state)
{
    SCOPED(backup_records_freep) struct backup_records *records = make_records();
    const struct backup_range range = {.length = 1};
    char path[BACKUP_PATH_SIZE + 1] = {0};
    struct error err = {0};

    (void) state;
    memset(path, 'p', BACKUP_PATH_SIZE - 1);
    assert_ok(backup_records_add_range(records, path, &range, &err));
    path[BACKUP_PATH_SIZE - 1] = 'p';
    assert_status(backup_records_add_range(records, path, &range, &err), STATUS_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_file_by_file_with_their_ranges_by_offset),
        cmocka_unit_test(no_records_give_nothing),
        cmocka_unit_test(a_range_comes_back_as_it_was),
        cmocka_unit_test(what_was_moved_comes_back_apart),
        cmocka_unit_test(several_threads_add_more_than_memory_holds),
        cmocka_unit_test(a_path_may_have_1024_bytes_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
