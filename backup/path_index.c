// SPDX-License-Identifier: PostgreSQL
#include "backup/path_index.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLOTS_MIN   1024
#define ENTRIES_MAX (UINT64_C(1) << 32) /* far more than any cluster has files */

/* hash 0: free. */
struct slot
{
    uint64_t hash;
    uint64_t size_bytes;
};

struct path_index
{
    struct slot *slots; /* mapped */
    uint64_t slot_count;
    uint64_t used;
    uint64_t limit;
};

uint64_t
path_hash(const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *path != '\0'; path++)
        hash = (hash ^ (uint8_t) *path) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    return hash == 0 ? 1 : hash;
}

static enum status
map_slots(struct path_index *index, struct error *err)
{
    SCOPED(fd_closep) int fd = -1;
    size_t size = (size_t) index->slot_count * sizeof(struct slot);
    void *mapped;

    TRY(file_temporary(&fd, err));
    /* Allocated now: a full disk would else be a signal at some later store. */
    errno = posix_fallocate(fd, 0, (off_t) size);
    if (errno != 0)
        return error_errno(err, "could not allocate %zu bytes for a temporary file", size);
    mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return error_errno(err, "could not map a temporary file of %zu bytes", size);
    index->slots = mapped;
    return OK;
}

enum status
path_index_create(struct path_index **index, uint64_t entries, struct error *err)
{
    SCOPED(path_index_freep) struct path_index *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    if (entries > ENTRIES_MAX)
        return error_set(err, STATUS_REFUSED, "%llu files are too many",
                         (unsigned long long) entries);
    made->limit = entries;
    made->slot_count = SLOTS_MIN;
    while (made->slot_count < entries * 2)
        made->slot_count *= 2;
    TRY(map_slots(made, err));
    *index = made;
    made = NULL;
    return OK;
}

void
path_index_freep(struct path_index **index)
{
    if (*index == NULL)
        return;
    if ((*index)->slots != NULL)
        munmap((*index)->slots, (size_t) (*index)->slot_count * sizeof(struct slot));
    free(*index);
    *index = NULL;
}

/* The slot with this hash, or the free one where it belongs. */
static struct slot *
find_slot(const struct path_index *index, uint64_t hash)
{
    uint64_t at = hash & (index->slot_count - 1);

    while (index->slots[at].hash != 0 && index->slots[at].hash != hash)
        at = (at + 1) & (index->slot_count - 1);
    return &index->slots[at];
}

enum status
path_index_add(struct path_index *index, const char *path, uint64_t size_bytes, struct error *err)
{
    uint64_t hash = path_hash(path);
    struct slot *slot = find_slot(index, hash);

    if (slot->hash != 0)
        return error_set(err, STATUS_REFUSED, "\"%s\" has the hash of another path", path);
    if (index->used++ >= index->limit)
        return error_set(err, STATUS_REFUSED, "there are more files than the %llu expected",
                         (unsigned long long) index->limit);
    *slot = (struct slot){hash, size_bytes};
    return OK;
}

bool
path_index_find(const struct path_index *index, const char *path, uint64_t *size_bytes)
{
    const struct slot *slot = find_slot(index, path_hash(path));

    if (slot->hash == 0)
        return false;
    *size_bytes = slot->size_bytes;
    return true;
}
