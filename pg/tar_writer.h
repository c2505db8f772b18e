// SPDX-License-Identifier: PostgreSQL
/*
 * tar_writer.h - headers of a ustar archive of plain files, as POSIX's pax(1)
 * describes them and pg/tar.h reads them.
 *
 * An archive is, for each file, its header, its bytes and zeros up to a whole
 * block; and two blocks of zeros at the end.
 */
#pragma once

#include "base/bytes.h"

#define PG_TAR_BLOCK_SIZE 512

/* Zeros for a padding, and for the end. */
extern const uint8_t pg_tar_zeros[2 * PG_TAR_BLOCK_SIZE];

/* CONFIG: the path has more than 99 bytes.  mtime is in seconds since the Unix epoch. */
NODISCARD enum status pg_tar_write_header(const char *path, uint64_t size_bytes, int64_t mtime,
                                          uint8_t header[PG_TAR_BLOCK_SIZE], struct error *err);

/* How many zeros follow so many bytes. */
size_t pg_tar_padding(uint64_t size_bytes);
