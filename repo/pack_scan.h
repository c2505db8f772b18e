// SPDX-License-Identifier: PostgreSQL
/*
 * pack_scan.h - every frame of a pack, opened one after the other as the pack's
 * bytes stream past.
 *
 * Needs no manifest: a pack says by itself where its frames are.  A frame that
 * does not open is told and does not end the scan; a header that is wrong does,
 * because what is behind it cannot be found.
 *
 * Memory: one frame, and what the reader has.
 */
#pragma once

#include "repo/pack.h"

struct sink;

struct pack_scan_handler
{
    /* The pack's header was read: its id and key id are known.  May be NULL. */
    enum status (*header)(void *arg, const struct pack *pack, struct error *err);

    /* A frame that opened; content is valid during the call. */
    enum status (*frame)(void *arg, const struct frame_place *place, struct bytes content,
                         struct error *err);

    /* A frame that did not, and why; place NULL: the pack itself, from some byte on. */
    enum status (*damage)(void *arg, const struct frame_place *place, const struct error *reason,
                          struct error *err);
    void *arg;
};

/*
 * A destination for a pack's stored bytes.  The reader is turned to the pack and
 * is in use until the sink is freed.  Fails with what a handler fails with, and
 * when the data key cannot be had.
 */
NODISCARD enum status sink_open_pack_scan(struct sink **sink, struct pack_reader *reader,
                                          const uint8_t id[PACK_ID_SIZE],
                                          const struct pack_scan_handler *handler,
                                          struct error *err);
