// SPDX-License-Identifier: PostgreSQL
/*
 * identity.h - the PostgreSQL cluster that a configuration means.
 */
#pragma once

#include "config/config.h"
#include "repo/lineage.h"

/*
 * Its server's identity, or its data directory's while the server is down.
 * REFUSED when the two are not the same cluster.
 */
NODISCARD enum status config_identity(const struct config *config, struct lineage *lineage,
                                      struct error *err);
