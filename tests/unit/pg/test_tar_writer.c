// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/tar.h"
#include "pg/tar_writer.h"

#include <stdio.h>
#include <stdlib.h>

struct seen
{
    char path[100];
    uint64_t size_bytes;
    int64_t mtime;
    uint32_t mode;
    char data[16];
    size_t data_size;
    int members;
};

static enum status
begin(void *arg, const struct pg_tar_member *member, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    snprintf(seen->path, sizeof(seen->path), "%s", member->path);
    seen->size_bytes = member->size_bytes;
    seen->mtime = member->mtime;
    seen->mode = member->mode;
    seen->members++;
    return OK;
}

static enum status
data(void *arg, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    if (seen->data_size + bytes.size <= sizeof(seen->data))
    {
        memcpy(seen->data + seen->data_size, bytes.data, bytes.size);
        seen->data_size += bytes.size;
    }
    return OK;
}

static enum status
end(void *arg, struct error *err)
{
    (void) arg;
    (void) err;
    return OK;
}

static struct pg_tar_reader *
make_reader(struct seen *seen)
{
    const struct pg_tar_handler handler = {begin, data, end, seen};
    struct pg_tar_reader *reader = NULL;
    struct error err = {0};

    assert_ok(pg_tar_reader_create(&reader, &handler, &err));
    return reader;
}

static void
an_archive_is_read_as_it_was_written(void **state)
{
    struct seen seen = {0};
    SCOPED(pg_tar_reader_freep) struct pg_tar_reader *reader = make_reader(&seen);
    uint8_t header[PG_TAR_BLOCK_SIZE];
    struct error err = {0};

    (void) state;
    assert_ok(pg_tar_write_header("toc.dat", 5, 1700000000, header, &err));
    assert_ok(pg_tar_reader_feed(reader, (struct bytes){header, sizeof(header)}, &err));
    assert_ok(pg_tar_reader_feed(reader, bytes_of("hello"), &err));
    assert_ok(pg_tar_reader_feed(reader, (struct bytes){pg_tar_zeros, pg_tar_padding(5)}, &err));
    assert_ok(pg_tar_reader_feed(reader, (struct bytes){pg_tar_zeros, sizeof(pg_tar_zeros)}, &err));
    assert_ok(pg_tar_reader_finish(reader, false, &err));
    assert_int_equal(seen.members, 1);
    assert_string_equal(seen.path, "toc.dat");
    assert_int_equal(seen.size_bytes, 5);
    assert_int_equal(seen.mtime, 1700000000);
    assert_int_equal(seen.mode, 0600);
    assert_memory_equal(seen.data, "hello", 5);
}

/* 8 GiB is where octal digits do not suffice. */
static void
any_size_is_read_as_it_was_written(void **state)
{
    static const uint64_t sizes[] = {
        0, 1, 511, 512, (UINT64_C(1) << 33) - 1, UINT64_C(1) << 33, UINT64_C(123456789012345)};
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
    {
        struct seen seen = {0};
        SCOPED(pg_tar_reader_freep) struct pg_tar_reader *reader = make_reader(&seen);
        uint8_t header[PG_TAR_BLOCK_SIZE];

        assert_ok(pg_tar_write_header("a", sizes[index], 0, header, &err));
        assert_ok(pg_tar_reader_feed(reader, (struct bytes){header, sizeof(header)}, &err));
        assert_int_equal(seen.size_bytes, sizes[index]);
    }
}

static void
padding_fills_the_block(void **state)
{
    (void) state;
    assert_int_equal(pg_tar_padding(0), 0);
    assert_int_equal(pg_tar_padding(1), 511);
    assert_int_equal(pg_tar_padding(512), 0);
    assert_int_equal(pg_tar_padding(513), 511);
}

static void
a_path_that_does_not_fit_is_refused(void **state)
{
    char path[101];
    uint8_t header[PG_TAR_BLOCK_SIZE];
    struct error err = {0};

    (void) state;
    memset(path, 'a', 100);
    path[100] = '\0';
    assert_status(pg_tar_write_header(path, 0, 0, header, &err), STATUS_CONFIG);
    path[99] = '\0';
    assert_ok(pg_tar_write_header(path, 0, 0, header, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_is_read_as_it_was_written),
        cmocka_unit_test(any_size_is_read_as_it_was_written),
        cmocka_unit_test(padding_fills_the_block),
        cmocka_unit_test(a_path_that_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
