// SPDX-License-Identifier: PostgreSQL
#include "base/crc32c.h"

#include <string.h>

#if defined(__SSE4_2__) && defined(__x86_64__)

#include <nmmintrin.h>

static uint32_t
update_one(uint32_t crc, uint8_t byte)
{
    return _mm_crc32_u8(crc, byte);
}

static uint32_t
update_eight(uint32_t crc, const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return (uint32_t) _mm_crc32_u64(crc, word);
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

static uint32_t
update_one(uint32_t crc, uint8_t byte)
{
    return __crc32cb(crc, byte);
}

static uint32_t
update_eight(uint32_t crc, const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return __crc32cd(crc, word);
}

#else

/* What each half of a byte adds: small, and only for machines without the instruction. */
static const uint32_t half_bytes[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t
update_one(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    crc = crc >> 4 ^ half_bytes[crc & 15];
    return crc >> 4 ^ half_bytes[crc & 15];
}

static uint32_t
update_eight(uint32_t crc, const uint8_t *bytes)
{
    for (int index = 0; index < 8; index++)
        crc = update_one(crc, bytes[index]);
    return crc;
}

#endif

uint32_t
crc32c_update(uint32_t crc, struct bytes bytes)
{
    const uint8_t *next = bytes.data;
    size_t left = bytes.size;

    for (; left >= 32; left -= 32, next += 32)
    {
        crc = update_eight(crc, next);
        crc = update_eight(crc, next + 8);
        crc = update_eight(crc, next + 16);
        crc = update_eight(crc, next + 24);
    }
    for (; left > 0; left--, next++)
        crc = update_one(crc, *next);
    return crc;
}
