// SPDX-License-Identifier: PostgreSQL
/*
 * copy_wanted.h - which of a repository's objects belong in a copy of it.
 */
#pragma once

#include "repo/catalog.h"
#include "repo/object_name.h"

/*
 * Packs, WAL, backups and dumps, but for what is condemned: it will be deleted,
 * and nothing uses it.  What verification remembers is of one place and stays there.
 */
bool copy_wanted(const struct catalog *catalog, const struct object_name *name);
