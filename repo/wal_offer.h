// SPDX-License-Identifier: PostgreSQL
/*
 * wal_offer.h - a WAL file on its way into one repository or several.
 *
 * The file is read, digested and compressed once; each repository seals the
 * result for itself.  A file too large for memory is read again for each.
 *
 * Once made, an offer may be pushed by many threads, each into a repository of
 * its own.
 */
#pragma once

#include "repo/object.h"

struct wal_offer;

enum wal_push_result
{
    WAL_STORED,
    WAL_ALREADY_THERE, /* with equal content */
};

/*
 * Prepare what is open at source, from its beginning; source and path outlive
 * the offer.  The repository says with which key, and how to compress.
 */
NODISCARD enum status wal_offer_make(struct wal_offer **offer, struct repo *repo, int source,
                                     const char *path, struct error *err);
void wal_offer_freep(struct wal_offer **offer);

/*
 * Store it, here or in a copy of that repository.  CONFLICT: another content is
 * there; the error shows both digests, and nothing was overwritten.  OK: the
 * store has it durably.
 */
NODISCARD enum status wal_offer_push(const struct wal_offer *offer, struct repo *repo,
                                     const char *key, enum wal_push_result *result,
                                     struct error *err);

/* The digests of an object and of a file, under the object's key. */
NODISCARD enum status wal_offer_compare(struct repo *repo, const char *key, int source,
                                        const char *path, struct digest digests[2],
                                        struct error *err);
