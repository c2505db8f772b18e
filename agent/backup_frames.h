// SPDX-License-Identifier: PostgreSQL
/*
 * backup_frames.h - from the files of a base backup to frames in packs.
 *
 * The receiver tells of each file, its bytes and its end; frame workers
 * compress and seal; the pack writer's uploaders store.  What went where is
 * kept in a sorter, so that memory does not grow with the cluster, and comes
 * back as the manifest's files and extents in order.
 *
 * The first three calls belong to the receiver's thread.
 */
#pragma once

#include "repo/manifest.h"

struct backup_frames;

struct backup_frames_options
{
    struct repo *repo;
    uint32_t tag; /* of the run, for its packs; see repo/pack.h */
    int workers;
    int uploaders;
    size_t sort_memory; /* bytes */
};

/*
 * Starts the workers and uploaders in group, which must be freed before this
 * is; so *frames may be set on failure too.
 */
NODISCARD enum status backup_frames_create(struct backup_frames **frames,
                                           const struct backup_frames_options *options,
                                           struct group *group, struct error *err);
void backup_frames_freep(struct backup_frames **frames);

/* The next file or directory; its size is that of the bytes to come. */
NODISCARD enum status backup_frames_begin(struct backup_frames *frames,
                                          const struct manifest_file *file, struct error *err);
NODISCARD enum status backup_frames_data(struct backup_frames *frames, struct bytes bytes,
                                         struct error *err);

/* The file's end: its checksum is known now. */
NODISCARD enum status backup_frames_end(struct backup_frames *frames, struct error *err);

/* No more files.  The threads end by themselves: join the group next. */
NODISCARD enum status backup_frames_finish(struct backup_frames *frames, struct error *err);

/* After the group was joined. */
const struct pack *backup_frames_packs(struct backup_frames *frames, size_t *count);

/* After the group was joined: every file, each followed by its extents, by path. */
NODISCARD enum status backup_frames_each(struct backup_frames *frames,
                                         const struct manifest_handler *handler, struct error *err);
