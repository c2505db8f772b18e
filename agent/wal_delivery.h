// SPDX-License-Identifier: PostgreSQL
/*
 * wal_delivery.h - one WAL file to every configured repository at once.
 *
 * All are tried, whatever becomes of the others.  What a repository that is not
 * required lacks afterwards is a debt, and nobody writes it down: the main one
 * has the file and that one has not, which everybody can see who looks.
 */
#pragma once

#include "config/config.h"
#include "repo/wal.h"

/*
 * main is open, and the file, open at source, is of a cluster that it accepts.
 *
 * OK: every required repository has the file durably; each other one that has
 * not was warned about.  CONFLICT: one of them, required or not, has another
 * file of this name.  Of several failures the others are logged.
 */
NODISCARD enum status wal_delivery_run(const struct config *config, struct repo *main,
                                       const struct wal_file *file, int source, const char *path,
                                       struct error *err);
