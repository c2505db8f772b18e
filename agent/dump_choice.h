// SPDX-License-Identifier: PostgreSQL
/*
 * dump_choice.h - which of a database's dumps is meant.
 */
#pragma once

#include "repo/catalog.h"

/*
 * The one of that name, "backup-2026-11-21T03-00-00" or with its database before
 * it; NULL: the newest that is not suspicious.  REFUSED: there is none; the hint has
 * the nearest name.  The dump is the catalog's.
 */
NODISCARD enum status dump_choice_make(const struct catalog *catalog, const char *database,
                                       const char *name, const struct dump **dump,
                                       struct error *err);
