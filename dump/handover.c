// SPDX-License-Identifier: PostgreSQL
#include "dump/handover.h"

#include "base/file.h"

#include <stdio.h>
#include <sys/mman.h>

#define CHUNK_SIZE 16384

/* Without MFD_CLOEXEC: the child inherits it under the same number. */
enum status
handover_open(struct handover *handover, struct error *err)
{
    handover->fd = memfd_create("redoubt", 0);
    if (handover->fd < 0)
        return error_errno(err, "could not make a file in memory");
    snprintf(handover->path, sizeof(handover->path), "/proc/self/fd/%d", handover->fd);
    return OK;
}

enum status
handover_read(const struct handover *handover, struct buffer *content, struct error *err)
{
    uint8_t chunk[CHUNK_SIZE];
    uint64_t offset = 0;
    size_t got;

    do
    {
        TRY(fd_pread(handover->fd, chunk, sizeof(chunk), offset, &got, handover->path, err));
        TRY(buffer_append(content, (struct bytes){chunk, got}, err));
        offset += got;
    } while (got > 0);
    return OK;
}

void
handover_close(struct handover *handover)
{
    fd_closep(&handover->fd);
}
