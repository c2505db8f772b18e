// SPDX-License-Identifier: PostgreSQL
#include "base/similar.h"

#include <stdint.h>
#include <string.h>

/* Names longer than this are nobody's misspelling. */
#define NAME_MAX_LENGTH 40

static char
lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char) (letter - 'A' + 'a') : letter;
}

static size_t
smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

/*
 * Optimal string alignment: insertions, deletions, replacements and swaps of
 * neighbours cost one each, and case costs nothing.
 */
static size_t
edit_distance(const char *left, size_t left_length, const char *right, size_t right_length)
{
    size_t rows[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];

    for (size_t column = 0; column <= right_length; column++)
        rows[0][column] = column;
    for (size_t row = 1; row <= left_length; row++)
    {
        rows[row][0] = row;
        for (size_t column = 1; column <= right_length; column++)
        {
            char from = lower(left[row - 1]);
            char into = lower(right[column - 1]);
            size_t best = rows[row - 1][column - 1] + (from != into);

            best = smaller(best, rows[row - 1][column] + 1);
            best = smaller(best, rows[row][column - 1] + 1);
            if (row > 1 && column > 1 && from == lower(right[column - 2]) &&
                lower(left[row - 2]) == into)
                best = smaller(best, rows[row - 2][column - 2] + 1);
            rows[row][column] = best;
        }
    }
    return rows[left_length][right_length];
}

void
similar_start(struct similar *similar, const char *typed)
{
    *similar = (struct similar){.typed = typed, .distance = SIZE_MAX};
}

void
similar_offer(struct similar *similar, const char *name)
{
    size_t typed_length = strlen(similar->typed);
    size_t name_length = strlen(name);
    size_t distance;

    if (typed_length == 0 || typed_length > NAME_MAX_LENGTH || name_length > NAME_MAX_LENGTH)
        return;
    distance = edit_distance(similar->typed, typed_length, name, name_length);
    /* One letter in three may be wrong; more is another word. */
    if (distance <= (name_length + 2) / 3 && distance < name_length && distance < similar->distance)
    {
        similar->best = name;
        similar->distance = distance;
    }
}
