// SPDX-License-Identifier: PostgreSQL
/*
 * backup_frames.h - from the files of a base backup to frames in packs.
 *
 * The receiver tells of each file: which bytes of it are new, which ranges are
 * as they were in the parent backup, and how it ended.  What is in neither is
 * zero.  Frame workers compress and seal; the pack writer's uploaders store.
 * What went where is kept in a sorter, so that memory does not grow with the
 * cluster, and comes back file by file in the order of their paths.
 *
 * The calls up to backup_frames_finish belong to the receiver's thread.
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

/* A file as it will be listed, and as the server sent it. */
struct backup_file
{
    struct manifest_file file;
    uint64_t sent_bytes;
    uint32_t sent_crc32c;
    bool incremental; /* sent as an incremental file, which has another size and checksum */
};

/* What comes back: a file, or a range of the file before it. */
struct backup_record
{
    bool is_file;
    struct backup_file file; /* its path is valid until the next record */

    /* A range: the parent's bytes, or an extent in a pack of this run. */
    bool inherited;
    uint64_t offset;
    uint64_t length;
    struct frame_place frame;
    uint32_t skip;
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
 * Between files: content of the parent's that is stored anew.  It comes back
 * apart, from backup_frames_next_moved.
 */
NODISCARD enum status backup_frames_move(struct backup_frames *frames, const char *path,
                                         uint64_t offset, struct bytes bytes, struct error *err);

/* No more files.  The threads end by themselves: join the group next. */
NODISCARD enum status backup_frames_finish(struct backup_frames *frames, struct error *err);

/* After the group was joined. */
const struct pack *backup_frames_packs(struct backup_frames *frames, size_t *count);

/* After the group was joined: begin to give back; then one record after the other. */
NODISCARD enum status backup_frames_sort(struct backup_frames *frames, struct error *err);
NODISCARD enum status backup_frames_next(struct backup_frames *frames, struct backup_record *record,
                                         bool *more, struct error *err);

/* The same for what was moved: ranges only, each with its path, which is valid until the next. */
NODISCARD enum status backup_frames_next_moved(struct backup_frames *frames, const char **path,
                                               struct backup_record *record, bool *more,
                                               struct error *err);
