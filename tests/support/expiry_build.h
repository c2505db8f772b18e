// SPDX-License-Identifier: PostgreSQL
/*
 * expiry_build.h - a repository in memory in which things expire.
 *
 * Its policy keeps two days at once, nothing else and without grace: a test that
 * wants more says so.
 */
#pragma once

#include "repo/catalog.h"
#include "retention/expire.h"
#include "tests/support/repository.h"

struct expiry_build
{
    struct test_repository test;
    struct repo *repo;
    struct catalog catalog;
    struct retention_policy policy;
    time_us now;
    struct expire_report report; /* of the last run */
};

/* The store is faulty_store's if asked for; it is not armed. */
void expiry_build_open(struct expiry_build *build, bool faulty);
void expiry_build_close(struct expiry_build *build);

enum status expiry_build_run(struct expiry_build *build, bool dry_run, struct error *err);

/* A run that succeeds; the catalog is then as after it. */
void expiry_build_run_all(struct expiry_build *build);

bool expiry_build_has(struct expiry_build *build, const char *key);
