// SPDX-License-Identifier: PostgreSQL
/*
 * backup_build.h - base backups without a server, in a repository in memory.
 *
 * A run begins its threads; the test hands files to its frames; the run's end
 * joins them, and what was stored comes back as records.  A commit lays the run
 * over a parent and stores the manifest, which manifest_picture.h reads back.
 * Failures that no test asks for end the test.
 */
#pragma once

#include "backup/overlay.h"
#include "tests/support/repository.h"

struct backup_build
{
    struct test_repository test;
    struct repo *repo;            /* test's */
    struct group *group;          /* of the run; NULL between runs */
    struct backup_frames *frames; /* of the run, from its begin to its commit or drop */
    struct pack *written;         /* owned; the packs of the run that ended last */
    size_t written_count;
};

void backup_build_open(struct backup_build *build);

/* Through a faulty store, which is repo->store. */
void backup_build_open_faulty(struct backup_build *build);
void backup_build_close(struct backup_build *build);

void backup_build_begin(struct backup_build *build);
void backup_build_end(struct backup_build *build);
void backup_build_drop(struct backup_build *build);

/* A file or directory of the run, as it is: all of it new. */
void backup_build_file(struct backup_build *build, const char *path, struct bytes content);
void backup_build_directory(struct backup_build *build, const char *path);

/*
 * End the run, lay it over the parent (NULL: none) and store the manifest under
 * this id.  backup is filled in as the catalog would have it, without times and
 * positions.  The run is gone in any case.
 */
enum status backup_build_lay(struct backup_build *build, const char *id,
                             const struct backup_parent *parent, struct backup *backup,
                             struct error *err);
void backup_build_commit(struct backup_build *build, const char *id,
                         const struct backup_parent *parent, struct backup *backup);

/* A pack's object: gone, or with another byte at this offset. */
void backup_build_lose(struct backup_build *build, const struct pack *pack);
void backup_build_damage(struct backup_build *build, const struct pack *pack, uint64_t offset);
