// SPDX-License-Identifier: PostgreSQL
#include "agent/backup_frames.h"

#include "base/crc32c.h"
#include "base/sorter.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A file from this size on begins a frame of its own, so that its pieces stay
 * aligned in the file; smaller ones share frames. */
#define OWN_FRAME_SIZE (FRAME_SIZE / 4)
#define PIECES_MAX     4096
#define PATHS_LIMIT    (256 * 1024)
#define PATH_SIZE      1025

/* A run of a file's bytes in a frame. */
struct piece
{
    uint32_t path; /* where its path begins in the frame's paths */
    uint32_t skip;
    uint32_t length;
    uint64_t file_offset;
};

/* A frame on its way from the receiver to a worker. */
struct frame_work
{
    struct buffer paths; /* texts with their terminators */
    size_t piece_count;
    struct piece pieces[PIECES_MAX];
    uint32_t used;
    uint8_t content[FRAME_SIZE];
};

struct backup_frames
{
    struct pack_writer *packs;
    struct chan *free_work;
    struct chan *work;
    struct frame_work **all; /* every frame's memory, to free it */
    size_t all_count;
    atomic_int workers_left;

    struct frame_work *filling; /* the receiver's; NULL between frames */
    struct manifest_file file;
    char path[PATH_SIZE];
    uint64_t file_offset;
    uint32_t crc;

    pthread_mutex_t lock; /* guards the sorter while workers run */
    struct sorter *sorter;
};

/* What the sorter keeps: keys are path, zero, kind, offset. */
enum record_kind
{
    RECORD_FILE,
    RECORD_EXTENT,
};

#define KEY_TAIL_SIZE (1 + 1 + 8)

static enum status
add_record(struct backup_frames *frames, const char *path, enum record_kind kind, uint64_t offset,
           struct bytes value, struct error *err)
{
    uint8_t key[PATH_SIZE + KEY_TAIL_SIZE];
    size_t size = strlen(path) + 1;
    uint64_t big_endian = htobe64(offset);
    enum status status;

    memcpy(key, path, size);
    key[size] = (uint8_t) kind;
    memcpy(key + size + 1, &big_endian, sizeof(big_endian));
    pthread_mutex_lock(&frames->lock);
    status = sorter_add(frames->sorter, (struct bytes){key, size + 9}, value, err);
    pthread_mutex_unlock(&frames->lock);
    return status;
}

static enum status
record_extents(struct backup_frames *frames, const struct frame_work *work,
               const struct frame_place *place, struct error *err)
{
    for (size_t index = 0; index < work->piece_count; index++)
    {
        const struct piece *piece = &work->pieces[index];
        struct manifest_extent extent = {piece->file_offset, piece->length, piece->skip, *place};

        TRY(add_record(frames, (const char *) work->paths.data + piece->path, RECORD_EXTENT,
                       piece->file_offset, (struct bytes){(uint8_t *) &extent, sizeof(extent)},
                       err));
    }
    return OK;
}

static enum status
work_frames(void *arg, struct error *err)
{
    struct backup_frames *frames = arg;
    SCOPED(pack_packer_freep) struct pack_packer *packer = NULL;
    void *item;

    TRY(pack_packer_create(&packer, frames->packs, err));
    while (chan_receive(frames->work, &item))
    {
        struct frame_work *work = item;
        struct frame_place place;

        TRY(pack_packer_add(packer, (struct bytes){work->content, work->used}, &place, err));
        TRY(record_extents(frames, work, &place, err));
        if (!chan_send(frames->free_work, work))
            return group_cancelled(err);
    }
    /* The last to leave closes the packs: nobody can add to them any more. */
    if (atomic_fetch_sub(&frames->workers_left, 1) == 1)
        return pack_writer_finish(frames->packs, err);
    return OK;
}

static enum status
allocate_work(struct backup_frames *frames, size_t count, struct error *err)
{
    frames->all = calloc(count, sizeof(*frames->all));
    if (frames->all == NULL)
        return error_no_memory(err);
    for (; frames->all_count < count; frames->all_count++)
    {
        struct frame_work *made = malloc(sizeof(*made));

        if (made == NULL)
            return error_no_memory(err);
        made->paths = BUFFER_INIT(PATHS_LIMIT);
        frames->all[frames->all_count] = made;
        if (!chan_send(frames->free_work, made))
            return group_cancelled(err);
    }
    return OK;
}

enum status
backup_frames_create(struct backup_frames **frames, const struct backup_frames_options *options,
                     struct group *group, struct error *err)
{
    struct backup_frames *made = calloc(1, sizeof(*made));
    size_t count = (size_t) options->workers * 2 + 2;

    if (made == NULL)
        return error_no_memory(err);
    *frames = made;
    pthread_mutex_init(&made->lock, NULL);
    atomic_store(&made->workers_left, options->workers);
    TRY(sorter_create(&made->sorter, options->sort_memory, err));
    TRY(chan_create(&made->free_work, group, count, NULL, err));
    TRY(chan_create(&made->work, group, count, NULL, err));
    TRY(allocate_work(made, count, err));
    TRY(pack_writer_create(&made->packs, options->repo, options->tag, options->uploaders, group,
                           err));
    for (int index = 0; index < options->workers; index++)
        TRY(group_start(group, work_frames, made, err));
    return OK;
}

