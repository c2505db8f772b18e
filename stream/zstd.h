// SPDX-License-Identifier: PostgreSQL
/*
 * zstd.h - compression stages (RFC 8878).
 *
 * One stream becomes one zstd frame.  A reader takes exactly one frame: bytes
 * behind it, or an end in its middle, are CORRUPT.
 */
#pragma once

#include "base/bytes.h"

struct sink;

struct zstd_effort
{
    int level;
    int threads;   /* beside the caller's; 0: none.  The result is one frame either way. */
    bool checksum; /* zstd's own, for what nothing else authenticates */
};

NODISCARD enum status sink_push_zstd(struct sink **head, struct zstd_effort effort,
                                     struct error *err);
NODISCARD enum status sink_push_unzstd(struct sink **head, struct error *err);
