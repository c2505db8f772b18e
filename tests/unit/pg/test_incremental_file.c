// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/incremental_file.h"
#include "pg/page.h"

#include <stdio.h>
#include <stdlib.h>

#define MAGIC UINT32_C(0xd3ae1f0d)

/* The first block number after which no padding is needed. */
#define ALIGNED_COUNT 2045

/* What a reader passed on, put where it belongs. */
struct seen
{
    int headers;
    uint32_t block_count;
    uint32_t truncation_block_length;
    uint64_t size_bytes;
    uint8_t *content; /* NULL: not of interest */
    size_t content_size;
    uint64_t passed; /* bytes */
    int pieces;
};

static enum status
see_header(void *arg, const struct pg_incremental_header *header, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    assert_int_equal(seen->passed, 0);
    seen->headers++;
    seen->block_count = header->block_count;
    seen->truncation_block_length = header->truncation_block_length;
    seen->size_bytes = header->size_bytes;
    return OK;
}

static enum status
see_data(void *arg, uint64_t offset, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    assert_int_equal(seen->headers, 1);
    assert_true(bytes.size > 0);
    if (seen->content != NULL)
    {
        assert_true(offset + bytes.size <= seen->content_size);
        memcpy(seen->content + offset, bytes.data, bytes.size);
    }
    seen->passed += bytes.size;
    seen->pieces++;
    return OK;
}

static void
put_u32(struct buffer *content, uint32_t value)
{
    struct error err;

    assert_ok(
        buffer_append(content, (struct bytes){(const uint8_t *) &value, sizeof(value)}, &err));
}

/* Each block is filled with a byte made of its number. */
static uint8_t
fill_byte(uint32_t block)
{
    return (uint8_t) (block * 7 + 1);
}

/* As the server writes it. */
static void
build(struct buffer *content, uint32_t truncation, const uint32_t *blocks, uint32_t count)
{
    uint8_t page[PG_PAGE_SIZE] = {0};
    struct error err;

    put_u32(content, MAGIC);
    put_u32(content, count);
    put_u32(content, truncation);
    for (uint32_t index = 0; index < count; index++)
        put_u32(content, blocks[index]);
    if (count > 0 && content->size % PG_PAGE_SIZE != 0)
        assert_ok(buffer_append(
            content, (struct bytes){page, PG_PAGE_SIZE - content->size % PG_PAGE_SIZE}, &err));
    for (uint32_t index = 0; index < count; index++)
    {
        memset(page, fill_byte(blocks[index]), sizeof(page));
        assert_ok(buffer_append(content, (struct bytes){page, sizeof(page)}, &err));
    }
}

static enum status
feed(struct pg_incremental_file *file, struct bytes content, size_t piece_size, struct error *err)
{
    for (size_t at = 0; at < content.size; at += piece_size)
    {
        size_t left = content.size - at;
        struct bytes piece = {content.data + at, left < piece_size ? left : piece_size};

        TRY(pg_incremental_file_feed(file, piece, err));
    }
    return OK;
}

/* Read in pieces; finished is what finish said. */
static enum status
read_whole(struct bytes content, size_t piece_size, struct seen *seen, uint64_t *finished,
           struct error *err)
{
    SCOPED(pg_incremental_file_freep) struct pg_incremental_file *file = NULL;
    struct pg_incremental_handler handler = {see_header, see_data, seen};

    TRY(pg_incremental_file_create(&file, &handler, err));
    TRY(feed(file, content, piece_size, err));
    return pg_incremental_file_finish(file, finished, err);
}

static void
blocks_come_where_they_belong_in_any_pieces(void **state)
{
    (void) state;
    static const uint32_t blocks[] = {0, 3, 4, 5, 9};
    static const size_t piece_sizes[] = {1, 7, 4096, 8192, 8193, 30000, SIZE_MAX / 2};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);

    build(&content, 7, blocks, 5);
    for (size_t row = 0; row < sizeof(piece_sizes) / sizeof(piece_sizes[0]); row++)
    {
        uint8_t pages[10 * PG_PAGE_SIZE] = {0};
        struct seen seen = {.content = pages, .content_size = sizeof(pages)};
        struct error err;
        uint64_t size;

        assert_ok(read_whole(buffer_bytes(&content), piece_sizes[row], &seen, &size, &err));
        assert_int_equal(seen.headers, 1);
        assert_int_equal(seen.block_count, 5);
        assert_int_equal(seen.truncation_block_length, 7);
        assert_int_equal(seen.passed, 5 * PG_PAGE_SIZE);
        for (size_t index = 0; index < 5; index++)
        {
            assert_int_equal(pages[blocks[index] * PG_PAGE_SIZE], fill_byte(blocks[index]));
            assert_int_equal(pages[(blocks[index] + 1) * PG_PAGE_SIZE - 1],
                             fill_byte(blocks[index]));
        }
    }
}