void
backup_frames_freep(struct backup_frames **frames)
{
    struct backup_frames *gone = *frames;

    if (gone == NULL)
        return;
    pack_writer_freep(&gone->packs);
    chan_freep(&gone->free_work);
    chan_freep(&gone->work);
    sorter_freep(&gone->sorter);
    for (size_t index = 0; index < gone->all_count; index++)
    {
        buffer_release(&gone->all[index]->paths);
        free(gone->all[index]);
    }
    free(gone->all);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *frames = NULL;
}

static enum status
send_frame(struct backup_frames *frames, struct error *err)
{
    struct frame_work *work = frames->filling;

    if (work == NULL || work->used == 0)
        return OK;
    frames->filling = NULL;
    return chan_send(frames->work, work) ? OK : group_cancelled(err);
}

static enum status
need_frame(struct backup_frames *frames, struct error *err)
{
    void *item;

    if (frames->filling != NULL)
        return OK;
    if (!chan_receive(frames->free_work, &item))
        return group_cancelled(err);
    frames->filling = item;
    frames->filling->used = 0;
    frames->filling->piece_count = 0;
    frames->filling->paths.size = 0;
    return OK;
}

enum status
backup_frames_begin(struct backup_frames *frames, const struct manifest_file *file,
                    struct error *err)
{
    if (strlen(file->path) >= PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", file->path);
    memcpy(frames->path, file->path, strlen(file->path) + 1);
    frames->file = *file;
    frames->file.path = frames->path;
    frames->file_offset = 0;
    frames->crc = CRC32C_INIT;
    return file->size_bytes >= OWN_FRAME_SIZE ? send_frame(frames, err) : OK;
}

/* Continue the frame's last piece if it is this file's, else begin one. */
static enum status
extend_piece(struct backup_frames *frames, uint32_t length, struct error *err)
{
    struct frame_work *work = frames->filling;
    struct piece *last = work->piece_count == 0 ? NULL : &work->pieces[work->piece_count - 1];

    if (last != NULL && frames->file_offset > 0 &&
        last->file_offset + last->length == frames->file_offset &&
        strcmp((const char *) work->paths.data + last->path, frames->path) == 0)
    {
        last->length += length;
        return OK;
    }
    work->pieces[work->piece_count] = (struct piece){
        .path = (uint32_t) work->paths.size,
        .skip = work->used,
        .length = length,
        .file_offset = frames->file_offset,
    };
    TRY(buffer_append(&work->paths,
                      (struct bytes){(uint8_t *) frames->path, strlen(frames->path) + 1}, err));
    work->piece_count++;
    return OK;
}

enum status
backup_frames_data(struct backup_frames *frames, struct bytes bytes, struct error *err)
{
    frames->crc = crc32c_update(frames->crc, bytes);
    while (bytes.size > 0)
    {
        struct frame_work *work;
        size_t room;

        TRY(need_frame(frames, err));
        work = frames->filling;
        room = FRAME_SIZE - work->used < bytes.size ? FRAME_SIZE - work->used : bytes.size;
        TRY(extend_piece(frames, (uint32_t) room, err));
        memcpy(work->content + work->used, bytes.data, room);
        work->used += (uint32_t) room;
        frames->file_offset += room;
        bytes.data += room;
        bytes.size -= room;
        if (work->used == FRAME_SIZE)
            TRY(send_frame(frames, err));
    }
    return OK;
}

enum status
backup_frames_end(struct backup_frames *frames, struct error *err)
{
    struct manifest_file *file = &frames->file;
    struct frame_work *work = frames->filling;

    if (file->type == MANIFEST_FILE)
    {
        file->has_crc32c = true;
        file->crc32c = crc32c_finish(frames->crc);
    }
    TRY(add_record(frames, file->path, RECORD_FILE, 0,
                   (struct bytes){(uint8_t *) file, sizeof(*file)}, err));
    if (work != NULL &&
        (work->piece_count == PIECES_MAX || work->paths.size + PATH_SIZE > PATHS_LIMIT))
        return send_frame(frames, err);
    return OK;
}

enum status
backup_frames_finish(struct backup_frames *frames, struct error *err)
{
    TRY(send_frame(frames, err));
    chan_close(frames->work);
    return OK;
}

const struct pack *
backup_frames_packs(struct backup_frames *frames, size_t *count)
{
    return pack_writer_packs(frames->packs, count);
}

static enum status
give_file(struct backup_frames *frames, const struct manifest_handler *handler, const char *path,
          struct bytes value, struct error *err)
{
    memcpy(&frames->file, value.data, sizeof(frames->file));
    memcpy(frames->path, path, strlen(path) + 1);
    frames->file.path = frames->path;
    return handler->file(handler->arg, &frames->file, err);
}

enum status
backup_frames_each(struct backup_frames *frames, const struct manifest_handler *handler,
                   struct error *err)
{
    struct bytes key;
    struct bytes value;
    bool more;

    TRY(sorter_sort(frames->sorter, err));
    for (;;)
    {
        const char *path;
        struct manifest_extent extent;

        TRY(sorter_next(frames->sorter, &more, &key, &value, err));
        if (!more)
            return OK;
        path = (const char *) key.data;
        if (key.data[strlen(path) + 1] == RECORD_FILE)
        {
            TRY(give_file(frames, handler, path, value, err));
            continue;
        }
        memcpy(&extent, value.data, sizeof(extent));
        TRY(handler->extent(handler->arg, &frames->file, &extent, err));
    }
}
