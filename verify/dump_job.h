// SPDX-License-Identifier: PostgreSQL
/*
 * dump_job.h - one object of a dump: authentic, and what the log says of it.
 *
 * The data must have the digest that was taken of pg_dump's output, and the
 * document must say of the dump what the log says: so an object in another's
 * place is found without encryption too.
 */
#pragma once

#include "repo/object_name.h"
#include "verify/crew.h"
#include "verify/inventory.h"

/*
 * Check it if it is due, and remember that; carry what is remembered if it is
 * not.  dump is the catalog's, which outlives the crew; NULL when the catalog
 * cannot be read: then it has only to open.
 */
NODISCARD enum status dump_job_send(struct crew *crew, struct verify_context *context,
                                    const struct inventory_item *item,
                                    const struct object_name *name, const struct dump *dump,
                                    struct error *err);
