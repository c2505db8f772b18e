// SPDX-License-Identifier: PostgreSQL
/*
 * clock.h - the only place that reads a clock, and times as text.
 *
 * A time is int64 microseconds since 1970-01-01 00:00 UTC.  PostgreSQL counts
 * the same microseconds from 2000-01-01 (src/include/datatype/timestamp.h).
 * Pure code takes its times as arguments.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since the Unix epoch, UTC. */
typedef int64_t time_us;

#define TIME_NONE     INT64_MIN
#define US_PER_SECOND INT64_C(1000000)

/* The wall clock. */
time_us clock_now(void);

/* Milliseconds that only go forward, for waits and rates. */
int64_t clock_monotonic_ms(void);

/* Block this thread; for back-off between retries, and for rates, only. */
void clock_pause_ms(int64_t pause_ms);

time_us time_from_postgres(int64_t postgres_us);

#define TIME_TEXT_SIZE 40

/* "2026-11-21T02:12:34Z", with ".123456" where there are microseconds. */
void time_format(time_us time, char text[TIME_TEXT_SIZE]);

/* "2026-11-21 02:12:34.123456+00:00": what recovery_target_time accepts. */
void time_format_postgres(time_us time, char text[TIME_TEXT_SIZE]);

/* "2026-11-21T02-12-34": for keys and file names. */
void time_format_name(time_us time, char text[TIME_TEXT_SIZE]);

/* The time that a text begins with in this form, whatever follows; false when there is no such. */
bool time_parse_name(const char *text, time_us *time);

/*
 * Read an ISO 8601 time: a date, then 'T' or spaces and hh:mm[:ss[.ffffff]],
 * then Z, +hh, +hhmm or +hh:mm; basic form (20261121T021234Z) too.  A time with
 * no zone is in the local one ($TZ); a date alone is its midnight.
 */
NODISCARD enum status time_parse(const char *text, time_us *time, struct error *err);
