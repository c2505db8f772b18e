// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/scope.h"

#include <stdio.h>
#include <string.h>

#define TOLD_MAX 8

struct told
{
    char database[64];
    struct check_result result;
};

struct story
{
    struct database items[TOLD_MAX];
    struct databases databases;
    struct checks_config checks[2];
    struct receipt_count counts[TOLD_MAX];
    struct receipt previous;
    struct scope scope;
    struct told told[TOLD_MAX];
    size_t told_count;
};

static void
add(struct story *story, const char *name, enum database_state state)
{
    struct database *database = &story->items[story->databases.count++];

    snprintf(database->name, sizeof(database->name), "%s", name);
    database->state = state;
}

/* The server's own databases, and one set of checks, which name no database. */
static void
begin(struct story *story)
{
    *story = (struct story){.databases = {.items = story->items}};
    story->previous.counts = story->counts;
    story->scope =
        (struct scope){.databases = &story->databases, .checks = story->checks, .check_count = 1};
    add(story, "postgres", DATABASE_OPEN);
    add(story, "template1", DATABASE_OPEN);
}

/* The drill before found a table there. */
static void
remember(struct story *story, const char *database)
{
    story->counts[story->previous.count_count++].database = (char *) database;
    story->scope.previous = &story->previous;
}

static enum status
note(void *arg, const char *database, const struct check_result *result, struct error *err)
{
    struct story *story = arg;
    struct told *told = &story->told[story->told_count++];

    (void) err;
    snprintf(told->database, sizeof(told->database), "%s", database);
    told->result = *result;
    return OK;
}

static void
look(struct story *story)
{
    struct error err = {0};

    assert_ok(scope_each_unseen(&story->scope, note, story, &err));
}

static void
check_told(const struct story *story, size_t index, const char *database, enum check_state state,
           const char *found)
{
    const struct told *told = &story->told[index];

    assert_true(index < story->told_count);
    assert_string_equal(told->database, database);
    assert_int_equal(told->result.kind, CHECK_EXISTS);
    assert_int_equal(told->result.state, state);
    assert_non_null(strstr(told->result.name, database));
    assert_non_null(strstr(told->result.found, found));
}

static void
a_database_that_checks_name_must_be_there(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    story.checks[0].database = "shop";
    look(&story);
    assert_int_equal(story.told_count, 1);
    check_told(&story, 0, "shop", CHECK_FAILED, "missing");

    begin(&story);
    story.checks[0].database = "shop";
    add(&story, "shop", DATABASE_OPEN);
    look(&story);
    assert_int_equal(story.told_count, 0);
}

static void
a_recorded_database_that_is_gone_is_told_once_and_fails_where_none_may_go(void **state)
{
    (void) state;
    struct story story;

    for (int strict = 0; strict < 2; strict++)
    {
        begin(&story);
        story.checks[0].tables_present = strict == 1;
        remember(&story, "postgres");
        remember(&story, "shop");
        remember(&story, "shop");
        look(&story);
        assert_int_equal(story.told_count, 1);
        check_told(&story, 0, "shop", strict == 1 ? CHECK_FAILED : CHECK_SKIPPED, "gone");
    }
}

static void
a_recorded_database_that_checks_name_is_missing_but_once(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    story.checks[0].database = "shop";
    remember(&story, "shop");
    look(&story);
    assert_int_equal(story.told_count, 1);
    check_told(&story, 0, "shop", CHECK_FAILED, "missing");
}

static void
a_database_that_cannot_be_looked_into_is_told_and_breaks_what_names_it(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    add(&story, "attic", DATABASE_CLOSED);
    add(&story, "half", DATABASE_DROPPED);
    look(&story);
    assert_int_equal(story.told_count, 2);
    check_told(&story, 0, "attic", CHECK_SKIPPED, "allows no connections");
    check_told(&story, 1, "half", CHECK_SKIPPED, "interrupted");

    begin(&story);
    add(&story, "attic", DATABASE_CLOSED);
    story.checks[0].database = "attic";
    look(&story);
    check_told(&story, 0, "attic", CHECK_BROKEN, "allows no connections");

    begin(&story);
    add(&story, "half", DATABASE_DROPPED);
    story.checks[0].database = "half";
    look(&story);
    check_told(&story, 0, "half", CHECK_FAILED, "interrupted");
}

static void
checks_that_name_no_database_are_for_where_data_is(void **state)
{
    (void) state;
    struct story story;

    begin(&story);
    story.scope.check_count = 2;
    story.checks[1].database = "shop";
    assert_ptr_equal(scope_checks(&story.scope, "postgres"), &story.checks[0]);
    assert_ptr_equal(scope_checks(&story.scope, "template1"), &checks_default);

    add(&story, "shop", DATABASE_OPEN);
    add(&story, "other", DATABASE_OPEN);
    assert_ptr_equal(scope_checks(&story.scope, "postgres"), &checks_default);
    assert_ptr_equal(scope_checks(&story.scope, "shop"), &story.checks[1]);
    assert_ptr_equal(scope_checks(&story.scope, "other"), &story.checks[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_that_checks_name_must_be_there),
        cmocka_unit_test(a_recorded_database_that_is_gone_is_told_once_and_fails_where_none_may_go),
        cmocka_unit_test(a_recorded_database_that_checks_name_is_missing_but_once),
        cmocka_unit_test(a_database_that_cannot_be_looked_into_is_told_and_breaks_what_names_it),
        cmocka_unit_test(checks_that_name_no_database_are_for_where_data_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
