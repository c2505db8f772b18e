// SPDX-License-Identifier: PostgreSQL
/*
 * dump_run.h - one logical dump of one database, into the repository.
 *
 * pg_dump's output goes through digest, compression and seal into the store and
 * touches no disk on its way; only the directory format, for several jobs, needs
 * a spool.  Order: the globals, whose object reserves the name; the data; the
 * document; the log's entry, which makes it a dump.  What a run that failed left
 * of the first three is named by nothing, and expiry collects it.
 *
 * Memory: a compressor, and the store's sink (see store_create_sized).
 */
#pragma once

#include "dump/snapshot.h"

struct dump_options
{
    struct repo *repo;
    const char *conninfo;
    const char *bin_directory; /* with pg_dump; NULL: where it usually is */
    const char *database;
    enum dump_format format;
    enum dump_compression compression;
    struct dump_selection selection;
    unsigned jobs;                /* of the directory format */
    const char *spool;            /* the operator's directory for it; NULL: $TMPDIR or /var/tmp */
    const char *const *arguments; /* more of pg_dump's; ends with NULL; NULL: none */
    const struct dump_counted *counted;
    size_t counted_count;
    bool any_size; /* the operator says that the size is right, whatever it is */
};

/*
 * Failures are entries of the log too.  A dump whose size is suspicious is made
 * all the same: look at dump->suspicious.
 */
NODISCARD enum status dump_run(const struct dump_options *options, struct dump *dump,
                               struct error *err);
