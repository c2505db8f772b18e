// SPDX-License-Identifier: PostgreSQL
/*
 * Root, and strangers, in somebody's repository.  The tests run as an ordinary
 * user, who is told to take himself for another.
 */
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/store_file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRANGER 54321 /* a user without a name */

struct fixture
{
    char *root;
    struct store *store;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    fixture->root = test_directory_create();
    assert_ok(store_open_file(&fixture->store, fixture->root, &err));
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_freep(&fixture->store);
    test_directory_remove(fixture->root);
    free(fixture);
    return 0;
}

static void
become(struct fixture *fixture, uid_t user)
{
    ((struct file_store *) fixture->store)->user = user;
}

static enum status
get(struct store *store, const char *key, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1024);

    return store_get(store, key, &content, err);
}

static bool
is_there(const struct fixture *fixture, const char *name)
{
    SCOPED(freep) char *path = path_join(fixture->root, name);

    return access(path, F_OK) == 0;
}

static void
root_creates_nothing_in_what_is_another_user_s(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    time_us now;

    become(fixture, 0);

    assert_status(store_put(fixture->store, "shop/log/1", BYTES("x"), &err), STATUS_REFUSED);
    assert_message("and this is \"root\"");
    assert_non_null(strstr(err.message, fixture->root));
    assert_non_null(strstr(err.hint, "sudo -u "));
    assert_status(store_server_time(fixture->store, &now, &err), STATUS_REFUSED);
    assert_false(is_there(fixture, "tmp"));
    assert_false(is_there(fixture, "shop"));
}

static void
root_reads_it_and_learns_the_time(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    time_us now;

    assert_ok(store_put(fixture->store, "shop/log/1", BYTES("x"), &err));
    become(fixture, 0);

    assert_ok(get(fixture->store, "shop/log/1", &err));
    assert_ok(store_server_time(fixture->store, &now, &err));
    assert_status(store_put(fixture->store, "shop/log/2", BYTES("x"), &err), STATUS_REFUSED);
}

/* A group, or an ACL, says who reads what such a one writes. */
static void
another_user_than_root_may_share_it(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    become(fixture, STRANGER);

    assert_ok(store_put(fixture->store, "shop/wal/1", BYTES("x"), &err));
}

static void
lock(const struct fixture *fixture, const char *name, mode_t mode)
{
    SCOPED(freep) char *path = path_join(fixture->root, name);

    assert_int_equal(chmod(path, mode), 0);
}

static void
what_cannot_be_read_is_said_to_be_whose_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(store_put(fixture->store, "shop/log/1", BYTES("x"), &err));
    lock(fixture, "shop/log/1", 0);

    assert_status(get(fixture->store, "shop/log/1", &err), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "chmod -R u+rwX"));
    become(fixture, STRANGER);
    assert_status(get(fixture->store, "shop/log/1", &err), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "It belongs to user \""));
    assert_non_null(strstr(err.hint, "sudo -u "));
}

static void
a_directory_that_lets_nobody_in_gets_the_same_hint(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(store_put(fixture->store, "shop/log/1", BYTES("x"), &err));
    lock(fixture, "shop/log", 0);

    assert_status(get(fixture->store, "shop/log/1", &err), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "chmod -R u+rwX"));
    assert_status(store_put(fixture->store, "shop/log/2", BYTES("x"), &err), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "chmod -R u+rwX"));
    lock(fixture, "shop/log", 0700);
}

static void
a_root_that_does_not_open_is_said_to_be_whose_it_is(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(store_freep) struct store *store = NULL;
    struct error err = {0};

    assert_int_equal(chmod(fixture->root, 0), 0);
    assert_status(store_open_file(&store, fixture->root, &err), STATUS_DENIED);
    assert_int_equal(chmod(fixture->root, 0700), 0);
    assert_non_null(strstr(err.hint, "chmod -R u+rwX"));
    if (access("/root", R_OK) == 0)
        skip();
    assert_status(store_open_file(&store, "/root", &err), STATUS_DENIED);
    assert_non_null(strstr(err.hint, "sudo -u 'root' redoubt"));
}

/* /root is what a command of root would have left: somebody else's, and closed. */
static void
what_root_left_in_our_repository_is_to_be_given_back(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *shop = path_join(fixture->root, "shop");
    struct error err = {0};
    struct stat info;

    if (stat("/root", &info) != 0 || info.st_uid != 0 || access("/root", X_OK) == 0)
        skip();
    assert_int_equal(symlink("/root", shop), 0);

    assert_status(get(fixture->store, "shop/1", &err), STATUS_DENIED);
    assert_non_null(
        strstr(err.hint, "It belongs to user \"root\". Give it back, as root: chown -R"));
    assert_non_null(strstr(err.hint, fixture->root));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(root_creates_nothing_in_what_is_another_user_s, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(root_reads_it_and_learns_the_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_user_than_root_may_share_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_said_to_be_whose_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_lets_nobody_in_gets_the_same_hint, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_root_that_does_not_open_is_said_to_be_whose_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_root_left_in_our_repository_is_to_be_given_back,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
