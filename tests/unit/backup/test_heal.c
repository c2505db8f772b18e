// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/heal.h"
#include "pg/page.h"
#include "tests/support/backup_build.h"
#include "tests/support/captured_log.h"
#include "tests/support/manifest_picture.h"
#include "tests/support/page_build.h"

#include <stdio.h>
#include <stdlib.h>

/* The parent has two relations, each in a pack of its own. */
#define PARENT "2026-11-21T02-12-34-0002"
#define PAGES  200
#define LSN    UINT64_C(0x3000000)
#define HEAP   "base/5/16384"
#define INDEX  "base/5/16385"

#define TUPLE_HINTS 21 /* behind a tuple's beginning: the byte of its infomask with the hints */

struct fixture
{
    struct backup_build build;
    struct manifest_picture parent;
    uint8_t heap[PAGES][PG_PAGE_SIZE];
    uint8_t index[PAGES][PG_PAGE_SIZE];
    struct backup_heal *heal;
    char *said;
};

static void
store_parent(struct fixture *fixture)
{
    SCOPED(backup_parent_freep) struct backup_parent *older = NULL;
    const struct backup_file heap = {.file = {.size_bytes = sizeof(fixture->heap)}};
    struct backup backup;
    struct error err = {0};

    backup_build_begin(&fixture->build);
    backup_build_file(&fixture->build, HEAP,
                      (struct bytes){fixture->heap[0], sizeof(fixture->heap)});
    backup_build_commit(&fixture->build, "2026-11-21T02-12-34-0001", NULL, &backup);
    assert_ok(backup_parent_open(&older, fixture->build.repo, &backup, 0, &err));
    backup_build_begin(&fixture->build);
    assert_ok(backup_frames_begin(fixture->build.frames, HEAP, 0, &err));
    assert_ok(backup_frames_inherit(fixture->build.frames, 0, sizeof(fixture->heap), &err));
    assert_ok(backup_frames_end(fixture->build.frames, &heap, &err));
    backup_build_file(&fixture->build, INDEX,
                      (struct bytes){fixture->index[0], sizeof(fixture->index)});
    backup_build_commit(&fixture->build, PARENT, older, &backup);
    manifest_picture_read(&fixture->parent, fixture->build.repo, PARENT);
    assert_int_equal(fixture->parent.pack_count, 2);
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    for (int page = 0; page < PAGES; page++)
    {
        page_build_heap(fixture->heap[page], LSN + (pg_lsn) page, (uint8_t) page);
        page_build_index(fixture->index[page], LSN + (pg_lsn) page, (uint8_t) page);
    }
    backup_build_open_faulty(&fixture->build);
    store_parent(fixture);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    backup_heal_freep(&fixture->heal);
    manifest_picture_release(&fixture->parent);
    backup_build_close(&fixture->build);
    free(fixture->said);
    free(fixture);
    return 0;
}

/* Note all pages of both files as the server has them now, one file behind the other. */
static void
note_pages(struct fixture *fixture, enum backup_heal_rule rule)
{
    struct error err = {0};

    assert_ok(backup_heal_create(&fixture->heal, rule, 16384, &err)); /* it will spill */
    backup_heal_begin(fixture->heal);
    for (int page = 0; page < PAGES; page++)
        assert_ok(backup_heal_page(fixture->heal, INDEX, (uint64_t) page * PG_PAGE_SIZE,
                                   fixture->index[page], &err));
    backup_heal_begin(fixture->heal);
    for (int page = 0; page < PAGES; page++)
        assert_ok(backup_heal_page(fixture->heal, HEAP, (uint64_t) page * PG_PAGE_SIZE,
                                   fixture->heap[page], &err));
}

static enum status
match(struct fixture *fixture, struct error *err)
{
    for (size_t index = 0; index < fixture->parent.file_count; index++)
    {
        const struct pictured_file *file = &fixture->parent.files[index];

        for (size_t extent = file->first; extent < file->first + file->count; extent++)
            TRY(backup_heal_match(fixture->heal, file->path, &fixture->parent.extents[extent],
                                  err));
    }
    return OK;
}

static enum status
compare(struct fixture *fixture, struct backup_heal_result *result, struct error *err)
{
    struct captured_log captured;
    enum status status;

    captured_log_begin(&captured);
    status = match(fixture, err);
    if (status == OK)
        status = backup_heal_compare(fixture->heal, fixture->build.repo, fixture->parent.packs,
                                     fixture->parent.pack_count, result, err);
    free(fixture->said);
    fixture->said = captured_log_end(&captured);
    return status;
}