static void
neighbours_are_passed_on_as_one_piece(void **state)
{
    (void) state;
    static const uint32_t blocks[] = {0, 3, 4, 5, 9};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    uint8_t pages[10 * PG_PAGE_SIZE] = {0};
    struct seen seen = {.content = pages, .content_size = sizeof(pages)};
    struct error err;
    uint64_t size;

    build(&content, 7, blocks, 5);
    assert_ok(read_whole(buffer_bytes(&content), SIZE_MAX / 2, &seen, &size, &err));
    assert_int_equal(seen.pieces, 3);
}

static void
the_file_is_as_long_as_its_last_block_or_its_truncation_says(void **state)
{
    (void) state;
    static const struct
    {
        uint32_t truncation;
        uint32_t count;
        uint32_t block;
        uint64_t blocks;
    } rows[] = {
        {0, 0, 0, 0}, {7, 0, 0, 7}, {131072, 0, 0, 131072}, {7, 1, 3, 7},           {7, 1, 6, 7},
        {7, 1, 7, 8}, {0, 1, 0, 1}, {7, 1, 131071, 131072}, {131072, 1, 5, 131072},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
        struct seen seen = {0};
        struct error err;
        uint64_t size;

        build(&content, rows[row].truncation, &rows[row].block, rows[row].count);
        assert_ok(read_whole(buffer_bytes(&content), 5000, &seen, &size, &err));
        assert_int_equal(size, rows[row].blocks * PG_PAGE_SIZE);
        assert_int_equal(seen.size_bytes, size);
    }
}

static void
a_file_without_blocks_has_no_padding(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    struct seen seen = {0};
    struct error err;
    uint64_t size;

    build(&content, 4, NULL, 0);
    assert_int_equal(content.size, 12);
    assert_ok(read_whole(buffer_bytes(&content), 12, &seen, &size, &err));
    assert_int_equal(seen.headers, 1);
    assert_int_equal(seen.passed, 0);
}

static void
numbers_that_fill_whole_pages_need_no_padding(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(64 << 20);
    SCOPED(freep) uint8_t *pages = calloc(ALIGNED_COUNT, PG_PAGE_SIZE);
    struct seen seen = {.content = pages, .content_size = ALIGNED_COUNT * PG_PAGE_SIZE};
    uint32_t blocks[ALIGNED_COUNT];
    struct error err;
    uint64_t size;

    for (uint32_t index = 0; index < ALIGNED_COUNT; index++)
        blocks[index] = index;
    build(&content, 0, blocks, ALIGNED_COUNT);
    assert_int_equal(content.size, (1 + ALIGNED_COUNT) * PG_PAGE_SIZE);
    assert_ok(read_whole(buffer_bytes(&content), 100000, &seen, &size, &err));
    assert_int_equal(pages[(ALIGNED_COUNT - 1) * PG_PAGE_SIZE], fill_byte(ALIGNED_COUNT - 1));
}

static void
one_reader_takes_file_after_file(void **state)
{
    (void) state;
    static const uint32_t many[] = {0, 1, 2};
    static const uint32_t one[] = {1};
    SCOPED(pg_incremental_file_freep) struct pg_incremental_file *file = NULL;
    SCOPED(buffer_release) struct buffer first = BUFFER_INIT(1 << 20);
    SCOPED(buffer_release) struct buffer second = BUFFER_INIT(1 << 20);
    uint8_t pages[3 * PG_PAGE_SIZE] = {0};
    struct seen seen = {.content = pages, .content_size = sizeof(pages)};
    struct pg_incremental_handler handler = {see_header, see_data, &seen};
    struct error err;
    uint64_t size;

    build(&first, 3, many, 3);
    build(&second, 2, one, 1);
    assert_ok(pg_incremental_file_create(&file, &handler, &err));
    assert_ok(feed(file, buffer_bytes(&first), 1000, &err));
    assert_ok(pg_incremental_file_finish(file, &size, &err));
    assert_int_equal(size, 3 * PG_PAGE_SIZE);

    seen = (struct seen){.content = pages, .content_size = sizeof(pages)};
    assert_ok(feed(file, buffer_bytes(&second), 1000, &err));
    assert_ok(pg_incremental_file_finish(file, &size, &err));
    assert_int_equal(size, 2 * PG_PAGE_SIZE);
    assert_int_equal(seen.block_count, 1);
}

