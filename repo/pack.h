// SPDX-License-Identifier: PostgreSQL
/*
 * pack.h - frames of file content, gathered in packs.
 *
 * A frame is up to FRAME_SIZE bytes of content, compressed by zstd and sealed
 * by itself: a piece of one large file, or many small files together.  A pack
 * is about PACK_SIZE bytes of frames and one object.  A frame's place, a struct
 * frame_place, is all that is needed to fetch and open it.
 *
 * Writing is parallel: any number of threads, each with a pack_packer, add
 * frames; a few uploaders store packs as they fill.  A frame's number in its
 * pack is claimed before the frame is sealed, because it is the nonce.
 *
 * A pack's id tells which run wrote it and when, so that who finds a pack that
 * no backup names can tell whether its writer may still be at work.
 */
#pragma once

#include "base/group.h"
#include "repo/repo.h"

#define FRAME_SIZE        (1024 * 1024)
#define FRAME_HEADER_SIZE 16
#define FRAME_ALIGNMENT   4096 /* of opened content, for direct I/O */
#define PACK_SIZE         (32 * 1024 * 1024)
#define PACK_HEADER_SIZE  64
#define PACK_ID_SIZE      16

/* No frame stores more: zstd's worst case for FRAME_SIZE, header and tag. */
#define FRAME_STORED_MAX (FRAME_SIZE + 8192)

struct pack
{
    uint8_t id[PACK_ID_SIZE];
    struct seal_key_id key_id; /* zeros when nothing is encrypted */
    uint64_t size_bytes;
    uint64_t content_bytes; /* of all its frames, before compression */
    uint64_t live_bytes;    /* in a manifest's list: how much of that this backup uses */
};

struct frame_place
{
    uint32_t pack; /* an index into the list of packs of a writer or a manifest */
    uint32_t number;
    uint32_t offset; /* of the frame's header, in the pack */
    uint32_t size;   /* stored, with its header */
};

/* "<cluster>/packs/<aa>/<id>" */
NODISCARD enum status pack_key(const struct repo *repo, const uint8_t id[PACK_ID_SIZE],
                               char key[STORE_KEY_MAX + 1], struct error *err);

/* The run that wrote a pack: the tag that its pack_writer was given. */
uint32_t pack_id_tag(const uint8_t id[PACK_ID_SIZE]);

/* When the pack was begun, to the millisecond, by its writer's clock. */
time_us pack_id_time(const uint8_t id[PACK_ID_SIZE]);

struct pack_writer;
struct pack_packer;

/*
 * Start the uploaders in group; memory is about (uploaders + 2) * PACK_SIZE.
 * The writer outlives the group's threads: join the group before it is freed.
 */
NODISCARD enum status pack_writer_create(struct pack_writer **writer, struct repo *repo,
                                         uint32_t tag, int uploaders, struct group *group,
                                         struct error *err);

/* No frame will be added: store what is open, let the uploaders end.  Then join the group. */
NODISCARD enum status pack_writer_finish(struct pack_writer *writer, struct error *err);

/* After the group was joined: all packs, valid while the writer is. */
const struct pack *pack_writer_packs(const struct pack_writer *writer, size_t *count);
void pack_writer_freep(struct pack_writer **writer);

/* One thread's means to compress and seal. */
NODISCARD enum status pack_packer_create(struct pack_packer **packer, struct pack_writer *writer,
                                         struct error *err);

/* Add a frame of at most FRAME_SIZE bytes.  Blocks while all packs wait to be stored. */
NODISCARD enum status pack_packer_add(struct pack_packer *packer, struct bytes content,
                                      struct frame_place *place, struct error *err);
void pack_packer_freep(struct pack_packer **packer);

/* Opens the frames of one pack at a time; belongs to one thread. */
struct pack_reader;

NODISCARD enum status pack_reader_create(struct pack_reader **reader, struct repo *repo,
                                         struct error *err);

/* Turn to another pack.  Nothing is read yet. */
NODISCARD enum status pack_reader_turn(struct pack_reader *reader, const struct pack *pack,
                                       struct error *err);

/* Are these the first PACK_HEADER_SIZE bytes of this pack?  CORRUPT when not. */
NODISCARD enum status pack_reader_check(const struct pack *pack,
                                        const uint8_t header[PACK_HEADER_SIZE], struct error *err);

/*
 * Open a frame from its stored bytes, fetched at its place.  *content is valid
 * until the next call, and begins at a multiple of FRAME_ALIGNMENT.  CORRUPT unless it is the very
 * frame that the place names.
 */
NODISCARD enum status pack_reader_open(struct pack_reader *reader, struct bytes stored,
                                       const struct frame_place *place, struct bytes *content,
                                       struct error *err);
void pack_reader_freep(struct pack_reader **reader);
