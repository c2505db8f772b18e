// SPDX-License-Identifier: PostgreSQL
#include "pg/lsn.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HALF_DIGITS 8

void
pg_lsn_format(pg_lsn lsn, char text[PG_LSN_TEXT_SIZE])
{
    snprintf(text, PG_LSN_TEXT_SIZE, "%" PRIX32 "/%" PRIX32, (uint32_t) (lsn >> 32),
             (uint32_t) lsn);
}

enum status
pg_lsn_parse(const char *text, pg_lsn *lsn, struct error *err)
{
    size_t size = strlen(text);

    if (size == 0 || pg_lsn_scan(text, size, lsn) != size)
        return error_set(err, STATUS_CONFIG,
                         "invalid LSN \"%.64s\": expected two hexadecimal numbers, as in 0/3000028",
                         text);
    return OK;
}

/* One to eight hexadecimal digits; their count. */
static size_t
scan_half(const char *text, size_t size, uint32_t *half)
{
    size_t digits = 0;

    *half = 0;
    while (digits < size && digits < HALF_DIGITS && hex_digit(text[digits]) >= 0)
        *half = *half << 4 | (uint32_t) hex_digit(text[digits++]);
    return digits;
}

size_t
pg_lsn_scan(const char *text, size_t size, pg_lsn *lsn)
{
    uint32_t high;
    uint32_t low;
    size_t high_digits = scan_half(text, size, &high);
    size_t low_digits;

    if (high_digits == 0 || high_digits == size || text[high_digits] != '/')
        return 0;
    low_digits = scan_half(text + high_digits + 1, size - high_digits - 1, &low);
    if (low_digits == 0)
        return 0;
    *lsn = (pg_lsn) high << 32 | low;
    return high_digits + 1 + low_digits;
}
