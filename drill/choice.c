// SPDX-License-Identifier: PostgreSQL
#include "drill/choice.h"

#include <stdlib.h>

/* Less than this between two moments, and clocks decide which one it is. */
#define MOMENT_ROOM (2 * US_PER_SECOND)

/* Weights are seconds: sums of centuries of them are far from overflowing. */
#define WAIT_LEAST UINT64_C(1)

/* Further throws from one: splitmix64, https://prng.di.unimi.it/splitmix64.c. */
static uint64_t
throw_again(uint64_t *dice)
{
    uint64_t value = *dice += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static bool
has_moments(const struct drill_candidate *candidate)
{
    return candidate->until != TIME_NONE && candidate->until - candidate->from > MOMENT_ROOM;
}

static int64_t
waits_since(const struct drill_candidate *candidate)
{
    return candidate->last_tried == TIME_NONE ? candidate->from : candidate->last_tried;
}

/* A clock that went back makes nobody wait for less than nothing. */
static uint64_t
weight_of(const struct drill_candidate *candidate, time_us now)
{
    int64_t waited = (now - waits_since(candidate)) / US_PER_SECOND;

    return waited < (int64_t) WAIT_LEAST ? WAIT_LEAST : (uint64_t) waited;
}

/* The one that waits longest of those that nobody may pass any more; NULL: none. */
static const struct drill_candidate *
find_overdue(const struct drill_candidate *candidates, size_t count, time_us now)
{
    const struct drill_candidate *longest = NULL;

    for (size_t index = 0; index < count; index++)
    {
        const struct drill_candidate *candidate = &candidates[index];

        if (candidate->last_tried == TIME_NONE && now - candidate->from > DRILL_PATIENCE &&
            (longest == NULL || candidate->from < longest->from))
            longest = candidate;
    }
    return longest;
}

/* By weight; NULL: there is none with moments, where only such are wanted. */
static const struct drill_candidate *
draw(const struct drill_candidate *candidates, size_t count, time_us now, bool moments,
     uint64_t dice)
{
    uint64_t total = 0;
    uint64_t place;

    for (size_t index = 0; index < count; index++)
        if (!moments || has_moments(&candidates[index]))
            total += weight_of(&candidates[index], now);
    if (total == 0)
        return NULL;
    place = dice % total;
    for (size_t index = 0; index < count; index++)
    {
        uint64_t weight = weight_of(&candidates[index], now);

        if (moments && !has_moments(&candidates[index]))
            continue;
        if (place < weight)
            return &candidates[index];
        place -= weight;
    }
    return NULL;
}

static const struct drill_candidate *
choose_candidate(const struct drill_candidate *candidates, size_t count, time_us now,
                 uint64_t *dice)
{
    const struct drill_candidate *chosen = find_overdue(candidates, count, now);
    bool moments = throw_again(dice) % 2 == 0;

    if (chosen == NULL && moments)
        chosen = draw(candidates, count, now, true, throw_again(dice));
    if (chosen == NULL)
        chosen = draw(candidates, count, now, false, throw_again(dice));
    return chosen;
}

/* The earlier of two throws: late moments are in the reach of more backups than early ones. */
static time_us
choose_time(const struct drill_candidate *candidate, uint64_t *dice)
{
    uint64_t room = (uint64_t) (candidate->until - candidate->from - 1);
    uint64_t one = throw_again(dice) % room;
    uint64_t other = throw_again(dice) % room;

    return candidate->from + 1 + (time_us) (one < other ? one : other);
}

enum status
drill_choose(const struct drill_candidate *candidates, size_t count, time_us now, uint64_t dice,
             struct drill_moment *moment, struct error *err)
{
    const struct drill_candidate *chosen;

    if (count == 0)
        return error_set(err, STATUS_NOT_FOUND, "there is no good backup to choose from");
    chosen = choose_candidate(candidates, count, now, &dice);
    *moment = (struct drill_moment){
        .backup = chosen->backup, .at_end_of_backup = !has_moments(chosen), .time = chosen->from};
    if (!moment->at_end_of_backup)
        moment->time = choose_time(chosen, &dice);
    return OK;
}

static int
compare_waits(const void *left, const void *right)
{
    const struct drill_candidate *first = left;
    const struct drill_candidate *second = right;
    bool first_tried = first->last_tried != TIME_NONE;
    bool second_tried = second->last_tried != TIME_NONE;
    int64_t first_since = waits_since(first);
    int64_t second_since = waits_since(second);

    if (first_tried != second_tried)
        return first_tried ? 1 : -1;
    return (first_since > second_since) - (first_since < second_since);
}

void
drill_choose_order(struct drill_candidate *candidates, size_t count)
{
    qsort(candidates, count, sizeof(*candidates), compare_waits);
}