static void
a_file_cut_anywhere_is_corrupt(void **state)
{
    (void) state;
    static const uint32_t blocks[] = {2, 3};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    size_t step = 1;

    build(&content, 4, blocks, 2);
    for (size_t cut = 0; cut < content.size; cut += step)
    {
        uint8_t pages[4 * PG_PAGE_SIZE];
        struct seen seen = {.content = pages, .content_size = sizeof(pages)};
        struct error err;
        uint64_t size;

        assert_status(
            read_whole((struct bytes){content.data, cut}, SIZE_MAX / 2, &seen, &size, &err),
            STATUS_CORRUPT);
        assert_message(cut < PG_PAGE_SIZE ? "ends before" : "ends in block");
        if (cut > 64)
            step = 501;
    }
}

static void
what_no_server_sends_is_corrupt(void **state)
{
    (void) state;
    static const struct
    {
        uint32_t numbers[6];
        size_t count;
        const char *message;
    } rows[] = {
        {{MAGIC + 1, 0, 0}, 3, "begins with 0xd3ae1f0e, expected 0xd3ae1f0d"},
        {{0x0d1faed3, 0, 0}, 3, "begins with 0x0d1faed3"},
        {{MAGIC, 131073, 0}, 3, "131073 blocks, more than the 131072"},
        {{MAGIC, UINT32_MAX, 0}, 3, "more than the 131072"},
        {{MAGIC, 1, 1, 131072}, 4, "block 131072, expected a number below 131072"},
        {{MAGIC, 2, 9, 5, 5}, 5, "block 5 after block 5"},
        {{MAGIC, 2, 9, 5, 4}, 5, "block 4 after block 5"},
        {{MAGIC, 0, 0, 0}, 4, "goes on after its last block"},
        {{MAGIC, 1, 1, 0, 1}, 5, "other bytes than zeros"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
        struct seen seen = {0};
        struct error err;
        uint64_t size;

        for (size_t index = 0; index < rows[row].count; index++)
            put_u32(&content, rows[row].numbers[index]);
        assert_status(read_whole(buffer_bytes(&content), SIZE_MAX / 2, &seen, &size, &err),
                      STATUS_CORRUPT);
        assert_message(rows[row].message);
    }
}

static void
bytes_behind_the_last_block_are_corrupt(void **state)
{
    (void) state;
    static const uint32_t blocks[] = {0};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    uint8_t pages[PG_PAGE_SIZE];
    struct seen seen = {.content = pages, .content_size = sizeof(pages)};
    struct error err;
    uint64_t size;

    build(&content, 1, blocks, 1);
    assert_ok(buffer_append(&content, BYTES("x"), &err));
    assert_status(read_whole(buffer_bytes(&content), SIZE_MAX / 2, &seen, &size, &err),
                  STATUS_CORRUPT);
    assert_message("goes on after its last block");
}

static void
a_server_that_truncates_wrongly_is_found_out(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    struct seen seen = {0};
    struct error err = {0};
    uint64_t size;

    build(&content, 131073, NULL, 0);
    assert_status(read_whole(buffer_bytes(&content), 12, &seen, &size, &err), STATUS_UNSUPPORTED);
    assert_message("truncation block length 131073");
    assert_non_null(strstr(err.hint, "17.8"));
}

static enum status
refuse(struct error *err)
{
    return error_set(err, STATUS_CANCELLED, "enough");
}

static enum status
fail_header(void *arg, const struct pg_incremental_header *header, struct error *err)
{
    (void) arg;
    (void) header;
    return refuse(err);
}

static enum status
fail_data(void *arg, uint64_t offset, struct bytes bytes, struct error *err)
{
    (void) arg;
    (void) offset;
    (void) bytes;
    return refuse(err);
}

static void
a_failure_of_the_handler_ends_the_feed(void **state)
{
    (void) state;
    static const uint32_t blocks[] = {0};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    uint8_t pages[PG_PAGE_SIZE];
    struct seen seen = {.content = pages, .content_size = sizeof(pages)};
    const struct pg_incremental_handler handlers[] = {{fail_header, see_data, &seen},
                                                      {see_header, fail_data, &seen}};

    build(&content, 1, blocks, 1);
    for (size_t row = 0; row < 2; row++)
    {
        SCOPED(pg_incremental_file_freep) struct pg_incremental_file *file = NULL;
        struct error err;

        assert_ok(pg_incremental_file_create(&file, &handlers[row], &err));
        assert_status(feed(file, buffer_bytes(&content), 1000, &err), STATUS_CANCELLED);
        assert_message("enough");
    }
}

static void
names_translate_both_ways(void **state)
{
    (void) state;
    static const struct
    {
        const char *path;
        const char *plain;
    } rows[] = {
        {"base/5/INCREMENTAL.16384", "base/5/16384"},
        {"base/5/INCREMENTAL.16384.2", "base/5/16384.2"},
        {"base/5/INCREMENTAL.16384_vm", "base/5/16384_vm"},
        {"global/INCREMENTAL.1262", "global/1262"},
        {"pg_tblspc/16390/PG_18_202506291/5/INCREMENTAL.16391_init",
         "pg_tblspc/16390/PG_18_202506291/5/16391_init"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        char text[128];

        assert_true(pg_incremental_name(rows[row].path));
        assert_false(pg_incremental_name(rows[row].plain));
        pg_incremental_plain_path(rows[row].path, text);
        assert_string_equal(text, rows[row].plain);
        assert_true(pg_incremental_path(rows[row].plain, text, sizeof(text)));
        assert_string_equal(text, rows[row].path);
        assert_true(pg_incremental_path(rows[row].plain, text, strlen(rows[row].path) + 1));
        assert_false(pg_incremental_path(rows[row].plain, text, strlen(rows[row].path)));
    }
}

static void
other_names_stay_as_they_are(void **state)
{
    (void) state;
    static const char *const rows[] = {
        "",
        "INCREMENTAL.",
        "INCREMENTAL.16384",
        "base/5/INCREMENTAL.",
        "base/5/INCREMENTAL.PG_VERSION",
        "base/5/INCREMENTAL.INCREMENTAL.16384",
        "base/INCREMENTAL.5/16384",
        "pg_xact/INCREMENTAL.0000",
        "base/5/xINCREMENTAL.16384",
        "base/5/incremental.16384",
        "PG_VERSION",
        "a/b/",
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        char text[128];

        if (pg_incremental_name(rows[row]))
            fail_msg("%s: accepted", rows[row]);
        pg_incremental_plain_path(rows[row], text);
        assert_string_equal(text, rows[row]);
        if (pg_incremental_path(rows[row], text, sizeof(text)))
            fail_msg("%s: taken for a relation", rows[row]);
    }
}

static void
a_name_of_any_length_is_looked_at_safely(void **state)
{
    (void) state;
    char path[4096] = "base/5/INCREMENTAL.";
    char text[4096];

    memset(path + strlen(path), '1', 3000);
    assert_false(pg_incremental_name(path));
    pg_incremental_plain_path(path, text);
    assert_string_equal(text, path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_where_they_belong_in_any_pieces),
        cmocka_unit_test(neighbours_are_passed_on_as_one_piece),
        cmocka_unit_test(the_file_is_as_long_as_its_last_block_or_its_truncation_says),
        cmocka_unit_test(a_file_without_blocks_has_no_padding),
        cmocka_unit_test(numbers_that_fill_whole_pages_need_no_padding),
        cmocka_unit_test(one_reader_takes_file_after_file),
        cmocka_unit_test(a_file_cut_anywhere_is_corrupt),
        cmocka_unit_test(what_no_server_sends_is_corrupt),
        cmocka_unit_test(bytes_behind_the_last_block_are_corrupt),
        cmocka_unit_test(a_server_that_truncates_wrongly_is_found_out),
        cmocka_unit_test(a_failure_of_the_handler_ends_the_feed),
        cmocka_unit_test(names_translate_both_ways),
        cmocka_unit_test(other_names_stay_as_they_are),
        cmocka_unit_test(a_name_of_any_length_is_looked_at_safely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
