// SPDX-License-Identifier: PostgreSQL
/*
 * archive_get.h - one archived WAL file for a server that recovers.
 *
 * The status is what restore_command's exit code is made of, so it is exact:
 * NOT_FOUND means that the repository knows this cluster, was asked, and has
 * no such file.  Every doubt is another status.
 */
#pragma once

#include "repo/repo.h"

struct archive_get
{
    const char *name; /* %f */
    const char *path; /* %p: where it goes */
    uint64_t system_identifier;
    uint32_t segment_size; /* of the server that asks */
};

/*
 * Put the file at path: written under another name beside it and renamed, so
 * that path never holds a part.  A segment must have the server's segment size
 * and be that segment of that cluster.  Nothing is synced: the archive has it,
 * and the server asks again after a crash.
 */
NODISCARD enum status archive_get(struct repo *repo, const struct archive_get *request,
                                  struct error *err);
