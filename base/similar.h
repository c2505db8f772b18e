// SPDX-License-Identifier: PostgreSQL
/*
 * similar.h - "did you mean": the known name nearest to a mistyped one.
 *
 * Start with what was typed, offer every known name, then look at best.
 */
#pragma once

#include <stddef.h>

struct similar
{
    const char *typed;
    const char *best; /* NULL while nothing offered is near enough */
    size_t distance;  /* edits from typed to best */
};

void similar_start(struct similar *similar, const char *typed);

/* name is borrowed and must live as long as best is looked at. */
void similar_offer(struct similar *similar, const char *name);
