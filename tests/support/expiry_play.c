// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/expire.h"
#include "tests/support/expiry_play.h"

#include <stdio.h>
#include <stdlib.h>

enum status
expiry_play_expire(void *arg, struct repo *repo, struct error *err)
{
    SCOPED(expire_report_release) struct expire_report report = {0};
    struct retention_policy policy = retention_policy_default();
    const struct expire_options options = {.policy = &policy, .now = clock_now(), .workers = 1};

    (void) arg;
    policy.daily = 1;
    policy.weekly = 0;
    policy.monthly = 0;
    policy.recovery_window_us = 0;
    policy.minimum_age_us = 0;
    policy.grace_us = 0;
    return expire_run(repo, &options, &report, err);
}

enum status
expiry_play_pass_by(void *arg, struct repo *repo, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    const struct catalog_entry entry = {.released = "nobody"};

    (void) arg;
    TRY(catalog_load(repo, &catalog, err));
    return catalog_append(repo, &catalog, &entry, (struct catalog_check){0}, err);
}

struct repo
expiry_play_repo(struct store *store)
{
    return (struct repo){.store = store,
                         .cluster = (char *) "shop",
                         .conditional_create = true,
                         .compression_level = 1,
                         .threads = 1};
}

void
expiry_play_fill_log(struct repo *repo, struct catalog *catalog, uint64_t entries)
{
    const struct catalog_entry nothing = {.released = "nobody"};
    struct error err = {0};

    while (catalog->last_number < entries)
        assert_ok(catalog_append(repo, catalog, &nothing, (struct catalog_check){0}, &err));
}

/* Each one more takes about five times as long: for a night, not for every day. */
static unsigned
more_preemptions(void)
{
    const char *more = getenv("REDOUBT_TEST_MORE_PREEMPTIONS");

    return more == NULL ? 0 : (unsigned) strtoul(more, NULL, 10);
}

struct turns_play
expiry_play_of(unsigned preemptions, void *arg)
{
    return (struct turns_play){.preemptions = preemptions + more_preemptions(), .arg = arg};
}

void
expiry_play_cast(struct turns_play *play, struct turns_actor actor)
{
    play->actors[play->actor_count++] = actor;
}

bool
expiry_play_ended_well(const struct turns_play *play, struct error *err)
{
    for (size_t actor = 0; actor < play->actor_count; actor++)
    {
        enum status status = play->actors[actor].status;

        if (status == OK || status == STATUS_REFUSED)
            continue;
        *err = play->actors[actor].err;
        error_context(err, "%s", play->actors[actor].name);
        return false;
    }
    return true;
}

void
expiry_play_assert_safe(struct turns_play *play, struct store *content)
{
    struct turns_result result;
    struct error err = {0};

    assert_ok(turns_play_all(play, content, &result, &err));
    printf("  %llu orders of up to %llu turns\n", (unsigned long long) result.orders,
           (unsigned long long) result.longest);
    if (result.violated)
        fail_msg("%s", result.violation);
}

void
expiry_play_assert_unsafe(struct turns_play *play, struct store *content, const char *violation)
{
    struct turns_result result;
    struct error err = {0};

    assert_ok(turns_play_all(play, content, &result, &err));
    printf("  found in order %llu: %.*s\n", (unsigned long long) result.orders,
           (int) strcspn(result.violation, "\n"), result.violation);
    assert_true(result.violated);
    if (strstr(result.violation, violation) == NULL)
        fail_msg("%s", result.violation);
}
