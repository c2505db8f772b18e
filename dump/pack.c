// SPDX-License-Identifier: PostgreSQL
#include "dump/pack.h"

#include "base/file.h"
#include "base/stop.h"
#include "pg/tar_writer.h"
#include "stream/sink.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define CONTENTS   "toc.dat"
#define CHUNK_SIZE ((size_t) 256 << 10)

struct packing
{
    const char *directory;
    struct sink *sink;
    struct progress *progress;
    uint8_t chunk[CHUNK_SIZE];
};

static enum status
write_zeros(struct packing *packing, size_t size, struct error *err)
{
    return sink_write(packing->sink, (struct bytes){pg_tar_zeros, size}, err);
}

static enum status
write_content(struct packing *packing, int fd, const char *path, uint64_t size_bytes,
              struct error *err)
{
    uint64_t offset = 0;
    size_t got;

    do
    {
        TRY(stop_check(err));
        TRY(fd_pread(fd, packing->chunk, CHUNK_SIZE, offset, &got, path, err));
        TRY(sink_write(packing->sink, (struct bytes){packing->chunk, got}, err));
        progress_add(packing->progress, got);
        offset += got;
    } while (got > 0);
    if (offset == size_bytes)
        return OK;
    return error_set(err, STATUS_IO, "\"%s\" changed while it was read", path);
}

static enum status
write_member(struct packing *packing, const char *name, struct error *err)
{
    SCOPED(freep) char *path = path_join(packing->directory, name);
    SCOPED(fd_closep) int fd = -1;
    uint8_t header[PG_TAR_BLOCK_SIZE];
    struct stat info;

    if (path == NULL)
        return error_no_memory(err);
    TRY(fd_open(&fd, path, O_RDONLY | O_NOFOLLOW, 0, err));
    if (fstat(fd, &info) != 0)
        return error_errno(err, "could not stat \"%s\"", path);
    TRY(pg_tar_write_header(name, (uint64_t) info.st_size, info.st_mtime, header, err));
    TRY(sink_write(packing->sink, (struct bytes){header, sizeof(header)}, err));
    TRY(write_content(packing, fd, path, (uint64_t) info.st_size, err));
    return write_zeros(packing, pg_tar_padding((uint64_t) info.st_size), err);
}

static enum status
write_other(void *arg, const char *name, struct error *err)
{
    return strcmp(name, CONTENTS) == 0 ? OK : write_member(arg, name, err);
}

enum status
pack_directory(const char *directory, struct sink *sink, struct progress *progress,
               struct error *err)
{
    struct packing packing = {.directory = directory, .sink = sink, .progress = progress};

    TRY(write_member(&packing, CONTENTS, err));
    TRY(directory_each(directory, write_other, &packing, err));
    return write_zeros(&packing, sizeof(pg_tar_zeros), err);
}
