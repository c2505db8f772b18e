// SPDX-License-Identifier: PostgreSQL
/*
 * crc32c.h - the CRC-32C (Castagnoli) of WAL records, pg_control and manifests.
 *
 * Start with CRC32C_INIT, update over the bytes in any pieces, and pass the
 * result through crc32c_finish once.  The running value is not inverted in
 * between, so it can be kept and continued.
 */
#pragma once

#include "base/bytes.h"

#define CRC32C_INIT UINT32_C(0xffffffff)

uint32_t crc32c_update(uint32_t crc, struct bytes bytes);

static inline uint32_t
crc32c_finish(uint32_t crc)
{
    return crc ^ UINT32_C(0xffffffff);
}
