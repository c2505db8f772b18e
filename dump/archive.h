// SPDX-License-Identifier: PostgreSQL
/*
 * archive.h - a dump laid out in a spool, for programs that seek in it.
 */
#pragma once

#include "base/progress.h"
#include "dump/spool.h"
#include "repo/dump.h"

enum archive_part
{
    ARCHIVE_ALL,
    ARCHIVE_CONTENTS, /* of the directory format: the table of contents, no more is read */
};

/*
 * The custom format becomes a file, the directory format a directory: *path, in
 * memory of its own.  A full disk is IO; the spool's release removes what came.
 */
NODISCARD enum status archive_fetch(struct repo *repo, const struct dump *dump,
                                    enum archive_part part, const struct spool *spool,
                                    struct progress *progress, char **path, struct error *err);
