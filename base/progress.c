// SPDX-License-Identifier: PostgreSQL
#include "base/progress.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdio.h>

#define SHOW_INTERVAL_MS 200
#define LOG_INTERVAL_MS  30000
#define BAR_WIDTH        24

void
progress_start(struct progress *progress, const char *what, uint64_t total_bytes)
{
    int64_t now = clock_monotonic_ms();

    progress->what = what;
    progress->total_bytes = total_bytes;
    progress->started_ms = now;
    atomic_store(&progress->done_bytes, 0);
    atomic_store(&progress->shown_ms, now);
    atomic_store(&progress->logged_ms, now);
}

static void
format_bar(unsigned percent, char bar[BAR_WIDTH + 1])
{
    for (unsigned index = 0; index < BAR_WIDTH; index++)
        bar[index] = index * 100 < percent * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
}

/* "3.2 GiB, 410 MiB/s" */
static void
describe_endless(uint64_t done, int64_t elapsed_ms, char *text, size_t size)
{
    char amount[UNITS_TEXT_SIZE];
    char rate[UNITS_TEXT_SIZE];

    units_format_size(done, amount);
    units_format_size(done * 1000 / (uint64_t) (elapsed_ms + 1), rate);
    snprintf(text, size, "%s, %s/s", amount, rate);
}

/* "37% of 3.2 GiB, 410 MiB/s, 5s left" */
static unsigned
describe(const struct progress *progress, uint64_t done, int64_t elapsed_ms, char *text,
         size_t size)
{
    char total[UNITS_TEXT_SIZE];
    char rate[UNITS_TEXT_SIZE];
    char left[UNITS_TEXT_SIZE];
    uint64_t rate_bytes = done * 1000 / (uint64_t) (elapsed_ms + 1);
    /* The estimate may be short: what is done is never more than all. */
    uint64_t left_bytes = progress->total_bytes > done ? progress->total_bytes - done : 0;
    unsigned percent = left_bytes == 0 ? 100 : (unsigned) (done * 100 / progress->total_bytes);

    units_format_size(progress->total_bytes, total);
    units_format_size(rate_bytes, rate);
    units_format_duration((int64_t) (left_bytes / (rate_bytes + 1)) * 1000, left);
    snprintf(text, size, "%3u%% of %s, %s/s, %s left", percent, total, rate, left);
    return percent;
}

/* Is it time again?  Of several threads that ask, one gets true. */
static bool
take_turn(_Atomic int64_t *last_ms, int64_t now, int64_t interval_ms)
{
    int64_t last = atomic_load(last_ms);

    return now - last >= interval_ms && atomic_compare_exchange_strong(last_ms, &last, now);
}

void
progress_add(struct progress *progress, uint64_t bytes)
{
    uint64_t done = atomic_fetch_add(&progress->done_bytes, bytes) + bytes;
    int64_t now = clock_monotonic_ms();
    char bar[BAR_WIDTH + 1];
    char text[160];

    if (!take_turn(&progress->shown_ms, now, SHOW_INTERVAL_MS))
        return;
    if (progress->total_bytes == 0)
    {
        describe_endless(done, now - progress->started_ms, text, sizeof(text));
        log_progress("%s: %s", progress->what, text);
    }
    else
    {
        format_bar(describe(progress, done, now - progress->started_ms, text, sizeof(text)), bar);
        log_progress("%s [%s] %s", progress->what, bar, text);
    }
    if (!log_is_terminal() && take_turn(&progress->logged_ms, now, LOG_INTERVAL_MS))
        log_info("%s: %s", progress->what, text);
}

void
progress_end(void)
{
    log_progress_end();
}
