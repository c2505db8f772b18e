// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
set_up(void **state)
{
    *state = test_directory_create();
    return 0;
}

static int
tear_down(void **state)
{
    test_directory_remove(*state);
    return 0;
}

static void
assert_content(const char *path, const char *want)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(4096);
    struct error err = {0};

    assert_ok(file_read(path, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), bytes_of(want)));
}

static enum status
count_name(void *arg, const char *name, struct error *err)
{
    (void) name;
    (void) err;
    ++*(size_t *) arg;
    return OK;
}

static void
assert_names(const char *directory, size_t want)
{
    struct error err = {0};
    size_t count = 0;

    assert_ok(directory_each(directory, count_name, &count, &err));
    assert_int_equal(count, want);
}

static void
creating_never_overwrites_and_leaves_nothing_beside(void **state)
{
    SCOPED(freep) char *path = path_join(*state, "file");
    struct error err = {0};
    struct stat info;

    assert_ok(file_create(path, 0640, BYTES("first"), &err));
    assert_status(file_create(path, 0640, BYTES("second"), &err), STATUS_CONFLICT);
    assert_content(path, "first");
    assert_names(*state, 1);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777 & ~0027, 0640);
}

static void
replacing_replaces_whole_and_leaves_nothing_beside(void **state)
{
    SCOPED(freep) char *path = path_join(*state, "file");
    SCOPED(freep) char *stale = path_join(*state, "file.redoubt-tmp");
    struct error err = {0};

    assert_ok(file_create(stale, 0600, BYTES("what a crash left"), &err));
    assert_ok(file_replace(path, 0600, BYTES("first"), &err));
    assert_ok(file_replace(path, 0600, BYTES("2"), &err));
    assert_content(path, "2");
    assert_names(*state, 1);
}

static void
a_file_in_no_directory_is_not_created(void **state)
{
    SCOPED(freep) char *path = path_join(*state, "missing/file");
    struct error err = {0};

    assert_status(file_create(path, 0600, BYTES("x"), &err), STATUS_NOT_FOUND);
    assert_status(file_replace(path, 0600, BYTES("x"), &err), STATUS_NOT_FOUND);
    assert_message("missing/file");
}

static void
a_file_larger_than_the_limit_is_not_read(void **state)
{
    SCOPED(freep) char *path = path_join(*state, "file");
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(4);
    struct error err = {0};

    assert_ok(file_create(path, 0600, BYTES("12345"), &err));
    assert_status(file_read(path, &content, &err), STATUS_NO_MEMORY);
    assert_message(path);
}

static void
directories_are_made_with_their_parents(void **state)
{
    SCOPED(freep) char *path = path_join(*state, "a/b/c");
    SCOPED(freep) char *slashed = path_join(*state, "d/e/");
    struct error err = {0};
    struct stat info;

    assert_ok(directory_create(path, 0700, &err));
    assert_ok(directory_create(path, 0700, &err));
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_ok(directory_create(slashed, 0700, &err));
    assert_int_equal(stat(slashed, &info), 0);
}

static void
what_is_no_directory_is_not_taken_for_one(void **state)
{
    SCOPED(freep) char *file = path_join(*state, "file");
    SCOPED(freep) char *below = path_join(*state, "file/below");
    SCOPED(freep) char *link = path_join(*state, "link");
    struct error err = {0};

    assert_ok(file_create(file, 0600, BYTES("x"), &err));
    assert_int_equal(symlink("nowhere", link), 0);
    assert_status(directory_create(file, 0700, &err), STATUS_IO);
    assert_message("exists and is not a directory");
    assert_status(directory_create(link, 0700, &err), STATUS_IO);
    assert_int_not_equal(directory_create(below, 0700, &err), OK);
}

static void
emptiness_is_told_from_absence(void **state)
{
    SCOPED(freep) char *file = path_join(*state, "file");
    SCOPED(freep) char *missing = path_join(*state, "missing");
    struct error err = {0};
    bool empty;

    assert_ok(directory_is_empty(*state, &empty, &err));
    assert_true(empty);
    assert_ok(file_create(file, 0600, BYTES("x"), &err));
    assert_ok(directory_is_empty(*state, &empty, &err));
    assert_false(empty);
    assert_status(directory_is_empty(missing, &empty, &err), STATUS_NOT_FOUND);
}

