// SPDX-License-Identifier: PostgreSQL
/*
 * frames.h - from the files of a base backup to frames in packs.
 *
 * The receiver tells of each file: which bytes of it are new, which ranges are
 * as they were in the parent backup, and how it ended.  What is in neither is
 * zero.  Frame workers compress and seal; the pack writer's uploaders store.
 * What went where is kept as records, which come back in the order of paths.
 *
 * The calls up to backup_frames_finish belong to the receiver's thread.
 */
#pragma once

#include "backup/records.h"

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

/* The next file or directory; expected_bytes of content will come, more or less. */
NODISCARD enum status backup_frames_begin(struct backup_frames *frames, const char *path,
                                          uint64_t expected_bytes, struct error *err);

/* New content of it.  Ranges, new and inherited, ascend and do not overlap. */
NODISCARD enum status backup_frames_data(struct backup_frames *frames, uint64_t offset,
                                         struct bytes bytes, struct error *err);
NODISCARD enum status backup_frames_inherit(struct backup_frames *frames, uint64_t offset,
                                            uint64_t length, struct error *err);

/* The file's end: its attributes are known now.  Its path is that of begin. */
NODISCARD enum status backup_frames_end(struct backup_frames *frames,
                                        const struct backup_file *file, struct error *err);

/*
 * Between files: content of the parent's that is stored anew.  Its records come
 * back apart.
 */
NODISCARD enum status backup_frames_move(struct backup_frames *frames, const char *path,
                                         uint64_t offset, struct bytes bytes, struct error *err);

/* No more files.  The threads end by themselves: join the group next. */
NODISCARD enum status backup_frames_finish(struct backup_frames *frames, struct error *err);

/* After the group was joined. */
const struct pack *backup_frames_packs(struct backup_frames *frames, size_t *count);

/* Where what went, to be sorted and read after the group was joined. */
struct backup_records *backup_frames_records(struct backup_frames *frames);
