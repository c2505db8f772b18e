// SPDX-License-Identifier: PostgreSQL
#include "tests/support/expiry_build.h"

#include "tests/support/assert.h"

void
expiry_build_open(struct expiry_build *build, bool faulty)
{
    if (faulty)
        test_repository_open_faulty(&build->test);
    else
        test_repository_open(&build->test, false);
    build->repo = build->test.repo;
    build->now = clock_now();
    build->policy = retention_policy_default();
    build->policy.daily = 2;
    build->policy.weekly = 0;
    build->policy.monthly = 0;
    build->policy.recovery_window_us = 0;
    build->policy.minimum_age_us = 0;
    build->policy.grace_us = 0;
}

void
expiry_build_close(struct expiry_build *build)
{
    expire_report_release(&build->report);
    catalog_release(&build->catalog);
    test_repository_close(&build->test);
}

enum status
expiry_build_run(struct expiry_build *build, bool dry_run, struct error *err)
{
    const struct expire_options options = {
        .policy = &build->policy, .now = build->now, .workers = 1, .dry_run = dry_run};

    expire_report_release(&build->report);
    return expire_run(build->repo, &options, &build->report, err);
}

void
expiry_build_run_all(struct expiry_build *build)
{
    struct error err = {0};

    assert_ok(expiry_build_run(build, false, &err));
    assert_ok(catalog_load(build->repo, &build->catalog, &err));
}

bool
expiry_build_has(struct expiry_build *build, const char *key)
{
    struct error err = {0};
    uint64_t size_bytes;
    enum status status = store_size(build->repo->store, key, &size_bytes, &err);

    assert_true(status == OK || status == STATUS_NOT_FOUND);
    return status == OK;
}
