// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "dump/spool.h"

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
put(const char *directory, const char *name)
{
    SCOPED(freep) char *path = path_join(directory, name);
    struct error err;

    assert_ok(file_create(path, 0600, BYTES("x"), &err));
}

static bool
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void
a_spool_is_a_private_directory_that_goes_with_its_content(void **state)
{
    SCOPED(spool_release) struct spool spool = SPOOL_INIT;
    SCOPED(freep) char *path = NULL;
    struct stat info;
    struct error err;

    assert_ok(spool_open(&spool, *state, &err));
    assert_int_equal(stat(spool.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    path = strdup(spool.path);
    put(spool.path, "archive");
    spool_release(&spool);
    assert_false(exists(path));
    spool_release(&spool); /* nothing is open any more */
}

static void
two_runs_do_not_touch_each_other(void **state)
{
    SCOPED(spool_release) struct spool first = SPOOL_INIT;
    SCOPED(spool_release) struct spool second = SPOOL_INIT;
    struct error err;

    assert_ok(spool_open(&first, *state, &err));
    put(first.path, "archive");
    assert_ok(spool_open(&second, *state, &err));
    assert_string_not_equal(first.path, second.path);
    assert_true(exists(first.path));
    spool_release(&second);
    assert_true(exists(first.path));
}

static void
what_a_killed_run_has_left_is_removed_by_the_next(void **state)
{
    SCOPED(spool_release) struct spool killed = SPOOL_INIT;
    SCOPED(spool_release) struct spool next = SPOOL_INIT;
    SCOPED(freep) char *path = NULL;
    struct error err;

    assert_ok(spool_open(&killed, *state, &err));
    put(killed.path, "toc.dat");
    put(killed.path, "4021.dat");
    path = strdup(killed.path);
    fd_closep(&killed.lock); /* as the kernel does it */
    assert_ok(spool_open(&next, *state, &err));
    assert_false(exists(path));
    assert_true(exists(next.path));
}

static void
what_is_not_ours_stays(void **state)
{
    SCOPED(spool_release) struct spool spool = SPOOL_INIT;
    SCOPED(freep) char *root = path_join(*state, "dumps");
    SCOPED(freep) char *other = path_join(root, "somebody's");
    struct error err;

    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    put(root, "run-file");
    assert_ok(spool_open(&spool, *state, &err));
    assert_true(exists(other));
}

static void
a_directory_that_others_may_write_to_is_refused(void **state)
{
    SCOPED(spool_release) struct spool spool = SPOOL_INIT;
    SCOPED(freep) char *root = path_join(*state, "dumps");
    struct error err;

    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(chmod(root, 0777), 0);
    assert_status(spool_open(&spool, *state, &err), STATUS_REFUSED);
    assert_message("is not a directory of ours alone");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_spool_is_a_private_directory_that_goes_with_its_content,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_runs_do_not_touch_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_killed_run_has_left_is_removed_by_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_ours_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_others_may_write_to_is_refused, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
