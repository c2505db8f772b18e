// SPDX-License-Identifier: PostgreSQL
/*
 * cluster_build.h - a repository in memory that holds a cluster's backups and
 * WAL, made by hand: system identifier 42, segments of 1 MiB.
 *
 * WAL is built record by record (wal_build.h) and archived in whole segments.
 * A backup has the few files that its test gives it.
 */
#pragma once

#include "repo/catalog.h"
#include "repo/manifest.h"
#include "tests/support/repository.h"
#include "tests/support/wal_build.h"

#define CLUSTER_BUILD_SYSTEM_IDENTIFIER 42
#define CLUSTER_BUILD_SEGMENT_SIZE      (1024 * 1024)

/* A readable time: so many minutes after 2026-01-01 00:00 UTC. */
#define CLUSTER_BUILD_MINUTE(minutes)                                                              \
    ((INT64_C(1767225600) + INT64_C(60) * (minutes)) * US_PER_SECOND)

struct cluster_build
{
    struct test_repository test;
    struct repo *repo; /* test's */
    struct catalog catalog;
};

void cluster_build_open(struct cluster_build *build, bool encrypted);
void cluster_build_close(struct cluster_build *build);

/* Records; each gives its LSN. */
pg_lsn cluster_build_commit(struct wal_build *wal, uint32_t xid, time_us time);
pg_lsn cluster_build_commit_with_child(struct wal_build *wal, uint32_t xid, uint32_t child,
                                       time_us time);
pg_lsn cluster_build_restore_point(struct wal_build *wal, const char *name, time_us time);

/* Harmless records, until the next one begins in the segment with this number. */
void cluster_build_fill_to(struct wal_build *wal, uint64_t number);

/* Archive all segments of the WAL but those numbered omit; the last is padded with zeros. */
void cluster_build_archive(struct cluster_build *build, struct wal_build *wal, uint64_t omit);

/* Store a segment of the WAL with a backup. */
void cluster_build_keep(struct cluster_build *build, struct wal_build *wal, const char *backup_id,
                        uint64_t number);

void cluster_build_history(struct cluster_build *build, pg_timeline timeline, const char *content);

/* Store a history file with a backup. */
void cluster_build_keep_history(struct cluster_build *build, const char *backup_id,
                                pg_timeline timeline, const char *content);

/* One file of a backup; content NULL: a directory. */
struct cluster_build_file
{
    const char *path;
    const char *content;
    uint64_t size_bytes; /* at least the content's; the rest is a hole */
};

struct cluster_build_backup
{
    struct backup backup; /* id, start, stop, stopped, damaged; the rest is filled in */
    const struct cluster_build_file *files; /* sorted; the last has no path */
    const struct pg_tablespace *tablespaces;
    size_t tablespace_count;
};

/* Store packs and manifest, and commit it. */
void cluster_build_backup(struct cluster_build *build, const struct cluster_build_backup *backup);

/* global/pg_control as PostgreSQL 15 writes it, of this cluster. */
void cluster_build_control(uint8_t content[8192]);
