// SPDX-License-Identifier: PostgreSQL
/*
 * zstd.h - compression stages (RFC 8878).
 *
 * One stream becomes one zstd frame with zstd's own checksum on.  A reader
 * takes exactly one frame: bytes behind it, or an end in its middle, are
 * CORRUPT.
 */
#pragma once

#include "base/bytes.h"

struct sink;

NODISCARD enum status sink_push_zstd(struct sink **head, int level, struct error *err);
NODISCARD enum status sink_push_unzstd(struct sink **head, struct error *err);
