// SPDX-License-Identifier: PostgreSQL
#include "backup/frames.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A file from this size on begins a frame of its own, so that its pieces stay
 * aligned in the file; smaller ones share frames. */
#define OWN_FRAME_SIZE (FRAME_SIZE / 4)
#define PIECES_MAX     4096
#define PATHS_LIMIT    (256 * 1024)

/* A run of a file's bytes in a frame. */
struct piece
{
    uint32_t path; /* where its path begins in the frame's paths */
    uint32_t skip;
    uint32_t length;
    bool moved;
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
    struct backup_records *records;

    struct frame_work *filling;  /* the receiver's; NULL between frames */
    char path[BACKUP_PATH_SIZE]; /* of the present file */
};

static enum status
record_pieces(struct backup_frames *frames, const struct frame_work *work,
              const struct frame_place *place, struct error *err)
{
    for (size_t index = 0; index < work->piece_count; index++)
    {
        const struct piece *piece = &work->pieces[index];
        const char *path = (const char *) work->paths.data + piece->path;
        const struct backup_range range = {
            .offset = piece->file_offset,
            .length = piece->length,
            .skip = piece->skip,
            .frame = *place,
        };

        TRY(piece->moved ? backup_records_add_moved(frames->records, path, &range, err)
                         : backup_records_add_range(frames->records, path, &range, err));
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
        TRY(record_pieces(frames, work, &place, err));
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
    atomic_store(&made->workers_left, options->workers);
    TRY(backup_records_create(&made->records, options->sort_memory, err));
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
    backup_records_freep(&gone->records);
    for (size_t index = 0; index < gone->all_count; index++)
    {
        buffer_release(&gone->all[index]->paths);
        free(gone->all[index]);
    }
    free(gone->all);
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

/* A frame with no room for one more piece and its path goes off. */
static enum status
make_room(struct backup_frames *frames, struct error *err)
{
    struct frame_work *work = frames->filling;

    if (work != NULL &&
        (work->piece_count == PIECES_MAX || work->paths.size + BACKUP_PATH_SIZE > PATHS_LIMIT))
        return send_frame(frames, err);
    return OK;
}

enum status
backup_frames_begin(struct backup_frames *frames, const char *path, uint64_t expected_bytes,
                    struct error *err)
{
    if (strlen(path) >= BACKUP_PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", path);
    memcpy(frames->path, path, strlen(path) + 1);
    TRY(make_room(frames, err));
    return expected_bytes >= OWN_FRAME_SIZE ? send_frame(frames, err) : OK;
}

/* The frame's last piece, if it is of this path; else NULL. */
static struct piece *
last_piece_of(struct frame_work *work, const char *path)
{
    struct piece *last = work->piece_count == 0 ? NULL : &work->pieces[work->piece_count - 1];

    if (last == NULL || strcmp((const char *) work->paths.data + last->path, path) != 0)
        return NULL;
    return last;
}

/* Continue the frame's last piece if the bytes follow on it, else begin one. */
static enum status
extend_piece(struct frame_work *work, const char *path, const struct piece *piece,
             struct error *err)
{
    struct piece *last = last_piece_of(work, path);
    struct piece *made = &work->pieces[work->piece_count];

    if (last != NULL && last->moved == piece->moved &&
        last->file_offset + last->length == piece->file_offset)
    {
        last->length += piece->length;
        return OK;
    }
    *made = *piece;
    made->skip = work->used;
    made->path = last != NULL ? last->path : (uint32_t) work->paths.size;
    work->piece_count++;
    if (last != NULL)
        return OK;
    return buffer_append(&work->paths, (struct bytes){(const uint8_t *) path, strlen(path) + 1},
                         err);
}

static enum status
add_bytes(struct backup_frames *frames, const char *path, bool moved, uint64_t offset,
          struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
    {
        struct piece piece = {.moved = moved, .file_offset = offset};
        struct frame_work *work;
        size_t room;

        TRY(make_room(frames, err));
        TRY(need_frame(frames, err));
        work = frames->filling;
        room = FRAME_SIZE - work->used < bytes.size ? FRAME_SIZE - work->used : bytes.size;
        piece.length = (uint32_t) room;
        TRY(extend_piece(work, path, &piece, err));
        memcpy(work->content + work->used, bytes.data, room);
        work->used += (uint32_t) room;
        offset += room;
        bytes.data += room;
        bytes.size -= room;
        if (work->used == FRAME_SIZE)
            TRY(send_frame(frames, err));
    }
    return OK;
}

enum status
backup_frames_data(struct backup_frames *frames, uint64_t offset, struct bytes bytes,
                   struct error *err)
{
    return add_bytes(frames, frames->path, false, offset, bytes, err);
}

enum status
backup_frames_move(struct backup_frames *frames, const char *path, uint64_t offset,
                   struct bytes bytes, struct error *err)
{
    return add_bytes(frames, path, true, offset, bytes, err);
}

enum status
backup_frames_inherit(struct backup_frames *frames, uint64_t offset, uint64_t length,
                      struct error *err)
{
    const struct backup_range range = {.offset = offset, .length = length, .inherited = true};

    return backup_records_add_range(frames->records, frames->path, &range, err);
}

enum status
backup_frames_end(struct backup_frames *frames, const struct backup_file *file, struct error *err)
{
    return backup_records_add_file(frames->records, frames->path, file, err);
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

struct backup_records *
backup_frames_records(struct backup_frames *frames)
{
    return frames->records;
}
