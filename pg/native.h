// SPDX-License-Identifier: PostgreSQL
/*
 * native.h - integers from unaligned bytes, in this machine's byte order.
 *
 * PostgreSQL writes its files in the order of the machine it runs on, and only
 * a machine like it can run a restored cluster.
 */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint16_t
native_u16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t
native_u32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t
native_u64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}
