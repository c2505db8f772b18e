// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "config/config.h"
#include "health/server.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define NOW (20000 * INT64_C(86400) * US_PER_SECOND)

/* A data directory's pg_wal/archive_status, and what is found there. */
struct story
{
    char *directory;
    char status[256];
    struct config config;
    struct health_archiving found;
};

static void
begin(struct story *story)
{
    struct error err = {0};

    *story = (struct story){.directory = test_directory_create()};
    story->config.postgres.data_directory = story->directory;
    snprintf(story->status, sizeof(story->status), "%s/pg_wal/archive_status", story->directory);
    assert_ok(directory_create(story->status, 0700, &err));
}

static void
end(struct story *story)
{
    test_directory_remove(story->directory);
}

/* A file that was written so many seconds ago. */
static void
put(const struct story *story, const char *name, int64_t age_s)
{
    SCOPED(freep) char *path = path_join(story->status, name);
    const struct timespec when = {.tv_sec = NOW / US_PER_SECOND - age_s};
    const struct timespec times[] = {when, when};
    struct error err = {0};

    assert_ok(file_create(path, 0600, BYTES(""), &err));
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
look(struct story *story)
{
    struct error err = {0};

    story->found = (struct health_archiving){0};
    assert_ok(health_server_look(&story->config, NOW, &story->found, &err));
}

static void
an_empty_directory_says_that_nothing_waits(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    put(&story, "000000010000000000000001.done", 100);
    put(&story, ".ready.old", 100);
    look(&story);
    assert_true(story.found.known);
    assert_int_equal(story.found.waiting, 0);
    assert_string_equal(story.found.oldest, "");
    end(&story);
}

static void
the_oldest_of_what_waits_is_named(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    put(&story, "000000010000000000000002.ready", 100);
    put(&story, "000000010000000000000003.ready", 700);
    put(&story, "00000002.history.ready", 30);
    put(&story, "000000010000000000000001.done", 9000);
    look(&story);
    assert_true(story.found.known);
    assert_int_equal(story.found.waiting, 3);
    assert_int_equal(story.found.waited_us, 700 * US_PER_SECOND);
    assert_string_equal(story.found.oldest, "000000010000000000000003");
    end(&story);
}

static void
what_is_dated_in_the_future_waits_all_the_same(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    put(&story, "000000010000000000000002.ready", -500);
    look(&story);
    assert_int_equal(story.found.waiting, 1);
    assert_int_equal(story.found.waited_us, -500 * US_PER_SECOND);
    end(&story);
}

static void
a_directory_that_cannot_be_read_says_nothing(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    story.config.postgres.data_directory = "/nowhere";
    look(&story);
    assert_false(story.found.known);
    story.config.postgres.data_directory = NULL;
    look(&story);
    assert_false(story.found.known);
    end(&story);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_directory_says_that_nothing_waits),
        cmocka_unit_test(the_oldest_of_what_waits_is_named),
        cmocka_unit_test(what_is_dated_in_the_future_waits_all_the_same),
        cmocka_unit_test(a_directory_that_cannot_be_read_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
