// SPDX-License-Identifier: PostgreSQL
/*
 * dump_data.h - the object with what pg_dump wrote.
 *
 * Either one zstd frame, like most objects, or one gzip member; sealed like all
 * others.
 */
#pragma once

#include "repo/object.h"

/*
 * Push the stages that authenticate and decompress it; a sum that does not match,
 * or an end that is missing, is CORRUPT.  key must outlive the sink.
 */
NODISCARD enum status dump_data_push_open_stages(struct repo *repo, const char *key, bool gzip,
                                                 struct sink **sink, struct error *err);
