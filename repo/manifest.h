// SPDX-License-Identifier: PostgreSQL
/*
 * manifest.h - what a base backup consists of, complete by itself.
 *
 * JSON lines, compressed and sealed, at <cluster>/backups/<id>/manifest: one
 * header, the files and directories sorted by the bytes of their paths, the
 * packs that they use, and an end that counts them.  A file's content is its extents:
 * ranges of the file, each found in a frame.  What no extent covers is zero.
 *
 * Both ways are streams; neither holds more than a line.  The reader is handed
 * nothing that could leave the data directory or lie outside its file.
 */
#pragma once

#include "pg/label.h"
#include "repo/pack.h"

enum manifest_type
{
    MANIFEST_FILE,
    MANIFEST_DIRECTORY,
};

struct manifest_file
{
    const char *path; /* relative to the data directory; tablespaces below pg_tblspc/<oid>/ */
    enum manifest_type type;
    uint32_t mode;
    uint64_t size_bytes; /* 0 for a directory */
    int64_t mtime;       /* seconds since the Unix epoch */
    bool has_crc32c;     /* of the content as the server sent it */
    uint32_t crc32c;
};

struct manifest_extent
{
    uint64_t file_offset;
    uint32_t length;
    uint32_t skip; /* where it begins in the frame's content */
    struct frame_place frame;
};

/* Borrowed by whoever is handed one. */
struct manifest_header
{
    const char *backup_id;
    uint64_t system_identifier;
    uint32_t major;
    const struct pg_tablespace *tablespaces;
    size_t tablespace_count;
};

struct manifest_totals
{
    uint64_t files;
    uint64_t directories;
    uint64_t bytes;
    uint64_t extents;
};

struct manifest_writer;

/* Writes into *sink, which it takes when it succeeds; it finishes and frees it. */
NODISCARD enum status manifest_writer_create(struct manifest_writer **writer, struct sink **sink,
                                             const struct manifest_header *header,
                                             struct error *err);

/* Each file followed by its extents in order; then all packs, in the order of their indexes. */
NODISCARD enum status manifest_writer_file(struct manifest_writer *writer,
                                           const struct manifest_file *file, struct error *err);
NODISCARD enum status manifest_writer_extent(struct manifest_writer *writer,
                                             const struct manifest_extent *extent,
                                             struct error *err);

/* What of it is live the writer counts by itself. */
NODISCARD enum status manifest_writer_pack(struct manifest_writer *writer, const struct pack *pack,
                                           struct error *err);
NODISCARD enum status manifest_writer_finish(struct manifest_writer *writer,
                                             struct manifest_totals *totals, struct error *err);
void manifest_writer_freep(struct manifest_writer **writer);

/*
 * What a reader hands on, in this order; any may be NULL.  A failure ends the
 * reading with it.  Extents name packs that come later.
 */
struct manifest_handler
{
    enum status (*header)(void *arg, const struct manifest_header *header, struct error *err);
    enum status (*file)(void *arg, const struct manifest_file *file, struct error *err);
    enum status (*extent)(void *arg, const struct manifest_file *file,
                          const struct manifest_extent *extent, struct error *err);
    enum status (*pack)(void *arg, const struct pack *pack, struct error *err);
    void *arg;
    const char *backup_id; /* what the header must name; NULL: any; set by manifest_read */
};

/* A destination that parses manifest lines; its finish demands the end. */
NODISCARD enum status sink_open_manifest(struct sink **sink, const struct manifest_handler *handler,
                                         struct error *err);

/* Read a backup's manifest from the repository.  What was handed on counts only when this is OK. */
NODISCARD enum status manifest_read(struct repo *repo, const char *backup_id,
                                    const struct manifest_handler *handler, struct error *err);