static void
assert_result(struct fixture *fixture, uint64_t compared, uint32_t wrong)
{
    struct backup_heal_result result;
    struct error err = {0};

    assert_ok(compare(fixture, &result, &err));
    assert_int_equal(result.files, 2);
    assert_int_equal(result.compared, compared);
    assert_int_equal(result.wrong, wrong);
    if (wrong == 0)
        assert_string_equal(fixture->said, "");
}

static void
assert_said(const struct fixture *fixture, const char *text)
{
    if (strstr(fixture->said, text) == NULL)
        fail_msg("the log has \"%s\", not \"%s\"", fixture->said, text);
}

static void
pages_that_are_the_parent_s_are_compared_and_found_right(void **state)
{
    struct fixture *fixture = *state;

    note_pages(fixture, HEAL_EXACT);
    assert_result(fixture, 2 * PAGES, 0);
}

/* An index page's hints cannot be told from its content. */
static void
without_checksums_only_heap_pages_are_compared(void **state)
{
    struct fixture *fixture = *state;

    note_pages(fixture, HEAL_MASKED);
    assert_result(fixture, PAGES, 0);
}

static void
a_page_with_another_byte_is_found_either_way(void **state)
{
    struct fixture *fixture = *state;
    size_t tuple = page_build_tuple(fixture->heap[77], 1);

    for (int exact = 0; exact < 2; exact++)
    {
        fixture->heap[77][tuple + 40] ^= 1;
        note_pages(fixture, exact ? HEAL_EXACT : HEAL_MASKED);
        fixture->heap[77][tuple + 40] ^= 1;

        assert_result(fixture, exact ? 2 * PAGES : PAGES, 1);
        assert_said(fixture, "warning: \"" HEAP
                             "\", from block 77 on: the parent backup has something else\n");
        backup_heal_freep(&fixture->heal);
    }
}

static void
a_difference_in_hints_is_one_only_with_checksums(void **state)
{
    struct fixture *fixture = *state;

    for (int exact = 0; exact < 2; exact++)
    {
        uint8_t *page = fixture->heap[PAGES - 1];
        size_t hints = page_build_tuple(page, 2) + TUPLE_HINTS;

        page[hints] ^= 0x0F;
        note_pages(fixture, exact ? HEAL_EXACT : HEAL_MASKED);
        page[hints] ^= 0x0F;

        assert_result(fixture, exact ? 2 * PAGES : PAGES, exact ? 1 : 0);
        backup_heal_freep(&fixture->heal);
    }
}

/* It has other hints, command ids and remains; what cannot be read is wrong there too. */
static void
pages_of_another_server_are_only_read_back(void **state)
{
    struct fixture *fixture = *state;
    const struct pictured_file *file = manifest_picture_find(&fixture->parent, HEAP);

    fixture->heap[77][8000] ^= 1;
    fixture->index[7][8000] ^= 1;
    note_pages(fixture, HEAL_READ);
    assert_result(fixture, 2 * PAGES, 0);
    backup_heal_freep(&fixture->heal);

    backup_build_lose(&fixture->build,
                      &fixture->parent.packs[fixture->parent.extents[file->first].frame.pack]);
    note_pages(fixture, HEAL_READ);
    assert_result(fixture, 2 * PAGES, PAGES);
}

static void
every_block_is_counted_and_every_file_is_named_once(void **state)
{
    struct fixture *fixture = *state;
    char *second;

    for (int page = 10; page < 20; page++)
        fixture->heap[page][8000] ^= 1;
    fixture->index[3][8000] ^= 1;
    note_pages(fixture, HEAL_EXACT);

    assert_result(fixture, 2 * PAGES, 11);

    assert_said(fixture, "\"" HEAP "\", from block 10 on");
    assert_said(fixture, "\"" INDEX "\", from block 3 on");
    second = strchr(fixture->said, '\n') + 1;
    assert_int_equal(strchr(second, '\n')[1], '\0');
}

static void
what_cannot_be_read_back_is_found(void **state)
{
    struct fixture *fixture = *state;
    const struct pictured_file *file = manifest_picture_find(&fixture->parent, INDEX);
    const struct frame_place *place = &fixture->parent.extents[file->first].frame;
    uint64_t wrong = fixture->parent.extents[file->first].length / PG_PAGE_SIZE;

    assert_true(file->count > 1);
    backup_build_damage(&fixture->build, &fixture->parent.packs[place->pack], place->offset + 100);
    note_pages(fixture, HEAL_EXACT);

    assert_result(fixture, 2 * PAGES, (uint32_t) wrong);
    assert_said(fixture, "\"" INDEX "\", from block 0 on");
    assert_said(fixture, "authentication failed");
}

