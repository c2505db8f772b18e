// SPDX-License-Identifier: PostgreSQL
/*
 * What only files can do to a store; tests/contract has what every store must.
 */
#include "tests/support/assert.h"

#include "base/file.h"
#include "base/group.h"
#include "repo/store_delete.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture
{
    char *directory; /* holds the root */
    char *root;
    struct store *store;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    fixture->directory = test_directory_create();
    fixture->root = path_join(fixture->directory, "root");
    assert_int_equal(mkdir(fixture->root, 0700), 0);
    assert_ok(store_open_file(&fixture->store, fixture->root, &err));
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_freep(&fixture->store);
    test_directory_remove(fixture->directory);
    free(fixture->root);
    free(fixture);
    return 0;
}

static enum status
count_object(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) key;
    (void) size_bytes;
    (void) err;
    ++*(size_t *) arg;
    return OK;
}

static enum status
count_objects(struct store *store, size_t *count, struct error *err)
{
    *count = 0;
    return store_list(store, "", "", count_object, count, err);
}

static enum status
get(struct store *store, const char *key, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1024);

    return store_get(store, key, &content, err);
}

/* A path below the root, to be freed. */
static char *
below(struct fixture *fixture, const char *name)
{
    return path_join(fixture->root, name);
}

static void
a_removed_root_is_trouble_and_never_an_answer(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    uint64_t size_bytes;
    time_us now;
    size_t count;

    assert_int_equal(rmdir(fixture->root), 0);
    assert_status(get(fixture->store, "wal/a", &err), STATUS_IO);
    assert_message("was removed while it was in use");
    assert_status(store_size(fixture->store, "a", &size_bytes, &err), STATUS_IO);
    assert_status(count_objects(fixture->store, &count, &err), STATUS_IO);
    assert_status(store_list(fixture->store, "shop/log/", "", count_object, &count, &err),
                  STATUS_IO);
    assert_status(store_put(fixture->store, "a/b", BYTES("x"), &err), STATUS_IO);
    assert_status(store_delete(fixture->store, "a", &err), STATUS_IO);
    assert_status(store_server_time(fixture->store, &now, &err), STATUS_IO);
}

/* An unmounted repository shows the empty directory it was mounted on. */
static void
another_directory_in_the_root_s_place_is_not_asked(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *away = path_join(fixture->directory, "away");
    struct error err = {0};

    assert_ok(store_put(fixture->store, "shop/a", BYTES("x"), &err));
    assert_int_equal(rename(fixture->root, away), 0);
    assert_int_equal(mkdir(fixture->root, 0700), 0);
    assert_ok(get(fixture->store, "shop/a", &err));
}

