// SPDX-License-Identifier: PostgreSQL
/*
 * units.h - sizes and durations as people write them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "256MiB", "64 kB", "4096": an integer and B, KiB, MiB, GiB or TiB, or
 * PostgreSQL's kB, MB, GB and TB, which are powers of 1024 too.  False for
 * anything else and for what 64 bits cannot hold.
 */
bool units_size(const char *text, uint64_t *size_bytes);

/*
 * "30s", "500ms", "14d": an integer and ms, s, min, h, d or w.  A unit is
 * needed, except by 0; "m" is refused, for it could be minutes or months.
 */
bool units_duration(const char *text, int64_t *duration_ms);

#define UNITS_TEXT_SIZE 32

/* "256MiB", "0", "36h": exactly, as the functions above read it. */
void units_write_size(uint64_t size_bytes, char text[UNITS_TEXT_SIZE]);
void units_write_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE]);

/* "3.2 GiB", "817 bytes": for people. */
void units_format_size(uint64_t size_bytes, char text[UNITS_TEXT_SIZE]);

/* "4.5s", "3min 20s", "2h 5min", "3d 4h": for people. */
void units_format_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE]);