static void
a_pack_that_is_gone_is_found(void **state)
{
    struct fixture *fixture = *state;
    const struct pictured_file *file = manifest_picture_find(&fixture->parent, HEAP);
    uint32_t pack = fixture->parent.extents[file->first].frame.pack;

    backup_build_lose(&fixture->build, &fixture->parent.packs[pack]);
    note_pages(fixture, HEAL_EXACT);

    assert_result(fixture, 2 * PAGES, PAGES);
    assert_said(fixture, "\"" HEAP "\", from block 0 on");
}

static void
a_store_that_fails_is_an_error_and_no_finding(void **state)
{
    struct fixture *fixture = *state;
    struct backup_heal_result result;
    struct error err = {0};

    note_pages(fixture, HEAL_EXACT);
    faulty_store_arm(fixture->build.repo->store, FAULT_TRANSIENT, 2);

    assert_status(compare(fixture, &result, &err), STATUS_TRANSIENT);

    assert_message("the store was told to fail");
    assert_string_equal(fixture->said, "");
}

/* Leave a range of the file out of what the parent has; it lies in the first of its extents. */
static void
cut_parent(struct fixture *fixture, uint32_t begin, uint32_t end)
{
    struct manifest_picture *parent = &fixture->parent;
    struct manifest_extent *extents =
        realloc(parent->extents, (parent->extent_count + 1) * sizeof(*extents));

    assert_non_null(extents);
    parent->extents = extents;
    memmove(extents + 1, extents, parent->extent_count++ * sizeof(*extents));
    assert_int_equal(parent->files[0].first, 0);
    assert_true(end < extents[0].length);
    extents[0].length = begin;
    extents[1].file_offset += end;
    extents[1].skip += end;
    extents[1].length -= end;
    parent->files[0].count++;
    parent->files[1].first++;
}

static void
a_page_that_the_parent_has_nothing_of_is_found(void **state)
{
    struct fixture *fixture = *state;

    cut_parent(fixture, 5 * PG_PAGE_SIZE, 6 * PG_PAGE_SIZE);
    note_pages(fixture, HEAL_EXACT);

    assert_result(fixture, 2 * PAGES, 1);
    assert_said(fixture, "\"" HEAP "\", from block 5 on: the parent backup has nothing");
}

/* As where small files share frames. */
static void
a_page_that_is_in_no_extent_whole_is_not_compared(void **state)
{
    static const struct
    {
        uint32_t begin;
        uint32_t end;
        uint32_t parts; /* pages of which something is left */
        uint32_t lost;
    } rows[] = {
        {4096, 4096, 1, 0}, {4096, 8192, 1, 0},  {0, 4096, 1, 0},
        {4000, 5000, 1, 0}, {4096, 16384, 1, 1}, {8191, 16385, 2, 1},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct fixture *fixture;

        (void) setup((void **) &fixture);
        cut_parent(fixture, 5 * PG_PAGE_SIZE + rows[row].begin, 5 * PG_PAGE_SIZE + rows[row].end);
        note_pages(fixture, HEAL_EXACT);
        assert_result(fixture, 2 * PAGES - rows[row].parts, rows[row].lost);
        (void) teardown((void **) &fixture);
    }
    (void) state;
}

static void
pages_behind_the_parent_s_last_extent_are_found(void **state)
{
    struct fixture *fixture = *state;

    fixture->parent.extent_count--;
    fixture->parent.files[1].count--;
    note_pages(fixture, HEAL_EXACT);

    assert_result(fixture, 2 * PAGES,
                  fixture->parent.extents[fixture->parent.extent_count].length / PG_PAGE_SIZE);
    assert_said(fixture, "\"" INDEX "\", from block");
}

static void
nothing_to_compare_is_compared_with_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct backup_heal_result result;
    struct error err = {0};

    assert_ok(backup_heal_create(&fixture->heal, HEAL_EXACT, 16384, &err));
    faulty_store_arm(fixture->build.repo->store, FAULT_IO, 1);
    assert_ok(compare(fixture, &result, &err));
    assert_int_equal(result.files, 0);
    assert_int_equal(result.compared, 0);
    assert_int_equal(result.wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_that_are_the_parent_s_are_compared_and_found_right),
        TEST(without_checksums_only_heap_pages_are_compared),
        TEST(a_page_with_another_byte_is_found_either_way),
        TEST(a_difference_in_hints_is_one_only_with_checksums),
        TEST(pages_of_another_server_are_only_read_back),
        TEST(every_block_is_counted_and_every_file_is_named_once),
        TEST(what_cannot_be_read_back_is_found),
        TEST(a_pack_that_is_gone_is_found),
        TEST(a_store_that_fails_is_an_error_and_no_finding),
        TEST(a_page_that_the_parent_has_nothing_of_is_found),
        cmocka_unit_test(a_page_that_is_in_no_extent_whole_is_not_compared),
        TEST(pages_behind_the_parent_s_last_extent_are_found),
        TEST(nothing_to_compare_is_compared_with_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
