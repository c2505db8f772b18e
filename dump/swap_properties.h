// SPDX-License-Identifier: PostgreSQL
/*
 * swap_properties.h - what belongs to a database itself and not to its content.
 *
 * An archive of pg_dump has it too, as it was then, and pg_restore takes it only
 * with --create, which makes a database of the original's name
 * (https://www.postgresql.org/docs/current/app-pgrestore.html, --create; "pg_restore
 * --list" shows DATABASE PROPERTIES and the like only with it).  So it comes from
 * the database whose place is taken, as it is now.
 *
 * Used by swap.c alone.
 */
#pragma once

#include "dump/swap_session.h"

/*
 * Let the restored database lie in the old one's tablespace.  No transaction can
 * take this back, so it comes before one; nobody uses the restored one yet, and
 * its files are copied if they have to move.
 */
NODISCARD enum status swap_properties_move(struct pg_connection *connection,
                                           const struct swap_pair *pair, struct error *err);

/* Inside a transaction: give the restored one owner, privileges and all else of the old one. */
NODISCARD enum status swap_properties_carry(struct pg_connection *connection,
                                            const struct swap_pair *pair, struct error *err);

/* CONFLICT: they differ in something, which is named. */
NODISCARD enum status swap_properties_compare(struct pg_connection *connection,
                                              const struct swap_pair *pair, struct error *err);
