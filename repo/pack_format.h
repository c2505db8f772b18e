// SPDX-License-Identifier: PostgreSQL
/*
 * pack_format.h - the bytes of packs and frames, for pack_writer.c and
 * pack_reader.c alone.  docs/format.md tells them in prose.
 */
#pragma once

#include "repo/pack.h"
#include "stream/aead.h"

struct frame_header
{
    uint32_t number;
    uint32_t stored_size; /* of what follows the header */
    uint32_t content_size;
};

/* An id is random digits, the run's tag, and the time in milliseconds since 1970. */
#define PACK_ID_TAG_AT  6
#define PACK_ID_TIME_AT 10

/* Fill in what is behind the random digits. */
void pack_id_format(uint32_t tag, time_us time, uint8_t id[PACK_ID_SIZE]);

void pack_header_format(const struct pack *pack, uint8_t out[PACK_HEADER_SIZE]);
void frame_header_format(const struct frame_header *header, uint8_t out[FRAME_HEADER_SIZE]);

/* False for anything that no writer writes. */
bool frame_header_parse(const uint8_t in[FRAME_HEADER_SIZE], struct frame_header *header);

struct aead_nonce frame_nonce(uint32_t number);

/* The cipher of one pack, under its data key. */
NODISCARD enum status pack_cipher(struct repo *repo, const struct pack *pack,
                                  const struct secret *data_key, struct aead **aead,
                                  struct error *err);