static void
what_a_crash_left_in_tmp_is_no_object(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *directory = below(fixture, "tmp");
    SCOPED(freep) char *leftover = below(fixture, "tmp/0011");
    struct error err = {0};
    size_t count;

    assert_int_equal(mkdir(directory, 0700), 0);
    assert_ok(file_create(leftover, 0600, BYTES("half"), &err));
    assert_ok(count_objects(fixture->store, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(store_put(fixture->store, "a", BYTES("x"), &err));
    assert_ok(count_objects(fixture->store, &count, &err));
    assert_int_equal(count, 1);
}

static void
an_abandoned_or_refused_object_leaves_nothing_in_tmp(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *directory = below(fixture, "tmp");
    SCOPED(sink_freep) struct sink *abandoned = NULL;
    SCOPED(sink_freep) struct sink *late = NULL;
    struct error err = {0};
    bool empty;

    assert_ok(store_create(fixture->store, "a", &abandoned, &err));
    assert_ok(sink_write(abandoned, BYTES("half"), &err));
    sink_freep(&abandoned);
    assert_ok(store_create(fixture->store, "a", &late, &err));
    assert_ok(store_put(fixture->store, "a", BYTES("first"), &err));
    assert_status(sink_finish(late, &err), STATUS_CONFLICT);
    sink_freep(&late);
    assert_ok(directory_is_empty(directory, &empty, &err));
    assert_true(empty);
}

static void
a_symbolic_link_is_no_object(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *link = below(fixture, "link");
    SCOPED(freep) char *dangling = below(fixture, "dangling");
    struct error err = {0};
    uint64_t size_bytes;
    size_t count;

    assert_ok(store_put(fixture->store, "a", BYTES("x"), &err));
    assert_int_equal(symlink("a", link), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_status(get(fixture->store, "link", &err), STATUS_IO);
    assert_status(get(fixture->store, "dangling", &err), STATUS_IO);
    assert_status(store_size(fixture->store, "dangling", &size_bytes, &err), STATUS_IO);
    assert_status(store_put(fixture->store, "dangling", BYTES("y"), &err), STATUS_CONFLICT);
    assert_status(count_objects(fixture->store, &count, &err), STATUS_IO);
}

static void
a_directory_in_an_object_s_place_is_trouble(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    uint64_t size_bytes;

    assert_ok(store_put(fixture->store, "a/b", BYTES("x"), &err));
    assert_status(get(fixture->store, "a", &err), STATUS_IO);
    assert_message("is not a regular file");
    assert_status(store_size(fixture->store, "a", &size_bytes, &err), STATUS_IO);
    assert_status(store_put(fixture->store, "a", BYTES("y"), &err), STATUS_CONFLICT);
    assert_status(store_delete(fixture->store, "a", &err), STATUS_IO);
}

static void
a_file_in_a_directory_s_place_is_trouble(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    size_t count = 0;

    assert_ok(store_put(fixture->store, "a", BYTES("x"), &err));
    assert_status(get(fixture->store, "a/b", &err), STATUS_IO);
    assert_status(store_put(fixture->store, "a/b", BYTES("y"), &err), STATUS_IO);
    assert_status(store_list(fixture->store, "a/", "", count_object, &count, &err), STATUS_IO);
}

static void
a_pipe_in_an_object_s_place_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *pipe_path = below(fixture, "pipe");
    struct error err = {0};

    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_status(get(fixture->store, "pipe", &err), STATUS_IO);
}

static void
objects_are_the_owner_s_alone(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *path = below(fixture, "a/b");
    SCOPED(freep) char *directory = below(fixture, "a");
    struct error err = {0};
    struct stat info;

    assert_ok(store_put(fixture->store, "a/b", BYTES("x"), &err));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(stat(directory, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
}

static void
a_root_that_is_not_a_directory_is_not_opened(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(store_freep) struct store *store = NULL;
    SCOPED(freep) char *file = below(fixture, "file");
    struct error err = {0};

    assert_ok(file_create(file, 0600, BYTES("x"), &err));
    assert_int_not_equal(store_open_file(&store, file, &err), OK);
    assert_null(store);
}

static void
the_last_object_of_a_directory_takes_it_along(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *directory = below(fixture, "a");
    SCOPED(freep) char *deeper = below(fixture, "a/b/c");
    struct error err = {0};

    assert_ok(store_put(fixture->store, "a/b/c/1", BYTES("x"), &err));
    assert_ok(store_put(fixture->store, "a/2", BYTES("x"), &err));

    assert_ok(store_delete(fixture->store, "a/b/c/1", &err));
    assert_int_equal(access(deeper, F_OK), -1);
    assert_int_equal(access(directory, F_OK), 0);

    assert_ok(store_delete(fixture->store, "a/2", &err));
    assert_int_equal(access(directory, F_OK), -1);
}

struct neighbour
{
    struct store *store;
    char key[32];
};

static enum status
come_and_go(void *arg, struct error *err)
{
    const struct neighbour *neighbour = arg;

    for (int round = 0; round < 200; round++)
    {
        TRY(store_put(neighbour->store, neighbour->key, BYTES("x"), err));
        TRY(store_delete(neighbour->store, neighbour->key, err));
    }
    return OK;
}

static void
objects_may_come_into_a_directory_that_others_leave_empty(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(group_freep) struct group *group = NULL;
    struct neighbour neighbours[3];
    struct error err = {0};
    size_t count = 0;

    assert_ok(group_create(&group, &err));
    for (size_t index = 0; index < 3; index++)
    {
        neighbours[index].store = fixture->store;
        snprintf(neighbours[index].key, sizeof(neighbours[index].key), "a/b/%zu", index);
        assert_ok(group_start(group, come_and_go, &neighbours[index], &err));
    }
    assert_ok(group_join(group, &err));
    assert_ok(store_list(fixture->store, "", "", count_object, &count, &err));
    assert_int_equal(count, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_removed_root_is_trouble_and_never_an_answer),
        TEST(another_directory_in_the_root_s_place_is_not_asked),
        TEST(what_a_crash_left_in_tmp_is_no_object),
        TEST(an_abandoned_or_refused_object_leaves_nothing_in_tmp),
        TEST(a_symbolic_link_is_no_object),
        TEST(a_directory_in_an_object_s_place_is_trouble),
        TEST(a_file_in_a_directory_s_place_is_trouble),
        TEST(a_pipe_in_an_object_s_place_is_not_waited_for),
        TEST(objects_are_the_owner_s_alone),
        TEST(a_root_that_is_not_a_directory_is_not_opened),
        TEST(the_last_object_of_a_directory_takes_it_along),
        TEST(objects_may_come_into_a_directory_that_others_leave_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
