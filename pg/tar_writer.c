// SPDX-License-Identifier: PostgreSQL
#include "pg/tar_writer.h"

#include <stdio.h>
#include <string.h>

enum
{
    NAME_SIZE = 100,
    MODE_AT = 100,
    OWNER_AT = 108,
    GROUP_AT = 116,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    MTIME_AT = 136,
    CHECKSUM_AT = 148,
    TYPE_AT = 156,
    MAGIC_AT = 257,
};

/* Eleven octal digits hold less than 8 GiB; from there on base 256, as GNU tar has it. */
#define OCTAL_LIMIT (UINT64_C(1) << 33)

const uint8_t pg_tar_zeros[2 * PG_TAR_BLOCK_SIZE];

size_t
pg_tar_padding(uint64_t size_bytes)
{
    return (PG_TAR_BLOCK_SIZE - size_bytes % PG_TAR_BLOCK_SIZE) % PG_TAR_BLOCK_SIZE;
}

static void
write_octal(uint8_t *header, size_t at, int digits, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%0*llo", digits, (unsigned long long) value);
    memcpy(header + at, text, (size_t) digits + 1);
}

static void
write_size(uint8_t *header, uint64_t size_bytes)
{
    if (size_bytes < OCTAL_LIMIT)
    {
        write_octal(header, SIZE_AT, SIZE_SIZE - 1, size_bytes);
        return;
    }
    header[SIZE_AT] = 0x80;
    for (int index = SIZE_SIZE - 1; index > 0; index--, size_bytes >>= 8)
        header[SIZE_AT + index] = (uint8_t) size_bytes;
}

/* The sum of all bytes, its own field taken for spaces. */
static void
write_checksum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + CHECKSUM_AT, ' ', 8);
    for (int index = 0; index < PG_TAR_BLOCK_SIZE; index++)
        sum += header[index];
    write_octal(header, CHECKSUM_AT, 6, sum);
}

enum status
pg_tar_write_header(const char *path, uint64_t size_bytes, int64_t mtime,
                    uint8_t header[PG_TAR_BLOCK_SIZE], struct error *err)
{
    size_t length = strlen(path);

    if (length >= NAME_SIZE)
        return error_set(err, STATUS_CONFIG, "\"%s\" is too long for a tar archive", path);
    memset(header, 0, PG_TAR_BLOCK_SIZE);
    memcpy(header, path, length);
    write_octal(header, MODE_AT, 7, 0600);
    write_octal(header, OWNER_AT, 7, 0);
    write_octal(header, GROUP_AT, 7, 0);
    write_size(header, size_bytes);
    write_octal(header, MTIME_AT, 11, (uint64_t) mtime);
    header[TYPE_AT] = '0';
    memcpy(header + MAGIC_AT, "ustar\00000", 8);
    write_checksum(header);
    return OK;
}
