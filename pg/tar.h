// SPDX-License-Identifier: PostgreSQL
/*
 * tar.h - the archives of a base backup as a sequence of members.
 *
 * A push reader for the ustar that BASE_BACKUP sends: feed it the bytes in any
 * pieces, and it calls, for each member, begin once, data any number of times
 * (the sizes add up to the member's), and end once.  Data is never copied.
 *
 * The server is not trusted to name files: a path that could leave the
 * directory it is joined to, a member that is no file, directory or symbolic
 * link, a wrong header checksum or a cut archive are CORRUPT.
 */
#pragma once

#include "base/bytes.h"

struct pg_tar_reader;

enum pg_tar_type
{
    PG_TAR_FILE,
    PG_TAR_DIRECTORY,
    PG_TAR_SYMLINK,
};

/* Borrowed until the member's end. */
struct pg_tar_member
{
    const char *path; /* relative, without leading "./" or trailing "/" */
    enum pg_tar_type type;
    uint32_t mode; /* permission bits */
    uint64_t size_bytes;
    int64_t mtime;           /* seconds since the Unix epoch */
    const char *link_target; /* "" but for a symbolic link; not checked */
};

/* All must be there.  A failure ends the feed with it. */
struct pg_tar_handler
{
    enum status (*begin)(void *arg, const struct pg_tar_member *member, struct error *err);
    enum status (*data)(void *arg, struct bytes bytes, struct error *err);
    enum status (*end)(void *arg, struct error *err);
    void *arg;
};

NODISCARD enum status pg_tar_reader_create(struct pg_tar_reader **reader,
                                           const struct pg_tar_handler *handler, struct error *err);

NODISCARD enum status pg_tar_reader_feed(struct pg_tar_reader *reader, struct bytes bytes,
                                         struct error *err);

/*
 * The archive must have come to its end, two blocks of zeros.  With
 * end_optional it may also stop between members.
 */
NODISCARD enum status pg_tar_reader_finish(struct pg_tar_reader *reader, bool end_optional,
                                           struct error *err);

/* For SCOPED.  NULL is allowed. */
void pg_tar_reader_freep(struct pg_tar_reader **reader);