static void
reads_and_writes_at_an_offset_are_whole(void **state)
{
    SCOPED(fd_closep) int fd = -1;
    struct error err = {0};
    uint64_t size_bytes;
    char text[8] = "";
    size_t got;

    (void) state;
    assert_ok(file_temporary(&fd, &err));
    assert_ok(fd_write(fd, BYTES("0123456789"), "file", &err));
    assert_ok(fd_pwrite(fd, BYTES("abc"), 8, "file", &err));
    assert_ok(fd_size(fd, &size_bytes, "file", &err));
    assert_int_equal(size_bytes, 11);
    assert_ok(fd_pread(fd, text, 7, 6, &got, "file", &err));
    assert_int_equal(got, 5);
    assert_memory_equal(text, "67abc", 5);
    assert_ok(fd_pread(fd, text, 7, 11, &got, "file", &err));
    assert_int_equal(got, 0);
}

static void
a_full_disk_says_so_and_what_to_do(void **state)
{
    SCOPED(fd_closep) int fd = -1;
    struct error err = {0};

    (void) state;
    assert_ok(fd_open(&fd, "/dev/full", O_WRONLY, 0, &err));
    assert_status(fd_write(fd, BYTES("x"), "/dev/full", &err), STATUS_IO);
    assert_message("could not write \"/dev/full\": No space left on device");
    assert_string_equal(err.hint, "Free some space on the file system of \"/dev/full\".");
}

static void
a_temporary_file_has_no_name(void **state)
{
    SCOPED(fd_closep) int fd = -1;
    struct error err = {0};
    struct stat info;

    assert_int_equal(setenv("TMPDIR", *state, 1), 0);
    assert_ok(file_temporary(&fd, &err));
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_nlink, 0);
    assert_names(*state, 0);
}

static void
paths_come_apart_and_together(void **state)
{
    static const struct
    {
        const char *path;
        const char *directory;
        const char *name;
    } cases[] = {
        {"a", ".", "a"},         {"/a", "/", "a"}, {"a/b", "a", "b"},
        {"/a/b/c", "/a/b", "c"}, {"a/", "a", ""},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(freep) char *directory = path_directory(cases[index].path);

        assert_string_equal(directory, cases[index].directory);
        assert_string_equal(path_name(cases[index].path), cases[index].name);
    }
    SCOPED(freep) char *joined = path_join("/", "a");
    assert_string_equal(joined, "/a");
}

static void
only_paths_that_stay_inside_are_contained(void **state)
{
    static const char *const good[] = {"a", "a/b", "...", "a..b/.c", "base/1/2", "\xff"};
    static const char *const bad[] = {
        "",    "/",   "/a",   "a/",   "a//b",   ".",    "..",
        "./a", "a/.", "../a", "a/..", "a/../b", "a\nb", "a\x7f",
    };

    (void) state;
    for (size_t index = 0; index < sizeof(good) / sizeof(good[0]); index++)
        if (!path_is_contained(good[index]))
            fail_msg("\"%s\" is refused", good[index]);
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
        if (path_is_contained(bad[index]))
            fail_msg("\"%s\" is accepted", bad[index]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(creating_never_overwrites_and_leaves_nothing_beside),
        TEST(replacing_replaces_whole_and_leaves_nothing_beside),
        TEST(a_file_in_no_directory_is_not_created),
        TEST(a_file_larger_than_the_limit_is_not_read),
        TEST(directories_are_made_with_their_parents),
        TEST(what_is_no_directory_is_not_taken_for_one),
        TEST(emptiness_is_told_from_absence),
        TEST(reads_and_writes_at_an_offset_are_whole),
        TEST(a_full_disk_says_so_and_what_to_do),
        TEST(a_temporary_file_has_no_name),
        TEST(paths_come_apart_and_together),
        TEST(only_paths_that_stay_inside_are_contained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
