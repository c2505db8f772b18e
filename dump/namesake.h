// SPDX-License-Identifier: PostgreSQL
/*
 * namesake.h - the names of databases that stand beside another one for a while:
 * "shop_restore_20261121_030000", into which a dump is loaded, and
 * "shop_before_20261121_031500", which was put aside for it.
 *
 * They need no quotes in SQL when the database's own name needs none.  A name
 * that would be too long loses the end of the database's name, at a whole UTF-8
 * character, and never the time: that is what keeps them apart.
 */
#pragma once

#include "base/clock.h"
#include "repo/dump.h"

#include <stdbool.h>

enum namesake
{
    NAMESAKE_RESTORE, /* a dump is being loaded, or was */
    NAMESAKE_BEFORE,  /* what had the name before */
};

void namesake_make(const char *database, enum namesake kind, time_us now,
                   char name[DUMP_DATABASE_SIZE]);

/* Is it such a name, and of which kind?  kind may be NULL. */
bool namesake_is(const char *name, enum namesake *kind);

/* The same, and one that is made for this database. */
bool namesake_is_of(const char *name, const char *database, enum namesake *kind);
