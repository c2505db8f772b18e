// SPDX-License-Identifier: PostgreSQL
/*
 * foreign_keys.h - all foreign keys of a database.
 *
 * What a partition has of its parent's constraint is not one of them: the
 * parent's covers it.  Temporary tables are their sessions' business.
 */
#pragma once

#include "checks/foreign_key.h"
#include "pg/connection.h"

struct foreign_keys
{
    struct foreign_key *items; /* owned; by schema, table and name */
    size_t count;
    struct foreign_key_column *columns; /* owned; of all */
    PGresult *texts;                    /* owned; what items and columns borrow */
};

NODISCARD enum status foreign_keys_read(struct pg_connection *connection, struct foreign_keys *keys,
                                        struct error *err);

/* For SCOPED on an initialised struct. */
void foreign_keys_release(struct foreign_keys *keys);
