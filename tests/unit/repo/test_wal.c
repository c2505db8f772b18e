// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/wal.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <unistd.h>

#define SEGMENT "000000010000000000000003"

static struct test_repository encrypted;
static struct test_repository plain;

static int
open_repositories(void **state)
{
    (void) state;
    test_repository_open(&encrypted, true);
    test_repository_open(&plain, false);
    return 0;
}

static int
close_repositories(void **state)
{
    (void) state;
    test_repository_close(&encrypted);
    test_repository_close(&plain);
    return 0;
}

/* An open temporary file with this content. */
static int
source_of(struct bytes content)
{
    struct error err = {0};
    int fd = -1;

    assert_ok(file_temporary(&fd, &err));
    assert_ok(fd_write(fd, content, "source", &err));
    return fd;
}

static enum status
push(struct repo *repo, const char *name, struct bytes content, enum wal_push_result *result,
     struct error *err)
{
    SCOPED(fd_closep) int source = source_of(content);
    struct wal_file file = {7, name};

    return wal_push(repo, &file, source, "source", result, err);
}

static enum status
get(struct repo *repo, const char *name, struct buffer *content, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_file file = {7, name};

    TRY(sink_open_buffer(&sink, content, err));
    return wal_read(repo, &file, &sink, err);
}

static void
check_archive(struct repo *repo)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1 << 20);
    struct error err = {0};
    enum wal_push_result result;

    assert_status(get(repo, SEGMENT, &content, &err), STATUS_NOT_FOUND);
    assert_ok(push(repo, SEGMENT, BYTES("segment content"), &result, &err));
    assert_int_equal(result, WAL_STORED);
    assert_ok(push(repo, SEGMENT, BYTES("segment content"), &result, &err));
    assert_int_equal(result, WAL_ALREADY_THERE);
    assert_status(push(repo, SEGMENT, BYTES("other content!!"), &result, &err), STATUS_CONFLICT);
    assert_message("with other content");
    assert_non_null(strstr(err.detail, "Nothing was overwritten"));
    assert_ok(get(repo, SEGMENT, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), BYTES("segment content")));
}

static void
a_segment_is_stored_once_and_never_overwritten(void **state)
{
    (void) state;
    check_archive(encrypted.repo);
}

static void
without_encryption_it_is_the_same(void **state)
{
    (void) state;
    check_archive(plain.repo);
}

static void
a_file_of_no_bytes_comes_back_as_one(void **state)
{
    (void) state;
    struct repo *repos[] = {encrypted.repo, plain.repo};
    struct error err = {0};
    enum wal_push_result result;

    for (size_t index = 0; index < 2; index++)
    {
        SCOPED(buffer_release) struct buffer content = BUFFER_INIT(100);

        assert_ok(
            push(repos[index], SEGMENT ".00000028.backup", (struct bytes){NULL, 0}, &result, &err));
        assert_ok(get(repos[index], SEGMENT ".00000028.backup", &content, &err));
        assert_int_equal(content.size, 0);
    }
}

/* Above 64 MiB a segment is streamed, not held in memory. */
static void
a_segment_too_large_for_memory_goes_through_too(void **state)
{
    const uint64_t size = (UINT64_C(64) << 20) + 5;
    SCOPED(fd_closep) int source = source_of(BYTES("begins with this"));
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_file file = {7, SEGMENT};
    struct error err = {0};
    enum wal_push_result result;
    uint64_t read_bytes;

    (void) state;
    assert_int_equal(ftruncate(source, (off_t) size), 0);
    assert_ok(wal_push(encrypted.repo, &file, source, "source", &result, &err));
    assert_int_equal(result, WAL_STORED);
    assert_ok(wal_push(encrypted.repo, &file, source, "source", &result, &err));
    assert_int_equal(result, WAL_ALREADY_THERE);
    assert_ok(sink_open_null(&sink, &err));
    assert_ok(sink_push_count(&sink, &read_bytes, &err));
    assert_ok(wal_read(encrypted.repo, &file, &sink, &err));
    assert_true(read_bytes == size);
}

static enum status
collect(void *arg, const char *name, struct error *err)
{
    struct buffer *names = arg;

    TRY(buffer_append(names, bytes_of(name), err));
    return buffer_append(names, BYTES(" "), err);
}

static void
files_are_listed_by_timeline_in_order(void **state)
{
    (void) state;
    SCOPED(buffer_release) struct buffer names = BUFFER_INIT(4096);
    struct error err = {0};
    enum wal_push_result result;

    assert_ok(push(plain.repo, "000000020000000100000000", BYTES("b"), &result, &err));
    assert_ok(push(plain.repo, "0000000200000000000000FF", BYTES("a"), &result, &err));
    assert_ok(push(plain.repo, "00000002.history", BYTES("h"), &result, &err));
    assert_ok(push(plain.repo, "000000030000000100000000", BYTES("c"), &result, &err));
    assert_ok(wal_list(plain.repo, 7, 2, collect, &names, &err));
    assert_true(
        bytes_equal(buffer_bytes(&names), BYTES("0000000200000000000000FF 000000020000000100000000 "
                                                "00000002.history ")));
}

static void
two_clusters_do_not_meet(void **state)
{
    (void) state;
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_file other = {8, SEGMENT};
    struct error err = {0};
    enum wal_push_result result;

    assert_ok(push(plain.repo, SEGMENT, BYTES("x"), &result, &err));
    assert_ok(sink_open_null(&sink, &err));
    assert_status(wal_read(plain.repo, &other, &sink, &err), STATUS_NOT_FOUND);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_repositories, close_repositories)
    const struct CMUnitTest tests[] = {
        TEST(a_segment_is_stored_once_and_never_overwritten),
        TEST(without_encryption_it_is_the_same),
        TEST(a_file_of_no_bytes_comes_back_as_one),
        TEST(a_segment_too_large_for_memory_goes_through_too),
        TEST(files_are_listed_by_timeline_in_order),
        TEST(two_clusters_do_not_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
