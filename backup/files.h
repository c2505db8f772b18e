// SPDX-License-Identifier: PostgreSQL
/*
 * files.h - what of each file that the server sends is stored.
 *
 * A full backup stores every file whole.  An incremental stores of a relation's
 * file what changed since its parent, and leaves the rest to it:
 *
 * - an incremental file (PostgreSQL 17 and later) holds the changed blocks;
 * - of a whole file (15 and 16) the pages older than the parent's start are the
 *   parent's, where docs/decisions says that this is sound;
 * - a file whose turn it is to be healed is stored whole, and its old pages are
 *   noted, to be compared with the parent's.
 *
 * Everything belongs to the receiver's thread.
 */
#pragma once

#include "backup/frames.h"
#include "backup/parent.h"

struct backup_files;

struct backup_files_options
{
    struct backup_frames *frames;       /* borrowed, as is all of this */
    const struct backup_parent *parent; /* NULL: a full backup */
    struct backup_heal *heal;           /* with a parent */
};

NODISCARD enum status backup_files_create(struct backup_files **files,
                                          const struct backup_files_options *options,
                                          struct error *err);
void backup_files_freep(struct backup_files **files);

/* As a base_backup_handler hands them over. */
NODISCARD enum status backup_files_begin(struct backup_files *files,
                                         const struct manifest_file *file, struct error *err);
NODISCARD enum status backup_files_data(struct backup_files *files, struct bytes bytes,
                                        struct error *err);
NODISCARD enum status backup_files_end(struct backup_files *files, struct error *err);
